package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Protocol, section 3: what is checked before anything else. */
class WellFormedTest {
  private static final Bytes ID = TestKeys.id(1);
  private static final State STATE = Chains.stateOf(List.of(TestKeys.key(1, 1)));

  private static Aum.Builder of(AumKind kind) {
    return Aum.builder(kind);
  }

  private static void accepts(Aum.Builder aum) {
    assertThatCode(() -> aum.build().requireWellFormed()).doesNotThrowAnyException();
  }

  private static IllFormedException refusal(Aum.Builder aum) {
    IllFormedException e =
        catchThrowableOfType(IllFormedException.class, () -> aum.build().requireWellFormed());
    assertThat(e).as("a refusal").isNotNull();
    assertThat(e).hasMessageContaining(e.field()).hasMessageContaining(e.expected());
    return e;
  }

  private static IllFormedException refusal(Key key) {
    return refusal(of(AumKind.ADD_KEY).key(key));
  }

  private static IllFormedException refusal(State state) {
    return refusal(of(AumKind.CHECKPOINT).state(state));
  }

  private static Bytes bytes(int size) {
    return Bytes.copyOf(new byte[size]);
  }

  @Test
  void everySignatureHasAKeyIdOf32AndASignatureOf64Bytes() {
    AumSignature good = AumSignature.of(bytes(32), bytes(64));
    accepts(of(AumKind.NO_OP).signatures(List.of(good, good)));

    for (AumSignature bad :
        List.of(
            AumSignature.of(bytes(31), bytes(64)),
            AumSignature.of(bytes(33), bytes(64)),
            AumSignature.of(bytes(0), bytes(64)),
            AumSignature.of(bytes(32), bytes(63)),
            AumSignature.of(bytes(32), bytes(65)),
            AumSignature.of(bytes(32), bytes(0)),
            new AumSignature(Optional.empty(), Optional.of(bytes(64))),
            new AumSignature(Optional.of(bytes(32)), Optional.empty()))) {
      assertThat(refusal(of(AumKind.NO_OP).signatures(List.of(good, bad))).field())
          .startsWith("signature 1 ");
    }
  }

  @Test
  void aKeyHas1To4096Votes() {
    Key key = TestKeys.key(1, 1);
    accepts(of(AumKind.ADD_KEY).key(key));
    accepts(of(AumKind.ADD_KEY).key(key.withVotes(4096)));

    for (long votes : new long[] {0, 4097, (1L << 32) + 1, 1L << 63, -1}) {
      assertThat(refusal(key.withVotes(votes)))
          .returns("key votes", IllFormedException::field)
          .returns(Long.toUnsignedString(votes), IllFormedException::found);
    }
  }

  @Test
  void aPublicKeyHasAnyLength() {
    for (int size : new int[] {0, 3, 31, 33}) {
      accepts(of(AumKind.ADD_KEY).key(new Key(1, 1, Optional.of(bytes(size)), Map.of())));
    }
    accepts(of(AumKind.ADD_KEY).key(new Key(1, 1, Optional.empty(), Map.of())));
  }

  @Test
  void keyMetaHasAtMost512BytesOfUtf8InTotal() {
    Key key = TestKeys.key(1, 1);
    accepts(of(AumKind.ADD_KEY).key(key.withMeta(Map.of("k", "v".repeat(511)))));
    accepts(of(AumKind.ADD_KEY).key(key.withMeta(Map.of("a".repeat(256), "é".repeat(128)))));
    accepts(
        of(AumKind.ADD_KEY).key(key.withMeta(Map.of("a".repeat(255), "", "b", "€\uD83D\uDE00"))));

    assertThat(refusal(key.withMeta(Map.of("k", "v".repeat(512)))).found()).isEqualTo("513 bytes");
    assertThat(refusal(key.withMeta(Map.of("k", "é".repeat(256)))).found()).isEqualTo("513 bytes");
    assertThat(refusal(key.withMeta(Map.of("a".repeat(256), "", "b", "v".repeat(256)))).field())
        .isEqualTo("key meta");
  }

  @Test
  void aKeysKindMustBeKnown() {
    for (int kind : new int[] {0, 2, 255}) {
      assertThat(refusal(new Key(kind, 1, Optional.of(ID), Map.of())).field())
          .isEqualTo("key kind");
    }
  }

  @Test
  void addKeyHasAKeyAndNothingElse() {
    Aum.Builder good = of(AumKind.ADD_KEY).key(TestKeys.key(1, 1));
    accepts(good);

    refusal(of(AumKind.ADD_KEY));
    refusal(of(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).keyId(ID));
    refusal(of(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).state(STATE));
    refusal(of(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).votes(1));
    refusal(of(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).votes(0));
    refusal(of(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).meta(Map.of("", "")));
  }

  @Test
  void removeKeyHasAKeyIdAndNothingElse() {
    accepts(of(AumKind.REMOVE_KEY).keyId(ID));

    refusal(of(AumKind.REMOVE_KEY));
    refusal(of(AumKind.REMOVE_KEY).keyId(ID).key(TestKeys.key(1, 1)));
    refusal(of(AumKind.REMOVE_KEY).keyId(ID).state(STATE));
    refusal(of(AumKind.REMOVE_KEY).keyId(ID).votes(1));
    refusal(of(AumKind.REMOVE_KEY).keyId(ID).meta(Map.of("", "")));
  }

  @Test
  void updateKeyHasAKeyIdAndVotesOrMetaOrBoth() {
    accepts(of(AumKind.UPDATE_KEY).keyId(ID).votes(2));
    accepts(of(AumKind.UPDATE_KEY).keyId(ID).meta(Map.of("a", "b")));
    accepts(of(AumKind.UPDATE_KEY).keyId(ID).votes(2).meta(Map.of("a", "b")));

    refusal(of(AumKind.UPDATE_KEY).keyId(ID));
    refusal(of(AumKind.UPDATE_KEY).votes(2));
    refusal(of(AumKind.UPDATE_KEY).keyId(ID).votes(2).key(TestKeys.key(1, 1)));
    refusal(of(AumKind.UPDATE_KEY).keyId(ID).votes(2).state(STATE));
  }

  @Test
  void checkpointHasAStateAndNothingElse() {
    accepts(of(AumKind.CHECKPOINT).state(STATE));

    refusal(of(AumKind.CHECKPOINT));
    refusal(of(AumKind.CHECKPOINT).state(STATE).key(TestKeys.key(1, 1)));
    refusal(of(AumKind.CHECKPOINT).state(STATE).keyId(ID));
    refusal(of(AumKind.CHECKPOINT).state(STATE).votes(1));
    refusal(of(AumKind.CHECKPOINT).state(STATE).meta(Map.of("", "")));
  }

  @Test
  void noOpsAndUnknownKindsCarryAnything() {
    for (AumKind kind : List.of(AumKind.NO_OP, new AumKind(0), new AumKind(6), new AumKind(255))) {
      accepts(of(kind));
      // Votes and meta that no key may have are looked at only when an update-key is applied.
      accepts(
          of(kind)
              .key(TestKeys.key(1, 1))
              .keyId(bytes(3))
              .state(STATE)
              .votes(-1)
              .meta(Map.of("m", "x".repeat(600))));
      refusal(of(kind).key(TestKeys.key(1, 0)));
      refusal(of(kind).state(State.of(List.of(), List.of(), 1, 1)));
    }
  }

  @Test
  void aCheckpointsLastHashIsNull() {
    assertThat(refusal(STATE.standingAt(AumHash.of(new byte[32]))).field()).isEqualTo("last hash");
  }

  @Test
  void aCheckpointHas1To32DisablementValuesOf32BytesNoTwoEqual() {
    List<Key> keys = List.of(TestKeys.key(1, 1));
    List<Bytes> values = IntStream.range(0, 33).mapToObj(TestKeys::id).toList();
    accepts(of(AumKind.CHECKPOINT).state(State.of(values.subList(0, 32), keys, 1, 1)));

    assertThat(refusal(State.of(List.of(), keys, 1, 1)).found()).isEqualTo("0");
    assertThat(refusal(State.of(values, keys, 1, 1)).found()).isEqualTo("33");
    for (int size : new int[] {0, 31, 33}) {
      assertThat(refusal(State.of(List.of(bytes(size)), keys, 1, 1)).field())
          .isEqualTo("disablement value");
    }
    assertThat(refusal(State.of(List.of(values.get(0), values.get(1), values.get(0)), keys, 1, 1)))
        .returns("no two equal", IllFormedException::expected);
  }

  @Test
  void aCheckpointHas1To512WellFormedKeysNoTwoWithOneId() {
    List<Bytes> values = List.of(bytes(32));
    List<Key> keys = IntStream.range(0, 513).mapToObj(i -> TestKeys.key(i, 1)).toList();
    accepts(of(AumKind.CHECKPOINT).state(State.of(values, keys.subList(0, 512), 1, 1)));

    assertThat(refusal(State.of(values, List.of(), 1, 1)).found()).isEqualTo("0");
    assertThat(refusal(State.of(values, keys, 1, 1)).found()).isEqualTo("513");
    assertThat(refusal(State.of(values, List.of(keys.get(0), TestKeys.key(1, 0)), 1, 1)).field())
        .isEqualTo("key votes");
    assertThat(
            refusal(State.of(values, List.of(keys.get(0), keys.get(1), TestKeys.key(0, 9)), 1, 1)))
        .returns("no two with one id", IllFormedException::expected);
    // Also among so many that they are found by an index.
    List<Key> many = new ArrayList<>(Stream.of(TestKeys.key(99, 2)).toList());
    many.addAll(keys.subList(0, 100));
    refusal(State.of(values, many, 1, 1));
  }

  @Test
  void aNullAndAnEmptyPublicKeyAreTheSameId() {
    Key nullKey = new Key(1, 1, Optional.empty(), Map.of());
    Key emptyKey = new Key(1, 1, Optional.of(Bytes.empty()), Map.of());

    assertThat(refusal(State.of(List.of(bytes(32)), List.of(nullKey, emptyKey), 1, 1)).expected())
        .isEqualTo("no two with one id");
    accepts(of(AumKind.CHECKPOINT).state(State.of(List.of(bytes(32)), List.of(nullKey), 1, 1)));
  }
}
