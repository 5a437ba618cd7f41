package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Directories with a past, as shipping nodes leave them: with commit times, and compacted. */
final class OldDirectories {
  static final Instant NOW = Instant.now().truncatedTo(ChronoUnit.SECONDS);

  /** The second outvotes the first. */
  static final List<Key> KEYS = List.of(TestKeys.key(1, 1), TestKeys.key(2, 2));

  private OldDirectories() {}

  /** Some updates on an AUM, with a checkpoint at the place of a multiple of ten. */
  static List<Aum> chain(Aum parent, List<Key> keys, int count, String name, int signer) {
    List<Aum> chain = new ArrayList<>();
    Aum at = parent;
    for (int i = 1; i <= count; i++) {
      at =
          i % 10 == 0
              ? Chains.checkpoint(at, Chains.stateOf(keys), signer)
              : Chains.noOp(at, name + i, signer);
      chain.add(at);
    }
    return chain;
  }

  static LiveAuthority at(Path directory, int daysAgo) throws Exception {
    Clock clock = Clock.fixed(NOW.minus(Duration.ofDays(daysAgo)), ZoneOffset.UTC);
    return LiveAuthority.open(NodeDirectory.at(directory), AdmissionPolicy.REFERENCE, clock);
  }

  static void compact(Path directory, int daysAgo) throws Exception {
    NodeDirectory store = NodeDirectory.at(directory);
    Instant now = NOW.minus(Duration.ofDays(daysAgo));
    CompactionPlan plan = CompactionPlan.of(Authority.open(store), CompactionPolicy.DEFAULT, now);
    assertThat(plan).isInstanceOf(CompactionPlan.Decided.class);
    assertThat(((CompactionPlan.Decided) plan).purged()).isNotEmpty();
    ((CompactionPlan.Decided) plan).applyTo(store, AdmissionPolicy.REFERENCE);
  }

  /**
   * Class 1 of the nodes left behind: the node has 73 updates on a day and one fifteen days later,
   * and compacts; then one update on the genesis by a key of more votes wins at control.
   */
  static Path leftBehindByAStaleBranch(Path node, Path control) throws Exception {
    Aum genesis = begin(node, control);
    at(control, 20).inform(List.of(Chains.noOp(genesis, "stale", 2)));
    return node;
  }

  /** A node that compacted, and a control that has the same chain. */
  static Aum begin(Path node, Path control) throws Exception {
    Aum genesis = Chains.genesis(KEYS, 1);
    DirectoryOfAums.write(List.of(genesis), 40, node);
    DirectoryOfAums.write(List.of(genesis), 40, control);
    List<Aum> day0 = chain(genesis, KEYS, 73, "u", 1);
    Aum last = Chains.noOp(day0.get(72), "last", 1);
    for (Path directory : List.of(node, control)) {
      at(directory, 40).inform(day0);
      at(directory, 25).inform(List.of(last));
    }
    compact(node, 25);
    return genesis;
  }
}
