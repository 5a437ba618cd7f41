package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.TimedService;
import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.State;
import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * A server over a service in memory, for tests. When it is closed, nothing that was logged may hold
 * a secret or a token that was used, or an error that the OpenAPI document does not list.
 */
final class Kit implements AutoCloseable {
  static final String TAILNET = "example.com";
  static final String TOKEN = "forwarder-token-0123456789abcdef";
  static final String OPERATOR_TOKEN = "operator-token-0123456789abcdef";
  static final String READ_TOKEN = "read-token-0123456789abcdef";

  /** What ends the lock of tests. */
  static final Bytes SECRET_BYTES =
      Bytes.copyOf("the secret of all these tests".getBytes(StandardCharsets.UTF_8));

  static final DisablementSecret SECRET = DisablementSecret.of(SECRET_BYTES.toByteArray());

  /** Made once: the value of a secret takes 16 MiB and 50 ms. */
  private static final Aum GENESIS =
      TestKeys.sign(
          Aum.builder(AumKind.CHECKPOINT)
              .state(State.of(List.of(SECRET.value()), List.of(TestKeys.key(1, 2)), 7, 7))
              .build(),
          1);

  final Path folder;
  final Tailnets place;
  final ControlService service;
  final ControlServer server;

  /** May be looked at while the server adds to it. */
  final List<String> log = new CopyOnWriteArrayList<>();

  private final Set<String> secrets = Collections.synchronizedSet(new TreeSet<>());
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          log.add(line.getMessage() + " " + List.of(parameters(line)) + " " + line.getThrown());
        }

        private Object[] parameters(LogRecord line) {
          return line.getParameters() == null ? new Object[0] : line.getParameters();
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  Kit(Path folder, ControlSettings control, ServerSettings settings) throws IOException {
    this(folder, control, settings, System::nanoTime);
  }

  Kit(Path folder, ControlSettings control, ServerSettings settings, LongSupplier nanoTime)
      throws IOException {
    this.folder = folder;
    Logger.getLogger("").addHandler(handler);
    place = new MemoryTailnets();
    service = TimedService.over(place, control, nanoTime);
    server =
        ControlServer.start(
            new ControlServer.Parts(service, place, log::add, control.mostNodes()), settings);
    secrets.addAll(
        List.of(
            TOKEN,
            OPERATOR_TOKEN,
            READ_TOKEN,
            "the secret of all these tests",
            Base64.getEncoder().encodeToString(SECRET_BYTES.toByteArray()),
            SECRET_BYTES.toHex()));
  }

  /** Forwarder and operator on Unix sockets, which need no token. */
  static Kit onSockets(Path folder) throws IOException {
    return new Kit(folder, ControlSettings.DEFAULTS, sockets(folder));
  }

  static ServerSettings sockets(Path folder) {
    return ServerSettings.of(
        Listener.of(Role.FORWARDER, new Listener.Address.Unix(folder.resolve("f.sock"))),
        Listener.of(Role.OPERATOR, new Listener.Address.Unix(folder.resolve("o.sock"))));
  }

  /** All roles on TCP, with tokens. */
  static Kit onTcp(Path folder) throws IOException {
    return new Kit(folder, ControlSettings.DEFAULTS, tcp(folder));
  }

  static ServerSettings tcp(Path folder) throws IOException {
    Listener.Address.Tcp any = new Listener.Address.Tcp("127.0.0.1", 0);
    return ServerSettings.of(
        Listener.of(Role.FORWARDER, any)
            .withTokenFile(Files.writeString(folder.resolve("forwarder"), TOKEN)),
        Listener.of(Role.OPERATOR, any)
            .withTokenFile(Files.writeString(folder.resolve("operator"), OPERATOR_TOKEN))
            .withReadTokenFile(Files.writeString(folder.resolve("read"), READ_TOKEN)),
        Listener.of(Role.NODE, any));
  }

  /** Waits until a line with a part is in the log: some answers come before their line. */
  void awaitLine(String part) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (log.stream().noneMatch(line -> line.contains(part))) {
      assertThat(System.nanoTime()).as("%s in %s", part, log).isLessThan(end);
      Thread.sleep(5);
    }
  }

  /** A text that must not be logged. */
  String secret(String text) {
    secrets.add(text);
    return text;
  }

  Listener.Address address(Role role) {
    return server.address(role).orElseThrow();
  }

  /** Asks, and checks the form of an error. */
  RawHttp.Reply ask(Role role, String method, String path, String body, String... headers)
      throws IOException {
    StringBuilder head =
        new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String each : headers) {
      head.append(each).append("\r\n");
    }
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
    return send(role, head + body);
  }

  RawHttp.Reply send(Role role, String request) throws IOException {
    RawHttp.Reply reply = RawHttp.ask(address(role), request);
    if (reply.status() >= 400) {
      assertThat(reply.status()).as("%s", log).isNotEqualTo(500);
      requirePlain(reply);
    }
    return reply;
  }

  /** An error is one plain line, with its code, and shows nothing of the inside. */
  static void requirePlain(RawHttp.Reply reply) {
    assertThat(reply.body()).as("%s", reply).matches("[^\\p{Cntrl}]{5,200}\n");
    assertThat(reply.body())
        .doesNotContain("Exception", "dev.tka", "org.eclipse", "java.", "SELECT", "\tat ");
    assertThat(reply.headers())
        .containsEntry("content-type", "text/plain; charset=utf-8")
        .containsEntry("x-content-type-options", "nosniff")
        .doesNotContainKey("server");
    assertThat(reply.code()).isIn(CODES);
    if (reply.status() == 429 || reply.status() == 503) {
      assertThat(reply.headers()).containsKey("retry-after");
    }
  }

  static final List<String> CODES =
      List.of(
          "malformed",
          "unauthorized",
          "forbidden",
          "wrong-secret",
          "not-found",
          "bad-method",
          "unknown-tailnet",
          "unknown-node",
          "lock-off",
          "lock-on",
          "refused",
          "conflict",
          "too-large",
          "too-many",
          "in-doubt",
          "moved",
          "unavailable");

  static Map<String, Object> json(RawHttp.Reply reply) throws IOException {
    assertThat(reply.status()).as("%s", reply).isEqualTo(200);
    return JSON.std.mapFrom(reply.body());
  }

  static List<Map<String, Object>> lines(RawHttp.Reply reply) throws IOException {
    assertThat(reply.status()).as("%s", reply).isEqualTo(200);
    List<Map<String, Object>> lines = new ArrayList<>();
    for (String line : reply.body().split("\n", -1)) {
      if (!line.isEmpty()) {
        lines.add(JSON.std.mapFrom(line));
      }
    }
    return lines;
  }

  static String text(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    try {
      return JSON.std.asString(map);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  static String node(long number) {
    return "/v1/tailnets/" + TAILNET + "/nodes/" + number;
  }

  static String nodeKey(int node) {
    return NodeKeySignatures.nodeKey(node).toString();
  }

  static Aum genesis() {
    return GENESIS;
  }

  static Bytes signature(int node) {
    return NodeKeySignatures.direct(node, 1, 100 + node).encoded();
  }

  /** The body of a login of a node, which may init if it is node 1. */
  static String login(int node) {
    return text(
        "nodeKey",
        nodeKey(node),
        "rotationKey",
        base64(TestKeys.publicKey(100 + node).bytes()),
        "name",
        "node" + node,
        "mayInit",
        node == 1);
  }

  /** Asks for the end of the authority with this head. */
  RawHttp.Reply disable(String head) throws IOException {
    return ask(
        Role.FORWARDER,
        "POST",
        node(1) + "/machine/tka/disable",
        text(
            "Version",
            148,
            "NodeKey",
            nodeKey(1),
            "Head",
            head,
            "DisablementSecret",
            base64(SECRET_BYTES)));
  }

  /** Logs nodes in and switches the lock on, over HTTP. */
  void lock(int nodes, String... headers) throws IOException {
    Map<String, String> signatures = new LinkedHashMap<>();
    for (int node = 1; node <= nodes; node++) {
      assertThat(ask(Role.FORWARDER, "POST", node(node) + "/login", login(node), headers).body())
          .isEqualTo("{}");
      signatures.put(String.valueOf(node), base64(signature(node)));
    }
    RawHttp.Reply begun =
        ask(
            Role.FORWARDER,
            "GET",
            node(1) + "/machine/tka/init/begin",
            text("Version", 148, "NodeKey", nodeKey(1), "GenesisAUM", base64(genesis().encoded())),
            headers);
    assertThat((List<?>) json(begun).get("NeedSignatures")).hasSize(nodes);
    json(
        ask(
            Role.FORWARDER,
            "GET",
            node(1) + "/machine/tka/init/finish",
            text("Version", 148, "NodeKey", nodeKey(1), "Signatures", signatures),
            headers));
  }

  @Override
  public void close() throws IOException {
    server.close();
    service.close();
    Logger.getLogger("").removeHandler(handler);
    String all = String.join("\n", log);
    for (String each : secrets) {
      assertThat(all).doesNotContain(each);
    }
    OpenApiTest.requireDocumented(List.copyOf(log));
  }
}
