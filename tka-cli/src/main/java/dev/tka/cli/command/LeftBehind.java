package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.TrailEntry;
import dev.tka.sync.Intersection;
import dev.tka.sync.SyncOffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Why a shipping node cannot sync with control, as far as the two stores show. Such a node holds
 * only its window, and searches no further than the reference does (protocol, sections 5 and 6);
 * our own sync copes with most of these cases.
 *
 * @param kind a word for scripts
 * @param text the problem
 * @param advice what to do, any of it
 * @param problem false if it only affects clients from before 2026-05
 */
record LeftBehind(String kind, String text, List<Advice> advice, boolean problem) {
  /** The number of AUMs that the reference walks back for an offer. */
  private static final int REFERENCE_STEPS = 1000;

  /** Empty if a shipping node would find common ground. */
  static Optional<LeftBehind> of(
      Authority node, Authority control, OpenStore nodeStore, OpenStore controlStore)
      throws TkaException {
    return new Diagnosis(node, control, nodeStore, controlStore).make();
  }

  private record Diagnosis(
      Authority node, Authority control, OpenStore nodeStore, OpenStore controlStore) {
    Optional<LeftBehind> make() throws TkaException {
      State ours = node.state();
      State theirs = control.state();
      if (ours.stateId1() != theirs.stateId1() || ours.stateId2() != theirs.stateId2()) {
        return problem(
            "re-created",
            "control has an authority with other state ids: the old one was disabled and a"
                + " new one created",
            Stream.concat(
                    controlStore.perhapsAnother().stream(),
                    Stream.of(Advice.followReCreated(nodeStore.words(), controlStore.words())))
                .toArray(Advice[]::new));
      }
      if (holds(control.head())) {
        return Optional.empty();
      }
      if (!control.isActive(node.oldestAncestor())) {
        return belowWindow();
      }
      return namesNothingHeld(SyncOffer.legacy(control).ancestors())
          ? outOfSight()
          : Optional.empty();
    }

    /** Everything that the node holds is on a branch that lost at control. */
    private Optional<LeftBehind> belowWindow() throws TkaException {
      Optional<AumHash> found = fork();
      Optional<AumHash> winner =
          found.flatMap(control::activeAfter).flatMap(after -> after.stream().findFirst());
      if (found.isEmpty() || winner.isEmpty()) {
        return Optional.empty();
      }
      AumHash fork = found.get();
      String where =
          ", at "
              + fork
              + ", which comes before "
              + node.oldestAncestor()
              + ", the oldest AUM that this node holds";
      if (isRevocation(winner.get(), fork)) {
        return problem(
            "revocation-below-window",
            "the revocation "
                + winner.get()
                + " was made on a longer window than this node holds"
                + where,
            bringBack(fork));
      }
      AumSnapshot controls = control.snapshot();
      long unsent =
          node.newestFirst(node.length()).stream()
              .filter(hash -> controls.find(hash).isEmpty())
              .count();
      if (unsent > 0) {
        return problem(
            "own-unsent-branch",
            Texts.count(unsent, "AUM")
                + " of this node never reached control, whose chain left this node's"
                + where,
            bringBack(fork));
      }
      return problem(
          "stale-branch",
          winner.get() + ", made on a stale head, won at control" + where,
          bringBack(fork));
    }

    private Optional<AumHash> fork() {
      List<TrailEntry> trail = node.snapshot().trail().entries();
      for (int i = trail.size() - 1; i >= 0; i--) {
        if (control.isActive(trail.get(i).hash())) {
          return Optional.of(trail.get(i).hash());
        }
      }
      Optional<AumHash> at = Optional.of(node.oldestAncestor());
      while (at.isPresent() && !control.isActive(at.get())) {
        at = control.snapshot().find(at.get()).flatMap(entry -> entry.parent());
      }
      return at;
    }

    private boolean isRevocation(AumHash winner, AumHash fork) throws TkaException {
      Optional<State> state = control.snapshot().get(winner).state();
      return state.isPresent()
          && !control.stateAt(fork).keys().stream().allMatch(key -> state.get().trusts(key.id()));
    }

    /** The node's window is on control's chain, but is not found there. */
    private Optional<LeftBehind> outOfSight() {
      int behind = control.activeAfter(node.head()).map(List::size).orElse(0);
      Set<AumHash> seen = new HashSet<>(control.newestFirst(REFERENCE_STEPS + 1));
      List<AumHash> named = control.checkpoints().stream().filter(seen::contains).toList();
      if (namesNothingHeld(named) && !holds(control.oldestAncestor())) {
        return problem(
            "far-behind",
            Texts.count(behind, "AUM")
                + " behind: control's newest "
                + REFERENCE_STEPS
                + " AUMs hold no checkpoint that this node has",
            sync("our own sync needs no repair"),
            Advice.repairAll(nodeStore.words(), "for a shipping node"));
      }
      return Optional.of(
          new LeftBehind(
              "sampling-gap",
              Texts.count(behind, "AUM")
                  + " behind: the samples that clients from before 2026-05 name miss this node's"
                  + " AUMs",
              List.of(sync("update the client, or sync with this command")),
              false));
    }

    private boolean namesNothingHeld(List<AumHash> named) {
      return named.stream().noneMatch(this::holds);
    }

    private boolean holds(AumHash hash) {
      return node.snapshot().find(hash).isPresent();
    }

    private Advice[] bringBack(AumHash fork) {
      return node.snapshot().purged(fork).isPresent()
          ? new Advice[] {
            Advice.repairTo(nodeStore.words(), fork, "for a shipping node"),
            sync("our own sync needs no repair")
          }
          : new Advice[] {sync("our own sync can do it; the node knows only the hash of " + fork)};
    }

    private Advice sync(String why) {
      return Advice.sync(OpenStore.words(nodeStore, controlStore), why);
    }
  }

  /**
   * The same, with only an offer from control: not all classes can be told apart.
   *
   * @param store the node's store, as named on a command line
   * @param offer the file that it was read from
   */
  static Optional<LeftBehind> of(
      Authority node, Intersection.Remembered common, String store, String offer) {
    if (common.isHead()) {
      return problem(
          "control-lost-history",
          "control's head "
              + common.at()
              + " comes before the oldest AUM that this node holds: control was restored from an"
              + " old backup",
          Advice.giveBack(store, store + " " + Advice.CONTROL, common.at()));
    }
    boolean unsent = node.snapshot().ownAums().unsent().stream().anyMatch(node::isActive);
    return problem(
        unsent ? "own-unsent-branch" : "stale-branch",
        "control's chain left this node's before the oldest AUM that it holds, after "
            + common.at()
            + " at the latest"
            + (unsent ? "; AUMs made here never reached it" : ""),
        Advice.repairToMeet(store, offer, "for a shipping node; our own clients need no repair"));
  }

  private static Optional<LeftBehind> problem(String kind, String text, Advice... advice) {
    return Optional.of(new LeftBehind(kind, text, List.of(advice), true));
  }
}
