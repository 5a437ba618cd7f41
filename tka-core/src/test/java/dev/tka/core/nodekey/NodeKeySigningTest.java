package dev.tka.core.nodekey;

import static dev.tka.testkit.NodeKeySignatures.credential;
import static dev.tka.testkit.NodeKeySignatures.direct;
import static dev.tka.testkit.NodeKeySignatures.nesting;
import static dev.tka.testkit.NodeKeySignatures.nodeKey;
import static dev.tka.testkit.NodeKeySignatures.rotation;
import static dev.tka.testkit.NodeKeySignatures.rotationTo;
import static dev.tka.testkit.NodeKeySignatures.spoil;
import static dev.tka.testkit.NodeKeySignatures.trusting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization.Authorized;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Protocol, section 7, signing and re-signing. Key 1 is trusted; 11, 12 and 13 are wrapping keys. A
 * chain is written as its node keys.
 */
class NodeKeySigningTest {
  private static final Authority AUTHORITY = trusting(1);

  private static Signer key(int number) {
    return TestKeys.privateKey(number);
  }

  private static Authorized authorized(int nodeKey, NodeKeySignature signature) {
    NodeKeyAuthorization verdict =
        NodeKeyAuthorization.of(AUTHORITY, nodeKey(nodeKey), signature.encoded());
    assertThat(verdict).isInstanceOf(Authorized.class);
    return (Authorized) verdict;
  }

  private static List<NodeKey> previous(int nodeKey, NodeKeySignature signature) {
    return authorized(nodeKey, signature).rotation().orElseThrow().previousNodeKeys();
  }

  private static List<NodeKey> nodeKeys(IntStream numbers) {
    return numbers.mapToObj(number -> nodeKey(number)).toList();
  }

  /** From one number down to another, both included. */
  private static List<NodeKey> down(int from, int to) {
    return nodeKeys(IntStream.rangeClosed(to, from).map(i -> from + to - i));
  }

  private static NodeKeySignature rotate(NodeKeySignature old, int from, int to, int wrapping)
      throws TkaException {
    NodeKeySignature chain = old;
    for (int nodeKey = from; nodeKey <= to; nodeKey++) {
      chain = NodeKeySigning.rotate(chain, nodeKey(nodeKey), key(wrapping));
    }
    return chain;
  }

  @Test
  void directIsAsPutTogetherByHand() throws TkaException {
    assertThat(NodeKeySigning.direct(nodeKey(5), Optional.of(TestKeys.publicKey(11)), key(1)))
        .isEqualTo(direct(5, 1, 11));
    assertThat(NodeKeySigning.direct(nodeKey(5), Optional.empty(), key(1))).isEqualTo(direct(5, 1));
  }

  @Test
  void credentialLetsItsWrappingKeySignNodeKeys() throws TkaException {
    NodeKeySignature credential = NodeKeySigning.credential(TestKeys.publicKey(11), key(1));
    NodeKeySignature made = NodeKeySigning.fromCredential(credential, nodeKey(5), key(11));

    assertThat(credential).isEqualTo(credential(1, 11));
    assertThat(made).isEqualTo(rotation(credential, 5, 11));
    assertThat(authorized(5, made).rotation().orElseThrow().initial()).isEqualTo(credential);
  }

  @Test
  void onlyCredentialIsTakenForOne() {
    assertThatExceptionOfType(RotationException.NotACredential.class)
        .isThrownBy(() -> NodeKeySigning.fromCredential(direct(1, 1, 11), nodeKey(5), key(11)))
        .withMessage("wrapped signature: expected a credential, found kind direct");
  }

  @Test
  void credentialThatDoesNotVerifyIsRefused() {
    assertThatExceptionOfType(RotationException.NeverVerifies.class)
        .isThrownBy(
            () -> NodeKeySigning.fromCredential(spoil(credential(1, 11), 0), nodeKey(5), key(11)))
        .satisfies(
            refused ->
                assertThat(refused.denied())
                    .isEqualTo(new NodeKeyAuthorization.InvalidSignature(1, TestKeys.id(1))));
  }

  @Test
  void sameNodeKeyIsNotSignedAgain() throws TkaException {
    NodeKeySignature direct = direct(1, 1, 11);
    NodeKeySignature rotated = rotation(direct, 2, 11);

    assertThat(NodeKeySigning.rotate(direct, nodeKey(1), key(11))).isSameAs(direct);
    assertThat(NodeKeySigning.rotate(rotated, nodeKey(2), key(11))).isSameAs(rotated);
    assertThatExceptionOfType(RotationException.NeverVerifies.class)
        .isThrownBy(() -> NodeKeySigning.rotate(spoil(rotated, 1), nodeKey(2), key(11)));
  }

  @Test
  void zeroNodeKeyIsRefused() {
    NodeKey zero = new NodeKey(Bytes.copyOf(new byte[NodeKey.SIZE]));

    assertThatExceptionOfType(RotationException.NoNodeKey.class)
        .isThrownBy(() -> NodeKeySigning.rotate(direct(1, 1, 11), zero, key(11)));
  }

  @Test
  void onlyTheWrappingKeyRotates() {
    assertThatExceptionOfType(RotationException.OtherWrappingKey.class)
        .isThrownBy(() -> NodeKeySigning.rotate(direct(1, 1, 11), nodeKey(2), key(12)))
        .withMessage(
            "rotation: expected to be signed by %s, found %s",
            TestKeys.publicKey(11), TestKeys.publicKey(12));
    assertThatExceptionOfType(RotationException.OtherWrappingKey.class)
        .isThrownBy(() -> NodeKeySigning.rotate(direct(1, 1), nodeKey(2), key(11)))
        .withMessageContaining("names no key for that");
  }

  @Test
  void aSignatureThatWouldNotVerifyIsRefused() {
    NodeKeySignature unsigned =
        new NodeKeySignature(
            NodeKeySignature.DIRECT,
            direct(1, 1).pubkey(),
            TestKeys.id(1),
            Bytes.empty(),
            Optional.empty(),
            TestKeys.id(11));

    assertThatExceptionOfType(RotationException.NeverVerifies.class)
        .isThrownBy(() -> NodeKeySigning.rotate(unsigned, nodeKey(2), key(11)))
        .withMessageStartingWith("rotation: no node would accept it: layer 1: ");
  }

  @Test
  void signerThatSignsWronglyIsFoundOut() {
    Signer broken =
        new Signer() {
          @Override
          public LockPublicKey publicKey() {
            return TestKeys.publicKey(1);
          }

          @Override
          public Bytes sign(Bytes sigHash) {
            return TestKeys.signature(2, sigHash);
          }
        };

    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(() -> NodeKeySigning.direct(nodeKey(1), Optional.empty(), broken));
    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(() -> NodeKeySigning.credential(TestKeys.publicKey(11), broken));
  }

  @Test
  void originalAndTheNewestFourteenStay() throws TkaException {
    NodeKeySignature full = rotate(direct(1, 1, 11), 2, 16, 11);
    NodeKeySignature shortened = rotate(full, 17, 17, 11);
    NodeKeySignature again = rotate(shortened, 18, 18, 11);

    assertThat(previous(16, full)).isEqualTo(down(15, 1));
    List<NodeKey> newest = new ArrayList<>(down(16, 3));
    newest.add(nodeKey(1));
    assertThat(previous(17, shortened)).isEqualTo(newest);
    newest = new ArrayList<>(down(17, 4));
    newest.add(nodeKey(1));
    assertThat(previous(18, again)).isEqualTo(newest);
    assertThat(again.layers()).hasSize(16);
    assertThat(again.layers().get(15)).isEqualTo(direct(1, 1, 11));
  }

  /** The reference counts node keys, of which a credential has none. */
  @Test
  void levelsAreCountedSoThatChainsFromCredentialsAreShortenedToo() throws TkaException {
    NodeKeySignature full = rotate(credential(1, 11), 1, 15, 11);
    NodeKeySignature shortened = rotate(full, 16, 40, 11);

    assertThat(previous(15, full)).isEqualTo(down(14, 1));
    assertThat(previous(40, shortened)).isEqualTo(down(39, 26));
    assertThat(shortened.layers()).hasSize(16);
    assertThat(shortened.layers().get(15)).isEqualTo(credential(1, 11));
  }

  /** What the reference makes here does not verify: the layer that hands over loses its key. */
  @Test
  void handOverToThisKeyIsKeptWhenShortening() throws TkaException {
    NodeKeySignature handOver = rotationTo(rotation(direct(1, 1, 11), 2, 11), 3, 11, 12);
    NodeKeySignature shortened = rotate(handOver, 4, 40, 12);

    List<NodeKey> newest = new ArrayList<>(down(39, 28));
    newest.addAll(down(3, 1));
    assertThat(previous(40, shortened)).isEqualTo(newest);
    assertThat(shortened.layers()).hasSize(16);
    assertThat(shortened.layers().get(13)).isEqualTo(handOver);
  }

  /** Layers that came back to this key do not have to stay. */
  @Test
  void shorteningGoesDownToWhereThisKeyIsFirstNamed() throws TkaException {
    NodeKeySignature back = rotationTo(rotationTo(direct(1, 1, 11), 2, 11, 12), 3, 12, 11);
    NodeKeySignature shortened = rotate(back, 4, 40, 11);

    List<NodeKey> newest = new ArrayList<>(down(39, 26));
    newest.add(nodeKey(1));
    assertThat(previous(40, shortened)).isEqualTo(newest);
  }

  @Test
  void chainThatWasHandedOverTooFarOutIsRefused() throws TkaException {
    NodeKeySignature fifteen = rotate(direct(1, 1, 11), 2, 15, 11);
    NodeKeySignature atTheTop = rotationTo(fifteen, 16, 11, 12);

    assertThatExceptionOfType(RotationException.TooManyLayers.class)
        .isThrownBy(() -> NodeKeySigning.rotate(atTheTop, nodeKey(17), key(12)))
        .withMessageContaining("16 layers");
    assertThat(previous(17, rotate(fifteen, 17, 17, 11))).hasSize(15);
  }

  /** Without the newest node key in the nest, the new signature would tie with the old one. */
  @Test
  void chainWithoutRoomForTheNewestNodeKeyIsRefused() throws TkaException {
    NodeKeySignature fourteen = rotate(direct(1, 1, 11), 2, 14, 11);
    NodeKeySignature noRoom =
        NodeKeySigning.rotate(rotationTo(fourteen, 15, 11, 12), nodeKey(16), key(12));
    NodeKeySignature thirteen = rotate(direct(1, 1, 11), 2, 13, 11);
    NodeKeySignature room = rotate(rotationTo(thirteen, 14, 11, 12), 15, 16, 12);

    assertThat(noRoom.layers()).hasSize(16);
    assertThatExceptionOfType(RotationException.TooManyLayers.class)
        .isThrownBy(() -> NodeKeySigning.rotate(noRoom, nodeKey(17), key(12)));
    List<NodeKey> newest = new ArrayList<>(List.of(nodeKey(16)));
    newest.addAll(down(14, 1));
    assertThat(previous(17, rotate(room, 17, 17, 12))).isEqualTo(newest);
  }

  /** A lying control could else get node keys declared obsolete that were never this node's. */
  @Test
  void layersThatDoNotVerifyAreNotSignedAnew() throws TkaException {
    NodeKeySignature full = rotate(direct(1, 1, 11), 2, 16, 11);
    List<NodeKeySignature> layers = full.layers();
    // Somebody without the wrapping key puts another's node key in place of the eighth.
    NodeKeySignature madeUp = rotation(layers.get(8), 99, 13);
    for (int layer = 6; layer >= 0; layer--) {
      madeUp = nesting(layers.get(layer), madeUp);
    }
    NodeKeySignature old = madeUp;

    assertThatExceptionOfType(RotationException.NeverVerifies.class)
        .isThrownBy(() -> NodeKeySigning.rotate(old, nodeKey(17), key(11)))
        .satisfies(
            refused ->
                assertThat(refused.denied())
                    .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(11))));
  }

  @Test
  void trustInTheSignerIsNotChecked() throws TkaException {
    NodeKeySignature stranger = NodeKeySigning.rotate(direct(1, 3, 11), nodeKey(2), key(11));

    assertThat(NodeKeyAuthorization.of(AUTHORITY, nodeKey(2), stranger.encoded()))
        .isEqualTo(new NodeKeyAuthorization.UntrustedKey(1, TestKeys.id(3)));
    assertThat(NodeKeyAuthorization.of(trusting(3), nodeKey(2), stranger.encoded()))
        .isInstanceOf(Authorized.class);
  }
}
