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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code round.jsonl}: whole rounds between a node and a control, with both ends of this build, and
 * again with legacy offers.
 */
final class RoundVectors implements Checker {
  private static final String QUIRK = "the reference is stuck; section 10 decides";

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Golden.Store node = Golden.Store.of(golden.object("node"));
    Golden.Store control = Golden.Store.of(golden.object("control"));
    try {
      checkRounds(golden, Golden.live(node.inMemory()), Golden.live(control.inMemory()));
      checkLegacy(
          golden.object("legacy"), Golden.live(node.inMemory()), Golden.live(control.inMemory()));
    } catch (TkaException e) {
      throw new Mismatch("a round failed: " + e.getMessage());
    }
  }

  private static void checkRounds(GoldenCase golden, LiveAuthority node, LiveAuthority control)
      throws Mismatch, TkaException {
    Optional<String> quirk = golden.optionalText("quirk");
    List<GoldenCase> rounds =
        golden.optionalObjects("rounds").orElseThrow(() -> new Mismatch("rounds: expected a list"));
    if (quirk.isPresent()) {
      Mismatch.require("quirk", QUIRK, quirk.get());
      Mismatch.require("converged", golden.flag("converged"), false);
      golden.informative("node_stored_after", "control_stored_after");
    }
    ControlEnd controlEnd = new ControlEnd(control, AnswerPolicy.reference());
    for (int i = 0; i < rounds.size(); i++) {
      try {
        if (quirk.isPresent()) {
          checkStuckRound(rounds.get(i), node, control, controlEnd, i == 0);
        } else {
          checkRound(rounds.get(i), node, controlEnd);
        }
      } catch (Mismatch e) {
        throw new Mismatch("round " + i + ": " + e.getMessage());
      }
    }
    if (quirk.isPresent()) {
      return;
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

  private static void checkRound(GoldenCase golden, LiveAuthority node, ControlEnd control)
      throws Mismatch, TkaException {
    NodeRound round = NodeRound.begin(node);
    ControlEnd.Answer answer = control.answer(round.offer());
    requireOffers(golden, round.offer(), answer.message().offer());
    Map<String, String> errors = golden.optionalTextMap("errors").orElse(Map.of());
    Mismatch.require("errors", Set.of(), errors.keySet());
    Sent sent = finish(round, answer, control);
    Mismatch.require(
        "to the node",
        golden.optionalTexts("to_node"),
        Optional.of(hashes(answer.message().missing())));
    Mismatch.require(
        "to control", golden.optionalTexts("to_control"), sent.toControl().map(Golden::texts));
    Mismatch.require("node's head", golden.text("node_head"), node.current().head().toString());
    Mismatch.require(
        "control's head",
        golden.text("control_head"),
        control.answer(round.offer()).message().offer().headText());
    Mismatch.require(
        "equal heads",
        golden.text("node_head").equals(golden.text("control_head")),
        isConvergence(sent.outcome()));
  }

  /**
   * A round in which the reference gives up. The naive models confirm that protocol, section 5
   * alone forces it to. Ours ends with a typed outcome. The heads may only meet if the node finds
   * AUMs to send, and afterwards each end holds only AUMs that one of them held before.
   */
  private static void checkStuckRound(
      GoldenCase golden,
      LiveAuthority node,
      LiveAuthority control,
      ControlEnd controlEnd,
      boolean first)
      throws Mismatch, TkaException {
    Set<AumHash> nodeBefore = stored(node);
    Set<AumHash> controlBefore = stored(control);
    NaiveSync naiveNode = new NaiveSync(aums(node), node.current().head());
    NaiveSync naiveControl = new NaiveSync(aums(control), control.current().head());
    NodeRound round = NodeRound.begin(node);
    ControlEnd.Answer answer = controlEnd.answer(round.offer());
    SyncOffer controlOffer = answer.message().offer();
    if (first) {
      requireOffers(golden, round.offer(), controlOffer);
      requireStuck(golden, naiveNode, naiveControl, round.offer(), controlOffer);
    } else {
      golden.informative("node_offer", "control_offer", "errors");
    }
    golden.informative("to_node", "to_control", "node_head", "control_head");

    Sent sent = finish(round, answer, controlEnd);
    Mismatch.require(
        "to control: the end of the node's chain",
        true,
        naiveNode.endsWith(sent.toControl().orElse(List.of())));
    Set<AumHash> both = new HashSet<>(nodeBefore);
    both.addAll(controlBefore);
    requireBetween("stored at the node", nodeBefore, both, stored(node));
    requireBetween("stored at control", controlBefore, both, stored(control));
    requireNaiveHead("node's head, by the page", node);
    requireNaiveHead("control's head, by the page", control);
    boolean moved = !stored(node).equals(nodeBefore) || !stored(control).equals(controlBefore);
    boolean equal = node.current().head().equals(control.current().head());
    Mismatch.require("equal heads", equal, isConvergence(sent.outcome()));
    Mismatch.require("convergence in which nothing was accepted", false, equal && !moved);
  }

  /** Where the reference gives up, the page also finds no intersection. */
  private static void requireStuck(
      GoldenCase golden,
      NaiveSync node,
      NaiveSync control,
      SyncOffer nodeOffer,
      SyncOffer controlOffer)
      throws Mismatch {
    Set<String> places = golden.optionalTextMap("errors").orElse(Map.of()).keySet();
    Mismatch.require("errors present", true, !places.isEmpty());
    for (String place : places) {
      boolean byThePage =
          switch (place) {
            case "control_missing" -> control.intersection(nodeOffer).isEmpty();
            case "node_missing", "node_missing_if_asked" ->
                node.intersection(controlOffer).isEmpty();
            case "node_inform", "control_inform" -> true;
            default -> throw new Mismatch("unknown place: " + place);
          };
      Mismatch.require(place + ", by the page", true, byThePage);
    }
  }

  private static void requireOffers(GoldenCase golden, SyncOffer node, SyncOffer control)
      throws Mismatch {
    Mismatch.require("node's offer", Golden.offer(golden.object("node_offer")), node);
    Mismatch.require("control's offer", Golden.offer(golden.object("control_offer")), control);
  }

  /** The AUMs that a node sent, if it did, and the end of its round. */
  private record Sent(Optional<List<AumHash>> toControl, SyncOutcome outcome) {}

  private static Sent finish(NodeRound round, ControlEnd.Answer answer, ControlEnd control)
      throws Mismatch, TkaException {
    NodeRound.Step step = round.answered(answer.message());
    Optional<List<AumHash>> toControl = Optional.empty();
    if (step instanceof NodeRound.Send send) {
      toControl = Optional.of(send.message().missing().stream().map(AumHash::ofEncoding).toList());
      step = send.acknowledged(control.receive(send.message()).message());
    }
    if (step instanceof NodeRound.End end) {
      return new Sent(toControl, end.outcome());
    }
    throw new Mismatch("the round does not end");
  }

  private static boolean isConvergence(SyncOutcome outcome) {
    return outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged;
  }

  private static Set<AumHash> stored(LiveAuthority live) {
    Set<AumHash> stored = new HashSet<>();
    live.current().snapshot().entries().forEach(entry -> stored.add(entry.hash()));
    return stored;
  }

  private static List<Aum> aums(LiveAuthority live) throws TkaException {
    List<Aum> aums = new ArrayList<>();
    for (AumHash hash : stored(live)) {
      aums.add(live.current().snapshot().get(hash));
    }
    return aums;
  }

  private static void requireBetween(
      String what, Set<AumHash> least, Set<AumHash> most, Set<AumHash> found) throws Mismatch {
    Mismatch.require(what, true, found.containsAll(least) && most.containsAll(found));
  }

  private static void requireNaiveHead(String what, LiveAuthority live)
      throws Mismatch, TkaException {
    Optional<AumHash> head =
        NaiveOpening.head(aums(live), live.current().snapshot().lastActiveAncestor());
    Mismatch.require(what, head, Optional.of(live.current().head()));
  }

  private static boolean isNoneToTheReference(Intersection intersection) {
    return intersection instanceof Intersection.None
        || intersection instanceof Intersection.LosingBranch;
  }

  private static List<String> hashes(List<Bytes> encoded) {
    return Golden.texts(encoded.stream().map(AumHash::ofEncoding).toList());
  }

  /**
   * Two ends as they were before 2026-05: sampled offers, and an end without an intersection gives
   * up.
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
