package dev.tka.client;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * What was read of a server. A server names no revisions, so the AUMs that it has stand for one:
 * the same AUMs are the same revision, whoever reads them.
 *
 * @param content in memory
 * @param revision of those AUMs
 */
record ServedSnapshot(AumSnapshot content, Revision revision) implements AumSnapshot {
  static ServedSnapshot of(AumSnapshot content) {
    long sum = 0;
    for (AumEntry entry : content.entries()) {
      // Sums of hashes: nobody makes two sets of AUMs that collide and each verify by chance.
      sum += ByteBuffer.wrap(entry.hash().bytes().toByteArray()).getLong();
    }
    return new ServedSnapshot(content, new Revision(sum & Long.MAX_VALUE));
  }

  @Override
  public Collection<? extends AumEntry> entries() {
    return content.entries();
  }

  @Override
  public Optional<? extends AumEntry> find(AumHash hash) {
    return content.find(hash);
  }

  @Override
  public List<? extends AumEntry> children(AumHash parent) {
    return content.children(parent);
  }

  @Override
  public Bytes encoded(AumHash hash) throws StoreException {
    return content.encoded(hash);
  }

  @Override
  public Optional<AumHash> lastActiveAncestor() {
    return content.lastActiveAncestor();
  }

  @Override
  public Trail trail() {
    return content.trail();
  }

  @Override
  public Optional<Commit.Addition> purged(AumHash hash) {
    return content.purged(hash);
  }

  @Override
  public Notes notes() {
    return content.notes();
  }

  @Override
  public boolean hasBodiesInMemory() {
    return content.hasBodiesInMemory();
  }

  @Override
  public long heapBytes() {
    return content.heapBytes();
  }

  @Override
  public List<Damage> damage() {
    return content.damage();
  }
}
