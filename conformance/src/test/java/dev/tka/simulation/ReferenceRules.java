package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.sync.SyncOffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Protocol, sections 4 and 5 with the limits that the reference has: it walks back 1,000 AUMs for a
 * head intersection and for an offer, and 2,000 elsewhere; it cannot open, or resolve again, a
 * chain that is longer.
 */
final class ReferenceRules {
  private static final int MOST_FOR_OFFER = 1000;
  static final int MOST_ELSEWHERE = 2000;

  private ReferenceRules() {}

  /** The checkpoints that a walk back from the head meets, then the oldest ancestor. */
  static SyncOffer offer(Authority local) {
    AumSnapshot snapshot = local.snapshot();
    AumHash oldest = local.oldestAncestor();
    List<AumHash> ancestors = new ArrayList<>();
    for (AumHash checkpoint : local.checkpoints()) {
      if (!checkpoint.equals(oldest) && distance(local, checkpoint) < MOST_FOR_OFFER) {
        ancestors.add(checkpoint);
      }
    }
    if (snapshot.find(oldest).isPresent()) {
      ancestors.add(oldest);
    }
    return new SyncOffer(local.head(), ancestors);
  }

  /** The AUM after which the remote is sent our active chain; empty where there is none. */
  static Optional<AumHash> intersection(Authority local, SyncOffer remote) {
    if (local.isActive(remote.head()) && distance(local, remote.head()) <= MOST_FOR_OFFER) {
      return Optional.of(remote.head());
    }
    return remote.ancestors().stream()
        .filter(local::isActive)
        .filter(ancestor -> distance(local, ancestor) <= MOST_ELSEWHERE)
        .findFirst();
  }

  /** What follows the intersection on the active chain, as it is stored. */
  static List<Bytes> missing(Authority local, AumHash intersection) throws TkaException {
    List<Bytes> encoded = new ArrayList<>();
    for (AumHash hash : local.activeAfter(intersection).orElseThrow()) {
      encoded.add(local.snapshot().encoded(hash));
    }
    return encoded;
  }

  /**
   * Informs. Updates that follow the head extend the chain; any others make the reference resolve
   * the whole of it again, even when it knows them all. (There it stores them before it fails; the
   * head lags all the same.)
   */
  static void inform(LiveAuthority live, List<Bytes> received) throws TkaException, RoundFailed {
    List<Aum> updates = new ArrayList<>();
    try {
      for (Bytes encoded : received) {
        updates.add(Aum.decode(encoded.toByteArray()));
      }
    } catch (DecodeException e) {
      throw new RoundFailed(RoundFailed.Cause.NOT_ACCEPTED, e.getMessage());
    }
    if (updates.isEmpty()) {
      return;
    }
    Authority before = live.current();
    boolean extendsHead = updates.get(0).parent().equals(Optional.of(before.head()));
    if (!extendsHead) {
      requireWalkable(before);
    }
    try {
      live.inform(updates);
    } catch (InformException e) {
      throw new RoundFailed(RoundFailed.Cause.NOT_ACCEPTED, e.getMessage());
    }
  }

  /** That the reference can walk over the whole chain. */
  static void requireWalkable(Authority authority) throws RoundFailed {
    if (authority.length() > MOST_ELSEWHERE) {
      throw new RoundFailed(
          RoundFailed.Cause.TOO_LONG, "a chain of " + authority.length() + " AUMs");
    }
  }

  /** How many AUMs of the active chain follow one that is on it. */
  private static int distance(Authority local, AumHash active) {
    return local.activeAfter(active).orElseThrow().size();
  }
}
