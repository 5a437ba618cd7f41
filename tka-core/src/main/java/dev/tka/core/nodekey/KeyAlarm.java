package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A key in use that anybody can sign for, or that never can (service, section 8). It changes no
 * verdict.
 *
 * @param defect what is wrong with the key
 * @param key its public bytes
 * @param role where it is in use, in words that go before the key
 */
public record KeyAlarm(KeyDefect defect, Bytes key, String role) {
  /** The alarms about trusted keys, in the order of the state. */
  public static List<KeyAlarm> ofTrusted(State state) {
    List<KeyAlarm> alarms = new ArrayList<>();
    for (Key key : state.keys()) {
      key.defect()
          .ifPresent(defect -> alarms.add(new KeyAlarm(defect, key.id(), "the trusted key")));
    }
    return alarms;
  }

  /**
   * The alarms about wrapping keys in the signature of a node, valid or not; each key is named
   * once.
   *
   * @param title the node, for people
   * @param signature as received; none is as good as empty
   */
  public static List<KeyAlarm> ofNode(String title, Bytes signature) {
    List<KeyAlarm> alarms = new ArrayList<>();
    for (Bytes key : wrappingKeys(signature)) {
      KeyDefect.of(key)
          .ifPresent(defect -> alarms.add(new KeyAlarm(defect, key, title + ": the wrapping key")));
    }
    return alarms;
  }

  private static Set<Bytes> wrappingKeys(Bytes signature) {
    Set<Bytes> keys = new LinkedHashSet<>();
    try {
      for (NodeKeySignature layer : NodeKeySignature.decode(signature.toByteArray()).layers()) {
        keys.add(layer.wrappingPubkey());
      }
    } catch (DecodeException e) {
      // The verdict on the node says so.
      return Set.of();
    }
    return keys;
  }

  /** True if anybody can sign for the key. */
  public boolean isAnybodys() {
    return defect == KeyDefect.ANYBODY_CAN_SIGN;
  }

  /** One line: where the key is in use, which it is, and what is wrong with it. */
  public String text() {
    return role + " " + LockPublicKey.textOf(key) + ": " + defect.reason();
  }
}
