package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.store.sql.SqliteFile;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.testkit.PageExample;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of a control server in docs/embedding.md compiles, runs, and is the same as here. */
class ControlReadmeTest {
  @TempDir Path directory;

  @Test
  void theExampleRuns() throws Exception {
    Path path = directory.resolve("control.db");
    NodeKey nodeKey = TestControl.nodeKey(1);
    LockPublicKey lockKey = TestControl.lockKey(1);
    InputStream request =
        new ByteArrayInputStream(
            ("{\"Version\":148,\"NodeKey\":\"" + nodeKey + "\",\"Head\":\"\"}")
                .getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream response = new ByteArrayOutputStream();
    Clock clock = Clock.systemUTC();

    // begin
    try (ControlService service =
        ControlService.over(SqliteFile.create(path, clock), ControlSettings.DEFAULTS, clock)) {
      // At every registration that control accepts: who the node is, and whether it may init.
      service.login("example.com", 1, Login.of(nodeKey).withRotationKey(lockKey).withMayInit(true));
      // For each request below /machine/tka/: its path and its body.
      Rpc rpc = Rpc.of("bootstrap").orElseThrow();
      RpcAnswer answer =
          service.call(Caller.node("example.com", 1), RpcJson.readRequest(rpc, request));
      RpcJson.writeAnswer(answer, response);
      // For each map: what the node is told about the lock.
      Announcement told = service.announcement("example.com", Optional.of(1L));
      System.out.println(told.etag());
    }
    // end

    assertThat(response.toString(StandardCharsets.UTF_8)).isEqualTo("{}");
  }

  @Test
  void theExampleIsTheOneInTheReadme() throws Exception {
    PageExample.requireSame(ControlReadmeTest.class, "control-service", "docs/embedding.md");
  }
}
