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
 * What a node notes about its own AUMs and about control (protocol, section 10, "Unsent").
 * Immutable.
 *
 * @param own the AUMs that were made here, each with the time at which control was first known to
 *     have it; without a time it is <i>unsent</i>
 * @param agreedAt when the heads of this node and of control were last known to be equal
 * @param setAside edits that control did not take, oldest first; a person may make them again
 */
public record Marks(
    Map<AumHash, Optional<Instant>> own, Optional<Instant> agreedAt, List<SetAside> setAside) {
  /** Nothing is noted. */
  public static final Marks NONE = new Marks(Map.of(), Optional.empty(), List.of());

  /** Copies its parts. */
  public Marks {
    own = Map.copyOf(own);
    Objects.requireNonNull(agreedAt);
    setAside = List.copyOf(setAside);
  }

  /**
   * An edit that was made here and that control did not take.
   *
   * @param aum as it was made
   * @param at when it was set aside, to the second
   * @param revocation true for a checkpoint that was meant as a rewrite: it took a key away, or
   *     forked off
   */
  public record SetAside(Aum aum, Instant at, boolean revocation) {
    /** Refuses nothing but null. */
    public SetAside {
      Objects.requireNonNull(aum);
      Objects.requireNonNull(at);
    }
  }

  /** True for an AUM that was made here and that control is not known to have. */
  public boolean isUnsent(AumHash hash) {
    Optional<Instant> acknowledgedAt = own.get(hash);
    return acknowledgedAt != null && acknowledgedAt.isEmpty();
  }

  /** The AUMs that control is not known to have. */
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
   * Since when an AUM counts as old: its commit, or, of one that was made here, its
   * acknowledgement.
   *
   * @return empty for one that is unsent, which does not age
   */
  public Optional<Instant> agesFrom(AumEntry entry) {
    return agesFrom(entry.hash(), entry.committedAt());
  }

  public Optional<Instant> agesFrom(AumHash hash, Instant committedAt) {
    Optional<Instant> acknowledgedAt = own.get(hash);
    return acknowledgedAt == null ? Optional.of(committedAt) : acknowledgedAt;
  }

  /** With AUMs that were made here just now. */
  public Marks made(Collection<AumHash> hashes) {
    Map<AumHash, Optional<Instant>> more = new HashMap<>(own);
    hashes.forEach(hash -> more.putIfAbsent(hash, Optional.empty()));
    return new Marks(more, agreedAt, setAside);
  }

  /**
   * With AUMs that control is known to have. Those that were made here are never unsent again, and
   * none of them is an edit that control did not take.
   */
  public Marks acknowledged(Collection<AumHash> hashes, Instant at) {
    Map<AumHash, Optional<Instant>> more = new HashMap<>(own);
    hashes.forEach(
        hash ->
            more.computeIfPresent(
                hash, (any, before) -> before.isPresent() ? before : Optional.of(at)));
    Set<AumHash> known = Set.copyOf(hashes);
    List<SetAside> left = new ArrayList<>(setAside);
    left.removeIf(edit -> known.contains(edit.aum().hash()));
    return new Marks(more, agreedAt, left);
  }

  /** With the heads equal at a time. */
  public Marks agreed(Instant at) {
    return new Marks(own, Optional.of(at), setAside);
  }

  /** With edits set aside; one that is already keeps its time. */
  public Marks aside(List<SetAside> edits) {
    List<SetAside> more = new ArrayList<>(setAside);
    Set<AumHash> known = new HashSet<>();
    setAside.forEach(edit -> known.add(edit.aum().hash()));
    for (SetAside edit : edits) {
      if (known.add(edit.aum().hash())) {
        more.add(edit);
      }
    }
    return new Marks(own, agreedAt, more);
  }

  /** Without edits that were made again, or are not wanted any more. */
  public Marks withoutAside(Set<AumHash> hashes) {
    List<SetAside> left = new ArrayList<>(setAside);
    left.removeIf(edit -> hashes.contains(edit.aum().hash()));
    return new Marks(own, agreedAt, left);
  }
}
