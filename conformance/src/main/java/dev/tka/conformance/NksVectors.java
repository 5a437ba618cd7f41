package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.nodekey.NodeKeySignature;
import java.util.Optional;

/** {@code nks.jsonl}: bytes offered as a node-key signature. */
final class NksVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Bytes cbor = golden.hex("cbor");
    boolean decodes = golden.flag("decodes");
    boolean canonical = golden.flag("canonical");
    Optional<Bytes> reencoded = golden.optionalHex("reencoded");
    golden.requireError("decode_error", !decodes);
    Mismatch.require("canonical", decodes && reencoded.isEmpty(), canonical);
    Mismatch.require("sig-hash present", decodes, golden.optionalText("sig_hash").isPresent());
    try {
      NodeKeySignature decoded = NodeKeySignature.decode(cbor.toByteArray());
      Mismatch.require("accepted", canonical, true);
      requireSame(golden, decoded);
    } catch (DecodeException e) {
      Mismatch.require("accepted (" + e.getMessage() + ")", canonical, false);
    }
    if (reencoded.isPresent()) {
      try {
        requireSame(golden, NodeKeySignature.decode(reencoded.get().toByteArray()));
      } catch (DecodeException e) {
        throw new Mismatch("the re-encoded form is refused: " + e.getMessage());
      }
    }
  }

  private static void requireSame(GoldenCase golden, NodeKeySignature decoded) throws Mismatch {
    Mismatch.require("sig-hash", golden.hex("sig_hash"), decoded.sigHash());
    Mismatch.require(
        "string", withoutErrors(golden.text("string")), withoutErrors(decoded.toString()));
    Mismatch.require(
        "authorizing key id", golden.optionalHex("authorizing_key_id"), decoded.authorizingKeyId());
    Mismatch.require(
        "wrapping public", golden.optionalHex("wrapping_public"), decoded.wrappingPublic());
    requireFields(golden.object("fields"), decoded);
  }

  /** Error texts are the reference's own; only the presence of an error is binding. */
  private static String withoutErrors(String text) {
    return text.replaceAll("<error: [^>]*>", "<error>");
  }

  private static void requireFields(GoldenCase fields, NodeKeySignature found) throws Mismatch {
    Mismatch.require("kind", fields.optionalUnsigned("kind"), Optional.of((long) found.kind()));
    Mismatch.require("pubkey", fields.optionalHex("pubkey").orElse(Bytes.empty()), found.pubkey());
    Mismatch.require("key id", fields.optionalHex("key_id").orElse(Bytes.empty()), found.keyId());
    Mismatch.require(
        "signature", fields.optionalHex("signature").orElse(Bytes.empty()), found.signature());
    Mismatch.require(
        "wrapping pubkey",
        fields.optionalHex("wrapping_pubkey").orElse(Bytes.empty()),
        found.wrappingPubkey());
    Optional<GoldenCase> nested = fields.optionalObject("nested");
    Mismatch.require("nested present", nested.isPresent(), found.nested().isPresent());
    if (nested.isPresent()) {
      requireFields(nested.get(), found.nested().orElseThrow());
    }
  }
}
