package dev.tka.bench;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.TestKeys;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The one chain of all benchmarks, of any length: one signer, 2 to 20 trusted keys (added up to 20,
 * removed down to 2, and so on), a checkpoint at every 50th AUM, real signatures, 193 bytes per AUM
 * on average. Shorter chains are the beginnings of longer ones.
 *
 * <p>Signing 110,000 AUMs takes a while, because each needs its parent's hash, so the chain is made
 * once and kept in a file beside the jar.
 */
final class Chain {
  /** The longest chain of a measured authority. */
  static final int LONGEST = 100_000;

  /** The number of AUMs beyond that, to inform with. */
  static final int BEYOND = 10_000;

  private static final String FILE = "chain-1.bin";

  /** The bytes around an AUM in its file, at most. */
  static final int ENVELOPE = 50;

  /** The number of the signing key. */
  static final int SIGNER = 1;

  private static final int FIRST_OTHER_KEY = 2;
  private static final int OTHER_KEYS = 64;
  private static final int FEWEST_KEYS = 2;
  private static final int MOST_KEYS = 20;
  private static final int CHECKPOINT_EVERY = 50;

  private static final long STATE_ID_1 = 0x7cf5bb4dad3c1347L;
  private static final long STATE_ID_2 = 0x15c53b7838d27917L;

  /** The commit time of all AUMs. */
  static final Instant COMMITTED_AT = Instant.parse("2025-01-01T00:00:00Z");

  private Chain() {}

  /** Makes the file if it does not exist. */
  static void prepare() throws IOException {
    if (!Files.exists(file())) {
      Path unfinished = Files.createTempFile(file().getParent(), FILE, ".tmp");
      try (DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(unfinished)))) {
        generate(LONGEST + BEYOND, out);
      }
      Files.move(unfinished, file(), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** The encodings of the first AUMs, oldest first. */
  static List<byte[]> encodings(int length) throws IOException {
    prepare();
    List<byte[]> encodings = new ArrayList<>(length);
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file())))) {
      while (encodings.size() < length) {
        encodings.add(in.readNBytes(in.readInt()));
      }
    }
    return encodings;
  }

  /** Fresh values, for which nothing lazy has been computed yet. */
  static List<Aum> decode(List<byte[]> encodings) throws DecodeException {
    List<Aum> aums = new ArrayList<>(encodings.size());
    for (byte[] encoding : encodings) {
      aums.add(Aum.decode(encoding));
    }
    return aums;
  }

  /** A store of these AUMs. */
  static MemoryAumStore store(List<Aum> aums) throws StoreException {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    aums.forEach(aum -> commit.add(aum, COMMITTED_AT));
    store.commit(commit.lastActiveAncestor(aums.get(0).hash()).build());
    return store;
  }

  /** Writes these AUMs as a shipping node does: one file each. */
  static void writeDirectory(Path directory, List<Aum> aums) throws IOException {
    Files.write(
        directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR), aums.get(0).hash().toByteArray());
    for (Aum aum : aums) {
      String name = aum.hash().toString();
      Path folder = Files.createDirectories(directory.resolve(name.substring(0, 2)));
      byte[] encoded = aum.encoded().toByteArray();
      byte[] content =
          new CanonicalWriter(encoded.length + ENVELOPE)
              .map(2)
              .unsigned(2)
              .raw(encoded)
              .unsigned(3)
              .unsigned(COMMITTED_AT.getEpochSecond())
              .toByteArray();
      Files.write(folder.resolve(name), content);
    }
  }

  /** An empty directory beside the chain's file, so on a disk, not in memory. */
  static Path newDirectory() throws IOException {
    return Files.createTempDirectory(file().toAbsolutePath().getParent(), "directory");
  }

  /** Deletes a directory and everything in it. */
  static void deleteDirectory(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** The first AUM of an authority with some keys, the signer's included. */
  static Aum genesis(int keys) {
    return sign(Aum.builder(AumKind.CHECKPOINT).state(stateOf(keys)));
  }

  /** An AUM that adds the last of some keys to an authority of all others. */
  static Aum addKey(int keys) {
    return sign(
        Aum.builder(AumKind.ADD_KEY)
            .parent(genesis(keys - 1).hash())
            .key(TestKeys.key(FIRST_OTHER_KEY + keys - 2, 1)));
  }

  private static State stateOf(int keys) {
    List<Key> trusted =
        IntStream.range(SIGNER, SIGNER + keys).mapToObj(n -> TestKeys.key(n, 1)).toList();
    Bytes disablementValue = TestKeys.id(0);
    return State.of(List.of(disablementValue), trusted, STATE_ID_1, STATE_ID_2);
  }

  private static void generate(int length, DataOutputStream out) throws IOException {
    Aum aum = genesis(FEWEST_KEYS);
    State state = stateOf(FEWEST_KEYS).standingAt(aum.hash());
    int nextKey = FEWEST_KEYS - 1;
    boolean growing = true;
    write(aum, out);
    for (int i = 1; i < length; i++) {
      Aum.Builder next;
      if (i % CHECKPOINT_EVERY == 0) {
        next = Aum.builder(AumKind.CHECKPOINT).state(state.withoutLastAumHash());
      } else if (growing) {
        next =
            Aum.builder(AumKind.ADD_KEY)
                .key(TestKeys.key(FIRST_OTHER_KEY + nextKey++ % OTHER_KEYS, 1));
      } else {
        // The first key is the signer's; the next one has been there longest.
        next = Aum.builder(AumKind.REMOVE_KEY).keyId(state.keys().get(1).id());
      }
      aum = sign(next.parent(aum.hash()));
      try {
        state = state.apply(aum);
      } catch (ApplyException e) {
        throw new AssertionError(e);
      }
      growing = growing ? state.keys().size() < MOST_KEYS : state.keys().size() == FEWEST_KEYS;
      write(aum, out);
    }
  }

  private static Aum sign(Aum.Builder unsigned) {
    return TestKeys.sign(unsigned.build(), SIGNER);
  }

  private static void write(Aum aum, DataOutputStream out) throws IOException {
    byte[] encoded = aum.encoded().toByteArray();
    out.writeInt(encoded.length);
    out.write(encoded);
  }

  /** Where the chain is kept: beside the jar, or the classes, that this class is in. */
  static Path file() {
    try {
      Path code = Path.of(Chain.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return code.resolveSibling(FILE);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
