package dev.tka.client.localapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.client.testkit.FakeServer;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.AumSnapshot;
import dev.tka.testkit.GoldenData;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every exchange with a real tailscaled that was recorded (testdata/recorded/localapi): what the
 * client asks for is equal in meaning, and what was answered is understood.
 */
class RecordedLocalApiTest {
  private static final String LOCK = "/localapi/v0/tka/";

  /** What each error means; the first text that an error contains decides. */
  private static final Map<String, Class<? extends LocalApiException>> MEANING = meaning();

  private static Map<String, Class<? extends LocalApiException>> meaning() {
    Map<String, Class<? extends LocalApiException>> all = new LinkedHashMap<>();
    all.put("request returned (5", LocalApiException.ControlSilent.class);
    all.put("decoding JSON", LocalApiException.ControlSilent.class);
    all.put("use of closed network connection", LocalApiException.ControlSilent.class);
    all.put("request returned (4", LocalApiException.ControlRefused.class);
    all.put("tailnet-lock is not active", LocalApiException.NotEnabled.class);
    all.put("logged in", LocalApiException.NotLoggedIn.class);
    all.put("try again", LocalApiException.TryAgain.class);
    all.put("this node is not trusted", LocalApiException.NotTrusted.class);
    all.put("does not have a trusted", LocalApiException.NotTrusted.class);
    all.put("incorrect disablement secret", LocalApiException.WrongSecret.class);
    all.put("has already signed", LocalApiException.AlreadySigned.class);
    all.put("no provided key", LocalApiException.NothingToRevoke.class);
    all.put("pricing plan", LocalApiException.NotOffered.class);
    all.put("access denied", LocalApiException.NotPermitted.class);
    all.put("invalid localapi request", LocalApiException.BadAnswer.class);
    all.put("404 page not found", LocalApiException.BadAnswer.class);
    all.put("use GET", LocalApiException.BadAnswer.class);
    all.put("use POST", LocalApiException.BadAnswer.class);
    all.put("no match for IP", LocalApiException.BadAnswer.class);
    all.put("no peer with that", LocalApiException.BadAnswer.class);
    all.put("connection refused", LocalApiException.NotRunning.class);
    all.put("no such file", LocalApiException.NotRunning.class);
    all.put("EOF", LocalApiException.NoAnswer.class);
    all.put("i/o timeout", LocalApiException.NoAnswer.class);
    all.put("", LocalApiException.Refused.class);
    return all;
  }

  @TempDir Path folder;

  /** The exchange that the daemon is in. */
  private final AtomicReference<Exchange> now = new AtomicReference<>();

  /** An exchange, with what was asked and what was answered. */
  private record Exchange(Map<String, Object> line) {
    int number() {
      return ((Number) Objects.requireNonNull(line.get("n"))).intValue();
    }

    String text(String field) {
      return String.valueOf(line.get(field));
    }

    String path() {
      String path = text("path").replace("http://local-tailscaled.sock", "");
      return line.containsKey("query") ? path + "?" + text("query") : path;
    }

    /** The call's name; empty if it is none about the lock. */
    String call() {
      return path().startsWith(LOCK) && text("method").equals(method(path()))
          ? path().substring(LOCK.length()).replaceFirst("\\?.*", "")
          : path().equals("/localapi/v0/status?peers=false") ? "self" : "";
    }

    private static String method(String path) {
      return path.matches(LOCK + "(status|log)(\\?.*)?") ? "GET" : "POST";
    }

    int status() {
      return ((Number) Objects.requireNonNull(line.get("status"))).intValue();
    }

    byte[] bytes(String field) throws IOException {
      if (line.containsKey(field)) {
        return JSON.std
            .with(JSON.Feature.WRITE_NULL_PROPERTIES)
            .asString(line.get(field))
            .getBytes(StandardCharsets.UTF_8);
      }
      if (line.containsKey(field + "_base64")) {
        return Base64.getDecoder().decode(text(field + "_base64"));
      }
      return line.containsKey(field + "_text")
          ? text(field + "_text").getBytes(StandardCharsets.UTF_8)
          : new byte[0];
    }

    /** The answer's body; of one exchange the recorder kept two whole answers. */
    String answer() throws IOException {
      String body = new String(bytes("response"), StandardCharsets.UTF_8);
      return body.startsWith("HTTP/1.1") ? body.substring(body.lastIndexOf("\r\n\r\n") + 4) : body;
    }

    /** The text of the error; empty if it went well. */
    String error() throws IOException {
      return status() == 0
          ? text("error")
          : status() == 200 || status() == 204 ? "" : answer().strip();
    }

    boolean wentWell() {
      return status() == 200 || status() == 204;
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> request() {
      return line.get("request") instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
    }
  }

  /** A call of the client that the exchange is one of. */
  private interface Call {
    Object on(LocalApi api) throws LocalApiException;
  }

  private static List<Exchange> recorded() throws IOException {
    List<Exchange> all = new ArrayList<>();
    for (String line : GoldenData.lines("recorded/localapi")) {
      all.add(new Exchange(JSON.std.mapFrom(line)));
    }
    return all;
  }

  private void answer(FakeServer.Asked request, OutputStream out) throws Exception {
    Exchange exchange = now.get();
    if (exchange.error().contains("timeout")) {
      Thread.sleep(10_000);
    }
    if (exchange.status() == 0) {
      throw new IOException("the connection is lost");
    }
    byte[] body = exchange.answer().getBytes(StandardCharsets.UTF_8);
    if (exchange.line().containsKey("response_base64")) {
      body = exchange.bytes("response");
    }
    if (request.method().equals("HEAD")) {
      body = new byte[0];
    }
    FakeServer.answer(out, exchange.status(), "", body);
  }

  @Test
  void everyRecordedExchangeIsAskedForInTheSameWordsAndItsAnswerIsUnderstood() throws Exception {
    Path socket = folder.resolve("d.sock");
    Path dead = folder.resolve("dead.sock");
    FakeServer.on(dead, (request, out) -> {}).close();
    Map<String, Integer> typed = new TreeMap<>();
    int raw = 0;
    List<Exchange> all = recorded();
    assertThat(all).hasSize(346);
    try (FakeServer server = FakeServer.on(socket, this::answer);
        LocalApi api = LocalApi.open(socket, Duration.ofSeconds(30));
        LocalApi impatient = LocalApi.open(socket, Duration.ofMillis(200));
        LocalApi refused = LocalApi.open(dead);
        LocalApi absent = LocalApi.open(folder.resolve("none.sock"))) {
      for (Exchange exchange : all) {
        now.set(exchange);
        String error = exchange.error();
        LocalApi used =
            error.contains("refused")
                ? refused
                : error.contains("no such file")
                    ? absent
                    : error.contains("timeout") ? impatient : api;
        Optional<Call> call = call(exchange);
        int before = server.asked().size();
        if (call.isPresent()) {
          typed.merge(exchange.call(), 1, Integer::sum);
          replay(exchange, call.get(), used);
        } else {
          raw++;
          byte[] body = exchange.bytes("request");
          replay(
              exchange,
              at ->
                  at.ask(
                      exchange.text("method"),
                      exchange.path(),
                      body,
                      1 << 20,
                      Duration.ofSeconds(30),
                      InputStream::readAllBytes,
                      List.of()),
              used);
        }
        if (used != refused && used != absent) {
          assertThat(server.asked()).hasSize(before + 1);
          requireSame(exchange, server.asked().get(before), call.isPresent());
        }
      }
    }
    assertThat(typed.values().stream().mapToInt(Integer::intValue).sum() + raw).isEqualTo(346);
    assertThat(typed)
        .containsOnlyKeys(
            "status",
            "log",
            "init",
            "modify",
            "sign",
            "affected-sigs",
            "generate-recovery-aum",
            "cosign-recovery-aum",
            "submit-recovery-aum",
            "wrap-preauth-key",
            "disable",
            "self");
    // The others break a rule on purpose, or are none of the client's.
    assertThat(raw).isEqualTo(149);
  }

  private static void replay(Exchange exchange, Call call, LocalApi api) throws Exception {
    Object answer;
    try {
      answer = call.on(api);
    } catch (LocalApiException e) {
      requireError(exchange, e);
      return;
    }
    assertThat(exchange.wentWell()).as("exchange " + exchange.number()).isTrue();
    requireAnswer(exchange, answer);
  }

  private static void requireError(Exchange exchange, LocalApiException found) throws IOException {
    String error = exchange.error();
    String which = "exchange " + exchange.number() + ", " + error + ": " + found.getMessage();
    assertThat(exchange.wentWell()).as(which).isFalse();
    Class<?> expected =
        MEANING.entrySet().stream()
            .filter(each -> error.contains(each.getKey()))
            .findFirst()
            .orElseThrow()
            .getValue();
    if (exchange.status() == 405 || error.contains("missing required Host")) {
      expected = exchange.status() == 405 ? LocalApiException.BadAnswer.class : expected;
    }
    assertThat(found).as(which).isExactlyInstanceOf(expected);
    assertThat(found.getMessage()).as(which).hasLineCount(1).isNotBlank();
    assertThat(found.getMessage() + found.remedy().orElse(""))
        .as(which)
        .doesNotContain("Exception", "java.", "tailnet-lock", "\n");
    boolean unclear =
        found instanceof LocalApiException.ControlSilent
            || found instanceof LocalApiException.NoAnswer
            || found instanceof LocalApiException.BadAnswer;
    assertThat(found.isInDoubt()).as(which).isEqualTo(unclear);
  }

  private static void requireAnswer(Exchange exchange, Object answer) throws Exception {
    String which = "exchange " + exchange.number();
    Object recorded = exchange.line().get("response");
    if (answer instanceof LockStatus status) {
      Map<?, ?> fields = (Map<?, ?>) Objects.requireNonNull(recorded);
      assertThat(status.enabled()).as(which).isEqualTo(fields.get("Enabled"));
      assertThat(status.head().isPresent()).as(which).isEqualTo(fields.get("Head") != null);
      assertThat(status.nodeKey().map(Object::toString))
          .as(which)
          .isEqualTo(Optional.ofNullable(fields.get("NodeKey")));
      assertThat(status.nodeKeySigned()).as(which).isEqualTo(fields.get("NodeKeySigned"));
      assertThat(status.signature().map(NodeKeySignature::kind).orElse(0))
          .as(which)
          .isEqualTo(
              fields.get("NodeKeySignature") instanceof Map<?, ?> own ? own.get("SigKind") : 0);
      assertThat(status.visible()).as(which).hasSize(size(fields.get("VisiblePeers")));
      assertThat(status.filtered()).as(which).hasSize(size(fields.get("FilteredPeers")));
      assertThat(Long.toUnsignedString(status.stateId()))
          .as(which)
          .isEqualTo(String.valueOf(fields.get("StateID")));
      for (LockPeer peer : status.visible()) {
        NodeKeySignature signature = peer.signature().orElseThrow();
        assertThat(NodeKeySignature.decode(signature.encoded().toByteArray()))
            .as(which)
            .isEqualTo(signature);
        assertThat(signature.isSigned()).as(which).isTrue();
        assertThat(signature.nodeKey()).as(which).contains(peer.nodeKey());
      }
    } else if (answer instanceof AumSnapshot chain) {
      if (size(recorded) > 0 && !chain.entries().isEmpty()) {
        assertThat(chain.entries().size()).as(which).isLessThanOrEqualTo(size(recorded));
      }
      if (exchange.path().endsWith("limit=100000")) {
        assertThat(chain.entries()).as(which).hasSize(size(recorded));
      }
    } else if (answer instanceof OwnNode own) {
      assertThat(own.stableId()).as(which).contains("TESTCTRL00000001");
      assertThat(own.name()).as(which).contains("node1");
    } else if (answer instanceof Aum aum) {
      assertThat(aum.encoded().toByteArray()).as(which).isEqualTo(exchange.bytes("response"));
    } else if (answer instanceof List<?> signatures) {
      assertThat(signatures).as(which).hasSize(size(recorded));
    } else if (answer instanceof String wrapped) {
      assertThat(AuthKey.parse(wrapped)).as(which).isInstanceOf(AuthKey.Wrapped.class);
    } else if (answer instanceof byte[] bytes && exchange.line().containsKey("response")) {
      assertThat(JSON.std.anyFrom(bytes)).as(which).isEqualTo(recorded);
    }
  }

  private static int size(Object list) {
    return list instanceof List<?> known ? known.size() : 0;
  }

  /** The method of the client for an exchange; empty if it never asks for such a thing. */
  private static Optional<Call> call(Exchange exchange) {
    if (exchange.status() == 400 || exchange.line().containsKey("note")) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(typed(exchange));
    } catch (TkaException | IllegalArgumentException | IOException e) {
      return Optional.empty();
    }
  }

  private static @Nullable Call typed(Exchange exchange) throws TkaException, IOException {
    Map<String, Object> request = exchange.request();
    byte[] body = exchange.bytes("request");
    return switch (exchange.call()) {
      case "status" -> LocalApi::status;
      case "self" -> LocalApi::ownNode;
      case "log" -> log(exchange);
      case "init" -> request.isEmpty() ? null : init(request);
      case "modify" -> exchange.line().containsKey("request") ? modify(request) : null;
      case "sign" -> request.containsKey("NodeKey") ? sign(request) : null;
      case "affected-sigs" -> api -> api.affected(Bytes.copyOf(body));
      case "generate-recovery-aum" -> generate(request);
      case "cosign-recovery-aum" -> {
        Aum given = Aum.decode(body);
        yield api -> api.cosignRecovery(given);
      }
      case "submit-recovery-aum" -> {
        Aum sent = Aum.decode(body);
        yield api -> {
          api.submitRecovery(sent);
          return true;
        };
      }
      case "wrap-preauth-key" -> {
        LockPrivateKey key = LockPrivateKey.parse(String.valueOf(request.get("TKAKey")));
        yield AuthKey.parse(String.valueOf(request.get("TSKey"))) instanceof AuthKey.Plain plain
            ? api -> api.wrap(plain, key)
            : null;
      }
      case "disable" -> {
        DisablementSecret secret = DisablementSecret.of(body);
        yield api -> {
          api.disable(secret);
          return true;
        };
      }
      default -> null;
    };
  }

  private static @Nullable Call log(Exchange exchange) {
    if (!exchange.path().matches(".*limit=[1-9][0-9]{0,5}")) {
      return null;
    }
    int limit = Integer.parseInt(exchange.text("query").substring("limit=".length()));
    return api -> api.chain(limit);
  }

  private static Call init(Map<String, Object> request) {
    List<Key> keys = keys(request.get("Keys"));
    List<Bytes> values = byteStrings(request.get("DisablementValues"));
    return api -> {
      api.begin(keys, values);
      return true;
    };
  }

  private static @Nullable Call modify(Map<String, Object> request) {
    List<Key> added = keys(request.get("AddKeys"));
    List<Key> removed = keys(request.get("RemoveKeys"));
    return removed.stream().allMatch(key -> key.kind() == Key.KIND_25519)
        ? api -> {
          api.modify(added, removed.stream().map(Key::id).toList());
          return true;
        }
        : null;
  }

  private static Call sign(Map<String, Object> request) throws TkaException {
    NodeKey nodeKey = NodeKey.parse(String.valueOf(request.get("NodeKey")));
    Optional<LockPublicKey> rotation =
        Optional.ofNullable(request.get("RotationPublic"))
            .map(text -> new LockPublicKey(base64(text)));
    return api -> {
      api.sign(nodeKey, rotation);
      return true;
    };
  }

  private static Call generate(Map<String, Object> request) throws TkaException {
    List<Bytes> revoked = byteStrings(request.get("Keys"));
    String from = String.valueOf(request.getOrDefault("ForkFrom", ""));
    Optional<AumHash> fork = from.isEmpty() ? Optional.empty() : Optional.of(AumHash.parse(from));
    return api -> api.generateRecovery(revoked, fork);
  }

  private static List<Key> keys(@Nullable Object list) {
    List<Key> keys = new ArrayList<>();
    if (list instanceof List<?> known) {
      for (Object each : known) {
        Map<?, ?> fields = (Map<?, ?>) each;
        Map<String, String> meta = new TreeMap<>();
        if (fields.get("Meta") instanceof Map<?, ?> pairs) {
          pairs.forEach((name, value) -> meta.put(String.valueOf(name), String.valueOf(value)));
        }
        keys.add(
            new Key(
                number(fields.get("Kind")),
                number(fields.get("Votes")),
                Optional.of(base64(Objects.requireNonNull(fields.get("Public")))),
                meta));
      }
    }
    return keys;
  }

  private static int number(@Nullable Object value) {
    return value instanceof Number number ? number.intValue() : 0;
  }

  private static List<Bytes> byteStrings(@Nullable Object list) {
    return list instanceof List<?> known
        ? known.stream().map(RecordedLocalApiTest::base64).toList()
        : List.of();
  }

  private static Bytes base64(Object text) {
    return Bytes.copyOf(Base64.getDecoder().decode(String.valueOf(text)));
  }

  private static void requireSame(Exchange exchange, FakeServer.Asked asked, boolean typed)
      throws IOException {
    String which = "exchange " + exchange.number();
    assertThat(asked.method()).as(which).isEqualTo(exchange.text("method"));
    assertThat(asked.path()).as(which).isEqualTo(exchange.path());
    assertThat(asked.head())
        .as(which)
        .containsIgnoringCase("\r\nHost: local-tailscaled.sock\r\n")
        .doesNotContainIgnoringCase("Expect:")
        .doesNotContainIgnoringCase("Origin:")
        .doesNotContainIgnoringCase("Accept-Encoding");
    if (typed && exchange.line().containsKey("request")) {
      Map<String, Object> sent = JSON.std.mapFrom(asked.body().toByteArray());
      Map<String, Object> recorded = new LinkedHashMap<>(exchange.request());
      // What the reference's command makes for its vendor's support, this one does not.
      recorded.remove("SupportDisablement");
      assertThat(meaning(exchange.call(), sent))
          .as(which)
          .isEqualTo(meaning(exchange.call(), recorded));
    } else {
      assertThat(asked.body().toByteArray()).as(which).isEqualTo(exchange.bytes("request"));
    }
  }

  /**
   * Without what means nothing: absent, null and empty are one, and of a key to remove its name.
   */
  private static Map<String, Object> meaning(String call, Map<String, Object> request) {
    Map<String, Object> meaning = new TreeMap<>();
    request.forEach(
        (name, value) -> {
          Object kept =
              call.equals("modify") && name.equals("RemoveKeys")
                  ? keys(value).stream().map(Key::id).toList()
                  : name.endsWith("Keys") && !call.startsWith("generate") ? keys(value) : value;
          if (kept != null && !kept.equals(List.of()) && !kept.equals("")) {
            meaning.put(name, kept);
          }
        });
    return meaning;
  }
}
