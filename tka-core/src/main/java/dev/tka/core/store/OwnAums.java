package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Bookkeeping about the AUMs made on this node, and about control (protocol, section 10, "Unsent").
 * Immutable.
 *
 * @param own the AUMs made here
 * @param elsewhere the AUMs that came neither from here nor from control, as from a file, and that
 *     control is not known to have
 * @param agreedAt the own time at which the heads of this node and of control were last known to be
 *     equal
 * @param setAside edits that control did not accept, oldest first; a person may make them again
 */
public record OwnAums(
    Map<AumHash, Own> own,
    Set<AumHash> elsewhere,
    Optional<Instant> agreedAt,
    List<SetAside> setAside) {
  /** No notes. */
  public static final OwnAums NONE = new OwnAums(Map.of(), Set.of(), Optional.empty(), List.of());

  /** Copies its parts. */
  public OwnAums {
    own = Map.copyOf(own);
    elsewhere = Set.copyOf(elsewhere);
    Objects.requireNonNull(agreedAt);
    setAside = List.copyOf(setAside);
  }

  /**
   * An AUM made here.
   *
   * @param revocation true for a checkpoint that was meant as a rewrite: it forked off where the
   *     chain had already gone on, or changed the state
   * @param acknowledged the time at which control was first known to have it; an AUM without one is
   *     <i>unsent</i>
   */
  public record Own(boolean revocation, Optional<Acknowledged> acknowledged) {
    /** Rejects null components. */
    public Own {
      Objects.requireNonNull(acknowledged);
    }
  }

  /**
   * The time at which control was first known to have an AUM, to the second.
   *
   * @param clock by the wall clock
   * @param own in own time
   */
  public record Acknowledged(Instant clock, Instant own) {
    /** Rejects null components. */
    public Acknowledged {
      Objects.requireNonNull(clock);
      Objects.requireNonNull(own);
    }
  }

  /**
   * A local edit that control did not accept.
   *
   * @param aum the AUM as it was made
   * @param at the time at which it was set aside, by the wall clock, to the second
   * @param revocation true for a checkpoint that was meant as a rewrite
   */
  public record SetAside(Aum aum, Instant at, boolean revocation) {
    /** Rejects null components. */
    public SetAside {
      Objects.requireNonNull(aum);
      Objects.requireNonNull(at);
    }
  }

  /** True for an AUM made here that control is not known to have. */
  public boolean isUnsent(AumHash hash) {
    Own made = own.get(hash);
    return made != null && made.acknowledged().isEmpty();
  }

  /** True for an AUM, from here or from elsewhere, that control is not known to have. */
  public boolean isUnknownToControl(AumHash hash) {
    return isUnsent(hash) || elsewhere.contains(hash);
  }

  /** True for an AUM made here as a rewrite. */
  public boolean isRevocation(AumHash hash) {
    Own made = own.get(hash);
    return made != null && made.revocation();
  }

  /** The AUMs made here that control is not known to have. */
  public Set<AumHash> unsent() {
    Set<AumHash> unsent = new LinkedHashSet<>();
    own.forEach(
        (hash, made) -> {
          if (made.acknowledged().isEmpty()) {
            unsent.add(hash);
          }
        });
    return unsent;
  }

  /** True if control is known to have all AUMs, from here or from elsewhere. */
  public boolean hasNothingUnknown() {
    return elsewhere.isEmpty()
        && own.values().stream().allMatch(made -> made.acknowledged().isPresent());
  }

  /** The AUMs, from here or from elsewhere, that control is not known to have. */
  public Set<AumHash> unknownToControl() {
    Set<AumHash> unknown = unsent();
    unknown.addAll(elsewhere);
    return unknown;
  }

  /**
   * The time from which an AUM ages by the wall clock (protocol, section 6): its commit or, for an
   * AUM made here, its acknowledgement by control.
   *
   * @return empty for an unsent AUM, which does not age
   */
  public Optional<Instant> agesFrom(AumEntry entry) {
    Own made = own.get(entry.hash());
    return made == null
        ? Optional.of(entry.committedAt())
        : made.acknowledged().map(Acknowledged::clock);
  }

  /** These notes plus AUMs that were made here just now, each with whether it is a revocation. */
  public OwnAums made(Map<AumHash, Boolean> revocations) {
    Map<AumHash, Own> more = new HashMap<>(own);
    revocations.forEach(
        (hash, revocation) -> more.putIfAbsent(hash, new Own(revocation, Optional.empty())));
    return new OwnAums(more, elsewhere, agreedAt, setAside);
  }

  /** These notes plus AUMs that came from elsewhere just now. */
  public OwnAums cameFromElsewhere(Collection<AumHash> hashes) {
    Set<AumHash> more = new HashSet<>(elsewhere);
    more.addAll(hashes);
    return new OwnAums(own, more, agreedAt, setAside);
  }

  /**
   * These notes plus AUMs that control is known to have. Those made here are never unsent again,
   * and none of them stays on the list of edits that control did not accept.
   */
  public OwnAums acknowledged(Collection<AumHash> hashes, Acknowledged at) {
    if (hashes.isEmpty()) {
      return this;
    }
    Map<AumHash, Own> more = new HashMap<>(own);
    hashes.forEach(
        hash ->
            more.computeIfPresent(
                hash,
                (any, made) ->
                    made.acknowledged().isPresent()
                        ? made
                        : new Own(made.revocation(), Optional.of(at))));
    Set<AumHash> unknown = new HashSet<>(elsewhere);
    hashes.forEach(unknown::remove);
    Set<AumHash> known = Set.copyOf(hashes);
    List<SetAside> left = new ArrayList<>(setAside);
    left.removeIf(edit -> known.contains(edit.aum().hash()));
    return new OwnAums(more, unknown, agreedAt, left);
  }

  /** These notes with the heads known to be equal at a given own time; it never goes back. */
  public OwnAums agreed(Instant at) {
    return new OwnAums(
        own, elsewhere, Optional.of(agreedAt.filter(at::isBefore).orElse(at)), setAside);
  }

  /** These notes plus edits set aside; an edit already on the list keeps its time. */
  public OwnAums aside(List<SetAside> edits) {
    List<SetAside> more = new ArrayList<>(setAside);
    Set<AumHash> known = new HashSet<>();
    setAside.forEach(edit -> known.add(edit.aum().hash()));
    for (SetAside edit : edits) {
      if (known.add(edit.aum().hash())) {
        more.add(edit);
      }
    }
    return new OwnAums(own, elsewhere, agreedAt, more);
  }

  /** These notes without edits that were made again or are no longer wanted. */
  public OwnAums withoutAside(Set<AumHash> hashes) {
    List<SetAside> left = new ArrayList<>(setAside);
    left.removeIf(edit -> hashes.contains(edit.aum().hash()));
    return new OwnAums(own, elsewhere, agreedAt, left);
  }
}
