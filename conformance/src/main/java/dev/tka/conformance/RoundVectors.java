package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.Intersection;
import dev.tka.sync.NodeRound;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code round.jsonl}: whole rounds between a node and a control, with both ends of this build, and
 * again with the offers of old.
 */
final class RoundVectors implements Checker {
  private static final String QUIRK = "the reference is stuck; section 10 decides";

  /** What our ends come to where the reference is stuck; testdata/README.md says why. */
  private static final Map<String, Class<? extends SyncOutcome>> OUTCOMES =
      Map.of(
          "round-unrelated", SyncOutcome.NoCommonGround.class,
          "round-compacted-node-control-behind-the-cut", SyncOutcome.NoCommonGround.class,
          "round-local-branch-compacted-past-branch-point", SyncOutcome.NoCommonGround.class,
          "round-winning-local-branch-compacted-past-branch-point",
              SyncOutcome.NoCommonGround.class,
          "round-unsent-extension-compacted-past-controls-head", SyncOutcome.NoCommonGround.class,
          "round-unsent-extension-compacted-control-moved-on", SyncOutcome.NoCommonGround.class,
          "round-revocation-reaches-node-compacted-past-the-fork", SyncOutcome.OutOfReach.class,
          "round-revocation-reaches-node-compacted-past-the-fork-behind",
              SyncOutcome.OutOfReach.class,
          "round-revocation-sent-by-node-to-control-node-compacted",
              SyncOutcome.NoCommonGround.class);

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Golden.Store node = Golden.Store.of(golden.object("node"));
    Golden.Store control = Golden.Store.of(golden.object("control"));
    try {
      checkRounds(golden, Golden.live(node.inMemory()), Golden.live(control.inMemory()));
      checkLegacy(
          golden.object("legacy"), Golden.live(node.inMemory()), Golden.live(control.inMemory()));
    } catch (TkaException e) {
      throw new Mismatch("a round fails: " + e.getMessage());
    }
  }

  private static void checkRounds(GoldenCase golden, LiveAuthority node, LiveAuthority control)
      throws Mismatch, TkaException {
    Optional<String> quirk = golden.optionalText("quirk");
    List<GoldenCase> rounds =
        golden.optionalObjects("rounds").orElseThrow(() -> new Mismatch("rounds: expected a list"));
    ControlEnd controlEnd = new ControlEnd(control, AnswerPolicy.reference());
    for (int i = 0; i < rounds.size(); i++) {
      try {
        SyncOutcome outcome = checkRound(rounds.get(i), node, controlEnd, quirk.isPresent());
        if (quirk.isPresent()) {
          Mismatch.require("quirk", QUIRK, quirk.get());
          Mismatch.require(
              "outcome",
              Optional.ofNullable(OUTCOMES.get(golden.text("name"))),
              Optional.of(outcome.getClass()));
        }
      } catch (Mismatch e) {
        throw new Mismatch("round " + i + ": " + e.getMessage());
      }
    }
    boolean converged = node.current().head().equals(control.current().head());
    Mismatch.require("converged", golden.flag("converged"), converged);
    Mismatch.require(
        "stored at the node",
        golden.optionalTexts("node_stored_after"),
        Optional.of(Golden.sortedHashes(node.current().snapshot())));
    Mismatch.require(
        "stored at control",
        golden.optionalTexts("control_stored_after"),
        Optional.of(Golden.sortedHashes(control.current().snapshot())));
  }

  private static SyncOutcome checkRound(
      GoldenCase golden, LiveAuthority node, ControlEnd control, boolean quirk)
      throws Mismatch, TkaException {
    NodeRound round = NodeRound.begin(node);
    ControlEnd.Answer answer = control.answer(round.offer());
    SyncOffer controlOffer = answer.message().offer();
    Mismatch.require("node's offer", Golden.offer(golden.object("node_offer")), round.offer());
    Mismatch.require("control's offer", Golden.offer(golden.object("control_offer")), controlOffer);
    Map<String, String> errors = golden.optionalTextMap("errors").orElse(Map.of());
    Mismatch.require("errors", quirk, !errors.isEmpty());
    if (quirk) {
      Mismatch.require(
          "no intersection at control", true, isNoneToTheReference(answer.intersection()));
      Mismatch.require(
          "no intersection at the node",
          true,
          isNoneToTheReference(Intersection.find(node.current(), controlOffer)));
    }
    NodeRound.Step step = round.answered(answer.message());
    Optional<List<String>> toControl = Optional.empty();
    if (step instanceof NodeRound.Send send) {
      toControl = Optional.of(hashes(send.message().missing()));
      step = send.acknowledged(control.receive(send.message()).message());
    }
    if (!quirk) {
      Mismatch.require(
          "to the node",
          golden.optionalTexts("to_node"),
          Optional.of(hashes(answer.message().missing())));
    } else {
      Mismatch.require("to the node", Optional.empty(), golden.optionalTexts("to_node"));
    }
    Mismatch.require("to control", golden.optionalTexts("to_control"), toControl);
    Mismatch.require("node's head", golden.text("node_head"), node.current().head().toString());
    Mismatch.require(
        "control's head",
        golden.text("control_head"),
        control.answer(round.offer()).message().offer().headText());
    SyncOutcome outcome = ((NodeRound.End) step).outcome();
    Mismatch.require(
        "equal heads",
        golden.text("node_head").equals(golden.text("control_head")),
        outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged);
    return outcome;
  }

  private static boolean isNoneToTheReference(Intersection intersection) {
    return intersection instanceof Intersection.None
        || intersection instanceof Intersection.LosingBranch;
  }

  private static List<String> hashes(List<Bytes> encoded) {
    return Golden.texts(encoded.stream().map(AumHash::ofEncoding).toList());
  }

  /**
   * Two ends as they were before 2026-05: sampled offers, and an end that finds nothing gives up.
   */
  private static void checkLegacy(GoldenCase golden, LiveAuthority node, LiveAuthority control)
      throws Mismatch, TkaException {
    Map<String, String> errors = golden.optionalTextMap("errors").orElse(Map.of());
    Optional<List<String>> toNode = Optional.empty();
    Optional<List<String>> toControl = Optional.empty();
    int rounds = 0;
    Optional<String> stuckAt = Optional.empty();
    while (rounds < 3 && stuckAt.isEmpty()) {
      rounds++;
      Authority nodeBefore = node.current();
      Authority controlBefore = control.current();
      Intersection atControl = Intersection.find(controlBefore, SyncOffer.legacy(nodeBefore));
      Intersection atNode = Intersection.find(nodeBefore, SyncOffer.legacy(controlBefore));
      if (atControl instanceof Intersection.UpToDate) {
        break;
      }
      if (isNoneToTheReference(atControl)) {
        stuckAt = Optional.of("control_missing");
      } else if (isNoneToTheReference(atNode)) {
        stuckAt = Optional.of("node_missing");
      } else {
        List<AumHash> forNode = MissingVectors.missing(controlBefore, atControl);
        List<AumHash> forControl = MissingVectors.missing(nodeBefore, atNode);
        if (rounds == 1) {
          toNode = Optional.of(Golden.texts(forNode));
          toControl = Optional.of(Golden.texts(forControl));
        }
        inform(node, controlBefore, forNode);
        inform(control, nodeBefore, forControl);
      }
    }
    Mismatch.require("legacy: stuck at", errors.keySet(), asSet(stuckAt));
    Mismatch.require("legacy: rounds", golden.number("rounds"), rounds);
    Mismatch.require("legacy: to the node", golden.optionalTexts("to_node"), toNode);
    Mismatch.require("legacy: to control", golden.optionalTexts("to_control"), toControl);
    Mismatch.require(
        "legacy: node's head", golden.text("node_head"), node.current().head().toString());
    Mismatch.require(
        "legacy: control's head", golden.text("control_head"), control.current().head().toString());
    Mismatch.require(
        "legacy: converged",
        golden.flag("converged"),
        node.current().head().equals(control.current().head()));
  }

  private static Set<String> asSet(Optional<String> one) {
    return one.map(Set::of).orElse(Set.of());
  }

  private static void inform(LiveAuthority live, Authority from, List<AumHash> hashes)
      throws TkaException {
    if (!hashes.isEmpty()) {
      List<Aum> aums = new ArrayList<>();
      for (AumHash hash : hashes) {
        aums.add(from.snapshot().get(hash));
      }
      live.inform(aums);
    }
  }
}
