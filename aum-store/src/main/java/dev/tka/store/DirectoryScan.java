package dev.tka.store;

import dev.tka.core.AumHash;
import dev.tka.core.Damage;
import dev.tka.core.DecodeException;
import dev.tka.core.StoreException;
import dev.tka.core.TextException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One reading of a node's directory: every file that is named like an AUM, and what came of it.
 *
 * @param files the files that hold an AUM, deleted or not
 * @param damage what is wrong with the others, in the order of their hashes
 */
record DirectoryScan(SortedMap<AumHash, AumFile> files, List<Damage> damage) {
  /**
   * The most bytes of a file that are read. The largest well-formed checkpoint has about 350 KiB;
   * only an AUM that nobody would make, of large text in fields that do not count, has more.
   */
  static final int MAX_FILE_SIZE = 1 << 24;

  static final int PREFIX_LENGTH = 2;

  /** Where an AUM may be. */
  private static final Pattern PREFIX = Pattern.compile("[A-Z2-7]{2}");

  /**
   * Reads every file once.
   *
   * @throws StoreException.Unavailable if the directory itself cannot be listed
   */
  static DirectoryScan of(Path directory) throws StoreException.Unavailable {
    List<String> names = list(directory).orElseThrow(() -> unlistable(directory));
    List<Folder> folders =
        names.parallelStream().flatMap(name -> Folder.read(directory, name).stream()).toList();
    return merge(folders);
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

  private static DirectoryScan merge(List<Folder> folders) {
    SortedMap<AumHash, AumFile> files = new TreeMap<>();
    SortedMap<AumHash, Damage> byHash = new TreeMap<>();
    List<Damage> damage = new ArrayList<>();
    for (Folder folder : folders) {
      files.putAll(folder.files);
      byHash.putAll(folder.damaged);
      damage.addAll(folder.unlistable.stream().toList());
    }
    for (Folder folder : folders) {
      for (Map.Entry<AumHash, String> stray : folder.strays.entrySet()) {
        AumHash hash = stray.getKey();
        boolean inPlace = folders.stream().anyMatch(home -> home.atHome.contains(hash));
        byHash.putIfAbsent(
            hash,
            new Damage(
                stray.getValue(),
                Optional.of(hash),
                "named like an AUM, which belongs at "
                    + placeOf(hash)
                    + (inPlace ? ", where it is" : ""),
                inPlace ? Damage.Kind.HARMLESS : Damage.Kind.CONTENT));
      }
    }
    damage.addAll(byHash.values());
    return new DirectoryScan(files, List.copyOf(damage));
  }

  /** One folder. */
  private static final class Folder {
    final Map<AumHash, AumFile> files = new HashMap<>();
    final Map<AumHash, Damage> damaged = new HashMap<>();

    /** The hashes whose file is here and belongs here. */
    final Set<AumHash> atHome = new HashSet<>();

    /** Files named like an AUM that belongs elsewhere, or with a sloppy name. */
    final Map<AumHash, String> strays = new HashMap<>();

    Optional<Damage> unlistable = Optional.empty();

    static Optional<Folder> read(Path directory, String name) {
      Path path = directory.resolve(name);
      Optional<List<String>> content = list(path);
      Folder folder = new Folder();
      if (content.isPresent()) {
        content.get().forEach(file -> folder.sort(path, name, file));
      } else if (PREFIX.matcher(name).matches() && Files.isDirectory(path)) {
        folder.unlistable =
            Optional.of(
                new Damage(name, Optional.empty(), "cannot be listed", Damage.Kind.UNREADABLE));
      } else {
        return Optional.empty();
      }
      return Optional.of(folder);
    }

    /** Decides by its name what a file is. */
    private void sort(Path path, String folder, String name) {
      try {
        AumHash hash = AumHash.parse(name);
        if (name.startsWith(folder) && folder.length() == PREFIX_LENGTH) {
          atHome.add(hash);
          load(hash, path.resolve(name));
        } else {
          strays.put(hash, folder + "/" + name);
        }
      } catch (TextException.SpareBits e) {
        strays.putIfAbsent(e.withoutSpareBits(), folder + "/" + name);
      } catch (TextException e) {
        // Not named like an AUM: somebody else's.
      }
    }

    private void load(AumHash hash, Path path) {
      try {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        Optional<byte[]> content = readBounded(path, attributes, MAX_FILE_SIZE);
        if (content.isEmpty()) {
          damaged(hash, "larger than " + MAX_FILE_SIZE + " bytes", Damage.Kind.CONTENT);
          return;
        }
        Optional<AumFile> file =
            AumFile.parse(content.get(), attributes.lastModifiedTime().to(TimeUnit.SECONDS));
        if (file.isEmpty()) {
          return;
        }
        AumHash found = file.get().aum().hash();
        if (found.equals(hash)) {
          files.put(hash, file.get());
        } else {
          damaged(hash, "its content hashes to " + found, Damage.Kind.CONTENT);
        }
      } catch (DecodeException e) {
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
      return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private void damaged(AumHash hash, String problem, Damage.Kind kind) {
      damaged.put(hash, new Damage(placeOf(hash), Optional.of(hash), problem, kind));
    }
  }
}
