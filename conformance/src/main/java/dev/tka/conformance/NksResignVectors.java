package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import java.util.List;
import java.util.Optional;

/**
 * {@code nks-resign.jsonl}: a node rotates its node key. An invalid signature cannot be rotated
 * into a valid one, so we may refuse it (protocol, section 7). A result that the reference itself
 * cannot read back is not binding.
 */
final class NksResignVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Bytes old = golden.hex("old");
    NodeKey nodeKey = new NodeKey(golden.hex("node_key"));
    LockPrivateKey wrapping = Golden.privateKeys(List.of(golden.text("private"))).get(0);
    Optional<Bytes> expected = golden.optionalHex("new");
    golden.requireError("error", expected.isEmpty());
    Mismatch.require("new_decodes present", expected.isPresent(), golden.has("new_decodes"));
    boolean readable = expected.isEmpty() || golden.flag("new_decodes");
    SigningOutcome.Binds binds = SigningOutcome.Binds.NOT;
    if (!golden.has("quirk")) {
      if (expected.isPresent()) {
        Mismatch.require("new_decodes", readable, NaiveNodeKeys.decodes(expected.get()));
      }
      if (readable) {
        binds =
            NaiveNodeKeys.verifies(old)
                ? SigningOutcome.Binds.WHOLLY
                : SigningOutcome.Binds.UNLESS_REFUSED;
      }
    }
    SigningOutcome.require(
        expected,
        binds,
        nodeKey,
        () -> NodeKeySigning.rotate(NodeKeySignature.decode(old.toByteArray()), nodeKey, wrapping));
  }
}
