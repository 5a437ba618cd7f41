package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.NodeEntry;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Bytes;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumImport;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeSighting;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator's verbs and a real server, over each kind of connection. */
class RunningServerTest {
  private static final String NAME = "a b.example.com";
  private static final String TOKEN = "operator-token-0123456789abcdef";
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir Path folder;
  private Tailnet tailnet;
  private Tailnets place;
  private ControlService service;
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private final List<ControlServer> servers = new ArrayList<>();

  @BeforeEach
  void begin() throws Exception {
    tailnet = Tailnet.of(folder, "ann", "bob");
    tailnet.edit("add", "ann", tailnet.newKey("carol"));
    Path export = folder.resolve("export");
    tailnet.run("export", tailnet.directory(), export);
    place = new MemoryTailnets();
    try (InputStream in = Files.newInputStream(export)) {
      new AumImport(in).next().orElseThrow().read((done, all) -> {}).commitTo(place.tailnet(NAME));
    }
    service = ControlService.over(place, ControlSettings.DEFAULTS, Clock.systemUTC());
    Bytes signature = Nodes.direct(1, tailnet.keyFile("ann")).encoded();
    service.putNode(NAME, node(1, "laptop", Optional.of(signature)));
    service.putNode(NAME, node(2, "phone", Optional.empty()));
    service.putNode(NAME, node(3, "tablet", Optional.empty()));
    place
        .records()
        .orElseThrow()
        .noteSightings(
            NAME,
            List.of(
                new NodeSighting(
                    1,
                    Instant.EPOCH,
                    Optional.of(tailnet.authority().oldestAncestor()),
                    Optional.empty(),
                    "ok",
                    ""),
                new NodeSighting(
                    3,
                    Instant.EPOCH,
                    Optional.empty(),
                    Optional.empty(),
                    "nothing-known",
                    "no AUM of it is known")));
    service.putNode("empty.example.com", node(1, "lonely", Optional.empty()));
  }

  private static NodeEntry node(int number, String name, Optional<Bytes> signature) {
    return new NodeEntry(
        number,
        Nodes.nodeKey(number),
        signature,
        Optional.of(Nodes.rotationKey(number)),
        Optional.of(name),
        false,
        false);
  }

  private Listener.Address serve(ServerSettings settings) throws IOException {
    ControlServer server =
        ControlServer.start(new ControlServer.Parts(service, place, log::add, 1000), settings);
    servers.add(server);
    return server.address(Role.OPERATOR).orElseThrow();
  }

  private static Listener operator(Listener.Address address) {
    return Listener.of(Role.OPERATOR, address);
  }

  private String onSocket() throws IOException {
    Path socket = folder.resolve("run/operator.sock");
    return serve(ServerSettings.of(operator(new Listener.Address.Unix(socket)))).toString();
  }

  @AfterEach
  void end() {
    servers.forEach(ControlServer::close);
    service.close();
    assertThat(log).noneMatch(line -> line.contains(TOKEN) || line.contains("tka-node-"));
  }

  @Test
  void aTailnetThatDoesNotLiveThereIsListedWithItsPlaceAndAVerbOnItNamesItsServer()
      throws Exception {
    String url = onSocket();
    ControlRecords records = place.records().orElseThrow();
    Fence moved =
        Fence.NONE.next(
            "0123456789abcdef",
            new Fence.Standing.Moved(
                "postgresql://new/db",
                Optional.of(URI.create("https://new.example")),
                Instant.EPOCH));
    records.fence("empty.example.com", Fence.NONE, moved);
    Fence fenced = Fence.NONE.next("0123456789abcdef", new Fence.Standing.Fenced(Instant.EPOCH));
    records.fence(NAME, Fence.NONE, fenced);
    assertThat(Cli.run("tailnets", url).out())
        .contains("\t3 nodes\tbeing moved\n")
        .endsWith(
            "empty.example.com\tmoved to postgresql://new/db\tserved by https://new.example\n");
    Cli.Result fleet = Cli.run("fleet", url, "--tailnet", "empty.example.com");
    assertThat(fleet.exitCode()).isNotZero();
    assertThat(fleet.err()).contains("moved", "https://new.example").hasLineCount(1);
    records.fence(
        "empty.example.com", moved, moved.next(new Fence.Standing.Shadow("sqlite:old.db")));
    assertThat(Cli.run("tailnets", url).out())
        .endsWith("empty.example.com\tunfinished copy of that in sqlite:old.db\n");
    assertThat(Cli.run("tailnets", url, "--json").json().toString())
        .contains("Standing=shadow", "Place=sqlite:old.db", "Standing=fenced");
  }

  @Test
  void whatIsReadOverASocketIsWhatTheServerKeeps() throws Exception {
    String url = onSocket();
    for (String verb : List.of("status", "log", "verify", "offer")) {
      assertThat(Cli.run(verb, url, "--tailnet", NAME))
          .as(verb)
          .isEqualTo(Cli.run(verb, tailnet.directory()));
    }
    assertThat(Cli.run("tailnets", url).out())
        .isEqualTo(
            NAME
                + "\t2 AUMs\thead "
                + tailnet.authority().head()
                + "\t3 nodes\nempty.example.com\tnot enabled\t1 node\n");
    assertThat(Cli.run("status", url, "--tailnet", "none").exitCode())
        .isEqualTo(ExitCode.NOT_FOUND);
    assertThat(Cli.run("status", url, "--tailnet", "empty.example.com").out())
        .contains("NOT enabled");
  }

  @Test
  void everyNodeIsJudgedAndTheStrandedOneIsNamed() throws Exception {
    String url = onSocket();
    Cli.Result peers = Cli.run("peers", url, "--tailnet", NAME);
    assertThat(peers.out()).contains("laptop (1)", "1 kept, 2 dropped");
    assertThat(peers.exitCode()).isEqualTo(ExitCode.PEER_DROPPED);
    assertThat(Cli.run("explain", url, "phone", "--tailnet", NAME).out())
        .contains("dropped: ", " tlpub:");
    Cli.Result fleet = Cli.run("fleet", url, "--tailnet", NAME);
    assertThat(fleet.exitCode()).as(fleet.err()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(fleet.out())
        .startsWith(NAME + ": 3 nodes: 1 behind, 1 locked-out, 1 stranded\nhead ")
        .contains(
            "laptop (node 1), 1 behind", "phone (node 2), never came", "to do: sign nodekey:");
    assertThat(Cli.run("doctor", url, "--tailnet", NAME).out())
        .contains("PROBLEM  node-stranded: tablet (node 3): ", "PROBLEM  node-dropped: phone (2)");
  }

  @Test
  void aNodesTokenStandsForItUntilItIsRevoked() throws Exception {
    String url = onSocket();
    String first = token(url);
    String second = token(url);
    assertThat(service.authenticate(first, "there").orElseThrow().node()).isEqualTo(2);
    List<String> listed = Cli.run("node", "tokens", url, "--tailnet", NAME).out().lines().toList();
    assertThat(listed).hasSize(2);
    String id = service.authenticate(first, "there").orElseThrow().hash().toHex();
    Cli.Result revoked = Cli.run("node", "revoke", url, "--tailnet", NAME, id);
    assertThat(revoked).isEqualTo(new Cli.Result(0, "", ""));
    assertThat(service.authenticate(first, "there")).isEmpty();
    assertThat(service.authenticate(second, "there")).isPresent();
    Cli.Result nobody = Cli.run("node", "token", url, "--tailnet", NAME, "--node", Long.MAX_VALUE);
    assertThat(nobody.exitCode()).as(nobody.err()).isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  void aTailnetCountsAsRestoredUntilThatIsOver() throws Exception {
    String url = onSocket();
    String words = url + " --tailnet 'a b.example.com'";
    Cli.Result said = Cli.run("restored", url, "--tailnet", NAME);
    assertThat(said)
        .isEqualTo(
            new Cli.Result(
                0,
                "Control takes back what nodes still hold, until all have come. To end that before:"
                    + " tka restored "
                    + words
                    + " --over\n",
                ""));
    String since = service.status(NAME).restored().orElseThrow().toString();
    assertThat(Cli.run("status", url, "--tailnet", NAME).out())
        .contains("at " + since, "until 'tka restored " + words + " --over'");
    assertThat(Cli.run("status", url, "--tailnet", NAME, "--json").json())
        .containsEntry("Restored", since);
    // Node 1 and 3 have not come for more than 30 days before the copy's newest AUM.
    String line = "restored from a backup, as was said at " + since + ": ";
    Cli.Result fleet = Cli.run("fleet", url, "--tailnet", NAME);
    assertThat(fleet.out())
        .contains(line + "1 node awaited\n")
        .containsPattern("phone \\(node 2\\), never came, awaited\n");
    assertThat(Cli.run("fleet", url, "--tailnet", NAME, "--json").json())
        .containsEntry("Restored", since);
    assertThat(Cli.run("doctor", url, "--tailnet", NAME).out())
        .contains(
            "note     restored: " + line.strip(),
            "; 1 node awaited: phone (node 2)\n",
            "run:   tka restored " + words + " --over\n");
    assertThat(Cli.run("restored", url, "--tailnet", NAME, "--over"))
        .isEqualTo(new Cli.Result(0, "Control's own rules hold again.\n", ""));
    assertThat(service.status(NAME).restored()).isEmpty();
    assertThat(Cli.run("status", url, "--tailnet", NAME))
        .isEqualTo(Cli.run("status", tailnet.directory()));
    Cli.Result off = Cli.run("restored", url, "--tailnet", "empty.example.com");
    assertThat(off.exitCode()).as(off.err()).isNotEqualTo(ExitCode.OK);
    assertThat(off.err()).contains("not enabled");
  }

  private static String token(String url) {
    Cli.Result made = Cli.run("node", "token", url, "--tailnet", NAME, "--node", 2);
    assertThat(made.exitCode()).as(made.err()).isEqualTo(ExitCode.OK);
    return made.out().strip();
  }

  @Test
  void overTcpATokenIsNeeded() throws Exception {
    Path token = Files.writeString(folder.resolve("token"), TOKEN + "\n");
    Listener.Address address =
        serve(
            ServerSettings.of(
                operator(new Listener.Address.Tcp("127.0.0.1", 0)).withTokenFile(token)));
    String url = "http://" + address;
    assertThat(Cli.run("status", url, "--tailnet", NAME, "--token-file", token))
        .isEqualTo(Cli.run("status", tailnet.directory()));
    Cli.Result without = Cli.run("status", url, "--tailnet", NAME);
    assertThat(without.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(without.err()).contains("the server says: ", "to do: ", "--token-file FILE");
    Path wrong = Files.writeString(folder.resolve("wrong"), "another-token-0123456789");
    Cli.Result refused = Cli.run("tailnets", url, "--token-file", wrong);
    assertThat(refused.err()).contains("not valid here").doesNotContain("another-token");
  }

  @Test
  void overTlsEitherSideProvesWhoItIs() throws Exception {
    Path server = certificate("server", "san=dns:localhost,ip:127.0.0.1");
    Path client = certificate("client", "san=dns:client");
    Listener.Address address =
        serve(
            ServerSettings.of(
                    operator(new Listener.Address.Tcp("127.0.0.1", 0)).withClientCa(client))
                .withCertificate(server, folder.resolve("server.key")));
    String url = "https://" + address;
    Object[] known = {"--ca-file", server, "--cert-file", folder.resolve("client-with-key.pem")};
    Cli.Result status =
        Cli.run("status", url, "--tailnet", NAME, known[0], known[1], known[2], known[3]);
    assertThat(status).isEqualTo(Cli.run("status", tailnet.directory()));
    Cli.Result stranger = Cli.run("tailnets", url, "--ca-file", server);
    assertThat(stranger.exitCode()).as(stranger.err()).isEqualTo(ExitCode.IO);
    Cli.Result untrusted = Cli.run("tailnets", url);
    assertThat(untrusted.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(untrusted.err()).contains("not signed by an authority that is trusted", "--ca-file");
    Cli.Result plain = Cli.run("tailnets", "http://" + address);
    assertThat(plain.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(Tailnet.withoutAdvice(plain.err())).hasLineCount(1);
  }

  /** A certificate that signs itself; its key is beside it, and both are in a third file. */
  private Path certificate(String name, String names) throws Exception {
    Path file = folder.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                names,
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    keytool.getInputStream().transferTo(OutputStream.nullOutputStream());
    assertThat(keytool.waitFor()).isZero();
    KeyStore store = KeyStore.getInstance(file.toFile(), PASSWORD);
    Certificate certificate = store.getCertificate(name);
    Key key = store.getKey(name, PASSWORD);
    String own = pem("CERTIFICATE", certificate.getEncoded());
    String secret = pem("PRIVATE KEY", key.getEncoded());
    Files.writeString(folder.resolve(name + ".key"), secret);
    Files.writeString(folder.resolve(name + "-with-key.pem"), own + secret);
    return Files.writeString(folder.resolve(name + ".pem"), own);
  }

  private static String pem(String type, byte[] bytes) {
    return "-----BEGIN "
        + type
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(bytes)
        + "\n-----END "
        + type
        + "-----\n";
  }
}
