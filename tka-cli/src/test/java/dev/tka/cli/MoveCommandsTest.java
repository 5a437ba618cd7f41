package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.sql.SqliteFile;
import dev.tka.testkit.NodeKeySignatures;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka move} and {@code tka mirror}, between SQLite files. */
class MoveCommandsTest {
  private static final int MANY = 8_000;
  private static final String MOVE = "0123456789abcdef";

  @TempDir Path folder;
  private String source;
  private String target;
  private Tailnet keys;

  @BeforeEach
  void make() throws Exception {
    source = "sqlite:" + folder.resolve("a.db");
    target = "sqlite:" + folder.resolve("b.db");
    keys = Tailnet.in(folder);
    keys.newKey("ann");
    begin(source, "one");
  }

  private void begin(String store, String tailnet) {
    keys.begin(store, tailnet, "ann");
  }

  private Cli.Result add(String store) {
    return Cli.run(
        "add",
        store,
        "--tailnet",
        "one",
        keys.newKey("key" + System.nanoTime()),
        "--key-file",
        keys.keyFile("ann"));
  }

  private static Fence.Standing standing(String store) throws Exception {
    try (SqliteFile file = open(store)) {
      return file.records().orElseThrow().fence("one").standing();
    }
  }

  private static SqliteFile open(String store) throws Exception {
    return SqliteFile.at(Path.of(store.substring("sqlite:".length())), Clock.systemUTC());
  }

  private static void stand(String store, Fence.Standing standing) throws Exception {
    stand(store, MOVE, standing);
  }

  private static void stand(String store, String move, Fence.Standing standing) throws Exception {
    try (SqliteFile file = open(store)) {
      ControlRecords records = file.records().orElseThrow();
      Fence before = records.fence("one");
      records.fence("one", before, before.next(move, standing));
    }
  }

  private static void sql(String store, String statement) throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:" + store);
        Statement prepared = connection.createStatement()) {
      prepared.execute(statement);
    }
  }

  /** More than fits into a file of 2 MiB. */
  private void addNodes() throws Exception {
    List<RecordsChange.OfNode> nodes = new ArrayList<>();
    for (int id = 1; id <= MANY; id++) {
      nodes.add(
          new RecordsChange.OfNode(
              Optional.empty(),
              Optional.of(
                  NodeRecord.of(id, NodeKeySignatures.nodeKey(1))
                      .withName(Optional.of("n".repeat(NodeRecord.LONGEST_NAME))))));
    }
    try (SqliteFile file = open(source)) {
      file.records().orElseThrow().commit("one", new RecordsChange(Optional.empty(), nodes));
    }
  }

  private Cli.Result move(Object... more) {
    Object[] words = new Object[5 + more.length];
    System.arraycopy(new Object[] {"move", source, target, "--tailnet", "one"}, 0, words, 0, 5);
    System.arraycopy(more, 0, words, 5, more.length);
    return Cli.run(words);
  }

  /** The source is open and whole, and takes edits. */
  private void requireRefused(int exitCode, String why, Cli.Result result) throws Exception {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.err()).startsWith("tka: ").contains(why);
    assertThat(result.out()).isEmpty();
    assertThat(standing(source)).isEqualTo(new Fence.Standing.Open());
    assertThat(add(source).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("verify", source, "--tailnet", "one").exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aTailnetMovesAndBackAndTheSourceIsGivenUp() throws Exception {
    Cli.Result plan = move("--plan");
    assertThat(plan.out()).contains("would be copied to " + target).contains("1 AUM");
    assertThat(folder.resolve("b.db")).doesNotExist();

    Cli.Result moved = move("--server", "https://b.example.com");
    assertThat(moved.exitCode()).as(moved.err()).isEqualTo(ExitCode.OK);
    assertThat(moved.out())
        .contains("one: moved to " + target)
        .contains("1 AUM and 0 nodes")
        .contains("writes waited ")
        .contains("the way back: tka move " + target + " " + source + " --tailnet one");
    assertThat(((Fence.Standing.Moved) standing(source)).server().orElseThrow())
        .hasToString("https://b.example.com");
    assertThat(add(source).exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(add(target).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(move().out()).isEqualTo("one: lives in " + target + "\n");
    assertThat(move("--plan").out()).contains("already");
    assertThat(move("--undo").exitCode()).isEqualTo(ExitCode.CONFLICT);

    Cli.Result back = Cli.run("move", target, source, "--tailnet", "one");
    assertThat(back.out()).contains("1 AUM and 0 nodes");
    assertThat(add(source).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(move().exitCode()).isEqualTo(ExitCode.OK);
    assertThat(move("--complete").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(move("--complete", "--yes").out()).contains("nothing is left in " + source);
    assertThat(standing(source)).isInstanceOf(Fence.Standing.Moved.class);
    assertThat(Cli.run("verify", target, "--tailnet", "one").exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void allTailnetsMoveAndOneThatCannotDoesNotStopTheOthers() throws Exception {
    begin(source, "two");
    begin(source, "three");
    begin(target, "two");
    Cli.Result moved = Cli.run("move", source, target, "--all");
    assertThat(moved.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(moved.out()).contains("one: moved").contains("three: moved").contains("two: not");
    assertThat(moved.err()).contains("tka: two: ").contains("in use");
  }

  @Test
  void aMirrorIsEqualAndIsTakenOverOrDeleted() throws Exception {
    Cli.Result first = Cli.run("mirror", source, target, "--tailnet", "one", "--once");
    assertThat(first.out()).isEqualTo("one: equal; copied 1 AUM and 0 nodes\n");
    assertThat(add(source).exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("mirror", source, target, "--all", "--once").out()).contains("1 AUM");
    assertThat(move("--undo").out()).contains("undone");
    assertThat(Cli.run("tailnets", target).out()).isEmpty();
  }

  @Test
  void aCopyWhoseSourceWasDeletedIsDeletedByAnUndo() throws Exception {
    begin(source, "two");
    Cli.run("mirror", source, target, "--all", "--once");
    for (String each : List.of("one", "two")) {
      Cli.Result deleted = Cli.run("delete", source, "--tailnet", each, "--no-export", "--yes");
      assertThat(deleted.exitCode()).as(deleted.err()).isEqualTo(ExitCode.OK);
    }
    assertThat(move("--undo").exitCode()).isEqualTo(ExitCode.OK);
    assertThat(move("--undo").exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    Cli.Result all = Cli.run("move", source, target, "--all", "--undo");
    assertThat(all.exitCode()).as(all.err()).isEqualTo(ExitCode.OK);
    assertThat(all.out()).isEqualTo("two: undone; no unfinished copy is left in " + target + "\n");
    begin(target, "two");
  }

  @Test
  void allMeansThoseThatThereIsSomethingToDoFor() throws Exception {
    begin(source, "two");
    assertThat(Cli.run("move", source, target, "--all", "--complete").exitCode())
        .isEqualTo(ExitCode.OK);
    move();
    Cli.Result undone = Cli.run("move", source, target, "--all", "--undo");
    assertThat(undone.exitCode()).as(undone.err()).isEqualTo(ExitCode.OK);
    assertThat(undone.out()).isEmpty();
    Cli.Result asks = Cli.run("move", source, target, "--all", "--complete");
    assertThat(asks.err()).contains("1 tailnet ");
    Cli.Result completed = Cli.run("move", source, target, "--all", "--complete", "--yes");
    assertThat(completed.exitCode()).as(completed.err()).isEqualTo(ExitCode.OK);
    assertThat(completed.out()).startsWith("one: lives in ").doesNotContain("two");
  }

  @Test
  void aServerIsAnHttpUrlWithNothingSecretAndNothingOfARequest() throws Exception {
    for (String each :
        List.of(
            "ftp://h.example",
            "https://user:secret@h.example",
            "https://h.example/?x",
            "https://h.example/#y",
            "h.example",
            "https:///path")) {
      requireRefused(ExitCode.USAGE, "--server", move("--server", each));
    }
    Cli.Result undo = move("--undo", "--server", "https://h.example");
    assertThat(undo.exitCode()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void aPlanOfADecidedMoveSaysThatItIsDecided() throws Exception {
    Cli.run("mirror", source, target, "--tailnet", "one", "--once");
    String token;
    try (SqliteFile file = open(target)) {
      token = file.records().orElseThrow().fence("one").move().orElseThrow();
    }
    assertThat(move("--plan").out()).contains("a move or mirror was begun");
    stand(source, token, new Fence.Standing.Moved(target, Optional.empty(), Instant.EPOCH));
    assertThat(move("--plan").out()).contains("was decided").doesNotContain("begun");
  }

  @Test
  void whatIsChangedInACopyByHandIsSaidAndMended() throws Exception {
    Cli.run("mirror", source, target, "--tailnet", "one", "--once");
    sql(target, "update aum_body set encoded = x'00'");
    Cli.Result again = Cli.run("mirror", source, target, "--tailnet", "one", "--once");
    assertThat(again.exitCode()).as(again.err()).isEqualTo(ExitCode.OK);
    assertThat(again.err()).contains("tka: one: the copy differed and is made anew: ");
    assertThat(move().exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Cli.run("verify", target, "--tailnet", "one").exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aTargetThatHoldsTheTailnetIsNotWrittenTo() throws Exception {
    begin(target, "one");
    requireRefused(ExitCode.CONFLICT, "found one that is in use", move());
    requireRefused(ExitCode.CONFLICT, "found one that is in use", move("--plan"));
  }

  @Test
  void aTargetOfANewerVersionIsNotWrittenTo() throws Exception {
    begin(target, "other");
    sql(target, "pragma user_version = 99");
    requireRefused(ExitCode.BAD_INPUT, "newer", move());
  }

  @Test
  void theSourceItselfIsNoTarget() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link.db"), folder.resolve("a.db"));
    for (String same : new String[] {source, "sqlite:" + link}) {
      requireRefused(
          ExitCode.USAGE,
          "expected another store than SOURCE",
          Cli.run("move", source, same, "--tailnet", "one"));
    }
  }

  @Test
  void aTailnetThatIsNotThereIsNotMoved() throws Exception {
    requireRefused(
        ExitCode.NOT_FOUND,
        "no tailnet none",
        Cli.run("move", source, target, "--tailnet", "none"));
  }

  @Test
  void aNodesDirectoryIsNoPlaceForIt() throws Exception {
    Path directory = Files.createDirectory(folder.resolve("node"));
    requireRefused(
        ExitCode.USAGE,
        "expected a store of many tailnets",
        Cli.run("move", source, directory, "--tailnet", "one"));
  }

  @Test
  void aTargetOutOfReachIsNotWrittenTo() throws Exception {
    requireRefused(
        ExitCode.IO,
        "",
        Cli.run("move", source, "postgresql://tka@127.0.0.1:1/tka", "--tailnet", "one"));
  }

  @Test
  void aFullTargetLeavesTheTailnetWhereItIs() throws Exception {
    addNodes();
    // Files that may not grow beyond some MiB: the process runs into it at a write, as on a full
    // disk.
    List<String> words = new ArrayList<>(List.of("sh", "-c", "ulimit -f 2400; exec \"$@\"", "sh"));
    words.addAll(Cli.process("move", source, target, "--tailnet", "one"));
    words.add(words.indexOf("-cp"), "-XX:-UsePerfData");
    Process process = new ProcessBuilder(words).start();
    process.getOutputStream().close();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    Cli.Result result = new Cli.Result(process.waitFor(), "", err);
    requireRefused(ExitCode.IO, "b.db", result);
    assertThat(move("--undo").exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void aTailnetThatWasMovedSaysWhere() throws Exception {
    stand(
        source,
        new Fence.Standing.Moved(
            "sqlite:/c.db", Optional.empty(), Instant.parse("2026-01-02T03:04:05Z")));
    Cli.Result result = move();
    assertThat(result.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(result.err()).contains("the tailnet was moved to sqlite:/c.db at 2026-01-02");
  }

  @Test
  void listsNameWhatIsMovedAndWhatIsACopy() throws Exception {
    move();
    assertThat(Cli.run("tailnets", source).out()).contains("one\t").contains(target);
    stand(target, FencedStoreTest.MOVED);
    stand(target, new Fence.Standing.Shadow(source));
    assertThat(Cli.run("tailnets", target).out()).contains("one\t").contains(source);
    assertThat(Cli.run("doctor", target, "--all").err()).contains("left out");
    Cli.Result status = Cli.run("status", target, "--tailnet", "one");
    assertThat(status.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(status.err()).contains("tka move SOURCE TARGET");
    stand(target, new Fence.Standing.Fenced(Instant.EPOCH));
    assertThat(Cli.run("status", target, "--tailnet", "one").out())
        .contains("Writes wait since 1970");
    assertThat(Cli.run("doctor", target, "--tailnet", "one").out())
        .contains("Writes wait since 1970");
  }
}
