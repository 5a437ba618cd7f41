package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The trail's record of an AUM of the active chain (protocol, section 10, "Trail"): enough to judge
 * whether another AUM may displace it, or something before it. It does not include the AUM's
 * weight: judging starts from the state at the fork, which has the votes of the signers there.
 *
 * @param hash the AUM's hash
 * @param parent the hash of the AUM that it follows; empty for a genesis
 * @param kind the kind of change that it made
 * @param committedAt the time at which this store first took it in, by the wall clock, to the
 *     second
 * @param own the store's own time then; empty if an older version or another program took it in
 * @param reference the reference time then; empty if there was none, or it is not known
 * @param signers the ids of the keys that signed it
 * @param changes the keys whose votes it changed
 * @param checkpoint the canonical encoding of a checkpoint; empty for any other kind
 */
public record TrailEntry(
    AumHash hash,
    Optional<AumHash> parent,
    AumKind kind,
    Instant committedAt,
    Optional<Instant> own,
    Optional<Instant> reference,
    List<Bytes> signers,
    List<KeyChange> changes,
    Optional<Bytes> checkpoint) {
  /** Copies its lists. */
  public TrailEntry {
    Objects.requireNonNull(hash);
    Objects.requireNonNull(parent);
    Objects.requireNonNull(kind);
    Objects.requireNonNull(committedAt);
    Objects.requireNonNull(own);
    Objects.requireNonNull(reference);
    Objects.requireNonNull(checkpoint);
    signers = List.copyOf(signers);
    changes = List.copyOf(changes);
  }

  /**
   * The entry of an AUM.
   *
   * @param before the state at its parent; the state at the AUM itself, if it begins an authority
   * @param after the state at the AUM
   * @param facts the facts that were noted when it was taken in, if they are known
   */
  public static TrailEntry of(
      Aum aum, State before, State after, Instant committedAt, Optional<AumFacts> facts) {
    return of(aum, KeyChange.madeBy(aum, before, after), committedAt, facts);
  }

  /**
   * The entry of an AUM.
   *
   * @param changes the keys whose votes it changed
   * @param facts the facts that were noted when it was taken in, if they are known
   */
  public static TrailEntry of(
      Aum aum, List<KeyChange> changes, Instant committedAt, Optional<AumFacts> facts) {
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        committedAt,
        facts.map(AumFacts::own),
        facts.flatMap(AumFacts::reference),
        AumFacts.signersOf(aum),
        changes,
        aum.kind().isCheckpoint() ? Optional.of(aum.encoded()) : Optional.empty());
  }

  /** This entry with other changes. */
  TrailEntry withChanges(List<KeyChange> other) {
    return new TrailEntry(
        hash, parent, kind, committedAt, own, reference, signers, other, checkpoint);
  }

  /** The ids of the keys that were trusted after it but not before. */
  public List<Bytes> added() {
    return changes.stream().filter(KeyChange::adds).map(KeyChange::key).toList();
  }

  /** The ids of the keys that were trusted before it but not after. */
  public List<Bytes> takenAway() {
    return changes.stream().filter(KeyChange::removes).map(KeyChange::key).toList();
  }

  /** The facts in this entry. */
  public Optional<AumFacts> facts() {
    return own.map(time -> new AumFacts(time, reference, changes, signers));
  }
}
