package dev.tka.simulation;

import dev.tka.core.Bytes;
import dev.tka.core.store.MemoryAumStore;
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

  @Override
  public MemoryAumStore aums() {
    return aums;
  }

  @Override
  public Optional<String> setAumsAside() {
    aums = new MemoryAumStore();
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
