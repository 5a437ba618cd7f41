package dev.tka.core;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Taking unsent AUMs out of the store, to be kept apart (section 10, "Unsent"). */
final class SettingAside {
  private SettingAside() {}

  /** The unsent ones among stored AUMs, parents first, as edits that are set aside. */
  static List<Marks.SetAside> unsentOf(Authority authority, Collection<AumHash> hashes, Instant now)
      throws StoreException, OpenException {
    AumSnapshot snapshot = authority.snapshot();
    List<AumHash> unsent = new ArrayList<>(hashes);
    unsent.removeIf(hash -> !snapshot.marks().isUnsent(hash));
    unsent.sort(
        Comparator.comparing(hash -> snapshot.find(hash).map(AumEntry::height).orElseThrow()));
    List<Marks.SetAside> edits = new ArrayList<>();
    for (AumHash hash : unsent) {
      edits.add(new Marks.SetAside(snapshot.get(hash), now, isRevocation(authority, hash)));
    }
    return edits;
  }

  /**
   * True for a checkpoint that was meant as a rewrite: one that takes a key away, or was made where
   * the chain went on already. A revocation mostly takes none away, as it forks off where the key
   * was not trusted yet; what control had put after the same AUM later tells nothing.
   */
  static boolean isRevocation(Authority authority, AumHash hash)
      throws StoreException, OpenException {
    Aum aum = authority.snapshot().get(hash);
    if (aum.state().isEmpty() || !aum.kind().equals(AumKind.CHECKPOINT)) {
      return false;
    }
    AumHash parent = aum.parent().orElseThrow();
    Instant madeAt = authority.snapshot().find(hash).orElseThrow().committedAt();
    for (AumEntry sibling : authority.snapshot().children(parent)) {
      if (sibling.committedAt().isBefore(madeAt)) {
        return true;
      }
    }
    try {
      State before = authority.stateAt(parent);
      return !aum.state().get().keyIds().containsAll(before.keyIds());
    } catch (ApplyException e) {
      throw new OpenException.CannotApply(e);
    }
  }
}
