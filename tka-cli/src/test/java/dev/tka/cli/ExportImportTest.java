package dev.tka.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnTime;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumExport;
import dev.tka.store.sql.SqliteFile;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka export} and {@code tka import}. */
class ExportImportTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          "A -> B[add:3*1] -> C[checkpoint] -> D -> E\nC -> X(2)");

  @TempDir Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  private String sqlite(String name) {
    return "sqlite:" + path(name);
  }

  /** A file of SQLite with tailnets of the drawing, each with some of its AUMs. */
  private String control(String name, Map<String, String> tailnets) throws Exception {
    try (Tailnets file = SqliteFile.create(path(name), Clock.systemUTC())) {
      for (Map.Entry<String, String> each : tailnets.entrySet()) {
        commit(file.tailnet(each.getKey()), each.getValue());
      }
    }
    return sqlite(name);
  }

  private void commit(AumStore store, String names) throws Exception {
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list(names).forEach(aum -> commit.add(aum, NOON));
    store.commit(commit.time(OwnTime.beginning(NOON)).build());
  }

  private static byte[] stream(Object... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Cli.Result result = Cli.run(piping(out), arguments);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).isEmpty();
    return out.toByteArray();
  }

  private static Tka piping(OutputStream out) {
    return new Tka(new ByteArrayInputStream(new byte[0]), out, false, new SecureRandom());
  }

  private static void assertFails(int exitCode, String message, Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.err()).contains(message);
    assertThat(Tailnet.withoutAdvice(result.err())).hasLineCount(1);
    assertThat(result.out()).isEmpty();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aTailnetGoesFromADirectoryToSqliteAndBack() throws Exception {
    Tailnet tailnet = Tailnet.of(Files.createDirectory(path("home")), "ann", "bob");
    tailnet.edit("add", "ann", tailnet.newKey("carol"));
    Object head = Cli.run("status", tailnet.directory(), "--json").json().get("Head");

    Cli.Result exported = Cli.run("export", tailnet.directory(), path("node.tka"));
    Cli.Result imported =
        Cli.run("import", path("node.tka"), sqlite("a.db"), "--tailnet", "example.com");
    Cli.Result back = Cli.run("export", sqlite("a.db"), path("a.tka"), "--json");
    Cli.Result again = Cli.run("import", path("a.tka"), path("node"), "--json");

    assertThat(exported.out())
        .isEqualTo("exported 2 AUMs, head " + head + ", to " + path("node.tka") + "\n");
    assertThat(imported.out())
        .isEqualTo(
            "example.com: imported 2 AUMs, all verified, head "
                + head
                + ", to "
                + sqlite("a.db")
                + "\n");
    assertThat(only(back)).containsEntry("Name", "example.com").containsEntry("Head", head);
    assertThat(only(again)).containsEntry("Name", "").containsEntry("OwnAums", 1);
    assertThat(exported.err() + imported.err() + back.err() + again.err()).isEmpty();
    for (Object store : List.of(sqlite("a.db"), path("node"))) {
      assertThat(Cli.run("verify", store).exitCode()).isEqualTo(ExitCode.OK);
      assertThat(Cli.run("status", store, "--json").json()).containsEntry("Head", head);
    }
    assertThat(stream("export", path("node"))).isEqualTo(Files.readAllBytes(path("node.tka")));
    assertThat(stream("export", sqlite("a.db"), "-")).isEqualTo(Files.readAllBytes(path("a.tka")));
    assertThat(Files.getPosixFilePermissions(path("a.tka")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  private static Map<String, Object> only(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    List<?> tailnets = (List<?>) result.json().get("Tailnets");
    assertThat(tailnets).hasSize(1);
    Map<String, Object> only = new LinkedHashMap<>();
    ((Map<?, ?>) tailnets.get(0)).forEach((name, value) -> only.put(name.toString(), value));
    return only;
  }

  @Test
  void aWholeStoreGoesThroughAPipeOfProcesses() throws Exception {
    String from = control("a.db", Map.of("one", "A", "two", "A B C D E X", "three", "A B"));
    try (Tailnets file = SqliteFile.at(path("a.db"), Clock.systemUTC())) {
      // One that ended has nothing to export.
      commit(file.tailnet("ended"), "A");
      file.tailnet("ended").wipe();
    }
    List<String> call = Cli.process();
    List<String> export = new ArrayList<>(call);
    export.addAll(List.of("export", "--all", from));
    List<String> take = new ArrayList<>(call);
    take.addAll(List.of("import", "-", sqlite("b.db")));
    List<Process> pipe =
        ProcessBuilder.startPipeline(
            List.of(
                new ProcessBuilder(export).redirectError(path("export.err").toFile()),
                new ProcessBuilder(take).redirectError(path("import.err").toFile())));
    String out = new String(pipe.get(1).getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(pipe.get(0).waitFor()).isZero();
    assertThat(pipe.get(1).waitFor()).as(Files.readString(path("import.err"))).isZero();
    assertThat(out.lines().map(line -> line.replaceAll(", all.*", "")))
        .containsExactly("one: imported 1 AUM", "three: imported 2 AUMs", "two: imported 6 AUMs");
    assertThat(stream("export", "--all", sqlite("b.db")))
        .isEqualTo(stream("export", "--all", from));
    assertThat(Files.readString(path("export.err"))).isEmpty();
  }

  @Test
  void aTruncatedOrAlteredExportLeavesTheTargetUnchanged() throws Exception {
    String several = control("a.db", Map.of("one", "A B", "two", "A B C D E X"));
    byte[] one = stream("export", several, "--tailnet", "one");
    byte[] all = stream("export", "--all", several);
    int firstOfAll = one.length;
    List<String> before = files();
    byte[] altered = all.clone();
    // The last byte of an AUM, which is in its signature.
    Bytes last = chains.get("E").encoded();
    int body = new String(all, ISO_8859_1).lastIndexOf(new String(last.toByteArray(), ISO_8859_1));
    altered[body + last.size() - 1] ^= 1;
    for (byte[] wrong :
        List.of(
            new byte[0],
            Arrays.copyOf(one, 10),
            Arrays.copyOf(one, one.length - 1),
            // Between two tailnets, and within the second.
            Arrays.copyOf(all, firstOfAll),
            Arrays.copyOf(all, all.length - 100),
            altered)) {
      Path file = Files.write(path("wrong.tka"), wrong);
      assertFails(
          ExitCode.BAD_INPUT,
          "tka: " + file + ": export: ",
          Cli.run("import", file, sqlite("b.db")));
      assertFails(
          ExitCode.BAD_INPUT,
          "tka: standard input: export: ",
          Cli.runWithInput(wrong, "import", "-", sqlite("b.db")));
      Files.delete(file);
      assertThat(files()).isEqualTo(before);
    }
    assertFails(
        ExitCode.BAD_INPUT,
        "it was altered: expected checksum",
        Cli.runWithInput(altered, "import", "-", sqlite("b.db")));
    assertFails(
        ExitCode.BAD_INPUT,
        "expected an export of 'tka export'",
        Cli.runWithInput("no export".repeat(99).getBytes(UTF_8), "import", "-", sqlite("b.db")));
    assertFails(
        ExitCode.NOT_FOUND,
        folder + ": expected an export of 'tka export', found a directory",
        Cli.run("import", folder, sqlite("b.db")));
    assertFails(
        ExitCode.BAD_INPUT,
        "expected version 2 or older, found version 3; it was written by a newer tka: use that"
            + " version",
        Cli.runWithInput(newer(one), "import", "-", path("node")));
    assertThat(files()).isEqualTo(before);
  }

  private static byte[] newer(byte[] export) {
    byte[] newer = export.clone();
    // After the head of the array, and the text with its head.
    newer[1 + 1 + "tka export".length()] = 3;
    return newer;
  }

  @Test
  void anAumThatDoesNotVerifyIsNotAnAlteredFile() throws Exception {
    List<Aum> aums = new ArrayList<>(chains.list("A B"));
    aums.add(TestKeys.signBadly(Chains.noOp(chains.get("B"), "forged"), 1));
    ByteArrayOutputStream forged = new ByteArrayOutputStream();
    AumExport.write(TestStores.holding(aums).read(), "x", 0, forged, (done, of) -> {});

    assertFails(
        ExitCode.VERIFICATION_FAILED,
        aums.get(2).hash().toString(),
        Cli.runWithInput(forged.toByteArray(), "import", "-", sqlite("b.db")));
    assertThat(files()).isEmpty();
  }

  @Test
  void nothingIsOverwritten() throws Exception {
    String from = control("a.db", Map.of("one", "A B", "two", "A B C"));
    Path file = Files.writeString(path("there.tka"), "mine");
    assertFails(
        ExitCode.CONFLICT,
        "the file already exists",
        Cli.run("export", from, file, "--tailnet", "one"));
    assertThat(file).hasContent("mine");

    // The second of two is another there: it stays, and the first is taken in.
    String to = control("b.db", Map.of("two", "A"));
    byte[] all = stream("export", "--all", from);
    Cli.Result both = Cli.runWithInput(all, "import", "-", to);
    assertThat(both.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(both.err())
        .startsWith(
            "tka: two: not imported: the export is newer: it has 2 AUMs that what is there lacks\n");
    assertThat(both.out()).startsWith("one: imported 2 AUMs").hasLineCount(1);
    assertThat(Cli.run("tailnets", to).out())
        .matches("one\t2 AUMs\thead .*\ntwo\t1 AUM\thead .*\n");
    assertFails(
        ExitCode.CONFLICT,
        "tailnet two already exists",
        Cli.runWithInput(stream("export", from, "--tailnet", "two"), "import", "-", to));

    Tailnet home = Tailnet.of(Files.createDirectory(path("home")), "ann");
    byte[] one = stream("export", from, "--tailnet", "one");
    assertFails(
        ExitCode.CONFLICT,
        "a tailnet already exists",
        Cli.runWithInput(one, "import", "-", home.directory()));
    assertThat(Cli.runWithInput(one, "import", "-", to, "--tailnet", "another").exitCode())
        .isEqualTo(ExitCode.OK);
  }

  @Test
  void anImportThatWasInterruptedGoesOnWhenItIsRunAgain() throws Exception {
    String from = control("a.db", Map.of("one", "A B", "two", "A B C", "three", "A"));
    byte[] all = stream("export", "--all", from);
    byte[] one = stream("export", from, "--tailnet", "one");
    String to = sqlite("b.db");
    assertThat(Cli.runWithInput(one, "import", "-", to).exitCode()).isEqualTo(ExitCode.OK);

    Cli.Result rest = Cli.runWithInput(all, "import", "-", to);

    assertThat(rest.exitCode()).as(rest.err()).isEqualTo(ExitCode.OK);
    assertThat(rest.out())
        .startsWith("one: there already with the same AUMs, left as it is\nthree: imported 1 AUM")
        .contains("\ntwo: imported 3 AUMs")
        .hasLineCount(3);
    assertThat(stream("export", "--all", to)).isEqualTo(all);
    Cli.Result again = Cli.runWithInput(all, "import", "-", to, "--json");
    assertThat(again.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(again.json())
        .containsEntry("Tailnets", List.of())
        .containsEntry("Skipped", List.of("one", "three", "two"));
    Cli.Result single = Cli.runWithInput(one, "import", "-", to);
    assertThat(single.out()).isEqualTo("one: there already with the same AUMs, left as it is\n");
  }

  @Test
  void aNameThatNoNewTailnetMayHaveIsNotImported() throws Exception {
    try (Tailnets file = SqliteFile.create(path("a.db"), Clock.systemUTC())) {
      commit(file.tailnet("one"), "A B");
      for (String name : List.of("a/b", " a", "a\u202eb", "\u001b[31m")) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AumExport.write(file.tailnet("one").read(), name, 0, out, (done, of) -> {});

        assertFails(
            ExitCode.USAGE,
            "in the name of a new tailnet, found ",
            Cli.runWithInput(out.toByteArray(), "import", "-", sqlite("b.db")));
        assertThat(path("b.db")).doesNotExist();
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      AumExport.write(file.tailnet("one").read(), "..", 1, out, (done, of) -> {});
      AumExport.write(file.tailnet("one").read(), "two", 0, out, (done, of) -> {});
      Cli.Result several = Cli.runWithInput(out.toByteArray(), "import", "-", sqlite("b.db"));
      assertThat(several.exitCode()).isEqualTo(ExitCode.CONFLICT);
      assertThat(several.out()).startsWith("two: imported 2 AUMs").hasLineCount(1);
      assertThat(several.err()).startsWith("tka: ..: not imported: expected ").hasLineCount(1);
    }
  }

  @Test
  void invalidUsageIsReported() throws Exception {
    String from = control("a.db", Map.of("one", "A", "two", "A"));
    byte[] all = stream("export", "--all", from);
    commitInto("node", "A B");
    byte[] unnamed = stream("export", path("node"));
    List<String> before = files();
    int usage = ExitCode.USAGE;
    assertFails(usage, "cannot be combined", Cli.run("export", from, "--all", "--tailnet", "one"));
    assertFails(usage, "name one: one, two", Cli.run("export", from));
    assertFails(usage, "holds one tailnet", Cli.run("export", path("node"), "--all"));
    assertFails(usage, "--json needs", Cli.run("export", path("node"), "--json"));
    assertFails(usage, "found a terminal", Cli.runAnswering("", "export", path("node")));
    assertFails(
        usage,
        "does not name its tailnet",
        Cli.runWithInput(unnamed, "import", "-", sqlite("b.db")));
    assertFails(
        usage,
        "has no name",
        Cli.runWithInput(unnamed, "import", "-", path("other"), "--tailnet", "x"));
    assertFails(usage, "has several", Cli.runWithInput(all, "import", "-", path("other")));
    assertFails(
        usage,
        "found several",
        Cli.runWithInput(all, "import", "-", sqlite("b.db"), "--tailnet", "x"));
    assertFails(
        ExitCode.NOT_FOUND, "no such file", Cli.run("import", path("none.tka"), sqlite("b.db")));
    assertFails(
        ExitCode.NOT_FOUND,
        path("no/a.tka") + ": its folder does not exist",
        Cli.run("export", path("node"), path("no/a.tka")));
    Files.createDirectory(path("empty"));
    assertFails(
        ExitCode.NOT_FOUND,
        path("empty") + ": the store holds no AUM",
        Cli.run("export", path("empty"), path("x.tka")));
    Files.delete(path("empty"));
    assertThat(files()).isEqualTo(before);
  }

  private void commitInto(String directory, String names) throws Exception {
    MemoryAumStore store = new MemoryAumStore();
    commit(store, names);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AumExport.write(store.read(), "", 0, out, (done, of) -> {});
    assertThat(Cli.runWithInput(out.toByteArray(), "import", "-", path(directory)).exitCode())
        .isEqualTo(ExitCode.OK);
  }

  @Test
  void outputThatCannotBeWrittenIsReportedForExports() throws Exception {
    String from = control("a.db", Map.of("one", "A"));
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int next) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    assertFails(
        ExitCode.IO,
        "tka: standard output: No space left on device\n",
        Cli.run(piping(full), "export", from));
  }

  @Test
  void aBarIsShownOnlyOnATerminal() throws Exception {
    String from = control("a.db", Map.of("one", "A B", "two", "A B C D E X"));
    Object[][] commands = {
      {"export", from, "--all", path("a.tka")},
      {"import", path("a.tka"), sqlite("b.db")},
      {"backup", from, path("copy.db")},
      {"verify", from, "--all"}
    };
    for (Object[] command : commands) {
      assertThat(Cli.run(command).err()).isEmpty();
    }
    Files.delete(path("a.tka"));
    Files.delete(path("b.db"));
    Files.delete(path("copy.db"));
    System.setProperty("tka.stderr.terminal", "true");
    try {
      for (Object[] command : commands) {
        Cli.Result result = Cli.run(command);
        assertThat(result.err()).contains("ing ", "[", "] ", " %").endsWith("\r\u001b[K");
        assertThat(result.out()).isNotEmpty().doesNotContain("\u001b");
      }
    } finally {
      System.clearProperty("tka.stderr.terminal");
    }
  }

  @Test
  void aTrailThatADirectoryCannotKeepIsNoted() throws Exception {
    MemoryAumStore store = new MemoryAumStore();
    commit(store, "A B C D E X");
    Authority whole = Authority.open(store);
    store.commit(
        Commit.on(store.read().revision())
            .purge(List.of(chains.get("A").hash(), chains.get("B").hash()))
            .trail(whole.entriesBefore(chains.get("C").hash()))
            .lastActiveAncestor(chains.get("C").hash())
            .build());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    AumExport.write(store.read(), "x", 0, out, (done, of) -> {});

    Cli.Result directory =
        Cli.runWithInput(out.toByteArray(), "import", "-", path("node"), "--json");
    Cli.Result sqlite =
        Cli.runWithInput(out.toByteArray(), "import", "-", sqlite("a.db"), "--json");

    assertThat(directory.err())
        .startsWith("tka: note: ")
        .contains("of 2 purged AUMs is not imported");
    assertThat(only(directory))
        .containsEntry("TrailEntries", 2)
        .containsEntry("TrailEntriesKept", 0);
    assertThat(sqlite.err()).isEmpty();
    assertThat(only(sqlite)).containsEntry("TrailEntriesKept", 2);
  }
}
