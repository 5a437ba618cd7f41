package dev.tka.control.http;

import static dev.tka.control.http.Kit.nodeKey;
import static dev.tka.control.http.Kit.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that chance has changed, over sockets, for {@code -Dtka.seconds}: each is answered in
 * the form of {@link Kit#requirePlain}, none ends the server or is its fault, and what honest nodes
 * have stays. Ten minutes: {@code ./mvnw test -pl control-http -am -Dtest=FuzzTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dtka.seconds=600}.
 */
class FuzzTest {
  @TempDir Path folder;

  private static List<String> seeds() {
    String head = Kit.genesis().hash().toString();
    String root = "/v1/tailnets/" + Kit.TAILNET;
    List<String> seeds = new ArrayList<>();
    add(seeds, "POST", Kit.node(9) + "/login", Kit.login(9));
    add(seeds, "PUT", Kit.node(9), text("nodeKey", nodeKey(9), "name", "nine"));
    add(seeds, "DELETE", Kit.node(9), "");
    add(seeds, "GET", root + "/nodes?node=1&node=2", "");
    add(seeds, "GET", root + "/announcement?node=1&wait=1ms", "");
    add(seeds, "GET", "/readyz?verbose", "");
    for (String rpc :
        List.of(
            "init/begin",
            "init/finish",
            "bootstrap",
            "sync/offer",
            "sync/send",
            "sign",
            "affected-sigs")) {
      add(
          seeds,
          "GET",
          Kit.node(2) + "/machine/tka/" + rpc,
          text(
              "Version",
              148,
              "NodeKey",
              nodeKey(2),
              "Head",
              head,
              "Ancestors",
              List.of(head),
              "MissingAUMs",
              List.of(Kit.base64(Kit.genesis().encoded())),
              "Interactive",
              true,
              "GenesisAUM",
              Kit.base64(Kit.genesis().encoded()),
              "Signatures",
              Map.of("2", Kit.base64(Kit.signature(2))),
              "Signature",
              Kit.base64(Kit.signature(2)),
              "KeyID",
              "AAAA"));
    }
    return seeds;
  }

  private static void add(List<String> seeds, String method, String path, String body) {
    seeds.add(
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body);
  }

  private static final List<String> PIECES =
      List.of(
          "%2e%2e/",
          "%2F",
          ";",
          "%00",
          "%",
          "//",
          "\r\n",
          "\u0000",
          "\u00fc",
          "{",
          "}",
          "[",
          "]",
          "\"",
          "null",
          "-1",
          "9223372036854775808",
          "1e400",
          "Content-Length: 3\r\n",
          "Transfer-Encoding: chunked\r\n",
          "\ud83d\ude00",
          "A".repeat(9_000),
          "=",
          "true");

  private static byte[] changed(String seed, Random random) {
    byte[] bytes = seed.getBytes(StandardCharsets.UTF_8);
    for (int times = random.nextInt(4); times >= 0; times--) {
      int at = random.nextInt(bytes.length + 1);
      int to = Math.min(bytes.length, at + random.nextInt(8));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(bytes, 0, at);
      switch (random.nextInt(4)) {
        case 0 -> {
          byte[] piece = PIECES.get(random.nextInt(PIECES.size())).getBytes(StandardCharsets.UTF_8);
          out.write(piece, 0, piece.length);
          out.write(bytes, at, bytes.length - at);
        }
        case 1 -> out.write(bytes, to, bytes.length - to);
        case 2 -> {
          out.write(random.nextInt(256));
          out.write(
              bytes, Math.min(at + 1, bytes.length), bytes.length - Math.min(at + 1, bytes.length));
        }
        default -> {
          out.write(bytes, at, to - at);
          out.write(bytes, at, bytes.length - at);
        }
      }
      bytes = out.toByteArray();
      if (bytes.length == 0) {
        bytes = new byte[] {'x'};
      }
    }
    return bytes;
  }

  @Test
  void whateverComesIsAnsweredInFormAndHarmsNobody() throws Exception {
    long seed = Long.getLong("tka.fuzz.seed", System.nanoTime());
    Random random = new Random(seed);
    Duration time = Duration.ofSeconds(Integer.getInteger("tka.seconds", 3));
    Map<String, Integer> answers = new TreeMap<>();
    int sent = 0;
    try (Kit kit = Kit.onSockets(folder)) {
      kit.lock(3);
      String announced =
          kit.ask(Role.FORWARDER, "GET", "/v1/tailnets/" + Kit.TAILNET + "/announcement", "")
              .body();
      List<String> seeds = seeds();
      long began = System.nanoTime();
      // A slow machine sends too few in that time to see the rarer answers.
      while (System.nanoTime() - began < time.toNanos() || sent < 500) {
        byte[] request = changed(seeds.get(random.nextInt(seeds.size())), random);
        sent++;
        try (RawHttp http = new RawHttp(kit.address(Role.FORWARDER))) {
          http.send(request);
          http.endOutput();
          RawHttp.Reply reply = http.read();
          answers.merge(reply.status() + " " + reply.code(), 1, Integer::sum);
          if (reply.status() >= 400) {
            Kit.requirePlain(reply);
          }
          assertThat(reply.status())
              .as("seed %s: %s", seed, new String(request, StandardCharsets.ISO_8859_1))
              .isNotEqualTo(500);
        } catch (IOException e) {
          answers.merge("cut off", 1, Integer::sum);
        }
        if (kit.log.size() > 10_000) {
          OpenApiTest.requireDocumented(List.copyOf(kit.log));
          kit.log.clear();
        }
      }
      assertThat(
              kit.ask(Role.FORWARDER, "GET", "/v1/tailnets/" + Kit.TAILNET + "/announcement", "")
                  .body())
          .isEqualTo(announced);
      assertThat(kit.log).noneMatch(line -> line.contains(" failed: "));
      assertThat(answers.keySet()).hasSizeGreaterThan(5);
    } finally {
      System.out.println("seed " + seed + ", " + sent + " requests in " + time + ": " + answers);
    }
  }
}
