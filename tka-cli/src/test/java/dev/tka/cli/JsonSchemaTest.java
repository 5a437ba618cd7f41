package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.client.testkit.FakeDaemon;
import dev.tka.client.testkit.FakeServer;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Aum;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.Commit;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.records.Fence;
import dev.tka.testkit.Chains;
import dev.tka.testkit.GoldenData;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import java.io.BufferedReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The names and types of everything that {@code --json} prints, and the words where a field has few
 * of them, held against {@code json-schema.txt}: a line or a word that goes away or changes there
 * breaks somebody's script, and wants a new SchemaVersion.
 */
class JsonSchemaTest {
  private static final List<Vocabulary> VOCABULARIES = Vocabulary.all();

  @TempDir Path folder;

  @Test
  void everyNameAndTypeIsWrittenDown() throws Exception {
    SortedSet<String> paths = new TreeSet<>();
    Path directory =
        Cli.materialize(
            Cli.golden("recorded/nodedirs").stream()
                .filter(dir -> "compacted".equals(dir.get("name")))
                .findFirst()
                .orElseThrow(),
            folder.resolve("node"));
    Path damaged =
        Cli.materialize(Cli.golden("chonk", "chonk-truncated-head"), folder.resolve("damaged"));
    Path broken =
        DirectoryOfAums.write(
            Cli.golden("open", "open-stored-add-of-present-key"), folder.resolve("broken"));
    Path golden = Files.createDirectories(folder.resolve("golden"));
    Files.write(golden.resolve("text.jsonl"), List.of(GoldenData.lines("text").get(0), "{}"));
    Files.writeString(golden.resolve("unknown.jsonl"), "{}\n");
    collect("status", Cli.run("status", directory, "--json").json(), paths);
    collect("status", Cli.run("status", damaged, "--json").json(), paths);
    collect("log", Cli.run("log", directory, "--json").json(), paths);
    collect("verify", Cli.run("verify", directory, "--json").json(), paths);
    collect("verify", Cli.run("verify", damaged, "--json").json(), paths);
    collect("verify", Cli.run("verify", broken, "--json").json(), paths);
    Object[] witnessed = {
      "verify",
      directory,
      "--witness",
      policy(folder),
      "--witness-log",
      "unix:" + folder.resolve("nobody"),
      "--tailnet",
      "example.com",
      "--json"
    };
    collect("verify", Cli.run(witnessed).json(), paths);
    collectCompactions(paths);
    collect(
        "export", Cli.run("export", directory, folder.resolve("a.tka"), "--json").json(), paths);
    collect(
        "import",
        Cli.run("import", folder.resolve("a.tka"), folder.resolve("imported"), "--json").json(),
        paths);
    collect("conformance", Cli.run("conformance", golden, "--json").json(), paths);
    for (String name :
        List.of("update-key-both-signed", "real-genesis-2025-11-07", "key-votes-4097")) {
      collect("inspect", inspect("aum", name), paths);
    }
    collect("inspect", inspect("nks", "rotation-with-own-wrapping"), paths);

    collectEdits(paths);
    collectRewrites(paths);
    collectRepairs(paths);
    collectAuthKeysAndLinks(paths);
    collectNodeKeys(paths);
    collectKeyLosses(paths);
    collectStores(paths);
    collectAlarms(paths);
    collectServed(paths);
    collectNodeAgent(paths);
    collectDaemon(paths);

    List<String> expected =
        new String(
                JsonSchemaTest.class.getResourceAsStream("json-schema.txt").readAllBytes(),
                StandardCharsets.UTF_8)
            .lines()
            .toList();
    if (Boolean.getBoolean("tka.record")) {
      Files.write(Path.of("src/test/resources/dev/tka/cli/json-schema.txt"), paths);
      return;
    }
    assertThat(paths).containsExactlyElementsOf(expected);
  }

  private void collectDaemon(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("daemon"));
    try (Daemon daemon = Daemon.on(home)) {
      collect("status", daemon.run("status", "--json").json(), paths);
      collect("add", daemon.run("add", TestKeys.publicKey(5), "--json").json(), paths);
      collect("sign", daemon.run("sign", "phone", "--json").json(), paths);
      daemon.fake().instead("sign", FakeDaemon.error(500, "signing failed: out of paper"));
      collect("sign", daemon.run("sign", "phone", "--json").json(), paths);
      daemon.fake().instead("sign", out -> false);
      collect("remove", daemon.run("remove", TestKeys.publicKey(2), "--json").json(), paths);
    }
  }

  /** In a tailnet that asks votes: one proposal that is made, one that is withdrawn, one open. */
  private static void collectProposals(Tailnet keys, String store, String ann, Set<String> paths)
      throws Exception {
    List<String> two = List.of("--tailnet", "two", "--json");
    collect(
        "threshold",
        Cli.run("threshold", store, "add-key=1", "disable=1", two.get(0), two.get(1), two.get(2))
            .json(),
        paths);
    List<String> ids = new ArrayList<>();
    for (String name : List.of("xavier", "yves", "zoe")) {
      Map<String, Object> proposed =
          Cli.run("propose", store, "--add", keys.newKey(name), two.get(0), two.get(1), two.get(2))
              .json();
      collect("propose", proposed, paths);
      ids.add(String.valueOf(proposed.get("ID")));
    }
    keys.run("proposals", store, "--tailnet", "two", "--withdraw", ids.get(0));
    collect(
        "approve",
        Cli.run(
                "approve",
                store,
                ids.get(1),
                "--key-file",
                keys.keyFile("ann"),
                "--confirm",
                two.get(0),
                two.get(1),
                two.get(2))
            .json(),
        paths);
    collect(
        "proposals", Cli.run("proposals", store, two.get(0), two.get(1), two.get(2)).json(), paths);
    assertThat(ann).startsWith("tlpub:");
  }

  private void collectStores(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("stores"));
    Tailnet keys = Tailnet.in(home);
    String ann = keys.newKey("ann");
    String store = "sqlite:" + home.resolve("control.db");
    for (String name : List.of("one", "two")) {
      keys.begin(store, name, "ann");
    }
    collect("tailnets", Cli.run("tailnets", store, "--json").json(), paths);
    collect("verify", Cli.run("verify", store, "--all", "--json").json(), paths);
    collect("doctor", Cli.run("doctor", store, "--all", "--json").json(), paths);
    Path one = home.resolve("one.tka");
    collect(
        "delete",
        Cli.run("delete", store, "--tailnet", "one", "--export", one, "--confirm", "--json").json(),
        paths);
    keys.run("import", one, store);
    collectProposals(keys, store, ann, paths);
    keys.run("restored", store, "--tailnet", "one");
    collect("status", Cli.run("status", store, "--tailnet", "one", "--json").json(), paths);
    collect("doctor", Cli.run("doctor", store, "--tailnet", "one", "--json").json(), paths);
    Path all = home.resolve("all.tka");
    keys.run("export", store, "--all", all);
    collect("import", Cli.run("import", all, store, "--json").json(), paths);
    keys.run(
        "add", store, "--tailnet", "two", keys.newKey("bob"), "--key-file", keys.keyFile("ann"));
    collect("import", Cli.run("import", all, store, "--json").json(), paths);
    collect("backup", Cli.run("backup", store, home.resolve("copy"), "--json").json(), paths);
    keys.run(
        "add", store, "--tailnet", "two", keys.newKey("carol"), "--key-file", keys.keyFile("ann"));
    String other = "sqlite:" + home.resolve("other.db");
    collect("mirror", Cli.run("mirror", store, other, "--all", "--once", "--json").json(), paths);
    collect("move", Cli.run("move", store, other, "--all", "--plan", "--json").json(), paths);
    collect("move", Cli.run("move", store, other, "--all", "--json").json(), paths);
    collect("tailnets", Cli.run("tailnets", store, "--json").json(), paths);
    keys.run("move", other, store, "--all");
    FencedStoreTest.fence(home.resolve("control.db"), "one", FencedStoreTest.MOVED);
    collect(
        "restore",
        Cli.run("restore", home.resolve("copy"), store, "--yes", "--json").json(),
        paths);
    try (Connection connection = DriverManager.getConnection("jdbc:" + store);
        Statement statement = connection.createStatement()) {
      statement.execute("update aum set kind = kind + 1 where tailnet = 2");
    }
    collect("tailnets", Cli.run("tailnets", store, "--json").json(), paths);
    collect("verify", Cli.run("verify", store, "--all", "--json").json(), paths);
  }

  private void collectServed(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("served"));
    try (ServedTailnet server = ServedTailnet.of(home, Tailnet.of(home, "ann"))) {
      collect("tailnets", Cli.run("tailnets", server.url(), "--json").json(), paths);
      Object[] at = {server.url(), "--tailnet", ServedTailnet.NAME, "--json"};
      for (String verb : List.of("fleet", "doctor", "peers")) {
        collect(verb, Cli.run(verb, at[0], at[1], at[2], at[3]).json(), paths);
      }
      server.put(
          "",
          out ->
              FakeServer.lines(
                  out,
                  "{\"tailnet\":\""
                      + ServedTailnet.NAME
                      + "\",\"lock\":\"on\",\"length\":1,\"keys\":1,\"nodes\":2,\"restored\":\"2026-01-02T03:04:05Z\"}"));
      collect("fleet", Cli.run("fleet", at[0], at[1], at[2], at[3]).json(), paths);
      collect("node tokens", Cli.run("node", "tokens", at[0], at[1], at[2], at[3]).json(), paths);
    }
    collectMoved(paths);
  }

  private void collectMoved(Set<String> paths) throws Exception {
    Tailnets place = new MemoryTailnets();
    place
        .records()
        .orElseThrow()
        .fence(
            "moved.example.com",
            Fence.NONE,
            Fence.NONE.next(
                "0123456789abcdef",
                new Fence.Standing.Moved(
                    "elsewhere", Optional.of(URI.create("https://new.example")), Instant.EPOCH)));
    Listener.Address.Unix socket =
        new Listener.Address.Unix(folder.resolve("moved").resolve("operator.sock"));
    try (ControlService service =
            ControlService.over(place, ControlSettings.DEFAULTS, Clock.systemUTC());
        ControlServer server =
            ControlServer.start(
                new ControlServer.Parts(service, place, line -> {}, 10),
                ServerSettings.of(Listener.of(Role.OPERATOR, socket)))) {
      String url = server.address(Role.OPERATOR).orElseThrow().toString();
      collect("tailnets", Cli.run("tailnets", url, "--json").json(), paths);
    }
  }

  private static Path policy(Path folder) throws Exception {
    SecureRandom random = new SecureRandom();
    return Files.write(
        folder.resolve("policy"),
        List.of(
            "log " + SignerKey.generate("log", VerifierKey.Kind.NOTE, random).verifier(),
            "witness w " + SignerKey.generate("w", VerifierKey.Kind.COSIGNATURE, random).verifier(),
            "quorum w"));
  }

  private void collectNodeAgent(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("agent"));
    Path node = home.resolve("node");
    try (NodeControl control = new NodeControl(home)) {
      Object[] run = {
        "node",
        "run",
        node,
        control.url(),
        "--token-file",
        control.tokenFile,
        "--node-key",
        NodeControl.nodeKey(NodeControl.SELF),
        "--witness",
        policy(home),
        "--json"
      };
      Process process = new ProcessBuilder(Cli.process(run)).start();
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        for (int i = 0; i < 4; i++) {
          collect("node run", Cli.parse(lines.readLine()), paths);
        }
      } finally {
        process.destroyForcibly().waitFor();
      }
      run[1] = "once";
      collect("node once", Cli.run(run).json(), paths);
    }
    for (String verb : List.of("peers", "status")) {
      collect("node " + verb, Cli.run("node", verb, node, "--json").json(), paths);
    }
    Files.writeString(node.resolve("tka-lock-note"), "damaged");
    collect("node status", Cli.run("node", "status", node, "--json").json(), paths);
  }

  private void collectAlarms(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("alarms"));
    Tailnet tailnet = Tailnet.in(home);
    WeakKeysTest.beginTrusting(tailnet, WeakKeys.IDENTITY);
    Path directory = tailnet.directory();
    Path peers = WeakKeysTest.weakPeers(home);
    collect("verify", Cli.run("verify", directory, "--json").json(), paths);
    collect("peers", Cli.run("peers", directory, peers, "--json").json(), paths);
    collect(
        "explain",
        Cli.run("explain", directory, NodeKeySignatures.nodeKey(1), "--peers", peers, "--json")
            .json(),
        paths);
    String store = "sqlite:" + home.resolve("control.db");
    tailnet.run("export", directory, home.resolve("export"));
    tailnet.run("import", home.resolve("export"), store, "--tailnet", "one");
    collect("verify", Cli.run("verify", store, "--all", "--json").json(), paths);
  }

  private void collectCompactions(Set<String> paths) throws Exception {
    Path old = compactable("old", Instant.EPOCH.plusSeconds(1));
    Path odd = compactable("odd", Instant.now());
    collect("compact", Cli.run("compact", old, "--plan", "--json").json(), paths);
    for (Path directory : List.of(old, odd)) {
      collect(
          "compact",
          Cli.run("compact", directory, "--plan", "--json", "--min-chain", "1").json(),
          paths);
    }
  }

  /** Three old AUMs, but for the genesis, which came in when it is told. */
  private Path compactable(String name, Instant genesisCommittedAt) throws Exception {
    Path directory = Files.createDirectory(folder.resolve(name));
    NodeDirectory store = NodeDirectory.at(directory);
    List<Aum> aums = Chains.draw(List.of(TestKeys.key(1, 1)), "A -> B[checkpoint] -> C").all();
    Commit.Builder commit = Commit.on(store.read().revision()).add(aums.get(0), genesisCommittedAt);
    aums.subList(1, aums.size()).forEach(aum -> commit.add(aum, Instant.EPOCH.plusSeconds(1)));
    store.commit(commit.build());
    return directory;
  }

  private void collectEdits(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("edits"));
    Tailnet tailnet = Tailnet.in(home);
    String ann = tailnet.newKey("ann");
    String bob = tailnet.newKey("bob");
    collect("keygen", Cli.run("keygen", home.resolve("new.key"), "--json").json(), paths);
    collect(
        "pubkey", Cli.run("pubkey", "--key-file", home.resolve("new.key"), "--json").json(), paths);
    collect("init", tailnet.edit("init", "ann", "--confirm", ann, bob, "--json").json(), paths);
    collect(
        "init",
        Cli.run("init", home.resolve("no"), "--key-file", tailnet.keyFile("ann"), ann, "--json")
            .json(),
        paths);
    String carol = tailnet.newKey("carol");
    collect("add", tailnet.edit("add", "ann", carol, "--json").json(), paths);
    collect("update", tailnet.edit("update", "ann", carol + "?2", "--json").json(), paths);
    Map<String, Object> first = tailnet.edit("revoke-keys", "ann", carol, "--json").json();
    Object update = first.get("Recovery");
    collect("revoke-keys", first, paths);
    Map<String, Object> second =
        tailnet.edit("revoke-keys", "bob", "--cosign", update, "--json").json();
    collect("revoke-keys", second, paths);
    Object signed = second.get("Recovery");
    collect(
        "remove", tailnet.edit("remove", "ann", carol, "--re-sign=false", "--json").json(), paths);
    collect(
        "revoke-keys",
        tailnet.edit("revoke-keys", "ann", "--finish", signed, "--confirm", "--json").json(),
        paths);
    collectPutOff(tailnet, paths);
    Path heavy = Files.createDirectory(folder.resolve("heavy"));
    Tailnet outvoted = Tailnet.of(heavy, "ann", "bob?2");
    outvoted.edit("add", "ann", outvoted.newKey("dora"));
    collect(
        "revoke-keys",
        outvoted.edit("revoke-keys", "ann", outvoted.publicKey("bob"), "--json").json(),
        paths);
    Tailnet other = Tailnet.of(Files.createDirectory(folder.resolve("other")), "eve");
    collect("offer", Cli.run("offer", tailnet.directory(), "--json").json(), paths);
    collect("sync", sync(tailnet, other), paths);
    Path behind = folder.resolve("behind");
    TestFiles.copy(tailnet.directory(), behind);
    tailnet.edit("add", "bob", tailnet.newKey("dave"));
    Cli.run("add", behind, tailnet.publicKey("carol"), "--key-file", tailnet.keyFile("bob"));
    collect("sync", Cli.run("sync", behind, tailnet.directory(), "--json").json(), paths);
    collect(
        "doctor",
        Cli.run("doctor", tailnet.directory(), other.directory(), "--json").json(),
        paths);
  }

  private void collectRewrites(Set<String> paths) throws Exception {
    Path node = folder.resolve("refusing");
    Path control = folder.resolve("rewritten");
    String x = RewriteCommandsTest.oldKeyRewrites(node, control).get("X").hash().toString();
    collect("sync", Cli.run("sync", node, control, "--json").json(), paths);
    collect(
        "sync", Cli.run("sync", node, control, "--admit", x, "--dry-run", "--json").json(), paths);

    Path conflict = Files.createDirectory(folder.resolve("conflict"));
    Path refusing = folder.resolve("conflicting");
    Tailnet author = RewriteCommandsTest.conflict(conflict, refusing);
    collect("sync", Cli.run("sync", author.directory(), refusing, "--json").json(), paths);
    collect("doctor", Cli.run("doctor", author.directory(), "--json").json(), paths);
    Map<String, Object> listed = Cli.run("edits", author.directory(), "--json").json();
    collect("edits", listed, paths);
    collect(
        "edits", Cli.run(author.editArguments("edits", "bob", "--again", "--json")).json(), paths);
    Object first = ((Map<?, ?>) ((List<?>) listed.get("SetAside")).get(0)).get("Hash");
    collect(
        "edits",
        author.run("edits", author.directory(), "--drop", first, "--confirm", "--json").json(),
        paths);
  }

  private void collectRepairs(Set<String> paths) throws Exception {
    Path node = folder.resolve("left");
    OldDirectories.leftBehindByAStaleBranch(node, folder.resolve("gone"));
    for (Object confirm : List.of("--dry-run", "--confirm")) {
      collect("repair", Cli.run("repair", node, "--all", confirm, "--json").json(), paths);
    }
    Object head = Cli.run("status", node, "--json").json().get("Head");
    Tailnet home = Tailnet.of(Files.createDirectory(folder.resolve("fetching")), "ann");
    TestFiles.copy(home.directory(), folder.resolve("source"));
    String genesis = home.authority().head().toString();
    Path file = home.directory().resolve(genesis.substring(0, 2)).resolve(genesis);
    Files.delete(file);
    collect(
        "repair",
        home.run("repair", home.directory(), "--journal", "--confirm", "--json").json(),
        paths);
    Files.write(file, new byte[0]);
    collect(
        "repair",
        Cli.run(
                "repair",
                home.directory(),
                "--from",
                folder.resolve("source"),
                "--dry-run",
                "--json")
            .json(),
        paths);
    collect("repair", Cli.run("repair", node, "--to", head, "--json").json(), paths);
  }

  private void collectAuthKeysAndLinks(Set<String> paths) throws Exception {
    Tailnet tailnet = Tailnet.of(Files.createDirectory(folder.resolve("joining")), "ann");
    Path key = tailnet.secretFile("key", "tskey-auth-k-1");
    Map<String, Object> wrapped =
        tailnet
            .run(
                "authkey",
                "wrap",
                tailnet.directory(),
                key,
                "--key-file",
                tailnet.keyFile("ann"),
                "--json")
            .json();
    collect("authkey wrap", wrapped, paths);
    for (Path file :
        List.of(key, tailnet.secretFile("wrapped", wrapped.get("AuthKey").toString()))) {
      collect("authkey unwrap", tailnet.run("authkey", "unwrap", file, "--json").json(), paths);
      collect("authkey inspect", tailnet.run("authkey", "inspect", file, "--json").json(), paths);
    }
    collect(
        "authkey unwrap",
        tailnet
            .run(
                "authkey",
                "unwrap",
                folder.resolve("joining").resolve("wrapped"),
                "--node-key",
                "nodekey:" + "ab".repeat(32),
                "--json")
            .json(),
        paths);
    Map<String, Object> link =
        tailnet.run(DeepLinkCommandTest.newArguments(tailnet, "laptop", "--json")).json();
    collect("deeplink new", link, paths);
    collect(
        "deeplink verify",
        tailnet.run("deeplink", "verify", tailnet.directory(), link.get("Link"), "--json").json(),
        paths);
    Path secret = tailnet.secretFile("secret", "00".repeat(32));
    collect("disablement-kdf", tailnet.run("disablement-kdf", secret, "--json").json(), paths);
  }

  private void collectNodeKeys(Set<String> paths) throws Exception {
    Tailnet tailnet = Tailnet.of(Files.createDirectory(folder.resolve("nodes")), "ann");
    String first = NodeKeyCommandsTest.nodeKey(1);
    String second = NodeKeyCommandsTest.nodeKey(2);
    Map<String, Object> direct =
        tailnet.edit("sign", "ann", first, tailnet.newKey("node"), "--json").json();
    collect("sign", direct, paths);
    collect(
        "sign",
        tailnet.edit("sign", "ann", first, NodeKeyCommandsTest.nodeKey(2), "--json").json(),
        paths);
    collect(
        "sign",
        Cli.runWithInput(
                (first + "\nnodekey:12\n").getBytes(StandardCharsets.UTF_8),
                tailnet.editArguments("sign", "ann", "-", "--json"))
            .json(),
        paths);
    Map<String, Object> rotated =
        tailnet
            .run(
                "resign",
                direct.get("Raw"),
                second,
                "--key-file",
                tailnet.keyFile("node"),
                "--json")
            .json();
    collect("resign", rotated, paths);
    direct.put("ID", "old");
    direct.put("DNSName", "old.example");
    rotated.put("ID", "new");
    Map<String, Object> unsigned = Map.of("ID", "none", "NodeKey", NodeKeyCommandsTest.nodeKey(3));
    Path peers = folder.resolve("peers.json");
    Files.writeString(
        peers, JSON.std.asString(Map.of("Peers", List.of(direct, rotated, unsigned))));
    collect("peers", Cli.run("peers", tailnet.directory(), peers, "--json").json(), paths);
    for (Object nodeKey : List.of(first, second, unsigned.get("NodeKey"))) {
      collect(
          "explain",
          Cli.run("explain", tailnet.directory(), nodeKey, "--peers", peers, "--json").json(),
          paths);
    }
  }

  /** Commands that depend on a key, with a plan and for good, and the end of the authority. */
  private void collectKeyLosses(Set<String> paths) throws Exception {
    Path home = Files.createDirectory(folder.resolve("losses"));
    Tailnet tailnet = Tailnet.in(home);
    Map<String, Object> made =
        tailnet
            .edit(
                "init", "ann", "--confirm", tailnet.newKey("ann"), tailnet.newKey("bob"), "--json")
            .json();
    String bob = tailnet.publicKey("bob");
    Object head = made.get("Head");
    tailnet.edit("add", "ann", tailnet.newKey("carol"));
    tailnet.edit("remove", "ann", tailnet.publicKey("carol"), "--re-sign=false");
    NodeKeySignature old = Nodes.direct(1, tailnet.keyFile("bob"));
    Path peers =
        new Nodes()
            .add("before", 1, old)
            .offering(Map.of("Head", "A".repeat(52), "Ancestors", List.of()))
            .add("after", 2, Nodes.rotated(old, 1, 2))
            .write(home.resolve("peers.json"));
    for (Object fork : List.of(head, tailnet.authority().newestFirst(2).get(1))) {
      collect(
          "revoke-keys",
          tailnet
              .run(
                  "revoke-keys",
                  tailnet.directory(),
                  "--plan",
                  bob,
                  "--fork-from",
                  fork,
                  "--peers",
                  peers,
                  "--json")
              .json(),
          paths);
    }
    Path barred = home.resolve("barred");
    Chains chains = BarredSignersTest.removedAndLowered(barred);
    collect(
        "revoke-keys",
        tailnet
            .run(
                "revoke-keys",
                barred,
                "--plan",
                TestKeys.publicKey(5),
                "--fork-from",
                chains.get("A").hash(),
                "--json")
            .json(),
        paths);
    String recovery = BarredSignersTest.signed(barred, chains, 2, 1).encoded().toHex();
    collect(
        "revoke-keys",
        tailnet.run("revoke-keys", barred, "--finish", recovery, "--confirm", "--json").json(),
        paths);
    collect(
        "doctor",
        tailnet
            .run("doctor", tailnet.directory(), "--peers", peers, "--without", bob, "--json")
            .json(),
        paths);
    collect("remove", tailnet.edit("remove", "ann", bob, "--peers", peers, "--json").json(), paths);
    Path secret =
        Files.writeString(
            tailnet.keyFile("secret"), (String) ((List<?>) made.get("DisablementSecrets")).get(0));
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
    collect(
        "disable",
        tailnet.run("disable", tailnet.directory(), secret, "--confirm", "--json").json(),
        paths);
  }

  private static Map<String, Object> sync(Tailnet node, Tailnet control) {
    return Cli.run("sync", node.directory(), control.directory(), "--json").json();
  }

  private static void collectPutOff(Tailnet tailnet, Set<String> paths) {
    String bob = tailnet.publicKey("bob");
    Object[] votes = new Object[49];
    for (int i = 0; i < votes.length; i++) {
      votes[i] = bob + "?" + (1 + i % 2);
    }
    tailnet.edit("update", "ann", votes);
    collect(
        "remove",
        tailnet
            .edit(
                "remove", "ann", tailnet.publicKey("ann"), "--confirm", "--re-sign=false", "--json")
            .json(),
        paths);
  }

  private static Map<String, Object> inspect(String file, String name) {
    byte[] input =
        ((String) Cli.golden(file, name).get("cbor")).getBytes(StandardCharsets.US_ASCII);
    return Cli.runWithInput(input, "inspect", "-", "--json").json();
  }

  private static void collect(String path, Object value, Set<String> paths) {
    if (value instanceof Map<?, ?> map) {
      boolean freeNames = path.endsWith(".Meta");
      map.forEach((key, inner) -> collect(path + "." + (freeNames ? "*" : key), inner, paths));
    } else if (value instanceof List<?> list) {
      list.forEach(inner -> collect(path + "[]", inner, paths));
      if (list.isEmpty()) {
        paths.add(path + "[]");
      }
    } else {
      String type =
          value instanceof String ? "text" : value instanceof Boolean ? "boolean" : "number";
      paths.add(path + " " + type + words(path, value));
    }
  }

  private static String words(String path, Object value) {
    for (Vocabulary vocabulary : VOCABULARIES) {
      if (path.endsWith(vocabulary.ending())) {
        assertThat(vocabulary.words()).as(path).contains(Vocabulary.plain(value.toString()));
        return " " + vocabulary;
      }
    }
    return "";
  }
}
