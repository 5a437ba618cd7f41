package dev.tka.store.directory;

import dev.tka.core.AumHash;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Limits;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The content of a node's directory: every file named like an AUM, and the result of reading it. It
 * is kept folder by folder, so that a repeated scan reads only changed folders.
 */
final class DirectoryScan {
  /**
   * The size in bytes of the largest file that is read: the largest AUM, and what we write around
   * it. Others may write more around a shorter one.
   */
  static final int MAX_FILE_SIZE = Limits.MAX_AUM_BYTES + AumFile.ENVELOPE_SIZE;

  static final int PREFIX_LENGTH = 2;

  /** From so many names on, other threads pay for what their start takes. */
  private static final int PARALLEL_FROM = 64;

  /** The name of a folder that may hold AUMs. */
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
   * Reads again only those folders in which files were added, removed or replaced; a file
   * overwritten in place is not noticed.
   *
   * @throws StoreException.Unavailable if the directory itself cannot be listed
   */
  DirectoryScan again(Path directory) throws StoreException.Unavailable {
    List<String> names = list(directory).orElseThrow(() -> unlistable(directory));
    SortedMap<String, Folder> now = new TreeMap<>();
    // Looking again is mostly comparing times, and not worth waiting for other threads; nor are
    // few.
    boolean alone = !folders.isEmpty() || names.size() < PARALLEL_FROM;
    Stream<String> each = alone ? names.stream() : names.parallelStream();
    each.flatMap(name -> Folder.read(directory, name, folders.get(name)).stream())
        .forEachOrdered(folder -> now.put(folder.name, folder));
    return new DirectoryScan(now);
  }

  /** This scan with changed AUM files; an empty value means that the file is deleted. */
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

  /** The file that holds an AUM, deleted or not. */
  Optional<AumFile> find(AumHash hash) {
    return Optional.ofNullable(folders.get(folderOf(hash))).map(folder -> folder.files.get(hash));
  }

  /** True if an AUM's file is this one; if empty, that there is none in its place. */
  boolean shows(AumHash hash, Optional<AumFile> file) {
    Folder home = folders.get(folderOf(hash));
    return file.isPresent() ? find(hash).equals(file) : home == null || !home.atHome.contains(hash);
  }

  /** A deleted AUM that is still in its file. */
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

  /** The hashes of all AUM files in their proper places, sound or not. */
  List<AumHash> inPlace() {
    return folders.values().stream().flatMap(folder -> folder.atHome.stream()).sorted().toList();
  }

  /** A number that differs if the content differs. */
  long fingerprint() {
    return folders.values().stream().mapToLong(Folder::fingerprint).sum();
  }

  /** The damaged files, in the order of their hashes. */
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
        "named like the AUM that belongs at " + placeOf(hash) + (inPlace ? ", which exists" : ""),
        inPlace ? Damage.Kind.HARMLESS : Damage.Kind.CONTENT);
  }

  private static String folderOf(AumHash hash) {
    return hash.toString().substring(0, PREFIX_LENGTH);
  }

  /** The path of an AUM's file, relative to the directory. */
  static String placeOf(AumHash hash) {
    String name = hash.toString();
    return name.substring(0, PREFIX_LENGTH) + "/" + name;
  }

  /**
   * Reads a regular file of bounded size.
   *
   * @return empty if the file is larger
   * @throws IOException if it cannot be read, or is not a regular file
   */
  static Optional<byte[]> readBounded(Path file, BasicFileAttributes attributes, int most)
      throws IOException {
    // Reading a pipe could block forever.
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
   * @return empty if it holds no AUM
   * @throws StoreException.Damaged if it is too large
   * @throws DecodeException if it is not an AUM file
   * @throws IOException if it cannot be read
   */
  static Optional<AumFile> readAumFile(Path file)
      throws StoreException.Damaged, DecodeException, IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    Optional<byte[]> content = readBounded(file, attributes, MAX_FILE_SIZE);
    if (content.isEmpty()) {
      throw new StoreException.Damaged("larger than " + MAX_FILE_SIZE + " bytes");
    }
    Optional<AumFile> parsed =
        AumFile.parse(content.get(), attributes.lastModifiedTime().to(TimeUnit.SECONDS));
    // It must be possible to write the file again, with a time of deletion.
    if (parsed.isPresent() && !Limits.isStorable(parsed.get().aum().encoded().size())) {
      throw new StoreException.Damaged("its AUM is larger than " + Limits.MAX_AUM_BYTES + " bytes");
    }
    return parsed;
  }

  /** The names in a folder; empty if it is not a folder, or cannot be listed. */
  private static Optional<List<String>> list(Path folder) {
    // Names only: streams of paths cost several times as much.
    String @Nullable [] names = folder.toFile().list();
    if (names == null) {
      return Optional.empty();
    }
    // The file system's order is arbitrary; sorting makes reports repeatable.
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

    /** The hashes whose files are in this folder and belong here. */
    final Set<AumHash> atHome = new HashSet<>();

    /** Files named like an AUM that belongs elsewhere, or whose name has nonzero spare bits. */
    final Map<AumHash, String> strays = new HashMap<>();

    Optional<Damage> unlistable = Optional.empty();

    /** When its entries last changed. */
    Optional<FileTime> modified = Optional.empty();

    Folder(String name) {
      this.name = name;
    }

    /**
     * Reads a folder, unless it is unchanged.
     *
     * @return empty if it is not a folder
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
     * The time of a folder's last change, if a later change is sure to have a different time: file
     * system clocks tick slowly.
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

    /** Spreads the bits, so that different parts give different sums. */
    private static long mix(long value) {
      long spread = value * 0x9e3779b97f4a7c15L;
      return spread ^ spread >>> 32;
    }

    /** Classifies a file by its name. */
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
        // Not named like an AUM, so not ours.
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
        damaged(hash, "missing, or a dangling link", Damage.Kind.UNREADABLE);
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
