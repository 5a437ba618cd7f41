package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.State;
import dev.tka.core.nodekey.NodeKeySignature;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A key in use that anybody can sign for, or that never can (service, section 8). It changes no
 * verdict, and no exit status that is one.
 *
 * @param defect what is wrong with the key
 * @param key its public bytes
 * @param role where it is in use, in words that go before the key
 */
record KeyAlarm(KeyDefect defect, Bytes key, String role) {
  /** Goes into the help of commands that look at signatures of nodes. */
  static final String HELP =
      "An alarm on standard error names each trusted or wrapping key that anybody can sign for or"
          + " that can never sign; it does not affect the exit status.";

  /** The alarms about trusted keys, in the order of the state. */
  static List<KeyAlarm> ofTrusted(State state) {
    List<KeyAlarm> alarms = new ArrayList<>();
    for (Key key : state.keys()) {
      key.defect()
          .ifPresent(defect -> alarms.add(new KeyAlarm(defect, key.id(), "the trusted key")));
    }
    return alarms;
  }

  /**
   * The alarms about wrapping keys in the signatures of nodes, valid or not, in their order; each
   * key is named once for each node.
   */
  static List<KeyAlarm> ofNodes(Collection<PeersFile.Entry> nodes) {
    List<KeyAlarm> alarms = new ArrayList<>();
    for (PeersFile.Entry node : nodes) {
      for (Bytes key : wrappingKeys(node.peer().signature())) {
        KeyDefect.of(key)
            .ifPresent(
                defect ->
                    alarms.add(new KeyAlarm(defect, key, node.title() + ": the wrapping key")));
      }
    }
    return alarms;
  }

  /** The alarms about the keys under which a node that loses its key was signed. */
  static List<KeyAlarm> ofAffected(AffectedNode node) {
    List<KeyAlarm> alarms = new ArrayList<>();
    if (node.losesKey()) {
      Bytes lost = node.lostKey().orElseThrow();
      KeyDefect.of(lost)
          .ifPresent(
              defect ->
                  alarms.add(new KeyAlarm(defect, lost, node.entry().title() + ": signed by")));
      alarms.addAll(ofNodes(List.of(node.entry())));
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

  /** Prints one line for each. */
  static void print(List<KeyAlarm> alarms, PrintWriter err) {
    alarms.forEach(alarm -> err.println("tka: alarm: " + alarm.text()));
  }

  static List<Map<String, Object>> toJson(List<KeyAlarm> alarms) {
    return alarms.stream().map(KeyAlarm::toJson).toList();
  }

  private Map<String, Object> toJson() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Kind", defect.kind());
    object.put("Key", Texts.keyId(key));
    object.put("Text", text());
    return object;
  }

  /** True if anybody can sign for the key. */
  boolean isAnybodys() {
    return defect == KeyDefect.ANYBODY_CAN_SIGN;
  }

  /** One line: where the key is in use, which it is, and what is wrong with it. */
  String text() {
    return role + " " + Texts.keyId(key) + ": " + defect.reason();
  }
}
