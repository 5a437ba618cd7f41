package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerVerdict;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What becomes of a peer, for people and as JSON. */
final class PeerText {
  private PeerText() {}

  /** The verdict on a node that is nobody's peer: whether it is signed. */
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
   * The status to exit with: that of a damaged directory, or else of a file with broken entries,
   * before what is said of peers.
   */
  static int exitCode(int damage, PeersFile file, boolean dropped) {
    if (damage != ExitCode.OK) {
      return damage;
    }
    return !file.sound() || !dropped ? file.exitCode() : ExitCode.PEER_DROPPED;
  }

  /** Why, on one line. */
  static String reason(PeerVerdict verdict) {
    String reason;
    if (verdict instanceof PeerVerdict.Kept kept) {
      reason =
          kept.authorization()
              .map(PeerText::reason)
              .orElse("unsigned, and only its peer API can be reached");
    } else if (verdict instanceof PeerVerdict.Unauthorized unauthorized) {
      NodeKeyAuthorization.Denied denied = unauthorized.denied();
      reason = (denied.layer() == 0 ? "" : "layer " + denied.layer() + ": ") + denied.reason();
    } else {
      reason = ((PeerVerdict.Dropped) verdict).reason();
    }
    return Texts.printable(reason);
  }

  private static String reason(NodeKeyAuthorization.Authorized authorized) {
    StringBuilder out = new StringBuilder("signed by " + Texts.shortKey(authorized.keyId()));
    authorized
        .rotation()
        .ifPresent(
            rotation -> {
              if (rotation.initial().kind() == NodeKeySignature.CREDENTIAL) {
                out.append(", through an auth key");
              }
              int before = rotation.previousNodeKeys().size();
              if (before > 0) {
                out.append(", rotated ").append(Texts.count(before, "time"));
              }
            });
    return out.toString();
  }

  /** An entry of the file and the verdict on it. */
  static Map<String, Object> toJson(PeersFile.Entry entry, PeerVerdict verdict) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("ID", entry.peer().id());
    entry.name().ifPresent(name -> json.put("DNSName", name));
    json.put("NodeKey", entry.peer().nodeKey().toString());
    json.put("Kept", isKept(verdict));
    json.put("Verdict", name(verdict));
    json.put("Reason", reason(verdict));
    if (verdict instanceof PeerVerdict.Kept kept) {
      kept.authorization().ifPresent(authorized -> put(authorized, json));
    } else if (verdict instanceof PeerVerdict.Unauthorized unauthorized) {
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

  private static String name(PeerVerdict verdict) {
    if (verdict instanceof PeerVerdict.Kept kept) {
      return kept.authorization().isPresent() ? "signed" : "unsigned-peer-api-only";
    }
    if (verdict instanceof PeerVerdict.Unauthorized) {
      return "unauthorized";
    }
    if (verdict instanceof PeerVerdict.Obsolete) {
      return "obsolete";
    }
    if (verdict instanceof PeerVerdict.SharedKey) {
      return "shared-key";
    }
    return verdict instanceof PeerVerdict.Outrun ? "outrun" : "cloned";
  }
}
