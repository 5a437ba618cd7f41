package dev.tka.simulation;

import dev.tka.conformance.naive.NaiveAdmission.Outcome;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
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
  private final boolean wrongClocks;
  private final String scenario;
  private final NaiveModel model;
  private final List<String> violations = new ArrayList<>();
  private final Tally tally = new Tally();
  private final OwnTimeRules ownTimes = new OwnTimeRules();
  private final Set<NaiveModel.Judged> judgedInRound = new HashSet<>();
  private final Set<AumHash> refusedSoFar = new TreeSet<>();

  Judge(Scenario scenario, NaiveModel model) {
    this.pairing = scenario.pairing();
    this.wrongClocks = scenario.hasWrongClocks();
    this.scenario = "pairing " + scenario.pairing() + ", adversary " + scenario.attack().describe();
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

  boolean isOurControl() {
    return pairing.ourControl();
  }

  /** The signers that bar an AUM from rewriting at control, where control asks. */
  Set<Bytes> barredAtControl(Aum aum, Instant now) {
    return pairing.ourControl() ? model.barredAtControl(aum, now) : Set.of();
  }

  /** What a count is called, with all clocks right or with wrong ones. */
  static String named(String what, boolean wrongClocks) {
    return what + (wrongClocks ? ", wrong clocks" : ", right clocks");
  }

  String named(String what) {
    return named(what, wrongClocks);
  }

  /** Counts an attack. */
  void attacked(String attack, boolean succeeded) {
    tally.add(named(attack) + ", tries");
    tally.add(named(attack) + ", successes", succeeded ? 1 : 0);
  }

  /** Notes what must not happen while all clocks are right, and counts it otherwise. */
  void violationOfRightClocks(String kind, String details) {
    if (wrongClocks) {
      tally.add(named(kind));
    } else {
      violation(kind, details);
    }
  }

  /** Notes what must not happen. */
  void violation(String kind, String details) {
    violations.add(kind + ": " + details);
  }

  void joined(Member member) {
    model.joined(member.index);
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
    judgeRefusals("control", reply.refused(), Set.copyOf(model.reachedControl(send, now)));
    AumHash head = control.authority().head();
    if (!head.equals(model.controlHead())) {
      violation("control is not where the model is", head + ", not " + model.controlHead());
    }
  }

  /** A node is told about control's head, and asks nothing if that is its own. */
  void told(Member member, Announcement told) {
    AumHash head = member.end.authority().head();
    if (pairing.ourNodes() && told.equals(new Announcement.Enabled(head))) {
      model.told(member.index, head, member.now());
    }
  }

  /** An answer is about to reach a node. */
  void answered(Member member, SyncAnswer answer) {
    if (pairing.ourNodes()) {
      AumSnapshot before = member.end.authority().snapshot();
      judgedInRound.addAll(
          model.answered(
              member.index, answer, hash -> before.find(hash).isPresent(), member.now()));
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
    judgeRefusals("node", report.refused(), judgedInRound);
    judgedInRound.clear();
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

  /** A quota may keep out what loses; everything else is refused for the reason that is given. */
  private static boolean confirms(NaiveModel.Judged judged, ControlPort.Refused refused) {
    return judged.aum().equals(refused.aum())
        && switch (refused.kind()) {
          case "finality" ->
              judged.outcome() == Outcome.REFUSED && judged.barred().equals(refused.barred());
          case "conflict" -> judged.outcome() == Outcome.CONFLICT;
          case "builds-on-refused" ->
              judged.outcome() == Outcome.DROPPED || judged.outcome() == Outcome.LOSES;
          default -> judged.outcome() == Outcome.LOSES;
        };
  }

  /** A node is connected, and its head has been control's for some time. */
  void agreed(Member member) {
    if (pairing.ourNodes()) {
      model.agreed(member.index, member.now());
    }
  }

  /** Control (0) or a node (from 1 on) starts. */
  void started(int one) {
    ownTimes.started(one);
  }

  /** A node has lost all that it kept, and begins with the genesis again. */
  void beganAgain(Member member) {
    model.joined(member.index);
    ownTimes.replaced(member.index + 1);
  }

  /** Control goes on with a copy of its store. */
  void controlReplaced() {
    ownTimes.replaced(0);
  }

  /** Time has passed at control. */
  void controlWentOn(ControlEndpoint control, Instant truth) {
    if (pairing.ourControl()) {
      checkOwnTime(0, control.ownTime(), truth, Optional.empty());
    }
  }

  /** Time has passed at a node. */
  void wentOn(Member member, Instant truth) {
    if (pairing.ourNodes()) {
      checkOwnTime(member.index + 1, member.now(), truth, model.latestOwnTime(member.index));
    }
  }

  private void checkOwnTime(int one, Instant own, Instant truth, Optional<Instant> most) {
    ownTimes
        .check(one, own, truth, most)
        .ifPresent(wrong -> violation("own time is out of bounds", wrong));
  }

  /** A node was given AUMs in a file. */
  void given(Member member, List<Aum> aums) {
    if (pairing.ourNodes()) {
      model.given(member.index, aums, member.now());
    }
  }

  private void judgeRefusals(
      String where, List<ControlPort.Refused> refusals, Set<NaiveModel.Judged> judged) {
    for (ControlPort.Refused refused : refusals) {
      tally.add("refusals at a " + where);
      tally.add("refusals at a " + where + ", " + scenario);
      refusedSoFar.add(refused.aum());
      if (judged.stream().anyMatch(each -> confirms(each, refused))) {
        tally.add("refusals at a " + where + ", confirmed by the naive model");
      } else {
        violation("a refusal that the model does not confirm", refused.toString());
      }
    }
  }
}
