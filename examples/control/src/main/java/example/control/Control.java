package example.control;

import dev.tka.control.Caller;
import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.Login;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.store.sql.SqliteFile;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcJson;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;

/**
 * Control's part in a tailnet's lock, in a program of one's own: a node logs in, and asks for it.
 */
public final class Control {
  private Control() {}

  /**
   * Runs it.
   *
   * @param args the file of the database, which is made if it is missing, and the node's key
   */
  public static void main(String[] args) throws TkaException, ControlException, IOException {
    NodeKey node = NodeKey.parse(args[1]);
    String body = "{\"Version\":148,\"NodeKey\":\"" + node + "\",\"Head\":\"\"}";
    Clock clock = Clock.systemUTC();
    try (var service =
        ControlService.over(
            SqliteFile.create(Path.of(args[0]), clock), ControlSettings.DEFAULTS, clock)) {
      service.login("example.com", 1, Login.of(node).withMayInit(true));
      Rpc rpc = Rpc.of("bootstrap").orElseThrow();
      var in = new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8));
      var answer = service.call(Caller.node("example.com", 1), RpcJson.readRequest(rpc, in));
      RpcJson.writeAnswer(answer, System.out);
    }
  }
}
