package dev.tka.core.nodekey;

import static dev.tka.testkit.NodeKeySignatures.credential;
import static dev.tka.testkit.NodeKeySignatures.direct;
import static dev.tka.testkit.NodeKeySignatures.nesting;
import static dev.tka.testkit.NodeKeySignatures.nodeKey;
import static dev.tka.testkit.NodeKeySignatures.pubkey;
import static dev.tka.testkit.NodeKeySignatures.rotation;
import static dev.tka.testkit.NodeKeySignatures.rotationTo;
import static dev.tka.testkit.NodeKeySignatures.sign;
import static dev.tka.testkit.NodeKeySignatures.spoil;
import static dev.tka.testkit.NodeKeySignatures.trusting;
import static dev.tka.testkit.NodeKeySignatures.unsigned;
import static dev.tka.testkit.NodeKeySignatures.withSignature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.NodeKeyAuthorization.Authorized;
import dev.tka.core.nodekey.NodeKeyAuthorization.Denied;
import dev.tka.core.nodekey.NodeKeyAuthorization.Rotation;
import dev.tka.core.store.AumStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.DamagedStore;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Protocol, section 7, "To authorize node key K", rule by rule: every denial, at its layer. Keys 1
 * and 2 are trusted, 3 is not; 11, 12 and 13 are wrapping keys.
 */
class NodeKeyAuthorizationTest {
  private static final Authority AUTHORITY = trusting(1, 2);

  private static NodeKeyAuthorization authorize(int nodeKey, NodeKeySignature signature) {
    return NodeKeyAuthorization.of(AUTHORITY, nodeKey(nodeKey), signature.encoded());
  }

  private static Bytes bytes(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 0x5a);
    return Bytes.copyOf(bytes);
  }

  private static NodeKeySignature directWrapping(Bytes wrapping) {
    return sign(unsigned(NodeKeySignature.DIRECT, pubkey(1), TestKeys.id(1), wrapping), 1);
  }

  /** Node keys 1 to 4, the newest outermost; the wrapping key of all is 11. */
  private static NodeKeySignature fourLayers() {
    return rotation(rotation(rotation(direct(1, 1, 11), 2, 11), 3, 11), 4, 11);
  }

  @Test
  void directSignatureOfTrustedKeyAuthorizesItsNodeKey() {
    assertThat(authorize(5, direct(5, 2)))
        .isEqualTo(new Authorized(TestKeys.id(2), Optional.empty()));
  }

  @Test
  void noSignatureAuthorizesNothing() {
    assertThat(NodeKeyAuthorization.of(AUTHORITY, nodeKey(1), Bytes.empty()))
        .isEqualTo(new NodeKeyAuthorization.Unsigned());
  }

  @Test
  void bytesThatAreNoSignatureAreNotRead() {
    byte[] good = direct(1, 1).encoded().toByteArray();
    Bytes trailing = Bytes.copyOf(Arrays.copyOf(good, good.length + 1));

    assertThat(NodeKeyAuthorization.of(AUTHORITY, nodeKey(1), trailing))
        .isInstanceOfSatisfying(
            NodeKeyAuthorization.Undecodable.class,
            denied -> {
              assertThat(denied.layer()).isZero();
              assertThat(denied.reason())
                  .startsWith("the signature cannot be read: byte " + good.length);
            });
  }

  @Test
  void degradedAuthorityAuthorizesNobody() throws Exception {
    List<Aum> aums = new ArrayList<>(List.of(Chains.genesis(List.of(TestKeys.key(1, 1)), 1)));
    Aum lost = Chains.noOp(aums.get(0), "lost", 1);
    AumStore damaged = new DamagedStore(TestStores.holding(aums).read(), lost.hash());
    LiveAuthority authority =
        LiveAuthority.open(damaged, AdmissionPolicy.REFERENCE, new FakeClock());
    Bytes signature = direct(1, 1).encoded();

    assertThat(NodeKeyAuthorization.of(authority.current(), nodeKey(1), signature))
        .isEqualTo(new NodeKeyAuthorization.Degraded());

    authority.inform(List.of(lost));
    assertThat(NodeKeyAuthorization.of(authority.current(), nodeKey(1), signature))
        .isInstanceOf(Authorized.class);
  }

  @Test
  void credentialAuthorizesNoNodeByItself() {
    NodeKeySignature withNodeKey =
        sign(unsigned(NodeKeySignature.CREDENTIAL, pubkey(1), TestKeys.id(1), TestKeys.id(11)), 1);

    assertThat(authorize(1, credential(1, 11)))
        .isEqualTo(new NodeKeyAuthorization.CredentialAlone());
    assertThat(authorize(1, withNodeKey)).isEqualTo(new NodeKeyAuthorization.CredentialAlone());
  }

  @Test
  void innermostMustNameItsKey() {
    NodeKeySignature nameless =
        sign(unsigned(NodeKeySignature.DIRECT, pubkey(1), Bytes.empty(), TestKeys.id(11)), 1);

    assertThat(authorize(1, nameless)).isEqualTo(new NodeKeyAuthorization.NamesNoKey(0));
    assertThat(authorize(2, rotation(nameless, 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.NamesNoKey(1));
  }

  @Test
  void keyOfTheInnermostMustBeTrusted() {
    assertThat(authorize(1, direct(1, 3)))
        .isEqualTo(new NodeKeyAuthorization.UntrustedKey(0, TestKeys.id(3)));
    assertThat(authorize(3, rotation(rotation(direct(1, 3, 11), 2, 11), 3, 11)))
        .isEqualTo(new NodeKeyAuthorization.UntrustedKey(2, TestKeys.id(3)));
    assertThat(authorize(2, rotation(credential(3, 11), 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.UntrustedKey(1, TestKeys.id(3)));
  }

  @Test
  void untrustedKeyIsFoundUnderTheRotationsWhateverIsNestedBelow() {
    NodeKeySignature nests =
        sign(
            nesting(
                unsigned(NodeKeySignature.DIRECT, pubkey(1), TestKeys.id(3), TestKeys.id(11)),
                direct(9, 1)),
            3);

    assertThat(authorize(2, rotation(nests, 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.UntrustedKey(1, TestKeys.id(3)));
  }

  @Test
  void trustIsAskedBeforeAnySignatureIsChecked() {
    assertThat(authorize(2, spoil(rotation(direct(1, 3, 11), 2, 11), 0)))
        .isEqualTo(new NodeKeyAuthorization.UntrustedKey(1, TestKeys.id(3)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, 100, 255})
  void otherKindsAreRefused(int kind) {
    NodeKeySignature unknown = sign(unsigned(kind, pubkey(1), TestKeys.id(1), TestKeys.id(11)), 1);

    assertThat(authorize(1, unknown)).isEqualTo(new NodeKeyAuthorization.UnknownKind(0, kind));
    assertThat(authorize(3, rotation(rotation(unknown, 2, 11), 3, 11)))
        .isEqualTo(new NodeKeyAuthorization.UnknownKind(2, kind));
  }

  @Test
  void directAndCredentialNestNothing() {
    NodeKeySignature directNests =
        sign(
            nesting(
                unsigned(NodeKeySignature.DIRECT, pubkey(1), TestKeys.id(1), TestKeys.id(11)),
                direct(9, 1)),
            1);
    NodeKeySignature credentialNests =
        sign(
            nesting(
                unsigned(
                    NodeKeySignature.CREDENTIAL, Bytes.empty(), TestKeys.id(1), TestKeys.id(11)),
                direct(9, 1)),
            1);

    assertThat(authorize(1, directNests))
        .isEqualTo(new NodeKeyAuthorization.NestsAnother(0, "direct"));
    assertThat(authorize(2, rotation(directNests, 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.NestsAnother(1, "direct"));
    assertThat(authorize(2, rotation(credentialNests, 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.NestsAnother(1, "credential"));
  }

  @Test
  void rotationNestsWhatItRotates() {
    NodeKeySignature empty =
        sign(unsigned(NodeKeySignature.ROTATION, pubkey(1), TestKeys.id(1), TestKeys.id(11)), 11);

    assertThat(authorize(1, empty)).isEqualTo(new NodeKeyAuthorization.NestsNothing(0));
    assertThat(authorize(2, rotation(empty, 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.NestsNothing(1));
  }

  @Test
  void outerSignatureIsForTheNodeKey() {
    NodeKeySignature misshapen =
        sign(unsigned(NodeKeySignature.DIRECT, bytes(33), TestKeys.id(1), Bytes.empty()), 1);
    NodeKeySignature none =
        sign(unsigned(NodeKeySignature.DIRECT, Bytes.empty(), TestKeys.id(1), Bytes.empty()), 1);

    assertThat(authorize(2, direct(1, 1)))
        .isEqualTo(new NodeKeyAuthorization.OtherNodeKey(0, nodeKey(2), pubkey(1)));
    assertThat(authorize(3, fourLayers()))
        .isEqualTo(new NodeKeyAuthorization.OtherNodeKey(0, nodeKey(3), pubkey(4)));
    assertThat(authorize(1, misshapen))
        .isEqualTo(new NodeKeyAuthorization.OtherNodeKey(0, nodeKey(1), bytes(33)));
    assertThat(authorize(1, none))
        .isEqualTo(new NodeKeyAuthorization.OtherNodeKey(0, nodeKey(1), Bytes.empty()));
  }

  @Test
  void nestedNodeKeysHaveTheirForm() {
    for (Bytes wrong : List.of(Bytes.empty(), bytes(33), bytes(34), nodeKey(1).bytes())) {
      NodeKeySignature nested =
          sign(unsigned(NodeKeySignature.DIRECT, wrong, TestKeys.id(1), TestKeys.id(11)), 1);
      NodeKeySignature middle =
          sign(
              nesting(
                  unsigned(NodeKeySignature.ROTATION, wrong, Bytes.empty(), Bytes.empty()),
                  direct(1, 1, 11)),
              11);

      assertThat(authorize(2, rotation(nested, 2, 11)))
          .isEqualTo(new NodeKeyAuthorization.MalformedNodeKey(1, wrong));
      assertThat(authorize(2, rotation(middle, 2, 11)))
          .isEqualTo(new NodeKeyAuthorization.MalformedNodeKey(1, wrong));
    }
  }

  @Test
  void nodeKeyOfNestedCredentialIsWellFormedOrAbsent() {
    NodeKeySignature malformed =
        sign(unsigned(NodeKeySignature.CREDENTIAL, bytes(34), TestKeys.id(1), TestKeys.id(11)), 1);
    NodeKeySignature wellFormed =
        sign(unsigned(NodeKeySignature.CREDENTIAL, pubkey(1), TestKeys.id(1), TestKeys.id(11)), 1);

    assertThat(authorize(2, rotation(malformed, 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.MalformedNodeKey(1, bytes(34)));
    assertThat(authorize(2, rotation(wellFormed, 2, 11)))
        .isEqualTo(
            new Authorized(
                TestKeys.id(1), Optional.of(new Rotation(List.of(nodeKey(1)), wellFormed))));
    assertThat(authorize(2, rotation(credential(1, 11), 2, 11)))
        .isEqualTo(
            new Authorized(
                TestKeys.id(1), Optional.of(new Rotation(List.of(), credential(1, 11)))));
  }

  @Test
  void rotationTellsPreviousNodeKeysNewestFirstAndWhatItBeganWith() {
    assertThat(authorize(4, fourLayers()))
        .isEqualTo(
            new Authorized(
                TestKeys.id(1),
                Optional.of(
                    new Rotation(List.of(nodeKey(3), nodeKey(2), nodeKey(1)), direct(1, 1, 11)))));
  }

  @Test
  void invalidSignatureIsNamedAtItsLayer() {
    for (int layer = 0; layer < 4; layer++) {
      NodeKeySignature chain = fourLayers();
      // What is outside the spoilt layer is signed again, so that only it is wrong.
      List<NodeKeySignature> layers = chain.layers();
      NodeKeySignature rebuilt = spoil(layers.get(layer), 0);
      for (int outer = layer - 1; outer >= 0; outer--) {
        rebuilt = sign(nesting(layers.get(outer), rebuilt), 11);
      }

      assertThat(authorize(4, rebuilt))
          .isEqualTo(
              new NodeKeyAuthorization.InvalidSignature(layer, TestKeys.id(layer == 3 ? 1 : 11)));
    }
  }

  @Test
  void rotationOfSpoiltNestFailsOutsideFirst() {
    assertThat(authorize(4, spoil(fourLayers(), 2)))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(11)));
  }

  @Test
  void signaturesOfOtherTrustedKeysDoNotCount() {
    assertThat(authorize(1, sign(direct(1, 1), 2)))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(1)));
    assertThat(authorize(2, rotation(direct(1, 1, 11), 2, 1)))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(11)));
  }

  @Test
  void rotationNeedsWrappingKeyBelowIt() {
    NodeKeySignature ownOnly = rotationTo(direct(1, 1), 2, 11, 11);

    assertThat(authorize(2, rotation(direct(1, 1), 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.NoWrappingKey(0));
    assertThat(authorize(2, ownOnly)).isEqualTo(new NodeKeyAuthorization.NoWrappingKey(0));
    assertThat(authorize(3, rotation(ownOnly, 3, 11)))
        .isEqualTo(new NodeKeyAuthorization.NoWrappingKey(1));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 31, 33, 64})
  void lengthOfWrappingKeyIsCheckedWhereItIsUsed(int size) {
    NodeKeySignature outer =
        sign(
            nesting(
                unsigned(NodeKeySignature.ROTATION, pubkey(2), Bytes.empty(), bytes(size)),
                direct(1, 1, 11)),
            11);

    assertThat(authorize(1, directWrapping(bytes(size)))).isInstanceOf(Authorized.class);
    assertThat(authorize(2, outer)).isInstanceOf(Authorized.class);
    assertThat(authorize(2, rotation(directWrapping(bytes(size)), 2, 11)))
        .isEqualTo(new NodeKeyAuthorization.WrappingKeyLength(0, size));
    assertThat(authorize(3, rotation(outer, 3, 11)))
        .isEqualTo(new NodeKeyAuthorization.WrappingKeyLength(0, size));
  }

  @Test
  void wrappingKeyIsHandedOverAndFoundBelowRotationsThatLeaveItOut() {
    NodeKeySignature handedOver = rotationTo(direct(1, 1, 11), 2, 11, 12);

    assertThat(authorize(3, rotation(handedOver, 3, 12))).isInstanceOf(Authorized.class);
    assertThat(authorize(4, rotation(rotation(handedOver, 3, 12), 4, 12)))
        .isInstanceOf(Authorized.class);
    assertThat(authorize(3, rotation(handedOver, 3, 11)))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(12)));
    assertThat(authorize(2, rotationTo(direct(1, 1, 11), 2, 12, 12)))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(11)));
  }

  @Test
  void keyIdOfRotationIsIgnored() {
    NodeKeySignature named =
        sign(
            nesting(
                unsigned(NodeKeySignature.ROTATION, pubkey(2), TestKeys.id(3), Bytes.empty()),
                direct(1, 1, 11)),
            11);

    assertThat(authorize(2, named))
        .isInstanceOfSatisfying(
            Authorized.class,
            authorized -> assertThat(authorized.keyId()).isEqualTo(TestKeys.id(1)));
  }

  @Test
  void sixteenLayersAreReadAndSeventeenCannotBe() {
    NodeKeySignature chain = direct(0, 1, 11);
    for (int nodeKey = 1; nodeKey < NodeKeySignature.MAX_LAYERS; nodeKey++) {
      chain = rotation(chain, nodeKey, 11);
    }

    assertThat(chain.layers()).hasSize(16);
    assertThat(authorize(15, chain)).isInstanceOf(Authorized.class);
    NodeKeySignature full = chain;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rotation(full, 16, 11))
        .withMessageContaining("16");
  }

  /**
   * The two rules of Ed25519 differ in signatures whose R has a part of small order: with the
   * neutral point as key, R of order two and S zero are such a signature of anything.
   */
  @Test
  void directAndCredentialAreCofactoredAndRotationIsNot() throws TkaException {
    Bytes neutral = Bytes.parseHex("01" + "00".repeat(31));
    Bytes cofactoredOnly = Bytes.parseHex("ec" + "ff".repeat(30) + "7f" + "00".repeat(32));
    Authority authority =
        Authority.open(
            TestStores.holding(
                List.of(
                    Chains.genesis(
                        List.of(TestKeys.key(1, 1), Key.of(new LockPublicKey(neutral), 1)), 1))));
    NodeKeySignature direct =
        withSignature(
            unsigned(NodeKeySignature.DIRECT, pubkey(1), neutral, Bytes.empty()), cofactoredOnly);
    NodeKeySignature credential =
        withSignature(
            unsigned(NodeKeySignature.CREDENTIAL, Bytes.empty(), neutral, TestKeys.id(11)),
            cofactoredOnly);
    NodeKeySignature rotation =
        withSignature(rotation(directWrapping(neutral), 2, 11), cofactoredOnly);

    assertThat(NodeKeyAuthorization.of(authority, nodeKey(1), direct.encoded()))
        .isInstanceOf(Authorized.class);
    assertThat(
            NodeKeyAuthorization.of(authority, nodeKey(2), rotation(credential, 2, 11).encoded()))
        .isInstanceOf(Authorized.class);
    assertThat(NodeKeyAuthorization.of(authority, nodeKey(2), rotation.encoded()))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, neutral));
  }

  @Test
  void reasonsAreSentencesForPeople() {
    Denied untrusted = (Denied) authorize(1, direct(1, 3));
    Denied other = (Denied) authorize(2, direct(1, 1));
    Denied none = (Denied) authorize(2, rotation(direct(1, 1), 2, 11));

    assertThat(untrusted.reason())
        .isEqualTo("the key that it rests on is not trusted: " + TestKeys.publicKey(3));
    assertThat(other.reason())
        .isEqualTo("it is for another node key: expected " + nodeKey(2) + ", found " + nodeKey(1));
    assertThat(none.reason())
        .isEqualTo("what it rotates names no wrapping key, so that nobody may rotate it");
  }
}
