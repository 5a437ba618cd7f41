package dev.tka.sync.rpc;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.OwnAums;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * AUMs, keys and node-key signatures as {@code tailscale lock log --json} and {@code status --json}
 * print them: the same names in the same order, metadata by name, absent fields left out, bytes as
 * URL-safe base64.
 */
public final class AumJson {
  private AumJson() {}

  /** An AUM as an entry of the log: hash, fields and encoding. */
  public static Map<String, Object> message(Aum aum) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("Hash", aum.hash().toString());
    message.put("AUM", aum(aum));
    message.put("Raw", base64(aum.encoded()));
    return message;
  }

  /** An edit that was set aside: as in the log, with texts and the time at which that happened. */
  public static Map<String, Object> setAside(OwnAums.SetAside edit) {
    Map<String, Object> json = message(edit.aum());
    json.put("AUM", aumWithTexts(edit.aum()));
    json.put("SetAsideAt", edit.at().toString());
    json.put("Revocation", edit.revocation());
    return json;
  }

  /** The fields of an AUM, with its 64-bit ids also as texts. */
  public static Map<String, Object> aumWithTexts(Aum aum) {
    Map<String, Object> json = aum(aum);
    aum.state().ifPresent(state -> json.put("State", stateWithTexts(state)));
    return json;
  }

  /** The fields of an AUM. */
  public static Map<String, Object> aum(Aum aum) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("MessageKind", aum.kind().toString());
    aum.parent().ifPresent(parent -> json.put("PrevAUMHash", parent.toString()));
    aum.key().ifPresent(key -> json.put("Key", key(key)));
    aum.keyId().ifPresent(keyId -> json.put("KeyID", LockPublicKey.textOf(keyId)));
    aum.state().ifPresent(state -> json.put("State", state(state)));
    aum.votes().ifPresent(votes -> json.put("Votes", unsigned(votes)));
    if (!aum.meta().isEmpty()) {
      json.put("Meta", new TreeMap<>(aum.meta()));
    }
    if (!aum.signatures().isEmpty()) {
      json.put("Signatures", signatures(aum.signatures()));
    }
    return json;
  }

  /** Keys, in the order given. */
  public static List<Map<String, Object>> keys(List<Key> keys) {
    return keys.stream().map(AumJson::key).toList();
  }

  private static Map<String, Object> key(Key key) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("Kind", key.kindName());
    json.put("Votes", unsigned(key.votes()));
    json.put("Public", LockPublicKey.textOf(key.id()));
    if (!key.meta().isEmpty()) {
      json.put("Meta", new TreeMap<>(key.meta()));
    }
    return json;
  }

  /** The fields of a node-key signature, nested ones included. */
  public static Map<String, Object> nodeKeySignature(NodeKeySignature signature) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("SigKind", signature.kindName());
    if (!signature.pubkey().isEmpty()) {
      json.put("PublicKey", LockPublicKey.textOf(signature.pubkey()));
    }
    if (!signature.keyId().isEmpty()) {
      json.put("KeyID", LockPublicKey.textOf(signature.keyId()));
    }
    json.put("Signature", base64(signature.signature()));
    signature.nested().ifPresent(nested -> json.put("Nested", nodeKeySignature(nested)));
    if (!signature.wrappingPubkey().isEmpty()) {
      json.put("WrappingPublicKey", LockPublicKey.textOf(signature.wrappingPubkey()));
    }
    return json;
  }

  /** A 64-bit number, unsigned. */
  public static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }

  /** Bytes as text: URL-safe base64, padded. */
  public static String base64(Bytes bytes) {
    return Base64.getUrlEncoder().encodeToString(bytes.toByteArray());
  }

  private static Map<String, Object> state(State state) {
    Map<String, Object> json = new LinkedHashMap<>();
    state.lastAumHash().ifPresent(hash -> json.put("LastAUMHash", hash.toString()));
    json.put("DisablementValues", state.disablementValues().stream().map(Bytes::toHex).toList());
    json.put("Keys", keys(state.keys()));
    json.put("StateID1", unsigned(state.stateId1()));
    json.put("StateID2", unsigned(state.stateId2()));
    return json;
  }

  private static Map<String, Object> stateWithTexts(State state) {
    Map<String, Object> json = state(state);
    // Readers that take every number for a double, as JavaScript and jq do, round those.
    json.put("StateID1Text", Long.toUnsignedString(state.stateId1()));
    json.put("StateID2Text", Long.toUnsignedString(state.stateId2()));
    return json;
  }

  private static List<Map<String, Object>> signatures(List<AumSignature> signatures) {
    List<Map<String, Object>> json = new ArrayList<>();
    for (AumSignature signature : signatures) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("KeyID", LockPublicKey.textOf(signature.signerId()));
      one.put("Signature", base64(signature.signatureBytes()));
      json.add(one);
    }
    return json;
  }
}
