package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Edits that meet another writer. */
class EditTest {
  private final FakeClock clock = new FakeClock();
  private final AumStore store;
  private final LiveAuthority live;
  private final Device device = new Device();

  EditTest() throws TkaException {
    List<Key> keys = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1), TestKeys.key(3, 1));
    store = TestStores.holding(List.of(Chains.genesis(keys, 1)));
    live = LiveAuthority.open(store, AdmissionPolicy.CONTROL, clock);
  }

  /** Counts what it is asked to sign, and lets something happen while it signs. */
  private static final class Device implements Signer {
    private final LockPrivateKey key = TestKeys.privateKey(1);
    private int asked;
    private Meanwhile meanwhile = () -> {};

    @Override
    public LockPublicKey publicKey() {
      return key.publicKey();
    }

    @Override
    public Bytes sign(Bytes sigHash) throws SigningException {
      asked++;
      try {
        meanwhile.happens();
      } catch (TkaException e) {
        throw new IllegalStateException(e);
      }
      return key.sign(sigHash);
    }
  }

  @FunctionalInterface
  private interface Meanwhile {
    void happens() throws TkaException;
  }

  /** Another writer's edit, while the device signs for the first time. */
  private void meanwhile(Edit edit) {
    device.meanwhile =
        () -> {
          device.meanwhile = () -> {};
          LiveAuthority.open(store, AdmissionPolicy.CONTROL, clock)
              .edit(TestKeys.privateKey(2), edit);
        };
  }

  private List<Key> keys() throws TkaException {
    return Authority.open(store).state().keys();
  }

  @Test
  void anEditIsBuiltOnTheHeadOfTheWriterWhoWasFirst() throws TkaException {
    meanwhile(builder -> builder.addKey(TestKeys.key(4, 1)));

    EditResult result =
        live.edit(
            device,
            builder ->
                builder
                    .addKey(TestKeys.key(5, 1))
                    .removeKey(TestKeys.id(3))
                    .setVotes(TestKeys.id(2), 4)
                    .setMeta(TestKeys.id(1), Map.of("name", "ann")));

    assertThat(keys())
        .containsExactlyInAnyOrder(
            TestKeys.key(1, 2).withMeta(Map.of("name", "ann")),
            TestKeys.key(2, 4),
            TestKeys.key(4, 1),
            TestKeys.key(5, 1));
    assertThat(result.informed().after().head()).isEqualTo(live.current().head());
    assertThat(result.batch().already()).isEmpty();
    assertThat(device.asked).isEqualTo(8);
  }

  @Test
  void theSignerIsNotAskedForWhatIsRefusedOrDone() throws TkaException {
    assertThatThrownBy(
            () ->
                live.edit(
                    device,
                    builder -> builder.addKey(TestKeys.key(4, 1)).setVotes(TestKeys.id(9), 2)))
        .isInstanceOf(BuildException.Refused.class);
    assertThat(device.asked).isZero();

    meanwhile(builder -> builder.removeKey(TestKeys.id(3)));
    EditResult result = live.edit(device, builder -> builder.removeKey(TestKeys.id(3)));

    assertThat(device.asked).isEqualTo(1);
    assertThat(result.batch().updates()).isEmpty();
    assertThat(result.batch().already())
        .containsExactly("remove key " + new LockPublicKey(TestKeys.id(3)));
    assertThat(keys()).containsExactly(TestKeys.key(1, 2), TestKeys.key(2, 1));
  }

  @Test
  void theSignerIsNotAskedAgainForTheSameHead() throws TkaException {
    device.meanwhile =
        () -> {
          clock.advance(Duration.ofDays(1));
          LiveAuthority.open(store, AdmissionPolicy.CONTROL, clock).noteTime();
        };

    live.edit(device, builder -> builder.addKey(TestKeys.key(4, 1)));

    assertThat(device.asked).isEqualTo(1);
    assertThat(keys()).hasSize(4);
  }

  @Test
  void whatAnotherWriterDidOtherwiseIsRefused() {
    meanwhile(builder -> builder.addKey(TestKeys.key(4, 2)));
    assertOvertaken(builder -> builder.addKey(TestKeys.key(4, 1)), "votes=2");
    meanwhile(builder -> builder.removeKey(TestKeys.id(3)));
    assertOvertaken(builder -> builder.setVotes(TestKeys.id(3), 2), "not trusted");
    meanwhile(builder -> builder.setVotes(TestKeys.id(4), 9));
    assertOvertaken(builder -> builder.setVotes(TestKeys.id(4), 8), "votes=9");
    meanwhile(builder -> builder.setMeta(TestKeys.id(4), Map.of("name", "x")));
    assertOvertaken(builder -> builder.setMeta(TestKeys.id(4), Map.of("name", "y")), "metadata");
  }

  private void assertOvertaken(Edit edit, String found) {
    assertThatThrownBy(() -> live.edit(device, edit))
        .isInstanceOf(BuildException.Overtaken.class)
        .hasMessageContaining("another writer changed the key in the meantime")
        .hasMessageContaining(found);
  }

  @Test
  void aSignerThatIsNoLongerTrustedIsRefused() {
    meanwhile(builder -> builder.removeKey(TestKeys.id(1)));

    assertThatThrownBy(() -> live.edit(device, builder -> builder.addKey(TestKeys.key(4, 1))))
        .isInstanceOf(BuildException.UntrustedSigner.class);
  }

  @Test
  void anEditWithoutPatienceFailsWhenAnotherWriterIsFirst() throws TkaException {
    meanwhile(builder -> builder.addKey(TestKeys.key(4, 1)));
    Editing steps =
        live.editing(device, builder -> builder.addKey(TestKeys.key(5, 1)), Duration.ZERO);
    List<Aum> built = steps.build().updates();

    assertThatThrownBy(steps::store).isInstanceOf(StoreException.Conflict.class);
    assertThat(built).hasSize(1);
    assertThat(keys()).doesNotContain(TestKeys.key(5, 1));
  }
}
