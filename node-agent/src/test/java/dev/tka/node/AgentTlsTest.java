package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.store.MemoryTailnets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose certificate is of an authority of one's own. */
class AgentTlsTest {
  private static final String PASSWORD = "changeit";
  private static final int SELF = 2;

  @TempDir Path folder;

  private void keytool(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of("-alias", "server", "-storepass", PASSWORD, "-keystore", store().toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private Path store() {
    return folder.resolve("keys.p12");
  }

  @Test
  void itIsTrustedIfItsAuthorityIsInTheFileAndItsNameIsTheOneThatIsAskedFor() throws Exception {
    Path certificate = folder.resolve("server.pem");
    keytool(
        "-genkeypair",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=server",
        "-ext",
        "san=dns:localhost",
        "-validity",
        "2");
    keytool("-exportcert", "-rfc", "-file", certificate.toString());
    byte[] key =
        KeyStore.getInstance(store().toFile(), PASSWORD.toCharArray())
            .getKey("server", PASSWORD.toCharArray())
            .getEncoded();
    Path keyFile =
        Files.writeString(
            folder.resolve("server.key"),
            "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(key)
                + "\n-----END PRIVATE KEY-----\n");
    try (TestTailnet tailnet = TestTailnet.locked(3);
        ControlServer server =
            ControlServer.start(
                new ControlServer.Parts(tailnet.service, new MemoryTailnets(), line -> {}, 1000),
                ServerSettings.of(Listener.of(Role.NODE, new Listener.Address.Tcp("127.0.0.1", 0)))
                    .withCertificate(certificate, keyFile));
        HttpConnections trusting = HttpConnections.open(certificate);
        HttpConnections usual = HttpConnections.open();
        AgentDirectory kept = AgentDirectory.open(folder.resolve("node"), tailnet.clock)) {
      int port = ((Listener.Address.Tcp) server.address(Role.NODE).orElseThrow()).port();
      Path token =
          Files.writeString(
              folder.resolve("token"), tailnet.service.makeToken(TestTailnet.NAME, SELF));
      NodeAgent agent = NodeAgent.open(kept, TestTailnet.nodeKey(SELF), tailnet.clock.clocks());
      String url = "https://localhost:" + port;
      assertThatThrownBy(() -> AgentRunner.once(agent, HttpTransport.toServer(usual, url, token)))
          .hasMessageEndingWith("its certificate is of no authority that is trusted here");
      assertThatThrownBy(
              () ->
                  AgentRunner.once(
                      agent, HttpTransport.toServer(trusting, "https://127.0.0.1:" + port, token)))
          .hasMessageEndingWith("its certificate is for another name");
      assertThatThrownBy(
              () ->
                  AgentRunner.once(
                      agent, HttpTransport.toServer(trusting, "http://localhost:" + port, token)))
          .isInstanceOf(ControlFailure.class);
      assertThat(AgentRunner.once(agent, HttpTransport.toServer(trusting, url, token)).isSettled())
          .isTrue();
      assertThat(agent.status().kept()).isEqualTo(1);
    }
  }
}
