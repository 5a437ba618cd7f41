package dev.tka.core.store;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a rewrite keeps of the branch that it displaced, for one of the keys that are trusted at the
 * AUM that it follows (protocol, section 10, "A rewrite does not make what it displaces
 * forgotten").
 *
 * @param key the key's id
 * @param admittedAt the own time at which the rewrite was admitted, to the second
 * @param isBroughtBack true if the key was removed and the rewrite's own state trusts it
 * @param lasting the fewest votes that the key was finally left with, where the rewrite gave none
 *     back
 * @param lapsing the same where the rewrite gave votes back; at a node, that counts only until the
 *     rewrite is final itself
 * @param removal a removal that is not final and goes on
 * @param lowering a removal or a lowering of votes that is not final and goes on
 * @param displaced the AUM of control's chain in whose place a node put a rewrite that control did
 *     not send: as long as control is not known to have the rewrite, nothing of this bars that AUM
 *     when control sends it again. Empty for any other rewrite
 */
public record Inherited(
    Bytes key,
    Instant admittedAt,
    boolean isBroughtBack,
    Optional<Final> lasting,
    Optional<Final> lapsing,
    Optional<Standing> removal,
    Optional<Standing> lowering,
    Optional<AumHash> displaced) {
  /** Rejects null components. */
  public Inherited {
    Objects.requireNonNull(key);
    Objects.requireNonNull(admittedAt);
    Objects.requireNonNull(lasting);
    Objects.requireNonNull(lapsing);
    Objects.requireNonNull(removal);
    Objects.requireNonNull(lowering);
    Objects.requireNonNull(displaced);
  }

  /**
   * A taking away that was final when its branch was displaced.
   *
   * @param by the AUM that took the key's votes away
   * @param left the votes that it left; 0 for a removal
   * @param votes the votes that the key was finally left with: more, if it got a part back at once
   */
  public record Final(AumHash by, long left, long votes) {
    /** Rejects null components. */
    public Final {
      Objects.requireNonNull(by);
    }
  }

  /**
   * A taking away that was not final when its branch was displaced, and that goes on. Of several,
   * the earliest time, the fewest votes and the heaviest signers.
   *
   * @param by the earliest AUM that took the key's votes away
   * @param votes the fewest votes that it was left with; 0 for a removal
   * @param away the time for which it was away before it came back last
   * @param since the own time from which it is away now
   * @param heaviest the keys trusted at the AUM that the rewrite follows, for which the heaviest
   *     signers of such an AUM stand
   */
  public record Standing(
      AumHash by, long votes, Duration away, Instant since, Set<Bytes> heaviest) {
    /** Copies its set. */
    public Standing {
      Objects.requireNonNull(by);
      Objects.requireNonNull(away);
      Objects.requireNonNull(since);
      heaviest = Set.copyOf(heaviest);
    }
  }
}
