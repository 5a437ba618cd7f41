package dev.tka.store.json;

import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Tailnets;
import dev.tka.store.internal.DurableFiles;
import dev.tka.store.internal.ProcessLock;
import dev.tka.store.records.Fence;
import dev.tka.store.state.PlaceState;
import dev.tka.store.state.StateTailnets;
import dev.tka.store.state.TailnetState;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Objects;
import java.util.Optional;

/**
 * Many tailnets, and what is kept of them for a control server, in one JSON file: for tests, small
 * setups, and people who keep it in git. All of it is in memory. Every commit writes the file anew,
 * as a whole and durably, under a lock ({@code PATH.lock}) that several processes share; each sees
 * at once what another wrote. The file holds secrets, and only its owner can read it.
 */
public final class JsonFile {
  /** From this size on, in bytes, writing all of it with every change is too much. */
  public static final long TOO_LARGE = 10L << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

  private JsonFile() {}

  /**
   * The file at a path.
   *
   * @throws StoreException.Absent if there is none
   * @throws StoreException.Newer if a newer version wrote it
   * @throws StoreException.Damaged if it is not as this wrote it, or is another program's
   * @throws StoreException.Unavailable if it cannot be read
   */
  public static Tailnets at(Path file) throws StoreException {
    if (Files.isDirectory(file)) {
      throw new StoreException.Absent(file + ": expected a file, found a directory");
    }
    JsonMedium medium = new JsonMedium(file);
    medium.read();
    return new StateTailnets(medium, RevisionPoll.INTERVAL);
  }

  /**
   * The file at a path, made if there is none.
   *
   * @throws StoreException as {@link #at} does
   */
  public static Tailnets create(Path file) throws StoreException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      try {
        DurableFiles.createWhole(file, JsonMedium.nothing());
      } catch (FileAlreadyExistsException e) {
        // Another process was first.
      } catch (IOException e) {
        throw new StoreException.Unavailable(file.toString(), e);
      }
    }
    return at(file);
  }

  /** The right to write to a file that is no link. */
  static ProcessLock lock(Path real, Path place) throws StoreException {
    return ProcessLock.take(
        real.resolveSibling(Objects.requireNonNull(real.getFileName()) + ".lock"), place, PATIENCE);
  }

  /** What to know about a file of a size, if it is too large. */
  static Optional<String> warning(Path file, long size) {
    return size <= TOO_LARGE
        ? Optional.empty()
        : Optional.of(
            file
                + " has "
                + (size >> 20)
                + " MiB, and every change writes all of it: 'tka move json:"
                + file
                + " sqlite:PATH --all' moves it to a SQLite file");
  }

  /**
   * Copies a file that is as it was written, of one moment, also while others write.
   *
   * @throws FileAlreadyExistsException if something is at the target; it stays
   * @throws StoreException as {@link #at} does
   * @throws IOException if the copy cannot be written
   */
  static void copy(Path file, Path target) throws StoreException, IOException {
    DurableFiles.createWhole(target, read(file).encode());
  }

  private static FileText read(Path file) throws StoreException {
    try {
      return FileText.decode(file.toString(), Files.readAllBytes(file), PlaceState.NONE);
    } catch (NoSuchFileException e) {
      throw new StoreException.Absent(file + ": no such file");
    } catch (IOException e) {
      throw new StoreException.Unavailable(file.toString(), e);
    }
  }

  /**
   * Puts a copy in the place of a file, as {@link dev.tka.store.StorePlace.Restoring} says; others
   * may go on using the file.
   */
  static Optional<Path> restore(Path copy, Path file, Clock clock, Progress progress)
      throws StoreException, IOException {
    PlaceState state = read(copy).state();
    Path real = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    try (ProcessLock lock = lock(real, file)) {
      Objects.requireNonNull(lock);
      boolean isThere = Files.exists(real, LinkOption.NOFOLLOW_LINKS);
      FileText text =
          new FileText(isThere ? withFencesOf(real, state) : state, JsonMedium.newIdentity());
      Optional<Path> aside = Optional.empty();
      if (isThere) {
        Path name =
            real.resolveSibling(real.getFileName() + ".replaced-" + TIME.format(clock.instant()));
        try {
          Files.createLink(name, real);
        } catch (UnsupportedOperationException | FileSystemException e) {
          // The file system does not support links; or something is there, which then stays.
          Files.copy(real, name);
        }
        aside = Optional.of(name);
        DurableFiles.replaceWhole(real, text.encode());
      } else {
        DurableFiles.createWhole(real, text.encode());
      }
      progress.done(1, 1);
      return aside;
    }
  }

  /** A tailnet that was moved away since the copy was made stays so: it must live at one place. */
  private static PlaceState withFencesOf(Path file, PlaceState copied) throws StoreException {
    PlaceState found;
    try {
      found = read(file).state();
    } catch (StoreException.Damaged e) {
      return copied;
    } catch (StoreException.Newer e) {
      return copied;
    }
    PlaceState kept = copied;
    for (TailnetState each : found.all().values()) {
      Optional<Fence> fence = each.fence().keptOver(copied.tailnet(each.name()).fence());
      if (fence.isPresent()) {
        kept = kept.withFence(each.name(), fence.get());
      }
    }
    return kept;
  }
}
