package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.Signer;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Protocol, sections 3 and 4: what an authority can begin with. */
class GenesisTest {
  private static final List<Key> KEYS = List.of(TestKeys.key(1, 2), TestKeys.key(2, 1));
  private static final Signer SIGNER = TestKeys.privateKey(1);

  private static List<Bytes> values(int count) {
    return IntStream.range(0, count).mapToObj(TestKeys::id).toList();
  }

  private static Aum create(List<Bytes> values, List<Key> keys, Signer signer) throws TkaException {
    return Genesis.create(State.of(values, keys, 3, 4), signer);
  }

  @Test
  void everyNodeBeginsWithWhatIsCreated() throws TkaException {
    Aum genesis = Genesis.create(values(2), KEYS, TestKeys.privateKey(2), new SecureRandom());

    Authority authority =
        LiveAuthority.bootstrap(
                new MemoryAumStore(),
                Aum.decode(genesis.encoded().toByteArray()),
                AdmissionPolicy.REFERENCE,
                new FakeClock())
            .current();

    assertThat(authority.state().keys()).isEqualTo(KEYS);
    assertThat(authority.state().disablementValues()).isEqualTo(values(2));
    assertThat(authority.head()).isEqualTo(genesis.hash());
    assertThat(genesis.parent()).isEmpty();
  }

  @Test
  void stateIdsAreDrawnAtRandomOrGiven() throws TkaException {
    SecureRandom random = new SecureRandom();
    State one = Genesis.create(values(1), KEYS, SIGNER, random).state().orElseThrow();
    State other = Genesis.create(values(1), KEYS, SIGNER, random).state().orElseThrow();
    State given = create(values(1), KEYS, SIGNER).state().orElseThrow();

    assertThat(one.stateId1()).isNotEqualTo(other.stateId1()).isNotEqualTo(one.stateId2());
    assertThat(one.stateId2()).isNotEqualTo(other.stateId2());
    assertThat(given.stateId1()).isEqualTo(3);
    assertThat(given.stateId2()).isEqualTo(4);
  }

  @Test
  void theStateOfAnotherAuthorityCanBegin() throws TkaException {
    State elsewhere = State.of(values(1), KEYS, 3, 4);
    Aum genesis = Genesis.create(elsewhere.standingAt(AumHash.of(new byte[32])), SIGNER);

    assertThat(genesis).isEqualTo(Genesis.create(elsewhere, SIGNER));
  }

  @Test
  void theSignerIsOneOfTheKeys() {
    assertThatThrownBy(() -> create(values(1), KEYS, TestKeys.privateKey(3)))
        .isInstanceOf(BuildException.UntrustedSigner.class)
        .hasMessage(
            "create authority: expected a signer that is trusted there, found %s",
            TestKeys.publicKey(3));
  }

  @Test
  void aGenesisThatNoPeerAcceptsIsRefusedByName() {
    assertRefused(values(1), List.of(), "keys: expected 1 to 512, found 0");
    assertRefused(values(0), KEYS, "disablement values: expected 1 to 32, found 0");
    assertRefused(values(33), KEYS, "disablement values: expected 1 to 32, found 33");
    assertRefused(
        List.of(TestKeys.id(1), TestKeys.id(1)), KEYS, "disablement values: expected no two equal");
    assertRefused(
        List.of(Bytes.copyOf(new byte[31])),
        KEYS,
        "disablement value: expected 32 bytes, found 31 bytes");
    assertRefused(
        values(1),
        List.of(TestKeys.key(1, 1), TestKeys.key(1, 2)),
        "keys: expected no two with one id");
    assertRefused(values(1), List.of(TestKeys.key(1, 0)), "key votes: expected 1 to 4096, found 0");
    assertRefused(
        values(1),
        IntStream.rangeClosed(1, 513).mapToObj(i -> TestKeys.key(i, 1)).toList(),
        "keys: expected 1 to 512, found 513");
  }

  private static void assertRefused(List<Bytes> values, List<Key> keys, String why) {
    assertThatThrownBy(() -> create(values, keys, SIGNER))
        .isInstanceOf(BuildException.Refused.class)
        .hasCauseInstanceOf(IllFormedException.class)
        .hasMessageStartingWith("create authority: " + why);
  }

  @Test
  void aKeyThatCouldNeverSignIsRefused() {
    Key ofThreeBytes = new Key(1, 1, Optional.of(Bytes.copyOf(new byte[3])), java.util.Map.of());

    assertThatThrownBy(() -> create(values(1), List.of(TestKeys.key(1, 1), ofThreeBytes), SIGNER))
        .isInstanceOf(BuildException.UnusableKey.class)
        .hasMessage("create authority: expected a public key of 32 bytes, found 3");
  }
}
