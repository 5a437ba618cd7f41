package dev.tka.cli.command;

import dev.tka.cli.input.PeersFile;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Bar;
import dev.tka.core.authority.ForkResolution;
import dev.tka.core.authority.RevocationPlan;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.store.TrailEntry;
import dev.tka.sync.CannotFollow;
import dev.tka.sync.rpc.AumJson;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A revocation's plan for people and for programs, with its effect on the nodes of a file. */
final class RevocationReport {
  private final RevocationPlan plan;
  private final Optional<RevocationPlan> unanswerable;
  private final Optional<List<AffectedNode>> nodes;
  private final List<Stranded> stranded;

  /** A node that could not follow the revocation. */
  private record Stranded(PeersFile.Entry entry, AumHash forkPoint, CannotFollow why) {
    Advice advice() {
      return why.unknown()
          .map(none -> SyncRemedy.of(none))
          .orElseGet(
              () ->
                  Advice.repairTo(
                      "DIR",
                      forkPoint,
                      "on that node, in its directory, before it compacts again"));
    }
  }

  private RevocationReport(
      RevocationPlan plan,
      Optional<RevocationPlan> unanswerable,
      Optional<List<AffectedNode>> nodes,
      List<Stranded> stranded) {
    this.plan = plan;
    this.unanswerable = unanswerable;
    this.nodes = nodes;
    this.stranded = stranded;
  }

  static RevocationReport of(
      Authority authority, RevocationPlan plan, Optional<PeersFile> file, Instant now)
      throws TkaException {
    Set<Bytes> revoked = plan.revoked().stream().map(Key::id).collect(Collectors.toSet());
    List<Stranded> stranded = new ArrayList<>();
    file.stream()
        .flatMap(given -> Stream.concat(given.self().stream(), given.peers().stream()))
        .forEach(
            entry ->
                entry
                    .lastOffer()
                    .filter(offer -> !plan.onLosingBranch())
                    .flatMap(offer -> CannotFollow.of(authority, plan, offer))
                    .ifPresent(why -> stranded.add(new Stranded(entry, plan.forkPoint(), why))));
    return new RevocationReport(
        plan,
        plan.unanswerable(authority, now),
        file.map(given -> AffectedNode.without(authority, revoked, given)),
        stranded);
  }

  void print(PrintWriter out, String store, String keyOption) {
    out.println("Fork point: " + plan.forkPoint());
    printVotes(out);
    printSigners(out);
    printErased(out);
    printOutlook(out);
    printKeys("Remaining keys", plan.after().keys(), out);
    if (!plan.notRestored().isEmpty()) {
      printKeys(
          "Trusted at the fork point, but not restored by the revocation", plan.notRestored(), out);
    }
    nodes.ifPresent(affected -> printNodes(affected, out));
    if (plan.enough().isPresent() && !plan.revoked().isEmpty()) {
      out.println();
      out.println("Nothing was written. To begin, with one of the keys that could sign:");
      out.println(
          "\ttka revoke-keys "
              + store
              + plan.revoked().stream()
                  .map(key -> " " + Texts.keyId(key.id()))
                  .collect(Collectors.joining())
              + " --fork-from "
              + plan.forkPoint()
              + keyOption);
    }
  }

  private void printVotes(PrintWriter out) {
    if (plan.onLosingBranch()) {
      out.println("A revocation has no effect there: the fork point is on a branch that lost.");
      return;
    }
    out.println(
        "Votes needed: "
            + plan.votesNeeded()
            + plan.rival()
                .map(
                    rival ->
                        ", as "
                            + rival.kind()
                            + " "
                            + rival.hash()
                            + " has "
                            + rival.weight()
                            + " there")
                .orElse(", because nothing follows there"));
  }

  private void printSigners(PrintWriter out) {
    out.println();
    List<Key> able = plan.candidates().stream().filter(key -> bars(key).isEmpty()).toList();
    out.println("Could sign:" + (able.isEmpty() ? " nobody" : ""));
    Set<Bytes> enough = new HashSet<>();
    plan.enough().ifPresent(keys -> keys.forEach(key -> enough.add(key.id())));
    for (Key key : able) {
      out.println(line(key) + (enough.contains(key.id()) ? "\tone of a sufficient set" : ""));
    }
    if (plan.enough().isEmpty() && !plan.onLosingBranch()) {
      out.println("Even together they do not have enough votes.");
    }
    if (!plan.barred().isEmpty()) {
      out.println("Must not sign, or control would refuse it:");
      for (Key key : plan.candidates()) {
        for (Bar bar : bars(key)) {
          out.println(line(key) + "\t" + bar.cause());
        }
      }
    }
  }

  private static String line(Key key) {
    return "\t" + Texts.keyId(key.id()) + "\t" + Texts.count(key.votes(), "vote");
  }

  private List<Bar> bars(Key key) {
    return plan.barred().stream().filter(bar -> bar.signer().equals(key.id())).toList();
  }

  private void printErased(PrintWriter out) {
    out.println();
    if (plan.erased().isEmpty()) {
      out.println("Nothing would be erased.");
      return;
    }
    out.println(Texts.count(plan.erased().size(), "update") + " would be erased, oldest first:");
    for (TrailEntry entry : plan.erased()) {
      out.println(
          "\t"
              + entry.hash()
              + "\t"
              + entry.kind()
              + keys(" adds ", entry.added())
              + keys(" removes ", entry.takenAway())
              + keys(", signed by ", entry.signers()));
    }
  }

  private static String keys(String verb, List<Bytes> ids) {
    return ids.isEmpty()
        ? ""
        : verb + ids.stream().map(Texts::shortKey).collect(Collectors.joining(", "));
  }

  private void printOutlook(PrintWriter out) {
    out.println();
    Optional<AumHash> from = plan.outlook().answerableFrom();
    if (from.isEmpty()) {
      out.println("The revoked keys could not answer it.");
    } else {
      out.println(
          "The revoked keys could answer it from "
              + from.get()
              + unanswerable
                  .map(
                      other ->
                          "; --fork-from "
                              + other.forkPoint()
                              + " prevents that"
                              + (other.enough().isPresent()
                                  ? ""
                                  : ", but needs more votes than there are"))
                  .orElse("; no fork point prevents that")
              + ".");
    }
    plan.outlook()
        .reasonOfControl()
        .ifPresent(why -> out.println("Control would refuse it: " + why));
    if (plan.outlook().belowWindows()) {
      out.println(
          "It forks off before the AUMs that nodes keep: shipping nodes that have compacted"
              + " cannot follow it without 'tka repair'.");
    }
  }

  private static void printKeys(String heading, List<Key> keys, PrintWriter out) {
    out.println();
    out.println(heading + ":");
    keys.forEach(
        key ->
            out.println("\t" + Texts.keyId(key.id()) + "\t" + Long.toUnsignedString(key.votes())));
  }

  private void printNodes(List<AffectedNode> affected, PrintWriter out) {
    out.println();
    long kept = affected.stream().filter(AffectedNode::staysKept).count();
    out.println(
        "Of "
            + Texts.count(affected.size(), "node")
            + ", "
            + affected.stream().filter(AffectedNode::isKept).count()
            + " are kept now, and "
            + kept
            + " afterwards.");
    printEach(
        "Signatures that lose their key", affected.stream().filter(AffectedNode::losesKey), out);
    printEach(
        "Dropped afterwards, although their key stays",
        affected.stream().filter(one -> one.isKept() && !one.staysKept() && !one.losesKey()),
        out);
    printEach(
        "Kept afterwards, but not now",
        affected.stream().filter(one -> !one.isKept() && one.staysKept()),
        out);
    if (!stranded.isEmpty()) {
      out.println("Could not follow:");
      stranded.forEach(
          one -> {
            out.println(
                "\t" + one.entry().title() + ": " + one.why().kind() + ": " + one.why().text());
            Advice.print(List.of(one.advice()), "\t\t", out);
          });
    }
  }

  private static void printEach(String heading, Stream<AffectedNode> nodes, PrintWriter out) {
    List<AffectedNode> list = nodes.toList();
    if (list.isEmpty()) {
      return;
    }
    out.println(heading + ":");
    for (AffectedNode node : list) {
      out.println(
          "\t"
              + node.entry().title()
              + (node.after() instanceof PeerVerdict.Dropped dropped
                  ? ": " + Texts.printable(dropped.reason())
                  : ""));
    }
  }

  Map<String, Object> toJson() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("ForkPoint", plan.forkPoint().toString());
    object.put("OnLosingBranch", plan.onLosingBranch());
    object.put("RevokedKeys", AumJson.keys(plan.revoked()));
    object.put("VotesNeeded", plan.votesNeeded());
    plan.rival().ifPresent(rival -> putRival(rival, object));
    object.put(
        "CouldSign",
        plan.candidates().stream().filter(key -> bars(key).isEmpty()).map(this::signer).toList());
    object.put("MustNotSign", plan.barred().stream().map(RevocationReport::toJson).toList());
    object.put("CanTakeEffect", plan.enough().isPresent());
    object.put("Erased", plan.erased().stream().map(RevocationReport::erased).toList());
    object.putAll(RevokeKeysCommand.toJson(plan.outlook()));
    unanswerable.ifPresent(
        other -> {
          object.put("UnanswerableForkPoint", other.forkPoint().toString());
          object.put("UnanswerableCanTakeEffect", other.enough().isPresent());
        });
    object.put("KeysLeft", AumJson.keys(plan.after().keys()));
    object.put("NotRestored", AumJson.keys(plan.notRestored()));
    nodes.ifPresent(
        affected -> {
          object.put("Nodes", affected.stream().map(AffectedNode::toJson).toList());
          object.put("CannotFollow", stranded.stream().map(RevocationReport::toJson).toList());
        });
    return object;
  }

  static void putRival(ForkResolution.Contender rival, Map<String, Object> object) {
    object.put("Displaces", rival.hash().toString());
    object.put("DisplacedVotes", rival.weight());
  }

  private Map<String, Object> signer(Key key) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Public", Texts.keyId(key.id()));
    object.put("Votes", AumJson.unsigned(key.votes()));
    object.put("OfThoseEnough", plan.enough().filter(keys -> keys.contains(key)).isPresent());
    return object;
  }

  private static Map<String, Object> toJson(Bar bar) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Public", Texts.keyId(bar.signer()));
    object.put("Votes", AumJson.unsigned(bar.votes()));
    object.put("By", bar.by().toString());
    object.put("VotesLeft", bar.left());
    object.put("Final", bar.isFinal());
    object.put("Reason", bar.cause());
    return object;
  }

  private static Map<String, Object> erased(TrailEntry entry) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Hash", entry.hash().toString());
    object.put("MessageKind", entry.kind().toString());
    object.put("CommittedAt", entry.committedAt().toString());
    object.put("AddedKeys", entry.added().stream().map(Texts::keyId).toList());
    object.put("RemovedKeys", entry.takenAway().stream().map(Texts::keyId).toList());
    object.put("SignedBy", entry.signers().stream().map(Texts::keyId).toList());
    return object;
  }

  private static Map<String, Object> toJson(Stranded stranded) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ID", stranded.entry().peer().id());
    object.put("Kind", stranded.why().kind());
    object.put("Text", stranded.why().text());
    Advice.put(List.of(stranded.advice()), object);
    return object;
  }
}
