package dev.tka.core.nodekey;

import static dev.tka.testkit.NodeKeySignatures.direct;
import static dev.tka.testkit.NodeKeySignatures.nodeKey;
import static dev.tka.testkit.NodeKeySignatures.pubkey;
import static dev.tka.testkit.NodeKeySignatures.rotation;
import static dev.tka.testkit.NodeKeySignatures.sign;
import static dev.tka.testkit.NodeKeySignatures.trusting;
import static dev.tka.testkit.NodeKeySignatures.unsigned;
import static dev.tka.testkit.NodeKeySignatures.withSignature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization.Denied;
import dev.tka.testkit.Cbor;
import dev.tka.testkit.TestKeys;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Signatures that somebody made to be a burden: each is denied with a short reason, in memory that
 * grows with the input.
 */
class HostileSignaturesTest {
  private static final int TEN_MEGABYTES = 10_000_000;
  private static final long ALLOCATED_PER_BYTE = 16;
  private static final long ALLOCATED_AT_LEAST = 1 << 20;

  private static final Authority AUTHORITY = trusting(1);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static Denied deny(Bytes signature) {
    return deny(signature, 1);
  }

  /** Denies a signature of node key 1 or 2, and looks at what that took. */
  private static Denied deny(Bytes signature, int layersThatVerify) {
    NodeKey nodeKey = nodeKey(layersThatVerify);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    NodeKeyAuthorization verdict = NodeKeyAuthorization.of(AUTHORITY, nodeKey, signature);
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;

    assertThat(verdict).isInstanceOf(Denied.class);
    Denied denied = (Denied) verdict;
    assertThat(denied.reason()).hasSizeLessThan(400).matches("[ -~]+");
    assertThat(allocated)
        .as("allocated for %d bytes", signature.size())
        .isLessThan(ALLOCATED_PER_BYTE * layersThatVerify * signature.size() + ALLOCATED_AT_LEAST);
    return denied;
  }

  private static Bytes huge() {
    byte[] bytes = new byte[TEN_MEGABYTES];
    Arrays.fill(bytes, (byte) 0x5a);
    return Bytes.copyOf(bytes);
  }

  @ParameterizedTest
  @ValueSource(ints = {17, 10_000, 1_000_000})
  void deepNestIsLeftAtTheSeventeenthLevel(int levels) {
    Cbor nest = new Cbor();
    for (int i = 1; i < levels; i++) {
      nest.map(2).uint(1).uint(NodeKeySignature.ROTATION).uint(5);
    }
    nest.map(1).uint(1).uint(NodeKeySignature.DIRECT);

    assertThat(deny(Bytes.copyOf(nest.toByteArray())))
        .isInstanceOf(NodeKeyAuthorization.Undecodable.class)
        .satisfies(
            denied ->
                assertThat(denied.reason())
                    .contains("levels of nesting")
                    .contains(Integer.toString(NodeKeySignature.MAX_LAYERS)));
  }

  @Test
  void signatureOfTenMegabytesDoesNotVerify() {
    assertThat(deny(withSignature(direct(1, 1), huge()).encoded()))
        .isEqualTo(new NodeKeyAuthorization.InvalidSignature(0, TestKeys.id(1)));
  }

  @Test
  void otherFieldsOfTenMegabytesAreDeniedInFewWords() {
    assertThat(
            deny(
                sign(unsigned(NodeKeySignature.DIRECT, huge(), TestKeys.id(1), Bytes.empty()), 1)
                    .encoded()))
        .isInstanceOf(NodeKeyAuthorization.OtherNodeKey.class)
        .satisfies(denied -> assertThat(denied.reason()).endsWith("found 10000000 bytes"));
    assertThat(
            deny(
                sign(unsigned(NodeKeySignature.DIRECT, pubkey(1), huge(), Bytes.empty()), 1)
                    .encoded()))
        .isInstanceOf(NodeKeyAuthorization.UntrustedKey.class)
        .satisfies(denied -> assertThat(denied.reason()).endsWith(": 10000000 bytes"));
    NodeKeySignature wrapping =
        sign(unsigned(NodeKeySignature.DIRECT, pubkey(1), TestKeys.id(1), huge()), 1);
    assertThat(deny(rotation(wrapping, 2, 11).encoded(), 2))
        .isEqualTo(new NodeKeyAuthorization.WrappingKeyLength(0, TEN_MEGABYTES));
  }

  @Test
  void nestedNodeKeyOfTenMegabytesIsDeniedInFewWords() {
    NodeKeySignature nested =
        sign(unsigned(NodeKeySignature.DIRECT, huge(), TestKeys.id(1), TestKeys.id(11)), 1);

    assertThat(deny(rotation(nested, 2, 11).encoded(), 2))
        .isInstanceOf(NodeKeyAuthorization.MalformedNodeKey.class)
        .satisfies(denied -> assertThat(denied.reason()).endsWith("found 10000000 bytes"));
  }

  /** A stranger can sign these rotations himself; each of them is hashed with all that it nests. */
  @Test
  void hugeDirectSignatureUnderRotationsIsHashedOnceForEach() {
    byte[] big = new byte[1_000_000];
    NodeKeySignature chain = withSignature(direct(1, 1, 11), Bytes.copyOf(big));
    for (int nodeKey = 2; nodeKey <= NodeKeySignature.MAX_LAYERS; nodeKey++) {
      chain = rotation(chain, nodeKey, 11);
    }

    assertThat(deny(chain.encoded(), NodeKeySignature.MAX_LAYERS))
        .isEqualTo(
            new NodeKeyAuthorization.InvalidSignature(
                NodeKeySignature.MAX_LAYERS - 1, TestKeys.id(1)));
  }

  @Test
  void lengthThatIsOnlyClaimedIsNotAllocated() {
    Cbor claims =
        new Cbor().map(2).uint(1).uint(NodeKeySignature.DIRECT).uint(4).bytesHead(1L << 31);

    assertThat(deny(Bytes.copyOf(claims.toByteArray())))
        .isInstanceOf(NodeKeyAuthorization.Undecodable.class);
  }

  @Test
  void garbageOfTenMegabytesIsLeftWhereItBegins() {
    byte[] garbage = new byte[TEN_MEGABYTES];
    for (long seed = 0; seed < 20; seed++) {
      new Random(seed).nextBytes(garbage);
      assertThat(deny(Bytes.copyOf(garbage)))
          .as("seed %d", seed)
          .isInstanceOf(NodeKeyAuthorization.Undecodable.class);
    }
  }

  @Test
  void rotatingWhatNamesHugeWrappingKeyIsRefusedInFewWords() {
    NodeKeySignature old =
        sign(unsigned(NodeKeySignature.DIRECT, pubkey(1), TestKeys.id(1), huge()), 1);

    assertThatExceptionOfType(RotationException.OtherWrappingKey.class)
        .isThrownBy(() -> NodeKeySigning.rotate(old, nodeKey(2), TestKeys.privateKey(11)))
        .satisfies(refused -> assertThat(refused.getMessage()).hasSizeLessThan(400));
  }
}
