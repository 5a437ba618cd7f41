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
 * @param own the AUMs made here, each with the time at which control was first known to have it; an
 *     AUM without a time is <i>unsent</i>
 * @param agreedAt the last time at which the heads of this node and of control were known to be
 *     equal
 * @param setAside edits that control did not accept, oldest first; a person may make them again
 */
public record OwnAums(
    Map<AumHash, Optional<Instant>> own, Optional<Instant> agreedAt, List<SetAside> setAside) {
  /** No notes. */
  public static final OwnAums NONE = new OwnAums(Map.of(), Optional.empty(), List.of());

  /** Copies its parts. */
  public OwnAums {
    own = Map.copyOf(own);
    Objects.requireNonNull(agreedAt);
    setAside = List.copyOf(setAside);
  }

  /**
   * A local edit that control did not accept.
   *
   * @param aum the AUM as it was made
   * @param at the time at which it was set aside, to the second
   * @param revocation true for a checkpoint that was meant as a rewrite: it took a key away, or
   *     forked off
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
    Optional<Instant> acknowledgedAt = own.get(hash);
    return acknowledgedAt != null && acknowledgedAt.isEmpty();
  }

  /** The AUMs made here that control is not known to have. */
  public Set<AumHash> unsent() {
    Set<AumHash> unsent = new LinkedHashSet<>();
    own.forEach(
        (hash, acknowledgedAt) -> {
          if (acknowledgedAt.isEmpty()) {
            unsent.add(hash);
          }
        });
    return unsent;
  }

  /**
   * The time from which an AUM ages: its commit or, for an AUM made here, its acknowledgement by
   * control.
   *
   * @return empty for an unsent AUM, which does not age
   */
  public Optional<Instant> agesFrom(AumEntry entry) {
    return agesFrom(entry.hash(), entry.committedAt());
  }

  public Optional<Instant> agesFrom(AumHash hash, Instant committedAt) {
    Optional<Instant> acknowledgedAt = own.get(hash);
    return acknowledgedAt == null ? Optional.of(committedAt) : acknowledgedAt;
  }

  /** These notes plus AUMs that were made here just now. */
  public OwnAums made(Collection<AumHash> hashes) {
    Map<AumHash, Optional<Instant>> more = new HashMap<>(own);
    hashes.forEach(hash -> more.putIfAbsent(hash, Optional.empty()));
    return new OwnAums(more, agreedAt, setAside);
  }

  /**
   * These notes plus AUMs that control is known to have. Those made here are never unsent again,
   * and none of them stays on the list of edits that control did not accept.
   */
  public OwnAums acknowledged(Collection<AumHash> hashes, Instant at) {
    Map<AumHash, Optional<Instant>> more = new HashMap<>(own);
    hashes.forEach(
        hash ->
            more.computeIfPresent(
                hash, (any, before) -> before.isPresent() ? before : Optional.of(at)));
    Set<AumHash> known = Set.copyOf(hashes);
    List<SetAside> left = new ArrayList<>(setAside);
    left.removeIf(edit -> known.contains(edit.aum().hash()));
    return new OwnAums(more, agreedAt, left);
  }

  /** These notes with the heads known to be equal at a given time. */
  public OwnAums agreed(Instant at) {
    return new OwnAums(own, Optional.of(at), setAside);
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
    return new OwnAums(own, agreedAt, more);
  }

  /** These notes without edits that were made again or are no longer wanted. */
  public OwnAums withoutAside(Set<AumHash> hashes) {
    List<SetAside> left = new ArrayList<>(setAside);
    left.removeIf(edit -> hashes.contains(edit.aum().hash()));
    return new OwnAums(own, agreedAt, left);
  }
}
