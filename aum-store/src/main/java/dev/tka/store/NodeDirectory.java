package dev.tka.store;

import dev.tka.core.AumHash;
import dev.tka.core.AumSnapshot;
import dev.tka.core.AumSource;
import dev.tka.core.Revision;
import dev.tka.core.StoreException;
import dev.tka.core.internal.AumIndex;
import dev.tka.core.internal.IndexSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
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
    DirectoryScan scan = DirectoryScan.of(directory);
    List<AumIndex.Item> held =
        scan.files().values().stream().filter(AumFile::isHeld).map(AumFile::toItem).toList();
    return new IndexSnapshot(
        AumIndex.of(held),
        Long.MAX_VALUE,
        new Revision(reads.incrementAndGet()),
        lastActiveAncestor,
        scan.damage());
  }

  private Optional<AumHash> readLastActiveAncestor() throws StoreException {
    Optional<byte[]> content;
    Path file = directory.resolve(LAST_ACTIVE_ANCESTOR);
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      content = DirectoryScan.readBounded(file, attributes, AumHash.SIZE);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new StoreException.Unavailable(LAST_ACTIVE_ANCESTOR, e);
    }
    if (content.isEmpty() || content.get().length != AumHash.SIZE) {
      throw new StoreException.Damaged(
          LAST_ACTIVE_ANCESTOR
              + ": expected "
              + AumHash.SIZE
              + " bytes, found "
              + content.map(found -> Integer.toString(found.length)).orElse("more"));
    }
    return Optional.of(AumHash.of(content.get()));
  }
}
