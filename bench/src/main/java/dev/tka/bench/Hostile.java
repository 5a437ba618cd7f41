package dev.tka.bench;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.SqliteFile;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Measures the work that a stranger's request costs control, beside an ordinary edit: at a short
 * and at a long history, in memory, SQLite and, if a URL is given, PostgreSQL. Each request is what
 * a removed key, or one of few votes, can sign. The cost must not grow with the history.
 */
public final class Hostile {
  private static final List<Integer> LENGTHS = List.of(1_000, 40_000);
  private static final int CHECKPOINT_EVERY = 50;
  private static final int TIMES = 15;
  private static final int PLACES = 256;
  private static final long MOST_ANSWERED = 1 << 20;
  private static final String BULK = "x".repeat(100_000);
  private static final int QUOTA = 4 << 20;

  /** It signs the chain. */
  private final LockPrivateKey honest = LockPrivateKey.generate(new SecureRandom());

  /** Many votes at the genesis, removed since. */
  private final LockPrivateKey heavy = LockPrivateKey.generate(new SecureRandom());

  /** One vote all along. */
  private final LockPrivateKey light = LockPrivateKey.generate(new SecureRandom());

  private final Instant longAgo = Instant.now().minus(Duration.ofDays(400));
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final List<Aum> chain = new ArrayList<>();
  private int label;

  private Hostile() {}

  /** Makes AUMs to be sent. */
  @FunctionalInterface
  private interface Making {
    List<Aum> make() throws TkaException;
  }

  /** A request to be timed; it returns the bytes of the answer. */
  @FunctionalInterface
  private interface Request {
    long send(List<Aum> aums) throws TkaException;
  }

  /**
   * Measures, and prints a table.
   *
   * @param args the URL of a PostgreSQL database, or nothing
   */
  public static void main(String[] args) throws IOException, TkaException {
    Hostile hostile = new Hostile();
    hostile.build(LENGTHS.get(LENGTHS.size() - 1));
    hostile.out.println("| where | AUMs | request | ms | bytes answered |");
    hostile.out.println("|---|--:|---|--:|--:|");
    for (int length : LENGTHS) {
      hostile.measure("memory", length, new MemoryAumStore());
    }
    Path file = Files.createTempFile("hostile", ".db");
    try (SqliteFile sqlite = SqliteFile.create(file, Clock.systemUTC())) {
      hostile.measure("SQLite", sqlite);
    } finally {
      Files.deleteIfExists(file);
    }
    if (args.length > 0) {
      try (PostgresDatabase postgres =
          PostgresDatabase.create(PostgresSettings.parse(args[0]), Clock.systemUTC())) {
        hostile.measure("PostgreSQL", postgres);
      }
    }
  }

  private void measure(String where, Tailnets tailnets) throws TkaException {
    for (int length : LENGTHS) {
      measure(where, length, tailnets.tailnet("hostile-" + length));
    }
  }

  private Key key(LockPrivateKey of, int votes) {
    return Key.of(of.publicKey(), votes);
  }

  private void build(int length) throws SigningException {
    List<Bytes> values = List.of(Bytes.copyOf(new byte[32]));
    State all = State.of(values, List.of(key(honest, 3), key(heavy, 100), key(light, 1)), 1, 2);
    State now = State.of(values, List.of(key(honest, 3), key(light, 1)), 1, 2);
    chain.add(honest.sign(Aum.builder(AumKind.CHECKPOINT).state(all).build()));
    Aum last = chain.get(0);
    for (int i = 1; i < length; i++) {
      Aum.Builder next =
          i == 1
              ? Aum.builder(AumKind.REMOVE_KEY).keyId(heavy.publicKey().bytes())
              : i % CHECKPOINT_EVERY == 0
                  ? Aum.builder(AumKind.CHECKPOINT).state(now)
                  : Aum.builder(AumKind.NO_OP).meta(Map.of("n", Integer.toString(i)));
      last = honest.sign(next.parent(last.hash()).build());
      chain.add(last);
    }
  }

  private Aum noOp(Aum parent, LockPrivateKey signer, String text) throws SigningException {
    return signer.sign(
        Aum.builder(AumKind.NO_OP).parent(parent.hash()).meta(Map.of("n", text + label++)).build());
  }

  private void measure(String where, int length, AumStore store) throws TkaException {
    fill(store, chain.subList(0, length));
    LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.CONTROL, Clock.systemUTC());
    ControlEnd control = new ControlEnd(live, AnswerPolicy.bounded(MOST_ANSWERED));
    Request sending =
        aums -> {
          live.inform(aums);
          return 0;
        };
    List<Aum> edits = new ArrayList<>(List.of(chain.get(length - 1)));
    row(
        where,
        length,
        "an ordinary edit",
        () -> {
          edits.add(noOp(edits.get(edits.size() - 1), honest, ""));
          return List.of(edits.get(edits.size() - 1));
        },
        sending);
    State state = State.of(List.of(Bytes.copyOf(new byte[32])), List.of(key(heavy, 100)), 1, 2);
    row(
        where,
        length,
        "a rewrite of all history by a removed key",
        () ->
            List.of(
                heavy.sign(
                    Aum.builder(AumKind.CHECKPOINT)
                        .parent(chain.get(0).hash())
                        .state(state)
                        .build())),
        sending);
    row(
        where,
        length,
        PLACES + " AUMs at as many places",
        () -> {
          List<Aum> losers = new ArrayList<>();
          for (int i = 0; i < PLACES; i++) {
            losers.add(noOp(chain.get((int) ((long) i * (length - 2) / PLACES)), light, ""));
          }
          return losers;
        },
        sending);
    Aum loser = noOp(chain.get(length - 3), light, "");
    live.inform(List.of(loser));
    SyncOffer offer = new SyncOffer(loser.hash(), List.of(chain.get(0).hash()));
    row(
        where,
        length,
        "an offer of a loser near the head and the genesis",
        List::of,
        none -> control.answer(offer).message().missing().stream().mapToLong(Bytes::size).sum());
    for (int bytes = 0; bytes < QUOTA; bytes += BULK.length()) {
      live.inform(List.of(noOp(chain.get(length / 2), light, BULK)));
    }
    row(
        where,
        length,
        "a small AUM that loses, the quota full",
        () -> List.of(noOp(chain.get(0), light, BULK.substring(0, 1000))),
        sending);
  }

  private void fill(AumStore store, List<Aum> aums) throws StoreException {
    for (int from = 0; from < aums.size(); from += 1000) {
      Commit.Builder commit = Commit.on(store.read().revision());
      for (Aum aum : aums.subList(from, Math.min(aums.size(), from + 1000))) {
        commit.add(new Commit.Addition(aum, longAgo, Optional.of(facts(aum))));
      }
      store.commit(commit.lastActiveAncestor(aums.get(0).hash()).build());
    }
  }

  private AumFacts facts(Aum aum) {
    List<KeyChange> changes =
        aum.kind().equals(AumKind.REMOVE_KEY)
            ? List.of(new KeyChange(heavy.publicKey().bytes(), 100, 0))
            : List.of();
    return AumFacts.of(aum, changes, longAgo, Optional.of(longAgo));
  }

  private void row(String where, int length, String what, Making making, Request request)
      throws TkaException {
    long[] nanos = new long[TIMES];
    long bytes = 0;
    for (int i = 0; i < TIMES; i++) {
      List<Aum> aums = making.make();
      long start = System.nanoTime();
      bytes = request.send(aums);
      nanos[i] = System.nanoTime() - start;
    }
    long first = nanos[0];
    Arrays.sort(nanos);
    out.printf(
        Locale.ROOT,
        "| %s | %,d | %s | %.2f (first %.1f) | %,d |%n",
        where,
        length,
        what,
        nanos[TIMES / 2] / 1e6,
        first / 1e6,
        bytes);
  }
}
