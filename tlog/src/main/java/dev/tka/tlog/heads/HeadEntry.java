package dev.tka.tlog.heads;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.authority.Authority;
import dev.tka.tlog.TreeHash;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * An entry of the log of a tailnet's heads: which head control has from a time on. Its text is
 * {@code tka head 1}, a line of six words, and for the first entry of a log that follows on another
 * {@code follows} and the origin of that one; {@code -} stands for nothing.
 *
 * @param lock the authority and its head; empty from when the lock was off
 * @param at when control noted it, in whole seconds
 * @param displaced the head before, if this one does not build on it
 * @param follows the origin of the log on which this one follows; {@link #UNKNOWN} if control was
 *     restored from a backup that has no log
 */
public record HeadEntry(
    Optional<Lock> lock, Instant at, Optional<AumHash> displaced, Optional<String> follows) {
  /** Stands for the origin of a log of which control knows nothing. */
  public static final String UNKNOWN = "unknown";

  private static final String WHAT = "entry of a log of heads";
  private static final String VERSION = "tka head 1";
  private static final String FOLLOWS = "follows ";
  private static final String NOTHING = "-";

  /** The longest one, in bytes. */
  static final int MOST_BYTES = 2048;

  /**
   * An authority and its head.
   *
   * @param stateId1 of the authority
   * @param stateId2 of the authority
   * @param length the number of AUMs of control's active chain
   */
  public record Lock(long stateId1, long stateId2, AumHash head, long length) {
    /** An authority, with the head and the length that it has now. */
    public static Lock of(Authority authority) {
      return new Lock(
          authority.state().stateId1(),
          authority.state().stateId2(),
          authority.head(),
          authority.length());
    }

    /** Whether another is the same head of the same authority, whatever anybody keeps of it. */
    public boolean isSameHead(Lock other) {
      return stateId1 == other.stateId1 && stateId2 == other.stateId2 && head.equals(other.head);
    }
  }

  /**
   * Takes what has one text.
   *
   * @throws IllegalArgumentException if the time is not in whole seconds or has no text, a length
   *     is negative, or an origin is not one line
   */
  public HeadEntry {
    if (!at.equals(at.truncatedTo(ChronoUnit.SECONDS))
        || !at.toString().matches("[0-9]{4}-.*")
        || lock.filter(each -> each.length() < 0).isPresent()
        || follows
            .filter(each -> each.isEmpty() || each.chars().anyMatch(c -> c < 0x20))
            .isPresent()) {
      throw new IllegalArgumentException("no entry of a log of heads");
    }
  }

  /**
   * Reads an entry.
   *
   * @throws TextException if it is not one
   */
  public static HeadEntry parse(Bytes entry) throws TextException {
    HeadEntry read;
    try {
      String text =
          entry.size() > MOST_BYTES
              ? ""
              : StandardCharsets.UTF_8
                  .newDecoder()
                  .decode(ByteBuffer.wrap(entry.toByteArray()))
                  .toString();
      String[] lines = text.split("\n", -1);
      String[] words = lines.length > 1 ? lines[1].split(" ", -1) : new String[0];
      if (words.length != 6 || lines.length > 4) {
        throw wrong();
      }
      Optional<Lock> lock =
          words[2].equals(NOTHING)
              ? Optional.empty()
              : Optional.of(
                  new Lock(
                      Long.parseUnsignedLong(words[0]),
                      Long.parseUnsignedLong(words[1]),
                      AumHash.parse(words[2]),
                      Long.parseLong(words[3])));
      read =
          new HeadEntry(
              lock,
              Instant.parse(words[4]),
              words[5].equals(NOTHING) ? Optional.empty() : Optional.of(AumHash.parse(words[5])),
              lines.length == 4 && lines[2].startsWith(FOLLOWS)
                  ? Optional.of(lines[2].substring(FOLLOWS.length()))
                  : Optional.empty());
    } catch (CharacterCodingException | DateTimeException | IllegalArgumentException e) {
      throw wrong();
    }
    if (!read.bytes().equals(entry)) {
      throw wrong();
    }
    return read;
  }

  private static TextException wrong() {
    return new TextException.BadField(WHAT, "\"" + VERSION + "\" and its lines", "another text");
  }

  /** The entry, as it is in the log. */
  public Bytes bytes() {
    String words =
        lock.isPresent()
            ? Long.toUnsignedString(lock.get().stateId1())
                + " "
                + Long.toUnsignedString(lock.get().stateId2())
                + " "
                + lock.get().head()
                + " "
                + lock.get().length()
            : "- - - -";
    String text =
        VERSION
            + "\n"
            + words
            + " "
            + at
            + " "
            + displaced.map(AumHash::toString).orElse(NOTHING)
            + "\n"
            + follows.map(origin -> FOLLOWS + origin + "\n").orElse("");
    return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Its hash in the tree. */
  public TreeHash hash() {
    return TreeHash.ofEntry(bytes());
  }
}
