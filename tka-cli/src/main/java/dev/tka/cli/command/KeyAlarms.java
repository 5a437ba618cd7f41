package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.nodekey.KeyAlarm;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The alarms about keys in use that anybody can sign for, or that never can (service, section 8).
 * They change no exit status that is a verdict.
 */
final class KeyAlarms {
  /** Goes into the help of commands that look at signatures of nodes. */
  static final String HELP =
      "An alarm on standard error names each trusted or wrapping key that anybody can sign for or"
          + " that can never sign; it does not affect the exit status.";

  private KeyAlarms() {}

  /** The alarms about wrapping keys in the signatures of nodes, in their order. */
  static List<KeyAlarm> ofNodes(Collection<PeersFile.Entry> nodes) {
    List<KeyAlarm> alarms = new ArrayList<>();
    for (PeersFile.Entry node : nodes) {
      alarms.addAll(KeyAlarm.ofNode(node.title(), node.peer().signature()));
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

  /** Prints one line for each. */
  static void print(List<KeyAlarm> alarms, PrintWriter err) {
    alarms.forEach(alarm -> err.println("tka: alarm: " + alarm.text()));
  }

  static List<Map<String, Object>> toJson(List<KeyAlarm> alarms) {
    return alarms.stream().map(KeyAlarms::toJson).toList();
  }

  private static Map<String, Object> toJson(KeyAlarm alarm) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Kind", alarm.defect().kind());
    object.put("Key", Texts.keyId(alarm.key()));
    object.put("Text", alarm.text());
    return object;
  }
}
