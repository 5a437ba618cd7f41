package dev.tka.store.directory;

import dev.tka.core.AumHash;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a node's directory holds: every file that is named like an AUM, and what came of reading it.
 * Kept folder by folder, so that looking again costs what changed.
 */
final class DirectoryScan {
  /**
   * The most bytes of a file that are read. The largest well-formed checkpoint has about 350 KiB;
   * only an AUM that nobody would make, of large text in fields that do not count, has more.
   */
  static final int MAX_FILE_SIZE = 1 << 24;

  static final int PREFIX_LENGTH = 2;

  /** Where an AUM may be. */
  private static final Pattern PREFIX = Pattern.compile("[A-Z2-7]{2}");

  private final SortedMap<String, Folder> folders;

  private DirectoryScan(SortedMap<String, Folder> folders) {
    this.folders = folders;
  }

  /**
   * Reads every file once.
   *
   * @throws StoreException.Unavailable if the directory itself cannot be listed
   */
  static DirectoryScan of(Path directory) throws StoreException.Unavailable {
    return new DirectoryScan(new TreeMap<>()).again(directory);
  }

  /**
   * Reads again the folders in which files came, went or were replaced, and only those: a file that
   * is written over in place is not noticed.
   *
   * @throws StoreException.Unavailable if the directory itself cannot be listed
   */
  DirectoryScan again(Path directory) throws StoreException.Unavailable {
    List<String> names = list(directory).orElseThrow(() -> unlistable(directory));
    SortedMap<String, Folder> now = new TreeMap<>();
    names.parallelStream()
        .flatMap(name -> Folder.read(directory, name, folders.get(name)).stream())
        .forEachOrdered(folder -> now.put(folder.name, folder));
    return new DirectoryScan(now);
  }

  /** The same with other AUM files; what has none any more is deleted. */
  DirectoryScan with(Map<AumHash, Optional<AumFile>> changes) {
    SortedMap<String, Folder> now = new TreeMap<>(folders);
    Map<String, Map<AumHash, Optional<AumFile>>> byFolder = new HashMap<>();
    changes.forEach(
        (hash, file) ->
            byFolder.computeIfAbsent(folderOf(hash), any -> new HashMap<>()).put(hash, file));
    byFolder.forEach(
        (name, changed) -> now.put(name, now.getOrDefault(name, new Folder(name)).with(changed)));
    return new DirectoryScan(now);
  }

  /** The file in which an AUM is, deleted or not. */
  Optional<AumFile> find(AumHash hash) {
    return Optional.ofNullable(folders.get(folderOf(hash))).map(folder -> folder.files.get(hash));
  }

  /** An AUM that was deleted, and whose file still has it. */
  Optional<Commit.Addition> purged(AumHash hash) {
    return find(hash).filter(file -> !file.isHeld()).map(AumFile::toAddition);
  }

  /** The AUMs that were not deleted. */
  List<AumFile> held() {
    return folders.values().stream()
        .flatMap(folder -> folder.files.values().stream())
        .filter(AumFile::isHeld)
        .toList();
  }

  /** The hashes of all AUM files that are where they belong, sound or not. */
  List<AumHash> inPlace() {
    return folders.values().stream().flatMap(folder -> folder.atHome.stream()).sorted().toList();
  }

  /** A number that differs when the content does. */
  long fingerprint() {
    return folders.values().stream().mapToLong(Folder::fingerprint).sum();
  }

  /** What is wrong with files, in the order of their hashes. */
  List<Damage> damage() {
    SortedMap<AumHash, Damage> byHash = new TreeMap<>();
    List<Damage> damage = new ArrayList<>();
    for (Folder folder : folders.values()) {
      byHash.putAll(folder.damaged);
      damage.addAll(folder.unlistable.stream().toList());
    }
    for (Folder folder : folders.values()) {
      folder.strays.forEach((hash, path) -> byHash.putIfAbsent(hash, strayed(hash, path)));
    }
    damage.addAll(byHash.values());
    return List.copyOf(damage);
  }

  private Damage strayed(AumHash hash, String path) {
    Folder home = folders.get(folderOf(hash));
    boolean inPlace = home != null && home.atHome.contains(hash);
    return new Damage(
        path,
        Optional.of(hash),
        "named like an AUM, which belongs at " + placeOf(hash) + (inPlace ? ", where it is" : ""),
        inPlace ? Damage.Kind.HARMLESS : Damage.Kind.CONTENT);
  }

  private static String folderOf(AumHash hash) {
    return hash.toString().substring(0, PREFIX_LENGTH);
  }

  /** The place of an AUM's file, from the directory on. */
  static String placeOf(AumHash hash) {
    String name = hash.toString();
    return name.substring(0, PREFIX_LENGTH) + "/" + name;
  }

  /**
   * Reads a regular file of bounded size.
   *
   * @return empty when it is longer
   * @throws IOException if it cannot be read, or is no regular file
   */
  static Optional<byte[]> readBounded(Path file, BasicFileAttributes attributes, int most)
      throws IOException {
    // A pipe would keep the reader waiting for ever.
    if (!attributes.isRegularFile()) {
      throw new IOException(
          "expected a file, found "
              + (attributes.isDirectory() ? "a directory" : "neither file nor directory"));
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(most + 1);
      return content.length > most ? Optional.empty() : Optional.of(content);
    }
  }

  /**
   * Reads a file that is named like an AUM.
   *
   * @return empty when it holds no AUM
   * @throws StoreException.Damaged if it is too large
   * @throws DecodeException if it is not such a file
   * @throws IOException if it cannot be read
   */
  static Optional<AumFile> readAumFile(Path file)
      throws StoreException.Damaged, DecodeException, IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    Optional<byte[]> content = readBounded(file, attributes, MAX_FILE_SIZE);
    if (content.isEmpty()) {
      throw new StoreException.Damaged("larger than " + MAX_FILE_SIZE + " bytes");
    }
    return AumFile.parse(content.get(), attributes.lastModifiedTime().to(TimeUnit.SECONDS));
  }

  /** What is in a folder, or nothing when it is none. */
  private static Optional<List<String>> list(Path folder) {
    // Names alone: streams of paths cost several times as much.
    String @Nullable [] names = folder.toFile().list();
    if (names == null) {
      return Optional.empty();
    }
    // The file system's order means nothing; with one of our own, reports are the same every time.
    Arrays.sort(names);
    return Optional.of(List.of(names));
  }

  private static StoreException.Unavailable unlistable(Path folder) {
    return new StoreException.Unavailable(
        folder.toString(), new IOException("the directory cannot be listed"));
  }

  /** One folder. */
  private static final class Folder {
    private static final long FINE_TICK_MILLIS = 100;
    private static final long COARSE_TICK_MILLIS = 2_500;

    final String name;
    final Map<AumHash, AumFile> files = new HashMap<>();
    final Map<AumHash, Damage> damaged = new HashMap<>();

    /** The hashes whose file is here and belongs here. */
    final Set<AumHash> atHome = new HashSet<>();

    /** Files named like an AUM that belongs elsewhere, or with a sloppy name. */
    final Map<AumHash, String> strays = new HashMap<>();

    Optional<Damage> unlistable = Optional.empty();

    /** When names in it last changed. */
    Optional<FileTime> modified = Optional.empty();

    Folder(String name) {
      this.name = name;
    }

    /**
     * Reads a folder, unless it is as it was.
     *
     * @return empty when it is none
     */
    static Optional<Folder> read(Path directory, String name, @Nullable Folder before) {
      Path path = directory.resolve(name);
      Optional<FileTime> modified = settledTime(path);
      if (before != null && modified.isPresent() && modified.equals(before.modified)) {
        return Optional.of(before);
      }
      Optional<List<String>> content = list(path);
      Folder folder = new Folder(name);
      if (content.isPresent()) {
        folder.modified = modified;
        content.get().forEach(file -> folder.sort(path, file));
      } else if (PREFIX.matcher(name).matches() && Files.isDirectory(path)) {
        folder.unlistable =
            Optional.of(
                new Damage(name, Optional.empty(), "cannot be listed", Damage.Kind.UNREADABLE));
      } else {
        return Optional.empty();
      }
      return Optional.of(folder);
    }

    /**
     * The time of a folder's last change, if another change would have another: clocks of file
     * systems tick slowly.
     */
    private static Optional<FileTime> settledTime(Path path) {
      try {
        FileTime modified = Files.getLastModifiedTime(path);
        long age = System.currentTimeMillis() - modified.toMillis();
        boolean fine = modified.to(TimeUnit.NANOSECONDS) % TimeUnit.SECONDS.toNanos(1) != 0;
        return age > (fine ? FINE_TICK_MILLIS : COARSE_TICK_MILLIS)
            ? Optional.of(modified)
            : Optional.empty();
      } catch (IOException e) {
        return Optional.empty();
      }
    }

    Folder with(Map<AumHash, Optional<AumFile>> changes) {
      Folder folder = new Folder(name);
      folder.files.putAll(files);
      folder.damaged.putAll(damaged);
      folder.atHome.addAll(atHome);
      folder.strays.putAll(strays);
      folder.unlistable = unlistable;
      changes.forEach(
          (hash, file) -> {
            folder.files.remove(hash);
            folder.damaged.remove(hash);
            folder.atHome.remove(hash);
            if (file.isPresent()) {
              folder.files.put(hash, file.get());
              folder.atHome.add(hash);
            }
          });
      return folder;
    }

    long fingerprint() {
      long sum = 0;
      for (Map.Entry<AumHash, AumFile> entry : files.entrySet()) {
        AumFile file = entry.getValue();
        long times = mix(file.committedAt()) + 3 * mix(file.purgedAt().orElse(0L));
        sum += mix(entry.getKey().hashCode() + times);
      }
      for (Damage damage : damaged.values()) {
        sum += mix(damage.hashCode());
      }
      return sum + mix(strays.hashCode()) + 3 * mix(unlistable.hashCode());
    }

    /** Spreads the bits, so that sums of different parts differ. */
    private static long mix(long value) {
      long spread = value * 0x9e3779b97f4a7c15L;
      return spread ^ spread >>> 32;
    }

    /** Decides by its name what a file is. */
    private void sort(Path path, String file) {
      try {
        AumHash hash = AumHash.parse(file);
        if (file.startsWith(name) && name.length() == PREFIX_LENGTH) {
          atHome.add(hash);
          load(hash, path.resolve(file));
        } else {
          strays.put(hash, name + "/" + file);
        }
      } catch (TextException.SpareBits e) {
        strays.putIfAbsent(e.withoutSpareBits(), name + "/" + file);
      } catch (TextException e) {
        // Not named like an AUM: somebody else's.
      }
    }

    private void load(AumHash hash, Path path) {
      try {
        Optional<AumFile> file = readAumFile(path);
        if (file.isEmpty()) {
          return;
        }
        AumHash found = file.get().aum().hash();
        if (found.equals(hash)) {
          files.put(hash, file.get());
        } else {
          damaged(hash, "its content hashes to " + found, Damage.Kind.CONTENT);
        }
      } catch (StoreException.Damaged | DecodeException e) {
        damaged(hash, e.getMessage(), Damage.Kind.CONTENT);
      } catch (NoSuchFileException e) {
        damaged(hash, "it is gone, or a link that leads nowhere", Damage.Kind.UNREADABLE);
      } catch (AccessDeniedException e) {
        damaged(hash, "cannot be read: permission denied", Damage.Kind.UNREADABLE);
      } catch (IOException e) {
        damaged(hash, "cannot be read: " + describe(e), Damage.Kind.UNREADABLE);
      }
    }

    private static String describe(IOException e) {
      return Objects.requireNonNullElse(e.getMessage(), "reading failed");
    }

    private void damaged(AumHash hash, String problem, Damage.Kind kind) {
      damaged.put(hash, new Damage(placeOf(hash), Optional.of(hash), problem, kind));
    }
  }
}
