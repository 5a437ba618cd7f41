package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Bytes;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.NodeKeySignatures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The file of peers: what was noted is read again, and damage is noticed wherever it is. */
class PeerLogProperties {
  /** A folder in memory. */
  static final class MemoryFolder implements AgentFolder {
    final Map<File, Bytes> files = new EnumMap<>(File.class);
    MemoryAumStore aums = new MemoryAumStore();

    @Override
    public AumStore aums() {
      return aums;
    }

    @Override
    public Optional<String> setAumsAside() {
      aums = new MemoryAumStore();
      return Optional.of("away");
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
      byte[] before = files.get(file).toByteArray();
      byte[] both = Arrays.copyOf(before, before.length + content.size());
      System.arraycopy(content.toByteArray(), 0, both, before.length, content.size());
      files.put(file, Bytes.copyOf(both));
    }
  }

  private static KnownPeer peer(int id, int key, Random random) {
    return new KnownPeer(
        new Peer(
            "peer " + id,
            NodeKeySignatures.nodeKey(key),
            random.nextBoolean() ? Bytes.empty() : Bytes.copyOf(new byte[random.nextInt(200)]),
            random.nextBoolean()),
        random.nextBoolean() ? Optional.of("n\n\u2028\"" + id) : Optional.empty());
  }

  /** Every state that was noted, the first of them before anything was. */
  private static List<Map<String, KnownPeer>> live(MemoryFolder folder, Random random)
      throws StoreException {
    List<Map<String, KnownPeer>> states = new ArrayList<>(List.of(Map.of()));
    Map<String, KnownPeer> peers = new TreeMap<>();
    PeerLog log = PeerLog.open(folder).log();
    for (int i = random.nextInt(1, 30); i > 0; i--) {
      Map<String, KnownPeer> upserts = new TreeMap<>();
      for (int j = random.nextInt(4); j > 0; j--) {
        KnownPeer peer = peer(random.nextInt(8), random.nextInt(9), random);
        upserts.put(peer.peer().id(), peer);
      }
      Set<String> gone = new java.util.TreeSet<>(peers.keySet());
      gone.removeIf(id -> upserts.containsKey(id) || random.nextInt(5) > 0);
      peers.keySet().removeAll(gone);
      peers.putAll(upserts);
      log.note(upserts.values(), gone, peers.values());
      states.add(new TreeMap<>(peers));
      if (random.nextInt(6) == 0) {
        log = PeerLog.open(folder).log();
      }
    }
    return states;
  }

  @Property(tries = 300)
  void whatWasNotedIsReadAgain(@ForAll Random random) throws StoreException {
    MemoryFolder folder = new MemoryFolder();
    List<Map<String, KnownPeer>> states = live(folder, random);

    assertThat(PeerLog.open(folder).peers()).contains(states.get(states.size() - 1));
  }

  @Property(tries = 300)
  void aFileThatIsCutIsAnEarlierOneOrDamaged(@ForAll Random random) throws StoreException {
    MemoryFolder folder = new MemoryFolder();
    live(folder, random);
    byte[] whole = folder.files.getOrDefault(AgentFolder.File.PEERS, Bytes.empty()).toByteArray();
    int length = whole.length == 0 ? 0 : random.nextInt(whole.length);
    byte[] cut = Arrays.copyOf(whole, length);
    folder.files.put(AgentFolder.File.PEERS, Bytes.copyOf(cut));

    Optional<Map<String, KnownPeer>> read = PeerLog.open(folder).peers();

    // A line for each peer: what is read is what some of the first lines say.
    int lines =
        (int)
            new String(cut, java.nio.charset.StandardCharsets.UTF_8)
                .chars()
                .filter(c -> c == '\n')
                .count();
    assertThat(read.isPresent()).isEqualTo(lines > 0);
    assertThat(read.orElse(Map.of()).size()).isLessThanOrEqualTo(Math.max(0, lines - 1));
  }

  @Property(tries = 300)
  void aByteThatChangedIsNoticed(@ForAll Random random) throws StoreException {
    MemoryFolder folder = new MemoryFolder();
    List<Map<String, KnownPeer>> states = live(folder, random);
    byte[] bytes = folder.files.getOrDefault(AgentFolder.File.PEERS, Bytes.empty()).toByteArray();
    if (bytes.length == 0) {
      return;
    }
    int at = random.nextInt(bytes.length);
    bytes[at] ^= (byte) (1 << random.nextInt(8));
    folder.files.put(AgentFolder.File.PEERS, Bytes.copyOf(bytes));

    Optional<Map<String, KnownPeer>> read = PeerLog.open(folder).peers();

    boolean inTheLastLine = at >= lastLine(bytes, at);
    assertThat(read.isEmpty() || inTheLastLine).isTrue();
    if (read.isPresent()) {
      // The end of the last line is gone: as if it had been cut.
      assertThat(read.get()).isNotEqualTo(states.get(states.size() - 1));
    }
  }

  private static int lastLine(byte[] bytes, int changed) {
    int end = bytes.length - 1;
    for (int i = end - 1; i >= 0; i--) {
      if (bytes[i] == '\n' && i != changed) {
        return i + 1;
      }
    }
    return 0;
  }

  @Property(tries = 20)
  void theFileGrowsNoLongerThanWhatItHolds(@ForAll Random random) throws StoreException {
    MemoryFolder folder = new MemoryFolder();
    PeerLog log = PeerLog.open(folder).log();
    KnownPeer one = peer(1, 1, random);
    for (int i = 0; i < 2000; i++) {
      KnownPeer next = peer(1, i, random);
      log.note(List.of(next), Set.of(), List.of(next));
      one = next;
    }

    assertThat(folder.files.get(AgentFolder.File.PEERS).size()).isLessThan(60_000);
    assertThat(PeerLog.open(folder).peers().orElseThrow()).containsOnlyKeys(one.peer().id());
  }
}
