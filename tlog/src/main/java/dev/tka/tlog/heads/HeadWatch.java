package dev.tka.tlog.heads;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.tlog.Checkpoint;
import dev.tka.tlog.Hashes;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.MerkleTree;
import dev.tka.tlog.NoteSignature;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.Tiles;
import dev.tka.tlog.TreeHash;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Judges what control's log of heads shows, for whoever asks: a node, or a person.
 *
 * <p>In this order: the log signed the checkpoint; the witnesses of the quorum cosigned it, not too
 * long ago; it continues what was seen before; and the head that control gave here is in it, and
 * was the last one not longer ago than cosignatures may be old. A head that is not in the log yet
 * may be on its way, or have been replaced at once: only when none of the heads that were here at
 * several looks came into the log for as long as that, they are two views.
 *
 * <p>A look asks for each path once, and for a few dozen paths at most, whatever the log says of
 * its size: those of a few entries and of two proofs.
 *
 * @param policy the logs and witnesses that are believed
 * @param oldest how old a cosignature may be
 */
public record HeadWatch(LogPolicy policy, Duration oldest) {
  /** The age that cosignatures may have where nobody says otherwise. */
  public static final Duration USUAL_AGE = Duration.ofHours(24);

  /** The longest answer that can be a log's, in bytes: a source need not read more. */
  public static final int MOST_BYTES = TilePath.FULL * (2 + HeadEntry.MOST_BYTES);

  /** So far the clock of a witness may be ahead. */
  private static final Duration AHEAD = Duration.ofMinutes(5);

  private static final int MOST_STRANGE = 16;

  /** Who looks twice may have met two heads that were replaced at once. */
  private static final int LEAST_LOOKS = 3;

  /**
   * What was found.
   *
   * @param kind what it is
   * @param detail what was expected and found, on one line
   */
  public record Outcome(Kind kind, String detail) {
    /** One line for a person: what it is, and what helps. */
    @Override
    public String toString() {
      return kind.meaning + (detail.isEmpty() ? "" : ": " + detail) + "; " + kind.remedy;
    }
  }

  /** What can be found. */
  public enum Kind {
    /** All is as it should be. */
    FINE("fine", "the log is in order", "nothing to do"),
    /** The log has another head than the one that control gave here. */
    TWO_VIEWS(
        "two-views",
        "control shows two views",
        "compare heads with other nodes by 'tka status', and ask the operator which one is right"),
    /** No cosignature is new enough. */
    FROZEN(
        "frozen",
        "the log stands still",
        "ask the operator whether control reaches its witnesses; until then it may be an old view"),
    /** The log does not continue what was seen. */
    REWRITTEN(
        "rewritten",
        "the log was rewritten",
        "keep what is here, and compare with other nodes: an honest log never does that"),
    /** A signature or cosignature is not what it says. */
    FORGED(
        "forged",
        "a signature is forged, or of another checkpoint",
        "see whether the policy has the right keys; if so, do not believe this control"),
    /** Too few witnesses that are known cosigned it. */
    UNCOSIGNED(
        "uncosigned",
        "too few known witnesses cosigned the log",
        "ask the operator whether control reaches its witnesses, and compare the policy's keys"),
    /** A new log follows on the one that was seen. */
    BEGAN_ANEW(
        "began-anew",
        "the log began anew",
        "ask the operator whether control was restored from a backup then"),
    /** Control did not answer, or has no log. */
    UNREACHABLE(
        "unreachable", "there is no log to look at", "see whether control runs and keeps a log");

    private final String code;
    private final String meaning;
    private final String remedy;

    Kind(String code, String meaning, String remedy) {
      this.code = code;
      this.meaning = meaning;
      this.remedy = remedy;
    }

    /** A stable name for machines. */
    public String code() {
      return code;
    }

    /** Whether it says that control, or what stands for it, lies. */
    public boolean accuses() {
      return this == TWO_VIEWS
          || this == FROZEN
          || this == REWRITTEN
          || this == FORGED
          || this == UNCOSIGNED;
    }
  }

  /**
   * What was seen of a log, to be kept until the next time.
   *
   * @param origin the log
   * @param size of the largest checkpoint that was believed
   * @param root of that checkpoint
   * @param strange the heads that were here and were not in the log yet; empty if the last look
   *     found the one that was here
   */
  public record Seen(String origin, long size, TreeHash root, Optional<Strange> strange) {
    /** The lines of a checkpoint, and then of a time and heads. */
    public String text() {
      List<String> lines = new ArrayList<>();
      strange.ifPresent(
          each -> {
            lines.add(each.since() + " " + each.looks());
            lines.addAll(each.heads());
          });
      return new Checkpoint(origin, size, root, lines).text();
    }

    /**
     * Reads it.
     *
     * @throws TextException if it is not one
     */
    public static Seen parse(String text) throws TextException {
      Checkpoint read = Checkpoint.parse(text);
      List<String> lines = read.extensions();
      try {
        Optional<Strange> strange = Optional.empty();
        if (!lines.isEmpty()) {
          String[] words = lines.get(0).split(" ", 2);
          strange =
              Optional.of(
                  new Strange(
                      Instant.parse(words[0]),
                      Integer.parseInt(words[words.length - 1]),
                      lines.subList(1, lines.size())));
        }
        return new Seen(read.origin(), read.size(), read.root(), strange);
      } catch (DateTimeException | NumberFormatException e) {
        throw new TextException.BadField("what was seen of a log", "a time", "another text");
      }
    }
  }

  /**
   * Heads that were not in the log.
   *
   * @param since when the first one was looked for
   * @param looks how often one was looked for
   * @param heads the first ones, in the text of their hashes, or {@code -} where the lock was off
   */
  public record Strange(Instant since, int looks, List<String> heads) {
    /** Copies the list. */
    public Strange {
      heads = List.copyOf(heads);
    }

    /** Whether an entry is one of them. That the lock was off once says nothing of now. */
    private boolean has(HeadEntry entry) {
      return heads.contains(name(entry.lock()))
          && (entry.lock().isPresent() || !entry.at().isBefore(since.minus(AHEAD)));
    }

    private Strange with(String head) {
      List<String> more = new ArrayList<>(heads);
      if (more.size() < MOST_STRANGE && !more.contains(head)) {
        more.add(head);
      }
      return new Strange(since, looks + 1, more);
    }
  }

  /**
   * The head that control gave here, in a round that brought both together.
   *
   * @param lock empty if the lock is off
   */
  public record Held(Optional<HeadEntry.Lock> lock) {}

  /** Gets what control serves of its log. */
  public interface Source {
    /**
     * Fetches what is at a path: {@code checkpoint}, or that of a tile. What is longer than {@link
     * #MOST_BYTES} need not be read to its end.
     *
     * @return empty if there is nothing
     * @throws IOException if control does not answer
     */
    Optional<byte[]> fetch(String path) throws IOException;
  }

  /**
   * What was found, and what is to be kept.
   *
   * @param seen what is to be kept from now on; as before if nothing new was believed
   * @param last the last entry of the log, if it was believed
   */
  public record Result(Outcome outcome, Optional<Seen> seen, Optional<HeadEntry> last) {}

  /** What control serves in one look: each path is asked for once. */
  private static final class Once implements Source {
    private final Source source;
    private final Map<String, Optional<byte[]>> known = new HashMap<>();

    Once(Source source) {
      this.source = source;
    }

    @Override
    public Optional<byte[]> fetch(String path) throws IOException {
      Optional<byte[]> found = known.get(path);
      if (found == null) {
        found = source.fetch(path);
        known.put(path, found);
      }
      return found;
    }
  }

  /** What ends a look. */
  private static final class Found extends Exception {
    private static final long serialVersionUID = 1;
    private final transient Outcome outcome;

    Found(Kind kind, String detail) {
      super(detail, null, false, false);
      this.outcome = new Outcome(kind, detail);
    }
  }

  /**
   * Looks once.
   *
   * @param before what was seen before
   * @param held the head that is here; empty where none is to be compared, as when this node
   *     refuses control's
   */
  public Result look(Source source, Optional<Seen> before, Optional<Held> held, Instant now) {
    try {
      return judge(new Once(source), before, held, now);
    } catch (Found e) {
      return new Result(e.outcome, before, Optional.empty());
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage()).replaceAll("\\p{Cntrl}+", " ");
      return new Result(new Outcome(Kind.UNREACHABLE, why), before, Optional.empty());
    }
  }

  private Result judge(Source source, Optional<Seen> before, Optional<Held> held, Instant now)
      throws Found, IOException {
    Checkpoint checkpoint = cosigned(source, now);
    if (checkpoint.size() == 0) {
      throw new Found(Kind.UNREACHABLE, "the log has no entry yet");
    }
    HeadEntry last = entry(source, checkpoint, checkpoint.size() - 1);
    Seen shown =
        new Seen(checkpoint.origin(), checkpoint.size(), checkpoint.root(), Optional.empty());
    if (before.isEmpty() || !before.get().origin().equals(shown.origin())) {
      Optional<Outcome> anew = beganAnew(source, checkpoint, before);
      if (anew.isPresent()) {
        return new Result(anew.get(), Optional.of(shown), Optional.of(last));
      }
    } else {
      requireContinued(source, before.get(), shown);
    }
    Seen kept = before.filter(seen -> seen.size() > shown.size()).orElse(shown);
    Optional<Strange> strange = before.flatMap(Seen::strange);
    if (held.isEmpty()) {
      return new Result(
          new Outcome(Kind.FINE, ""), Optional.of(at(kept, strange)), Optional.of(last));
    }
    Held here = held.get();
    Way way = wayOf(source, checkpoint, last, here, strange, now);
    if (way == Way.IN_LOG) {
      return new Result(
          new Outcome(Kind.FINE, ""), Optional.of(at(kept, Optional.empty())), Optional.of(last));
    }
    Strange heads =
        (way == Way.OTHERS_CAME ? Optional.<Strange>empty() : strange)
            .orElseGet(() -> new Strange(now, 0, List.of()))
            .with(name(here.lock()));
    return new Result(
        now.minus(oldest).isAfter(heads.since()) && heads.looks() >= LEAST_LOOKS
            ? new Outcome(Kind.TWO_VIEWS, "since " + heads.since() + " " + differs(last, here))
            : new Outcome(Kind.FINE, "the head that is here is on its way into it"),
        Optional.of(at(kept, Optional.of(heads))),
        Optional.of(last));
  }

  /** What became of the heads that were here. */
  private enum Way {
    /** The one that is here now is in the log. */
    IN_LOG,
    /** It is not, and one that was strange before is. */
    OTHERS_CAME,
    /** None is. */
    STRANGE
  }

  /** Checks that an entry is in the tree: only those that count are. Returns the one after it. */
  private static HeadEntry proven(Source source, Checkpoint checkpoint, long index, HeadEntry shown)
      throws Found, IOException {
    require(shown.equals(entry(source, checkpoint, index)), Kind.REWRITTEN, "entry " + index);
    return entry(source, checkpoint, Math.min(index + 1, checkpoint.size() - 1));
  }

  private static Seen at(Seen seen, Optional<Strange> strange) {
    return new Seen(seen.origin(), seen.size(), seen.root(), strange);
  }

  private static String name(Optional<HeadEntry.Lock> lock) {
    return lock.map(each -> each.head().toString()).orElse("-");
  }

  private static String differs(HeadEntry last, Held held) {
    return "the log has " + text(last.lock()) + ", and here is " + text(held.lock());
  }

  /**
   * Looks for heads among the last few hundred of the log.
   *
   * @throws Found if the one that is here was followed by another one too long ago
   */
  private Way wayOf(
      Source source,
      Checkpoint checkpoint,
      HeadEntry last,
      Held held,
      Optional<Strange> strange,
      Instant now)
      throws Found, IOException {
    if (isSame(last.lock(), held.lock())) {
      return Way.IN_LOG;
    }
    Way way = Way.STRANGE;
    long end = checkpoint.size();
    for (int bundle = 0; bundle < 2 && end > 0; bundle++) {
      TilePath path = TilePath.ofEntry(end - 1, checkpoint.size());
      Optional<byte[]> bytes = source.fetch(path.toString());
      if (bytes.isEmpty()) {
        return way;
      }
      List<HeadEntry> entries = entries(path, bytes.get());
      for (long index = end - 1; index >= path.from(); index--) {
        HeadEntry each = entries.get((int) (index - path.from()));
        if (isSame(each.lock(), held.lock())) {
          HeadEntry next = proven(source, checkpoint, index, each);
          if (!now.minus(oldest).isAfter(next.at())) {
            return Way.IN_LOG;
          }
          // A head is one for good; the lock may be off again.
          require(
              held.lock().isEmpty(),
              Kind.TWO_VIEWS,
              "since " + next.at() + " " + differs(last, held));
          return way;
        } else if (way == Way.STRANGE && strange.filter(before -> before.has(each)).isPresent()) {
          HeadEntry unused = proven(source, checkpoint, index, each);
          way = Way.OTHERS_CAME;
        }
      }
      end = path.from();
    }
    return way;
  }

  /** The checkpoint, if its log signed it and the quorum cosigned it lately. */
  private Checkpoint cosigned(Source source, Instant now) throws Found, IOException {
    SignedNote note;
    Checkpoint checkpoint;
    try {
      note =
          SignedNote.parse(
              source
                  .fetch("checkpoint")
                  .orElseThrow(() -> new Found(Kind.UNREACHABLE, "control keeps no log here")));
      checkpoint = Checkpoint.parse(note.text());
    } catch (TextException e) {
      throw new Found(Kind.FORGED, e.getMessage());
    }
    List<VerifierKey> keys = policy.keysOf(checkpoint.origin());
    if (keys.isEmpty()) {
      throw new Found(Kind.FORGED, "the policy knows no log of this origin");
    }
    boolean isSigned = false;
    Set<VerifierKey> cosigned = new HashSet<>();
    Set<VerifierKey> fresh = new HashSet<>();
    boolean isAhead = false;
    for (NoteSignature each : note.signatures()) {
      for (VerifierKey key : keys) {
        if (key.isNamedBy(each)) {
          require(key.verifies(note.text(), each), Kind.FORGED, "the log's signature");
          isSigned = true;
        }
      }
      for (LogPolicy.Witness witness : policy.witnesses().values()) {
        if (witness.key().isNamedBy(each)) {
          require(
              witness.key().verifies(note.text(), each),
              Kind.FORGED,
              "the cosignature of " + witness.key().name());
          cosigned.add(witness.key());
          Instant at = VerifierKey.timeOf(each).orElse(Instant.MIN);
          isAhead |= at.isAfter(now.plus(AHEAD));
          if (!at.isBefore(now.minus(oldest)) && !at.isAfter(now.plus(AHEAD))) {
            fresh.add(witness.key());
          }
        }
      }
    }
    require(isSigned, Kind.FORGED, "no signature of a key of the log");
    if (policy.quorum().isPresent()) {
      LogPolicy.Quorum quorum = policy.quorum().get();
      require(
          quorum.isMetBy(cosigned),
          Kind.UNCOSIGNED,
          cosigned.size() + " of " + policy.witnesses().size());
      require(
          quorum.isMetBy(fresh),
          Kind.FROZEN,
          "expected cosignatures since "
              + now.minus(oldest).truncatedTo(ChronoUnit.SECONDS)
              + (isAhead
                  ? ", found some of later than now, "
                      + now.truncatedTo(ChronoUnit.SECONDS)
                      + ": see whether the clock here is right"
                  : ", found older ones"));
    }
    return checkpoint;
  }

  private static void require(boolean is, Kind kind, String detail) throws Found {
    if (!is) {
      throw new Found(kind, detail);
    }
  }

  /** A tile that cannot be had. */
  private static final class Missing extends IOException {
    private static final long serialVersionUID = 1;

    Missing(TilePath path) {
      super("control does not serve " + path);
    }
  }

  private static Hashes<IOException> hashes(Source source, long size) {
    return Tiles.of(
        size,
        path -> {
          byte[] tile = source.fetch(path.toString()).orElseThrow(() -> new Missing(path));
          try {
            return Tiles.hashes(path, tile);
          } catch (TextException e) {
            throw new IOException(e.getMessage(), e);
          }
        });
  }

  /** An entry, if it is in the tree. */
  private static HeadEntry entry(Source source, Checkpoint checkpoint, long index)
      throws Found, IOException {
    TilePath path = TilePath.ofEntry(index, checkpoint.size());
    byte[] bundle = source.fetch(path.toString()).orElseThrow(() -> new Missing(path));
    HeadEntry entry = entries(path, bundle).get((int) (index - path.from()));
    require(
        MerkleTree.isIncluded(
            entry.hash(),
            index,
            checkpoint.size(),
            MerkleTree.inclusion(index, checkpoint.size(), hashes(source, checkpoint.size())),
            checkpoint.root()),
        Kind.REWRITTEN,
        "entry " + index + " is not the one that was cosigned");
    return entry;
  }

  private static List<HeadEntry> entries(TilePath path, byte[] bundle) throws Found {
    try {
      List<HeadEntry> entries = new ArrayList<>();
      for (Bytes each : Tiles.entries(path, bundle)) {
        entries.add(HeadEntry.parse(each));
      }
      return entries;
    } catch (TextException e) {
      throw new Found(Kind.REWRITTEN, e.getMessage());
    }
  }

  /**
   * Checks that of two checkpoints of a log the larger continues the smaller. A smaller one than
   * before is no lie by itself: another server may be behind, and how old it may be is bounded.
   */
  private static void requireContinued(Source source, Seen before, Seen shown)
      throws Found, IOException {
    Seen small = before.size() <= shown.size() ? before : shown;
    Seen large = before.size() <= shown.size() ? shown : before;
    if (small.size() == 0) {
      return;
    }
    List<TreeHash> proof;
    try {
      proof = MerkleTree.consistency(small.size(), large.size(), hashes(source, large.size()));
    } catch (Missing e) {
      // Long past: the quorum cosigned both, and cosigns only what continues.
      if (shown.size() - before.size() > HeadsLog.KEPT) {
        return;
      }
      throw new Found(
          shown.size() < before.size() ? Kind.UNREACHABLE : Kind.REWRITTEN,
          String.valueOf(e.getMessage()));
    }
    require(
        MerkleTree.isConsistent(small.size(), small.root(), large.size(), large.root(), proof),
        Kind.REWRITTEN,
        "size " + shown.size() + " does not go with size " + before.size() + ", seen before");
  }

  /**
   * What it means that this log is not the one that was seen.
   *
   * @return empty if none was seen, and this one is the first
   */
  private static Optional<Outcome> beganAnew(
      Source source, Checkpoint checkpoint, Optional<Seen> before) throws Found, IOException {
    HeadEntry first;
    try {
      first = entry(source, checkpoint, 0);
    } catch (Missing e) {
      // Too long ago to be looked at.
      if (before.isPresent()) {
        throw new Found(Kind.REWRITTEN, "another log is in place of " + before.get().origin());
      }
      return Optional.empty();
    }
    if (first.follows().isEmpty()) {
      require(before.isEmpty(), Kind.REWRITTEN, "another log does not say that it follows on it");
      return Optional.empty();
    }
    return Optional.of(
        new Outcome(
            Kind.BEGAN_ANEW,
            "at "
                + first.at()
                + ", after "
                + first.follows().get()
                + (before.isEmpty() || before.get().origin().equals(first.follows().get())
                    ? ""
                    : ", and not after " + before.get().origin() + ", seen here")));
  }

  private static boolean isSame(Optional<HeadEntry.Lock> one, Optional<HeadEntry.Lock> other) {
    if (one.isEmpty() || other.isEmpty()) {
      return one.isEmpty() == other.isEmpty();
    }
    return one.get().isSameHead(other.get());
  }

  private static String text(Optional<HeadEntry.Lock> lock) {
    return lock.map(each -> "head " + each.head()).orElse("no lock");
  }
}
