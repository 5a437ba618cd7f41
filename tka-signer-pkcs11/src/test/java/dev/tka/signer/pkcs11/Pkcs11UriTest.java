package dev.tka.signer.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The URIs of RFC 7512, as far as they are read. */
class Pkcs11UriTest {
  @Test
  void eachAttributeIsRead() throws Exception {
    assertThat(
            Pkcs11Uri.parse(
                "token=my%20token;serial=0f;object=%C3%A4;id=%01%fF;type=private"
                    + "?module-path=/l%3b.so&pin-source=file:///home/ann/pin"))
        .isEqualTo(
            new Pkcs11Uri(
                Path.of("/l;.so"),
                Optional.of("my token"),
                Optional.of("0f"),
                Optional.of("ä"),
                Optional.of(Bytes.copyOf(new byte[] {1, -1})),
                Optional.of(Path.of("/home/ann/pin"))))
        .hasToString("pkcs11:token=my token;serial=0f;object=ä;id=01ff");
    assertThat(Pkcs11Uri.parse("?pin-source=file:pin&module-path=l.so").pinSource())
        .contains(Path.of("pin"));
  }

  @Test
  void whatIsNotReadIsRefusedAndNotRepeated() {
    for (String rest :
        List.of(
            "",
            "object=1234",
            "object=1234;object=1234?module-path=l",
            "slot-id=1234?module-path=l",
            "1234?module-path=l",
            "type=1234?module-path=l",
            "object=1234%?module-path=l",
            "object=1234%zz?module-path=l",
            "object=1234%ff?module-path=l",
            "?module-path=",
            "?module-path=l&pin-source=|1234",
            "?module-path=l&pin-value=1234",
            ";pin-value=1234?module-path=l",
            "?module-path=l&module-path=1234")) {
      assertThatExceptionOfType(TextException.BadUrl.class)
          .as(rest)
          .isThrownBy(() -> Pkcs11Uri.parse(rest))
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("1234"));
    }
  }

  @Test
  void aPinInTheUriIsCalledCompromised() {
    assertThatExceptionOfType(TextException.BadUrl.class)
        .isThrownBy(() -> Pkcs11Uri.parse("?module-path=l&pin-value=1234"))
        .withMessageContaining("consider the PIN compromised");
  }
}
