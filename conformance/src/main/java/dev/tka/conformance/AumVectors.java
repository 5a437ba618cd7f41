package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code aum.jsonl}: bytes offered as an AUM. */
final class AumVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Bytes cbor = golden.hex("cbor");
    boolean decodes = golden.flag("decodes");
    boolean canonical = golden.flag("canonical");
    boolean oddParent = golden.optionalFlag("odd_parent");
    boolean accepted = canonical && !oddParent;
    Optional<Bytes> reencoded = golden.optionalHex("reencoded");
    // The reference's decoding is not binding; only the presence of its fields is checked.
    golden.requireError("decode_error", !decodes);
    Mismatch.require("canonical", decodes && reencoded.isEmpty(), canonical);
    golden.requireError("static_error", decodes && !golden.flag("static_valid"));
    Mismatch.require("hash present", decodes, golden.optionalText("hash").isPresent());
    if (accepted) {
      requireSame(golden, decode(cbor));
    } else {
      requireRefused(cbor);
    }
    // The reference turns lax bytes into canonical ones, which are an AUM of their own.
    if (oddParent && decodes) {
      // The reference's value is not a value here, but its name is still that of the bytes.
      AumHash hash = AumHash.ofEncoding(reencoded.orElse(cbor));
      Mismatch.require("hash", golden.text("hash"), hash.toString());
      Mismatch.require("hash in hex", golden.hex("hash_hex"), hash.bytes());
      golden.informative("sig_hash");
    } else if (reencoded.isPresent()) {
      try {
        requireSameHashes(golden, Aum.decode(reencoded.get().toByteArray()));
      } catch (DecodeException e) {
        throw new Mismatch("the re-encoded form is refused: " + e.getMessage());
      }
    }
    if (!accepted) {
      // They describe the lax form, which is not a value here.
      golden.informative("fields");
    }
  }

  private static Aum decode(Bytes cbor) throws Mismatch {
    try {
      return Aum.decode(cbor.toByteArray());
    } catch (DecodeException e) {
      throw new Mismatch("expected to decode, found: " + e.getMessage());
    }
  }

  private static void requireRefused(Bytes cbor) throws Mismatch {
    try {
      Aum aum = Aum.decode(cbor.toByteArray());
      throw new Mismatch("expected to be refused, decoded as " + aum);
    } catch (DecodeException expected) {
      // Refused, as expected.
    }
  }

  private static void requireSame(GoldenCase golden, Aum aum) throws Mismatch {
    requireSameHashes(golden, aum);
    boolean wellFormed;
    try {
      aum.requireWellFormed();
      wellFormed = true;
    } catch (IllFormedException e) {
      wellFormed = false;
    }
    Mismatch.require("well-formed", golden.flag("static_valid"), wellFormed);
    requireFields(golden.object("fields"), aum);
  }

  private static void requireSameHashes(GoldenCase golden, Aum aum) throws Mismatch {
    Mismatch.require("hash", golden.text("hash"), aum.hash().toString());
    Mismatch.require("hash in hex", golden.hex("hash_hex"), aum.hash().bytes());
    Mismatch.require("sig-hash", golden.hex("sig_hash"), aum.sigHash());
  }

  private static void requireFields(GoldenCase fields, Aum aum) throws Mismatch {
    Mismatch.require(
        "kind", fields.optionalUnsigned("kind"), Optional.of((long) aum.kind().code()));
    Mismatch.require(
        "parent", fields.optionalHex("parent"), aum.parent().map(hash -> hash.bytes()));
    Optional<GoldenCase> key = fields.optionalObject("key");
    Mismatch.require("key present", key.isPresent(), aum.key().isPresent());
    if (key.isPresent()) {
      requireKey(key.get(), aum.key().orElseThrow());
    }
    Mismatch.require("key id", fields.optionalHex("key_id"), aum.keyId());
    Optional<GoldenCase> state = fields.optionalObject("state");
    Mismatch.require("state present", state.isPresent(), aum.state().isPresent());
    if (state.isPresent()) {
      requireState(state.get(), aum.state().orElseThrow());
    }
    Optional<Long> votes =
        aum.votes().isPresent() ? Optional.of(aum.votes().getAsLong()) : Optional.empty();
    Mismatch.require("votes", fields.optionalUnsigned("votes"), votes);
    Mismatch.require("meta", fields.optionalTextMap("meta").orElse(Map.of()), aum.meta());
    requireSignatures(fields, aum.signatures());
  }

  private static void requireKey(GoldenCase golden, Key key) throws Mismatch {
    Mismatch.require("key kind", golden.optionalUnsigned("kind"), Optional.of((long) key.kind()));
    Mismatch.require("key votes", golden.optionalUnsigned("votes"), Optional.of(key.votes()));
    Mismatch.require("public key", golden.optionalHex("public"), key.publicKey());
    Mismatch.require("key meta", golden.optionalTextMap("meta").orElse(Map.of()), key.meta());
  }

  private static void requireState(GoldenCase golden, State state) throws Mismatch {
    Mismatch.require(
        "last hash",
        golden.optionalHex("last_hash"),
        state.lastAumHash().map(hash -> hash.bytes()));
    // A null value and an empty one are one value here (protocol, section 2).
    List<Bytes> values = new ArrayList<>();
    for (Optional<Bytes> value : golden.optionalHexes("disablement_values").orElse(List.of())) {
      values.add(value.orElse(Bytes.empty()));
    }
    Mismatch.require("disablement values", values, state.disablementValues());
    Optional<List<GoldenCase>> keys = golden.optionalObjects("keys");
    Mismatch.require("number of keys", keys.map(List::size).orElse(0), state.keys().size());
    for (int i = 0; i < state.keys().size(); i++) {
      requireKey(keys.orElseThrow().get(i), state.keys().get(i));
    }
    Mismatch.require(
        "state id 1", golden.optionalUnsigned("state_id1"), Optional.of(state.stateId1()));
    Mismatch.require(
        "state id 2", golden.optionalUnsigned("state_id2"), Optional.of(state.stateId2()));
  }

  private static void requireSignatures(GoldenCase fields, List<AumSignature> found)
      throws Mismatch {
    List<AumSignature> expected = new ArrayList<>();
    for (GoldenCase signature : fields.optionalObjects("signatures").orElse(List.of())) {
      expected.add(
          new AumSignature(signature.optionalHex("key_id"), signature.optionalHex("signature")));
    }
    Mismatch.require("signatures", expected, found);
  }
}
