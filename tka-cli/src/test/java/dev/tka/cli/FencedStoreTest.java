package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.core.AumHash;
import dev.tka.core.DisablementSecret;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.sql.SqliteFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a store in which a tailnet is being moved, or does not live. */
class FencedStoreTest {
  static final Fence.Standing MOVED =
      new Fence.Standing.Moved(
          "postgresql://db/tka", Optional.empty(), Instant.parse("2026-01-02T12:00:00Z"));
  private static final Fence.Standing FENCED =
      new Fence.Standing.Fenced(Instant.parse("2026-01-02T12:00:00Z"));

  @TempDir Path folder;
  private Path file;
  private String store;
  private Tailnet keys;

  static void fence(Path file, String tailnet, Fence.Standing standing) throws StoreException {
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      ControlRecords records = place.records().orElseThrow();
      Fence before = records.fence(tailnet);
      records.fence(tailnet, before, before.next("0123456789abcdef", standing));
    }
  }

  @BeforeEach
  void make() throws Exception {
    file = folder.resolve("control.db");
    store = "sqlite:" + file;
    keys = Tailnet.in(folder);
    keys.newKey("ann");
    for (String name : List.of("one", "two")) {
      keys.begin(store, name, "ann");
    }
  }

  /** What was wrong in one line, and what to do in another. */
  private static void requireRefused(String why, Object... arguments) {
    Cli.Result result = Cli.run(arguments);
    String of = List.of(arguments).toString();
    assertThat(result.exitCode()).as(of + result.err()).isEqualTo(ExitCode.CONFLICT);
    assertThat(result.err())
        .as(of)
        .startsWith("tka: tailnet \"one\" " + why + "\ntka: to do: ")
        .contains("'tka move SOURCE TARGET --tailnet ID'")
        .hasLineCount(2);
    assertThat(result.out()).as(of).isEmpty();
  }

  @Test
  void anEditWhileTheTailnetIsBeingMovedIsRefusedWithWhatToDo() throws Exception {
    fence(file, "one", FENCED);
    requireRefused(
        "is being moved to another place: try again",
        "add",
        store,
        "--tailnet",
        "one",
        keys.newKey("bob"),
        "--key-file",
        keys.keyFile("ann"));
    assertThat(Cli.run("status", store, "--tailnet", "one").exitCode()).isEqualTo(ExitCode.OK);
    fence(file, "one", new Fence.Standing.Open());
    keys.run(
        "add", store, "--tailnet", "one", keys.newKey("eve"), "--key-file", keys.keyFile("ann"));
  }

  @Test
  void whereTheTailnetDoesNotLiveEveryVerbSaysWhereItDoes() throws Exception {
    fence(file, "one", MOVED);
    for (List<Object> each :
        List.<List<Object>>of(
            List.of("status"),
            List.of("log"),
            List.of("verify"),
            List.of("doctor"),
            List.of("export", folder.resolve("one.tka")),
            List.of("restored"),
            List.of("add", keys.newKey("bob"), "--key-file", keys.keyFile("ann")))) {
      List<Object> arguments = new ArrayList<>(each);
      arguments.add(1, store);
      arguments.addAll(List.of("--tailnet", "one"));
      requireRefused("was moved to postgresql://db/tka", arguments.toArray());
    }
  }

  /** Puts a node, and an authority that ended, beside the AUMs. */
  private void fill(String tailnet) throws Exception {
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      ControlRecords records = place.records().orElseThrow();
      ControlRecords.Seen seen = records.seen(tailnet);
      AumHash genesis = place.tailnet(tailnet).read().entries().iterator().next().hash();
      DisablementSecret secret = DisablementSecret.of(new byte[] {1});
      Instant at = Instant.parse("2026-01-02T12:00:00Z");
      records.retire(
          tailnet,
          seen.aums(),
          seen.tailnet(),
          new RetiredAuthority(new AuthorityName(genesis, 1, 2), secret, at, ""));
      records.commit(
          tailnet,
          RecordsChange.ofNode(Optional.empty(), Optional.of(NodeRecord.of(1, Nodes.nodeKey(1)))));
    }
    keys.newKey("eve");
    keys.begin(store, tailnet, "eve");
  }

  @Test
  void whatAMovedTailnetLeftIsExportedAndDeletedAfterAConfirmationThatSaysWhatItIs()
      throws Exception {
    fill("one");
    fence(file, "one", MOVED);
    String what =
        "what is left of tailnet one, which was moved to postgresql://db/tka, with 1 AUM and the"
            + " records of 1 node from "
            + store;
    Cli.Result asked = Cli.run("delete", store, "--tailnet", "one");
    assertThat(asked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(asked.err()).contains(what).contains("there is no way back then");
    assertThat(Cli.runAnswering("n", "delete", store, "--tailnet", "one").exitCode())
        .isEqualTo(ExitCode.DECLINED);

    Path export = folder.resolve("one.tka");
    Cli.Result deleted =
        Cli.runAnswering("y", "delete", store, "--tailnet", "one", "--export", export);
    assertThat(deleted.exitCode()).as(deleted.err()).isEqualTo(ExitCode.OK);
    assertThat(deleted.out())
        .contains("Deleted what was left of one from " + store)
        .contains("goes on saying that it was moved to postgresql://db/tka");
    assertThat(export).exists();
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      ControlRecords records = place.records().orElseThrow();
      assertThat(records.fence("one").standing()).isEqualTo(MOVED);
      assertThat(records.seen("one").tailnet()).isEqualTo(TailnetRecord.NONE);
      assertThat(place.revisions()).containsOnlyKeys("two");
    }
    // Then the note is all that is left.
    Cli.Result note = Cli.run("delete", store, "--tailnet", "one", "--confirm");
    assertThat(note.out()).isEqualTo("Deleted one from " + store + ".\n");
    assertThat(Cli.run("tailnets", store).out()).startsWith("two\t").hasLineCount(1);
  }

  @Test
  void aCopyThatIsNotFinishedIsDeletedAfterAConfirmationAndItsNameIsFree() throws Exception {
    fill("one");
    fence(file, "one", MOVED);
    fence(file, "one", new Fence.Standing.Shadow("sqlite:old.db"));
    fence(file, "empty", new Fence.Standing.Shadow("sqlite:old.db"));
    Cli.Result asked = Cli.run("delete", store, "--tailnet", "one");
    assertThat(asked.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(asked.err())
        .contains(
            "tailnet one, which is a copy that is not finished, of that in sqlite:old.db, with 1"
                + " AUM and the records of 1 node from "
                + store)
        .contains("if it is being moved here, finish that or undo it instead");
    for (String each : List.of("one", "empty")) {
      Cli.Result deleted = Cli.run("delete", store, "--tailnet", each, "--confirm");
      assertThat(deleted.exitCode()).as(deleted.err()).isEqualTo(ExitCode.OK);
      assertThat(deleted.out()).endsWith("Deleted " + each + " from " + store + ".\n");
      assertThat(Cli.run("tailnets", store).out()).doesNotContain(each + "\t");
      Cli.Result again = Cli.run("delete", store, "--tailnet", each, "--confirm");
      assertThat(again.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
      keys.newKey("of " + each);
      keys.begin(store, each, "of " + each);
      assertThat(Cli.run("status", store, "--tailnet", each).exitCode()).isEqualTo(ExitCode.OK);
      keys.run("delete", store, "--tailnet", each, "--confirm", "--no-export");
    }
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      assertThat(place.revisions()).containsOnlyKeys("two");
    }
  }

  @Test
  void ofATailnetWhoseMoveIsCompleteTheNoteWhereItLivesCanBeDeleted() throws Exception {
    fence(file, "one", MOVED);
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      ControlRecords records = place.records().orElseThrow();
      ControlRecords.Seen seen = records.seen("one");
      records.under("one", seen.fence()).delete("one", seen.aums());
    }
    Cli.Result asked = Cli.run("delete", store, "--tailnet", "one");
    assertThat(asked.err())
        .contains("tailnet one, which was moved to postgresql://db/tka, from " + store);
    Cli.Result deleted = Cli.run("delete", store, "--tailnet", "one", "--confirm");
    assertThat(deleted.exitCode()).as(deleted.err()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("tailnets", store).out()).startsWith("two\t").hasLineCount(1);
  }

  @Test
  void whatIsAboutAllTailnetsIsAboutThoseThatLiveHereAndListsTheOthers() throws Exception {
    fence(file, "one", MOVED);
    fence(file, "shadow", new Fence.Standing.Shadow("sqlite:old.db"));
    Cli.Result list = Cli.run("tailnets", store);
    assertThat(list.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(list.out())
        .contains("one\tmoved to postgresql://db/tka\n")
        .contains("two\t1 AUM\t")
        .contains("shadow\tunfinished copy of that in sqlite:old.db\n")
        .hasLineCount(3);
    assertThat(Cli.run("tailnets", store, "--json").json().get("Tailnets").toString())
        .contains("Standing=moved, Place=postgresql://db/tka")
        .contains("Standing=shadow, Place=sqlite:old.db");
    for (List<Object> each :
        List.<List<Object>>of(
            List.of("verify", store, "--all"),
            List.of("doctor", store, "--all"),
            List.of("export", store, "--all", folder.resolve("all.tka")))) {
      Cli.Result result = Cli.run(each.toArray());
      assertThat(result.exitCode()).as(each + result.err()).isEqualTo(ExitCode.OK);
      assertThat(result.err())
          .as(each.toString())
          .contains("tka: tailnet \"one\" was moved to postgresql://db/tka; left out\n");
      assertThat(result.out()).as(each.toString()).doesNotContain("one\t");
    }
  }

  @Test
  void aCopyFromBeforeAMoveOpensNoTailnetAgainAndTheOthersAreCompared() throws Exception {
    Path copy = folder.resolve("copy.db");
    keys.run("backup", store, copy);
    String bob = keys.newKey("bob");
    keys.run("add", store, "--tailnet", "two", bob, "--key-file", keys.keyFile("ann"));
    fence(file, "one", MOVED);

    String out = keys.run("restore", copy, store, "--yes").out();
    assertThat(out)
        .containsPattern("Older than what was there:\n\ttwo\thead \\w+, was \\w+; 1 AUM missing\n")
        .contains("here:\n\tone\tlives at postgresql://db/tka: it stays so\n")
        .doesNotContain("Not all was compared");
    requireRefused(
        "was moved to postgresql://db/tka",
        "add",
        store,
        "--tailnet",
        "one",
        bob,
        "--key-file",
        keys.keyFile("ann"));
    // Its name has the second in which it was replaced.
    Files.delete(
        Path.of(out.lines().skip(1).findFirst().orElseThrow().replaceAll(".* as |.$", "")));
    assertThat(Cli.run("restore", copy, store, "--yes", "--json").json().get("Elsewhere"))
        .hasToString("[{Name=one, Standing=moved, Place=postgresql://db/tka, Kept=true}]");
  }

  @Test
  void aCopyOfATailnetThatDidNotLiveHereWhenItWasMadeSaysThatNobodyCanWriteIt() throws Exception {
    Path copy = folder.resolve("copy.db");
    fence(file, "one", MOVED);
    fence(file, "one", new Fence.Standing.Shadow("sqlite:b.db"));
    keys.run("backup", store, copy);
    fence(file, "one", new Fence.Standing.Open());
    String bob = keys.newKey("bob");
    keys.run("add", store, "--tailnet", "two", bob, "--key-file", keys.keyFile("ann"));

    assertThat(keys.run("restore", copy, store, "--yes").out())
        .contains("1 AUM missing\n")
        .contains(
            "here:\n\tone\tunfinished copy of that in sqlite:b.db when the copy was made: run that"
                + " move again, or restore another copy\n");
  }
}
