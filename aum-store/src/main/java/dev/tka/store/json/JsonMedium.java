package dev.tka.store.json;

import dev.tka.core.Bytes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.DurableFiles;
import dev.tka.store.internal.ProcessLock;
import dev.tka.store.state.PlaceState;
import dev.tka.store.state.StateTailnets;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A state in a file that several processes may use. Every read looks whether the file is still the
 * one that was read last; every change is made under a lock, on what the file holds then, and is in
 * the file before anybody sees it.
 */
final class JsonMedium implements StateTailnets.Medium {
  private static final Logger LOG = LoggerFactory.getLogger(JsonMedium.class);

  private static final String PREFIX = "json:";
  private static final int IDENTITY_BYTES = 8;

  /** As much of a file's end as its checksum takes, and more. */
  private static final int TAIL = 100;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path path;
  private volatile @Nullable Loaded loaded;
  private boolean warned;

  /** What the file was like: another content looks otherwise. */
  private record Stamp(@Nullable Object key, long size, FileTime time, Bytes tail) {
    static Stamp of(BasicFileAttributes attributes, Bytes tail) {
      return new Stamp(
          attributes.fileKey(), attributes.size(), attributes.lastModifiedTime(), tail);
    }
  }

  /**
   * What was read last.
   *
   * @param isPutBack whether this process knew a state of the file that is not before this one: the
   *     next change makes it another file, whose positions are its own
   */
  private record Loaded(Stamp stamp, FileText text, boolean isPutBack) {
    StateTailnets.Shown shown() {
      String identity = PREFIX + text.identity();
      return new StateTailnets.Shown(
          text.state(),
          isPutBack ? identity + "-" + Integer.toHexString(stamp.tail.hashCode()) : identity);
    }
  }

  JsonMedium(Path path) {
    this.path = path;
  }

  /** What a file holds that was just made. */
  static byte[] nothing() {
    return new FileText(PlaceState.NONE, newIdentity()).encode();
  }

  static String newIdentity() {
    byte[] identity = new byte[IDENTITY_BYTES];
    RANDOM.nextBytes(identity);
    return HexFormat.of().formatHex(identity);
  }

  @Override
  public StateTailnets.Shown read() throws StoreException {
    return current().shown();
  }

  private Loaded current() throws StoreException {
    Loaded known = loaded;
    try {
      return known != null && known.stamp.equals(look()) ? known : load();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private StoreException failure(IOException e) {
    return e instanceof NoSuchFileException
        ? new StoreException.Absent(path + ": no such file")
        : new StoreException.Unavailable(path.toString(), e);
  }

  /** An interrupt does not end it, as it would end a read of a channel. */
  private Stamp look() throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    try (InputStream file = Files.newInputStream(path)) {
      file.skip(Math.max(0, attributes.size() - TAIL));
      return Stamp.of(attributes, Bytes.copyOf(file.readNBytes(TAIL)));
    }
  }

  private synchronized Loaded load() throws IOException, StoreException {
    Loaded known = loaded;
    Stamp now = look();
    if (known != null && known.stamp.equals(now)) {
      return known;
    }
    byte[] content = Files.readAllBytes(path);
    Stamp stamp = new Stamp(now.key, now.size, now.time, tail(content));
    FileText text =
        FileText.decode(
            path.toString(), content, known == null ? PlaceState.NONE : known.text.state());
    boolean isPutBack =
        known != null
            && text.identity().equals(known.text.identity())
            && (known.isPutBack
                || (text.state().position() <= known.text.state().position()
                    && !stamp.tail.equals(known.stamp.tail)));
    Loaded next = new Loaded(stamp, text, isPutBack);
    loaded = next;
    warnOf(content.length);
    return next;
  }

  private static Bytes tail(byte[] content) {
    return Bytes.copyOf(
        Arrays.copyOfRange(content, Math.max(0, content.length - TAIL), content.length));
  }

  private synchronized void warnOf(long size) {
    if (!warned) {
      Optional<String> warning = JsonFile.warning(path, size);
      warned = warning.isPresent();
      warning.ifPresent(LOG::warn);
    }
  }

  @Override
  public PlaceState change(StateTailnets.Transition transition) throws StoreException {
    Path real;
    try {
      // A link stays one.
      real = path.toRealPath();
    } catch (IOException e) {
      throw failure(e);
    }
    try (ProcessLock lock = JsonFile.lock(real, path)) {
      Objects.requireNonNull(lock);
      Loaded before = current();
      PlaceState after =
          transition.from(
              before.text.state(), new Revision((RANDOM.nextLong() & Long.MAX_VALUE) | 1));
      if (isSame(after, before.text.state())) {
        return after;
      }
      boolean isOther = before.isPutBack || isOtherThan(lock.noted(), before.stamp.tail);
      FileText text = new FileText(after, isOther ? newIdentity() : before.text.identity());
      Bytes tail = write(real, text);
      try {
        lock.note(tail);
      } catch (IOException e) {
        // The next change makes it another file, which is told to nobody as this one.
      }
      return after;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * Whether the file is not the one that was written last, such as a copy that was put in its place
   * while no process ran: positions that were told since may come again, and mean other changes.
   */
  private static boolean isOtherThan(Bytes noted, Bytes tail) {
    return !noted.isEmpty() && !noted.equals(tail);
  }

  // A transition that changes nothing gives the same object.
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(PlaceState after, PlaceState before) {
    return after == before;
  }

  /**
   * Puts a text in the place of what is there, under the lock.
   *
   * @return its tail
   */
  private synchronized Bytes write(Path real, FileText text) throws StoreException {
    byte[] content = text.encode();
    Bytes tail = tail(content);
    try {
      DurableFiles.replaceWhole(real, content);
    } catch (DurableFiles.Unflushed e) {
      throw new StoreException.InDoubt(path.toString(), e);
    } catch (IOException e) {
      throw new StoreException.Unavailable(path.toString(), e);
    }
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      loaded = new Loaded(Stamp.of(attributes, tail), text, false);
    } catch (IOException e) {
      // It is there, and the next reader looks again.
    }
    warnOf(content.length);
    return tail;
  }

  @Override
  public void close() {
    // The file is open only while it is read or written.
  }

  @Override
  public String toString() {
    return PREFIX + path;
  }
}
