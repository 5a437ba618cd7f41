package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The branches off our active chain to which a remote's names lead, none walked twice. */
final class LosingBranches {
  private final Authority local;
  private final AumSnapshot snapshot;
  private final Set<AumHash> walked = new HashSet<>();
  private int held;
  private Optional<Intersection.LosingBranch> newest = Optional.empty();

  LosingBranches(Authority local) {
    this.local = local;
    this.snapshot = local.snapshot();
  }

  /**
   * Walks from an AUM off the active chain down to the place where its branch leaves that chain.
   */
  void follow(AumHash named) {
    Optional<AumEntry> at = find(named);
    held += at.isPresent() ? 1 : 0;
    for (int length = 1; at.isPresent() && walked.add(at.get().hash()); length++) {
      Optional<AumHash> parent = at.get().parent();
      Optional<List<AumHash>> after = parent.flatMap(local::activeAfter);
      if (after.isPresent()) {
        int following = after.get().size();
        if (newest.isEmpty() || following < newest.get().following()) {
          newest =
              Optional.of(
                  new Intersection.LosingBranch(
                      parent.orElseThrow(), following, named, length, after.get().get(0)));
        }
        return;
      }
      at = parent.flatMap(this::find);
    }
  }

  private Optional<AumEntry> find(AumHash hash) {
    return snapshot.find(hash).map(Function.identity());
  }

  Optional<Intersection.LosingBranch> newest() {
    return newest;
  }

  Intersection.None none(int named) {
    boolean fromGenesis =
        find(local.oldestAncestor()).filter(entry -> entry.parent().isEmpty()).isPresent();
    return new Intersection.None(local.head(), local.oldestAncestor(), fromGenesis, named, held);
  }
}
