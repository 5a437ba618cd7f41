package dev.tka.tlog.heads;

import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.NoteSignature;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.TreeHash;
import dev.tka.tlog.VerifierKey;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What control does with a log of heads, decided without I/O. */
public final class Cosigning {
  /** So many heads that followed each other get an entry each, the last ones. */
  private static final int MOST_AT_ONCE = 64;

  private static final int OK = 200;
  private static final int CONFLICT = 409;
  private static final int NO_PROOF = 422;
  private static final int NOT_FOUND = 404;
  private static final int FORBIDDEN = 403;

  private Cosigning() {}

  /**
   * The log after a look at the tailnet.
   *
   * @param log the log so far; empty if there is none
   * @param lock the authority and its head now; empty if the lock is off
   * @param after the AUMs of the active chain after one of it, oldest first; empty if it is not on
   *     the active chain. Each was the head for a while, maybe, and gets an entry
   * @param restored when the tailnet was restored from a backup. A log that began before then may
   *     be shorter than what others saw, or not the last one that they saw; so another one begins
   * @param origin of a new log
   * @return empty if there is nothing to add
   */
  public static Optional<HeadsLog> after(
      Optional<HeadsLog> log,
      Optional<HeadEntry.Lock> lock,
      Function<AumHash, Optional<List<AumHash>>> after,
      Optional<Instant> restored,
      Instant now,
      String origin) {
    Instant at = now.truncatedTo(ChronoUnit.SECONDS);
    if (log.isEmpty()) {
      // A tailnet whose lock was never on has no heads.
      return lock.map(
          head ->
              HeadsLog.begin(
                  origin,
                  new HeadEntry(
                      Optional.of(head),
                      at,
                      Optional.empty(),
                      restored.map(any -> HeadEntry.UNKNOWN))));
    }
    if (restored.isPresent()
        && log.get()
            .entries()
            .get(0)
            .at()
            .isBefore(restored.get().truncatedTo(ChronoUnit.SECONDS))) {
      return Optional.of(anew(log.get(), lock, at, origin));
    }
    Optional<HeadEntry.Lock> last = log.get().last().lock();
    if (last.isEmpty() ? lock.isEmpty() : lock.isPresent() && last.get().isSameHead(lock.get())) {
      return Optional.empty();
    }
    if (lock.isEmpty() || last.filter(before -> isSameAuthority(before, lock.get())).isEmpty()) {
      return Optional.of(
          log.get().with(new HeadEntry(lock, at, Optional.empty(), Optional.empty())));
    }
    AumHash before = last.orElseThrow().head();
    Optional<List<AumHash>> built = after.apply(before);
    if (built.isEmpty()) {
      return Optional.of(
          log.get().with(new HeadEntry(lock, at, Optional.of(before), Optional.empty())));
    }
    List<AumHash> heads = built.get();
    HeadsLog grown = log.get();
    for (int i = Math.max(0, heads.size() - MOST_AT_ONCE); i < heads.size(); i++) {
      HeadEntry.Lock then =
          new HeadEntry.Lock(
              lock.get().stateId1(),
              lock.get().stateId2(),
              heads.get(i),
              Math.max(0, lock.get().length() - (heads.size() - 1 - i)));
      grown = grown.with(new HeadEntry(Optional.of(then), at, Optional.empty(), Optional.empty()));
    }
    return Optional.of(grown);
  }

  private static boolean isSameAuthority(HeadEntry.Lock one, HeadEntry.Lock other) {
    return one.stateId1() == other.stateId1() && one.stateId2() == other.stateId2();
  }

  /** A new log in place of one that is shorter than what witnesses saw of it. */
  public static HeadsLog anew(HeadsLog log, Instant now, String origin) {
    return anew(log, log.last().lock(), now.truncatedTo(ChronoUnit.SECONDS), origin);
  }

  private static HeadsLog anew(
      HeadsLog log, Optional<HeadEntry.Lock> lock, Instant at, String origin) {
    return HeadsLog.begin(
        origin, new HeadEntry(lock, at, Optional.empty(), Optional.of(log.origin())));
  }

  /** The checkpoint of a log with the signatures of its keys, under its origin as their name. */
  public static SignedNote sign(HeadsLog log, List<SignerKey> keys) {
    String text = log.checkpoint().text();
    return new SignedNote(text, keys.stream().map(each -> each.sign(log.origin(), text)).toList());
  }

  /**
   * What a witness is asked.
   *
   * @param size the size that the witness cosigned last
   * @return empty if the log cannot prove that it continues that: it is larger, or too long ago
   */
  public static Optional<AddCheckpoint> request(HeadsLog log, SignedNote signed, long size) {
    Optional<List<TreeHash>> proof = log.proofFrom(size);
    return proof.map(hashes -> new AddCheckpoint(size, hashes, signed));
  }

  /** What a witness answered. */
  public sealed interface Answer {
    /** It cosigned. */
    record Cosigned(NoteSignature signature) implements Answer {}

    /** It cosigned another size last. */
    record OtherSize(long size) implements Answer {}

    /** It cosigned another tree: of this size, or one that the log does not continue. */
    record OtherRoot() implements Answer {}

    /**
     * It did not cosign.
     *
     * @param why one line
     */
    record Refused(String why) implements Answer {}
  }

  /**
   * Reads what a witness answered. A cosignature that does not verify is none.
   *
   * @param type the media type of the body
   */
  public static Answer read(
      int status, String type, byte[] body, SignedNote asked, VerifierKey witness) {
    try {
      if (status == OK) {
        return AddCheckpoint.parseAnswer(body).stream()
            .filter(each -> witness.verifies(asked.text(), each))
            .findFirst()
            .<Answer>map(Answer.Cosigned::new)
            .orElseGet(() -> new Answer.Refused("it gave no cosignature of its key"));
      }
      if (status == CONFLICT) {
        return type.startsWith(AddCheckpoint.SIZE_TYPE)
            ? new Answer.OtherSize(AddCheckpoint.parseSize(body))
            : new Answer.OtherRoot();
      }
      return switch (status) {
        case NO_PROOF -> new Answer.OtherRoot();
        case NOT_FOUND -> new Answer.Refused("it does not know the log (404)");
        case FORBIDDEN -> new Answer.Refused("it does not know the log's key (403)");
        default -> new Answer.Refused("it answered " + status);
      };
    } catch (TextException e) {
      return new Answer.Refused(e.getMessage());
    }
  }
}
