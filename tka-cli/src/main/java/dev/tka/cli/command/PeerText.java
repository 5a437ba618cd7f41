package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerVerdict;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The verdict on a peer, for people and as JSON. */
final class PeerText {
  private PeerText() {}

  /** The verdict on the node itself, which is not a peer: whether it is signed. */
  static PeerVerdict ofSelf(Authority authority, PeersFile.Entry self) {
    NodeKeyAuthorization authorization =
        NodeKeyAuthorization.of(authority, self.peer().nodeKey(), self.peer().signature());
    return authorization instanceof NodeKeyAuthorization.Denied denied
        ? new PeerVerdict.Unauthorized(denied)
        : new PeerVerdict.Kept(
            Optional.of(authorization)
                .filter(NodeKeyAuthorization.Authorized.class::isInstance)
                .map(NodeKeyAuthorization.Authorized.class::cast));
  }

  /** The verdicts on the peers of a file, in its order. */
  static Map<PeersFile.Entry, PeerVerdict> filter(Authority authority, PeersFile file) {
    Map<String, PeerVerdict> verdicts =
        PeerFilter.filter(authority, file.peers().stream().map(PeersFile.Entry::peer).toList());
    Map<PeersFile.Entry, PeerVerdict> byEntry = new LinkedHashMap<>();
    file.peers().forEach(entry -> byEntry.put(entry, verdicts.get(entry.peer().id())));
    return byEntry;
  }

  static boolean isKept(PeerVerdict verdict) {
    return verdict instanceof PeerVerdict.Kept;
  }

  /**
   * The exit status: a damaged directory comes first, then a file with broken entries, then the
   * verdicts on the peers.
   */
  static int exitCode(int damage, PeersFile file, boolean dropped) {
    if (damage != ExitCode.OK) {
      return damage;
    }
    return !file.sound() || !dropped ? file.exitCode() : ExitCode.PEER_DROPPED;
  }

  /** The reason, on one line. */
  static String reason(PeerVerdict verdict) {
    int layer =
        verdict instanceof PeerVerdict.Unauthorized unauthorized
            ? unauthorized.denied().layer()
            : 0;
    return Texts.printable((layer == 0 ? "" : "layer " + layer + ": ") + verdict.reason());
  }

  /** An entry of the file and the verdict on it. */
  static Map<String, Object> toJson(PeersFile.Entry entry, PeerVerdict verdict) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("ID", entry.peer().id());
    entry.name().ifPresent(name -> json.put("DNSName", name));
    json.put("NodeKey", entry.peer().nodeKey().toString());
    json.put("Kept", isKept(verdict));
    json.put("Verdict", verdict.kind());
    json.put("Reason", reason(verdict));
    if (verdict instanceof PeerVerdict.Kept kept) {
      kept.authorization().ifPresent(authorized -> put(authorized, json));
    } else if (verdict instanceof PeerVerdict.Unauthorized unauthorized) {
      json.put("Denial", unauthorized.denied().kind());
      json.put("Layer", unauthorized.denied().layer());
    } else if (verdict instanceof PeerVerdict.Obsolete obsolete) {
      json.put("By", List.of(obsolete.by()));
    } else if (verdict instanceof PeerVerdict.Outrun outrun) {
      json.put("By", List.of(outrun.by()));
    } else if (verdict instanceof PeerVerdict.Cloned cloned) {
      json.put("By", cloned.ids());
    } else if (verdict instanceof PeerVerdict.SharedKey shared) {
      json.put("By", List.of(shared.loser()));
    }
    return json;
  }

  private static void put(NodeKeyAuthorization.Authorized authorized, Map<String, Object> json) {
    json.put("KeyID", Texts.keyId(authorized.keyId()));
    authorized
        .rotation()
        .ifPresent(
            rotation ->
                json.put(
                    "PreviousNodeKeys",
                    rotation.previousNodeKeys().stream().map(Object::toString).toList()));
  }
}
