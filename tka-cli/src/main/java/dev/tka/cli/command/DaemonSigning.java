package dev.tka.cli.command;

import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.SignatureOutput;
import dev.tka.cli.output.Texts;
import dev.tka.client.localapi.LocalApiException;
import dev.tka.client.localapi.LockPeer;
import dev.tka.client.localapi.LockStatus;
import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Node keys that a running tailscaled signs, one after the other. An error with one of them does
 * not keep the others from being signed.
 */
final class DaemonSigning {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Stands for none where a daemon fills the field. */
  private static final Bytes NO_KEY = Bytes.copyOf(new byte[LockPublicKey.SIZE]);

  private final DaemonEdit edit;
  private final LockPublicKey own;
  private int inARow;
  private String lastReason = "";

  /**
   * Signs through a daemon.
   *
   * @param own the node's key, which signs
   */
  DaemonSigning(DaemonEdit edit, LockPublicKey own) {
    this.edit = edit;
    this.own = own;
  }

  /** What to sign, and its name for people, empty if it has none. */
  record Node(String title, NodeKey nodeKey, Optional<LockPublicKey> rotationKey) {
    /** For people. */
    @Override
    public String toString() {
      return nodeKey + (title.isEmpty() ? "" : " (" + title + ")");
    }
  }

  /** What became of it. */
  private enum Outcome {
    /** The daemon speaks to it. */
    KEPT,
    /** The daemon knows the node, and has not heard of the signature. */
    TAKEN,
    /** Control takes a signature for a node key that it does not know, too. */
    UNKNOWN_NODE,
    IN_DOUBT,
    REFUSED,
    NOT_SENT;

    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * A node with what became of it.
   *
   * @param reason why it is not signed; empty if it is
   * @param exitCode the exit status of it alone
   */
  private record Done(Node node, Outcome outcome, String reason, int exitCode) {
    static Done signed(Node node, Outcome outcome) {
      return new Done(node, outcome, "", ExitCode.OK);
    }

    boolean isSigned() {
      return outcome == Outcome.KEPT || outcome == Outcome.TAKEN;
    }

    String line() {
      return Texts.printable(node.toString())
          + "\t"
          + (isSigned() ? "signed" : Submission.NOT_SIGNED + Texts.printable(reason));
    }
  }

  /**
   * Signs them, and waits until the daemon knows. Each gets its line as soon as it is clear.
   *
   * @param others what is not signed because it names no node, or one that is not signed
   * @return the exit status of the first error with a node
   */
  int sign(List<Node> nodes, List<SignatureOutput.NotSigned> others, boolean json, PrintWriter out)
      throws StoreException, IOException {
    Set<NodeKey> before = known(edit.status()).keySet();
    Consumer<String> telling =
        line -> {
          if (!json) {
            out.println(line);
            out.flush();
          }
        };
    others.forEach(
        each -> telling.accept(each.what() + "\t" + Submission.NOT_SIGNED + each.reason()));
    List<Done> done = new ArrayList<>();
    for (Node node : nodes) {
      Done one =
          inARow == Submission.MOST_IN_A_ROW
              ? new Done(node, Outcome.NOT_SENT, Submission.NOT_TRIED + lastReason, ExitCode.IO)
              : sign(node);
      done.add(one);
      if (isClear(one, before)) {
        telling.accept(one.line());
      }
    }
    List<Done> settled = settled(done, before);
    for (int i = 0; i < done.size(); i++) {
      if (!isClear(done.get(i), before)) {
        telling.accept(settled.get(i).line());
      }
    }
    if (json) {
      Json.print(out, toJson(settled, others));
    } else {
      out.println(sum(settled, settled.size() + others.size()));
    }
    return settled.stream()
        .mapToInt(Done::exitCode)
        .filter(code -> code != ExitCode.OK)
        .findFirst()
        .orElse(ExitCode.OK);
  }

  /** Whether no later word of the daemon makes it another outcome for people. */
  private static boolean isClear(Done done, Set<NodeKey> before) {
    return done.outcome() != Outcome.IN_DOUBT
        && (done.outcome() != Outcome.TAKEN || before.contains(done.node().nodeKey()));
  }

  private static String sum(List<Done> settled, int asked) {
    int signed = (int) settled.stream().filter(Done::isSigned).count();
    long unheard = settled.stream().filter(each -> each.outcome() == Outcome.TAKEN).count();
    return SignCommand.sum(signed, asked)
        + (unheard == 0
            ? ""
            : "; of " + unheard + " that control took, tailscaled has not heard yet");
  }

  private Done sign(Node node) throws StoreException {
    try {
      edit.ask(
          api -> {
            api.sign(node.nodeKey(), node.rotationKey());
            return true;
          });
      inARow = 0;
      return Done.signed(node, Outcome.TAKEN);
    } catch (StoreException.Unavailable e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String reason = String.valueOf(cause.getMessage());
      if (cause instanceof LocalApiException.ControlRefused
          || cause instanceof LocalApiException.Refused) {
        inARow = 0;
      } else {
        inARow++;
        lastReason = reason;
      }
      return cause instanceof LocalApiException failure && failure.isInDoubt()
          ? new Done(
              node,
              Outcome.IN_DOUBT,
              "not known whether control has it: " + reason,
              Failures.exitCode(e))
          : new Done(node, Outcome.REFUSED, reason, Failures.exitCode(e));
    }
  }

  /** Waits until those that control took are kept, as long as a map may take. */
  private List<Done> settled(List<Done> done, Set<NodeKey> before) throws StoreException {
    List<Done> now = seen(done, before, Map.of());
    if (done.stream()
        .noneMatch(each -> each.outcome() == Outcome.TAKEN || each.outcome() == Outcome.IN_DOUBT)) {
      return now;
    }
    long start = System.nanoTime();
    try {
      now = seen(done, before, known(edit.status()));
      while (now.stream().anyMatch(each -> each.outcome() == Outcome.TAKEN)
          && System.nanoTime() - start < edit.waitNanos()) {
        LockSupport.parkNanos(PAUSE_NANOS);
        now = seen(done, before, known(edit.status()));
      }
    } catch (StoreException.Unavailable e) {
      // What control took it took, whatever became of the daemon.
      return now;
    }
    return now;
  }

  /** The nodes that the daemon knows, each with its signature. */
  private static Map<NodeKey, Optional<NodeKeySignature>> known(LockStatus status) {
    Map<NodeKey, Optional<NodeKeySignature>> known = new HashMap<>();
    status.nodeKey().ifPresent(key -> known.put(key, status.signature()));
    status.filtered().forEach(peer -> known.put(peer.nodeKey(), Optional.empty()));
    for (LockPeer peer : status.visible()) {
      known.put(peer.nodeKey(), peer.signature());
    }
    return known;
  }

  private List<Done> seen(
      List<Done> done, Set<NodeKey> before, Map<NodeKey, Optional<NodeKeySignature>> known) {
    return done.stream().map(each -> seen(each, before, known)).toList();
  }

  private Done seen(
      Done each, Set<NodeKey> before, Map<NodeKey, Optional<NodeKeySignature>> known) {
    if (each.outcome() != Outcome.TAKEN && each.outcome() != Outcome.IN_DOUBT) {
      return each;
    }
    Node node = each.node();
    if (known
        .getOrDefault(node.nodeKey(), Optional.empty())
        .filter(made -> isOurs(made, node))
        .isPresent()) {
      return Done.signed(node, Outcome.KEPT);
    }
    boolean unknown = !known.containsKey(node.nodeKey()) && !before.contains(node.nodeKey());
    return each.outcome() == Outcome.TAKEN && unknown
        ? new Done(
            node,
            Outcome.UNKNOWN_NODE,
            "tailscaled knows no such node: not known what control made of it",
            ExitCode.NOT_FOUND)
        : each;
  }

  /** Whether it is what was asked for, and not a signature from before. */
  private boolean isOurs(NodeKeySignature signature, Node node) {
    return signature.kind() == NodeKeySignature.DIRECT
        && signature.authorizingKeyId().equals(Optional.of(own.bytes()))
        && signature
            .wrappingPublic()
            .filter(key -> !key.equals(NO_KEY))
            .equals(node.rotationKey().map(LockPublicKey::bytes));
  }

  private static Map<String, Object> toJson(
      List<Done> done, List<SignatureOutput.NotSigned> others) {
    List<Map<String, Object>> signed = new ArrayList<>();
    List<Map<String, Object>> notSigned =
        new ArrayList<>(others.stream().map(SignatureOutput.NotSigned::toJson).toList());
    for (Done each : done) {
      Map<String, Object> one = new LinkedHashMap<>();
      if (!each.isSigned()) {
        one.put("What", each.node().toString());
      }
      one.put("NodeKey", each.node().nodeKey().toString());
      one.put("Outcome", each.outcome().word());
      if (!each.isSigned()) {
        one.put("Reason", each.reason());
      }
      (each.isSigned() ? signed : notSigned).add(one);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Signed", signed);
    object.put("NotSigned", notSigned);
    return object;
  }

  /** The rotation key that a signature names, if it is sound. */
  static Optional<LockPublicKey> rotationKey(NodeKeySignature signature) {
    Optional<Bytes> named =
        signature
            .wrappingPublic()
            .filter(key -> key.size() == LockPublicKey.SIZE)
            .filter(key -> KeyDefect.of(key).isEmpty());
    return named.map(LockPublicKey::new);
  }
}
