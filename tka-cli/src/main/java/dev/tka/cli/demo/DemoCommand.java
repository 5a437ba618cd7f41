package dev.tka.cli.demo;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ChainGraph;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.conformance.TemporaryFiles;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AumVerifier;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.sql.SqliteFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka demo}: the main job, on real data that comes with the command. */
@Command(
    name = "demo",
    description = {
      "Shows the main job on real data.",
      "Decodes and verifies a real authority's genesis, opens a real node's directory, and"
          + " resolves a forked chain: all of this golden data comes with the command. Then"
          + " creates an authority in a temporary SQLite file, edits it, forks it and recovers it"
          + " from a thief, and lets a node of another tailnet in that file catch up after a long"
          + " absence. At the end a server runs, two nodes log in over HTTP, and a change is"
          + " pushed."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  tka demo"})
public final class DemoCommand implements Callable<Integer> {
  private static final String RESOURCE = "demo.jsonl";
  private static final int GRAPH_LINES = 24;

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    Map<String, Map<String, Object>> data = load();
    showGenesis(require(data, "real-genesis-2025-11-07"), out);
    showDirectory(require(data, "after revocation"), out);
    showFork(require(data, "open-nested-forks"), out);
    Path folder = Files.createTempDirectory("tka-demo");
    try (SqliteFile control = SqliteFile.create(folder.resolve("control.db"), Clock.systemUTC())) {
      new AuthorityDemo(folder, control, tka.random(), out).run();
      new SyncDemo(folder, control, tka.random(), out).run();
      new ServerDemo(folder, tka.random(), out).run();
    } finally {
      TemporaryFiles.delete(folder);
    }
    return ExitCode.OK;
  }

  private void showGenesis(Map<String, Object> golden, PrintWriter out)
      throws TkaException, CommandFailure {
    title(out, "1. A real authority's genesis, from bytes to trust");
    Aum genesis = Aum.decode(Bytes.parseHex(text(golden, "cbor")).toByteArray());
    State state = new AumVerifier().verifyBootstrap(genesis);
    out.println("decoded   " + genesis.encoded().size() + " bytes of canonical CBOR");
    out.println("hash      " + genesis.hash());
    requireEqual("hash", text(golden, "hash"), genesis.hash().toString());
    out.println(
        "verified  "
            + Texts.count(genesis.signatures().size(), "signature")
            + " against its own state, by "
            + SignatureVerifier.fastest().path());
    out.println("trusts    " + Texts.count(state.keys().size(), "key"));
    state
        .keys()
        .forEach(
            key -> out.println("          " + Texts.keyId(key.id()) + "  votes " + key.votes()));
  }

  private void showDirectory(Map<String, Object> golden, PrintWriter out)
      throws TkaException, IOException, CommandFailure {
    title(out, "2. A real node's directory, after a key was revoked retroactively");
    Path directory = Files.createTempDirectory("tka-demo");
    try {
      for (Map.Entry<?, ?> file : ((Map<?, ?>) field(golden, "files")).entrySet()) {
        Path path = TemporaryFiles.inside(directory, (String) file.getKey()).orElseThrow();
        Files.createDirectories(Objects.requireNonNull(path.getParent()));
        Files.write(path, Bytes.parseHex((String) file.getValue()).toByteArray());
      }
      Authority authority = Authority.open(NodeDirectory.at(directory));
      requireEqual("head", text(golden, "head"), authority.head().toString());
      show(authority, out);
    } finally {
      TemporaryFiles.delete(directory);
    }
  }

  private void showFork(Map<String, Object> golden, PrintWriter out)
      throws TkaException, CommandFailure {
    title(out, "3. Forks in forks: everyone who has these AUMs picks the same head");
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    for (Object encoded : (List<?>) field((Map<?, ?>) field(golden, "store"), "aums")) {
      commit.add(
          Aum.decode(Bytes.parseHex((String) encoded).toByteArray()), Limits.EARLIEST_COMMIT);
    }
    Authority authority = Authority.open(store.commit(commit.build()));
    requireEqual("head", text(golden, "head"), authority.head().toString());
    show(authority, out);
  }

  /** Verifies a whole authority, and draws it. */
  static void show(Authority authority, PrintWriter out) throws TkaException, CommandFailure {
    AumSnapshot snapshot = authority.snapshot();
    ChainAudit audit = ChainAudit.of(authority.snapshot());
    if (audit.problem().isPresent()) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED, "the demo's data: " + audit.problem().get().cause());
    }
    AumHash head = authority.head();
    out.println(
        "stored    "
            + Texts.count(snapshot.entries().size(), "AUM")
            + ", "
            + authority.length()
            + " on the active chain, every signature verified");
    out.println("head      " + head);
    out.println("trusts    " + Texts.count(authority.state().keys().size(), "key"));
    out.println();
    new ChainGraph(authority, Ansi.AUTO).print(out, GRAPH_LINES);
  }

  static void title(PrintWriter out, String title) {
    out.println();
    out.println(Ansi.AUTO.string("@|bold " + title + "|@"));
    out.println();
  }

  private static Map<String, Map<String, Object>> load() throws IOException {
    Map<String, Map<String, Object>> byName = new HashMap<>();
    try (InputStream in = Objects.requireNonNull(DemoCommand.class.getResourceAsStream(RESOURCE));
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        Map<String, Object> golden = JSON.std.mapFrom(line);
        byName.put(String.valueOf(golden.get("name")), golden);
      }
    }
    return byName;
  }

  private static Map<String, Object> require(Map<String, Map<String, Object>> data, String name) {
    return Objects.requireNonNull(data.get(name), name);
  }

  private static Object field(Map<?, ?> golden, String name) {
    return Objects.requireNonNull(golden.get(name), name);
  }

  private static String text(Map<?, ?> golden, String name) {
    return field(golden, name).toString();
  }

  static void requireEqual(String what, String expected, String found) throws CommandFailure {
    if (!expected.equals(found)) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "the demo's " + what + ": expected " + expected + ", found " + found);
    }
  }
}
