package dev.tka.core.nodekey;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Protocol, section 7, "Filtering peers", when keys go. */
class PeerForecastTest {
  private final Authority authority = authority();

  private static Authority authority() {
    try {
      return Authority.open(
          TestStores.holding(
              Chains.draw(List.of(TestKeys.key(1, 1), TestKeys.key(2, 1)), "A -> B").all()));
    } catch (TkaException e) {
      throw new AssertionError(e);
    }
  }

  private static NodeKey nodeKey(int number) {
    return new NodeKey(Bytes.copyOf(ByteBuffer.allocate(NodeKey.SIZE).putInt(number).array()));
  }

  private static NodeKeySignature direct(int number, int signer) throws TkaException {
    return NodeKeySigning.direct(
        nodeKey(number), Optional.of(TestKeys.publicKey(50)), TestKeys.privateKey(signer));
  }

  private static Peer peer(String id, int number, Bytes signature) {
    return new Peer(id, nodeKey(number), signature, false);
  }

  @Test
  void peersThatRestOnAKeyGoWithIt() throws Exception {
    NodeKeySignature rotated =
        NodeKeySigning.rotate(direct(4, 2), nodeKey(5), TestKeys.privateKey(50));
    PeerForecast forecast =
        PeerForecast.without(
            authority,
            Set.of(TestKeys.id(2), TestKeys.id(9)),
            List.of(
                peer("one", 1, direct(1, 1).encoded()),
                peer("two", 2, direct(2, 2).encoded()),
                peer("stranger", 3, direct(3, 9).encoded()),
                peer("rotated", 5, rotated.encoded()),
                peer("none", 6, Bytes.empty())));

    assertThat(forecast.losingTheirKey())
        .containsOnlyKeys("rotated", "two")
        .containsValue(TestKeys.id(2));
    assertThat(forecast.before().get("two")).isInstanceOf(PeerVerdict.Kept.class);
    assertThat(forecast.after().get("one")).isInstanceOf(PeerVerdict.Kept.class);
    assertThat(forecast.after().get("two"))
        .isEqualTo(
            new PeerVerdict.Unauthorized(new NodeKeyAuthorization.UntrustedKey(0, TestKeys.id(2))));
    assertThat(forecast.after().get("none")).isEqualTo(forecast.before().get("none"));
  }

  @Test
  void aPeerWhoseKeyWasRotatedComesBackWhenTheRotationLosesItsKey() throws Exception {
    NodeKeySignature old = direct(1, 2);
    NodeKeySignature rotated = NodeKeySigning.rotate(old, nodeKey(2), TestKeys.privateKey(50));
    List<Peer> peers =
        List.of(peer("before", 1, direct(1, 1).encoded()), peer("after", 2, rotated.encoded()));

    PeerForecast forecast = PeerForecast.without(authority, Set.of(TestKeys.id(2)), peers);

    assertThat(forecast.before().get("before")).isEqualTo(new PeerVerdict.Obsolete("after"));
    assertThat(forecast.after().get("before")).isInstanceOf(PeerVerdict.Kept.class);
    assertThat(forecast.losingTheirKey()).containsOnlyKeys("after");
  }
}
