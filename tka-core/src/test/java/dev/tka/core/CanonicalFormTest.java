package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.internal.CborReader;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.testkit.Cbor;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Protocol, section 2: the canonical encoding, and the strict decoding of nothing else. */
class CanonicalFormTest {
  private static final int MAX_LEVELS = 16;

  /** A no-op with {@code pairs} pairs, so far {1: 3, 2: null}. */
  private static Cbor noOp(int pairs) {
    return new Cbor().map(pairs).uint(1).uint(3).uint(2).nil();
  }

  private static DecodeException refusal(Cbor input) {
    return refusal(input.toByteArray());
  }

  private static DecodeException refusal(byte[] input) {
    return catchThrowableOfType(DecodeException.class, () -> Aum.decode(input));
  }

  private static Aum decode(Cbor input) throws DecodeException {
    Aum aum = Aum.decode(input.toByteArray());
    assertThat(aum.encoded().toByteArray()).isEqualTo(input.toByteArray());
    return aum;
  }

  @Test
  void anAumIsAMapOfSmallIntegersInOrder() {
    Aum aum =
        Aum.builder(AumKind.UPDATE_KEY)
            .parent(AumHash.of(new byte[32]))
            .key(new Key(1, 24, Optional.empty(), Map.of("b", "", "aa", "x")))
            .keyId(TestKeys.id(1))
            .state(State.of(List.of(Bytes.empty()), List.of(), -1, 0))
            .votes(256)
            .meta(Map.of("k", "v"))
            .signatures(List.of(AumSignature.of(Bytes.empty(), Bytes.copyOf(new byte[] {7}))))
            .build();
    Cbor expected =
        new Cbor()
            .hex("a8010402")
            .bytes(new byte[32])
            // A shorter text key sorts first.
            .hex("03a40101021818" + "03f6" + "0ca2616260" + "6261616178")
            .uint(4)
            .bytes(TestKeys.id(1))
            .hex("05a401f602814003" + "80041bffffffffffffffff")
            .hex("06190100")
            .hex("07a1616b6176")
            .hex("1781a20140024107");

    assertThat(aum.encoded().toHex()).isEqualTo(Bytes.copyOf(expected.toByteArray()).toHex());
  }

  @Test
  void absentAndEmptyFieldsAreLeftOut() {
    Aum aum =
        Aum.builder(AumKind.NO_OP)
            .keyId(Bytes.empty())
            .meta(Map.of())
            .signatures(List.of())
            .build();

    assertThat(aum.encoded().toHex()).isEqualTo("a2010302f6");
    assertThat(aum.keyId()).isEmpty();
  }

  @Test
  void hashesAreBlake2sOfTheEncodingWithAndWithoutSignatures() {
    // BLAKE2s-256 of "abc", from RFC 7693, appendix B.
    assertThat(Bytes.copyOf(Blake2s.hash(new byte[] {'a', 'b', 'c'})).toHex())
        .isEqualTo("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
    Aum unsigned = Aum.builder(AumKind.NO_OP).build();
    Aum signed = TestKeys.sign(unsigned, 1, 2);

    assertThat(unsigned.hash())
        .isEqualTo(AumHash.of(Blake2s.hash(unsigned.encoded().toByteArray())));
    assertThat(signed.hash()).isEqualTo(AumHash.of(Blake2s.hash(signed.encoded().toByteArray())));
    assertThat(signed.hash()).isNotEqualTo(unsigned.hash());
    assertThat(signed.sigHash()).isEqualTo(unsigned.sigHash()).isEqualTo(unsigned.hash().bytes());
  }

  @Test
  void everyByteOfKindDecodesAndAbove255DoesNot() throws DecodeException {
    for (int kind : new int[] {0, 1, 6, 23, 24, 255}) {
      Cbor input = new Cbor().map(2).uint(1).uint(kind).uint(2).nil();
      assertThat(decode(input).kind().code()).isEqualTo(kind);
    }
    for (long kind : new long[] {256, 65536, 1L << 32, -1}) {
      assertThat(refusal(new Cbor().map(2).uint(1).uint(kind).uint(2).nil()))
          .isInstanceOf(DecodeException.OutOfRange.class);
    }
  }

  @Test
  void allBitsOfANumberCount() throws DecodeException {
    for (long votes : new long[] {(1L << 32) + 1, 1L << 63, -1}) {
      Aum aum = decode(noOp(3).uint(6).uint(votes));
      assertThat(aum.votes()).hasValue(votes);
      Aum withKey =
          decode(noOp(3).uint(3).map(3).uint(1).uint(1).uint(2).uint(votes).uint(3).nil());
      assertThat(withKey.key()).get().extracting(Key::votes).isEqualTo(votes);
      Aum withState =
          decode(
              noOp(3)
                  .uint(5)
                  .map(5)
                  .uint(1)
                  .nil()
                  .uint(2)
                  .nil()
                  .uint(3)
                  .nil()
                  .uint(4)
                  .uint(votes)
                  .uint(5)
                  .uint(votes));
      assertThat(withState.state()).get().extracting(State::stateId2).isEqualTo(votes);
    }
  }

  @Test
  void aBignumIsNotANumber() {
    // Tag 2: the value 2^63 as a byte string.
    assertThat(refusal(noOp(3).uint(6).tag(2).bytes(new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, 0, 0})))
        .isNotNull();
    assertThat(refusal(noOp(3).uint(6).negative(0))).isInstanceOf(DecodeException.OutOfRange.class);
    assertThat(refusal(noOp(3).uint(6).negative(-1)))
        .isInstanceOf(DecodeException.OutOfRange.class);
  }

  @Test
  void nullAndEmptyPartsDecodeAndDiffer() throws DecodeException {
    Aum nulls = decode(noOp(3).uint(23).array(1).map(2).uint(1).nil().uint(2).nil());
    Aum empties =
        decode(
            noOp(3).uint(23).array(1).map(2).uint(1).bytes(new byte[0]).uint(2).bytes(new byte[0]));

    assertThat(nulls.signatures().get(0).keyId()).isEmpty();
    assertThat(empties.signatures().get(0).keyId()).contains(Bytes.empty());
    assertThat(nulls).isNotEqualTo(empties);
    assertThat(nulls.signatures().get(0).signerId()).isEqualTo(Bytes.empty());

    Aum nullLists = decode(noOp(3).uint(5).map(3).uint(1).nil().uint(2).nil().uint(3).nil());
    Aum emptyLists = decode(noOp(3).uint(5).map(3).uint(1).nil().uint(2).array(0).uint(3).array(0));
    assertThat(nullLists).isNotEqualTo(emptyLists);
    assertThat(nullLists.state()).isNotEqualTo(emptyLists.state());
    decode(
        noOp(3)
            .uint(5)
            .map(3)
            .uint(1)
            .nil()
            .uint(2)
            .array(2)
            .nil()
            .bytes(new byte[0])
            .uint(3)
            .nil());
  }

  @Test
  void aNullKeyIdDiffersFromAnAbsentOne() {
    assertThat(refusal(noOp(3).uint(4).nil())).isInstanceOf(DecodeException.WrongType.class);
    assertThat(refusal(noOp(3).uint(4).nil())).extracting(DecodeException::offset).isEqualTo(6L);
  }

  @Test
  void optionalFieldsAreNeverNullOrEmpty() {
    for (int field : new int[] {3, 5, 6, 7, 23}) {
      assertThat(refusal(noOp(3).uint(field).nil())).as("null " + field).isNotNull();
    }
    assertThat(refusal(noOp(3).uint(4).bytes(new byte[0]))).isNotNull();
    assertThat(refusal(noOp(3).uint(7).map(0))).isNotNull();
    assertThat(refusal(noOp(3).uint(23).array(0))).isNotNull();
    assertThat(
            refusal(
                noOp(3).uint(5).map(4).uint(1).nil().uint(2).nil().uint(3).nil().uint(4).uint(0)))
        .isInstanceOf(DecodeException.NotCanonical.class);
  }

  @Test
  void kindAndParentAreAlwaysThere() {
    assertThat(refusal(new Cbor().map(1).uint(2).nil()))
        .isInstanceOf(DecodeException.MissingField.class);
    assertThat(refusal(new Cbor().map(1).uint(1).uint(3)))
        .isInstanceOf(DecodeException.MissingField.class);
    assertThat(refusal(new Cbor().map(0))).isInstanceOf(DecodeException.MissingField.class);
    // Inside a key, votes and public key are.
    assertThat(refusal(noOp(3).uint(3).map(2).uint(1).uint(1).uint(3).nil()))
        .isInstanceOf(DecodeException.NotCanonical.class);
  }

  @Test
  void aParentIsNullOr32Bytes() throws DecodeException {
    assertThat(decode(new Cbor().map(2).uint(1).uint(3).uint(2).bytes(new byte[32])).parent())
        .contains(AumHash.of(new byte[32]));
    for (int size : new int[] {0, 31, 33}) {
      assertThat(refusal(new Cbor().map(2).uint(1).uint(3).uint(2).bytes(new byte[size])))
          .isInstanceOf(DecodeException.OutOfRange.class)
          .hasMessageContaining("32 bytes")
          .extracting(DecodeException::offset)
          .isEqualTo(4L);
    }
  }

  @Test
  void fieldsAreInOrderOnceAndKnown() {
    assertThat(refusal(new Cbor().map(2).uint(2).nil().uint(1).uint(3)))
        .isInstanceOf(DecodeException.FieldOrder.class);
    assertThat(refusal(noOp(3).uint(2).nil())).isInstanceOf(DecodeException.FieldOrder.class);
    assertThat(refusal(noOp(4).uint(6).uint(1).uint(6).uint(1)))
        .isInstanceOf(DecodeException.FieldOrder.class)
        .extracting(DecodeException::offset)
        .isEqualTo(7L);
    assertThat(refusal(noOp(3).uint(8).nil())).isInstanceOf(DecodeException.UnknownField.class);
    assertThat(refusal(noOp(3).uint(24).nil())).isInstanceOf(DecodeException.UnknownField.class);
    assertThat(refusal(noOp(3).text("votes").uint(1)))
        .isInstanceOf(DecodeException.UnknownField.class);
    assertThat(refusal(noOp(3).uint(1L << 32 | 6).uint(1))).isNotNull();
    assertThat(refusal(noOp(3).negative(5).uint(1))).isNotNull();
  }

  @Test
  void aTextKeyThatSpellsAnIntegerKeyIsNotThatKey() {
    for (String key : List.of("6", "+6", "06")) {
      assertThat(refusal(noOp(3).text(key).uint(1))).as(key).isNotNull();
    }
    assertThat(refusal(new Cbor().map(2).text("1").uint(3).uint(2).nil()))
        .isInstanceOf(DecodeException.UnknownField.class)
        .extracting(DecodeException::offset)
        .isEqualTo(1L);
  }

  @Test
  void metaKeysAreSortedAndNotTwice() throws DecodeException {
    assertThat(decode(noOp(3).uint(7).map(2).text("b").text("").text("aa").text("")).meta())
        .containsOnlyKeys("b", "aa");
    assertThat(refusal(noOp(3).uint(7).map(2).text("aa").text("").text("b").text("")))
        .isInstanceOf(DecodeException.NotCanonical.class);
    assertThat(refusal(noOp(3).uint(7).map(2).text("b").text("").text("a").text("")))
        .isInstanceOf(DecodeException.NotCanonical.class);
    assertThat(refusal(noOp(3).uint(7).map(2).text("a").text("").text("a").text("")))
        .isInstanceOf(DecodeException.Malformed.class)
        .hasMessageContaining("one key is there twice");
    assertThat(refusal(noOp(3).uint(7).map(1).uint(5).text("")))
        .isInstanceOf(DecodeException.NotCanonical.class);
  }

  @Test
  void longIntegersIndefiniteLengthsTagsAndFloatsAreRefused() {
    Map<String, Cbor> inputs =
        Map.of(
            "a long kind", new Cbor().map(2).uint(1).hex("1803").uint(2).nil(),
            "a long key", new Cbor().map(2).hex("1801").uint(3).uint(2).nil(),
            "a long length", noOp(3).uint(4).hex("580101"),
            "long votes", noOp(3).uint(6).longUint(1),
            "an indefinite map", new Cbor().hex("bf010302f6ff"),
            "an indefinite byte string", noOp(3).uint(4).hex("5f4101ff"),
            "an indefinite text", noOp(3).uint(7).hex("a17f6161ff6162"),
            "a tag", new Cbor().tag(55799).append(noOp(2)),
            "a float", noOp(3).uint(6).hex("f93c00"),
            "undefined for null", new Cbor().hex("a2010302f7"));

    inputs.forEach((what, input) -> assertThat(refusal(input)).as(what).isNotNull());
  }

  @Test
  void nothingFollows() {
    assertThat(refusal(noOp(2).hex("00")))
        .isInstanceOf(DecodeException.NotCanonical.class)
        .hasMessageContaining("expected the end, found 0x00")
        .extracting(DecodeException::offset)
        .isEqualTo(5L);
    assertThat(refusal(noOp(2).append(noOp(2)))).isNotNull();
  }

  @Test
  void nothingIsMissing() {
    byte[] whole =
        Chains.genesis(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), 1).encoded().toByteArray();
    for (int length = 0; length < whole.length; length++) {
      DecodeException e = refusal(Arrays.copyOf(whole, length));
      assertThat(e).as("cut to " + length).isNotNull();
      assertThat(e.offset()).isBetween(0L, (long) length);
      assertThat(e).hasMessageContaining("byte " + e.offset());
    }
  }

  @Test
  void textIsValidUtf8() throws DecodeException {
    assertThat(decode(noOp(3).uint(7).map(1).text("é\0").text("\uD83D\uDE00")).meta())
        .containsEntry("é\0", "\uD83D\uDE00");
    for (String bad :
        List.of("61ff", "62c080", "63eda080", "66eda081edb080", "61c3", "64f4908080")) {
      assertThat(refusal(noOp(3).uint(7).map(1).text("k").hex(bad))).as("value " + bad).isNotNull();
      assertThat(refusal(noOp(3).uint(7).map(1).hex(bad).text("v"))).as("key " + bad).isNotNull();
    }
  }

  @Test
  void sixteenLevelsPassAndSeventeenFail() throws DecodeException {
    assertThat(NodeKeySignature.decode(nested(MAX_LEVELS).toByteArray()).encoded().toByteArray())
        .isEqualTo(nested(MAX_LEVELS).toByteArray());
    assertThatThrownBy(() -> NodeKeySignature.decode(nested(MAX_LEVELS + 1).toByteArray()))
        .isInstanceOf(DecodeException.LimitExceeded.class);
  }

  private static Cbor nested(int levels) {
    Cbor out = new Cbor();
    for (int i = 1; i < levels; i++) {
      out.map(2).uint(1).uint(2).uint(5);
    }
    return out.map(1).uint(1).uint(1);
  }

  @Test
  @Timeout(60)
  void nestingOfTenThousandLevelsIsRefused() {
    assertThatThrownBy(() -> NodeKeySignature.decode(nested(10_000).toByteArray()))
        .isInstanceOf(DecodeException.LimitExceeded.class);
    for (int head : new int[] {0x81, 0x9f, 0xa1, 0xbf, 0xc1}) {
      byte[] bomb = new byte[10_000];
      Arrays.fill(bomb, (byte) head);
      assertThat(refusal(bomb)).isNotNull();
      assertThat(refusal(noOp(3).uint(23).raw(bomb))).isNotNull();
    }
  }

  @Test
  void anArrayHasAtMost4096Elements() throws DecodeException {
    assertThat(decode(noOp(3).uint(23).array(4096).append(signatures(4096))).signatures())
        .hasSize(4096);
    assertThat(refusal(noOp(3).uint(23).array(4097).append(signatures(4097))))
        .isInstanceOf(DecodeException.LimitExceeded.class)
        .hasMessageContaining("4096");

    Cbor values = new Cbor();
    for (int i = 0; i < 4097; i++) {
      values.nil();
    }
    byte[] all = values.toByteArray();
    decode(state().array(4096).raw(Arrays.copyOf(all, 4096)).uint(3).nil());
    assertThat(refusal(state().array(4097).raw(all).uint(3).nil()))
        .isInstanceOf(DecodeException.LimitExceeded.class);
    assertThat(refusal(state().nil().uint(3).array(4097).append(keys(4097))))
        .isInstanceOf(DecodeException.LimitExceeded.class);
    decode(state().nil().uint(3).array(4096).append(keys(4096)));
  }

  private static Cbor state() {
    return noOp(3).uint(5).map(3).uint(1).nil().uint(2);
  }

  private static Cbor signatures(int count) {
    Cbor out = new Cbor();
    for (int i = 0; i < count; i++) {
      out.map(2).uint(1).nil().uint(2).nil();
    }
    return out;
  }

  private static Cbor keys(int count) {
    Cbor out = new Cbor();
    for (int i = 0; i < count; i++) {
      out.map(3).uint(1).uint(1).uint(2).uint(1).uint(3).nil();
    }
    return out;
  }

  @Test
  void aMapHasAtMost1024Pairs() throws DecodeException {
    assertThat(decode(noOp(3).uint(7).append(meta(1024))).meta()).hasSize(1024);
    assertThat(refusal(noOp(3).uint(7).append(meta(1025))))
        .isInstanceOf(DecodeException.LimitExceeded.class)
        .hasMessageContaining("1024");
  }

  private static Cbor meta(int pairs) {
    Cbor out = new Cbor().map(pairs);
    for (int i = 0; i < pairs; i++) {
      out.text("k" + (1000 + i)).text("");
    }
    return out;
  }

  @Test
  @Timeout(60)
  void aClaimedLengthAllocatesNothing() {
    long huge = 1L << 62;
    List<Cbor> bombs =
        List.of(
            noOp(3).uint(4).bytesHead(huge),
            noOp(3).uint(4).bytesHead(Integer.MAX_VALUE),
            noOp(3).uint(7).map(1).textHead(huge),
            noOp(3).uint(7).map(1).textHead(Integer.MAX_VALUE),
            noOp(3).uint(7).map(1).text("k").textHead(Integer.MAX_VALUE),
            noOp(3).uint(7).map(huge),
            noOp(3).uint(23).array(huge),
            noOp(3).uint(23).array(Integer.MAX_VALUE),
            new Cbor().map(huge),
            new Cbor().map(-1),
            new Cbor().bytesHead(-1),
            new Cbor().map(2).uint(1).uint(3).uint(2).bytesHead(huge));
    bombs.forEach(CanonicalFormTest::refusal);
    for (Cbor bomb : bombs) {
      long before = allocated();
      assertThat(refusal(bomb)).isNotNull();
      assertThat(allocated() - before).isLessThan(1 << 20);
    }
  }

  @Test
  void aReferenceToEarlierTextDoesNotMultiplyIt() {
    // Tag 256 opens a table of strings and tag 25 repeats one of them (the "stringref" extension).
    String large = "x".repeat(1 << 14);
    Cbor texts = new Cbor().tag(256).append(noOp(3)).uint(7).map(1000);
    Cbor bytes = new Cbor().tag(256).append(noOp(3)).uint(23).array(1000);
    for (int i = 0; i < 1000; i++) {
      texts.text("k" + (1000 + i));
      bytes.map(2).uint(1);
      if (i == 0) {
        texts.text(large);
        bytes.bytes(large.getBytes(StandardCharsets.US_ASCII));
      } else {
        texts.tag(25).uint(1);
        bytes.tag(25).uint(0);
      }
      bytes.uint(2).nil();
    }
    for (byte[] input : List.of(texts.toByteArray(), bytes.toByteArray())) {
      refusal(input);
      long before = allocated();
      assertThat(refusal(input)).isNotNull();
      assertThat(allocated() - before).isLessThan(64L * input.length + (1 << 20));
    }
  }

  @Test
  void aChainOfTagsIsRefusedAtItsFirst() {
    // The parser keeps the tags of a value in an array that it copies for each of them.
    byte[] tags = new byte[1 << 14];
    Arrays.fill(tags, (byte) 0xc1);
    for (Cbor input :
        List.of(
            new Cbor().raw(tags),
            new Cbor().map(2).raw(tags),
            noOp(3).uint(6).raw(tags),
            noOp(3).uint(7).map(1).text("k").raw(tags),
            noOp(3).uint(23).array(1).raw(tags))) {
      refusal(input);
      long before = allocated();
      assertThat(refusal(input)).isNotNull();
      assertThat(allocated() - before).isLessThan(64L * tags.length + (1 << 20));
    }
  }

  private static long allocated() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getCurrentThreadAllocatedBytes();
  }

  @Test
  void anErrorSaysWhatWasWrongAndWhere() {
    assertThat(refusal(noOp(3).uint(6).text("five")))
        .isInstanceOf(DecodeException.WrongType.class)
        .hasMessage("byte 6: votes: expected an unsigned integer, found text")
        .extracting(DecodeException::offset)
        .isEqualTo(6L);
    assertThat(refusal(new Cbor().array(0)))
        .isInstanceOf(DecodeException.WrongType.class)
        .hasMessage("byte 0: AUM: expected a map, found an array");
    assertThat(refusal(new Cbor().hex("ff"))).isInstanceOf(DecodeException.Malformed.class);
    assertThat(refusal(new byte[0])).isInstanceOf(DecodeException.Malformed.class);
    assertThat(
            refusal(
                noOp(3)
                    .uint(23)
                    .array(2)
                    .map(2)
                    .uint(1)
                    .nil()
                    .uint(2)
                    .nil()
                    .map(2)
                    .uint(1)
                    .uint(7)))
        .hasMessage("byte 14: signature key id: expected a byte string, found an integer");
  }

  @Test
  void anErrorIsOneShortPrintableLine() {
    String hostile = "\n\u001b[31m" + "x".repeat(10_000);
    DecodeException e = refusal(noOp(3).text(hostile).uint(1));

    assertThat(e.getMessage()).hasSizeLessThan(400).matches("[ -~]*");
  }

  @Test
  void valuesThatTheWireCannotCarryCannotBeBuilt() {
    String loneSurrogate = "\uD800";

    assertThatThrownBy(() -> new AumKind(256)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new AumKind(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TestKeys.key(1, 1).withMeta(Map.of(loneSurrogate, "")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TestKeys.key(1, 1).withMeta(Map.of("", loneSurrogate)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Aum.builder(AumKind.NO_OP).meta(Map.of("", loneSurrogate)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Key(256, 1, Optional.empty(), Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void listsLongerThanTheWireCarriesCannotBeBuilt() {
    Map<String, String> meta = new TreeMap<>();
    for (int i = 0; i <= CborReader.MAX_PAIRS; i++) {
      meta.put("" + i, "");
    }
    assertThatThrownBy(() -> Aum.builder(AumKind.NO_OP).meta(meta))
        .isInstanceOf(IllegalArgumentException.class);
    int tooMany = CborReader.MAX_ELEMENTS + 1;
    AumSignature signature = AumSignature.of(Bytes.empty(), Bytes.empty());
    Aum.Builder signed =
        Aum.builder(AumKind.NO_OP).signatures(Collections.nCopies(tooMany, signature));
    assertThatThrownBy(signed::build).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> State.of(Collections.nCopies(tooMany, Bytes.empty()), List.of(), 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    State state = State.of(List.of(), Collections.nCopies(tooMany, TestKeys.key(1, 1)), 0, 0);
    Aum.Builder checkpoint = Aum.builder(AumKind.CHECKPOINT).state(state);
    assertThatThrownBy(checkpoint::build).isInstanceOf(IllegalArgumentException.class);
  }
}
