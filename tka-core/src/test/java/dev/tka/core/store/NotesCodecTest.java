package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NotesCodecTest {
  private static final Bytes ONE = TestKeys.id(1);
  private static final Bytes TWO = TestKeys.id(2);
  private static final AumHash AUM = AumHash.of(new byte[AumHash.SIZE]);
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");
  private static final Inherited.Standing STANDING =
      new Inherited.Standing(AUM, 3, Duration.ofDays(2), NOON, Set.of(TWO, TestKeys.id(3)));
  private static final List<Inherited> INHERITED =
      List.of(
          new Inherited(
              TWO,
              Instant.ofEpochSecond(7),
              true,
              Optional.of(new Inherited.Final(AUM, 0, 4096)),
              Optional.empty(),
              Optional.of(STANDING),
              Optional.empty(),
              Optional.of(AUM)),
          new Inherited(
              ONE,
              Instant.ofEpochSecond(7),
              false,
              Optional.empty(),
              Optional.of(new Inherited.Final(AUM, 1, KeyChange.UNKNOWN)),
              Optional.empty(),
              Optional.of(
                  new Inherited.Standing(
                      AUM, 0, Duration.ZERO, Instant.ofEpochSecond(0), Set.of())),
              Optional.empty()));

  @Test
  void whatWasEncodedIsDecoded() throws Exception {
    List<KeyChange> changes =
        List.of(
            new KeyChange(ONE, 0, 4096),
            new KeyChange(Bytes.empty(), KeyChange.UNKNOWN, 0),
            new KeyChange(TWO, Long.MAX_VALUE, KeyChange.UNKNOWN));
    assertThat(NotesCodec.decodeChanges(NotesCodec.encodeChanges(changes))).isEqualTo(changes);
    assertThat(NotesCodec.decodeChanges(NotesCodec.encodeChanges(List.of()))).isEmpty();
    assertThat(NotesCodec.decodeKeys(NotesCodec.encodeKeys(List.of(TWO, ONE, TWO))))
        .isEqualTo(List.of(TWO, ONE, TWO));
    assertThat(NotesCodec.decodeKeys(NotesCodec.encodeKeys(List.of()))).isEmpty();
    assertThat(NotesCodec.decodeInherited(NotesCodec.encodeInherited(INHERITED)))
        .isEqualTo(INHERITED);
    assertThat(NotesCodec.decodeInherited(NotesCodec.encodeInherited(List.of()))).isEmpty();
  }

  @Test
  void theEncodingStays() throws Exception {
    // Stores and exports hold it: 81 is an array of one, 41 a byte string of one, f6 null.
    assertThat(
            NotesCodec.encodeChanges(
                List.of(new KeyChange(Bytes.parseHex("aa"), 2, KeyChange.UNKNOWN))))
        .isEqualTo(Bytes.parseHex("8183" + "41aa" + "02" + "f6"));
    Inherited lowered =
        new Inherited(
            Bytes.parseHex("bb"),
            Instant.ofEpochSecond(7),
            false,
            Optional.empty(),
            Optional.of(new Inherited.Final(AUM, 1, 2)),
            Optional.of(
                new Inherited.Standing(
                    AUM,
                    0,
                    Duration.ofSeconds(5),
                    Instant.ofEpochSecond(6),
                    Set.of(Bytes.parseHex("aa")))),
            Optional.empty(),
            Optional.empty());
    String aum = "5820" + "00".repeat(32);
    assertThat(NotesCodec.encodeInherited(List.of(lowered)))
        .isEqualTo(
            Bytes.parseHex(
                "82"
                    + "8241aa41bb"
                    + "81"
                    + "87"
                    + "01"
                    + "07"
                    + "00"
                    + "f6"
                    + "83"
                    + aum
                    + "0102"
                    + "85"
                    + aum
                    + "00"
                    + "05"
                    + "06"
                    + "8100"
                    + "f6"));
    Inherited displacing =
        new Inherited(
            Bytes.parseHex("bb"),
            Instant.ofEpochSecond(7),
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(AUM));
    assertThat(NotesCodec.encodeInherited(List.of(displacing)))
        .isEqualTo(
            Bytes.parseHex("82" + "8141bb" + "81" + "88" + "00" + "07" + "00f6f6f6f6" + aum));
  }

  @Test
  void anythingElseIsRefused() throws Exception {
    for (String hex :
        List.of(
            "",
            "80 00",
            "8180",
            "818341aa00",
            "818341aa0000 00",
            "818441aa000000",
            "818341aa2000",
            "818341aa1bffffffffffffffff00",
            "818341aa180000",
            "8183000000",
            "81f6",
            "9f",
            "a0",
            "d880 80")) {
      requireRefused(hex.replace(" ", ""), NotesCodec::decodeChanges);
    }
    for (String hex : List.of("", "8001", "8100", "8160", "f6", "9fff", "815800")) {
      requireRefused(hex, NotesCodec::decodeKeys);
    }
    String aum = "5820" + "00".repeat(32);
    for (String hex :
        List.of(
            "80",
            "8180",
            "828080ff",
            "82808000",
            "838080f6",
            // A key that nothing names, keys out of order, one twice, one that is not there.
            "828141aa80",
            "828241bb41aa82" + "8600" + "00f6f6f6f6" + "8601" + "00f6f6f6f6",
            "828241aa41aa82" + "8600" + "00f6f6f6f6" + "8601" + "00f6f6f6f6",
            "828141aa81" + "8601" + "00f6f6f6f6",
            "828141aa81" + "861bffffffffffffffff" + "00f6f6f6f6",
            // Neither brought back nor not.
            "828141aa81" + "8600" + "02f6f6f6f6",
            // Too short, too long, no hash, no time, one key twice.
            "828141aa81" + "8500" + "00f6f6f6",
            "828141aa81" + "8700" + "00f6f6f6f6f6",
            "828141aa81" + "8600" + "00" + "8341000102" + "f6f6f6",
            "828141aa81"
                + "8600"
                + "00f6f6"
                + "85"
                + aum
                + "00"
                + "00"
                + "1b7fffffffffffffff"
                + "80"
                + "f6",
            "828141aa81" + "8600" + "00f6f6" + "85" + aum + "00" + "00" + "00" + "820000" + "f6")) {
      requireRefused(hex, NotesCodec::decodeInherited);
    }
  }

  /** Decodes one kind of note. */
  private interface Decoding {
    Object decode(Bytes encoded) throws DecodeException;
  }

  private static void requireRefused(String hex, Decoding decoding) throws Exception {
    Bytes encoded = Bytes.parseHex(hex);
    assertThatThrownBy(() -> decoding.decode(encoded)).as(hex).isInstanceOf(DecodeException.class);
  }

  @Test
  void everyPrefixAndEveryOtherByteIsRefusedOrAnotherValue() throws Exception {
    byte[] encoded = NotesCodec.encodeInherited(INHERITED).toByteArray();
    for (int i = 0; i < encoded.length; i++) {
      Bytes prefix = Bytes.copyOf(encoded, 0, i);
      assertThatThrownBy(() -> NotesCodec.decodeInherited(prefix))
          .isInstanceOf(DecodeException.class);
      byte[] changed = encoded.clone();
      changed[i] ^= 0x41;
      try {
        List<Inherited> other = NotesCodec.decodeInherited(Bytes.copyOf(changed));
        assertThat(other).isNotEqualTo(INHERITED);
        assertThat(NotesCodec.encodeInherited(other)).isEqualTo(Bytes.copyOf(changed));
      } catch (DecodeException e) {
        assertThat(e.offset()).isNotNegative();
      }
    }
  }

  @Test
  void listsMayBeLongerThanThoseOfAnAum() throws Exception {
    int many = 9000;
    List<Bytes> keys = Collections.nCopies(many, Bytes.empty());
    assertThat(NotesCodec.decodeKeys(NotesCodec.encodeKeys(keys))).isEqualTo(keys);
    List<KeyChange> changes = Collections.nCopies(many, new KeyChange(ONE, 0, 1));
    assertThat(NotesCodec.decodeChanges(NotesCodec.encodeChanges(changes))).isEqualTo(changes);
    requireRefused("992328" + "40".repeat(many - 1), NotesCodec::decodeKeys);
    requireRefused("9b7fffffffffffffff", NotesCodec::decodeKeys);
  }
}
