package example.folder;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.IndexSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One tailnet: a folder with a file for each commit, numbered from 1. A file is written and flushed
 * under another name and then linked to its number, which fails where another writer was first: so
 * a commit is there whole or not at all, and two writers need no lock.
 */
final class FolderStore implements AumStore {
  /** How often a reader looks again while others wipe. */
  private static final int MAX_LOOKS = 100;

  private final FolderTailnets place;
  private final String name;
  private final Path folder;
  private IndexSnapshot<Bytes> current = empty(0, Tailnets.NO_COMMIT);

  FolderStore(FolderTailnets place, String name, Path folder) {
    this.place = place;
    this.name = name;
    this.folder = folder;
  }

  static Path file(Path folder, long number) {
    return folder.resolve(Long.toString(number));
  }

  /** The numbers of the commits that are there, in order; none where there is no such folder. */
  static List<Long> commits(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.matches("[1-9][0-9]{0,17}"))
          .map(Long::valueOf)
          .sorted()
          .toList();
    }
  }

  /** The newest commit that is there. */
  static Optional<CommitFile> newest(Path folder) throws IOException, StoreException {
    for (int look = 1; true; look++) {
      List<Long> commits = commits(folder);
      if (commits.isEmpty()) {
        return Optional.empty();
      }
      try {
        return Optional.of(CommitFile.read(file(folder, commits.get(commits.size() - 1))));
      } catch (NoSuchFileException e) {
        // Somebody wiped the tailnet once more.
        if (look == MAX_LOOKS) {
          throw e;
        }
      }
    }
  }

  @Override
  public synchronized AumSnapshot read() throws StoreException {
    follow();
    return current;
  }

  @Override
  public synchronized AumSnapshot commit(Commit commit) throws StoreException {
    follow();
    // Refuses a trail that cannot be before anything is written.
    trailAfter(commit);
    if (current.revision().equals(Tailnets.NO_COMMIT)) {
      TailnetName.requireNew(name);
    }
    CommitFile next = new CommitFile(name, current.revision(), Optional.of(commit));
    if (!commit.base().equals(current.revision()) || !write(next)) {
      follow();
      throw new StoreException.Conflict(commit.base(), current.revision());
    }
    current = after(next, current.limit() + 1);
    return current;
  }

  @Override
  public synchronized void wipe() throws StoreException {
    follow();
    CommitFile wipe = new CommitFile(name, current.revision(), Optional.empty());
    while (!write(wipe)) {
      follow();
      wipe = new CommitFile(name, current.revision(), Optional.empty());
    }
    current = after(wipe, current.limit() + 1);
    try {
      List<Long> commits = commits(folder);
      // From the newest back, so that what is left when this is interrupted has no gap.
      for (int i = commits.size() - 1; i >= 0; i--) {
        if (commits.get(i) < current.limit()) {
          Files.deleteIfExists(file(folder, commits.get(i)));
        }
      }
    } catch (IOException e) {
      // It is wiped; whoever wipes next tidies up.
    }
  }

  /** Takes in what was committed since, here or by another process. */
  private void follow() throws StoreException {
    place.requireOpen();
    for (int look = 1; true; look++) {
      try {
        List<Long> commits = commits(folder);
        if (!isStillThere(commits)) {
          current = empty(0, Tailnets.NO_COMMIT);
        }
        for (long number : commits) {
          if (number > current.limit()) {
            CommitFile read = CommitFile.read(file(folder, number));
            long next = current.limit() + 1;
            if (number != next && read.commit().isPresent()) {
              throw new NoSuchFileException(file(folder, next).toString());
            }
            current = after(read, number);
          }
        }
        return;
      } catch (NoSuchFileException e) {
        // Somebody wiped the tailnet and deletes what was before.
        if (look == MAX_LOOKS) {
          throw new StoreException.Damaged(e.getFile() + ": no such commit");
        }
      } catch (IOException e) {
        throw new StoreException.Unavailable(folder.toString(), e);
      }
    }
  }

  /** Whether the folder still leads to what was read from it, and is no copy that was put back. */
  private boolean isStillThere(List<Long> commits) throws IOException, StoreException {
    long last = current.limit();
    if (commits.contains(last)) {
      return CommitFile.read(file(folder, last)).revision().equals(current.revision());
    }
    // A later wipe deletes it.
    return last == 0 || commits.stream().anyMatch(number -> number > last);
  }

  /** Writes the next commit, or a wipe; false if another writer was first. */
  private boolean write(CommitFile next) throws StoreException {
    try {
      Files.createDirectories(folder);
      flush(place.root());
      Path unnamed = Files.createTempFile(folder, "next", "");
      try {
        try (FileChannel channel = FileChannel.open(unnamed, StandardOpenOption.WRITE)) {
          ByteBuffer bytes = ByteBuffer.wrap(next.encode());
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
          channel.force(true);
        }
        Files.createLink(file(folder, current.limit() + 1), unnamed);
      } finally {
        Files.deleteIfExists(unnamed);
      }
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      throw new StoreException.Unavailable(folder.toString(), e);
    }
    try {
      flush(folder);
    } catch (IOException e) {
      throw new StoreException.InDoubt(folder.toString(), e);
    }
    return true;
  }

  private static void flush(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private Trail trailAfter(Commit commit) {
    Trail before = current.trail();
    return commit.trailCut().map(before::cutFrom).orElse(before).extend(commit.trail());
  }

  private IndexSnapshot<Bytes> after(CommitFile file, long number) throws StoreException {
    Revision revision;
    try {
      revision = file.revision();
    } catch (IOException e) {
      throw new StoreException.Unavailable(folder.toString(), e);
    }
    if (file.commit().isEmpty()) {
      return empty(number, revision);
    }
    Commit commit = file.commit().get();
    Trail trail = trailAfter(commit);
    AumIndex<Bytes> index =
        current
            .index()
            .add(
                commit.additions().stream().map(added -> AumIndex.Item.of(added)).toList(), number);
    return snapshot(
        commit.purges().isEmpty() ? index : index.without(commit.purges()),
        number,
        revision,
        commit.lastActiveAncestor().or(current::lastActiveAncestor),
        trail,
        current.notes().after(commit));
  }

  private static IndexSnapshot<Bytes> empty(long number, Revision revision) {
    return snapshot(new AumIndex<>(), number, revision, Optional.empty(), Trail.EMPTY, Notes.NONE);
  }

  private static IndexSnapshot<Bytes> snapshot(
      AumIndex<Bytes> index,
      long number,
      Revision revision,
      Optional<AumHash> lastActiveAncestor,
      Trail trail,
      Notes notes) {
    return new IndexSnapshot<>(
        index,
        number,
        revision,
        lastActiveAncestor,
        IndexSnapshot.Bodies.IN_MEMORY,
        () -> trail,
        notes,
        List.of());
  }
}
