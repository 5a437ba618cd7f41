package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PiecesTest {
  private static Bytes bytes(String text) {
    return Bytes.copyOf(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void piecesAreJoinedInTheOrderOfTheirKeysAndGivenOnce() {
    Pieces pieces = new Pieces(100);
    pieces.begin("one");
    pieces.begin("two");
    pieces.add("one", "1", bytes("cd"));
    pieces.add("two", "0", bytes("other"));
    pieces.add("one", "0", bytes("ab"));
    // A request that was repeated.
    pieces.add("one", "1", bytes("cd"));
    assertThat(pieces.take("one")).contains(bytes("abcd"));
    assertThat(pieces.take("one")).isEmpty();
    assertThat(pieces.take("two")).contains(bytes("other"));
  }

  @Test
  void ofAChangeWhoseBeginWasNotSeenThereIsNothing() {
    Pieces pieces = new Pieces(100);
    pieces.add("one", "1", bytes("cd"));
    assertThat(pieces.take("one")).isEmpty();
    pieces.begin("two");
    pieces.clear();
    pieces.add("two", "0", bytes("ab"));
    assertThat(pieces.take("two")).isEmpty();
  }

  @Test
  void whatIsMoreThanMayBeKeptIsForgottenAndRoomIsFreeAgain() {
    Pieces pieces = new Pieces(4);
    for (int i = 0; i < 3; i++) {
      pieces.begin("one");
      pieces.add("one", "0", bytes("abc"));
      pieces.begin("two");
      pieces.add("two", "0", bytes("de"));
      assertThat(pieces.take("two")).isEmpty();
      pieces.add("one", "1", bytes("d"));
      pieces.begin("three");
      pieces.forget("three");
      assertThat(pieces.take("one")).contains(bytes("abcd"));
    }
  }
}
