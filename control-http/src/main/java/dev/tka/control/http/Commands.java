package dev.tka.control.http;

import dev.tka.control.FleetEntry;
import dev.tka.control.NodeEntry;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.authority.Weakness;
import dev.tka.core.nodekey.PeerRemedy;
import dev.tka.store.ShellWord;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Request;

/**
 * Commands that an operator copies, since nothing is changed from the page. A word in capitals
 * stands for what only the reader knows. A test of the command reads each of them.
 *
 * @param store the tailnet on this server, as words of a command line
 */
record Commands(String store) {
  private static final String SIGNING = " --key-file FILE";
  private static final String LOCAL_DISABLE = "tailscale lock local-disable";
  private static final String DISPLACED = "on-displaced-branch";

  /** What leads to a tailnet by the way that a request took. */
  static Commands of(Listener listener, Request request, String tailnet) {
    boolean tokens = listener.tokenFile().isPresent() || listener.readTokenFile().isPresent();
    String place =
        listener.address() instanceof Listener.Address.Unix unix
            ? "unix:" + unix.path()
            : (request.isSecure() ? "https://" : "http://") + request.getHttpURI().getAuthority();
    return new Commands(
        ShellWord.of(place)
            + (tokens ? " --token-file TOKENFILE" : "")
            + " --tailnet "
            + ShellWord.of(tailnet));
  }

  /** Shows all of an AUM, which it holds itself. */
  static String inspect(Aum aum) {
    return "echo " + aum.encoded().toHex() + " | tka inspect -";
  }

  /** Signs a node, if it can be signed, with its rotation key if it should keep it. */
  String sign(NodeEntry node, boolean withRotation) {
    Optional<LockPublicKey> rotation =
        withRotation
            ? PeerRemedy.rotationKey(node.rotationKey(), node.signature().orElse(Bytes.empty()))
            : Optional.empty();
    return "tka sign "
        + store
        + " "
        + node.nodeKey()
        + rotation.map(key -> " " + key).orElse("")
        + SIGNING;
  }

  /** Explains a node's verdict. */
  String explain(NodeEntry node) {
    return "tka explain " + store + " " + node.nodeKey();
  }

  /** Carries out what helps a node as it stands, if a command does. */
  Optional<String> help(FleetEntry entry) {
    return switch (entry.condition()) {
      case "locked-out" -> Optional.of(sign(entry.node(), true));
      case "retired" -> Optional.of(LOCAL_DISABLE);
      case "stranded" ->
          Optional.of(
              entry.last().filter(last -> last.outcome().equals(DISPLACED)).isPresent()
                  ? "tka repair DIR --all"
                  : LOCAL_DISABLE);
      default -> Optional.empty();
    };
  }

  /** Carries out what helps a dropped peer, if a command does. */
  Optional<String> help(PeerRemedy remedy, NodeEntry node) {
    return switch (remedy) {
      case SIGN -> Optional.of(sign(node, true));
      case SIGN_WITHOUT_ROTATION -> Optional.of(sign(node, false));
      case MEND_STORE, NEW_NODE_KEY -> Optional.empty();
    };
  }

  /** Carries out what helps against a weakness, if a command does. */
  Optional<String> against(Weakness weakness) {
    Weakness.Remedy remedy = weakness.remedy();
    if (remedy instanceof Weakness.Remedy.AddKey add) {
      return Optional.of(
          "tka add "
              + store
              + " "
              + (add.votes() == 1 ? "KEY" : ShellWord.of("KEY?" + add.votes()))
              + SIGNING);
    }
    if (remedy instanceof Weakness.Remedy.RemoveKey remove) {
      return Optional.of("tka remove " + store + " " + name(remove.keyId()) + SIGNING);
    }
    if (remedy instanceof Weakness.Remedy.RemoveKeys) {
      return Optional.of("tka remove " + store + " KEY" + SIGNING);
    }
    if (remedy instanceof Weakness.Remedy.KeepVotes keep) {
      return Optional.of(
          "tka update "
              + store
              + " "
              + ShellWord.of(name(keep.keyId()) + "?" + Long.toUnsignedString(keep.votes()))
              + SIGNING);
    }
    return remedy instanceof Weakness.Remedy.Disable
        ? Optional.of("tka disable " + store + " SECRET-FILE")
        : Optional.empty();
  }

  /** Begins a revocation. */
  String revoke(List<Key> keys, AumHash forkPoint) {
    return "tka revoke-keys "
        + store
        + keys.stream().map(key -> " " + name(key.id())).collect(Collectors.joining())
        + " --fork-from "
        + forkPoint
        + SIGNING;
  }

  /** Shows everything that is wrong or could be. */
  String doctor() {
    return "tka doctor " + store;
  }

  private static String name(Bytes keyId) {
    return LockPublicKey.textOf(keyId);
  }
}
