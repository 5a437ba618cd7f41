package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.store.internal.DurableFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A broker's log: a file of lines of JSON to which lines are only added.
 *
 * <p>Each line has its number ({@code n}), the hash of the line before ({@code prev}; zeros in the
 * first), and at its end its own hash: the SHA-256 of all of the line before {@code ,"hash"}. So a
 * line that was edited, left out, put in or moved does not fit any longer. Who rewrites all lines
 * from one on makes another chain, and whoever cuts lines off at the end leaves a shorter one; both
 * show only where somebody else has kept a later hash ({@link #verify}).
 *
 * <p>A line is on the disk before {@link #append} returns. A process that is killed leaves at most
 * the beginning of a line without its line feed, of which nobody has been told. Several processes
 * may have one log open: each append locks the file, and reads what others added.
 */
@SuppressWarnings("try") // Locks are held, not used.
public final class BrokerLog implements AutoCloseable {
  private static final Bytes NO_HASH = Bytes.copyOf(new byte[32]);
  private static final String HASH = ",\"hash\":\"";
  private static final int LARGEST_LINE = 1 << 20;
  private static final int PIECE = 256 << 10;

  /** Locks of files belong to a process, and not to a thread. */
  private static final Object OF_PROCESS = new Object();

  private final Path file;
  private final FileChannel channel;

  /** Tells this file from another of the same name. */
  private final Object key;

  private long read;
  private long lines;
  private Bytes last = NO_HASH;
  private Ledger ledger = Ledger.empty();
  private Optional<String> note = Optional.empty();

  private BrokerLog(Path file, FileChannel channel, Object key) {
    this.file = file;
    this.channel = channel;
    this.key = key;
  }

  /**
   * Opens a log, or makes it, for its owner alone, and verifies all of it. A last line that was cut
   * is cut off, unless it is whole but for its line feed.
   *
   * @throws LogException if it is not as it was written
   * @throws IOException if it cannot be read or written
   */
  public static BrokerLog open(Path file) throws LogException, IOException {
    return open(file, UnaryOperator.identity());
  }

  /** The same, through a channel that somebody watches. */
  static BrokerLog open(Path file, UnaryOperator<FileChannel> watching)
      throws LogException, IOException {
    Path folder = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
    DurableFiles.createFolders(folder);
    boolean isNew = !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    FileChannel channel =
        watching.apply(
            FileChannel.open(
                file,
                Set.of(
                    StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                DurableFiles.ownerOnly("rw-------")));
    try {
      BrokerLog log = new BrokerLog(file, channel, key(file));
      if (isNew) {
        DurableFiles.flushFolder(folder);
      }
      synchronized (OF_PROCESS) {
        try (FileLock held = channel.lock()) {
          log.follow();
        }
      }
      return log;
    } catch (LogException | IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** The last line of a log. */
  public record Head(long lines, Bytes hash) {
    @Override
    public String toString() {
      return lines + ":" + hash.toHex();
    }
  }

  /**
   * Verifies a log, and changes nothing.
   *
   * @param kept hashes that somebody kept elsewhere; each has to be that of a line
   * @param reading gets each entry
   * @return the last line
   * @throws LogException if the log is not as it was written
   * @throws IOException if it cannot be read
   */
  public static Head verify(Path file, Set<Bytes> kept, Consumer<LogEntry> reading)
      throws LogException, IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      BrokerLog log = new BrokerLog(file, channel, key(file));
      long whole = settledSize(channel);
      Set<Bytes> missing = new HashSet<>(kept);
      log.catchUp(
          entry -> {
            missing.remove(log.last);
            reading.accept(entry);
          });
      missing.remove(NO_HASH);
      if (log.read < whole) {
        throw new LogException(
            file + ": line " + (log.lines + 1) + ": expected a whole line, found one that was cut");
      }
      for (Bytes each : missing) {
        throw new LogException(
            file
                + ": expected a line with the hash "
                + each.toHex()
                + ", found none: lines were cut off or rewritten");
      }
      return log.head();
    }
  }

  /** The size while nobody adds a line; what is added later may be seen in part. */
  private static long settledSize(FileChannel channel) throws IOException {
    synchronized (OF_PROCESS) {
      try (FileLock held = channel.lock(0, Long.MAX_VALUE, true)) {
        return channel.size();
      }
    }
  }

  /** The last line; of an empty log, zeros. */
  public synchronized Head head() {
    return new Head(lines, last);
  }

  /** What was cut off when it was opened, as a line for people. */
  public Optional<String> note() {
    return note;
  }

  /** What follows from all lines that are there now. */
  synchronized Ledger ledger() throws LogException, IOException {
    synchronized (OF_PROCESS) {
      requireInPlace();
      if (channel.size() != read) {
        try (FileLock held = channel.lock()) {
          follow();
        }
      }
    }
    return ledger;
  }

  /**
   * Reads what others wrote, and has it on the disk before it counts: they may have been killed
   * before they saw to that.
   */
  private void follow() throws LogException, IOException {
    catchUp(entry -> {});
    mendEnd();
    channel.force(true);
  }

  private static Object key(Path file) throws IOException {
    BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
    return Objects.requireNonNullElse(found.fileKey(), file);
  }

  /** What is written to a file that was moved away would be missed after the next start. */
  private void requireInPlace() throws LogException, IOException {
    Object found;
    try {
      found = key(file);
    } catch (NoSuchFileException e) {
      found = "none";
    }
    if (!found.equals(key)) {
      throw new LogException(
          file + ": expected the file that was opened, found another or none: it was moved away");
    }
  }

  /** How many signatures control has yet to get ({@link Bringing}). */
  public int toBring() throws LogException, IOException {
    return ledger().toBring().size();
  }

  /** Makes an entry in view of all before it. */
  @FunctionalInterface
  interface Making {
    /** Empty to add none. */
    Optional<LogEntry> of(Ledger ledger);
  }

  /**
   * Adds an entry.
   *
   * @param making makes the entry; of a time before the entry before it, it gets that one's time
   * @return the number of its line; empty if there was none to be added
   * @throws LogException if somebody else changed the log since it was opened, or moved it
   * @throws IOException if it cannot be written; should its line be there, the next call finds it
   */
  synchronized Optional<Long> append(Making making) throws LogException, IOException {
    synchronized (OF_PROCESS) {
      try (FileLock held = channel.lock()) {
        requireInPlace();
        if (channel.size() != read) {
          follow();
        }
        Optional<LogEntry> made = making.of(ledger);
        if (made.isEmpty()) {
          return Optional.empty();
        }
        LogEntry entry = new LogEntry(ledger.notBefore(made.get().at()), made.get().what());
        Line line = Line.of(lines + 1, last, entry);
        write(line.text());
        read += line.text().length;
        lines++;
        last = line.hash();
        ledger = ledger.with(entry);
        return Optional.of(lines);
      }
    }
  }

  private void write(byte[] text) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(text);
    long at = read;
    try {
      while (buffer.hasRemaining()) {
        at += channel.write(buffer, at);
      }
      channel.force(true);
    } catch (IOException e) {
      cutOff(e);
      throw e;
    }
  }

  /** Nobody is told what a line says that may not be on the disk; it must not count later. */
  private void cutOff(IOException because) {
    try {
      channel.truncate(read);
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }

  /** A line, its line feed included. */
  @SuppressWarnings("ArrayRecordComponent") // Made once and written once.
  private record Line(byte[] text, Bytes hash) {
    static Line of(long number, Bytes before, LogEntry entry) {
      Map<String, Object> members = new LinkedHashMap<>();
      members.put("n", number);
      members.put("prev", before.toHex());
      members.putAll(entry.members());
      byte[] object = JsonLine.of(members);
      byte[] open = Arrays.copyOf(object, object.length - 1);
      Bytes hash = Hashes.of(open);
      ByteArrayOutputStream text = new ByteArrayOutputStream(open.length + 80);
      text.writeBytes(open);
      text.writeBytes((HASH + hash.toHex() + "\"}\n").getBytes(StandardCharsets.US_ASCII));
      return new Line(text.toByteArray(), hash);
    }
  }

  /** Reads and verifies the whole lines that others added. */
  private void catchUp(Consumer<LogEntry> reading) throws LogException, IOException {
    if (channel.size() < read) {
      throw new LogException(
          file + ": expected " + read + " bytes or more, found " + channel.size() + ": cut off");
    }
    ByteArrayOutputStream open = new ByteArrayOutputStream();
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    long at = read;
    while (channel.read(piece, at) > 0) {
      byte[] bytes = Arrays.copyOf(piece.array(), piece.position());
      at += bytes.length;
      int from = 0;
      for (int i = 0; i < bytes.length; i++) {
        if (bytes[i] == '\n') {
          open.write(bytes, from, i - from);
          take(open.toByteArray(), reading);
          open.reset();
          from = i + 1;
        }
      }
      open.write(bytes, from, bytes.length - from);
      if (open.size() > LARGEST_LINE) {
        throw wrong("expected at most " + LARGEST_LINE + " bytes, found more");
      }
      piece.clear();
    }
  }

  private LogException wrong(String what) {
    return new LogException(file + ": line " + (lines + 1) + ": " + what);
  }

  private void take(byte[] line, Consumer<LogEntry> reading) throws LogException {
    LogEntry entry = parse(line);
    read += line.length + 1;
    lines++;
    last = Hashes.of(Arrays.copyOf(line, line.length - HASH.length() - 66));
    ledger = ledger.with(entry);
    reading.accept(entry);
  }

  /** The entry of a line that follows the last one. */
  private LogEntry parse(byte[] line) throws LogException {
    int open = line.length - HASH.length() - 66;
    if (open < 0) {
      throw wrong("expected a line with its hash, found a shorter one");
    }
    String hash = Hashes.of(Arrays.copyOf(line, open)).toHex();
    byte[] end = (HASH + hash + "\"}").getBytes(StandardCharsets.US_ASCII);
    if (!Arrays.equals(line, open, line.length, end, 0, end.length)) {
      throw wrong("expected its own hash at its end, found another: it was edited");
    }
    LogEntry entry;
    String prev;
    int number;
    try {
      Members in = Members.parse("line " + (lines + 1), line);
      number = in.number("n", 1, Integer.MAX_VALUE);
      prev = in.text("prev", 64);
      in.text("hash", 64);
      entry = LogEntry.of(in);
      in.end();
    } catch (BadInputException e) {
      throw new LogException(file + ": " + e.getMessage());
    }
    if (number != lines + 1 || !prev.equals(last.toHex())) {
      throw wrong(
          "expected number "
              + (lines + 1)
              + " and the hash of the line before, found others: a line is missing, or moved, or"
              + " was put in");
    }
    return entry;
  }

  /** Ends or cuts off what a killed process left at the end. */
  private void mendEnd() throws IOException, LogException {
    int left = (int) Math.min(LARGEST_LINE, channel.size() - read);
    if (left == 0) {
      return;
    }
    ByteBuffer end = ByteBuffer.allocate(left);
    int got;
    do {
      got = channel.read(end, read + end.position());
    } while (end.hasRemaining() && got > 0);
    boolean isWhole;
    try {
      parse(end.array());
      isWhole = true;
    } catch (LogException e) {
      isWhole = false;
    }
    if (isWhole) {
      channel.write(ByteBuffer.wrap(new byte[] {'\n'}), read + left);
      take(end.array(), entry -> {});
      return;
    }
    note =
        Optional.of(
            file
                + ": line "
                + (lines + 1)
                + " was cut, as by a crash, and "
                + left
                + " bytes of it were cut off: nothing that it says was told to anybody");
    channel.truncate(read);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
