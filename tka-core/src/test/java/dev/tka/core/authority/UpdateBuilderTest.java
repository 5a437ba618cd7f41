package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Protocol, section 4, "Building updates". */
class UpdateBuilderTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));

  /** Counts what it is asked to sign, and refuses when it is told to. */
  private static final class Device implements Signer {
    private final LockPrivateKey key = TestKeys.privateKey(1);
    private int asked;
    private boolean unplugged;

    @Override
    public LockPublicKey publicKey() {
      return key.publicKey();
    }

    @Override
    public Bytes sign(Bytes sigHash) throws SigningException {
      asked++;
      if (unplugged) {
        throw new SigningException("the device does not answer");
      }
      return key.sign(sigHash);
    }
  }

  /** A genesis of these keys, and AUMs on it that change nothing. */
  private static LiveAuthority quiet(List<Key> keys, int count) throws TkaException {
    List<Aum> aums = new ArrayList<>(List.of(Chains.genesis(keys, 1)));
    for (int i = 0; i < count; i++) {
      aums.add(Chains.noOp(aums.get(i), "q" + i, 1));
    }
    return LiveAuthority.open(TestStores.holding(aums), AdmissionPolicy.REFERENCE, new FakeClock());
  }

  private static Authority small() throws TkaException {
    return quiet(KEYS, 1).current();
  }

  private static UpdateBuilder on(Authority authority) {
    return new UpdateBuilder(authority, TestKeys.privateKey(1));
  }

  private static List<AumKind> kinds(UpdateBuilder.Batch batch) {
    return batch.updates().stream().map(Aum::kind).toList();
  }

  private static UpdateBuilder votes(UpdateBuilder builder, int times) throws TkaException {
    for (int i = 0; i < times; i++) {
      builder.setVotes(TestKeys.id(2), 1 + i % 2);
    }
    return builder;
  }

  private static boolean endsInCheckpoint(UpdateBuilder.Batch batch) {
    assertThat(batch.checkpointPutOff()).isEmpty();
    List<AumKind> kinds = kinds(batch);
    return !kinds.isEmpty() && kinds.get(kinds.size() - 1).equals(AumKind.CHECKPOINT);
  }

  @Test
  void eachOperationIsSignedOnTheStateThatItAppliesTo() throws TkaException {
    LiveAuthority live = quiet(KEYS, 1);
    List<Aum> updates =
        on(live.current())
            .addKey(TestKeys.key(3, 1))
            .setVotes(TestKeys.id(3), 7)
            .setMeta(TestKeys.id(3), Map.of("name", "laptop"))
            .removeKey(TestKeys.id(2))
            .build()
            .updates();

    assertThat(updates.get(0).parent()).contains(live.current().head());
    for (int i = 1; i < updates.size(); i++) {
      assertThat(updates.get(i).parent()).contains(updates.get(i - 1).hash());
    }
    live.inform(updates);
    assertThat(live.current().state().keys())
        .containsExactly(TestKeys.key(1, 2), TestKeys.key(3, 7).withMeta(Map.of("name", "laptop")));
  }

  @Test
  void nothingIsBuiltWhenNothingIsAskedFor() throws TkaException {
    UpdateBuilder.Batch batch = on(small()).build();

    assertThat(batch.updates()).isEmpty();
    assertThat(batch.checkpointPutOff()).isEmpty();
  }

  /** One operation that must be refused. */
  private interface Operation {
    void on(UpdateBuilder builder) throws TkaException;
  }

  private static void assertRefused(
      Authority authority, Class<?> type, String message, Operation operation) throws TkaException {
    Device device = new Device();
    UpdateBuilder builder = new UpdateBuilder(authority, device);
    UpdateBuilder other = on(authority);

    assertThatThrownBy(() -> operation.on(builder)).isInstanceOf(type).hasMessage(message);
    assertThat(device.asked).as("nothing is signed that is refused").isZero();
    // The builder is as it was.
    builder.setVotes(authority.state().keys().get(0).id(), 9);
    other.setVotes(authority.state().keys().get(0).id(), 9);
    assertThat(builder.build()).isEqualTo(other.build());
  }

  @Test
  void anEditThatNoPeerWouldAcceptIsRefusedByName() throws TkaException {
    String key2 = TestKeys.publicKey(2).toString();
    String key3 = TestKeys.publicKey(3).toString();
    Authority small = small();
    Class<?> refused = BuildException.Refused.class;

    assertRefused(
        small,
        refused,
        "add key " + key2 + ": adds key " + TestKeys.publicKey(2) + ", which is trusted already",
        builder -> builder.addKey(TestKeys.key(2, 1)));
    assertRefused(
        small,
        refused,
        "remove key "
            + key3
            + ": remove-key of "
            + TestKeys.publicKey(3)
            + ", which is not trusted",
        builder -> builder.removeKey(TestKeys.id(3)));
    assertRefused(
        small,
        refused,
        "set votes of key "
            + key3
            + ": update-key of "
            + TestKeys.publicKey(3)
            + ", which is not trusted",
        builder -> builder.setVotes(TestKeys.id(3), 1));
    assertRefused(
        small,
        refused,
        "set metadata of key "
            + key3
            + ": update-key of "
            + TestKeys.publicKey(3)
            + ", which is not trusted",
        builder -> builder.setMeta(TestKeys.id(3), Map.of("a", "b")));
    assertRefused(
        small,
        refused,
        "add key " + key3 + ": key votes: expected 1 to 4096, found 0",
        builder -> builder.addKey(TestKeys.key(3, 0)));
    assertRefused(
        small,
        refused,
        "add key " + key3 + ": key kind: expected 1, found 2",
        builder -> builder.addKey(new Key(2, 1, Optional.of(TestKeys.id(3)), Map.of())));
    assertRefused(
        small,
        refused,
        "set votes of key "
            + key2
            + ": the updated key is ill-formed: key votes: expected 1 to 4096, found 4097",
        builder -> builder.setVotes(TestKeys.id(2), 4097));
    assertRefused(
        small,
        refused,
        "set metadata of key "
            + key2
            + ": the updated key is ill-formed: key meta: expected at most 512 bytes, found 513"
            + " bytes",
        builder -> builder.setMeta(TestKeys.id(2), Map.of("k", "v".repeat(512))));
    assertRefused(
        small,
        BuildException.EmptyMeta.class,
        "set metadata of key "
            + key2
            + ": expected metadata, found none: it can be replaced but not cleared",
        builder -> builder.setMeta(TestKeys.id(2), Map.of()));
    assertRefused(
        small,
        refused,
        "remove key of 0 bytes: remove-key: expected a key id, found none",
        builder -> builder.removeKey(Bytes.empty()));
  }

  @Test
  void theOnlyKeyIsNotRemoved() throws TkaException {
    assertRefused(
        quiet(List.of(TestKeys.key(1, 1)), 0).current(),
        BuildException.Refused.class,
        "remove key "
            + TestKeys.publicKey(1)
            + ": removes "
            + TestKeys.publicKey(1)
            + ", the only trusted key",
        builder -> builder.removeKey(TestKeys.id(1)));
  }

  @Test
  void aKeyThatCouldNeverSignIsNotAdded() throws TkaException {
    Key ofThreeBytes = new Key(1, 1, Optional.of(Bytes.copyOf(new byte[3])), Map.of());

    assertRefused(
        small(),
        BuildException.UnusableKey.class,
        "add key of 3 bytes: expected a public key of 32 bytes, found 3",
        builder -> builder.addKey(ofThreeBytes));
  }

  @Test
  void a513thKeyIsNotAdded() throws TkaException {
    Authority full = quiet(keys(512), 0).current();

    assertRefused(
        full,
        BuildException.TooManyKeys.class,
        "add key " + TestKeys.publicKey(513) + ": expected fewer than 512 trusted keys, found 512",
        builder -> builder.addKey(TestKeys.key(513, 1)));
    assertThat(on(quiet(keys(511), 0).current()).addKey(TestKeys.key(513, 1)).build().updates())
        .hasSize(1);
  }

  @Test
  void theSignerIsTrusted() throws TkaException {
    UpdateBuilder builder = new UpdateBuilder(small(), TestKeys.privateKey(3));

    assertThatThrownBy(() -> builder.removeKey(TestKeys.id(2)))
        .isInstanceOfSatisfying(
            BuildException.UntrustedSigner.class,
            e -> {
              assertThat(e.signer()).isEqualTo(TestKeys.publicKey(3));
              assertThat(e.operation()).isEqualTo("remove key " + TestKeys.publicKey(2));
            });
    assertThat(builder.build().updates()).isEmpty();
  }

  @Test
  void nothingFollowsTheRemovalOfTheSigner() throws TkaException {
    LiveAuthority live = quiet(KEYS, 0);
    UpdateBuilder builder = on(live.current()).removeKey(TestKeys.id(1));

    assertThatThrownBy(() -> builder.addKey(TestKeys.key(3, 1)))
        .isInstanceOf(BuildException.UntrustedSigner.class);
    live.inform(builder.build().updates());
    assertThat(live.current().state().keys()).containsExactly(TestKeys.key(2, 1));
  }

  @Test
  void refusedOperationsLeaveTheOthersOfTheBatch() throws TkaException {
    Authority authority = small();
    UpdateBuilder builder = on(authority).addKey(TestKeys.key(3, 1));
    assertThatThrownBy(() -> builder.addKey(TestKeys.key(3, 1))).isInstanceOf(BuildException.class);
    assertThatThrownBy(() -> builder.removeKey(TestKeys.id(4))).isInstanceOf(BuildException.class);
    builder.removeKey(TestKeys.id(3));

    assertThat(builder.build())
        .isEqualTo(on(authority).addKey(TestKeys.key(3, 1)).removeKey(TestKeys.id(3)).build());
  }

  @Test
  void aSignerThatFailsLeavesTheBuilderAsItWas() throws TkaException {
    Authority authority = quiet(KEYS, 49).current();
    Device device = new Device();
    UpdateBuilder builder = new UpdateBuilder(authority, device).setVotes(TestKeys.id(2), 2);
    device.unplugged = true;

    assertThatThrownBy(() -> builder.setVotes(TestKeys.id(2), 3))
        .isInstanceOf(SigningException.class);
    assertThatThrownBy(builder::build).isInstanceOf(SigningException.class);

    device.unplugged = false;
    assertThat(builder.build()).isEqualTo(on(authority).setVotes(TestKeys.id(2), 2).build());
  }

  @Test
  void aCheckpointIsDueWhenTheLastFiftyHoldNone() throws TkaException {
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 48).current()), 1).build())).isFalse();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 49).current()), 1).build())).isTrue();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 70).current()), 1).build())).isTrue();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 46).current()), 3).build())).isFalse();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 47).current()), 3).build())).isTrue();
  }

  @Test
  void anEmptyBatchMayYieldALoneCheckpoint() throws TkaException {
    assertThat(on(quiet(KEYS, 49).current()).build().updates()).isEmpty();
    assertThat(kinds(on(quiet(KEYS, 50).current()).build())).containsExactly(AumKind.CHECKPOINT);
  }

  @Test
  void aBatchOfFiftyAlwaysEndsInACheckpoint() throws TkaException {
    assertThat(endsInCheckpoint(votes(on(small()), 48).build())).isFalse();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 0).current()), 49).build())).isFalse();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 0).current()), 50).build())).isTrue();
    assertThat(endsInCheckpoint(votes(on(quiet(KEYS, 0).current()), 60).build())).isTrue();
  }

  @Test
  void aCheckpointOfAnyMakerCounts() throws TkaException {
    LiveAuthority live = quiet(KEYS, 49);
    Aum head = live.current().snapshot().get(live.current().head());
    live.inform(List.of(Chains.checkpoint(head, Chains.stateOf(KEYS), 2)));

    assertThat(endsInCheckpoint(votes(on(live.current()), 49).build())).isFalse();
    assertThat(endsInCheckpoint(votes(on(live.current()), 50).build())).isTrue();
  }

  @Test
  void theBuilderGoesOnAfterACheckpoint() throws TkaException {
    LiveAuthority live = quiet(KEYS, 50);
    UpdateBuilder builder = on(live.current());

    assertThat(builder.build()).isEqualTo(builder.build());
    assertThat(builder.build().updates()).hasSize(1);
    assertThat(votes(builder, 49).build().updates()).hasSize(50);
    List<Aum> updates = votes(builder, 1).build().updates();
    assertThat(updates).hasSize(52);
    live.inform(updates);
    assertThat(live.current().head()).isEqualTo(updates.get(51).hash());
  }

  @Test
  void aCheckpointCarriesTheStateAsItIs() throws TkaException {
    LiveAuthority live = quiet(KEYS, 49);
    List<Aum> updates = on(live.current()).addKey(TestKeys.key(3, 5)).build().updates();

    live.inform(updates.subList(0, 1));
    State before = live.current().state();
    live.inform(updates.subList(1, 2));

    assertThat(live.current().state().withoutLastAumHash()).isEqualTo(before.withoutLastAumHash());
    assertThat(before.stateId1()).isEqualTo(7);
  }

  @Test
  void aCheckpointOfTooManyKeysIsPutOff() throws TkaException {
    // Other software may have added more than there is room for.
    LiveAuthority live = quiet(keys(512), 48);
    List<Aum> more = new ArrayList<>();
    Aum head = live.current().snapshot().get(live.current().head());
    for (int i = 513; i <= 514; i++) {
      head = Chains.addKey(head, TestKeys.key(i, 1), 1);
      more.add(head);
    }
    live.inform(more);

    UpdateBuilder.Batch one = on(live.current()).removeKey(TestKeys.id(5)).build();
    assertThat(kinds(one)).containsExactly(AumKind.REMOVE_KEY);
    assertThat(one.checkpointPutOff().orElseThrow())
        .isInstanceOf(BuildException.Refused.class)
        .hasMessage("checkpoint: keys: expected 1 to 512, found 513");

    live.inform(one.updates());
    UpdateBuilder.Batch other = on(live.current()).removeKey(TestKeys.id(6)).build();
    assertThat(endsInCheckpoint(other)).isTrue();
    live.inform(other.updates());
    assertThat(live.current().state().keys()).hasSize(512);
  }

  @Test
  void aCheckpointAfterTheSignersOwnRemovalIsPutOff() throws TkaException {
    LiveAuthority live = quiet(KEYS, 49);
    UpdateBuilder.Batch batch = on(live.current()).removeKey(TestKeys.id(1)).build();

    assertThat(kinds(batch)).containsExactly(AumKind.REMOVE_KEY);
    assertThat(batch.checkpointPutOff().orElseThrow())
        .isInstanceOf(BuildException.UntrustedSigner.class)
        .hasMessage(
            "checkpoint: expected a signer that is trusted there, found %s", TestKeys.publicKey(1));

    live.inform(batch.updates());
    UpdateBuilder.Batch made = new UpdateBuilder(live.current(), TestKeys.privateKey(2)).build();
    assertThat(kinds(made)).containsExactly(AumKind.CHECKPOINT);
  }

  @Test
  void aCheckpointWithoutDisablementValuesIsPutOff() throws TkaException {
    // An old genesis, which began with a key and nothing else.
    List<Aum> aums =
        new ArrayList<>(
            List.of(
                TestKeys.sign(Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(1, 1)).build(), 1)));
    for (int i = 0; i < 50; i++) {
      aums.add(Chains.noOp(aums.get(i), "q" + i, 1));
    }
    UpdateBuilder.Batch due = on(Authority.open(TestStores.holding(aums))).build();
    UpdateBuilder.Batch young = on(Authority.open(TestStores.holding(aums.subList(0, 50)))).build();

    assertThat(due.updates()).isEmpty();
    assertThat(due.checkpointPutOff().orElseThrow())
        .hasMessage("checkpoint: disablement values: expected 1 to 32, found 0");
    assertThat(young.checkpointPutOff()).as("a genesis counts as one").isEmpty();
  }

  private static List<Key> keys(int count) {
    return IntStream.rangeClosed(1, count).mapToObj(i -> TestKeys.key(i, 1)).toList();
  }

  @Test
  void anEditIsMadeAgainOnAnotherHead() throws TkaException {
    List<Aum> edits =
        on(small())
            .addKey(TestKeys.key(3, 4))
            .setVotes(TestKeys.id(3), 7)
            .setMeta(TestKeys.id(3), Map.of("name", "laptop"))
            .removeKey(TestKeys.id(2))
            .build()
            .updates();
    UpdateBuilder builder = on(quiet(KEYS, 5).current());
    for (Aum edit : edits) {
      builder.again(edit);
    }
    List<Aum> again = builder.build().updates();
    assertThat(again).hasSameSizeAs(edits);
    for (int i = 0; i < edits.size(); i++) {
      assertThat(again.get(i).hash()).isNotEqualTo(edits.get(i).hash());
      assertThat(again.get(i).key()).isEqualTo(edits.get(i).key());
      assertThat(again.get(i).keyId()).isEqualTo(edits.get(i).keyId());
      assertThat(again.get(i).votes()).isEqualTo(edits.get(i).votes());
      assertThat(again.get(i).meta()).isEqualTo(edits.get(i).meta());
    }
  }

  @Test
  void votesAndMetadataChangeInOneUpdateAgain() throws TkaException {
    Aum both =
        Aum.builder(AumKind.UPDATE_KEY)
            .keyId(TestKeys.id(2))
            .votes(3)
            .meta(Map.of("name", "desk"))
            .build();
    Aum again = on(small()).again(both).build().updates().get(0);
    assertThat(again.votes()).hasValue(3);
    assertThat(again.meta()).isEqualTo(both.meta());
  }

  @Test
  void anEditThatNoLongerAppliesIsNotMadeAgain() throws TkaException {
    Aum add = on(small()).addKey(TestKeys.key(3, 1)).build().updates().get(0);
    UpdateBuilder builder = on(small()).addKey(TestKeys.key(3, 2));
    assertThatThrownBy(() -> builder.again(add)).isInstanceOf(BuildException.Refused.class);
    for (Aum other :
        List.of(Chains.noOp(add, "n", 1), Chains.checkpoint(add, Chains.stateOf(KEYS), 1))) {
      assertThatThrownBy(() -> builder.again(other))
          .isInstanceOf(BuildException.NotAnEdit.class)
          .hasMessageContaining("expected an add-key, remove-key or update-key, found a ");
    }
    assertThat(builder.build().updates()).hasSize(1);
  }
}
