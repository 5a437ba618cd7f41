package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.sync.AnswerPolicy;
import dev.tka.sync.ControlEnd;
import dev.tka.sync.NodeRound;
import dev.tka.sync.SyncOutcome;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Purged AUMs come back, so that nodes that were left behind can sync again. */
class RepairCommandTest {
  @TempDir Path folder;

  private static String head(Path directory) throws Exception {
    return Authority.open(NodeDirectory.at(directory)).head().toString();
  }

  private static Map<String, Instant> commitTimes(Path directory) throws Exception {
    Map<String, Instant> times = new HashMap<>();
    for (AumEntry entry : NodeDirectory.at(directory).read().entries()) {
      times.put(entry.hash().toString(), entry.committedAt());
    }
    return times;
  }

  /** Rounds by the rules of shipping nodes alone, in memory. */
  private static SyncOutcome roundOfTheReference(Path node, Path control) throws Exception {
    NodeRound round = NodeRound.begin(reference(node));
    ControlEnd end = new ControlEnd(reference(control), AnswerPolicy.reference());
    NodeRound.Step step = round.answered(end.answer(round.offer()).message());
    return step instanceof NodeRound.Send send
        ? send.acknowledged(end.receive(send.message()).message()).outcome()
        : ((NodeRound.End) step).outcome();
  }

  private static LiveAuthority reference(Path directory) throws Exception {
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    AumSnapshot snapshot = NodeDirectory.at(directory).read();
    for (AumEntry entry : snapshot.entries()) {
      commit.add(snapshot.get(entry.hash()), entry.committedAt());
    }
    snapshot.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
    store.commit(commit.build());
    return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, Clock.systemUTC());
  }

  private Path strandedNode(Path control) throws Exception {
    return OldDirectories.leftBehindByAStaleBranch(folder.resolve("node"), control);
  }

  @Test
  void aNodeThatAStaleBranchLeftBehindSyncsAgain() throws Exception {
    Path control = folder.resolve("control");
    Path node = strandedNode(control);
    assertThat(roundOfTheReference(node, control)).isInstanceOf(SyncOutcome.OutOfReach.class);
    Path offer = folder.resolve("offer.json");
    Files.writeString(offer, Cli.run("offer", control, "--json").out());

    Cli.Result dry = Cli.run("repair", node, "--meet", offer, "--dry-run");
    assertThat(dry.exitCode()).as(dry.err()).isEqualTo(ExitCode.OK);
    assertThat(dry.out()).startsWith("Would restore 50 AUMs, ");
    assertThat(roundOfTheReference(node, control)).isInstanceOf(SyncOutcome.OutOfReach.class);

    Path backup = folder.resolve("before");
    Map<String, Instant> before = commitTimes(node);
    Cli.Result repair = Cli.run("repair", node, "--meet", offer, "--backup", backup, "--confirm");
    assertThat(repair.exitCode()).as(repair.err()).isEqualTo(ExitCode.OK);
    assertThat(repair.out())
        .startsWith("Copied the directory to " + backup + ".\nRestored 50 AUMs, ");
    assertThat(commitTimes(backup)).isEqualTo(before);
    assertThat(Files.getPosixFilePermissions(backup))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(commitTimes(node)).hasSize(75).containsAllEntriesOf(before);
    assertThat(commitTimes(node).values())
        .noneMatch(OldDirectories.NOW.minus(Duration.ofDays(24))::isBefore);
    assertThat(Cli.run("verify", node).exitCode()).isEqualTo(ExitCode.OK);

    assertThat(roundOfTheReference(node, control)).isInstanceOf(SyncOutcome.Converged.class);
  }

  @Test
  void ourSyncNeedsNoRepairForTheSameNode() throws Exception {
    Path control = folder.resolve("control");
    Path node = strandedNode(control);
    Cli.Result sync = Cli.run("sync", node, control);
    assertThat(sync.exitCode()).as(sync.out()).isEqualTo(ExitCode.OK);
    assertThat(head(node)).isEqualTo(head(control));
  }

  @Test
  void everyDirectoryThatTheReferenceCompactedSyncsWithItsControlAfterRepair() throws Exception {
    int repaired = 0;
    for (Map<String, Object> golden : Cli.golden("chonk")) {
      if (!(golden.get("op") instanceof Map<?, ?> op) || !"compact".equals(op.get("op"))) {
        continue;
      }
      Map<?, ?> after = (Map<?, ?>) golden.get("after");
      Map<?, ?> open = (Map<?, ?>) after.get("open");
      Path control = folder.resolve(golden.get("name") + "-control");
      Path node = folder.resolve(golden.get("name") + "-node");
      Cli.materialize(golden, Files.createDirectories(control));
      Cli.materialize(cast(after), Files.createDirectories(node));
      if (golden.containsKey("quirk")
          || open.get("head") == null
          || NodeDirectory.at(node).read().trail().entries().isEmpty()) {
        continue;
      }
      Map<String, Instant> had = commitTimes(control);
      Cli.Result repair = Cli.run("repair", node, "--all", "--confirm", "--json");
      assertThat(repair.exitCode()).as(golden.get("name") + repair.err()).isEqualTo(ExitCode.OK);
      assertThat((List<?>) repair.json().get("Restored")).isNotEmpty();
      Map<String, Instant> back = commitTimes(node);
      back.keySet().retainAll(had.keySet());
      assertThat(back).isNotEmpty();
      assertThat(had).containsAllEntriesOf(back);
      assertThat(head(node)).isEqualTo(open.get("head"));
      Cli.Result sync = Cli.run("sync", node, control);
      assertThat(sync.exitCode()).as(golden.get("name") + sync.out()).isEqualTo(ExitCode.OK);
      repaired++;
    }
    assertThat(repaired).isEqualTo(5);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> cast(Map<?, ?> map) {
    return (Map<String, Object>) map;
  }

  @Test
  void aControlFromAnOldBackupGetsBackWhatARepairedNodeHolds() throws Exception {
    List<Key> keys = List.of(TestKeys.key(1, 1));
    Aum genesis = Chains.genesis(keys, 1);
    List<Aum> all = OldDirectories.chain(genesis, keys, 74, "u", 1);
    Path node = DirectoryOfAums.write(List.of(genesis), 60, folder.resolve("node"));
    OldDirectories.at(node, 50).inform(all);
    OldDirectories.compact(node, 20);
    List<Aum> old = new ArrayList<>(List.of(genesis));
    old.addAll(all.subList(0, 5));
    Path control = DirectoryOfAums.write(old, 50, folder.resolve("control"));

    Cli.Result lost = Cli.run("sync", node, control, "--json");
    assertThat(lost.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    String to = " --to " + all.get(4).hash();
    assertThat(lost.json())
        .containsEntry("OutcomeKind", "control-lost-history")
        .hasEntrySatisfying(
            "Remedy", text -> assertThat((String) text).contains("tka repair ", to, "--restored"));

    Cli.Result repair = Cli.run("repair", node, "--to", all.get(4).hash(), "--confirm");
    assertThat(repair.exitCode()).as(repair.err()).isEqualTo(ExitCode.OK);
    Cli.Result sync = Cli.run("sync", node, control, "--restored");
    assertThat(sync.exitCode()).as(sync.out()).isEqualTo(ExitCode.OK);
    assertThat(head(control)).isEqualTo(all.get(73).hash().toString());
  }

  @Test
  void missingAumsAreNotRestored() throws Exception {
    Path control = folder.resolve("control");
    Path node = strandedNode(control);
    String stale = head(control);
    Map<String, Instant> before = commitTimes(node);

    Cli.Result stored = Cli.run("repair", node, "--to", head(node), "--confirm");
    assertThat(stored.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(stored.out()).startsWith("Nothing to restore: " + head(node) + " is stored");
    assertRefused(ExitCode.NOT_FOUND, "none is on the way back", node, "--to", stale);
    assertRefused(ExitCode.NOT_FOUND, "no purged AUM is known", control, "--all");
    assertRefused(ExitCode.USAGE, "--confirm", node, "--all", "--backup", folder.resolve("b"));
    assertThat(folder.resolve("b")).doesNotExist();
    assertRefused(ExitCode.USAGE, "at least 1", node, "--steps", "0");
    assertRefused(ExitCode.USAGE, "--to", node);
    assertRefused(ExitCode.USAGE, "exclusive", node, "--all", "--steps", "3");
    Path there = Files.createDirectory(folder.resolve("there"));
    assertRefused(ExitCode.CONFLICT, "there", node, "--all", "--confirm", "--backup", there);
    Path inside = node.resolve("inside");
    assertRefused(ExitCode.USAGE, "outside", node, "--all", "--confirm", "--backup", inside);
    assertThat(commitTimes(node)).isEqualTo(before);

    byte[] offer = Cli.run("offer", control).out().getBytes(StandardCharsets.US_ASCII);
    Cli.Result piped = Cli.runWithInput(offer, "repair", node, "--meet", "-", "--dry-run");
    assertThat(piped.out()).startsWith("Would restore ");
    Cli.Result steps = Cli.run("repair", node, "--steps", "3", "--dry-run", "--json");
    assertThat((List<?>) steps.json().get("Restored")).hasSizeGreaterThanOrEqualTo(3);
    assertThat(steps.json()).containsEntry("Applied", false);
  }

  private static void assertRefused(int exitCode, String why, Path directory, Object... options) {
    List<Object> arguments = new ArrayList<>(List.of("repair", directory));
    arguments.addAll(List.of(options));
    Cli.Result result = Cli.run(arguments.toArray());
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("tka: ").contains(why).hasLineCount(1);
  }

  @Test
  void byDefaultTheBackupLiesBesideTheDirectory() throws Exception {
    Path node = strandedNode(folder.resolve("control"));
    Cli.Result repair = Cli.runAnswering("y", "repair", node, "--steps", "1", "--json");
    assertThat(repair.exitCode()).as(repair.err()).isEqualTo(ExitCode.OK);
    Path backup = Path.of((String) repair.json().get("Backup"));
    assertThat(backup.getParent()).isEqualTo(folder.toAbsolutePath());
    assertThat(backup.getFileName().toString()).matches("node\\.backup-\\d{8}T\\d{6}Z");
    assertThat(head(backup)).isEqualTo(head(node));
  }
}
