package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenFileTest {
  private static final String OLD = "an-old-token-of-some-length";
  private static final String NEW = "a-new-token-of-some-other-length";

  @TempDir Path folder;

  @Test
  void twoTokensAreValidSoThatOneCanBeReplacedWithoutARestart() throws IOException {
    Path file = Files.writeString(folder.resolve("tokens"), OLD + "\n");
    TokenFile tokens = TokenFile.read(file);
    assertThat(tokens.holds(OLD)).isTrue();
    assertThat(tokens.holds(NEW)).isFalse();

    Files.writeString(file, NEW + "\n" + OLD + "\n");
    assertThat(tokens.holds(OLD)).isTrue();
    assertThat(tokens.holds(NEW)).isTrue();

    Files.writeString(file, NEW);
    assertThat(tokens.holds(OLD)).isFalse();
    assertThat(tokens.holds(NEW)).isTrue();
    assertThat(tokens.holds("")).isFalse();
  }

  @Test
  void aFileThatIsBrokenOrGoneForAMomentLeavesTheTokens() throws IOException {
    Path file = Files.writeString(folder.resolve("tokens"), OLD);
    TokenFile tokens = TokenFile.read(file);
    Files.writeString(file, "");
    assertThat(tokens.holds(OLD)).isTrue();
    Files.delete(file);
    assertThat(tokens.holds(OLD)).isTrue();
  }

  @Test
  void aFileWithoutTokensOrWithTooManyOrShortOnesIsRefusedWithoutQuotingOne() throws IOException {
    for (String text : new String[] {"", "\n\n", "short", OLD + "\n" + NEW + "\n" + OLD + "3"}) {
      Path file = Files.writeString(folder.resolve("tokens"), text);
      assertThatThrownBy(() -> TokenFile.read(file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("expected")
          .message()
          .doesNotContain(OLD, NEW);
    }
  }
}
