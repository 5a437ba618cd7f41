package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.LockPublicKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerRemedy;
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

  /** The verdicts on the node itself and on the peers of a file, in its order. */
  static Map<PeersFile.Entry, PeerVerdict> all(Authority authority, PeersFile file) {
    Map<PeersFile.Entry, PeerVerdict> all = new LinkedHashMap<>();
    file.self().ifPresent(self -> all.put(self, ofSelf(authority, self)));
    all.putAll(filter(authority, file));
    return all;
  }

  /** True if a signature is all that the node lacks. */
  static boolean isUnsigned(PeerVerdict verdict) {
    return verdict instanceof PeerVerdict.Unauthorized unauthorized
        && !(unauthorized.denied() instanceof NodeKeyAuthorization.Degraded);
  }

  /**
   * What to do about a node that is dropped; empty if it is kept.
   *
   * @param store the store whose authority drops it, as named on a command line
   * @param control control's store, as named there
   */
  static List<Advice> advice(
      PeersFile.Entry entry, PeerVerdict verdict, String store, String control) {
    return PeerRemedy.of(verdict).map(what -> advice(what, entry, store, control)).stream()
        .toList();
  }

  private static Advice advice(
      PeerRemedy what, PeersFile.Entry entry, String store, String control) {
    return switch (what) {
      case SIGN ->
          Advice.signNode(
              store,
              entry.peer().nodeKey(),
              rotationKey(entry).map(LockPublicKey::toString),
              what.why());
      case SIGN_WITHOUT_ROTATION ->
          Advice.signNode(store, entry.peer().nodeKey(), Optional.empty(), what.why());
      case MEND_STORE -> Advice.fetch(store, control);
      case NEW_NODE_KEY -> Advice.person(what.why());
    };
  }

  /** The key with which the node may rotate its node key, as the file or its signature says. */
  static Optional<LockPublicKey> rotationKey(PeersFile.Entry entry) {
    return PeerRemedy.rotationKey(entry.rotationKey(), entry.peer().signature());
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
    return Texts.printable(verdict.detailedReason());
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
