package dev.tka.store.testkit;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A process that commits to a store until it is killed. Before each commit it prints the content
 * that the commit leads to, and after it that the commit is done.
 */
public final class CommittingProcess {
  /** The beginning of the line before a commit; the resulting content follows. */
  public static final String BEGIN = "begin ";

  /** The line after a commit. */
  public static final String DONE = "done";

  private static final int BATCH = 12;

  /** The time of all commits. */
  public static final Instant TIME = Instant.ofEpochSecond(1_700_000_000L);

  private CommittingProcess() {}

  /** A line that identifies the content of a store. */
  public static String describe(AumSnapshot snapshot) {
    List<String> held =
        snapshot.entries().stream().map(entry -> entry.hash().toString()).sorted().toList();
    OwnAums ownAums = snapshot.ownAums();
    return held.hashCode()
        + " of "
        + held.size()
        + ", from "
        + snapshot.lastActiveAncestor()
        + ", notes "
        + new TreeMap<>(ownAums.own()).toString().hashCode()
        + " "
        + ownAums.agreedAt()
        + " "
        + ownAums.setAside().toString().hashCode();
  }

  /** Opens the store that a process commits to; needs a constructor without parameters. */
  public interface Opener {
    /** The store at a place. */
    AumStore open(String place) throws TkaException;
  }

  /** Starts such a process. Its standard output goes to a file. */
  public static Process start(
      Class<? extends Opener> opener, String place, String label, Path output) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            CommittingProcess.class.getName(),
            opener.getName(),
            place,
            label)
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /**
   * Commits forever.
   *
   * @param args the opener's class, the place, and a label that makes this process's AUMs unique
   */
  public static void main(String[] args) throws Exception {
    Constructor<? extends Opener> opener =
        Class.forName(args[0]).asSubclass(Opener.class).getDeclaredConstructor();
    opener.setAccessible(true);
    AumStore store = opener.newInstance().open(args[1]);
    for (int i = 0; true; i++) {
      AumSnapshot before = store.read();
      String label = args[2] + " " + i;
      Commit commit = i % 2 == 0 ? next(before, label) : one(before, label);
      AumSnapshot expected = expected(before, commit);
      say(BEGIN + describe(expected));
      try {
        store.commit(commit);
        say(DONE);
      } catch (StoreException.Conflict e) {
        // Another process was first; continue from its result.
      }
    }
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static AumEntry newest(AumSnapshot before) {
    return before.entries().stream()
        .map(AumEntry.class::cast)
        .max(Comparator.comparingInt(AumEntry::height).thenComparing(AumEntry::hash))
        .orElseThrow();
  }

  /** Adds one AUM of somebody else's. */
  private static Commit one(AumSnapshot before, String label) throws StoreException {
    Aum parent = before.get(newest(before).hash());
    return Commit.on(before.revision()).add(Chains.noOp(parent, label, 1), TIME).build();
  }

  /**
   * Adds a checkpoint and AUMs that build on it, all unsent. The previous AUMs are purged and noted
   * as acknowledged; the newest of them is also set aside.
   */
  private static Commit next(AumSnapshot before, String label) throws StoreException {
    List<Aum> batch = new ArrayList<>();
    Aum parent = before.get(newest(before).hash());
    batch.add(Chains.checkpoint(parent, Chains.stateOf(List.of(TestKeys.key(1, 1))), 1));
    for (int i = 1; i < BATCH; i++) {
      batch.add(Chains.noOp(batch.get(i - 1), label + " " + i, 1));
    }
    Commit.Builder commit = Commit.on(before.revision());
    batch.forEach(aum -> commit.add(aum, TIME));
    before.entries().forEach(entry -> commit.purge(entry.hash()));
    Map<AumHash, OwnAums.Own> own = new HashMap<>();
    Optional<OwnAums.Acknowledged> acknowledged = Optional.of(new OwnAums.Acknowledged(TIME, TIME));
    before.entries().forEach(entry -> own.put(entry.hash(), new OwnAums.Own(false, acknowledged)));
    batch.forEach(aum -> own.put(aum.hash(), new OwnAums.Own(false, Optional.empty())));
    OwnAums ownAums =
        new OwnAums(
            own,
            Set.of(),
            before
                .ownAums()
                .agreedAt()
                .map(time -> time.plusSeconds(1))
                .or(() -> Optional.of(TIME)),
            List.of(new OwnAums.SetAside(parent, TIME, false)));
    return commit.ownAums(ownAums).lastActiveAncestor(batch.get(0).hash()).build();
  }

  /** A store with the content that a commit leads to. */
  public static AumSnapshot expected(AumSnapshot before, Commit commit) throws StoreException {
    MemoryAumStore model = new MemoryAumStore();
    Commit.Builder copy = Commit.on(model.read().revision());
    for (AumEntry entry : before.entries()) {
      copy.add(before.get(entry.hash()), entry.committedAt());
    }
    before.lastActiveAncestor().ifPresent(copy::lastActiveAncestor);
    AumSnapshot same = model.commit(copy.ownAums(before.ownAums()).build());
    return model.commit(
        new Commit(
            same.revision(),
            commit.additions(),
            commit.purges(),
            commit.lastActiveAncestor(),
            commit.trailCut(),
            commit.trail(),
            commit.ownAums(),
            commit.time(),
            commit.inherited()));
  }
}
