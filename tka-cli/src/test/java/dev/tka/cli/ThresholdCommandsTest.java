package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.SqliteFile;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code threshold}, {@code propose}, {@code proposals} and {@code approve}. */
class ThresholdCommandsTest {
  private static final String NAME = "example.com";

  @TempDir Path folder;
  private Tailnet keys;
  private String store;
  private String carol;

  @BeforeEach
  void begin() {
    keys = Tailnet.in(folder);
    store = "sqlite:" + folder.resolve("control.db");
    keys.newKey("ann");
    keys.newKey("bob");
    carol = keys.newKey("carol");
    keys.begin(store, NAME, "ann", "bob");
  }

  private Cli.Result cli(Object... arguments) {
    List<Object> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--tailnet", NAME));
    return Cli.run(all.toArray());
  }

  private Cli.Result run(Object... arguments) {
    Cli.Result result = cli(arguments);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    return result;
  }

  private String id(Cli.Result proposed) {
    return proposed.out().split(" ", 2)[0];
  }

  private void collects(String place) {
    assertThat(run("threshold", place).out())
        .isEqualTo("add-key=0\nremove-key=0\ncheckpoint=0\ndisable=0\n");
    assertThat(run("threshold", place, "add-key=2", "remove-key=2", "disable=2").out())
        .isEqualTo("add-key=2\nremove-key=2\ncheckpoint=0\ndisable=2\n");
    Cli.Result unreachable = cli("threshold", place, "add-key=3");
    assertThat(unreachable.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(unreachable.err()).contains("2 votes together");

    Cli.Result proposed = run("propose", place, "--add", carol + "?2");
    assertThat(proposed.out())
        .contains(
            "open",
            "add key " + carol + " with 2 votes",
            "needs 2 votes and has 0",
            "missing",
            "To sign it: tka approve ");
    String id = id(proposed);
    Cli.Result undecided = cli("approve", place, id, "--key-file", keys.keyFile("bob"));
    assertThat(undecided.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(undecided.err()).contains("adds key " + carol + " with 2 votes", "--confirm");
    assertThat(run("approve", place, id, "--key-file", keys.keyFile("bob"), "--confirm").out())
        .contains("has 1", "signed by  " + keys.publicKey("bob"));
    Cli.Result stranger =
        cli("approve", place, id, "--key-file", keys.keyFile("carol"), "--confirm");
    assertThat(stranger.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(stranger.err()).contains("is not trusted").hasLineCount(1);
    assertThat(run("approve", place, id, "--key-file", keys.keyFile("ann"), "--confirm").out())
        .contains("done");
    assertThat(run("status", place).out()).contains(carol);

    String again = id(run("propose", place, "--remove", carol));
    assertThat(run("proposals", place, "--withdraw", again).out())
        .contains(again + "  ended", "it was withdrawn", id + "  done");
    Cli.Result ended = cli("approve", place, again, "--key-file", keys.keyFile("ann"), "--confirm");
    assertThat(ended.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(ended.err()).contains("it was withdrawn");
    assertThat(cli("approve", place, "none", "--key-file", keys.keyFile("ann")).exitCode())
        .isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  void signaturesAreCollectedInControlsStore() {
    collects(store);
  }

  @Test
  void signaturesAreCollectedAtARunningServer() throws Exception {
    Path socket = folder.resolve("run/operator.sock");
    try (Tailnets place = SqliteFile.at(folder.resolve("control.db"), Clock.systemUTC());
        ControlService service =
            ControlService.over(place, ControlSettings.DEFAULTS, Clock.systemUTC());
        ControlServer server =
            ControlServer.start(
                new ControlServer.Parts(service, place, line -> {}, 1000),
                ServerSettings.of(Listener.of(Role.OPERATOR, new Listener.Address.Unix(socket))))) {
      collects(server.address(Role.OPERATOR).orElseThrow().toString());
    }
  }

  @Test
  void editsOfControlsStoreThatLackVotesSayWhatToDo() throws Exception {
    run("threshold", store, "add-key=2", "disable=2");
    Cli.Result alone = cli("add", store, carol, "--key-file", keys.keyFile("ann"));
    assertThat(alone.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(alone.err())
        .contains("this change needs 2 votes and has 1: nothing was written", "tka propose ");
    assertThat(run("status", store).out()).doesNotContain(carol);

    Path node = folder.resolve("node");
    assertThat(Cli.run("sync", node, store, "--bootstrap", "--tailnet", NAME).exitCode()).isZero();
    keys.run("add", node, carol, "--key-file", keys.keyFile("ann"));
    Cli.Result sync = Cli.run("sync", node, store, "--tailnet", NAME);
    assertThat(sync.out() + sync.err()).contains("needs 2 votes and has 1");
    assertThat(run("status", store).out()).doesNotContain(carol);

    run("threshold", store, "add-key=0", "disable=0");
    run("add", store, carol, "--key-file", keys.keyFile("ann"));
    Path secret = keys.secretFile("secret", "disablement-secret:" + "00".repeat(32));
    assertThat(cli("disable", store, secret, "--confirm").exitCode()).isNotZero();
  }

  @Test
  void theEndIsApprovedFirst() throws Exception {
    String other = "sqlite:" + folder.resolve("other.db");
    Cli.Result init =
        run(
            "init",
            other,
            keys.publicKey("ann"),
            keys.publicKey("bob"),
            "--key-file",
            keys.keyFile("ann"),
            "--confirm");
    Path secret = keys.secretFile("secrets", init.out());
    run("threshold", other, "disable=2");
    Cli.Result early = cli("disable", other, secret, "--confirm");
    assertThat(early.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(early.err()).contains("disabling needs 2 votes and has 0", "--disable");
    String id = id(run("propose", other, "--disable"));
    for (String name : List.of("ann", "bob")) {
      run("approve", other, id, "--key-file", keys.keyFile(name), "--confirm");
    }
    run("disable", other, secret, "--confirm", "--backup", folder.resolve("copy"));
    assertThat(run("proposals", other).out()).contains(id + "  done");
  }
}
