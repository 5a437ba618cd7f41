package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a broker is asked to sign. Nothing of it is believed but what the voucher binds: the node
 * key and its rotation key. Immutable.
 *
 * @param tailnet its name
 * @param nodeKey the key to be signed
 * @param rotationKey the node's own key, with which it may rotate its node key
 * @param name the node's name, as control has it
 * @param tags the node's tags, as control has them
 * @param user the node's user, as control has it
 * @param voucher the text of a {@link Voucher}; it is a secret for as long as it was not used
 */
public record SigningRequest(
    String tailnet,
    NodeKey nodeKey,
    Optional<LockPublicKey> rotationKey,
    Optional<String> name,
    List<String> tags,
    Optional<String> user,
    String voucher) {
  /** The longest voucher, in characters. */
  static final int LONGEST_VOUCHER = 16 << 10;

  private static final int LONGEST_TEXT = 256;
  private static final int MOST_TAGS = 64;

  /** Copies its list. */
  public SigningRequest {
    tags = List.copyOf(tags);
  }

  /**
   * Reads one in JSON.
   *
   * @throws BadInputException if it is anything else
   */
  public static SigningRequest parse(byte[] json) throws BadInputException {
    Members in = Members.parse("the request", json);
    SigningRequest request =
        new SigningRequest(
            in.value(
                "tailnet",
                Tailnets.LONGEST_NAME,
                "the name of a tailnet",
                text -> {
                  Tailnets.requireName(text);
                  return text;
                }),
            in.value("nodeKey", LONGEST_TEXT, "a node key, nodekey:...", SigningRequest::nodeKey),
            in.optional("rotationKey", LONGEST_TEXT, "a lock key, tlpub:...", LockPublicKey::parse),
            in.optionalText("name", LONGEST_TEXT),
            in.optionalTexts("tags", MOST_TAGS, LONGEST_TEXT).orElse(List.of()),
            in.optionalText("user", LONGEST_TEXT),
            in.text("voucher", LONGEST_VOUCHER));
    in.end();
    return request;
  }

  private static NodeKey nodeKey(String text) throws Exception {
    NodeKey key = NodeKey.parse(text);
    if (key.isZero()) {
      throw new IllegalArgumentException("the zero key means none");
    }
    return key;
  }

  /** The request in JSON, voucher included: for another broker. */
  byte[] toJson() {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("tailnet", tailnet);
    members.put("nodeKey", nodeKey.toString());
    rotationKey.ifPresent(key -> members.put("rotationKey", key.toString()));
    name.ifPresent(text -> members.put("name", text));
    if (!tags.isEmpty()) {
      members.put("tags", new ArrayList<>(tags));
    }
    user.ifPresent(text -> members.put("user", text));
    members.put("voucher", voucher);
    return JsonLine.of(members);
  }

  /** The keys that a voucher names: {@code nodekey:…}, or {@code nodekey:…+tlpub:…}. */
  public String keys() {
    return keys(nodeKey, rotationKey);
  }

  /** The keys that a voucher names. */
  static String keys(NodeKey nodeKey, Optional<LockPublicKey> rotationKey) {
    return nodeKey + rotationKey.map(key -> "+" + key).orElse("");
  }

  /** What another broker signs if it agrees: no sig-hash of the lock can be the same. */
  Bytes agreementHash() {
    return Hashes.of(
        "tka broker agreement 1\n" + keys() + "\n" + Hashes.of(voucher).toHex() + "\n" + tailnet);
  }

  /** Without the voucher, on one line whatever the name of the tailnet is. */
  @Override
  public String toString() {
    return keys() + " of " + TailnetName.printable(tailnet);
  }
}
