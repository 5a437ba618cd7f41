package example.folder;

import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Tailnets;
import dev.tka.store.Watches;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A folder that keeps many tailnets, each in a folder of its own: {@link FolderStore}. */
final class FolderTailnets implements Tailnets {
  private final Path root;
  private final Watches watches = new Watches();

  private FolderTailnets(Path root) {
    this.root = root;
  }

  /**
   * The folder at a path.
   *
   * @throws StoreException.Absent if there is no folder there
   */
  static FolderTailnets at(Path root) throws StoreException {
    if (!Files.isDirectory(root)) {
      throw new StoreException.Absent(root + ": no such folder");
    }
    return new FolderTailnets(root);
  }

  /**
   * The folder at a path, made if there is none.
   *
   * @throws StoreException.Unavailable if it cannot be made
   */
  static FolderTailnets create(Path root) throws StoreException {
    try {
      Files.createDirectories(root);
    } catch (IOException e) {
      throw new StoreException.Unavailable(root.toString(), e);
    }
    return at(root);
  }

  /** A tailnet's name may be longer than a file's, or differ from another's in case alone. */
  @Override
  public AumStore tailnet(String name) {
    Tailnets.requireName(name);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return new FolderStore(this, name, root.resolve(HexFormat.of().formatHex(hash)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    requireOpen();
    SortedMap<String, Revision> revisions = new TreeMap<>();
    try (Stream<Path> folders = Files.list(root)) {
      for (Path folder : folders.toList()) {
        Optional<CommitFile> newest = FolderStore.newest(folder);
        if (newest.isPresent()) {
          revisions.put(newest.get().tailnet(), newest.get().revision());
        }
      }
    } catch (IOException e) {
      throw new StoreException.Unavailable(root.toString(), e);
    }
    return revisions;
  }

  @Override
  public Watch watch(Watcher watcher) {
    requireOpen();
    return watches.add(
        RevisionPoll.begin(() -> Optional.of(revisions()), RevisionPoll.INTERVAL, watcher));
  }

  Path root() {
    return root;
  }

  void requireOpen() {
    if (watches.areClosed()) {
      throw new IllegalStateException(this + " was closed");
    }
  }

  @Override
  public void close() {
    watches.close();
  }

  @Override
  public String toString() {
    return root.toString();
  }
}
