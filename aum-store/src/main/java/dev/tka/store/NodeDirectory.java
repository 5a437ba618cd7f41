package dev.tka.store;

import dev.tka.core.AumHash;
import dev.tka.core.AumSnapshot;
import dev.tka.core.AumSource;
import dev.tka.core.Damage;
import dev.tka.core.DecodeException;
import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import dev.tka.core.TextException;
import dev.tka.core.internal.AumIndex;
import dev.tka.core.internal.IndexSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The directory in which a shipping node keeps a tailnet's AUMs (section 9), read as it is and
 * never written: one file per AUM at {@code <first two characters of its hash>/<hash>}, and the
 * file {@code last_active_ancestor}.
 *
 * <p>A file that is named like an AUM and does not hold it makes the reference refuse the
 * directory. Here the sound files are shown, and {@link AumSnapshot#damage} names the others. Files
 * with other names are not looked at.
 */
public final class NodeDirectory implements AumSource {
  /** The file with the recorded last-active ancestor: 32 raw bytes. */
  public static final String LAST_ACTIVE_ANCESTOR = "last_active_ancestor";

  /**
   * The most bytes of a file that are read. The largest well-formed checkpoint has about 350 KiB,
   * and nothing else that a node writes comes near.
   */
  static final int MAX_FILE_SIZE = 1 << 20;

  private static final int PREFIX_LENGTH = 2;

  private final Path directory;
  private final AtomicLong reads = new AtomicLong();

  private NodeDirectory(Path directory) {
    this.directory = directory;
  }

  /**
   * The directory at a path. Nothing is read before {@link #read}.
   *
   * @throws StoreException.Absent if there is no directory there
   */
  public static NodeDirectory at(Path directory) throws StoreException.Absent {
    if (!Files.exists(directory)) {
      throw new StoreException.Absent(directory + ": no such directory");
    }
    if (!Files.isDirectory(directory)) {
      throw new StoreException.Absent(directory + ": expected a directory, found a file");
    }
    return new NodeDirectory(directory);
  }

  /**
   * Reads every file once. The directory has no revision of its own, so every reading is one of its
   * own.
   *
   * @throws StoreException.Unavailable if the directory itself cannot be read
   * @throws StoreException.Damaged if {@code last_active_ancestor} is not a hash
   */
  @Override
  public AumSnapshot read() throws StoreException {
    Optional<AumHash> lastActiveAncestor = readLastActiveAncestor();
    Scan scan = new Scan();
    for (Path folder : list(directory)) {
      if (Files.isDirectory(folder)) {
        list(folder).forEach(scan::sort);
      }
    }
    return scan.snapshot(lastActiveAncestor, new Revision(reads.incrementAndGet()));
  }

  private Optional<AumHash> readLastActiveAncestor() throws StoreException {
    byte[] content;
    Path file = directory.resolve(LAST_ACTIVE_ANCESTOR);
    try {
      content = readBounded(file, AumHash.SIZE);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new StoreException.Unavailable(LAST_ACTIVE_ANCESTOR, e);
    }
    if (content.length != AumHash.SIZE) {
      throw new StoreException.Damaged(
          LAST_ACTIVE_ANCESTOR
              + ": expected "
              + AumHash.SIZE
              + " bytes, found "
              + (content.length > AumHash.SIZE ? "more" : content.length));
    }
    return Optional.of(AumHash.of(content));
  }

  private List<Path> list(Path folder) throws StoreException.Unavailable {
    List<Path> paths = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(paths::add);
    } catch (IOException e) {
      throw new StoreException.Unavailable(folder.toString(), e);
    } catch (DirectoryIteratorException e) {
      throw new StoreException.Unavailable(folder.toString(), e);
    }
    // The file system's order means nothing; with one of our own, reports are the same every time.
    Collections.sort(paths);
    return paths;
  }

  /** Reads a file, and one byte more than {@code most} when it is longer. */
  private static byte[] readBounded(Path file, int most) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(most + 1);
    }
  }

  /** One reading of the directory. */
  private final class Scan {
    /** Files in the place where their name says that an AUM is. */
    private final Map<AumHash, Path> inPlace = new HashMap<>();

    /** Files named like an AUM, elsewhere or with a sloppy name. */
    private final Map<AumHash, Path> strays = new HashMap<>();

    /** What came of reading one file: an AUM, damage, or nothing when it holds no AUM. */
    private record Outcome(Optional<AumFile> file, Optional<Damage> damage) {}

    /** Decides by its name what a file is. */
    void sort(Path path) {
      String name = path.getFileName().toString();
      Optional<AumHash> hash = hashNamedBy(name);
      if (hash.isEmpty()) {
        return;
      }
      boolean atHome = name.equals(hash.get().toString()) && path.equals(home(hash.get()));
      (atHome ? inPlace : strays).putIfAbsent(hash.get(), path);
    }

    AumSnapshot snapshot(Optional<AumHash> lastActiveAncestor, Revision revision) {
      List<Map.Entry<AumHash, Path>> files =
          inPlace.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
      List<Outcome> outcomes =
          files.parallelStream().map(entry -> load(entry.getKey(), entry.getValue())).toList();
      List<Damage> damage = new ArrayList<>();
      for (Outcome outcome : outcomes) {
        outcome.damage().ifPresent(damage::add);
      }
      List<AumFile> aums = outcomes.stream().flatMap(outcome -> outcome.file().stream()).toList();
      AumIndex index = AumIndex.of(aums.stream().map(AumFile::toItem).toList());
      strays.entrySet().stream()
          .filter(stray -> !inPlace.containsKey(stray.getKey()))
          .sorted(Map.Entry.comparingByKey())
          .map(stray -> strayed(stray.getKey(), stray.getValue()))
          .forEach(damage::add);
      return new IndexSnapshot(
          index, Long.MAX_VALUE, revision, lastActiveAncestor, List.copyOf(damage));
    }

    private Damage strayed(AumHash hash, Path path) {
      return new Damage(
          relative(path),
          Optional.of(hash),
          "named like an AUM, which belongs at " + relative(home(hash)),
          Damage.Kind.CONTENT);
    }

    private Outcome load(AumHash hash, Path path) {
      try {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          return damaged(hash, path, "expected a file, found a directory");
        }
        byte[] content = readBounded(path, MAX_FILE_SIZE);
        if (content.length > MAX_FILE_SIZE) {
          return damaged(hash, path, "larger than " + MAX_FILE_SIZE + " bytes");
        }
        Optional<AumFile> file =
            AumFile.parse(content, () -> Files.getLastModifiedTime(path).toMillis() / 1000);
        if (file.isEmpty()) {
          return new Outcome(Optional.empty(), Optional.empty());
        }
        AumHash found = file.get().aum().hash();
        if (!found.equals(hash)) {
          return damaged(hash, path, "its content hashes to " + found);
        }
        return new Outcome(file.filter(AumFile::isHeld), Optional.empty());
      } catch (DecodeException e) {
        return damaged(hash, path, e.getMessage());
      } catch (IOException e) {
        return new Outcome(
            Optional.empty(),
            Optional.of(
                new Damage(
                    relative(path),
                    Optional.of(hash),
                    "cannot be read: " + e.getClass().getSimpleName(),
                    Damage.Kind.UNREADABLE)));
      }
    }

    private Outcome damaged(AumHash hash, Path path, String problem) {
      return new Outcome(
          Optional.empty(),
          Optional.of(new Damage(relative(path), Optional.of(hash), problem, Damage.Kind.CONTENT)));
    }

    private Path home(AumHash hash) {
      String name = hash.toString();
      return directory.resolve(name.substring(0, PREFIX_LENGTH)).resolve(name);
    }

    private String relative(Path path) {
      return directory.relativize(path).toString();
    }

    /** The hash that a name spells, also when the name's spare bits are not zero. */
    private Optional<AumHash> hashNamedBy(String name) {
      try {
        return Optional.of(AumHash.parse(name));
      } catch (TextException.SpareBits e) {
        return Optional.of(e.withoutSpareBits());
      } catch (TextException e) {
        return Optional.empty();
      }
    }
  }
}
