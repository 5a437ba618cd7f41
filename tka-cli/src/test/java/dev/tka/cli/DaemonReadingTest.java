package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.client.testkit.FakeDaemon;
import dev.tka.core.Aum;
import dev.tka.core.authority.Authority;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be read through a running tailscaled, and what cannot be done there. */
@SuppressWarnings("try")
class DaemonReadingTest {
  @TempDir Path folder;

  @Test
  void whatIsReadIsTheActiveChainVerified() throws Exception {
    try (Daemon daemon = Daemon.on(folder)) {
      daemon.fake().elsewhere(Daemon.OTHER, TestKeys.key(5, 2));
      daemon.fake().map();
      String head = daemon.fake().control().head().toString();
      assertThat(daemon.run("status").out())
          .contains("ENABLED", head, "2 AUMs", Daemon.OWN.publicKey() + ", trusted", ", signed")
          .contains("1 kept, 1 dropped");
      assertThat(daemon.run("log").out()).contains("update " + head + " (add-key)");
      assertThat(daemon.run("verify").exitCode()).isEqualTo(ExitCode.OK);
      assertThat(daemon.run("offer").out()).contains(head);
      Path export = folder.resolve("export");
      assertThat(daemon.run("export", export).exitCode()).isEqualTo(ExitCode.OK);
      assertThat(Cli.run("import", export, folder.resolve("copy")).exitCode())
          .isEqualTo(ExitCode.OK);
      assertThat(Cli.run("status", folder.resolve("copy")).out()).contains(head);
      assertThat(Cli.run("doctor", folder.resolve("copy"), daemon.url()).err()).isEmpty();
    }
  }

  @Test
  void theNodesAreTheDaemonsOwn() throws Exception {
    try (Daemon daemon = Daemon.on(folder)) {
      Cli.Result peers = daemon.run("peers");
      assertThat(peers.exitCode()).as(peers.err()).isEqualTo(ExitCode.PEER_DROPPED);
      assertThat(peers.out()).contains("laptop (n2CNTRL)", "phone (n3CNTRL)", "1 kept, 1 dropped");
      assertThat(daemon.run("explain", "laptop").out()).contains("kept: ");
      assertThat(daemon.run("explain", "own").out()).contains("own (n1CNTRL)", "kept: ");
      Cli.Result phone = daemon.run("explain", "phone");
      assertThat(phone.exitCode()).isEqualTo(ExitCode.PEER_DROPPED);
      assertThat(phone.out()).contains("tka sign " + daemon.url()).doesNotContain("--key-file");
      Cli.Result plan = daemon.run("revoke-keys", TestKeys.publicKey(2), "--plan");
      assertThat(plan.exitCode()).as(plan.err()).isEqualTo(ExitCode.OK);
      assertThat(plan.out()).contains("laptop").doesNotContain("--key-file");
      Cli.Result doctor = daemon.run("doctor", "--without", TestKeys.publicKey(2));
      assertThat(doctor.out()).contains("only the active chain", "phone", "laptop");
    }
  }

  @Test
  void aLockThatIsOffIsNoError() throws Exception {
    try (Daemon daemon = Daemon.off(folder)) {
      assertThat(daemon.run("status").out())
          .contains("NOT enabled", "This node's key: " + Daemon.OWN.publicKey());
      assertThat(daemon.run("status", "--json").out())
          .contains("\"PublicKey\": \"" + Daemon.OWN.publicKey());
      Cli.Result log = daemon.run("log");
      assertThat(log.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
      assertThat(log.err()).contains("tka init " + daemon.url());
      daemon.fake().logOut();
      assertThat(daemon.run("status").err()).contains("not logged in");
    }
  }

  @Test
  void aNodeThatIsLockedOutAndHasATrustedKeySignsItself() throws Exception {
    try (Daemon daemon = Daemon.on(folder)) {
      daemon.fake().node(new FakeDaemon.Node(1, "own", Nodes.nodeKey(1), Optional.empty()));
      assertThat(daemon.run("status").out()).contains(", trusted", ", not signed: locked out");
      assertThat(daemon.run("explain", "own").out()).contains("dropped: there is no signature");
      assertThat(daemon.run("sign", "own").out()).contains("own (n1CNTRL))\tsigned\n");
      assertThat(daemon.run("status").out()).contains(", signed");
    }
  }

  @Test
  void whatTheDaemonCannotDoIsRefusedInOneLineThatSaysWhatHelps() throws Exception {
    Tailnet other = Tailnet.of(folder, "ann");
    try (Daemon daemon = Daemon.on(folder)) {
      Path file = folder.resolve("out");
      List<Cli.Result> all =
          List.of(
              daemon.run("compact"),
              daemon.run("repair"),
              daemon.run("edits", "--again", "--key-file", other.keyFile("ann")),
              daemon.run("update", TestKeys.publicKey(2) + "?3"),
              Cli.run("sync", daemon.url(), other.directory()),
              Cli.run("sync", other.directory(), daemon.url()),
              Cli.run("sync", daemon.url(), other.directory(), "--bootstrap"),
              Cli.run("import", exported(other), daemon.url()),
              daemon.run("backup", file),
              Cli.run("restore", file, daemon.url()),
              Cli.run("move", "start", daemon.url(), "sqlite:" + file),
              daemon.run("delete"),
              daemon.run("restored"),
              daemon.run("fleet"),
              daemon.run("tailnets"),
              daemon.run("log", "--tailnet", "x"));
      for (Cli.Result each : all) {
        assertThat(each.exitCode()).as(each.toString()).isIn(ExitCode.USAGE);
        assertThat(Tailnet.withoutAdvice(each.err())).as(each.toString()).hasLineCount(1);
        assertThat(each.err()).startsWith("tka: ");
      }
      assertThat(daemon.fake().asked()).allMatch(asked -> asked.method().equals("GET"));
    }
  }

  private Path exported(Tailnet tailnet) {
    Path file = folder.resolve("other.export");
    tailnet.run("export", tailnet.directory(), file);
    return file;
  }

  @Test
  void whyNothingCanBeReadIsSaidInOneLine() throws Exception {
    Cli.Result none = Cli.run("status", "tailscaled:" + folder.resolve("none.sock"));
    assertThat(none.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(none.err()).contains("there is no such socket", "start tailscaled");
    try (Daemon daemon = Daemon.on(folder)) {
      daemon.fake().instead("log", FakeDaemon.error(200, "[{\"Raw\":\"AA==\"}]"));
      Cli.Result bad = daemon.run("status");
      assertThat(bad.exitCode()).as(bad.err()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(bad.err()).contains("the log");
      daemon.close();
      assertThat(daemon.run("status").err()).contains("nobody listens on it");
    }
  }

  private static final Set<String> REFUSED =
      Set.of(
          "backup",
          "compact",
          "delete",
          "edits",
          "import",
          "move",
          "repair",
          "restore",
          "restored",
          "sync",
          "update");

  @Test
  void noAdviceNamesACommandThatTheDaemonCannotDoOrAKeyFile() throws Exception {
    try (Daemon daemon = Daemon.on(folder, TestKeys.key(2, 1))) {
      Authority begun = daemon.fake().control();
      List<Aum> chain = new ArrayList<>(List.of(begun.snapshot().get(begun.head())));
      for (int i = 1; i <= 100; i++) {
        chain.add(Chains.noOp(chain.get(i - 1), "n" + i, 2));
      }
      daemon.fake().inform(chain.subList(1, chain.size())).map();
      List<Cli.Result> all = new ArrayList<>();
      all.add(daemon.run("doctor"));
      assertThat(all.get(0).out() + all.get(0).err()).contains("no-recent-checkpoint");
      all.add(daemon.run("peers"));
      all.add(daemon.run("explain", "phone"));
      all.add(daemon.run("verify"));
      int found = 0;
      for (Cli.Result each : all) {
        Matcher named =
            Pattern.compile("tka ([a-z-]+) [^\n]*" + Pattern.quote(daemon.url()) + "[^\n]*")
                .matcher(each.out() + each.err());
        while (named.find()) {
          assertThat(REFUSED).as(named.group()).doesNotContain(named.group(1));
          assertThat(named.group()).doesNotContain("--key-file", "--peers");
          found++;
        }
      }
      assertThat(found).isPositive();
    }
  }
}
