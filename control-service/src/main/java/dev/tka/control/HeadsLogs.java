package dev.tka.control;

import dev.tka.core.TextException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.store.NoteKeyFile;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.Checkpoint;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.NoteSignature;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.Cosigning;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadsLog;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Keeps a log of each tailnet's heads, and has witnesses cosign it (service, section 11).
 *
 * <p>A head is added after it was committed, by whichever service sees it first, on the condition
 * of the record that was read. So a service that is killed in between loses nothing: the next look
 * of any service adds it. What is in memory (cosignatures, and how far each witness is) comes again
 * by asking.
 *
 * <p>{@link #work} is done once at a time; {@link #fetch} waits for nothing.
 */
final class HeadsLogs {
  /** Cosignatures are asked for again so often, so that they stay new. */
  static final Duration REFRESH = Duration.ofMinutes(15);

  /** A log is not begun anew by a witness's word more often: it may lie. */
  static final Duration ANEW_AT_MOST = Duration.ofHours(1);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

  /** A witness that takes longer than this is left alone for a while, as one that is down. */
  private static final Duration SLOW = Duration.ofSeconds(2);

  private static final int TOO_MANY = 429;
  private static final int FAILED = 500;

  private static final String AHEAD =
      "it has cosigned more of the log than control has, or another tree";

  private final Premises premises;
  private final ControlRecords records;
  private final ControlListener listener;
  private final LongSupplier nanoTime;
  private final List<SignerKey> keys;
  private final LogPolicy policy;
  private final WitnessTransport transport;
  private final Map<String, Told> told = new ConcurrentHashMap<>();
  private final Map<String, Pause> pauses = new HashMap<>();
  private final Set<String> changed = new TreeSet<>();

  /** When each witness cosigned last, or was first asked, in nanoseconds. */
  private final Map<String, Long> answered = new ConcurrentHashMap<>();

  /** When it was last said why a witness does not cosign. */
  private final Map<String, Long> said = new HashMap<>();

  private Optional<Changes.Position> position = Optional.empty();

  /**
   * What witnesses were told of a tailnet's log. The log itself stays in the record: there may be
   * thousands.
   */
  private static final class Told {
    private final Map<String, Long> sizes = new HashMap<>();
    private Checkpoint now;
    private Optional<Checkpoint> asked = Optional.empty();
    private long at;

    /** Until they are asked again; doubled while not all cosign. */
    private Duration pause = FIRST_PAUSE;

    /** The checkpoint that is served, with its cosignatures. */
    private volatile Optional<SignedNote> served = Optional.empty();

    /** Whether the quorum cosigned that one. */
    private boolean isEnough;

    Told(Checkpoint now) {
      this.now = now;
    }
  }

  /** How long a witness that does not answer is left alone. */
  private record Pause(long until, Duration length) {}

  HeadsLogs(
      Premises premises,
      ControlListener listener,
      LongSupplier nanoTime,
      List<SignerKey> keys,
      LogPolicy policy,
      WitnessTransport transport) {
    this.premises = premises;
    this.records = premises.records();
    this.listener = listener;
    this.nanoTime = nanoTime;
    this.keys = List.copyOf(keys);
    this.policy = policy;
    this.transport = transport;
  }

  /** Adds the heads that are new, and asks the witnesses that are to be asked. */
  synchronized void work() throws StoreException {
    changed.addAll(look());
    for (String tailnet : List.copyOf(changed)) {
      try {
        add(tailnet);
        changed.remove(tailnet);
      } catch (StoreException.Conflict e) {
        // Another service was first; the next look decides again.
      } catch (StoreException.Fenced e) {
        changed.remove(tailnet);
        told.remove(tailnet);
      } catch (StoreException | OpenException e) {
        changed.remove(tailnet);
        listener.failed("log of heads", e);
      }
    }
    for (Map.Entry<String, Told> each : told.entrySet()) {
      if (isDue(each.getValue())) {
        askAll(each.getKey(), each.getValue());
      }
    }
  }

  private Collection<String> look() throws StoreException {
    if (position.isEmpty()) {
      position = Optional.of(records.position());
      return records.tailnets();
    }
    Changes changes = records.changesAfter(position.get(), 1);
    position = Optional.of(changes.position());
    return changes.complete()
        ? changes.tailnets().stream().map(Changes.Change::tailnet).toList()
        : records.tailnets();
  }

  private String newOrigin() {
    return NoteKeyFile.randomName(keys.get(0).verifier().name());
  }

  private void add(String tailnet) throws StoreException, OpenException {
    TailnetRecord record = records.tailnet(tailnet);
    Optional<Authority> on = premises.live(tailnet).map(LiveAuthority::current);
    Optional<HeadsLog> next =
        Cosigning.after(
            record.log(),
            on.map(HeadEntry.Lock::of),
            head -> on.orElseThrow().activeAfter(head),
            record.restored(),
            premises.now(),
            newOrigin());
    if (next.isPresent()) {
      records.commit(tailnet, RecordsChange.ofTailnet(record, record.withLog(next.get())));
    }
    next.or(record::log)
        .map(HeadsLog::checkpoint)
        .ifPresent(now -> told.computeIfAbsent(tailnet, t -> new Told(now)).now = now);
  }

  private boolean isDue(Told of) {
    return !policy.witnesses().isEmpty()
        && (!of.asked.equals(Optional.of(of.now))
            || nanoTime.getAsLong() - of.at >= of.pause.toNanos());
  }

  private void askAll(String tailnet, Told of) {
    try {
      Optional<HeadsLog> log = records.tailnet(tailnet).log();
      if (log.isPresent()) {
        askAll(tailnet, of, log.get());
      } else {
        told.remove(tailnet);
      }
    } catch (StoreException.Fenced e) {
      told.remove(tailnet);
    } catch (StoreException e) {
      listener.failed("log of heads", e);
    }
  }

  private void askAll(String tailnet, Told of, HeadsLog log) {
    of.now = log.checkpoint();
    SignedNote signed = Cosigning.sign(log, keys);
    List<NoteSignature> made = new ArrayList<>();
    Set<VerifierKey> by = new HashSet<>();
    boolean ahead = false;
    boolean all = true;
    for (LogPolicy.Witness each : policy.witnesses().values()) {
      if (each.url().isEmpty()) {
        continue;
      }
      if (isPaused(each)) {
        all = false;
        continue;
      }
      long began = nanoTime.getAsLong();
      answered.putIfAbsent(each.key().name(), began);
      try {
        Cosigning.Answer answer = ask(of, log, signed, each);
        if (nanoTime.getAsLong() - began > SLOW.toNanos()) {
          // The logs of all other tailnets wait meanwhile.
          pause(each);
        } else {
          pauses.remove(each.key().name());
        }
        ahead |=
            answer instanceof Cosigning.Answer.OtherRoot
                || answer instanceof Cosigning.Answer.OtherSize;
        if (answer instanceof Cosigning.Answer.Cosigned cosigned) {
          answered.put(each.key().name(), nanoTime.getAsLong());
          of.sizes.put(nameOf(each, log), log.size());
          made.add(cosigned.signature());
          by.add(each.key());
        } else {
          all = false;
          failed(each, answer instanceof Cosigning.Answer.Refused refused ? refused.why() : AHEAD);
        }
      } catch (IOException e) {
        all = false;
        pause(each);
        failed(each, String.valueOf(e.getMessage()));
      }
    }
    boolean isEnough = policy.quorum().map(quorum -> quorum.isMetBy(by)).orElse(true);
    boolean wasEnough = of.isEnough && of.served.filter(note -> isOf(log, note)).isPresent();
    // What the quorum cosigned stays until it has cosigned more: a part of it looks like a lie.
    if (!made.isEmpty() && (isEnough || !wasEnough)) {
      of.served = Optional.of(signed.with(made));
      of.isEnough = isEnough;
    }
    boolean isAgain = of.asked.equals(Optional.of(of.now)) && !of.pause.equals(REFRESH);
    of.pause = all ? REFRESH : twice(isAgain ? of.pause : FIRST_PAUSE);
    of.asked = Optional.of(of.now);
    of.at = nanoTime.getAsLong();
    if (ahead && policy.quorum().filter(quorum -> !quorum.isMetBy(by)).isPresent()) {
      beginAnew(tailnet, log);
    }
  }

  /** How long ago each witness that was asked cosigned last; if it never did, was first asked. */
  Map<String, Duration> silences() {
    long now = nanoTime.getAsLong();
    Map<String, Duration> silences = new TreeMap<>();
    answered.forEach((name, at) -> silences.put(name, Duration.ofNanos(Math.max(0, now - at))));
    return silences;
  }

  /** One line for all tailnets: a witness that knows no log refuses each of thousands. */
  private void failed(LogPolicy.Witness witness, String why) {
    long now = nanoTime.getAsLong();
    said.values().removeIf(at -> now - at >= REFRESH.toNanos());
    if (said.putIfAbsent(witness.key().name() + " " + why, now) == null) {
      listener.failed("witness " + witness.key().name(), new IOException(why));
    }
  }

  private boolean isPaused(LogPolicy.Witness witness) {
    return Optional.ofNullable(pauses.get(witness.key().name()))
        .filter(pause -> nanoTime.getAsLong() - pause.until() < 0)
        .isPresent();
  }

  /** Twice as long as before, so that a witness that is down costs little. */
  private void pause(LogPolicy.Witness witness) {
    Duration length =
        Optional.ofNullable(pauses.get(witness.key().name()))
            .map(pause -> twice(pause.length()))
            .orElse(FIRST_PAUSE);
    pauses.put(witness.key().name(), new Pause(nanoTime.getAsLong() + length.toNanos(), length));
  }

  private static Duration twice(Duration length) {
    Duration twice = length.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }

  private static String nameOf(LogPolicy.Witness witness, HeadsLog log) {
    return witness.key().name() + " " + log.origin();
  }

  private Cosigning.Answer ask(Told of, HeadsLog log, SignedNote signed, LogPolicy.Witness witness)
      throws IOException {
    String name = nameOf(witness, log);
    // Of a log that is shorter than it was, the witness says so itself.
    long known = of.sizes.getOrDefault(name, 0L);
    Cosigning.Answer answer = send(log, signed, witness, known > log.size() ? 0 : known);
    if (answer instanceof Cosigning.Answer.OtherSize other && other.size() <= log.size()) {
      of.sizes.put(name, other.size());
      answer = send(log, signed, witness, other.size());
    }
    return answer;
  }

  private Cosigning.Answer send(
      HeadsLog log, SignedNote signed, LogPolicy.Witness witness, long size) throws IOException {
    Optional<AddCheckpoint> request = Cosigning.request(log, signed, size);
    if (request.isEmpty()) {
      return new Cosigning.Answer.Refused(
          "it knows " + size + " entries only, too few for a proof");
    }
    WitnessTransport.Reply reply =
        transport.post(witness.url().orElseThrow(), AddCheckpoint.PATH, request.get().encode());
    if (reply.status() == TOO_MANY || reply.status() >= FAILED) {
      throw new IOException("it answered " + reply.status());
    }
    return Cosigning.read(reply.status(), reply.type(), reply.body(), signed, witness.key());
  }

  private static boolean isOf(HeadsLog log, SignedNote note) {
    return note.text().startsWith(log.origin() + "\n");
  }

  /** A witness has seen more of a log than is here, and too few others cosign it. */
  private void beginAnew(String tailnet, HeadsLog log) {
    Instant now = premises.now();
    try {
      TailnetRecord record = records.tailnet(tailnet);
      boolean isOld = log.entries().get(0).at().isBefore(now.minus(ANEW_AT_MOST));
      if (isOld && record.log().equals(Optional.of(log))) {
        HeadsLog next = Cosigning.anew(log, now, newOrigin());
        records.commit(tailnet, RecordsChange.ofTailnet(record, record.withLog(next)));
      }
      changed.add(tailnet);
    } catch (StoreException e) {
      changed.add(tailnet);
    }
  }

  /**
   * What the log of a tailnet has at a path (C2SP, tlog-tiles).
   *
   * @return empty if there is nothing
   */
  Optional<byte[]> fetch(String tailnet, String path) throws StoreException {
    Optional<HeadsLog> log = records.tailnet(tailnet).log();
    if (log.isEmpty()) {
      return Optional.empty();
    }
    if (path.equals("checkpoint")) {
      if (policy.witnesses().isEmpty()) {
        return Optional.of(Cosigning.sign(log.get(), keys).encode());
      }
      // The last one that was cosigned: a new one has its cosignatures within a second.
      return Optional.ofNullable(told.get(tailnet))
          .flatMap(of -> of.served)
          .filter(note -> isOf(log.get(), note))
          .map(SignedNote::encode);
    }
    try {
      return log.get().tile(TilePath.parse(path));
    } catch (TextException e) {
      return Optional.empty();
    }
  }
}
