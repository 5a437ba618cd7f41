package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import java.util.Optional;

/** {@code nks-verify.jsonl}: whether a signature makes a node key part of a tailnet. */
final class NksVerifyVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Authority authority = Golden.authority(Golden.decodeAll(golden.hexes("authority")));
    NodeKey nodeKey = new NodeKey(golden.hex("node_key"));
    Bytes encoded = golden.hex("nks");
    boolean canonical = golden.flag("canonical");
    boolean authorizedByReference = golden.flag("authorized");
    boolean authorized = authorizedByReference && canonical;
    golden.requireError("error", !authorizedByReference);
    Optional<GoldenCase> rotation = golden.optionalObject("rotation");
    Mismatch.require(
        "rotation of an unauthorized signature",
        false,
        rotation.isPresent() && !authorizedByReference);
    Optional<Bytes> authorizingKeyId = golden.optionalHex("authorizing_key_id");
    Optional<Bytes> wrappingPublic = golden.optionalHex("wrapping_public");
    if (rotation.isPresent()) {
      rotation.get().informative("prev_node_keys", "initial_sig");
    }

    try {
      NodeKeySignature decoded = NodeKeySignature.decode(encoded.toByteArray());
      Mismatch.require("decodes", canonical, true);
      Mismatch.require("authorizing key id", authorizingKeyId, decoded.authorizingKeyId());
      Mismatch.require("wrapping public", wrappingPublic, decoded.wrappingPublic());
    } catch (DecodeException e) {
      Mismatch.require("decodes (" + e.getMessage() + ")", canonical, false);
    }
    NodeKeyAuthorization verdict = NodeKeyAuthorization.of(authority, nodeKey, encoded);
    if (verdict instanceof NodeKeyAuthorization.Authorized found) {
      Mismatch.require("authorized", authorized, true);
      Mismatch.require("key", authorizingKeyId, Optional.of(found.keyId()));
      requireRotation(rotation, found.rotation());
      Mismatch.require(
          "naive verdict on the signatures", true, NaiveNodeKeys.verifies(encoded, nodeKey));
    } else if (verdict instanceof NodeKeyAuthorization.Denied denied) {
      Mismatch.require("authorized (" + denied.reason() + ")", authorized, false);
    }
  }

  private static void requireRotation(
      Optional<GoldenCase> expected, Optional<NodeKeyAuthorization.Rotation> found)
      throws Mismatch {
    Mismatch.require("rotation present", expected.isPresent(), found.isPresent());
    if (expected.isPresent() && found.isPresent()) {
      Mismatch.require(
          "previous node keys",
          expected.get().hexes("prev_node_keys"),
          found.get().previousNodeKeys().stream().map(NodeKey::bytes).toList());
      Mismatch.require(
          "initial signature", expected.get().hex("initial_sig"), found.get().initial().encoded());
    }
  }
}
