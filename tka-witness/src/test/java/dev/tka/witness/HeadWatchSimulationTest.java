package dev.tka.witness;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.NoteSignature;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.Cosigning;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import dev.tka.tlog.heads.HeadsLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Controls, witnesses and nodes that look at the log of heads, over days, without time and I/O
 * (service, section 11, "Witness"). Every lie is noticed by a node that asks, and an honest control
 * is never accused. {@code -Dtka.scenarios} makes it longer, {@code -Dtka.seed} begins elsewhere.
 */
class HeadWatchSimulationTest {
  private static final int SCENARIOS = Integer.getInteger("tka.scenarios", 100);
  private static final long SEED = Long.getLong("tka.seed", System.nanoTime());

  private static final Duration OLDEST = Duration.ofHours(24);
  private static final SecureRandom SECURE = new SecureRandom();
  private static final SignerKey LOG =
      SignerKey.generate("operator", VerifierKey.Kind.NOTE, SECURE);
  private static final List<SignerKey> WITNESSES =
      List.of(witnessKey("w0"), witnessKey("w1"), witnessKey("w2"));
  private static final LogPolicy POLICY = policy();

  private static SignerKey witnessKey(String name) {
    return SignerKey.generate(name, VerifierKey.Kind.COSIGNATURE, SECURE);
  }

  private static LogPolicy policy() {
    StringBuilder file = new StringBuilder("log " + LOG.verifier() + "\n");
    for (SignerKey each : WITNESSES) {
      file.append("witness " + each.verifier().name() + " " + each.verifier() + "\n");
    }
    file.append("group all 2 w0 w1 w2\nquorum all\n");
    try {
      return LogPolicy.parse(file.toString().getBytes(StandardCharsets.UTF_8));
    } catch (TextException e) {
      throw new AssertionError(e);
    }
  }

  /** The time of the simulation. */
  private static final class Time extends Clock {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void pass(Duration some) {
      now = now.plus(some);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  /** What a witness keeps, in memory. */
  private static final class Memory implements Witness.Keeping {
    private final Map<String, LastCheckpoints.Last> last = new HashMap<>();

    @Override
    public Optional<LastCheckpoints.Last> of(String origin) {
      return Optional.ofNullable(last.get(origin));
    }

    @Override
    public boolean hasRoomFor(String origin) {
      return true;
    }

    @Override
    public void keep(String origin, LastCheckpoints.Last now) {
      last.put(origin, now);
    }

    @Override
    public void close() {}
  }

  /** The world around control. */
  private static final class World {
    final Random random;
    final Time time = new Time();
    final List<Witness> witnesses = new ArrayList<>();
    final Set<Integer> down = new HashSet<>();
    private int heads;

    World(long seed) {
      random = new Random(seed);
      for (SignerKey each : WITNESSES) {
        witnesses.add(new Witness(() -> POLICY, each, new Memory(), time));
      }
    }

    AumHash newHead() {
      heads++;
      return AumHash.ofEncoding(
          Bytes.copyOf(
              ("head " + heads + " " + random.nextLong()).getBytes(StandardCharsets.UTF_8)));
    }

    String newOrigin() {
      return "operator/" + Long.toHexString(random.nextLong());
    }
  }

  /** One server: what it knows of witnesses, and the checkpoint that it serves. */
  private static final class Server {
    final Map<String, Long> sizes = new HashMap<>();
    Optional<SignedNote> served = Optional.empty();
    Instant worked = Instant.MIN;
  }

  /** A tailnet's chain and log, as servers of control keep them, and what they do with them. */
  private static final class Control {
    final World world;
    List<AumHash> chain = new ArrayList<>();
    long authority = 1;
    Optional<HeadsLog> log = Optional.empty();
    Optional<Instant> restored = Optional.empty();
    List<Server> servers = List.of(new Server(), new Server());

    Control(World world) {
      this.world = world;
      chain.add(world.newHead());
    }

    Control copy() {
      Control copy = new Control(world);
      copy.chain = new ArrayList<>(chain);
      copy.authority = authority;
      copy.log = log;
      return copy;
    }

    Optional<HeadEntry.Lock> lock() {
      return chain.isEmpty()
          ? Optional.empty()
          : Optional.of(
              new HeadEntry.Lock(authority, -authority, chain.get(chain.size() - 1), chain.size()));
    }

    Optional<List<AumHash>> after(AumHash head) {
      int at = chain.indexOf(head);
      return at < 0 ? Optional.empty() : Optional.of(chain.subList(at + 1, chain.size()));
    }

    /** What the lock goes through: edits, rewrites, its end and a new one. */
    void change() {
      int what = world.random.nextInt(10);
      if (chain.isEmpty()) {
        authority++;
        chain.add(world.newHead());
      } else if (what == 0) {
        chain.clear();
      } else {
        if (what < 3) {
          int kept = world.random.nextInt(chain.size());
          chain = new ArrayList<>(chain.subList(0, Math.max(1, kept)));
        }
        chain.add(world.newHead());
      }
    }

    /** What each server does in the background. */
    void work(Server server) throws IOException {
      server.worked = world.time.instant();
      log =
          Cosigning.after(
                  log, lock(), this::after, restored, world.time.instant(), world.newOrigin())
              .or(() -> log);
      if (log.isPresent() && push(server)) {
        log = Optional.of(Cosigning.anew(log.get(), world.time.instant(), world.newOrigin()));
        push(server);
      }
    }

    /**
     * Has the witnesses cosign the log.
     *
     * @return whether one has seen more of it than is here
     */
    private boolean push(Server server) throws IOException {
      HeadsLog now = log.orElseThrow();
      SignedNote signed = Cosigning.sign(now, List.of(LOG));
      List<NoteSignature> made = new ArrayList<>();
      Set<VerifierKey> by = new HashSet<>();
      boolean ahead = false;
      for (int i = 0; i < world.witnesses.size(); i++) {
        if (world.down.contains(i)) {
          continue;
        }
        Cosigning.Answer answer = ask(server, now, signed, i);
        if (answer instanceof Cosigning.Answer.OtherSize other && other.size() <= now.size()) {
          server.sizes.put(i + now.origin(), other.size());
          answer = ask(server, now, signed, i);
        }
        ahead |=
            answer instanceof Cosigning.Answer.OtherRoot
                || answer instanceof Cosigning.Answer.OtherSize;
        if (answer instanceof Cosigning.Answer.Cosigned cosigned) {
          server.sizes.put(i + now.origin(), now.size());
          made.add(cosigned.signature());
          by.add(WITNESSES.get(i).verifier());
        }
      }
      if (!made.isEmpty()) {
        server.served = Optional.of(signed.with(made));
      }
      return ahead && !POLICY.quorum().orElseThrow().isMetBy(by);
    }

    private Cosigning.Answer ask(Server server, HeadsLog now, SignedNote signed, int witness)
        throws IOException {
      long size = server.sizes.getOrDefault(witness + now.origin(), 0L);
      Optional<AddCheckpoint> request = Cosigning.request(now, signed, size);
      if (request.isEmpty()) {
        return new Cosigning.Answer.Refused("no proof");
      }
      Witness.Answer answer = world.witnesses.get(witness).ask(request.get().encode());
      int status =
          answer instanceof Witness.Answer.Cosigned
              ? 200
              : answer instanceof Witness.Answer.Refused refused ? refused.status() : 409;
      String type =
          answer instanceof Witness.Answer.OtherSize ? AddCheckpoint.SIZE_TYPE : "text/plain";
      return Cosigning.read(
          status, type, Witness.body(answer), signed, WITNESSES.get(witness).verifier());
    }

    HeadWatch.Source source(Server server) {
      return source(server.served, log);
    }

    static HeadWatch.Source source(Optional<SignedNote> note, Optional<HeadsLog> log) {
      return path -> {
        if (path.equals("checkpoint")) {
          return note.map(SignedNote::encode);
        }
        try {
          TilePath tile = TilePath.parse(path);
          return log.flatMap(each -> each.tile(tile));
        } catch (TextException e) {
          throw new AssertionError(e);
        }
      };
    }
  }

  /** A node that asks. */
  private static final class Node {
    Optional<HeadWatch.Seen> seen = Optional.empty();
    Optional<HeadWatch.Held> held = Optional.empty();

    /** Takes the head that control gives, as after a round that brought both together. */
    void sync(Optional<HeadEntry.Lock> lock) {
      held = Optional.of(new HeadWatch.Held(lock));
    }

    HeadWatch.Outcome look(HeadWatch.Source source, Instant now) {
      HeadWatch.Result result = new HeadWatch(POLICY, OLDEST).look(source, seen, held, now);
      seen = result.seen();
      return result.outcome();
    }
  }

  /** A while in which all is honest: edits, outages, restarts, moves; nodes look. */
  private static final class Honest {
    final World world;
    final List<Node> nodes = List.of(new Node(), new Node(), new Node());
    Control control;
    private final List<Control> backups = new ArrayList<>();
    final Map<HeadWatch.Kind, Integer> outcomes = new EnumMap<>(HeadWatch.Kind.class);
    boolean restores = true;
    int restored;

    Honest(World world) {
      this.world = world;
      this.control = new Control(world);
    }

    void step(String as) throws IOException {
      Random random = world.random;
      // A server looks after each commit: no head that nodes had is gone before the log has it.
      control.work(control.servers.get(0));
      world.time.pass(Duration.ofMinutes(1 + random.nextInt(240)));
      int what = random.nextInt(12);
      if (what < 5) {
        control.change();
      } else if (what == 5) {
        // Down for less time than cosignatures may be old.
        world.down.clear();
        world.down.add(random.nextInt(3));
      } else if (what == 6) {
        world.down.clear();
      } else if (what == 7) {
        // Servers start again, or the tailnet was moved: what was in memory is gone.
        control.servers = List.of(new Server(), new Server());
      } else if (what == 8) {
        backups.add(control.copy());
      } else if (what == 9 && restores && !backups.isEmpty()) {
        control = backups.remove(random.nextInt(backups.size())).copy();
        // The operator says so.
        control.restored = Optional.of(world.time.instant());
        restored++;
        if (random.nextBoolean()) {
          control.change();
        }
      }
      // Each server works within minutes, whatever happened.
      world.time.pass(Duration.ofMinutes(3));
      control.work(control.servers.get(0));
      Server other = control.servers.get(1);
      boolean isDue = other.worked.isBefore(world.time.instant().minus(OLDEST.dividedBy(2)));
      if (random.nextInt(3) == 0 || other.served.isEmpty() || isDue) {
        control.work(control.servers.get(1));
      }
      if (random.nextInt(4) == 0) {
        // Nodes are faster than the log.
        control.change();
      }
      for (Node each : nodes) {
        if (random.nextBoolean()) {
          each.sync(control.lock());
          HeadWatch.Outcome found =
              each.look(
                  control.source(control.servers.get(random.nextInt(3) / 2)), world.time.instant());
          outcomes.merge(found.kind(), 1, Integer::sum);
          assertThat(found.kind().accuses()).as(as + ": " + found).isFalse();
          if (found.kind() == HeadWatch.Kind.BEGAN_ANEW) {
            assertThat(restored).as(as + ": " + found).isPositive();
          }
        }
      }
    }
  }

  @Test
  void anHonestControlIsNeverAccused() throws Exception {
    Map<HeadWatch.Kind, Integer> outcomes = new EnumMap<>(HeadWatch.Kind.class);
    int restored = 0;
    for (int i = 0; i < SCENARIOS; i++) {
      long seed = SEED + i;
      Honest honest = new Honest(new World(seed));
      for (int step = 0; step < 14; step++) {
        honest.step("honest, seed " + seed + ", step " + step);
      }
      restored += honest.restored;
      honest.outcomes.forEach((kind, count) -> outcomes.merge(kind, count, Integer::sum));
    }
    System.out.printf(
        "%d honest controls from seed %d, %d restores among them: none accused; looks: %s%n",
        SCENARIOS, SEED, restored, outcomes);
    assertThat(outcomes.getOrDefault(HeadWatch.Kind.FINE, 0)).isGreaterThan(SCENARIOS);
  }

  /** The ways to lie. */
  private enum Lie {
    /** The log shows one head to all, and control gives another to one node. */
    OTHER_HEAD,
    /** One node is shown another log of the same origin. */
    FORKED_LOG,
    /** One node is shown another log, of an origin of its own. */
    OTHER_LOG,
    /** The same, and it says that it follows on the one before. */
    FOLLOWING_LOG,
    /** One node is shown what there was, for ever. */
    FROZEN_FOR_ONE,
    /** The log gets no new head, and nodes do. */
    FROZEN_LOG,
    /** The log is rewritten, and shown with whatever cosignatures it gets. */
    REWRITTEN,
    /** The log is rewritten, and two witnesses of three are in league with control. */
    REWRITTEN_IN_LEAGUE,
    /** Cosignatures of before, on a new checkpoint. */
    REPLAYED_LINES,
    /** The whole checkpoint of before, while the log goes on. */
    REPLAYED_NOTE
  }

  /** A lie of a control that was honest for a while. */
  private static final class Lying {
    final Honest honest;
    final World world;
    final Lie lie;
    final Node victim;
    final Server before = new Server();
    final HeadsLog oldLog;
    Optional<HeadEntry.Lock> given;
    Control other;

    Lying(Honest honest, Lie lie) throws IOException {
      this.honest = honest;
      this.world = honest.world;
      this.lie = lie;
      this.victim = honest.nodes.get(0);
      world.down.clear();
      for (Node each : honest.nodes) {
        each.sync(honest.control.lock());
        each.look(honest.control.source(honest.control.servers.get(0)), world.time.instant());
      }
      before.served = honest.control.servers.get(0).served;
      oldLog = honest.control.log.orElseThrow();
      given = honest.control.lock();
      other = honest.control.copy();
      other.chain.add(world.newHead());
      if (lie == Lie.OTHER_HEAD) {
        given = other.lock();
      }
      if (lie == Lie.OTHER_LOG || lie == Lie.FOLLOWING_LOG) {
        given = other.lock();
        HeadEntry first =
            new HeadEntry(
                given,
                world.time.instant().truncatedTo(java.time.temporal.ChronoUnit.SECONDS),
                Optional.empty(),
                lie == Lie.FOLLOWING_LOG ? Optional.of(oldLog.origin()) : Optional.empty());
        other.log = Optional.of(HeadsLog.begin(world.newOrigin(), first));
      }
      if (lie == Lie.REWRITTEN || lie == Lie.REWRITTEN_IN_LEAGUE) {
        List<HeadEntry> entries = new ArrayList<>(oldLog.entries());
        int at = world.random.nextInt(entries.size());
        HeadEntry was = entries.get(at);
        entries.set(at, new HeadEntry(other.lock(), was.at(), was.displaced(), Optional.empty()));
        other.log = Optional.of(new HeadsLog(oldLog.origin(), oldLog.past(), entries));
        given = other.lock();
      }
    }

    /** What one node is shown. */
    HeadWatch.Source shown(Node node) throws IOException {
      Control control = honest.control;
      Server server = control.servers.get(0);
      boolean isVictim = node == victim;
      switch (lie) {
        case OTHER_HEAD -> {
          return control.source(server);
        }
        case FORKED_LOG, OTHER_LOG, FOLLOWING_LOG -> {
          if (!isVictim) {
            return control.source(server);
          }
          return alone();
        }
        case FROZEN_FOR_ONE -> {
          return isVictim
              ? Control.source(before.served, Optional.of(oldLog))
              : control.source(server);
        }
        case FROZEN_LOG -> {
          return Control.source(
              before.served.map(note -> cosignedAgain(note)), Optional.of(oldLog));
        }
        case REWRITTEN -> {
          return alone();
        }
        case REWRITTEN_IN_LEAGUE -> {
          return alone();
        }
        case REPLAYED_LINES -> {
          SignedNote signed = Cosigning.sign(control.log.orElseThrow(), List.of(LOG));
          List<NoteSignature> old =
              before.served.orElseThrow().signatures().stream()
                  .filter(each -> each.name().startsWith("w"))
                  .toList();
          return Control.source(Optional.of(signed.with(old)), control.log);
        }
        default -> {
          return Control.source(before.served, control.log);
        }
      }
    }

    /** The other log, with the cosignatures that it gets; or without any. */
    private HeadWatch.Source alone() throws IOException {
      Server server = other.servers.get(0);
      server.served = Optional.empty();
      server.sizes.clear();
      for (int i = 0; i < 2 && lie == Lie.REWRITTEN_IN_LEAGUE; i++) {
        // They forget what they cosigned.
        world.witnesses.set(
            i, new Witness(() -> POLICY, WITNESSES.get(i), new Memory(), world.time));
      }
      boolean unused = other.push(server);
      Optional<SignedNote> note =
          server.served.or(() -> other.log.map(each -> Cosigning.sign(each, List.of(LOG))));
      return Control.source(note, other.log);
    }

    /** What witnesses give for the size that they know, again and again. */
    private SignedNote cosignedAgain(SignedNote note) {
      List<NoteSignature> made = new ArrayList<>();
      for (SignerKey each : WITNESSES) {
        made.add(each.cosign(note.text(), world.time.instant()));
      }
      return note.with(made);
    }

    void step() throws IOException {
      world.time.pass(Duration.ofMinutes(10 + world.random.nextInt(230)));
      Control control = honest.control;
      if (world.random.nextBoolean() || lie == Lie.REPLAYED_LINES || control.chain.isEmpty()) {
        // It is a tailnet in use.
        if (control.chain.isEmpty()) {
          control.authority++;
        }
        control.chain.add(world.newHead());
      }
      if (lie != Lie.FROZEN_LOG) {
        for (Server each : control.servers) {
          control.work(each);
        }
      }
      if (lie == Lie.FORKED_LOG) {
        other.chain.add(world.newHead());
        given = other.lock();
        other.log =
            Cosigning.after(
                    other.log,
                    other.lock(),
                    other::after,
                    Optional.empty(),
                    world.time.instant(),
                    "none")
                .or(() -> other.log);
      }
    }
  }

  private static Optional<HeadWatch.Kind> noticed(Lying lying) throws IOException {
    // Three times as long as cosignatures may be old, and no longer.
    Instant end = lying.world.time.instant().plus(OLDEST.multipliedBy(3));
    while (lying.world.time.instant().isBefore(end)) {
      lying.step();
      for (Node each : lying.honest.nodes) {
        boolean isLiedTo =
            each == lying.victim
                || lying.lie == Lie.REWRITTEN
                || lying.lie == Lie.REWRITTEN_IN_LEAGUE;
        each.sync(isLiedTo ? lying.given : lying.honest.control.lock());
        HeadWatch.Outcome found = each.look(lying.shown(each), lying.world.time.instant());
        if (found.kind() != HeadWatch.Kind.FINE) {
          return Optional.of(found.kind());
        }
      }
    }
    return Optional.empty();
  }

  @Test
  void everyLieIsNoticed() throws Exception {
    Map<Lie, Map<HeadWatch.Kind, Integer>> as = new EnumMap<>(Lie.class);
    int count = 0;
    int found = 0;
    List<String> missed = new ArrayList<>();
    for (int i = 0; i < SCENARIOS; i++) {
      long seed = SEED + i;
      Lie lie = Lie.values()[Math.floorMod(i, Lie.values().length)];
      Honest honest = new Honest(new World(seed));
      honest.restores = false;
      int steps = 3 + honest.world.random.nextInt(6);
      for (int step = 0; step < steps; step++) {
        honest.step("before a lie, seed " + seed);
      }
      while (honest.control.servers.get(0).served.isEmpty()) {
        honest.step("before a lie, seed " + seed);
      }
      Optional<HeadWatch.Kind> kind = noticed(new Lying(honest, lie));
      count++;
      if (kind.isPresent()) {
        found++;
        as.computeIfAbsent(lie, any -> new EnumMap<>(HeadWatch.Kind.class))
            .merge(kind.get(), 1, Integer::sum);
      } else {
        missed.add(lie + " of seed " + seed);
      }
    }
    System.out.printf("%d of %d lies noticed, from seed %d: %s%n", found, count, SEED, as);
    assertThat(missed).isEmpty();
  }
}
