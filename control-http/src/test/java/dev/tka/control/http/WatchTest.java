package dev.tka.control.http;

import static dev.tka.control.http.Kit.node;
import static dev.tka.control.http.Kit.nodeKey;
import static dev.tka.control.http.Kit.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.control.ControlSettings;
import dev.tka.core.Aum;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The lines of a watch over real sockets (service, sections 4 and 10). The system property {@code
 * tka.rounds} sets how often a reader connects again, and how much one does not read.
 */
@Timeout(300)
class WatchTest {
  private static final int ROUNDS = Integer.getInteger("tka.rounds", 20);
  private static final String EVENTS = "Accept: text/event-stream";

  /** A node that only says where a reader is. */
  private static final int MARK = 900;

  private static final String ONE = "/v1/tailnets/" + Kit.TAILNET + "/watch";

  @TempDir Path folder;

  /** One connection that reads a watch. */
  private static final class Watch implements AutoCloseable {
    private final RawHttp http;
    final RawHttp.Reply head;
    private final boolean events;
    private String rest = "";
    private boolean over;
    private int marks;

    Watch(Kit kit, String path, String... headers) throws IOException {
      http = new RawHttp(kit.address(Role.FORWARDER));
      events = List.of(headers).contains(EVENTS);
      StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: x\r\n");
      for (String each : headers) {
        request.append(each).append("\r\n");
      }
      http.send(request + "\r\n");
      head = http.head();
    }

    /** Up to and without the next such text; empty at the end of the stream. */
    Optional<String> until(String end) throws IOException {
      while (!rest.contains(end)) {
        byte[] chunk = over ? new byte[0] : http.chunk();
        if (chunk.length == 0) {
          over = true;
          assertThat(rest).as("what follows the last line").isEmpty();
          return Optional.empty();
        }
        rest += new String(chunk, StandardCharsets.UTF_8);
      }
      int at = rest.indexOf(end);
      String found = rest.substring(0, at);
      rest = rest.substring(at + end.length());
      return Optional.of(found);
    }

    Map<String, Object> line() throws IOException {
      if (events) {
        return event(this);
      }
      Map<String, Object> line = JSON.std.mapFrom(until("\n").orElseThrow());
      assertThat(line).containsKey("token");
      return line;
    }

    /** The next line that names a node. */
    Map<String, Object> naming(int node) throws IOException {
      Map<String, Object> line = line();
      while (!signatures(line).contains(String.valueOf(node))) {
        line = line();
      }
      return line;
    }

    /**
     * Reads on until all that was committed before is told, and returns the last line: what was
     * committed right before a reader came may be told after its first line, with what comes then.
     */
    Map<String, Object> caughtUp(Kit kit) throws IOException {
      mark(kit);
      Map<String, Object> line = line();
      while (!signatures(line).contains(String.valueOf(MARK))) {
        if (line.containsKey("resync")) {
          // Which may tell of the mark, too.
          mark(kit);
        }
        line = line();
      }
      return line;
    }

    private void mark(Kit kit) throws IOException {
      String entry = text("nodeKey", nodeKey(MARK), "name", "mark " + marks++);
      assertThat(kit.ask(Role.FORWARDER, "PUT", node(MARK), entry).status()).isEqualTo(204);
    }

    @Override
    public void close() throws IOException {
      http.close();
    }
  }

  private static List<?> signatures(Map<String, Object> line) {
    return (List<?>) line.getOrDefault("signatures", List.of());
  }

  private static String from(Object token) {
    return "?from=" + java.net.URLEncoder.encode((String) token, StandardCharsets.UTF_8);
  }

  private static void login(Kit kit, int node) throws IOException {
    assertThat(kit.ask(Role.FORWARDER, "POST", node(node) + "/login", Kit.login(node)).status())
        .isEqualTo(200);
  }

  private static void rename(Kit kit, int node, String name) throws IOException {
    assertThat(
            kit.ask(
                    Role.FORWARDER,
                    "POST",
                    node(node) + "/login",
                    text("nodeKey", nodeKey(node), "name", name))
                .status())
        .isEqualTo(200);
  }

  @Test
  void aNodeThatWaitsHoldsABufferOfLessThanTwoKibibytes() throws Exception {
    int nodes = 40;
    List<RawHttp> waiting = new ArrayList<>();
    try (Kit kit = Kit.onSockets(folder)) {
      kit.service.create(Kit.TAILNET);
      for (int node = 1; node <= nodes; node++) {
        RawHttp http = new RawHttp(kit.address(Role.FORWARDER));
        waiting.add(http);
        http.send(
            "GET /v1/tailnets/%s/announcement?node=%d&wait=55s HTTP/1.1\r\nHost: x\r\n"
                    .formatted(Kit.TAILNET, node)
                // With a length, a connection holds its buffer as long as the node waits.
                + "If-None-Match: \"never\"\r\nContent-Length: 0\r\n\r\n");
      }
      while (kit.service.waiting() < nodes) {
        Thread.sleep(5);
      }
      assertThat(kit.server.bufferBytes()).isBetween(nodes * 512L, nodes * 2_000L);
    } finally {
      for (RawHttp each : waiting) {
        each.close();
      }
    }
  }

  @Test
  void withoutATokenTheFirstLineIsAResyncAndEachChangeSaysAllOfItself() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      try (Watch watch = new Watch(kit, "/v1/watch")) {
        assertThat(watch.head.status()).isEqualTo(200);
        assertThat(watch.head.headers())
            .containsEntry("content-type", Answer.LINES)
            .containsEntry("cache-control", "no-store");
        assertThat(watch.line()).containsEntry("resync", true).containsOnlyKeys("resync", "token");
        watch.caughtUp(kit);

        login(kit, 3);
        assertThat(watch.naming(3))
            .containsOnlyKeys("tailnet", "token", "announcement", "differs", "signatures")
            .containsEntry("tailnet", Kit.TAILNET)
            .containsEntry("announcement", Map.of("Head", Kit.genesis().hash().toString()))
            .containsEntry("differs", List.of())
            .containsEntry("signatures", List.of("3"));

        Aum edit = Chains.addKey(Kit.genesis(), TestKeys.key(2, 1), 1);
        Kit.json(
            kit.ask(
                Role.FORWARDER,
                "POST",
                node(1) + "/machine/tka/sync/send",
                text(
                    "Version",
                    148,
                    "NodeKey",
                    nodeKey(1),
                    "Head",
                    Kit.genesis().hash().toString(),
                    "MissingAUMs",
                    List.of(Kit.base64(edit.encoded())),
                    "Interactive",
                    true)));
        Map<String, Object> edited = watch.line();
        while (!edited.get("announcement").equals(Map.of("Head", edit.hash().toString()))) {
          edited = watch.line();
        }
        assertThat(edited)
            .containsEntry("tailnet", Kit.TAILNET)
            .containsEntry("differs", List.of())
            .containsEntry("signatures", List.of());

        disable(kit, edit);
        Map<String, Object> ended = watch.line();
        while (!ended.get("announcement").equals(Map.of("Disabled", true))) {
          ended = watch.line();
        }
        assertThat(ended).containsEntry("differs", List.of());
        assertThat(signatures(ended)).isEqualTo(List.of("1", "2"));
      }
    }
  }

  private static void disable(Kit kit, Aum head) throws IOException {
    Kit.json(kit.disable(head.hash().toString()));
  }

  @Test
  void aReaderThatConnectsAgainAndAgainWithItsLastTokenMissesNothing() throws Exception {
    Random random = new Random(ROUNDS);
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      Object token;
      try (Watch watch = new Watch(kit, "/v1/watch")) {
        token = watch.line().get("token");
      }
      Set<String> named = new TreeSet<>();
      Set<String> changed = new TreeSet<>();
      int lines = 0;
      for (int round = 0; round < ROUNDS; round++) {
        int node = 10 + random.nextInt(50);
        changed.add(String.valueOf(node));
        rename(kit, node, "round " + round);
        String path = random.nextBoolean() ? "/v1/watch" : ONE;
        try (Watch watch = new Watch(kit, path + from(token))) {
          if (random.nextBoolean()) {
            rename(kit, node, "again " + round);
          }
          // No line, the first one, or all up to the change.
          int most = random.nextInt(3);
          boolean found = most == 0;
          while (!found) {
            Map<String, Object> line = watch.line();
            assertThat(line).doesNotContainKey("resync");
            signatures(line).forEach(each -> named.add((String) each));
            token = line.get("token");
            lines++;
            found = most == 1 || signatures(line).contains(String.valueOf(node));
          }
        }
      }
      rename(kit, 3, "the last");
      try (Watch watch = new Watch(kit, "/v1/watch" + from(token))) {
        while (!named.contains("3")) {
          signatures(watch.line()).forEach(each -> named.add((String) each));
        }
      }
      changed.add("3");
      assertThat(named).containsAll(changed);
      System.out.println(
          "watch: "
              + ROUNDS
              + " connections with the last token, "
              + lines
              + " lines, none missed");
    }
  }

  @Test
  void aTextThatIsNoTokenGetsAResyncOrAPlainError() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      String token;
      try (Watch watch = new Watch(kit, "/v1/watch")) {
        token = (String) watch.line().get("token");
      }
      List<String> texts =
          new ArrayList<>(
              List.of(
                  "",
                  "x",
                  "0",
                  "-1",
                  token + "0",
                  token + "999999999999999999",
                  token.substring(0, token.length() - 1),
                  token + "x",
                  token.toUpperCase(java.util.Locale.ROOT) + ":",
                  "sql:0123456789abcdef:1:1:",
                  "sql:::",
                  "sql:'; drop table tka.node; --",
                  "revisions:00",
                  "%",
                  "\u0000",
                  "a\r\nb: c",
                  "\ud83d\ude80",
                  "{}",
                  "9".repeat(1000),
                  "a".repeat(3000),
                  "a".repeat(100_000)));
      for (String each : texts) {
        for (String path : List.of("/v1/watch", ONE)) {
          refusedOrResync(kit, path + from(each));
        }
      }
      for (String each : List.of("?from=%", "?from=%ff", "?from", "?from=x&from=y", "?form=x")) {
        refusedOrResync(kit, "/v1/watch" + each);
      }
      for (String each : List.of("", "x", "\u00ff\u00fe", token + token, "1,2")) {
        refusedOrResync(kit, "/v1/watch", "Last-Event-ID: " + each);
      }
    }
  }

  private static void refusedOrResync(Kit kit, String path, String... headers) throws IOException {
    try (Watch watch = new Watch(kit, path, headers)) {
      assertThat(watch.head.status()).as(path).isIn(200, 400, 414, 431);
      if (watch.head.status() == 200) {
        assertThat(watch.line()).as(path).containsEntry("resync", true);
        return;
      }
    }
    // Checks the form of the error.
    StringBuilder head = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String each : headers) {
      head.append(each).append("\r\n");
    }
    assertThat(kit.send(Role.FORWARDER, head + "\r\n").status()).isLessThan(500);
  }

  @Test
  void anEventStreamSaysTheSameAndResumesFromItsLastEvent() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(2);
      String id;
      try (Watch watch = new Watch(kit, "/v1/watch", EVENTS)) {
        assertThat(watch.head.headers()).containsEntry("content-type", "text/event-stream");
        Map<String, Object> first = event(watch);
        assertThat(first).containsEntry("resync", true);
        id = (String) watch.caughtUp(kit).get("token");
      }
      login(kit, 3);
      try (Watch watch = new Watch(kit, "/v1/watch", EVENTS, "Last-Event-ID: " + id)) {
        assertThat(event(watch))
            .containsEntry("tailnet", Kit.TAILNET)
            .containsEntry("signatures", List.of("3"));
      }
      // Of both, the parameter counts.
      try (Watch watch = new Watch(kit, "/v1/watch" + from(id), EVENTS, "Last-Event-ID: none")) {
        assertThat(event(watch)).containsEntry("signatures", List.of("3"));
      }
    }
  }

  private static Map<String, Object> event(Watch watch) throws IOException {
    String[] fields = watch.until("\n\n").orElseThrow().split("\n", -1);
    assertThat(fields).hasSize(2);
    assertThat(fields[0]).startsWith("id: ");
    assertThat(fields[1]).startsWith("data: ");
    Map<String, Object> line = JSON.std.mapFrom(fields[1].substring(6));
    assertThat(line).containsEntry("token", fields[0].substring(4));
    return line;
  }

  @Test
  void aWatchOfOneTailnetSaysNothingOfOthers() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      try (Watch watch = new Watch(kit, ONE)) {
        assertThat(watch.line()).containsEntry("resync", true);
        for (int node = 1; node <= 5; node++) {
          assertThat(
                  kit.ask(
                          Role.FORWARDER,
                          "PUT",
                          "/v1/tailnets/other.example/nodes/" + node,
                          text("nodeKey", nodeKey(node)))
                      .status())
              .isEqualTo(204);
        }
        login(kit, 2);
        Map<String, Object> line;
        do {
          // What came right before it may be told, too.
          line = watch.line();
          assertThat(line).containsEntry("tailnet", Kit.TAILNET);
        } while (!signatures(line).contains("2"));
      }
    }
  }

  @Test
  void whatAReaderDoesNotReadIsKeptByNodeAndNotByChange() throws Exception {
    int nodes = 900;
    int changes = Math.max(60, ROUNDS);
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      try (Watch watch = new Watch(kit, "/v1/watch");
          Watch other = new Watch(kit, "/v1/watch")) {
        watch.line();
        other.line();
        long before = heap();
        long told = 0;
        for (int change = 0; change < changes; change++) {
          StringBuilder list = new StringBuilder();
          for (int node = 1; node <= nodes; node++) {
            list.append(
                text(
                    "node",
                    String.valueOf(100_000_000L + node),
                    "nodeKey",
                    nodeKey(100 + node),
                    "name",
                    "n" + change));
          }
          list.append(text("node", "1", "nodeKey", nodeKey(1)));
          assertThat(
                  kit.ask(
                          Role.FORWARDER,
                          "PUT",
                          "/v1/tailnets/" + Kit.TAILNET + "/nodes",
                          list.toString())
                      .status())
              .isEqualTo(204);
          // Another reader is not held up, and shows that each of them is a line.
          told += signatures(other.naming(100_000_000 + nodes)).size();
        }
        long grown = heap() - before;
        login(kit, 7);
        long read = 0;
        Map<String, Object> line = watch.line();
        while (!signatures(line).contains("7") && !line.containsKey("resync")) {
          read += signatures(line).size();
          line = watch.line();
        }
        System.out.printf(
            "watch: of %d changes with %d nodes each, a reader that read nothing then read %d nodes"
                + " of %d; the heap had grown by %d KiB%n",
            changes, nodes, read, told, grown >> 10);
        assertThat(told).isGreaterThanOrEqualTo((long) changes * nodes);
        // What the socket holds, and each node once.
        assertThat(read).isLessThan(told / 2);
        assertThat(grown).isLessThan(16 << 20);
      }
    }
  }

  private static long heap() {
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @Test
  void aStoppingServerSendsReadersElsewhereAndEndsTheirStreams() throws Exception {
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(1);
      try (Watch watch = new Watch(kit, "/v1/watch");
          Watch events = new Watch(kit, "/v1/watch", EVENTS)) {
        watch.line();
        event(events);
        CompletableFuture<Boolean> drained =
            CompletableFuture.supplyAsync(() -> kit.server.drain(Duration.ofSeconds(60)));
        // What is not read yet comes first.
        Map<String, Object> last = watch.line();
        while (last.containsKey("announcement")) {
          last = watch.line();
        }
        assertThat(last).containsEntry("reconnect", true).containsOnlyKeys("reconnect", "token");
        assertThat(watch.until("\n")).isEmpty();
        Map<String, Object> lastEvent = event(events);
        while (lastEvent.containsKey("announcement")) {
          lastEvent = event(events);
        }
        assertThat(lastEvent).containsEntry("reconnect", true);
        assertThat(events.until("\n")).isEmpty();
        assertThat(drained.get(60, TimeUnit.SECONDS)).isTrue();
      }
      try (Watch late = new Watch(kit, "/v1/watch")) {
        assertThat(late.head.status()).isEqualTo(503);
        assertThat(late.head.code()).isEqualTo("unavailable");
      }
    }
  }

  @Test
  void aReaderOfAQuietTailnetGetsABeat() throws Exception {
    AtomicLong later = new AtomicLong();
    try (Kit kit =
        new Kit(
            folder,
            ControlSettings.DEFAULTS,
            Kit.sockets(folder),
            () -> System.nanoTime() + later.get())) {
      kit.lock(1);
      try (Watch watch = new Watch(kit, ONE)) {
        Map<String, Object> first = watch.line();
        for (int i = 0; i < 2; i++) {
          Map<String, Object> line = Map.of("announcement", "");
          // What was committed just before the reader came may be told first.
          while (line.containsKey("announcement")) {
            later.addAndGet(TimeUnit.SECONDS.toNanos(20));
            line = watch.line();
          }
          assertThat(line).containsEntry("beat", true).containsOnlyKeys("beat", "token");
        }
        assertThat(first).containsEntry("resync", true);
      }
    }
  }
}
