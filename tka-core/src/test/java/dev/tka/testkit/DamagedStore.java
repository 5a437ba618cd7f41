package dev.tka.testkit;

import dev.tka.core.AumHash;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A store in memory of which one file is damaged, until its AUM has come back. */
public final class DamagedStore implements AumStore {
  private final MemoryAumStore behind = new MemoryAumStore();
  private final AumHash damaged;

  /** A store with this content, of which one AUM cannot be read. */
  public DamagedStore(AumSnapshot content, AumHash damaged) throws StoreException {
    this.damaged = damaged;
    Commit.Builder commit = Commit.on(behind.read().revision()).ownAums(content.ownAums());
    for (AumEntry entry : content.entries()) {
      commit.add(
          new Commit.Addition(content.get(entry.hash()), entry.committedAt(), entry.facts()));
    }
    content.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
    behind.commit(commit.build());
  }

  @Override
  public AumSnapshot read() {
    return withDamage((IndexSnapshot<?>) behind.read());
  }

  @Override
  public AumSnapshot commit(Commit commit) throws StoreException {
    return withDamage((IndexSnapshot<?>) behind.commit(commit));
  }

  @Override
  public void wipe() {
    behind.wipe();
  }

  private <B> AumSnapshot withDamage(IndexSnapshot<B> whole) {
    List<Damage> damage = new ArrayList<>();
    if (whole.find(damaged).isEmpty()) {
      damage.add(new Damage("a file", Optional.of(damaged), "truncated", Damage.Kind.CONTENT));
    }
    AumIndex<B> index = whole.index();
    return new IndexSnapshot<>(
        index,
        whole.limit(),
        whole.revision(),
        whole.lastActiveAncestor(),
        whole.bodies(),
        whole.remembered(),
        whole.notes(),
        damage);
  }
}
