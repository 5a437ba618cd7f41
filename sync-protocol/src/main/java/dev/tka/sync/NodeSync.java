package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Rounds of a node with control, repeated until the heads agree or rounds no longer change anything
 * (protocol, section 10). A round changes something if the node stores an AUM, or if the last one
 * that it is sent is one that it has and that is newer than all such AUMs before. After two rounds
 * in a row that do neither, the series ends, so that no control can keep a node busy by naming
 * heads; one such round is allowed, because control may have learned something.
 *
 * <p>For one thread.
 */
public final class NodeSync {
  private static final int MOST_IDLE_ROUNDS = 2;

  private final LiveAuthority live;
  private Optional<AumHash> shared = Optional.empty();
  private int highestShared = Integer.MIN_VALUE;
  private final Set<AumHash> everStored = new HashSet<>();

  /** The AUMs that control sent and that can never win, stored or not. */
  private final Map<AumHash, Refusal.Outweighed> outweighed = new LinkedHashMap<>();

  /** Makes rounds for the node that has this authority. */
  public NodeSync(LiveAuthority live) {
    this.live = live;
  }

  /**
   * Control, as reached over some transport.
   *
   * @param <E> the transport's failure
   */
  public interface Control<E extends Exception> {
    /** Sends a node's offer and returns control's answer. */
    SyncAnswer offer(SyncOffer offer) throws E;

    /**
     * Sends the AUMs that control lacks and returns control's reply. If a foreign control replies
     * that it cannot take the AUMs in, that is also a receipt: with the head that it named in its
     * offer, and its words.
     */
    SyncReceipt send(SyncSend send) throws E;
  }

  /**
   * Runs rounds. A failure on the way leaves the node with the results of the rounds before; run
   * again later.
   *
   * @param report receives each round when it is over, and a round that failed after control's AUMs
   *     were taken in
   * @return never {@link SyncOutcome.Unfinished}
   * @throws E if control cannot be reached
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public <E extends Exception> SyncOutcome run(Control<E> control, Consumer<NodeRound.End> report)
      throws E, OpenException, StoreException {
    int idle = 0;
    for (int rounds = 1; ; rounds++) {
      NodeRound.End end = round(control, report);
      report.accept(end);
      if (!(end.outcome() instanceof SyncOutcome.Unfinished unfinished)) {
        return end.outcome();
      }
      idle = noteProgress(end.exchange()) ? 0 : idle + 1;
      if (idle == MOST_IDLE_ROUNDS) {
        return stalled(end, unfinished, rounds);
      }
    }
  }

  /** The reason why rounds no longer change anything, as far as this node can tell. */
  private SyncOutcome stalled(NodeRound.End end, SyncOutcome.Unfinished unfinished, int rounds) {
    NodeRound.Notices notices = end.notices();
    List<Refusal> refusals = new ArrayList<>();
    if (end.exchange().received() instanceof Intake.Done done) {
      // Some may be stored since an earlier round.
      for (Bytes sent : end.exchange().answer().missing()) {
        Refusal.Outweighed loser = outweighed.get(AumHash.ofEncoding(sent));
        if (loser != null && !done.refusals().contains(loser)) {
          refusals.add(loser);
        }
      }
      refusals.addAll(done.refusals());
    }
    Optional<Refusal.Outweighed> outweighed = onlyOutweighed(refusals);
    if (!refusals.isEmpty() && outweighed.isEmpty()) {
      return new SyncOutcome.Refused(refusals);
    }
    if (!notices.refusedRevocations().isEmpty()) {
      return new SyncOutcome.RevocationRefused(
          notices.refusedRevocations(), notices.refusedByControl());
    }
    AumHash head = unfinished.head();
    AumHash controlHead = unfinished.controlHead();
    if (end.exchange().intersection() instanceof Intersection.Remembered remembered) {
      return new SyncOutcome.ControlLostHistory(remembered.at(), live.current().oldestAncestor());
    }
    return outweighed
        .map(Refusal.Outweighed::winner)
        .or(() -> firstDenied(end.exchange().intersection()))
        .<SyncOutcome>map(denied -> new SyncOutcome.ControlDenies(denied, controlHead, refusals))
        .orElse(new SyncOutcome.Stalled(head, controlHead, rounds));
  }

  /** The first refusal, if each AUM is refused because its branch weighs too little. */
  private static Optional<Refusal.Outweighed> onlyOutweighed(List<Refusal> refusals) {
    boolean only =
        refusals.stream()
            .allMatch(
                refusal ->
                    refusal instanceof Refusal.Outweighed
                        || refusal instanceof Refusal.BuildsOnRefused);
    return refusals.stream()
        .filter(refusal -> only && refusal instanceof Refusal.Outweighed)
        .map(Refusal.Outweighed.class::cast)
        .findFirst();
  }

  /** The first of this node's AUMs that control once had, but no longer follows. */
  private Optional<AumHash> firstDenied(Intersection intersection) {
    Authority authority = live.current();
    if (!live.policy().followsControl()) {
      return Optional.empty();
    }
    Optional<AumHash> first =
        intersection instanceof Intersection.Found found
            ? authority
                .activeAfter(found.newestCommon())
                .filter(after -> !after.isEmpty())
                .map(after -> after.get(0))
            : Optional.empty();
    return first.filter(hash -> !authority.snapshot().ownAums().isUnsent(hash));
  }

  private <E extends Exception> NodeRound.End round(
      Control<E> control, Consumer<NodeRound.End> report) throws E, OpenException, StoreException {
    NodeRound round = NodeRound.begin(live, shared);
    NodeRound.Step step = round.answered(control.offer(round.offer()));
    if (step instanceof NodeRound.End end
        && end.outcome() instanceof SyncOutcome.OutOfReach far
        && remembers(far.parent())) {
      step = round.answered(WayFromCheckpoint.fetch(live.current(), far.parent(), control));
    }
    if (!(step instanceof NodeRound.Send send)) {
      return (NodeRound.End) step;
    }
    Optional<SyncReceipt> receipt = Optional.empty();
    try {
      receipt = Optional.of(control.send(send.message()));
    } finally {
      if (receipt.isEmpty()) {
        // No later round reports what this one has found out so far.
        report.accept(send.unanswered());
      }
    }
    return send.acknowledged(receipt.orElseThrow());
  }

  private boolean remembers(AumHash hash) {
    return live.policy().remembers() && live.current().snapshot().trail().contains(hash);
  }

  /**
   * Records the results of a round for the next one.
   *
   * @return true if it changed something
   */
  private boolean noteProgress(NodeRound.Exchange exchange) {
    if (exchange.received() instanceof Intake.Done done) {
      done.outweighed().forEach(each -> outweighed.put(each.update(), each));
    }
    List<Bytes> sent = exchange.answer().missing();
    Optional<AumEntry> newest = newestHeld(sent);
    // What follows an AUM that was not taken in leads nowhere.
    boolean further =
        newest.isPresent()
            && newest.get().height() > highestShared
            && newest.get().hash().equals(AumHash.ofEncoding(sent.get(sent.size() - 1)));
    if (newest.isPresent()) {
      shared = newest.map(AumEntry::hash);
      highestShared = Math.max(highestShared, newest.get().height());
    }
    // AUMs that control lets displace one another in turn are stored over and over: they count
    // once.
    List<AumHash> stored = new ArrayList<>();
    if (exchange.received() instanceof Intake.Done done) {
      stored.addAll(done.added());
      stored.removeAll(outweighed.keySet());
    }
    return everStored.addAll(stored) || further;
  }

  /** The last AUM sent by control that this node now has. */
  private Optional<AumEntry> newestHeld(List<Bytes> sent) {
    AumSnapshot snapshot = live.current().snapshot();
    for (int i = sent.size() - 1; i >= 0; i--) {
      Optional<? extends AumEntry> held = snapshot.find(AumHash.ofEncoding(sent.get(i)));
      if (held.isPresent() && !outweighed.containsKey(held.get().hash())) {
        return Optional.of(held.get());
      }
    }
    return Optional.empty();
  }
}
