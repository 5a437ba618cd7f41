package dev.tka.cli.command;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.store.StoreException;
import dev.tka.node.AgentDirectory;
import dev.tka.node.AgentFolder;
import dev.tka.node.AgentStatus;
import dev.tka.node.ControlFailure;
import dev.tka.node.Followed;
import dev.tka.node.JudgedPeer;
import dev.tka.node.LogVerdict;
import dev.tka.node.PeerAccess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What a node's agent says, for people and as JSON. */
final class NodeAgentText {
  private NodeAgentText() {}

  /** The exit status of a node that stands like this with control: 0 if the two agree. */
  static int exitCode(Followed followed) {
    return followed instanceof Followed.Agrees
            || followed instanceof Followed.LockOff
            || followed instanceof Followed.Ended
        ? ExitCode.OK
        : ExitCode.VERIFICATION_FAILED;
  }

  /** Why there is no answer of a server. */
  static CommandFailure failure(String url, ControlFailure why) {
    int exitCode = ExitCode.IO;
    if (why instanceof ControlFailure.BadAnswer) {
      exitCode = ExitCode.BAD_INPUT;
    } else if (why instanceof ControlFailure.Refused refused) {
      exitCode =
          switch (refused.status()) {
            case 404 -> ExitCode.NOT_FOUND;
            case 409 -> ExitCode.CONFLICT;
            default -> ExitCode.IO;
          };
    }
    return new CommandFailure(exitCode, url + ": " + why.getMessage());
  }

  /** How a node stands, in the fields that all of its messages share. */
  static void put(AgentStatus status, Map<String, Object> object) {
    object.put("Lock", status.lock());
    status.authority().map(Authority::head).ifPresent(head -> object.put("Head", head.toString()));
    object.put("Kept", status.kept());
    object.put("Dropped", status.dropped());
    status.log().ifPresent(found -> object.put("Log", toJson(found)));
  }

  private static Map<String, Object> toJson(LogVerdict found) {
    Map<String, Object> json = LogText.toJson(found.outcome());
    json.put("At", found.at().toString());
    return json;
  }

  /** What a look at the log found. */
  static String line(LogVerdict found) {
    return Texts.printable(found.outcome().toString());
  }

  static String counts(AgentStatus status) {
    return status.kept() + " kept, " + status.dropped() + " dropped";
  }

  static boolean isKept(JudgedPeer peer) {
    return peer.access() != PeerAccess.NONE;
  }

  /** Why a peer is kept or dropped. */
  static String reason(JudgedPeer peer, AgentStatus status) {
    Optional<PeerVerdict> verdict = peer.verdict();
    if (verdict.isPresent()) {
      return PeerText.reason(verdict.get())
          + (peer.access() == PeerAccess.PEER_API ? ", for its peer API alone" : "");
    }
    return status.lock().equals("off")
        ? "tailnet lock is off"
        : "whether tailnet lock is on is not known until control answers";
  }

  static String title(JudgedPeer peer) {
    String number = "node " + peer.known().peer().id();
    return Texts.printable(
        peer.known().name().map(name -> name + " (" + number + ")").orElse(number));
  }

  static Map<String, Object> toJson(JudgedPeer peer, AgentStatus status) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("ID", peer.known().peer().id());
    peer.known().name().ifPresent(name -> json.put("DNSName", name));
    json.put("NodeKey", peer.known().peer().nodeKey().toString());
    json.put("Kept", isKept(peer));
    json.put("PeerAPIOnly", peer.access() == PeerAccess.PEER_API);
    peer.verdict().ifPresent(verdict -> json.put("Verdict", verdict.kind()));
    json.put("Reason", reason(peer, status));
    return json;
  }

  /**
   * What a run says in the folder about itself.
   *
   * @param at when, as ISO 8601 in whole seconds
   * @param process its number
   * @param waits what it waits for
   */
  record Running(String at, long process, String waits) {
    /** The time is noted in whole seconds, and a system may count starts from a whole second. */
    private static final Duration ROUNDING = Duration.ofSeconds(2);

    Bytes encoded() throws IOException {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("at", at);
      object.put("process", process);
      object.put("waits", waits);
      return Bytes.copyOf((JSON.std.asString(object) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** What the last run said; empty if there was none, or it cannot be read. */
    static Optional<Running> read(Path folder) throws StoreException {
      Optional<Bytes> content = AgentDirectory.look(folder, AgentFolder.File.STATUS);
      try {
        if (content.isPresent()) {
          Map<String, Object> object =
              JSON.std.mapFrom(new String(content.get().toByteArray(), StandardCharsets.UTF_8));
          if (object.get("process") instanceof Number process) {
            return Optional.of(
                new Running(
                    String.valueOf(object.get("at")),
                    process.longValue(),
                    String.valueOf(object.get("waits"))));
          }
        }
      } catch (IOException e) {
        // For people only.
      }
      return Optional.empty();
    }

    /**
     * Whether that run still goes on: its number may be another process's after a restart of the
     * machine or the container, but that one began later than this was noted.
     */
    boolean isAlive() {
      Instant noted;
      try {
        noted = Instant.parse(at);
      } catch (DateTimeParseException e) {
        return false;
      }
      // Without the start, the number has to do.
      return ProcessHandle.of(process)
          .filter(
              found ->
                  found
                      .info()
                      .startInstant()
                      .filter(start -> start.minus(ROUNDING).isAfter(noted))
                      .isEmpty())
          .isPresent();
    }
  }
}
