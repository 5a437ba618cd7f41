package example.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.Login;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.NodeKey;
import dev.tka.store.MemoryTailnets;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTest {
  @TempDir Path folder;

  @Test
  void aNodeHearsOfItsTailnetsLock() throws Exception {
    String nodeKey = "nodekey:" + "ab".repeat(32);
    MemoryTailnets place = new MemoryTailnets();
    try (ControlService service =
            ControlService.over(place, ControlSettings.DEFAULTS, Clock.systemUTC());
        ControlServer server =
            ControlServer.start(
                new ControlServer.Parts(service, place, line -> {}, 1000),
                ServerSettings.of(
                    Listener.of(Role.NODE, new Listener.Address.Tcp("127.0.0.1", 0))))) {
      service.login("example.com", 1, Login.of(NodeKey.parse(nodeKey)));
      Path token = Files.writeString(folder.resolve("token"), service.makeToken("example.com", 1));
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      PrintStream before = System.out;
      System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
      try {
        Node.main(
            new String[] {
              folder.resolve("node").toString(),
              "http://" + server.address(Role.NODE).orElseThrow(),
              token.toString(),
              nodeKey
            });
      } finally {
        System.setOut(before);
      }
      assertThat(said.toString(StandardCharsets.UTF_8)).contains("off");
    }
  }
}
