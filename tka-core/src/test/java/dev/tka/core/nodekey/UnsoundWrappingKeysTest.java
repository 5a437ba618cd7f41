package dev.tka.core.nodekey;

import static dev.tka.testkit.NodeKeySignatures.nesting;
import static dev.tka.testkit.NodeKeySignatures.nodeKey;
import static dev.tka.testkit.NodeKeySignatures.pubkey;
import static dev.tka.testkit.NodeKeySignatures.trusting;
import static dev.tka.testkit.NodeKeySignatures.unsigned;
import static dev.tka.testkit.NodeKeySignatures.withSignature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * Service, section 8: no node-key signature is made for a rotation or wrapping key that anybody can
 * sign for, or that never can, nor under one; what others made verifies as before. Key 1 is
 * trusted.
 */
class UnsoundWrappingKeysTest {
  private static final Signer TRUSTED = TestKeys.privateKey(1);

  private static void assertRefused(String role, LockPublicKey weak, ThrowingCallable attempt) {
    KeyDefect defect = KeyDefect.of(weak.bytes()).orElseThrow();
    assertThatExceptionOfType(UnsoundKeyException.class)
        .isThrownBy(attempt)
        .withMessage(role + " " + weak + ": " + defect.reason())
        .satisfies(
            e -> {
              assertThat(e.key()).isEqualTo(weak);
              assertThat(e.defect()).isEqualTo(defect);
            });
  }

  /** A direct signature as another implementation makes it. */
  private static NodeKeySignature direct(LockPublicKey wrapping) {
    return NodeKeySignatures.sign(
        unsigned(NodeKeySignature.DIRECT, pubkey(1), TestKeys.id(1), wrapping.bytes()), 1);
  }

  /** A rotation that nobody made, to a node key and a wrapping key of anybody's choice. */
  private static NodeKeySignature forged(NodeKeySignature nested, int nodeKey, Bytes wrapping) {
    return withSignature(
        nesting(
            unsigned(NodeKeySignature.ROTATION, pubkey(nodeKey), Bytes.empty(), wrapping), nested),
        WeakKeys.CONSTANT_SIGNATURE);
  }

  @Test
  void noneIsNamed() {
    for (LockPublicKey weak : WeakKeys.all()) {
      assertRefused(
          "rotation key",
          weak,
          () -> NodeKeySigning.direct(nodeKey(1), Optional.of(weak), TRUSTED));
      assertRefused("wrapping key", weak, () -> NodeKeySigning.credential(weak, TRUSTED));
    }
  }

  @Test
  void nothingIsRotatedUnderOne() {
    for (LockPublicKey weak : WeakKeys.all()) {
      assertRefused(
          "wrapping key",
          weak,
          () -> NodeKeySigning.rotate(direct(weak), nodeKey(2), WeakKeys.signer(weak)));
      NodeKeySignature credential =
          NodeKeySignatures.sign(
              unsigned(NodeKeySignature.CREDENTIAL, Bytes.empty(), TestKeys.id(1), weak.bytes()),
              1);
      assertRefused(
          "wrapping key",
          weak,
          () -> NodeKeySigning.fromCredential(credential, nodeKey(2), WeakKeys.signer(weak)));
      // Nor over a layer that anybody could make, by a key that is sound.
      NodeKeySignature handedOver = forged(direct(weak), 2, TestKeys.id(11));
      assertRefused(
          "wrapping key",
          weak,
          () -> NodeKeySigning.rotate(handedOver, nodeKey(3), TestKeys.privateKey(11)));
    }
  }

  @Test
  void whatNobodySignedIsAuthorizedAsBefore() {
    NodeKeySignature stranger = forged(direct(WeakKeys.IDENTITY), 66, Bytes.empty());

    assertThat(NodeKeyAuthorization.of(trusting(1), nodeKey(66), stranger.encoded()))
        .isInstanceOf(NodeKeyAuthorization.Authorized.class);
    for (LockPublicKey weak : WeakKeys.all()) {
      assertThat(NodeKeyAuthorization.of(trusting(1), nodeKey(1), direct(weak).encoded()))
          .isInstanceOf(NodeKeyAuthorization.Authorized.class);
    }
  }
}
