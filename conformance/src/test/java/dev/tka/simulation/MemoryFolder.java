package dev.tka.simulation;

import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.node.AgentFolder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** An agent's folder in memory, which outlives the agent. */
final class MemoryFolder implements AgentFolder {
  private final Map<File, Bytes> files = new EnumMap<>(File.class);
  private MemoryAumStore aums = new MemoryAumStore();
  private int aside;
  private boolean unreadable;

  @Override
  public AumStore aums() {
    return unreadable ? new Unreadable() : aums;
  }

  /** Damages a file: its end is gone, or one byte is another. */
  void damage(File file, int place, boolean cut) {
    byte[] content = read(file).map(Bytes::toByteArray).orElse(new byte[0]);
    if (content.length > 0) {
      int at = Math.floorMod(place, content.length);
      content[at] ^= (byte) (1 << Math.floorMod(place, 7));
      files.put(file, Bytes.copyOf(cut ? Arrays.copyOf(content, at) : content));
    }
  }

  /** Damages the AUMs: they cannot be read, or are gone. */
  void damageAums(boolean gone) {
    unreadable = !gone;
    aums = gone ? new MemoryAumStore() : aums;
  }

  /** AUMs that are damaged. */
  private static final class Unreadable implements AumStore {
    @Override
    public AumSnapshot read() throws StoreException {
      throw new StoreException.Damaged("no byte of it makes sense");
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      return read();
    }

    @Override
    public void wipe() throws StoreException {
      read();
    }
  }

  @Override
  public Optional<String> setAumsAside() {
    aums = new MemoryAumStore();
    unreadable = false;
    aside++;
    return Optional.of("aside " + aside);
  }

  @Override
  public Optional<Bytes> read(File file) {
    return Optional.ofNullable(files.get(file));
  }

  @Override
  public void write(File file, Bytes content) {
    files.put(file, content);
  }

  @Override
  public void append(File file, Bytes content) {
    Bytes before = Optional.ofNullable(files.get(file)).orElseThrow();
    byte[] longer = Arrays.copyOf(before.toByteArray(), before.size() + content.size());
    System.arraycopy(content.toByteArray(), 0, longer, before.size(), content.size());
    files.put(file, Bytes.copyOf(longer));
  }
}
