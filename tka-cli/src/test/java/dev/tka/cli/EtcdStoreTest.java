package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.store.etcd.EtcdSettings;
import dev.tka.store.etcd.testkit.EtcdServer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of command works on an etcd of several tailnets. */
class EtcdStoreTest {
  @TempDir Path folder;

  private final String store = EtcdServer.shared().settings().toString();

  private String ok(Tailnet keys, Object... arguments) {
    Cli.Result result = keys.run(arguments);
    assertThat(result.exitCode())
        .as(Arrays.toString(arguments) + "\n" + result.err())
        .isEqualTo(ExitCode.OK);
    return result.out();
  }

  @Test
  void itIsEditedReadExportedServedAndMoved() throws Exception {
    Tailnet keys = Tailnet.in(folder);
    keys.newKey("ann");
    keys.newKey("bob");
    for (String tailnet : new String[] {"one", "two"}) {
      keys.begin(store, tailnet, "ann");
    }
    ok(
        keys,
        "add",
        store,
        "--tailnet",
        "one",
        keys.publicKey("bob"),
        "--key-file",
        keys.keyFile("ann"));
    assertThat(ok(keys, "status", store, "--tailnet", "one")).contains(keys.publicKey("bob"));
    assertThat(ok(keys, "tailnets", store)).contains("one", "two");
    assertThat(ok(keys, "verify", store, "--all")).contains("one", "two");
    assertThat(ok(keys, "doctor", store, "--tailnet", "one"))
        .contains("2 AUMs verified")
        .doesNotContain("PROBLEM");
    assertThat(ok(keys, "doctor", store, "--all")).contains("ok       one", "ok       two");
    assertThat(ok(keys, "serve", "--check", "--database", store, "--state", folder))
        .contains("database:  " + store + ", 2 tailnets");

    Path export = folder.resolve("all.tka");
    ok(keys, "export", "--all", store, export);
    String other = EtcdServer.shared().settings().toString();
    ok(keys, "import", export, other);
    String log = ok(keys, "log", store, "--tailnet", "one");
    assertThat(ok(keys, "log", other, "--tailnet", "one")).isEqualTo(log);

    String sqlite = "sqlite:" + folder.resolve("control.db");
    ok(keys, "move", store, sqlite, "--all");
    assertThat(ok(keys, "tailnets", store)).contains("moved");
    ok(keys, "move", sqlite, store, "--all");
    ok(keys, "move", sqlite, store, "--all", "--complete", "--confirm");
    assertThat(ok(keys, "log", store, "--tailnet", "one")).isEqualTo(log);
    ok(keys, "delete", store, "--tailnet", "two", "--no-export", "--confirm");
    assertThat(ok(keys, "tailnets", store)).contains("one").doesNotContain("two");

    Cli.Result backup = Cli.run("backup", store, folder.resolve("copy"));
    assertThat(backup.exitCode()).isNotEqualTo(ExitCode.OK);
    assertThat(backup.err()).contains("etcdctl snapshot save");
  }

  @Test
  void keysOfSomebodyElseAreNamed() throws Exception {
    Tailnet keys = Tailnet.in(folder);
    keys.newKey("ann");
    keys.begin(store, "one", "ann");
    assertThat(ok(keys, "doctor", store, "--tailnet", "one")).doesNotContain("somebody else");
    String theirs = EtcdSettings.parse(store).prefix() + "theirs\n";
    EtcdServer.shared().put(theirs, "x");
    String said =
        store
            + " also has keys of somebody else, such as "
            + theirs.strip()
            + "\\u000a: they are left";
    assertThat(ok(keys, "doctor", store, "--tailnet", "one")).contains(said);
    Cli.Result all = keys.run("doctor", store, "--all");
    assertThat(all.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(all.err()).contains("tka: warning: " + said);
  }

  @Test
  void whereNoEtcdListensThatIsSaidInOneLine() {
    Cli.Result result = Cli.run("tailnets", "etcd://127.0.0.1:1");
    assertThat(result.exitCode()).isNotEqualTo(ExitCode.OK);
    assertThat(result.err()).isEqualTo("tka: etcd://127.0.0.1:1: connection refused\n");
  }
}
