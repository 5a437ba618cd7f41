package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.store.Waits;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.sql.SqliteFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on a SQLite file of several tailnets. */
class StoreCommandsTest {
  @TempDir Path folder;
  private Path file;
  private String store;
  private Tailnet keys;

  @BeforeEach
  void make() throws Exception {
    file = folder.resolve("control.db");
    store = "sqlite:" + file;
    keys = Tailnet.in(folder);
    keys.newKey("ann");
    keys.newKey("bob");
    begin("one", "ann");
  }

  private void begin(String tailnet, String trusted) {
    keys.begin(store, tailnet, trusted);
  }

  private Authority authority(String tailnet) throws TkaException {
    try (SqliteFile opened = SqliteFile.at(file, Clock.systemUTC())) {
      return Authority.open(opened.tailnet(tailnet));
    }
  }

  private String head(String tailnet) throws TkaException {
    return authority(tailnet).head().toString();
  }

  private void sql(String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement prepared = connection.createStatement()) {
      prepared.execute(statement);
    }
  }

  /** Every file of the folder. */
  private Map<String, String> files() throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.filter(Files::isRegularFile).toList()) {
        content.put(each.toString(), HexFormat.of().formatHex(Files.readAllBytes(each)));
      }
    }
    return content;
  }

  private Cli.Result requireRefused(int exitCode, String why, Object... arguments)
      throws IOException {
    Map<String, String> before = files();
    Cli.Result result = Cli.run(arguments);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.err()).startsWith("tka: ").contains(why);
    assertThat(Tailnet.withoutAdvice(result.err())).hasLineCount(1);
    assertThat(result.out()).isEmpty();
    assertThat(files()).isEqualTo(before);
    return result;
  }

  private Object[] add(String tailnet, String key) {
    return new Object[] {
      "add", store, "--tailnet", tailnet, key, "--key-file", keys.keyFile("ann")
    };
  }

  @Test
  void theOnlyTailnetNeedsNoName() throws Exception {
    Cli.Result status = keys.run("status", store, "--json");

    assertThat(status.json()).containsEntry("Head", head("one"));
    assertThat(keys.run("status", store, "--tailnet", "one", "--json").out())
        .isEqualTo(status.out());
  }

  @Test
  void ofSeveralOneIsNamed() throws Exception {
    begin("two", "bob");

    Cli.Result refused = requireRefused(ExitCode.USAGE, "2 tailnets", "status", store);
    assertThat(refused.err())
        .contains("name one: one, two\n")
        .endsWith("run:   tka status " + store + " --tailnet ID\n");
    assertThat(keys.run("status", store, "--tailnet", "two", "--json").json())
        .containsEntry("Head", head("two"));
    assertThat(keys.run("status", store, "--tailnet", "one", "--json").json())
        .containsEntry("Head", head("one"));
  }

  @Test
  void ofManyTheFirstTenAreListed() throws Exception {
    for (int i = 10; i < 20; i++) {
      begin("t" + i, "ann");
    }

    assertThat(requireRefused(ExitCode.USAGE, "11 tailnets", "log", store).err())
        .contains("one, t10", "t18, ...")
        .doesNotContain("t19");
  }

  @Test
  void aTailnetThatIsNotThereIsNotFound() throws Exception {
    requireRefused(ExitCode.NOT_FOUND, "no tailnet two", "status", store, "--tailnet", "two");
    requireRefused(ExitCode.NOT_FOUND, "no tailnet two", add("two", keys.publicKey("bob")));
    requireRefused(ExitCode.USAGE, "found 0", "status", store, "--tailnet", "");
    requireRefused(ExitCode.USAGE, "found other bytes", "status", store, "--tailnet", "a\ufffd");
    requireRefused(ExitCode.USAGE, "found 256", "status", store, "--tailnet", "x".repeat(256));
  }

  @Test
  void aDirectoryHoldsOne() throws Exception {
    Path node = Files.createDirectory(folder.resolve("node"));
    requireRefused(
        ExitCode.USAGE, "a directory holds one tailnet", "status", node, "--tailnet", "one");
    for (Path begun : List.of(node, folder.resolve("none"))) {
      requireRefused(
          ExitCode.USAGE,
          "a directory holds one tailnet",
          "init",
          begun,
          "--tailnet",
          "one",
          keys.publicKey("ann"),
          "--key-file",
          keys.keyFile("ann"),
          "--confirm");
    }
    requireRefused(ExitCode.USAGE, "which holds one", "tailnets", node);
    requireRefused(ExitCode.USAGE, "which holds one", "verify", node, "--all");
    assertThat(Cli.run("status", "dir:" + node).out()).isEqualTo("Tailnet Lock is NOT enabled.\n");
  }

  @Test
  void initBeginsATailnetInAFileThatItMakes() throws Exception {
    Path other = folder.resolve("other.db");
    Object[] plan = {
      "init",
      "sqlite:" + other,
      "--tailnet",
      "a b",
      keys.publicKey("ann"),
      "--key-file",
      keys.keyFile("ann")
    };
    assertThat(keys.run(plan).out()).contains("tka init sqlite:" + other + " --tailnet 'a b' ");
    assertThat(other).doesNotExist();

    Object[] confirmed = Arrays.copyOf(plan, plan.length + 1);
    confirmed[plan.length] = "--confirm";
    keys.run(confirmed);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(other)))
        .isEqualTo("rw-------");
    requireRefused(ExitCode.CONFLICT, "already enabled in sqlite:", confirmed);
    requireRefused(
        ExitCode.USAGE,
        "needs a name: --tailnet",
        "init",
        store,
        keys.publicKey("ann"),
        "--key-file",
        keys.keyFile("ann"),
        "--confirm");
  }

  @Test
  void secretsOfAnAuthorityThatWasNotMadeEndNothing() throws Exception {
    Object[] rest = {
      "--tailnet", "x", keys.publicKey("ann"), "--key-file", keys.keyFile("ann"), "--confirm"
    };
    Path nosuch = folder.resolve("nosuch");
    requireRefused(
        ExitCode.NOT_FOUND,
        "tka: no such directory: " + nosuch,
        Stream.concat(Stream.of("init", "sqlite:" + nosuch.resolve("a.db")), Stream.of(rest))
            .toArray());
    sql(
        "create trigger full before insert on aum begin select raise(abort, 'database is full');"
            + " end");
    Cli.Result late = Cli.run(Stream.concat(Stream.of("init", store), Stream.of(rest)).toArray());
    assertThat(late.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(late.out()).contains("disablement-secret:").doesNotContain("complete");
    assertThat(late.err())
        .startsWith("tka: no authority was created; the secrets above are worthless\ntka: ")
        .hasLineCount(2);
  }

  @Test
  void editsAreMadeByTheRulesOfControl() throws Exception {
    begin("two", "ann");
    String two = head("two");

    keys.run(add("one", keys.publicKey("bob")));

    assertThat(authority("one").state().keys()).hasSize(2);
    assertThat(head("two")).isEqualTo(two);
    // A node would wait for control to acknowledge it.
    assertThat(authority("one").snapshot().ownAums()).isEqualTo(OwnAums.NONE);
    assertThat(keys.run("edits", store, "--tailnet", "one").out())
        .isEqualTo("No edits have been set aside.\n");
    requireRefused(
        ExitCode.USAGE,
        "control keeps everything",
        "compact",
        store,
        "--tailnet",
        "one",
        "--min-chain",
        "1",
        "--confirm");
    for (String command : List.of("compact", "repair")) {
      List<String> arguments = new ArrayList<>(List.of(command, store, "--confirm"));
      if (command.equals("repair")) {
        arguments.add("--all");
      }
      requireRefused(
          ExitCode.USAGE,
          store + ": expected a node's directory; control keeps everything",
          arguments.toArray());
    }
  }

  @Test
  void aFileIsClosedWhenTheCommandEnds() throws Exception {
    keys.run(add("one", keys.publicKey("bob")));
    keys.run("log", store, "--graph");
    Cli.run("status", store, "--tailnet", "none");

    // SQLite's own, which the last who closes the file takes away.
    assertThat(folder.toFile().list()).doesNotContain("control.db-wal", "control.db-shm");
  }

  @Test
  void aNodeSyncsWithControl() throws Exception {
    begin("two", "bob");
    Path node = folder.resolve("node");
    try (SqliteFile opened = SqliteFile.at(file, Clock.systemUTC())) {
      DirectoryOfAums.write(
          List.of(
              Aum.decode(
                  opened
                      .tailnet("one")
                      .read()
                      .get(authority("one").head())
                      .encoded()
                      .toByteArray())),
          0,
          node);
    }
    keys.run(add("one", keys.publicKey("bob")));

    requireRefused(ExitCode.USAGE, "2 tailnets", "sync", node, store);
    assertThat(keys.run("doctor", node, store, "--tailnet", "one").out())
        .contains("tried in memory");
    assertThat(keys.run("sync", node, store, "--tailnet", "one", "--json").json().get("Agrees"))
        .isEqualTo(true);
    assertThat(Authority.open(NodeDirectory.at(node)).head().toString()).isEqualTo(head("one"));
    // Between two stores of several, both have it.
    assertThat(keys.run("sync", store, store, "--tailnet", "two", "--dry-run").exitCode())
        .isEqualTo(ExitCode.OK);
    requireRefused(ExitCode.USAGE, "a directory holds one", "sync", node, node, "--tailnet", "one");
  }

  @Test
  void aTailnetThatMayBeTheWrongOneIsNotWiped() throws Exception {
    begin("two", "bob");
    Path node = folder.resolve("node");
    assertThat(Cli.run("export", store, "--tailnet", "one", folder.resolve("one.tka")).exitCode())
        .isEqualTo(ExitCode.OK);
    assertThat(Cli.run("import", folder.resolve("one.tka"), node).exitCode())
        .isEqualTo(ExitCode.OK);
    String hint = "it may be another tailnet: see 'tka tailnets " + store + "'";

    Cli.Result doctor = Cli.run("doctor", node, store, "--tailnet", "two");
    assertThat(doctor.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(doctor.out())
        .containsSubsequence(
            "PROBLEM  re-created: ",
            "to do: " + hint,
            "no-common-ground",
            "to do: as above, for re-created\n");
    assertThat(doctor.out()).containsOnlyOnce(hint).containsOnlyOnce("as above");
    assertThat(Cli.run("sync", node, store, "--tailnet", "two").out()).contains("to do: " + hint);
    // A directory keeps no other.
    assertThat(Cli.run("import", folder.resolve("one.tka"), folder.resolve("other")).exitCode())
        .isEqualTo(ExitCode.OK);
    assertThat(Cli.run("doctor", store, folder.resolve("other"), "--tailnet", "two").out())
        .contains("PROBLEM  re-created: control has")
        .doesNotContain(hint);
  }

  @Test
  void remediesNameTheTailnet() throws Exception {
    begin("two", "ann");
    StoreText text = new StoreText();
    OpenStore node =
        new OpenStore(text.convert(folder.toString()), Optional.empty(), "", new MemoryAumStore());
    OpenStore control =
        new OpenStore(
            text.convert(store), Optional.of("two"), " --tailnet two", new MemoryAumStore());
    assertThat(OpenStore.words(node, control)).isEqualTo(folder + " " + store + " --tailnet two");
    assertThat(OpenStore.words(control, control)).isEqualTo(store + " " + store + " --tailnet two");

    assertThat(Cli.run("doctor", store, "--tailnet", "two").out())
        .contains("tka add " + store + " --tailnet two KEY");
  }

  @Test
  void disablingEndsOneTailnetAfterACopyOfAll() throws Exception {
    Map<String, Object> two =
        keys.run(
                "init",
                store,
                "--tailnet",
                "two",
                keys.publicKey("ann"),
                "--key-file",
                keys.keyFile("ann"),
                "--json",
                "--confirm")
            .json();
    Path secret =
        keys.secretFile("secret", (String) ((List<?>) two.get("DisablementSecrets")).get(0));
    Path copy = folder.resolve("copy.db");
    String one = head("one");
    Object[] disable = {
      "disable", store, "--tailnet", "two", secret, "--backup", copy, "--confirm"
    };
    requireRefused(
        ExitCode.VERIFICATION_FAILED,
        "found another",
        "disable",
        store,
        "--tailnet",
        "one",
        secret,
        "--confirm");

    assertThat(keys.run(disable).out()).startsWith("Copied the file to " + copy + ".\n");

    assertThat(Cli.run("status", store, "--tailnet", "two").out())
        .isEqualTo("Tailnet Lock is NOT enabled.\n");
    assertThat(head("one")).isEqualTo(one);
    assertThat(keys.run("status", "sqlite:" + copy, "--tailnet", "two", "--json").json())
        .containsEntry("Head", two.get("Head"));
    // What was ended stays, under another name.
    assertThat(keys.run("tailnets", store).out())
        .matches("(?s)one\t1 AUM\t.*\ntwo\tnot enabled\ntwo#[A-Z2-7]{16}\t1 AUM\thead .*\n");
    String ended = "two#" + ((String) two.get("Head")).substring(0, 16);
    assertThat(keys.run("status", store, "--tailnet", ended, "--json").json())
        .containsEntry("Head", two.get("Head"));
    assertThat(keys.run("verify", store, "--all").exitCode()).isEqualTo(ExitCode.OK);
    TailnetRecord record = record("two");
    assertThat(record.retired()).hasSize(1);
    assertThat(record.retired().get(0).store()).isEqualTo(ended);
    assertThat(record.retired().get(0).name().genesis().toString()).isEqualTo(two.get("Head"));
    assertThat(record.retired().get(0).secret().exposeText())
        .isEqualTo(((List<?>) two.get("DisablementSecrets")).get(0));
    // And it may be begun again.
    begin("two", "bob");
    assertThat(keys.run("tailnets", store, "--json").json().get("Tailnets"))
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .hasSize(3);
    // What ended is nobody's tailnet: there is nothing more to keep of it.
    keys.run("disable", store, "--tailnet", ended, secret, "--confirm");
    assertThat(keys.run("tailnets", store).out()).contains(ended + "\tnot enabled\n");
    assertThat(record("two")).isEqualTo(record);
  }

  private TailnetRecord record(String tailnet) throws Exception {
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      return place.records().orElseThrow().tailnet(tailnet);
    }
  }

  @Test
  void aDeletedTailnetTakesTheRecordsOfItsNodesAlong() throws Exception {
    begin("two", "ann");
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      for (String tailnet : List.of("two", "records")) {
        for (long id = 1; id <= 2; id++) {
          NodeKey key = new NodeKey(Bytes.copyOf(new byte[NodeKey.SIZE]));
          place
              .records()
              .orElseThrow()
              .commit(
                  tailnet,
                  RecordsChange.ofNode(Optional.empty(), Optional.of(NodeRecord.of(id, key))));
        }
      }
    }
    requireRefused(
        ExitCode.USAGE,
        "This deletes tailnet two with 1 AUM and the records of 2 nodes from " + store,
        "delete",
        store,
        "--tailnet",
        "two");
    keys.run("delete", store, "--tailnet", "two", "--no-export", "--confirm");
    requireRefused(
        ExitCode.USAGE,
        "This deletes tailnet records, which holds no AUMs, and the records of 2 nodes from "
            + store,
        "delete",
        store,
        "--tailnet",
        "records");
    keys.run("delete", store, "--tailnet", "records", "--confirm");
    try (SqliteFile place = SqliteFile.at(file, Clock.systemUTC())) {
      assertThat(place.records().orElseThrow().tailnets()).doesNotContain("two", "records");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b", "a%2Fb", "..", " a", "a\u202eb", "\u001b[31m", "j\ufffdger"})
  void aNewTailnetHasANameThatCanBePartOfAUrlAndHidesNothing(String name) throws Exception {
    Cli.Result refused =
        requireRefused(
            ExitCode.USAGE,
            "in the name of a new tailnet, found ",
            "init",
            store,
            "--tailnet",
            name,
            keys.publicKey("ann"),
            "--key-file",
            keys.keyFile("ann"),
            "--confirm");
    assertThat(refused.err()).doesNotContain("\u202e", "\u001b");
  }

  @Test
  void aDeletedTailnetIsExportedAndCanComeBack() throws Exception {
    begin("two", "ann");
    String head = head("two");
    requireRefused(ExitCode.NOT_FOUND, "no tailnet three", "delete", store, "--tailnet", "three");
    requireRefused(
        ExitCode.USAGE,
        "This deletes tailnet two with 1 AUM from " + store + ", after exporting it to ",
        "delete",
        store,
        "--tailnet",
        "two");
    Cli.Result no = Cli.runAnswering("n", "delete", store, "--tailnet", "two");
    assertThat(no.err()).contains("Continue?", "declined: nothing was changed");
    assertThat(no.exitCode()).isEqualTo(ExitCode.DECLINED);
    assertThat(head("two")).isEqualTo(head);

    Cli.Result deleted = Cli.runAnswering("y", "delete", store, "--tailnet", "two");

    assertThat(deleted.exitCode()).as(deleted.err()).isEqualTo(ExitCode.OK);
    assertThat(deleted.out())
        .matches(
            "Exported to \\S+two\\.deleted-\\w+\\.tka\\.\nDeleted two from \\S+control\\.db\\.\n");
    assertThat(keys.run("tailnets", store).out()).startsWith("one\t").hasLineCount(1);
    Path export = Path.of(deleted.out().replaceFirst("(?s)Exported to (\\S+)\\.\n.*", "$1"));
    assertThat(Files.getPosixFilePermissions(export))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    keys.run("import", export, store);
    assertThat(head("two")).isEqualTo(head);
    assertThat(
            keys.run("delete", store, "--tailnet", "one", "--no-export", "--confirm", "--json")
                .json())
        .containsEntry("Deleted", "one")
        .doesNotContainKey("File");
    keys.run("verify", store, "--all");
  }

  @Test
  void aTailnetThatCannotBeExportedIsDeletedOnlyOnRequest() throws Exception {
    sql("update aum_body set encoded = x'a0'");

    Cli.Result refused =
        requireRefused(
            ExitCode.BAD_INPUT,
            "add --no-export",
            "delete",
            store,
            "--tailnet",
            "one",
            "--confirm");
    assertThat(refused.err()).contains("was not deleted");
    keys.run("delete", store, "--tailnet", "one", "--no-export", "--confirm");
    assertThat(keys.run("tailnets", store).out()).isEmpty();
  }

  @Test
  void doctorLooksAtAllTailnetsAndNamesThoseWithProblems() throws Exception {
    begin("three", "ann");
    begin("two", "ann");
    Cli.Result sound = keys.run("doctor", store, "--all");
    assertThat(sound.out()).matches("(ok       \\w+, \\d notes?\n){3}");
    sql(
        "update aum_body set encoded = x'a0' where tailnet ="
            + " (select number from tailnet where name = 'three')");

    Cli.Result all = Cli.run("doctor", store, "--all");

    assertThat(all.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(all.out())
        .contains("ok       one,", "\nPROBLEM  three\nPROBLEM  damaged: ", "\nok       two,")
        .doesNotContain("note     ");
    Cli.Result json = Cli.run("doctor", store, "--all", "--json");
    assertThat(json.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(json.json()).containsEntry("Sound", false);
    assertThat(json.out()).contains("--tailnet one");
    requireRefused(
        ExitCode.USAGE, "--all can be combined", "doctor", store, "--all", "--tailnet", "one");
  }

  @Test
  void aWaitForAnotherThatMakesTheFileIsToldOnce() throws Exception {
    Path made = folder.resolve("made.db");
    Path export = folder.resolve("export");
    Cli.run("export", store, "--tailnet", "one", export);
    Cli.Result result;
    try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + made);
        Statement statement = other.createStatement()) {
      statement.execute("begin immediate");
      CompletableFuture<Cli.Result> imported =
          CompletableFuture.supplyAsync(() -> Cli.run("import", export, "sqlite:" + made));
      Thread.sleep(Waits.NOTICEABLE.plusMillis(700).toMillis());
      statement.execute("rollback");
      result = imported.join();
    }

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.err())
        .isEqualTo("tka: waiting for another program that is writing to " + made + "\n");
  }

  @Test
  void aWaitForAnotherProgramIsToldOnce() throws Exception {
    Cli.Result result;
    try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = other.createStatement()) {
      statement.execute("begin immediate");
      CompletableFuture<Cli.Result> added =
          CompletableFuture.supplyAsync(() -> Cli.run(add("one", keys.publicKey("bob"))));
      Thread.sleep(Waits.NOTICEABLE.plusMillis(700).toMillis());
      statement.execute("rollback");
      result = added.join();
    }

    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.err())
        .isEqualTo("tka: waiting for another program that is writing to " + file + "\n");
  }

  @Test
  void verifyAllNamesTheInvalidTailnets() throws Exception {
    begin("three", "ann");
    begin("two", "ann");
    keys.run(add("two", keys.publicKey("bob")));
    assertThat(keys.run("verify", store, "--all").out())
        .matches(
            """
            one\t1 AUM verified, head \\w+
            three\t1 AUM verified, head \\w+
            two\t2 AUMs verified, head \\w+
            """);
    assertThat(keys.run("verify", store, "--tailnet", "two").out()).contains("2 AUMs");

    sql(
        "update aum_body set encoded = x'a0' where tailnet ="
            + " (select number from tailnet where name = 'three')");

    Cli.Result all = Cli.run("verify", store, "--all");
    assertThat(all.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(all.out())
        .matches(
            """
            one\t1 AUM verified, head \\w+
            three\tWRONG: .*aum_body.*
            two\t2 AUMs verified, head \\w+
            """);
    assertThat(all.err()).isEqualTo("tka: 1 of 3 tailnets invalid, the first is three\n");
    Cli.Result json = Cli.run("verify", store, "--all", "--json");
    assertThat(json.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(json.json()).containsEntry("Sound", false);
    assertThat(Cli.run("tailnets", store).exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(Cli.run("tailnets", store).out()).containsPattern("three\tWRONG: .*aum_body");
    Cli.Result three = Cli.run("verify", store, "--tailnet", "three");
    assertThat(three.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(three.err()).contains("aum_body").hasLineCount(1);
    assertThat(three.out()).contains("head            none", "verified        0 AUMs before");
    Cli.Result doctor = Cli.run("doctor", store, "--tailnet", "three");
    assertThat(doctor.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(doctor.err()).isEmpty();
    assertThat(doctor.out())
        .matches(
            """
            (?s).*PROBLEM  damaged: .*aum_body.*
                     to do: if it is the right file, put a backup back; .*
                     run:   tka restore COPY sqlite:.*
            """);
    requireRefused(
        ExitCode.USAGE, "cannot be combined", "verify", store, "--all", "--tailnet", "one");
  }

  @Test
  void aBackupIsACopyThatOpens() throws Exception {
    begin("two", "ann");
    Path copy = folder.resolve("copy.db");
    // Others have the file open, and write, too.
    try (SqliteFile open = SqliteFile.at(file, Clock.systemUTC())) {
      assertThat(open.tailnet("one").read().entries()).hasSize(1);
      keys.run(add("one", keys.publicKey("bob")));

      assertThat(keys.run("backup", store, copy, "--json").json())
          .containsEntry("Target", copy.toString())
          .containsEntry("Bytes", (int) Files.size(copy));
    }

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)))
        .isEqualTo("rw-------");
    assertThat(keys.run("verify", "sqlite:" + copy, "--all").out())
        .isEqualTo(keys.run("verify", store, "--all").out())
        .contains("2 AUMs");
    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder("control.db", "copy.db", "ann.key", "bob.key");
  }

  @Test
  void aCopyIsRestoredAndWhatNodesMayHaveIsNamed() throws Exception {
    begin("two", "ann");
    Path copy = folder.resolve("copy.db");
    keys.run("backup", store, copy);
    String before = keys.run("tailnets", store).out();
    keys.run(add("one", keys.publicKey("bob")));
    String head = keys.run("status", store, "--tailnet", "one", "--json").json().get("Head") + "";
    requireRefused(ExitCode.USAGE, "add --confirm", "restore", copy, store);

    String out = keys.run("restore", "sqlite:" + copy, store, "--yes").out();
    assertThat(out)
        .startsWith("Restored " + store + " from " + copy + ".\n")
        .contains("The file that was there is kept as " + file + ".replaced-")
        .contains("\tone\thead ")
        .contains(", was " + head + "; 1 AUM missing\n")
        .doesNotContain("\ttwo")
        .containsPattern("tka serve --database " + store + " --restored 2[0-9T:-]+Z; ")
        .endsWith("tka sync DIR " + store + " --tailnet ID --restored\n");
    assertThat(keys.run("tailnets", store).out()).isEqualTo(before);
    assertThat(keys.run("verify", store, "--all").exitCode()).isEqualTo(ExitCode.OK);
  }

  @Test
  void whatEndedSinceTheCopyAndIsBackAndWhatNodesHeldIsNamed() throws Exception {
    begin("two", "ann");
    begin("three", "ann");
    Bytes token = Bytes.copyOf(new byte[32]);
    AumHash elsewhere = AumHash.ofEncoding(Bytes.copyOf(new byte[] {1}));
    try (SqliteFile open = SqliteFile.at(file, Clock.systemUTC())) {
      ControlRecords records = open.records().orElseThrow();
      NodeRecord node = NodeRecord.of(7, Nodes.nodeKey(7));
      records.commit("one", RecordsChange.ofNode(Optional.empty(), Optional.of(node)));
      records.addToken(new NodeToken(token, "one", 7, Instant.now()));
    }
    Path copy = folder.resolve("copy.db");
    keys.run("backup", store, copy);
    AumHash genesis = authority("two").head();
    try (SqliteFile open = SqliteFile.at(file, Clock.systemUTC())) {
      ControlRecords records = open.records().orElseThrow();
      records.removeToken("one", token);
      records.noteSightings(
          "one",
          List.of(
              new NodeSighting(
                  7, Instant.now(), Optional.of(elsewhere), Optional.empty(), "ok", "")));
      records.retire(
          "two",
          records.seen("two").aums(),
          records.tailnet("two"),
          new RetiredAuthority(
              new AuthorityName(genesis, 1, 2),
              DisablementSecret.of(new byte[] {1}),
              Instant.now(),
              ""));
    }
    keys.run("delete", store, "--tailnet", "three", "--confirm", "--export", folder.resolve("x"));

    String out = keys.run("restore", copy, store, "--yes").out();
    assertThat(out)
        .containsPattern("\n\tone\thead \\w+, was \\w+; newer AUMs at 1 node\n")
        .contains("\t\trevoked since, so revoke it again (tka node revoke): token 0000")
        .containsPattern("\n\tthree\thead \\w+; deleted since, so delete it again")
        .containsPattern("\n\ttwo\thead \\w+, was none: the lock was off\n")
        .contains("end it again (tka disable): the lock that began with " + genesis + "\n");
  }

  @Test
  void whatIsNotRestoredHereSaysHowItIs() throws Exception {
    Path copy = folder.resolve("copy.db");
    keys.run("backup", store, copy);
    requireRefused(ExitCode.USAGE, "pg_restore", "restore", copy, "postgresql://user@host/tka");
    requireRefused(ExitCode.USAGE, "'cp -a'", "restore", copy, folder);
    requireRefused(ExitCode.USAGE, "found the store itself", "restore", file, store);
    requireRefused(ExitCode.NOT_FOUND, "no such file", "restore", folder.resolve("no"), store);
    requireRefused(ExitCode.USAGE, "a copy of a file", "restore", "dir:" + folder, store);
  }

  /** The temporary name is longer, so that it is the one that fails. */
  @Test
  void aFileThatCannotBeMadeIsNamedAsItWasGiven() throws Exception {
    String longest = "x".repeat(250);
    Path given = folder.resolve(longest);
    Path copy = folder.resolve("copy.db");
    keys.run("backup", store, copy);
    for (Object[] making :
        List.of(
            new Object[] {"keygen", given},
            new Object[] {"export", store, given},
            new Object[] {"backup", store, given},
            new Object[] {"restore", copy, "sqlite:" + given, "--confirm"},
            new Object[] {"delete", store, "--tailnet", "one", "--confirm", "--export", given})) {
      Cli.Result failed = requireRefused(ExitCode.IO, given + ": ", making);
      assertThat(failed.err()).doesNotContain(".part").doesNotContain(".restoring");
    }
    Path none = folder.resolve("none/x");
    Cli.Result failed =
        requireRefused(ExitCode.NOT_FOUND, none + ": its folder does not exist", "keygen", none);
    assertThat(failed.err()).hasLineCount(1);
  }

  @Test
  void aBackupGoesOverNothing() throws Exception {
    Path taken = Files.writeString(folder.resolve("taken"), "somebody's");
    requireRefused(ExitCode.CONFLICT, "the file already exists", "backup", store, taken);
    requireRefused(ExitCode.CONFLICT, "the file already exists", "backup", store, file);
    requireRefused(ExitCode.CONFLICT, "the file already exists", "backup", store, folder);
    requireRefused(
        ExitCode.NOT_FOUND,
        "its folder does not exist",
        "backup",
        store,
        folder.resolve("none/copy"));
    requireRefused(ExitCode.USAGE, "'cp -a'", "backup", folder, folder.resolve("copy"));
    requireRefused(
        ExitCode.USAGE, "pg_dump", "backup", "postgresql://user@host/tka", folder.resolve("copy"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sqlite:copy.db",
        "SQLite:copy.db",
        "dir:copy",
        "postgresql://u@h/copy",
        "postgres://u:hunter2@h/copy"
      })
  void aStoreUrlInPlaceOfAPathIsRefused(String target) throws Exception {
    String why = "expected a path, found a store URL";
    for (Object[] arguments :
        new Object[][] {
          {"backup", store, target},
          {"export", store, target},
          {"disable", store, folder.resolve("secret"), "--backup", target, "--confirm"},
          {"repair", folder, "--all", "--backup", target, "--confirm"}
        }) {
      assertThat(requireRefused(ExitCode.USAGE, why, arguments).err()).doesNotContain("hunter2");
    }
    requireRefused(
        ExitCode.USAGE, "tka export STORE | tka import - STORE", "import", target, store);
    assertThat(Path.of("sqlite:copy.db")).doesNotExist();
  }

  @Test
  void aFileThatIsNotSoundIsNotBackedUp() throws Exception {
    sql("create table more (x)");
    sql("insert into more select hex(zeroblob(20000))");
    byte[] bytes = Files.readAllBytes(file);
    // The last page is one of the chain that keeps the long row.
    Arrays.fill(bytes, bytes.length - 4096, bytes.length, (byte) 0xff);
    Files.write(file, bytes);

    requireRefused(ExitCode.BAD_INPUT, "not kept", "backup", store, folder.resolve("copy"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"status", "log", "verify", "offer", "doctor", "tailnets", "add", "backup"})
  void aFileThatIsNotAStoreIsRefusedAndLeftAlone(String command) throws Exception {
    requireRefused(ExitCode.NOT_FOUND, "no such file", on(folder.resolve("none"), command));
    requireRefused(
        ExitCode.NOT_FOUND, "empty file", on(Files.createFile(folder.resolve("empty")), command));
    requireRefused(ExitCode.NOT_FOUND, "found a directory", on(folder, command));
    requireRefused(
        ExitCode.BAD_INPUT,
        "not a database",
        on(Files.writeString(folder.resolve("text"), "no database ".repeat(99)), command));
    sql("pragma user_version = 2");
    requireRefused(
        ExitCode.BAD_INPUT,
        "found version 2; it was written by a newer tka: use that version",
        on(file, command));
    sql("pragma application_id = 7");
    requireRefused(ExitCode.BAD_INPUT, "another program's file", on(file, command));
  }

  private Object[] on(Path path, String command) {
    List<Object> arguments = new ArrayList<>(List.of(command, "sqlite:" + path));
    if (command.equals("add")) {
      arguments.addAll(List.of(keys.publicKey("bob"), "--key-file", keys.keyFile("ann")));
    } else if (command.equals("backup")) {
      arguments.add(folder.resolve("copy"));
    }
    return arguments.toArray();
  }

  @Test
  void aRowThatChangedIsNoticed() throws Exception {
    keys.run(add("one", keys.publicKey("bob")));
    sql("update aum set parent = null");

    for (String command : List.of("status", "log", "verify", "offer", "add")) {
      requireRefused(ExitCode.BAD_INPUT, "tailnet", on(file, command));
    }
    assertThat(Cli.run(on(file, "doctor")).out())
        .startsWith("PROBLEM  damaged: ")
        .endsWith("run:   tka restore COPY sqlite:" + file + "\n");
  }

  @Test
  void aPlainPathOfAFileSaysHowToNameIt() throws Exception {
    requireRefused(ExitCode.NOT_FOUND, "sqlite:" + file, "status", file);
    requireRefused(ExitCode.USAGE, "sqlite:" + file, "tailnets", file);
  }
}
