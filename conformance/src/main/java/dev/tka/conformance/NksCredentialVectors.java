package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import java.util.Optional;

/** {@code nks-credential.jsonl}: a node signs its node key under an auth key's credential. */
final class NksCredentialVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Bytes credential = golden.hex("credential");
    NodeKey nodeKey = new NodeKey(golden.hex("node_key"));
    Bytes wrapping = golden.hex("private");
    Optional<Bytes> expected = golden.optionalHex("nks");
    golden.requireError("error", expected.isEmpty());
    SigningOutcome.require(
        expected,
        golden.has("quirk") ? SigningOutcome.Binds.NOT : SigningOutcome.Binds.WHOLLY,
        nodeKey,
        () ->
            NodeKeySigning.fromCredential(
                NodeKeySignature.decode(credential.toByteArray()),
                nodeKey,
                LockPrivateKey.parse("nlpriv:" + wrapping.toHex())));
  }
}
