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
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Node keys that a running tailscaled signs, one after the other. An error with one of them does
 * not keep the others from being signed.
 */
final class DaemonSigning {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final DaemonEdit edit;
  private final LockPublicKey own;

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
    KEPT("kept", "kept now"),
    /** The daemon knows the node, and has not heard of the signature. */
    TAKEN("taken", "control took the signature; tailscaled has not heard of it yet"),
    /** Control takes a signature for a node key that it does not know, too. */
    UNKNOWN_NODE(
        "unknown-node", "tailscaled knows no such node: not known what control made of it"),
    IN_DOUBT("in-doubt", "not known whether control has it"),
    REFUSED("refused", "not signed");

    private final String word;
    private final String text;

    Outcome(String word, String text) {
      this.word = word;
      this.text = text;
    }
  }

  /** A node with what became of it. */
  private record Done(Node node, Outcome outcome, Optional<StoreException.Unavailable> why) {
    String line() {
      return outcome.text + why.map(failure -> ": " + reason(failure)).orElse("");
    }

    static String reason(StoreException.Unavailable failure) {
      Throwable cause = failure.getCause();
      return String.valueOf((cause == null ? failure : cause).getMessage());
    }
  }

  /**
   * Signs them, and waits until the daemon knows.
   *
   * @param others what is not signed because it names no node, or one that is not signed
   * @return the exit status of the first error with a node
   */
  int sign(
      List<Node> nodes,
      List<SignatureOutput.NotSigned> others,
      boolean json,
      PrintWriter out,
      PrintWriter err)
      throws StoreException, IOException {
    List<Done> done = new ArrayList<>();
    for (Node node : nodes) {
      done.add(sign(node));
    }
    List<Done> settled = settled(done);
    if (json) {
      Json.print(out, toJson(settled, others));
    } else {
      others.forEach(
          each -> out.println("failed  " + each.what() + ": not signed: " + each.reason()));
      settled.forEach(
          each ->
              out.println(
                  (each.why().isEmpty() ? "signed  " : "failed  ")
                      + Texts.printable(each.node() + ": " + each.line())));
    }
    long signed = settled.stream().filter(each -> each.why().isEmpty()).count();
    long failed = settled.size() + others.size() - signed;
    err.println(
        "tka: "
            + Texts.count(signed, "node")
            + " signed"
            + (failed == 0 ? "" : ", " + failed + " not"));
    return settled.stream()
        .flatMap(each -> each.why().stream())
        .findFirst()
        .map(Failures::exitCode)
        .orElse(ExitCode.OK);
  }

  private Done sign(Node node) throws StoreException {
    try {
      edit.ask(
          api -> {
            api.sign(node.nodeKey(), node.rotationKey());
            return true;
          });
      return new Done(node, Outcome.TAKEN, Optional.empty());
    } catch (StoreException.Unavailable e) {
      boolean doubt = e.getCause() instanceof LocalApiException failure && failure.isInDoubt();
      return new Done(node, doubt ? Outcome.IN_DOUBT : Outcome.REFUSED, Optional.of(e));
    }
  }

  /** Waits until those that control took are kept, as long as a map may take. */
  private List<Done> settled(List<Done> done) throws StoreException {
    if (done.stream().allMatch(each -> each.outcome() == Outcome.REFUSED)) {
      return done;
    }
    long start = System.nanoTime();
    List<Done> now = done;
    try {
      now = seen(done, edit.status());
      while (now.stream().anyMatch(each -> each.outcome() == Outcome.TAKEN)
          && System.nanoTime() - start < edit.waitNanos()) {
        LockSupport.parkNanos(PAUSE_NANOS);
        now = seen(done, edit.status());
      }
    } catch (StoreException.Unavailable e) {
      // What control took it took, whatever became of the daemon.
      return now;
    }
    return now;
  }

  private List<Done> seen(List<Done> done, LockStatus status) {
    Map<NodeKey, Optional<NodeKeySignature>> known = new HashMap<>();
    status.nodeKey().ifPresent(key -> known.put(key, status.signature()));
    status.filtered().forEach(peer -> known.put(peer.nodeKey(), Optional.empty()));
    for (LockPeer peer : status.visible()) {
      known.put(peer.nodeKey(), peer.signature());
    }
    return done.stream()
        .map(
            each -> {
              if (each.outcome() == Outcome.REFUSED) {
                return each;
              }
              NodeKey key = each.node().nodeKey();
              if (!known.containsKey(key)) {
                return each.why().isPresent()
                    ? each
                    : new Done(each.node(), Outcome.UNKNOWN_NODE, Optional.empty());
              }
              boolean kept = known.get(key).filter(this::isOurs).isPresent();
              return kept ? new Done(each.node(), Outcome.KEPT, Optional.empty()) : each;
            })
        .toList();
  }

  private boolean isOurs(NodeKeySignature signature) {
    return signature.kind() == NodeKeySignature.DIRECT
        && signature.authorizingKeyId().equals(Optional.of(own.bytes()));
  }

  private static Map<String, Object> toJson(
      List<Done> done, List<SignatureOutput.NotSigned> others) {
    List<Map<String, Object>> signed = new ArrayList<>();
    List<Map<String, Object>> notSigned =
        new ArrayList<>(others.stream().map(SignatureOutput.NotSigned::toJson).toList());
    for (Done each : done) {
      Map<String, Object> one = new LinkedHashMap<>();
      if (each.why().isPresent()) {
        one.put("What", each.node().toString());
      }
      one.put("NodeKey", each.node().nodeKey().toString());
      one.put("Outcome", each.outcome().word);
      each.why().ifPresent(failure -> one.put("Reason", Done.reason(failure)));
      (each.why().isEmpty() ? signed : notSigned).add(one);
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
