package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The trail's record of an AUM of the active chain (protocol, section 10, "Trail"): enough to judge
 * whether another AUM may displace it, or something before it. It does not include the AUM's
 * weight: judging starts from the state at the fork, which has the votes of the signers there.
 *
 * @param hash the AUM's hash
 * @param parent the hash of the AUM that it follows; empty for a genesis
 * @param kind the kind of change that it made
 * @param committedAt the time at which this store first took it in, to the second
 * @param signers the ids of the keys that signed it
 * @param added the ids of the keys that were trusted after it but not before
 * @param takenAway the ids of the keys that were trusted before it but not after
 * @param checkpoint the canonical encoding of a checkpoint; empty for any other kind
 */
public record TrailEntry(
    AumHash hash,
    Optional<AumHash> parent,
    AumKind kind,
    Instant committedAt,
    List<Bytes> signers,
    List<Bytes> added,
    List<Bytes> takenAway,
    Optional<Bytes> checkpoint) {
  /** Copies its lists. */
  public TrailEntry {
    Objects.requireNonNull(hash);
    Objects.requireNonNull(parent);
    Objects.requireNonNull(kind);
    Objects.requireNonNull(committedAt);
    Objects.requireNonNull(checkpoint);
    signers = List.copyOf(signers);
    added = List.copyOf(added);
    takenAway = List.copyOf(takenAway);
  }

  /**
   * The entry of an AUM.
   *
   * @param before the state at its parent; the state at the AUM itself, if it begins an authority
   * @param after the state at the AUM
   */
  public static TrailEntry of(Aum aum, State before, State after, Instant committedAt) {
    return before.keys().equals(after.keys())
        ? of(aum, Set.of(), Set.of(), committedAt)
        : of(aum, before.keyIds(), after.keyIds(), committedAt);
  }

  /**
   * The entry of an AUM.
   *
   * @param before the ids of the keys that were trusted at its parent
   * @param after the ids of the keys that are trusted at the AUM
   */
  public static TrailEntry of(Aum aum, Set<Bytes> before, Set<Bytes> after, Instant committedAt) {
    return new TrailEntry(
        aum.hash(),
        aum.parent(),
        aum.kind(),
        committedAt,
        aum.signatures().stream().map(AumSignature::signerId).distinct().toList(),
        after.stream().filter(key -> !before.contains(key)).toList(),
        before.stream().filter(key -> !after.contains(key)).toList(),
        aum.kind().isCheckpoint() ? Optional.of(aum.encoded()) : Optional.empty());
  }
}
