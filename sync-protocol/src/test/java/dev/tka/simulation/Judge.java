package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncSend;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Tells the naive model of all that happens, and holds it against what the ends under test do:
 * every refusal, and every head. Ends that follow the reference are not judged.
 */
final class Judge {
  static final String REFUSALS_AT_NODES = "refusals at a node";
  static final String REVOCATIONS_AT_NODES =
      "attack: honest revocations of a stolen key, at nodes in the end";
  static final String REVOCATIONS_MISSED =
      "attack: honest revocations of a stolen key, missed by a node in the end";

  private final Pairing pairing;
  private final NaiveModel model;
  private final List<String> violations = new ArrayList<>();
  private final Tally tally = new Tally();
  private final Set<AumHash> mayBeKeptOut = new HashSet<>();
  private final Set<AumHash> refusedSoFar = new TreeSet<>();

  Judge(Pairing pairing, NaiveModel model) {
    this.pairing = pairing;
    this.model = model;
  }

  List<String> violations() {
    return violations;
  }

  Tally tally() {
    return tally;
  }

  /** Every AUM that some end has refused. */
  Set<AumHash> refusedSoFar() {
    return refusedSoFar;
  }

  NaiveModel model() {
    return model;
  }

  /** The weight that control would count of an AUM: protocol section 10's, or all of it. */
  long countedAtControl(Aum aum, Instant now) {
    return pairing.ourControl() ? model.countedAtControl(aum, now) : model.fullWeight(aum);
  }

  /** Notes what must not happen. */
  void violation(String kind, String details) {
    violations.add(kind + ": " + details);
  }

  void joined(Member member) {
    model.joined(member.index, member.now());
  }

  void made(Member member, List<Aum> edits) {
    model.made(member.index, edits, member.now());
  }

  /** A send reached control, and this came of it. */
  void reachedControl(
      SyncSend send, ControlPort.Reply reply, ControlEndpoint control, Instant now) {
    if (!pairing.ourControl()) {
      return;
    }
    Set<AumHash> keptOut = model.reachedControl(send, now);
    judgeRefusals("control", reply.refused(), keptOut);
    AumHash head = control.authority().head();
    if (!head.equals(model.controlHead())) {
      violation("control is not where the model is", head + ", not " + model.controlHead());
    }
  }

  /** An answer is about to reach a node. */
  void answered(Member member, SyncAnswer answer) {
    if (pairing.ourNodes()) {
      mayBeKeptOut.addAll(model.answered(member.index, answer, member.now()));
    }
  }

  /** Control's answer to a send, or its error, is about to reach a node. */
  void acknowledged(Member member, SyncSend send, AumHash controlHead) {
    if (pairing.ourNodes()) {
      model.acknowledged(member.index, send, controlHead, member.now());
    }
  }

  /** A node is done syncing. */
  void synced(Member member, NodeEndpoint.SyncReport report) {
    if (!pairing.ourNodes()) {
      return;
    }
    judgeRefusals("node", report.refused(), mayBeKeptOut);
    mayBeKeptOut.clear();
    boolean toldWhy =
        report.failure().filter(e -> e.reason() != RoundFailed.Cause.LOST).isPresent();
    AumHash head = member.end.authority().head();
    if (!toldWhy && !head.equals(model.nodeHead(member.index))) {
      violation(
          "a node is not where the model is",
          "node " + member.index + " at " + head + ", not " + model.nodeHead(member.index));
    }
    forgetDropped(member);
  }

  /** What lost and lies below a node's window, or left it with a displaced branch, is dropped. */
  private void forgetDropped(Member member) {
    Set<AumHash> dropped = model.losersOf(member.index);
    dropped.removeIf(hash -> member.end.authority().snapshot().find(hash).isPresent());
    if (!dropped.isEmpty()) {
      compacted(member, dropped);
    }
  }

  /** A node forgot AUMs. */
  void compacted(Member member, Set<AumHash> purged) {
    if (pairing.ourNodes()) {
      for (AumHash hash : model.dropped(member.index, purged)) {
        violation("an unsent AUM was purged", "node " + member.index + ": " + hash);
      }
    }
  }

  private void judgeRefusals(
      String where, List<ControlPort.Refused> refusals, Set<AumHash> mayBeRefused) {
    for (ControlPort.Refused refused : refusals) {
      tally.add("refusals at a " + where);
      refusedSoFar.add(refused.aum());
      if (mayBeRefused.contains(refused.aum())) {
        tally.add("refusals at a " + where + ", confirmed by the naive model");
      } else {
        violation("a refusal that the model does not confirm", refused.toString());
      }
    }
  }
}
