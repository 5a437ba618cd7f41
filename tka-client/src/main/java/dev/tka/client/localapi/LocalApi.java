package dev.tka.client.localapi;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tka.client.internal.BareHttp;
import dev.tka.client.internal.BoundedInput;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Transport;

/**
 * A client of a running tailscaled, over its Unix socket. Answers are bounded in bytes and in time.
 * What is asked for is asked once, and never sent again. Safe for use by many threads.
 *
 * <p>Each call throws {@link LocalApiException}, and no answer is half believed. The daemon signs
 * changes with its own key and sends them to control. It knows of them only when control tells it:
 * until its status shows a change, the next one is built on what was before (docs/localapi.md).
 */
public final class LocalApi implements AutoCloseable {
  /** Control has a minute for each call to it. */
  private static final Duration PATIENCE = Duration.ofSeconds(75);

  /** Beginning an authority is two calls to control. */
  private static final int CALLS_TO_BEGIN = 2;

  private static final String ORIGIN = "http://local-tailscaled.sock";
  private static final String BASE = "/localapi/v0/";
  private static final String LOCK = BASE + "tka/";

  /** All of any chain: a shipping node opens two thousand after a checkpoint. */
  private static final int WHOLE_LOG = 100_000;

  private static final int LARGEST_ERROR = 8 << 10;
  private static final long LARGEST_LIST = 256L << 20;
  private static final long LARGEST_AUM = Limits.MAX_AUM_BYTES;
  private static final long LARGEST_TEXT = 64 << 10;

  private static final int OK = 200;
  private static final int NO_CONTENT = 204;

  private static final JsonFactory FACTORY = new JsonFactory();

  private final Path socket;
  private final Duration patience;
  private final HttpClient http;

  private LocalApi(Path socket, Duration patience, HttpClient http) {
    this.socket = socket;
    this.patience = patience;
    this.http = http;
  }

  /** A client, which connects when it is first asked for something. */
  public static LocalApi open(Path socket) throws LocalApiException {
    return open(socket, PATIENCE);
  }

  /**
   * A client with another time-out.
   *
   * @param patience how long one answer may take, and how long the daemon may be silent; twice that
   *     for {@link #begin}
   */
  public static LocalApi open(Path socket, Duration patience) throws LocalApiException {
    HttpClient http = BareHttp.named("tka-localapi", patience);
    http.setIdleTimeout(patience.multipliedBy(CALLS_TO_BEGIN).toMillis());
    if (!BareHttp.start(http)) {
      throw new LocalApiException.NotRunning("no client can be started here");
    }
    return new LocalApi(socket, patience, http);
  }

  /** What the daemon says of its lock. Anybody may ask. */
  public LockStatus status() throws LocalApiException {
    return get(LOCK + "status", in -> GoJson.read(in, LockStatus::read));
  }

  /** The node that it runs for. Anybody may ask. */
  public OwnNode ownNode() throws LocalApiException {
    return get(BASE + "status?peers=false", in -> GoJson.read(in, OwnNode::read));
  }

  /**
   * The AUMs of the daemon's active chain, verified as a node verifies them that begins with the
   * oldest one: the genesis or, where older ones were purged, a checkpoint, which is taken as it is
   * (protocol, section 6). The daemon shows no other branches, and neither says when it took an AUM
   * in, nor what it purged: each counts as taken in now. Anybody may ask.
   *
   * @return an empty one while the lock is off
   * @throws LocalApiException.BadAnswer if it is no whole chain, or does not verify
   */
  public AumSnapshot chain() throws LocalApiException {
    try {
      return chain(WHOLE_LOG);
    } catch (LocalApiException.NotEnabled e) {
      return new MemoryAumStore().read();
    }
  }

  AumSnapshot chain(int most) throws LocalApiException {
    List<LogEntry> entries =
        get(
            LOCK + "log?limit=" + most,
            in -> GoJson.read(in, json -> json.list(most, LogEntry::read)));
    try {
      return Chain.verified(entries, entries.size() == most, Instant.now());
    } catch (GoJson.Bad e) {
      throw bad(e);
    }
  }

  /**
   * Begins an authority, which the node's own key signs: it has to be among the keys. Control signs
   * all nodes before. The answer of the daemon is as before: its status shows the authority a
   * moment later.
   *
   * @param values of the disablement secrets
   */
  public void begin(List<Key> keys, List<Bytes> values) throws LocalApiException {
    byte[] body =
        json(
            out -> {
              keys(out, "Keys", keys);
              bytes(out, "DisablementValues", values);
              out.writeNullField("SupportDisablement");
            });
    ask(
        "POST",
        LOCK + "init",
        body,
        LARGEST_LIST,
        patience.multipliedBy(CALLS_TO_BEGIN),
        in -> GoJson.read(in, LockStatus::read));
  }

  /**
   * Has keys added and removed, in this order: an AUM for each, on the daemon's own head. If it
   * returns, control took them as its newest then. They may have lost against another edit
   * meanwhile: wait for them in {@link #chain}.
   *
   * @throws LocalApiException.TryAgain if another edit was first; these were not made
   */
  public void modify(List<Key> added, List<Bytes> removed) throws LocalApiException {
    byte[] body =
        json(
            out -> {
              keys(out, "AddKeys", added);
              keys(
                  out,
                  "RemoveKeys",
                  removed.stream()
                      .map(id -> new Key(Key.KIND_25519, 1, Optional.of(id), Map.of()))
                      .toList());
            });
    ask("POST", LOCK + "modify", body, LARGEST_TEXT, patience, in -> in.readAllBytes());
  }

  /**
   * Has a node key signed, and the signature sent to control. Neither of the keys is looked at.
   *
   * @param rotationKey what may rotate the node key
   */
  public void sign(NodeKey nodeKey, Optional<LockPublicKey> rotationKey) throws LocalApiException {
    byte[] body =
        json(
            out -> {
              out.writeStringField("NodeKey", nodeKey.toString());
              out.writeFieldName("RotationPublic");
              if (rotationKey.isPresent()) {
                out.writeBinary(rotationKey.get().bytes().toByteArray());
              } else {
                out.writeNull();
              }
            });
    ask("POST", LOCK + "sign", body, LARGEST_TEXT, patience, in -> in.readAllBytes());
  }

  /**
   * The signatures at control that count now and rest on a key. Ask before the key is removed:
   * afterwards none counts. Anybody may ask.
   */
  public List<NodeKeySignature> affected(Bytes keyId) throws LocalApiException {
    return ask(
        "POST",
        LOCK + "affected-sigs",
        keyId.toByteArray(),
        LARGEST_LIST,
        patience,
        in -> GoJson.read(in, json -> json.list(WHOLE_LOG, LockPeer::encoded)));
  }

  /**
   * Has a recovery update made that revokes keys, with the node's own signature. Nothing is sent to
   * control. Whether the fork point is known is not checked there.
   *
   * @param forkFrom empty to have the daemon find one
   */
  public Aum generateRecovery(Collection<Bytes> keyIds, Optional<AumHash> forkFrom)
      throws LocalApiException {
    byte[] body =
        json(
            out -> {
              bytes(out, "Keys", keyIds);
              out.writeStringField("ForkFrom", forkFrom.map(AumHash::toString).orElse(""));
            });
    return aum("generate-recovery-aum", body);
  }

  /**
   * Has the node's own signature put on an AUM. The daemon looks at nothing: whatever is given it
   * signs, so look at it before.
   */
  public Aum cosignRecovery(Aum update) throws LocalApiException {
    return aum("cosign-recovery-aum", update.encoded().toByteArray());
  }

  private Aum aum(String call, byte[] body) throws LocalApiException {
    return ask(
        "POST",
        LOCK + call,
        body,
        LARGEST_AUM,
        patience,
        in -> {
          try {
            return Aum.decode(in.readAllBytes());
          } catch (DecodeException e) {
            throw new GoJson.Bad("the update that it made: " + e.getMessage());
          }
        });
  }

  /**
   * Has an AUM sent to control, which verifies it. If it returns, that does not mean that the AUM
   * is on the active chain: control takes one that loses, too. Wait for it in {@link #chain}.
   */
  public void submitRecovery(Aum update) throws LocalApiException {
    ask(
        "POST",
        LOCK + "submit-recovery-aum",
        update.encoded().toByteArray(),
        LARGEST_TEXT,
        patience,
        in -> in.readAllBytes());
  }

  /**
   * Has an auth key wrapped: a key, which goes to the daemon for that, signs a credential for a new
   * one that the daemon makes. It counts once the key is trusted, which this does not see to.
   *
   * @param key signs the credential; whether it is trusted is not looked at
   * @return the wrapped key, a secret
   */
  public String wrap(AuthKey.Plain plain, LockPrivateKey key) throws LocalApiException {
    String authKey = plain.exposeAuthKey();
    String secret = key.exposeText();
    byte[] body =
        json(
            out -> {
              out.writeStringField("TSKey", authKey);
              out.writeStringField("TKAKey", secret);
            });
    try {
      return ask(
          "POST",
          LOCK + "wrap-preauth-key",
          body,
          LARGEST_TEXT,
          patience,
          in -> new String(in.readAllBytes(), StandardCharsets.UTF_8),
          List.of(authKey, secret));
    } finally {
      Arrays.fill(body, (byte) 0);
    }
  }

  /**
   * Has the authority ended, here and at control. The daemon's status shows it a moment later.
   *
   * @throws LocalApiException.WrongSecret if the secret is of another one
   */
  public void disable(DisablementSecret secret) throws LocalApiException {
    String text = secret.exposeText();
    String hex = text.substring(text.indexOf(':') + 1);
    byte[] body = HexFormat.of().parseHex(hex);
    String base64 = Base64.getEncoder().encodeToString(body);
    try {
      ask(
          "POST",
          LOCK + "disable",
          body,
          LARGEST_TEXT,
          patience,
          in -> in.readAllBytes(),
          List.of(hex, hex.toLowerCase(Locale.ROOT), base64));
    } finally {
      Arrays.fill(body, (byte) 0);
    }
  }

  /** Writes the fields of a request. */
  @FunctionalInterface
  private interface Writing {
    void to(JsonGenerator out) throws IOException;
  }

  private static byte[] json(Writing fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      fields.to(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("nothing fails in memory", e);
    }
    return bytes.toByteArray();
  }

  private static void keys(JsonGenerator out, String name, List<Key> keys) throws IOException {
    out.writeArrayFieldStart(name);
    for (Key key : keys) {
      out.writeStartObject();
      out.writeNumberField("Kind", key.kind());
      out.writeNumberField("Votes", key.votes());
      out.writeBinaryField("Public", key.id().toByteArray());
      if (key.meta().isEmpty()) {
        out.writeNullField("Meta");
      } else {
        out.writeObjectFieldStart("Meta");
        for (Map.Entry<String, String> each : key.meta().entrySet()) {
          out.writeStringField(each.getKey(), each.getValue());
        }
        out.writeEndObject();
      }
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  private static void bytes(JsonGenerator out, String name, Collection<Bytes> list)
      throws IOException {
    out.writeArrayFieldStart(name);
    for (Bytes each : list) {
      out.writeBinary(each.toByteArray());
    }
    out.writeEndArray();
  }

  /** Reads an answer's body. */
  @FunctionalInterface
  interface Reading<T> {
    T from(InputStream in) throws IOException;
  }

  private <T> T get(String path, Reading<T> reading) throws LocalApiException {
    return ask("GET", path, new byte[0], LARGEST_LIST, patience, reading);
  }

  private <T> T ask(
      String method, String path, byte[] body, long most, Duration time, Reading<T> reading)
      throws LocalApiException {
    return ask(method, path, body, most, time, reading, List.of());
  }

  /**
   * Asks for anything.
   *
   * @param secrets which an error must not repeat
   */
  <T> T ask(
      String method,
      String path,
      byte[] body,
      long most,
      Duration time,
      Reading<T> reading,
      List<String> secrets)
      throws LocalApiException {
    Request request =
        http.newRequest(ORIGIN + path)
            .method(method)
            .transport(new Transport.TCPUnix(socket))
            .headers(all -> all.put(HttpHeader.CONNECTION, "close"))
            .timeout(time.toMillis(), TimeUnit.MILLISECONDS);
    if (!method.equals("GET") || body.length > 0) {
      request.body(new BytesRequestContent((String) null, body));
    }
    InputStreamResponseListener listener = new InputStreamResponseListener();
    try (InputStream in = listener.getInputStream()) {
      request.send(listener);
      Response response = listener.get(time.toMillis(), TimeUnit.MILLISECONDS);
      if (response.getStatus() != OK && response.getStatus() != NO_CONTENT) {
        throw Refusals.of(response.getStatus(), without(secrets, error(in)));
      }
      return reading.from(bounded(in, most));
    } catch (GoJson.Bad e) {
      throw bad(e);
    } catch (JsonProcessingException | CharConversionException e) {
      throw new LocalApiException.BadAnswer(
          "expected JSON as tailscaled writes it, found something else");
    } catch (IOException | ExecutionException | TimeoutException e) {
      throw failed(e, time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalApiException.NoAnswer("interrupted while waiting for an answer");
    }
  }

  private static LocalApiException bad(GoJson.Bad failure) {
    return new LocalApiException.BadAnswer(
        "not understood: " + String.valueOf(failure.getMessage()));
  }

  private static String error(InputStream in) throws IOException {
    return new String(in.readNBytes(LARGEST_ERROR), StandardCharsets.UTF_8);
  }

  private static String without(List<String> secrets, String text) {
    String left = text;
    for (String secret : secrets) {
      left = left.replace(secret, "...");
    }
    return left;
  }

  /** Why there is no whole answer, without the names of classes. */
  private static LocalApiException failed(Throwable failure, Duration time) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      String message = String.valueOf(at.getMessage());
      if (at instanceof TimeoutException) {
        return new LocalApiException.NoAnswer(
            "no whole answer came within " + time.toSeconds() + " s");
      }
      if (message.contains("No such file")) {
        return new LocalApiException.NotRunning(
            "there is no such socket: tailscaled does not run, or listens elsewhere");
      }
      if (message.contains("Permission denied") || at instanceof AccessDeniedException) {
        return new LocalApiException.NotPermitted("no permission to connect to the socket");
      }
      if (at instanceof ConnectException || message.contains("Connection refused")) {
        return new LocalApiException.NotRunning(
            "the socket is there, and nobody listens on it: tailscaled does not run");
      }
      if (message.contains("path too long")) {
        return new LocalApiException.NotRunning("the path is too long for a Unix socket");
      }
    }
    return new LocalApiException.NoAnswer(
        "the connection was lost before the answer: tailscaled was stopped, or it is no tailscaled");
  }

  private static InputStream bounded(InputStream in, long most) {
    return new BoundedInput(
        in, most, () -> new GoJson.Bad("expected at most " + most + " bytes, found more"));
  }

  @Override
  public void close() {
    try {
      http.stop();
    } catch (Exception e) {
      throw new IllegalStateException("a client does not stop", e);
    }
  }

  /** Names the socket. */
  @Override
  public String toString() {
    return "a client of tailscaled at " + socket;
  }
}
