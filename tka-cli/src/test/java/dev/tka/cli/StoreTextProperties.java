package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.StoreText;
import dev.tka.store.StorePlace;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import picocli.CommandLine.TypeConversionException;

/** Any text names a store, or is one clear error. */
class StoreTextProperties {
  @Property
  void anyTextIsOneOrAnError(@ForAll("texts") String text) {
    StorePlace place;
    try {
      place = new StoreText().convert(text);
    } catch (TypeConversionException e) {
      assertThat(e).hasMessageStartingWith("expected ");
      return;
    }
    assertThat(new StoreText().convert(place.url()).url()).isEqualTo(place.url());
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> begin =
        Arbitraries.of(
            "",
            "dir:",
            "sqlite:",
            "sqlite://",
            "postgresql:",
            "postgresql://",
            "postgresql://u@h/",
            "x:");
    Arbitrary<String> odd =
        Arbitraries.strings().withChars("ab:/@?#%[]1. \0\u00e9\ud83d").ofMaxLength(12);
    return Combinators.combine(begin, Arbitraries.oneOf(odd, Arbitraries.strings().ofMaxLength(20)))
        .as(String::concat);
  }
}
