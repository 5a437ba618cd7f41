package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerForecast;
import dev.tka.core.nodekey.PeerVerdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The effect on a node of a peers file when keys are no longer trusted.
 *
 * @param before its verdict now
 * @param after its verdict without the keys
 * @param lostKey the id of the removed key that its valid signature depends on, if any
 */
record AffectedNode(
    PeersFile.Entry entry, PeerVerdict before, PeerVerdict after, Optional<Bytes> lostKey) {
  /**
   * All nodes in the order of the file; the node whose view this is comes first, and is not a peer.
   */
  static List<AffectedNode> without(Authority authority, Set<Bytes> keyIds, PeersFile file) {
    List<AffectedNode> nodes = new ArrayList<>();
    file.self().ifPresent(self -> add(List.of(self), authority, keyIds, nodes));
    add(file.peers(), authority, keyIds, nodes);
    return nodes;
  }

  private static void add(
      List<PeersFile.Entry> entries,
      Authority authority,
      Set<Bytes> keyIds,
      List<AffectedNode> nodes) {
    List<Peer> peers = entries.stream().map(PeersFile.Entry::peer).toList();
    PeerForecast forecast = PeerForecast.without(authority, keyIds, peers);
    Map<String, Bytes> losing = forecast.losingTheirKey();
    Map<String, PeerVerdict> before = forecast.before();
    Map<String, PeerVerdict> after = forecast.after();
    for (PeersFile.Entry entry : entries) {
      String id = entry.peer().id();
      nodes.add(
          new AffectedNode(
              entry,
              Objects.requireNonNull(before.get(id)),
              Objects.requireNonNull(after.get(id)),
              Optional.ofNullable(losing.get(id))));
    }
  }

  boolean losesKey() {
    return lostKey.isPresent();
  }

  boolean isKept() {
    return PeerText.isKept(before);
  }

  boolean staysKept() {
    return PeerText.isKept(after);
  }

  Map<String, Object> toJson() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ID", entry.peer().id());
    entry.name().ifPresent(name -> object.put("DNSName", name));
    object.put("Kept", isKept());
    object.put("KeptAfterwards", staysKept());
    lostKey.ifPresent(key -> object.put("LosesKey", Texts.keyId(key)));
    if (after instanceof PeerVerdict.Dropped dropped) {
      object.put("Reason", dropped.reason());
    }
    return object;
  }
}
