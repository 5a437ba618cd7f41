package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code nks-resign.jsonl}: a node rotates its node key. */
final class NksResignVectors implements Checker {
  /**
   * Results that no node would accept, and that are not marked as quirks: the old signature is
   * empty, was not signed by the key that a middle layer hands over to, or has more layers than can
   * be read, of which some are not counted.
   */
  private static final Set<String> NEVER_VERIFY =
      Set.of(
          "old-empty-map",
          "middle-levels-have-wrapping-keys-of-their-own",
          "levels-without-pubkey-are-not-counted");

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    golden.informative("error", "new_decodes");
    Bytes old = golden.hex("old");
    NodeKey nodeKey = new NodeKey(golden.hex("node_key"));
    LockPrivateKey wrapping = Golden.privateKeys(List.of(golden.text("private"))).get(0);
    Optional<Bytes> expected = golden.optionalHex("new");
    boolean neverVerifies = NEVER_VERIFY.contains(golden.text("name"));
    if (neverVerifies) {
      Mismatch.require(
          "the reference's result verifies",
          false,
          expected.filter(made -> NaiveNodeKeys.verifies(made, nodeKey)).isPresent());
    }
    SigningOutcome.require(
        expected,
        !golden.has("quirk") && !neverVerifies,
        nodeKey,
        () -> NodeKeySigning.rotate(NodeKeySignature.decode(old.toByteArray()), nodeKey, wrapping));
  }
}
