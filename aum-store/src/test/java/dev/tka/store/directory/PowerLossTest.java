package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.store.internal.Disk;
import dev.tka.store.testkit.CommittingProcess;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A loss of power after every operation of commits, one after another: whatever was not flushed is
 * there or not, in every combination. The directory's content is that after the last acknowledged
 * commit, or after the one that was under way.
 *
 * <p>The operations are those of real commits. A state of the disk is made of them as {@link Disk}
 * says: a file's content is whole once flushed, before that absent, empty, half or whole; a name is
 * what it last was when its folder was flushed, or anything it was since, whatever the other names
 * are (a moved file may have both names, or none).
 */
class PowerLossTest {
  /** More combinations than these are drawn at random. */
  private static final int MOST_STATES = Integer.getInteger("tka.states", 12);

  private static final Instant TIME = Instant.ofEpochSecond(1_700_000_000L);

  @TempDir Path folder;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), "A -> B -> C -> D -> E -> F -> G -> H");
  private final FakeClock clock = new FakeClock(TIME);
  private final long seed = Long.getLong("tka.seed", System.nanoTime());
  private final Random random = new Random(seed);

  /** A file, whatever its names. */
  private static final class Node {
    byte[] content = {};

    /** As on a file system whose clock ticks slowly: times tell nothing apart. */
    final FileTime modified = FileTime.from(TIME);

    boolean flushed;
  }

  /**
   * A disk whose operations are remembered. Real files are written beside, for the code that is
   * watched to read.
   */
  private static final class Recorder implements Disk {
    final Path root;

    /** For each name, relative to the root, what it was since its folder was flushed last. */
    final Map<Path, List<Optional<Node>>> names = new TreeMap<>();

    /** Folders made, and not yet sure to be there. */
    final Map<Path, Boolean> folders = new TreeMap<>();

    final List<Runnable> afterEach = new ArrayList<>();

    Recorder(Path root) {
      this.root = root;
    }

    private void happened() {
      afterEach.forEach(Runnable::run);
    }

    private Path relative(Path path) {
      return root.relativize(path);
    }

    private Optional<Node> now(Path name) {
      List<Optional<Node>> states = names.getOrDefault(name, List.of(Optional.empty()));
      return states.get(states.size() - 1);
    }

    private void becomes(Path name, Optional<Node> node) {
      names.computeIfAbsent(name, any -> new ArrayList<>(List.of(Optional.empty()))).add(node);
    }

    @Override
    public synchronized void create(Path file, byte[] content) throws IOException {
      Disk.super.create(file, content);
      Node node = new Node();
      node.content = content;
      Files.setLastModifiedTime(file, node.modified);
      becomes(relative(file), Optional.of(node));
      happened();
      node.flushed = true;
      happened();
    }

    @Override
    public synchronized void createFolder(Path made) throws IOException {
      if (!Files.isDirectory(made)) {
        Disk.super.createFolder(made);
        folders.put(relative(made), false);
        happened();
      }
    }

    @Override
    public synchronized void move(Path from, Path to) throws IOException {
      Disk.super.move(from, to);
      Optional<Node> node = now(relative(from));
      becomes(relative(from), Optional.empty());
      becomes(relative(to), node);
      happened();
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
      Disk.super.delete(file);
      becomes(relative(file), Optional.empty());
      happened();
    }

    @Override
    public synchronized void flushFolder(Path flushed) {
      Path name = relative(flushed);
      names.forEach(
          (file, states) -> {
            Path parent = Optional.ofNullable(file.getParent()).orElse(Path.of(""));
            if (parent.equals(name)) {
              states.subList(0, states.size() - 1).clear();
            }
          });
      if (name.equals(Path.of(""))) {
        folders.replaceAll((made, sure) -> true);
      }
      happened();
    }

    /** Every way in which the disk may be found now, or some of them, as choices. */
    List<int[]> states(Random random) {
      int[] choices = choices();
      long all = 1;
      for (int each : choices) {
        all = Math.min(Integer.MAX_VALUE, all * each);
      }
      List<int[]> states = new ArrayList<>();
      if (all <= MOST_STATES) {
        for (int i = 0; i < all; i++) {
          int rest = i;
          int[] state = new int[choices.length];
          for (int j = 0; j < state.length; j++) {
            state[j] = rest % choices[j];
            rest /= choices[j];
          }
          states.add(state);
        }
        return states;
      }
      states.add(new int[choices.length]);
      states.add(Arrays.stream(choices).map(each -> each - 1).toArray());
      while (states.size() < MOST_STATES) {
        states.add(Arrays.stream(choices).map(random::nextInt).toArray());
      }
      return states;
    }

    private int[] choices() {
      List<Integer> choices = new ArrayList<>();
      folders.values().forEach(sure -> choices.add(sure ? 1 : 2));
      names.values().forEach(states -> choices.add(states.size()));
      names.values().forEach(states -> choices.add(isUnflushed(states) ? 3 : 1));
      return choices.stream().mapToInt(each -> each).toArray();
    }

    private static boolean isUnflushed(List<Optional<Node>> states) {
      return states.stream().flatMap(Optional::stream).anyMatch(node -> !node.flushed);
    }

    /** Makes such a state in a folder. */
    void make(int[] state, Path target) throws IOException {
      int next = 0;
      Map<Path, Boolean> there = new HashMap<>();
      for (Path made : folders.keySet()) {
        // A folder is there if it was made, and the choice is not that it was lost.
        boolean sure = folders.get(made);
        there.put(made, sure || state[next] == 1);
        next++;
      }
      int contents = next + names.size();
      for (Map.Entry<Path, List<Optional<Node>>> name : names.entrySet()) {
        Optional<Node> node = name.getValue().get(state[next]);
        int content = state[contents];
        next++;
        contents++;
        Path parent = name.getKey().getParent();
        boolean lost = parent != null && !there.getOrDefault(parent, true);
        if (node.isEmpty() || lost) {
          continue;
        }
        Path file = target.resolve(name.getKey());
        Files.createDirectories(file.getParent());
        Files.write(file, node.get().flushed ? node.get().content : part(node.get(), content));
        Files.setLastModifiedTime(file, node.get().modified);
      }
    }

    private static byte[] part(Node node, int content) {
      return Arrays.copyOf(node.content, node.content.length * content / 2);
    }
  }

  /** A commit on what a store holds. */
  @FunctionalInterface
  private interface Step {
    Commit on(AumSnapshot before) throws StoreException;
  }

  private Step add(String names) {
    return before -> {
      Commit.Builder commit = Commit.on(before.revision());
      chains.list(names).forEach(aum -> commit.add(aum, TIME));
      return commit.build();
    };
  }

  /** AUMs made here: their files, and the notes. */
  private Step own(String names) {
    return before -> {
      Commit.Builder commit = Commit.on(before.revision());
      Map<AumHash, Boolean> made = new LinkedHashMap<>();
      for (Aum aum : chains.list(names)) {
        commit.add(aum, TIME);
        made.put(aum.hash(), false);
      }
      return commit.ownAums(before.ownAums().made(made)).build();
    };
  }

  private Step purge(String names, String oldest) {
    return before -> {
      Commit.Builder commit = Commit.on(before.revision());
      chains.list(names).forEach(aum -> commit.purge(aum.hash()));
      return commit.lastActiveAncestor(chains.get(oldest).hash()).build();
    };
  }

  private Step record(String oldest) {
    return before ->
        Commit.on(before.revision()).lastActiveAncestor(chains.get(oldest).hash()).build();
  }

  private Step note() {
    return before ->
        Commit.on(before.revision())
            .ownAums(
                new OwnAums(
                    before.ownAums().own(),
                    before.ownAums().elsewhere(),
                    Optional.of(before.ownAums().agreedAt().orElse(TIME).plusSeconds(1)),
                    List.of()))
            .build();
  }

  /** What is left of states, for a running total. */
  private int states;

  private int refusedByNodes;

  /** Commits, and looks at every state in which a loss of power may leave the directory. */
  private void lose(String as, Step... steps) throws Exception {
    Path real = Files.createDirectory(folder.resolve("real " + as));
    Recorder disk = new Recorder(real);
    NodeDirectory store = NodeDirectory.at(real, clock, disk);
    List<String> allowed = new ArrayList<>(List.of(CommittingProcess.describe(store.read())));
    List<Throwable> failures = new ArrayList<>();
    disk.afterEach.add(
        () -> {
          if (failures.isEmpty()) {
            try {
              look(as, disk, allowed);
            } catch (Exception | AssertionError e) {
              failures.add(e);
            }
          }
        });
    for (Step step : steps) {
      AumSnapshot before = store.read();
      Commit commit = step.on(before);
      allowed.add(CommittingProcess.describe(CommittingProcess.expected(before, commit)));
      store.commit(commit);
      if (!failures.isEmpty()) {
        throw new AssertionError(failures.get(0));
      }
      // It is acknowledged.
      allowed.remove(0);
      look(as, disk, allowed);
      clock.advance(Duration.ofSeconds(1));
    }
    delete(real);
  }

  private void look(String as, Recorder disk, List<String> allowed) throws Exception {
    for (int[] state : disk.states(random)) {
      Path lost = Files.createDirectory(folder.resolve("lost"));
      disk.make(state, lost);
      if (random.nextBoolean()) {
        // It is never flushed, and means nothing then.
        Files.copy(
            disk.root.resolve(DirectoryLock.NOTE_FILE), lost.resolve(DirectoryLock.NOTE_FILE));
      }
      String what = as + ", seed " + seed + ", " + describe(lost);
      String found = CommittingProcess.describe(NodeDirectory.at(lost).read());
      assertThat(found).as(what).isIn(allowed);
      seenByNodes(what, lost);
      states++;
      if (states % 16 == 0) {
        // The next writer mends it, and builds on the same.
        NodeDirectory again = NodeDirectory.at(lost, clock, NOT_FLUSHED);
        AumSnapshot before = again.read();
        Commit commit = add("H").on(before);
        String next = CommittingProcess.describe(CommittingProcess.expected(before, commit));
        again.commit(commit);
        assertThat(CommittingProcess.describe(NodeDirectory.at(lost).read()))
            .as(what)
            .isEqualTo(next);
      }
      delete(lost);
    }
  }

  /** Flushing is not what these are about, and takes time. */
  private static final Disk NOT_FLUSHED =
      new Disk() {
        @Override
        public void create(Path file, byte[] content) throws IOException {
          Files.write(file, content);
        }

        @Override
        public void flushFolder(Path folder) {}
      };

  /**
   * Protocol, section 9: every file named like an AUM holds that AUM, and the record is a hash, for
   * else a shipping node refuses the directory. Which names are there is up to the disk.
   */
  private void seenByNodes(String as, Path lost) throws Exception {
    Path nodes = Files.createDirectory(folder.resolve("nodes"));
    try (Stream<Path> files = Files.walk(lost)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path name = lost.relativize(file);
        if (!name.toString().startsWith(NodeDirectory.OWN_FILES)) {
          Files.createDirectories(nodes.resolve(name).getParent());
          Files.copy(file, nodes.resolve(name));
        }
      }
    }
    AumSnapshot seen = NodeDirectory.at(nodes).read();
    assertThat(seen.damage()).as(as).isEmpty();
    try {
      if (!seen.entries().isEmpty()) {
        Authority.open(seen);
      }
    } catch (TkaException e) {
      refusedByNodes++;
    }
    delete(nodes);
  }

  private static String describe(Path lost) throws IOException {
    try (Stream<Path> files = Files.walk(lost)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> lost.relativize(file) + " of " + file.toFile().length())
          .sorted()
          .toList()
          .toString();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void whatIsAcknowledgedIsThereAndWhatIsNotIsThereWholeOrNotAtAll() throws Exception {
    lose("one by one", add("A"), add("B"), add("C"));
    lose("batches", add("A B"), add("C D"), add("E F"));
    lose("a batch, then one by one", add("A B"), add("C"), add("D"));
    lose("one, then batches", add("A"), add("B C"), add("D E"));
    lose("a batch, one, a batch", add("A B"), add("C"), add("D E"));
    lose("own", add("A"), own("B"), own("C"));
    lose("own, one, own", own("A"), add("B"), own("C D"));
    lose("purges", add("A B C D"), purge("A B", "C"), purge("C", "D"));
    lose("purged and back", add("A B C"), purge("A", "B"), add("A"), add("D"));
    lose("purged alone and back", add("A B C"), add("D"), purge("D", "A"), add("D E"));
    lose("records", add("A B"), record("A"), record("B"));
    lose("a record, one, a record", add("A B"), purge("A", "B"), add("C"), record("C"));
    lose("notes", own("A B"), note(), add("C"), note());
    lose("everything", own("A B C"), add("D"), purge("A B", "C"), note(), add("E F"));
    System.out.printf(
        "%d states after a loss of power, seed %d; a shipping node would find several chains, or"
            + " one without its beginning, in %d of them until the next commit%n",
        states, seed, refusedByNodes);
  }
}
