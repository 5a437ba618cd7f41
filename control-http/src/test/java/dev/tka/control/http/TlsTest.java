package dev.tka.control.http;

import static dev.tka.control.http.Kit.TAILNET;
import static dev.tka.control.http.Kit.nodeKey;
import static dev.tka.control.http.Kit.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.ControlSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS, mutual TLS with a CA for each role, and HTTP/2 by ALPN (service, section 5). */
class TlsTest {
  private static final String ROOT = "/v1/tailnets/" + TAILNET;

  @TempDir static Path keys;
  @TempDir Path folder;

  /** Certificates as an operator would make them, with the tool of the JDK. */
  @BeforeAll
  static void makeKeys() throws Exception {
    make("server", "san=dns:localhost,ip:127.0.0.1");
    make("forwarder", "san=dns:forwarder");
    make("operator", "san=dns:operator");
    make("node2", "san=uri:tka://" + TAILNET + "/nodes/2");
    make("node0", "san=dns:no-node");
  }

  private static void make(String name, String extension) throws Exception {
    keytool(
        "-genkeypair",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=" + name,
        "-alias",
        name,
        "-ext",
        extension,
        "-validity",
        "2");
    keytool("-exportcert", "-rfc", "-alias", name, "-file", keys.resolve(name + ".pem").toString());
    KeyStore store = KeyStore.getInstance(keys.resolve("keys.p12").toFile(), PASSWORD);
    byte[] key = store.getKey(name, PASSWORD).getEncoded();
    Files.writeString(
        keys.resolve(name + ".key"),
        "-----BEGIN PRIVATE KEY-----\n"
            + java.util.Base64.getMimeEncoder().encodeToString(key)
            + "\n-----END PRIVATE KEY-----\n");
  }

  private static final char[] PASSWORD = "changeit".toCharArray();

  private static void keytool(String... arguments) throws Exception {
    List<String> command =
        new java.util.ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
    command.addAll(List.of(arguments));
    command.addAll(
        List.of("-keystore", keys.resolve("keys.p12").toString(), "-storepass", "changeit"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue())
        .as(
            "%s",
            new String(
                process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
        .isZero();
  }

  private Kit kit() throws IOException {
    Listener.Address.Tcp any = new Listener.Address.Tcp("127.0.0.1", 0);
    return new Kit(
        folder,
        ControlSettings.DEFAULTS,
        ServerSettings.of(
                Listener.of(Role.FORWARDER, any)
                    .withClientCa(keys.resolve("forwarder.pem"))
                    .withTokenFile(Files.writeString(folder.resolve("token"), Kit.TOKEN)),
                Listener.of(Role.OPERATOR, any)
                    .withClientCa(keys.resolve("operator.pem"))
                    .withTokenFile(
                        Files.writeString(folder.resolve("operators"), Kit.OPERATOR_TOKEN)),
                Listener.of(Role.NODE, any).withClientCa(nodeCa()))
            .withCertificate(keys.resolve("server.pem"), keys.resolve("server.key")));
  }

  private Path nodeCa() throws IOException {
    return Files.writeString(
        folder.resolve("nodes.pem"),
        Files.readString(keys.resolve("node2.pem")) + Files.readString(keys.resolve("node0.pem")));
  }

  private static HttpClient client(Optional<String> identity) throws Exception {
    KeyStore trusted = Pem.trusted(keys.resolve("server.pem"));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    if (identity.isPresent()) {
      own.init(
          Pem.identity(
              keys.resolve(identity.get() + ".pem"), keys.resolve(identity.get() + ".key")),
          new char[0]);
    } else {
      own.init(null, null);
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  private static HttpResponse<String> ask(
      Kit kit,
      HttpClient client,
      Role role,
      String method,
      String path,
      String body,
      String... headers)
      throws Exception {
    Listener.Address.Tcp tcp = (Listener.Address.Tcp) kit.address(role);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://localhost:" + tcp.port() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void eachRoleIsLetInByACertificateOfItsOwnCaOrByATokenOverHttp2() throws Exception {
    try (Kit kit = kit()) {
      HttpClient forwarder = client(Optional.of("forwarder"));
      for (int node = 1; node <= 2; node++) {
        HttpResponse<String> login =
            ask(kit, forwarder, Role.FORWARDER, "POST", Kit.node(node) + "/login", Kit.login(node));
        assertThat(login.statusCode()).as(login.body()).isEqualTo(200);
        assertThat(login.version()).isEqualTo(HttpClient.Version.HTTP_2);
      }
      HttpClient nobody = client(Optional.empty());
      assertThat(ask(kit, nobody, Role.FORWARDER, "GET", ROOT + "/nodes", "").statusCode())
          .isEqualTo(401);
      assertThat(
              ask(
                      kit,
                      nobody,
                      Role.FORWARDER,
                      "GET",
                      ROOT + "/nodes",
                      "",
                      "Authorization",
                      "Bearer " + Kit.TOKEN)
                  .statusCode())
          .isEqualTo(200);
      assertThat(
              ask(kit, client(Optional.of("operator")), Role.OPERATOR, "GET", ROOT, "")
                  .statusCode())
          .isEqualTo(200);
      // Another role's certificate does not pass the handshake, or is nobody's.
      requireRefused(kit, "forwarder", Role.OPERATOR, ROOT);
      requireRefused(kit, "node2", Role.FORWARDER, ROOT + "/nodes");
    }
  }

  private static void requireRefused(Kit kit, String identity, Role role, String path)
      throws Exception {
    HttpClient client = client(Optional.of(identity));
    try {
      assertThat(ask(kit, client, role, "GET", path, "").statusCode()).isEqualTo(401);
    } catch (IOException e) {
      assertThat(e).isNotNull();
    }
  }

  @Test
  void aNodesCertificateNamesItsTailnetAndItsNumber() throws Exception {
    try (Kit kit = kit()) {
      HttpClient forwarder = client(Optional.of("forwarder"));
      for (int node = 1; node <= 2; node++) {
        ask(kit, forwarder, Role.FORWARDER, "POST", Kit.node(node) + "/login", Kit.login(node));
      }
      HttpClient node = client(Optional.of("node2"));
      HttpResponse<String> peers = ask(kit, node, Role.NODE, "GET", "/v1/node/peers", "");
      assertThat(peers.body()).contains("\"node\":\"1\"").doesNotContain("\"node\":\"2\"");
      assertThat(
              ask(
                      kit,
                      node,
                      Role.NODE,
                      "POST",
                      "/v1/node/machine/tka/bootstrap",
                      text("Version", 148, "NodeKey", nodeKey(1), "Head", ""))
                  .statusCode())
          .isEqualTo(403);
      HttpResponse<String> unnamed =
          ask(kit, client(Optional.of("node0")), Role.NODE, "GET", "/v1/node/peers", "");
      assertThat(unnamed.statusCode()).isEqualTo(401);
      assertThat(unnamed.body()).contains("tka://TAILNET/nodes/NODE");
    }
  }

  @Test
  void aFileThatIsNoCertificateOrKeyIsNamedAndNotQuoted() throws Exception {
    Path junk = Files.writeString(folder.resolve("junk"), "secret junk");
    assertThatThrownBy(() -> Pem.trusted(junk))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("junk: expected certificates in PEM");
    assertThatThrownBy(() -> Pem.identity(keys.resolve("server.pem"), junk))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("expected a line BEGIN PRIVATE KEY")
        .message()
        .doesNotContain("secret junk");
  }

  @Test
  void overTlsThePagesCookieIsSecureAndABrowserWithACertificateNeedsNone() throws Exception {
    try (Kit kit = kit()) {
      HttpClient nobody = client(Optional.empty());
      String origin =
          "https://localhost:" + ((Listener.Address.Tcp) kit.address(Role.OPERATOR)).port();
      HttpResponse<String> signedIn =
          ask(
              kit,
              nobody,
              Role.OPERATOR,
              "POST",
              "/session",
              "token=" + Kit.OPERATOR_TOKEN,
              "Origin",
              origin);
      assertThat(signedIn.statusCode()).isEqualTo(204);
      String cookie = signedIn.headers().firstValue("set-cookie").orElseThrow();
      assertThat(cookie).startsWith("__Host-tka-page=").contains("; HttpOnly", "; Secure");
      String value = cookie.replaceFirst(";.*", "");
      for (String each : List.of(value, value.replace("__Host-", ""))) {
        assertThat(
                ask(kit, nobody, Role.OPERATOR, "GET", "/v1/tailnets", "", "Cookie", each)
                    .statusCode())
            .isEqualTo(each.startsWith("__Host-") ? 200 : 401);
      }

      HttpClient operator = client(Optional.of("operator"));
      String tailnet = "/v1/tailnets/" + Kit.TAILNET;
      assertThat(ask(kit, operator, Role.OPERATOR, "GET", "/session", "").body())
          .isEqualTo("{\"byCookie\":false,\"signedIn\":true}");
      assertThat(
              ask(
                      kit,
                      operator,
                      Role.OPERATOR,
                      "PUT",
                      tailnet,
                      "",
                      "Origin",
                      "https://evil.example")
                  .statusCode())
          .isEqualTo(403);
      assertThat(ask(kit, operator, Role.OPERATOR, "PUT", tailnet, "").statusCode()).isEqualTo(204);
    }
  }
}
