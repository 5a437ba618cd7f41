package dev.tka.core.store;

import dev.tka.core.Aum;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The sizes and times that writers keep to, so that readers can read what they wrote: what comes in
 * is checked here, and so is every {@link Commit} when it is made. Readers may take more, because
 * other software, or an older version of this one, may have written it. The bounds of the wire
 * (protocol, section 2) and of single texts are elsewhere, with their parsers.
 */
public final class Limits {
  /**
   * The largest AUM that control takes, in bytes, so that none can block the way to nodes
   * (protocol, section 10): shipping nodes read 10 MiB of an answer. The largest well-formed
   * checkpoint has about 350 KiB.
   */
  public static final int MAX_AUM_BYTES_AT_CONTROL = 512 << 10;

  /**
   * The largest AUM that a store takes, in bytes. It is more than control takes, because a node
   * follows a control that has no such limit. Only an artificial AUM, with large text in fields
   * that do not count, comes near it.
   */
  public static final int MAX_AUM_BYTES = 16 << 20;

  /**
   * The largest total size of the AUMs in one message, in bytes: some 170,000 AUMs of the usual
   * length, and more than one of the largest.
   */
  public static final int MAX_MESSAGE_BYTES = 32 << 20;

  /**
   * The earliest commit time. A shipping node's directory has no earlier one: there, 0 and below
   * mean that the time is not known (protocol, section 9).
   */
  public static final Instant EARLIEST_COMMIT = Instant.ofEpochSecond(1);

  /**
   * The latest commit time: the last second whose year has four digits, as readers of ISO 8601
   * expect. An age added to it is still a time.
   */
  public static final Instant LATEST_COMMIT = Instant.ofEpochSecond(253_402_300_799L);

  /** The largest size of the notes on own AUMs, in bytes: 100 for each of a million. */
  public static final int MAX_NOTES_BYTES = 100_000_000;

  /** The longest note on an own AUM, with a hash and two times, in bytes. */
  private static final long NOTE_BYTES = 150;

  /** The longest note on an edit set aside, in bytes, without the edit; the same for the frame. */
  private static final long ASIDE_BYTES = 115;

  /**
   * The largest number of items in the export of a tailnet, and of tailnets in an export: no
   * tailnet comes near it.
   */
  public static final int MAX_EXPORT_ITEMS = 1_000_000;

  /**
   * The largest item of an export, in bytes. A trail entry may hold the largest AUM, and the ids of
   * all keys that this added or took away.
   */
  public static final int MAX_EXPORT_ITEM_BYTES = 64 << 20;

  /**
   * The largest size of a tailnet's items in an export, in bytes; an import keeps about as much in
   * memory.
   */
  public static final long MAX_EXPORT_BYTES = 256L << 20;

  /**
   * The largest journal of a commit to a node's directory, in bytes: the largest export as text,
   * and 150 for each of a million files.
   */
  public static final int MAX_JOURNAL_BYTES = 600_000_000;

  private Limits() {}

  /** True if an AUM of a given size can be stored, so that every store's readers take it. */
  public static boolean isStorable(int aumBytes) {
    return aumBytes <= MAX_AUM_BYTES;
  }

  /** True if an AUM can be committed at a time. */
  public static boolean isCommitTime(Instant time) {
    return !time.isBefore(EARLIEST_COMMIT)
        && time.getEpochSecond() <= LATEST_COMMIT.getEpochSecond();
  }

  /**
   * The nearest time at which an AUM can be committed: for an AUM that comes back with a time that
   * an older version, or other software, recorded.
   */
  public static Instant nearestCommitTime(Instant time) {
    if (isCommitTime(time)) {
      return time;
    }
    return time.isBefore(EARLIEST_COMMIT) ? EARLIEST_COMMIT : LATEST_COMMIT;
  }

  /**
   * The first thing in a commit that a reader could not read, in words. The trail is not examined:
   * all readers take what is made of stored AUMs.
   */
  static Optional<String> findExcess(
      List<Commit.Addition> additions, Optional<OwnAums> ownAums, Optional<OwnTime> time) {
    for (Commit.Addition addition : additions) {
      Optional<String> excess = findExcess(addition.aum());
      if (excess.isPresent()) {
        return excess;
      }
      if (!isCommitTime(addition.committedAt())) {
        return Optional.of(
            addition.aum().hash()
                + ": "
                + wrong("a commit time", EARLIEST_COMMIT, addition.committedAt()));
      }
    }
    Instant clock = time.map(OwnTime::clock).orElse(EARLIEST_COMMIT);
    if (!clock.equals(Instant.EPOCH) && !isCommitTime(clock)) {
      return Optional.of("the note of own time: " + wrong("a time", Instant.EPOCH, clock));
    }
    return ownAums.isPresent() ? findExcess(ownAums.get()) : Optional.empty();
  }

  private static String wrong(String what, Instant earliest, Instant found) {
    return "expected "
        + what
        + " from "
        + earliest
        + " to "
        + LATEST_COMMIT
        + ", found "
        + found
        + ": the clock is wrong";
  }

  private static Optional<String> findExcess(OwnAums ownAums) {
    long bytes =
        ASIDE_BYTES + NOTE_BYTES * (ownAums.own().size() + (long) ownAums.elsewhere().size());
    for (OwnAums.SetAside edit : ownAums.setAside()) {
      Optional<String> excess = findExcess(edit.aum());
      if (excess.isPresent()) {
        return excess;
      }
      // They may be kept as base64.
      bytes += ASIDE_BYTES + 4 * ((edit.aum().encoded().size() + 2L) / 3);
    }
    return bytes <= MAX_NOTES_BYTES
        ? Optional.empty()
        : Optional.of(
            "the notes on own AUMs: expected at most "
                + MAX_NOTES_BYTES
                + " bytes, found "
                + bytes);
  }

  private static Optional<String> findExcess(Aum aum) {
    int size = aum.encoded().size();
    return isStorable(size)
        ? Optional.empty()
        : Optional.of(aum.hash() + ": expected at most " + MAX_AUM_BYTES + " bytes, found " + size);
  }
}
