package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.TrailEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The weight of an AUM that would displace another, counted again in the light of what followed
 * (protocol, section 10): signers whose keys have since been taken away may not count.
 *
 * @param weight the votes that count
 * @param discounts the trusted signers that do not count, with reasons
 */
public record Recount(long weight, List<Discount> discounts) {
  /** The age from which an AUM is final (protocol, section 10). */
  public static final Duration MATURITY = Duration.ofDays(14);

  /** Copies its list. */
  public Recount {
    discounts = List.copyOf(discounts);
  }

  /** The reason why a signer does not count. */
  public enum Reason {
    /** Clause (a): a mature AUM took its key away. */
    REMOVAL_IS_FINAL,
    /** Clause (b): an AUM that is not outweighed took its key away. */
    REMOVAL_NOT_OUTWEIGHED
  }

  /**
   * A signer that does not count.
   *
   * @param signer the id of its key
   * @param votes the votes that it would have
   * @param by the AUM that took its key away
   */
  public record Discount(Bytes signer, long votes, AumHash by, Reason reason) {
    /** The AUM that took the key away, and its effect, in words. */
    public String cause() {
      return by
          + (reason == Reason.REMOVAL_IS_FINAL
              ? " removed it for good"
              : " removed it, and is not outweighed");
    }

    @Override
    public String toString() {
      return signer.toHex() + " (" + votes + " votes): " + cause();
    }
  }

  /**
   * Counts.
   *
   * @param atFork the state at the AUM that both follow
   * @param update the AUM that would win there
   * @param following the AUMs that follow there on the active chain, oldest first, up to the newest
   *     AUM that is not unsent
   * @param mature the number of these that are mature
   */
  static Recount of(State atFork, Aum update, List<TrailEntry> following, int mature) {
    return new Counting(atFork, following).count(update, mature);
  }

  /**
   * The number of mature AUMs among those that follow a given one: up to the last that is old
   * enough, because the AUMs before an old one are as final as it is.
   *
   * @param following the AUMs, oldest first
   * @param reference the time at which they are judged
   */
  static int countMature(List<TrailEntry> following, OwnAums ownAums, Instant reference) {
    for (int i = following.size() - 1; i >= 0; i--) {
      TrailEntry entry = following.get(i);
      Optional<Instant> from = ownAums.agesFrom(entry.hash(), entry.committedAt());
      if (from.isPresent() && Duration.between(from.get(), reference).compareTo(MATURITY) >= 0) {
        return i + 1;
      }
    }
    return 0;
  }

  /** One count. */
  private static final class Counting {
    private final State atFork;
    private final List<TrailEntry> following;
    private final Map<Bytes, Long> votes = new LinkedHashMap<>();
    private final List<Discount> discounts = new ArrayList<>();

    Counting(State atFork, List<TrailEntry> following) {
      this.atFork = atFork;
      this.following = following;
    }

    Recount count(Aum update, int mature) {
      for (AumSignature signature : update.signatures()) {
        atFork
            .findKey(signature.signerId())
            .ifPresent(key -> votes.put(signature.signerId(), key.votes()));
      }
      for (TrailEntry entry : following.subList(0, mature)) {
        strike(entry, Reason.REMOVAL_IS_FINAL);
      }
      strikeOutweighed(removalsFrom(mature));
      return new Recount(atFork.weightOf(votes.keySet()), discounts);
    }

    /** An AUM that is not mature and took a signer's key away, and its weight at the fork. */
    private record Removal(TrailEntry entry, long weight) {}

    private List<Removal> removalsFrom(int mature) {
      List<Removal> removals = new ArrayList<>();
      Map<Bytes, Set<Bytes>> sponsors = new HashMap<>();
      for (int i = 0; i < following.size(); i++) {
        TrailEntry entry = following.get(i);
        Set<Bytes> standing = new LinkedHashSet<>();
        for (Bytes signer : entry.signers()) {
          standing.addAll(standFor(signer, sponsors));
        }
        if (i >= mature && entry.takenAway().stream().anyMatch(votes::containsKey)) {
          removals.add(new Removal(entry, atFork.weightOf(standing)));
        }
        entry.added().forEach(key -> sponsors.put(key, standing));
      }
      return removals;
    }

    /** The keys of the fork that a signer stands for: itself, or those that brought it in. */
    private Set<Bytes> standFor(Bytes signer, Map<Bytes, Set<Bytes>> sponsors) {
      return atFork.trusts(signer) ? Set.of(signer) : sponsors.getOrDefault(signer, Set.of());
    }

    private void strikeOutweighed(List<Removal> removals) {
      List<Removal> standing = removals;
      while (!standing.isEmpty()) {
        long counted = atFork.weightOf(votes.keySet());
        List<Removal> heavier = new ArrayList<>(standing);
        heavier.removeIf(removal -> counted > removal.weight());
        // Struck together: which of them is looked at first makes no difference.
        heavier.forEach(removal -> strike(removal.entry(), Reason.REMOVAL_NOT_OUTWEIGHED));
        standing = new ArrayList<>(standing);
        standing.removeAll(heavier);
        if (heavier.isEmpty()) {
          return;
        }
      }
    }

    private void strike(TrailEntry removal, Reason reason) {
      for (Bytes key : removal.takenAway()) {
        Long lost = votes.remove(key);
        if (lost != null) {
          discounts.add(new Discount(key, lost, removal.hash(), reason));
        }
      }
    }
  }
}
