package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * One change to a store, made as a whole or not at all.
 *
 * @param base the revision on which it was decided
 * @param additions the AUMs to add, each parent before its children
 * @param purges the AUMs to forget
 * @param lastActiveAncestor the new record of the oldest AUM of the active chain, or empty to leave
 *     it as it is
 * @param trailCut the AUM from which the trail is forgotten, before anything is added to it
 * @param trail the entries that the purges leave in the trail, oldest first
 * @param ownAums the new notes on own AUMs, or empty to leave them as they are
 * @param time the new note on own time, or empty to leave it as it is
 * @param inherited what rewrites of this commit keep of the branches that they displace
 */
public record Commit(
    Revision base,
    List<Addition> additions,
    Set<AumHash> purges,
    Optional<AumHash> lastActiveAncestor,
    Optional<AumHash> trailCut,
    List<TrailEntry> trail,
    Optional<OwnAums> ownAums,
    Optional<OwnTime> time,
    Map<AumHash, List<Inherited>> inherited) {
  /**
   * Copies its parts.
   *
   * @throws IllegalArgumentException if it goes beyond {@link Limits}, so that a store could not be
   *     read afterwards
   */
  public Commit {
    Objects.requireNonNull(base);
    Objects.requireNonNull(lastActiveAncestor);
    Objects.requireNonNull(trailCut);
    Objects.requireNonNull(ownAums);
    Objects.requireNonNull(time);
    inherited = Map.copyOf(inherited);
    trail = List.copyOf(trail);
    additions = List.copyOf(additions);
    purges = Set.copyOf(purges);
    Limits.findExcess(additions, ownAums, time)
        .ifPresent(
            excess -> {
              throw new IllegalArgumentException(excess);
            });
  }

  /**
   * An AUM to add.
   *
   * @param aum a verified AUM
   * @param committedAt the commit time, to the second; a store that already knows the AUM keeps its
   *     own
   * @param facts the facts to note about it; empty if they are not known
   */
  public record Addition(Aum aum, Instant committedAt, Optional<AumFacts> facts) {
    /** Rejects null components. */
    public Addition {
      Objects.requireNonNull(aum);
      Objects.requireNonNull(committedAt);
      Objects.requireNonNull(facts);
    }

    /** The same with another commit time. */
    public Addition at(Instant time) {
      return new Addition(aum, time, facts);
    }

    /** An AUM about which no facts are known. */
    public Addition(Aum aum, Instant committedAt) {
      this(aum, committedAt, Optional.empty());
    }
  }

  /** Begins a change to a store at a revision. */
  public static Builder on(Revision base) {
    return new Builder(base);
  }

  /** Collects a change. */
  public static final class Builder {
    private final Revision base;
    private final List<Addition> additions = new ArrayList<>();
    private final Set<AumHash> purges = new LinkedHashSet<>();
    private Optional<AumHash> lastActiveAncestor = Optional.empty();
    private Optional<AumHash> trailCut = Optional.empty();
    private List<TrailEntry> trail = List.of();
    private Optional<OwnAums> ownAums = Optional.empty();
    private Optional<OwnTime> time = Optional.empty();
    private final Map<AumHash, List<Inherited>> inherited = new LinkedHashMap<>();

    private Builder(Revision base) {
      this.base = base;
    }

    /** Adds an AUM. */
    public Builder add(Aum aum, Instant committedAt) {
      return add(new Addition(aum, committedAt));
    }

    /** Adds an AUM. */
    public Builder add(Addition addition) {
      additions.add(addition);
      return this;
    }

    /** Forgets an AUM. */
    public Builder purge(AumHash hash) {
      purges.add(hash);
      return this;
    }

    /** Forgets AUMs. */
    public Builder purge(Collection<AumHash> hashes) {
      purges.addAll(hashes);
      return this;
    }

    /** Records the oldest AUM of the active chain. */
    public Builder lastActiveAncestor(AumHash hash) {
      lastActiveAncestor = Optional.of(hash);
      return this;
    }

    /** Forgets an AUM of the trail and all that follow it there. */
    public Builder cutTrail(AumHash from) {
      trailCut = Optional.of(from);
      return this;
    }

    /** Adds the entries that purges leave to the trail, oldest first, after those already in it. */
    public Builder trail(List<TrailEntry> entries) {
      trail = entries;
      return this;
    }

    /** Replaces the notes on own AUMs. */
    public Builder ownAums(OwnAums next) {
      ownAums = Optional.of(next);
      return this;
    }

    /** Replaces the note on own time. */
    public Builder time(OwnTime next) {
      time = Optional.of(next);
      return this;
    }

    /** Notes what a rewrite keeps of the branch that it displaces. */
    public Builder inherits(AumHash rewrite, List<Inherited> kept) {
      inherited.put(rewrite, List.copyOf(kept));
      return this;
    }

    /**
     * The change.
     *
     * @throws StoreException.OverLimit if an AUM or its commit time, or the notes on own AUMs, go
     *     beyond {@link Limits}
     */
    public Commit build() throws StoreException.OverLimit {
      Optional<String> excess = Limits.findExcess(additions, ownAums, time);
      if (excess.isPresent()) {
        throw new StoreException.OverLimit(excess.get());
      }
      return new Commit(
          base, additions, purges, lastActiveAncestor, trailCut, trail, ownAums, time, inherited);
    }
  }
}
