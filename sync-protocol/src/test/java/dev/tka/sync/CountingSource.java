package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** A snapshot that counts what is asked of it after it was opened. */
final class CountingSource {
  private final AumSnapshot behind;
  private long calls;

  CountingSource(AumSnapshot behind) {
    this.behind = behind;
  }

  /** An authority whose questions are counted, beginning now. */
  Authority open() throws TkaException {
    Authority authority = Authority.open(new Counting());
    calls = 0;
    return authority;
  }

  /** How many there were. */
  long calls() {
    return calls;
  }

  private final class Counting implements AumSnapshot {
    @Override
    public Revision revision() {
      return behind.revision();
    }

    @Override
    public Collection<? extends AumEntry> entries() {
      calls += behind.entries().size();
      return behind.entries();
    }

    @Override
    public Optional<? extends AumEntry> find(AumHash hash) {
      calls++;
      return behind.find(hash);
    }

    @Override
    public List<? extends AumEntry> children(AumHash parent) {
      calls++;
      return behind.children(parent);
    }

    @Override
    public Bytes encoded(AumHash hash) throws StoreException {
      calls++;
      return behind.encoded(hash);
    }

    @Override
    public Optional<AumHash> lastActiveAncestor() {
      return behind.lastActiveAncestor();
    }

    @Override
    public Trail trail() {
      return behind.trail();
    }

    @Override
    public Notes notes() {
      return behind.notes();
    }

    @Override
    public List<Damage> damage() {
      return behind.damage();
    }
  }
}
