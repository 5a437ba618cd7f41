package dev.tka.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.tka.client.internal.BareHttp;
import dev.tka.client.internal.BoundedInput;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import dev.tka.store.export.AumImport;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.ProposalStatus;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.AnnouncementJson;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.tlog.heads.HeadWatch;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Transport;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * An operator's client of a running server (service, section 10), or, where its access names a
 * node, a forwarder's, which asks in the name of that node. Answers are bounded in bytes and in
 * time. What a server asks to send again later (Retry-After) is sent again for up to {@value
 * #PATIENCE_SECONDS} seconds. Redirects are not followed, and no cookies are kept. The token goes
 * into the header of a request and nowhere else, and is not sent over plain HTTP, except to this
 * machine. Safe for use by many threads.
 *
 * <p>Each request throws {@link ServerException}, and no answer is half believed.
 */
public final class ServerClient implements AutoCloseable {
  private static final int LONGEST_TOKEN = 4096;
  private static final int LONGEST_LINE = 500;
  private static final int LARGEST_ERROR = 8 << 10;
  private static final long LARGEST_OBJECT = 1 << 20;

  /** A node with the longest signature takes up some 6 KiB, and a tailnet has up to 100,000. */
  private static final long LARGEST_LIST = 256L << 20;

  /** For the checksum, and whatever else is not counted as an item. */
  private static final long LARGEST_EXPORT = Limits.MAX_EXPORT_BYTES + (1 << 20);

  /** Of clients that read the longest answers (protocol, section 8). */
  private static final int VERSION = 148;

  /** How long a server is asked again that says when. */
  private static final int PATIENCE_SECONDS = 10;

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(PATIENCE_SECONDS);
  private static final int LONGEST_SECONDS = 9;

  private static final int OK = 200;
  private static final int NO_CONTENT = 204;
  private static final String UNRESERVED = "-._~";
  private static final byte[] NOTHING = new byte[0];

  private final ServerAccess access;
  private final HttpClient http;

  /** The keys of the node in whose name a forwarder asks, by tailnet. */
  private final Map<String, NodeKey> keys = new ConcurrentHashMap<>();

  private ServerClient(ServerAccess access, HttpClient http) {
    this.access = access;
    this.http = http;
  }

  /**
   * A client, which connects when it is first asked for something.
   *
   * @throws ServerException.NotSent if a certificate cannot be read
   */
  public static ServerClient open(ServerAccess access) throws ServerException {
    HttpClient http = BareHttp.named("tka-client", access.quiet());
    http.setSslContextFactory(tls(access));
    http.setUserAgentField(new HttpField(HttpHeader.USER_AGENT, "tka"));
    if (!BareHttp.start(http)) {
      throw new ServerException.NotSent(access.url(), "no client can be started here");
    }
    return new ServerClient(access, http);
  }

  private static SslContextFactory.Client tls(ServerAccess access) throws ServerException {
    SslContextFactory.Client tls = new SslContextFactory.Client();
    try {
      if (access.caFile().isPresent()) {
        tls.setTrustStore(Pem.authorities(access.caFile().get()));
      }
      if (access.certificateFile().isPresent()) {
        tls.setKeyStore(Pem.identity(access.certificateFile().get()));
        tls.setKeyStorePassword("");
      }
    } catch (Pem.Bad e) {
      throw new ServerException.NotSent(access.url(), String.valueOf(e.getMessage()));
    }
    return tls;
  }

  /** How it talks, and to whom. */
  public ServerAccess access() {
    return access;
  }

  /** All tailnets, in one request, as the server orders them. */
  public List<ServedTailnet> tailnets() throws ServerException {
    List<ServedTailnet> all = new ArrayList<>();
    list("/v1/tailnets", fields -> all.add(tailnet(fields)));
    return all;
  }

  /** One tailnet; empty if there is none of this name. */
  public Optional<ServedTailnet> tailnet(String name) throws ServerException {
    try {
      List<ServedTailnet> one = new ArrayList<>();
      ask(
          "GET",
          path(name),
          LARGEST_OBJECT,
          in -> {
            Fields.readAll(in, fields -> one.add(tailnet(fields)));
            if (one.size() != 1 || !one.get(0).name().equals(name)) {
              throw new Fields.Bad("expected the tailnet that was asked for, found another");
            }
            return one;
          });
      return Optional.of(one.get(0));
    } catch (ServerException.Refused e) {
      if (e.code().equals("unknown-tailnet")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static ServedTailnet tailnet(Fields fields) throws Fields.Bad {
    return new ServedTailnet(
        fields.requireText("tailnet"),
        fields.requireText("lock"),
        fields.hash("head"),
        fields.requireCount("length"),
        fields.requireCount("nodes"),
        fields.time("restored"),
        fields.text("problem"),
        standing(fields));
  }

  private static Fence.Standing standing(Fields fields) throws Fields.Bad {
    Optional<Fields> fenced = fields.object("fenced");
    if (fenced.isPresent()) {
      return new Fence.Standing.Fenced(fenced.get().requireTime("since"));
    }
    Optional<Fields> moved = fields.object("moved");
    if (moved.isPresent()) {
      Optional<String> server = moved.get().text("server");
      try {
        return new Fence.Standing.Moved(
            moved.get().requireText("to"), server.map(URI::create), moved.get().requireTime("at"));
      } catch (IllegalArgumentException e) {
        throw new Fields.Bad("server: expected a URL, found other text");
      }
    }
    Optional<Fields> shadow = fields.object("shadow");
    return shadow.isPresent()
        ? new Fence.Standing.Shadow(shadow.get().requireText("from"))
        : new Fence.Standing.Open();
  }

  /**
   * A tailnet's AUMs with all that belongs to them. Everything is verified as an import verifies it
   * ({@link AumImport}), so that what the server says is not just believed.
   *
   * @return empty if the lock is off
   * @throws ServerException.BadAnswer if it is another tailnet's, not whole, or does not verify
   */
  public Optional<AumImport.Verified> export(String tailnet) throws ServerException {
    try {
      return Optional.of(
          ask("GET", path(tailnet) + "/export", LARGEST_EXPORT, in -> verified(tailnet, in)));
    } catch (ServerException.Refused e) {
      if (e.code().equals("lock-off")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static AumImport.Verified verified(String tailnet, InputStream in) throws IOException {
    try {
      AumImport.Tailnet one = new AumImport(in).next().orElseThrow();
      if (!one.name().equals(tailnet) || one.following() != 0) {
        throw new Fields.Bad("expected the tailnet that was asked for, found another");
      }
      return one.read((done, total) -> {});
    } catch (StoreException e) {
      throw new Fields.Bad(String.valueOf(e.getMessage()));
    } catch (TkaException e) {
      throw new Fields.Bad("what it sent does not verify: " + e.getMessage());
    }
  }

  /** Reads all nodes of a tailnet, in the order of their numbers. */
  public void nodes(String tailnet, Consumer<ServedNode> reading) throws ServerException {
    list(
        path(tailnet) + (access.node().isPresent() ? "/nodes" : "/fleet"),
        fields ->
            reading.accept(
                new ServedNode(
                    fields.requireNode(),
                    fields.requireNodeKey(),
                    fields.base64("nodeKeySignature"),
                    rotationKey(fields),
                    fields.text("name"),
                    fields.flag("unsignedPeerApiOnly"))));
  }

  private static Optional<LockPublicKey> rotationKey(Fields fields) throws Fields.Bad {
    Optional<Bytes> bytes = fields.base64("rotationKey");
    if (bytes.isPresent() && bytes.get().size() != LockPublicKey.SIZE) {
      throw new Fields.Bad("rotationKey: expected 32 bytes, found " + bytes.get().size());
    }
    return bytes.map(LockPublicKey::new);
  }

  /**
   * Reads the log of a tailnet's heads (service, section 11).
   *
   * @param path {@code checkpoint}, or that of a tile
   * @return empty if there is nothing
   */
  public Optional<byte[]> log(String tailnet, String path) throws ServerException {
    try {
      return Optional.of(
          ask(
              "GET",
              path(tailnet) + "/heads/" + path,
              HeadWatch.MOST_BYTES,
              InputStream::readAllBytes));
    } catch (ServerException.Refused e) {
      if (e.code().equals("not-found")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Reads how every node of a tailnet stands, in the order of their numbers. */
  public void fleet(String tailnet, Consumer<FleetNode> reading) throws ServerException {
    list(path(tailnet) + "/fleet", fields -> reading.accept(fleetNode(fields)));
  }

  private static FleetNode fleetNode(Fields fields) throws Fields.Bad {
    long node = fields.requireNode();
    Optional<Fields> last = fields.object("last");
    return new FleetNode(
        node,
        fields.requireNodeKey(),
        fields.text("name"),
        fields.flag("signed"),
        last.isPresent() ? Optional.of(sighting(node, last.get())) : Optional.empty(),
        fields.count("behind"),
        fields.text("told"),
        fields.flag("awaited"),
        fields.requireText("condition"),
        fields.text("reason"),
        fields.text("remedy"));
  }

  private static NodeSighting sighting(long node, Fields fields) throws Fields.Bad {
    return new NodeSighting(
        node,
        fields.requireTime("at"),
        fields.hash("head"),
        fields.hash("oldest"),
        fields.requireText("outcome"),
        fields.text("detail").orElse(""));
  }

  /** The tokens of a tailnet's nodes; of each there is the hash, and not the token. */
  public List<NodeToken> tokens(String tailnet) throws ServerException {
    List<NodeToken> all = new ArrayList<>();
    list(
        path(tailnet) + "/tokens",
        fields ->
            all.add(
                new NodeToken(
                    fields.hex("id").orElse(Bytes.empty()),
                    tailnet,
                    fields.requireNode(),
                    fields.requireTime("made"))));
    return all;
  }

  /**
   * Makes a token that stands for a node (service, section 5). If the answer is lost, the token is
   * listed by {@link #tokens} and can be revoked; nobody knows it.
   *
   * @return the token, which is shown this once
   */
  public String makeToken(String tailnet, long node) throws ServerException {
    List<String> made = new ArrayList<>();
    ask(
        "POST",
        path(tailnet) + "/nodes/" + node + "/tokens",
        LARGEST_OBJECT,
        in -> {
          Fields.readAll(in, fields -> made.add(fields.requireText("token")));
          if (made.size() != 1 || !isToken(made.get(0))) {
            throw new Fields.Bad("expected a token, found something else");
          }
          return made;
        });
    return made.get(0);
  }

  /**
   * Revokes a token; has no effect if there is none.
   *
   * @param hash the token's hash, by which {@link #tokens} names it
   */
  public void revokeToken(String tailnet, Bytes hash) throws ServerException {
    ask("DELETE", path(tailnet) + "/tokens/" + hash.toHex(), LARGEST_OBJECT, InputStream::read);
  }

  /**
   * Says that a tailnet was restored from a backup, or that this is over (protocol, section 10).
   */
  public void setRestored(String tailnet, boolean is) throws ServerException {
    ask(is ? "PUT" : "DELETE", path(tailnet) + "/restored", LARGEST_OBJECT, InputStream::read);
  }

  /** The votes that a tailnet asks of edits (service, section 11, "Thresholds"). */
  public Thresholds thresholds(String tailnet) throws ServerException {
    return one("GET", path(tailnet) + "/thresholds", NOTHING, ProposalFields::thresholds);
  }

  /** Sets the votes that a tailnet asks of edits of some kinds; the others stay as they are. */
  public void setThresholds(String tailnet, Map<Thresholds.Kind, Long> changes)
      throws ServerException {
    ask(
        "PUT",
        path(tailnet) + "/thresholds",
        ProposalFields.text(changes),
        LARGEST_OBJECT,
        InputStream::read);
  }

  /** The changes for which signatures are collected, and the last ones that ended. */
  public List<ProposalStatus> proposals(String tailnet) throws ServerException {
    List<ProposalStatus> all = new ArrayList<>();
    list(path(tailnet) + "/proposals", fields -> all.add(ProposalFields.status(fields)));
    return all;
  }

  /** One proposal. */
  public ProposalStatus proposal(String tailnet, String id) throws ServerException {
    return proposal("GET", proposals(tailnet, id), NOTHING);
  }

  /**
   * Proposes edits, for others to sign.
   *
   * @param operations AUMs that add, remove or update a key; none to propose the end of the lock
   */
  public ProposalStatus propose(String tailnet, List<Aum> operations) throws ServerException {
    return proposal("POST", path(tailnet) + "/proposals", ProposalFields.text(operations));
  }

  /**
   * Adds a signature to a proposal.
   *
   * @param over the hash that was signed
   */
  public ProposalStatus approve(String tailnet, String id, Bytes over, AumSignature signature)
      throws ServerException {
    return proposal(
        "POST", proposals(tailnet, id) + "/signatures", ProposalFields.text(over, signature));
  }

  /** Ends a proposal; has no effect if it has ended. */
  public void withdraw(String tailnet, String id) throws ServerException {
    ask("DELETE", proposals(tailnet, id), NOTHING, LARGEST_OBJECT, InputStream::read);
  }

  private static String proposals(String tailnet, String id) {
    return path(tailnet) + "/proposals/" + encoded(id);
  }

  private ProposalStatus proposal(String method, String path, byte[] body) throws ServerException {
    return one(method, path, body, ProposalFields::status);
  }

  /** Reads one object. */
  @FunctionalInterface
  private interface ReadingOne<T> {
    T from(Fields fields) throws IOException;
  }

  private <T> T one(String method, String path, byte[] body, ReadingOne<T> reading)
      throws ServerException {
    return ask(
        method,
        path,
        body,
        LARGEST_OBJECT,
        in -> {
          List<T> all = new ArrayList<>();
          Fields.readAll(in, fields -> all.add(reading.from(fields)));
          if (all.size() != 1) {
            throw new Fields.Bad("expected one object, found " + all.size());
          }
          return all.get(0);
        });
  }

  /**
   * Begins a tailnet; has no effect if it is there. The first edit of an operator needs it.
   *
   * @throws ServerException.Refused if the server makes none
   */
  public void create(String tailnet) throws ServerException {
    ask("PUT", path(tailnet), LARGEST_OBJECT, InputStream::read);
  }

  /** What most nodes of a tailnet are told; empty if there is none of this name. */
  public Optional<Announcement> announcement(String tailnet) throws ServerException {
    try {
      return Optional.of(
          ask(
              "GET",
              path(tailnet) + "/announcement",
              AnnouncementJson.MAX_BYTES,
              in -> {
                try {
                  return AnnouncementJson.read(in);
                } catch (TextException e) {
                  throw new Fields.Bad(String.valueOf(e.getMessage()));
                }
              }));
    } catch (ServerException.Refused e) {
      if (e.code().equals("unknown-tailnet")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Sends AUMs that control lacks (protocol, section 5).
   *
   * @return control's head afterwards, and what it refused, which is no failure here
   */
  public SyncReceipt send(String tailnet, SyncSend send) throws ServerException {
    return rpc(
            tailnet,
            RpcAnswer.Send.class,
            key -> new RpcRequest.Send(VERSION, key, send, true, true))
        .receipt();
  }

  /** Asks for what a node with this offer lacks (protocol, section 5). */
  public SyncAnswer offer(String tailnet, SyncOffer offer) throws ServerException {
    return rpc(tailnet, RpcAnswer.Offer.class, key -> new RpcRequest.Offer(VERSION, key, offer))
        .answer();
  }

  /** Asks how the lock begins; only a node may. */
  public RpcAnswer.Bootstrap bootstrap(String tailnet) throws ServerException {
    return rpc(
        tailnet,
        RpcAnswer.Bootstrap.class,
        key -> new RpcRequest.Bootstrap(VERSION, key, Optional.empty()));
  }

  /**
   * Brings the signature of a node's key. It may be brought twice.
   *
   * @throws ServerException.Refused if control knows no such node, or the signature does not verify
   */
  public void sign(String tailnet, Bytes signature) throws ServerException {
    var unused =
        rpc(tailnet, RpcAnswer.Sign.class, key -> new RpcRequest.Sign(VERSION, key, signature));
  }

  /**
   * Begins a lock, which is not on before {@link #finishInit}.
   *
   * @return the nodes to sign
   */
  public List<RpcAnswer.NodeToSign> beginInit(String tailnet, Aum genesis) throws ServerException {
    return rpc(
            tailnet,
            RpcAnswer.InitBegin.class,
            key -> new RpcRequest.InitBegin(VERSION, key, genesis.encoded()))
        .nodes();
  }

  /**
   * Switches on the lock that was begun. It may be sent twice.
   *
   * @param signatures encoded, by the numbers of their nodes
   */
  public void finishInit(String tailnet, Map<Long, Bytes> signatures) throws ServerException {
    var unused =
        rpc(
            tailnet,
            RpcAnswer.InitFinish.class,
            key -> new RpcRequest.InitFinish(VERSION, key, signatures, Optional.empty()));
  }

  /**
   * Ends the lock. It may be sent twice.
   *
   * @param head of the lock that it ends
   * @throws ServerException.Refused if the secret does not end it
   */
  public void disable(String tailnet, AumHash head, DisablementSecret secret)
      throws ServerException {
    var unused =
        rpc(
            tailnet,
            RpcAnswer.Disable.class,
            key -> new RpcRequest.Disable(VERSION, key, Optional.of(head), secret));
  }

  private <T extends RpcAnswer> T rpc(
      String tailnet, Class<T> type, Function<Optional<NodeKey>, RpcRequest> making)
      throws ServerException {
    Optional<NodeKey> key =
        access.node().isPresent()
            ? Optional.of(keyOf(tailnet, access.node().get()))
            : Optional.empty();
    RpcRequest request = making.apply(key);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      RpcJson.writeRequest(request, body);
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory", e);
    }
    String path =
        path(tailnet)
            + access.node().map(node -> "/nodes/" + node).orElse("")
            + "/machine/tka/"
            + request.rpc().path();
    Sending sending =
        new Sending("POST", path, body.toByteArray(), secrets(request), RpcJson.MAX_ANSWER_BYTES);
    return type.cast(patiently(() -> ask(sending, in -> answer(request.rpc(), in))));
  }

  private static RpcAnswer answer(Rpc rpc, InputStream in) throws IOException {
    try {
      return RpcJson.readAnswer(rpc, in);
    } catch (TextException e) {
      throw new Fields.Bad(String.valueOf(e.getMessage()));
    }
  }

  /** The texts in which a server could show what only it is to know. */
  private static List<String> secrets(RpcRequest request) {
    if (!(request instanceof RpcRequest.Disable disable)) {
      return List.of();
    }
    String hex = disable.secret().exposeText().replaceFirst(".*:", "");
    String base64 = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(hex));
    return List.of(hex, hex.toLowerCase(Locale.ROOT), base64, base64.replace("=", ""));
  }

  /** The key that control knows of the node, which each of its requests has to name. */
  private NodeKey keyOf(String tailnet, long node) throws ServerException {
    NodeKey known = keys.get(tailnet);
    if (known != null) {
      return known;
    }
    List<NodeKey> found = new ArrayList<>();
    list(
        path(tailnet) + "/nodes?node=" + node,
        fields -> {
          if (fields.requireNode() != node) {
            throw new Fields.Bad("expected the node that was asked for, found another");
          }
          found.add(fields.requireNodeKey());
        });
    if (found.size() != 1) {
      throw new ServerException.NotSent(
          access.url(), "tailnet " + tailnet + " has no node " + node + " there");
    }
    keys.put(tailnet, found.get(0));
    return found.get(0);
  }

  /** A request that may be sent again. */
  @FunctionalInterface
  private interface Attempt<T> {
    T make() throws ServerException;
  }

  private <T> T patiently(Attempt<T> attempt) throws ServerException {
    long end = System.nanoTime() + LONGEST_PAUSE.toNanos();
    while (true) {
      try {
        return attempt.make();
      } catch (ServerException.Refused e) {
        Optional<Duration> pause = e.retryAfter();
        if (e.mayHaveHappened()
            || pause.isEmpty()
            || System.nanoTime() + pause.get().toNanos() - end > 0) {
          throw e;
        }
        pause(pause.get());
      }
    }
  }

  private void pause(Duration pause) throws ServerException {
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServerException.NoAnswer(access.url(), "interrupted while waiting", false);
    }
  }

  private static String path(String tailnet) {
    return "/v1/tailnets/" + encoded(tailnet);
  }

  private static String encoded(String segment) {
    StringBuilder out = new StringBuilder();
    for (byte b : segment.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || UNRESERVED.indexOf(c) >= 0);
      out.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "%%%02X", (int) c));
    }
    return out.toString();
  }

  private void list(String path, Fields.Taking taking) throws ServerException {
    ask(
        "GET",
        path,
        LARGEST_LIST,
        in -> {
          Fields.readAll(in, taking);
          return true;
        });
  }

  /** Reads an answer's body. */
  @FunctionalInterface
  private interface Reading<T> {
    T from(InputStream in) throws IOException;
  }

  /**
   * A request.
   *
   * @param secrets texts that no message may show
   * @param most the longest answer, in bytes
   */
  @SuppressWarnings("ArrayRecordComponent") // Made once and sent once.
  private record Sending(
      String method, String path, byte[] body, List<String> secrets, long most) {}

  private <T> T ask(String method, String path, long most, Reading<T> reading)
      throws ServerException {
    return ask(method, path, NOTHING, most, reading);
  }

  private <T> T ask(String method, String path, byte[] body, long most, Reading<T> reading)
      throws ServerException {
    Sending sending = new Sending(method, path, body, List.of(), most);
    return method.equals("GET") ? patiently(() -> ask(sending, reading)) : ask(sending, reading);
  }

  private <T> T ask(Sending sending, Reading<T> reading) throws ServerException {
    Optional<String> token = token();
    Request request =
        http.newRequest(access.url().origin() + sending.path())
            .method(sending.method())
            .timeout(access.whole().toMillis(), TimeUnit.MILLISECONDS);
    access.url().socket().ifPresent(socket -> request.transport(new Transport.TCPUnix(socket)));
    token.ifPresent(
        text -> request.headers(all -> all.put(HttpHeader.AUTHORIZATION, "Bearer " + text)));
    if (sending.method().startsWith("P")) {
      request.body(
          sending.body().length == 0
              ? new BytesRequestContent(sending.body())
              : new BytesRequestContent("application/json", sending.body()));
    }
    List<String> secrets = new ArrayList<>(sending.secrets());
    token.ifPresent(secrets::add);
    InputStreamResponseListener listener = new InputStreamResponseListener();
    try (InputStream in = listener.getInputStream()) {
      request.send(listener);
      Response response = listener.get(access.whole().toMillis(), TimeUnit.MILLISECONDS);
      if (response.getStatus() != OK && response.getStatus() != NO_CONTENT) {
        throw refused(response, in, secrets);
      }
      return reading.from(bounded(in, sending.most()));
    } catch (Fields.Bad e) {
      throw new ServerException.BadAnswer(access.url(), String.valueOf(e.getMessage()));
    } catch (JsonProcessingException | CharConversionException e) {
      throw new ServerException.BadAnswer(
          access.url(), "expected lines of JSON as the service has them, found something else");
    } catch (IOException | ExecutionException | TimeoutException e) {
      throw failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServerException.NoAnswer(
          access.url(), "interrupted while waiting for an answer", true);
    }
  }

  private ServerException refused(Response response, InputStream in, List<String> secrets)
      throws IOException {
    String type = String.valueOf(response.getHeaders().get(HttpHeader.CONTENT_TYPE));
    String line = "";
    if (type.startsWith("text/plain")) {
      String body = new String(in.readNBytes(LARGEST_ERROR), StandardCharsets.UTF_8);
      line = body.lines().findFirst().orElse("").strip();
    }
    for (String secret : secrets) {
      line = line.replace(secret, "...");
    }
    String code = String.valueOf(response.getHeaders().get("Tka-Error"));
    return new ServerException.Refused(
        access.url(),
        response.getStatus(),
        code.matches("[a-z-]{1,40}") ? code : "",
        line.substring(0, Math.min(line.length(), LONGEST_LINE)),
        Optional.ofNullable(response.getHeaders().get(HttpHeader.RETRY_AFTER))
            .map(String::strip)
            .filter(text -> text.matches("[0-9]{1," + LONGEST_SECONDS + "}"))
            .map(text -> Duration.ofSeconds(Long.parseLong(text))));
  }

  /** Why there is no whole answer, without the names of classes. */
  private ServerException failed(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SSLException && String.valueOf(at.getMessage()).contains("PKIX")) {
        return new ServerException.Untrusted(access.url());
      }
      Optional<String> known = describe(at);
      if (known.isPresent()) {
        return new ServerException.NoAnswer(access.url(), known.get(), mayHaveArrived(at));
      }
    }
    return new ServerException.NoAnswer(
        access.url(), "the connection was lost, or what answers there does not speak HTTP", true);
  }

  /** Whether a failure may have come after the request was there. */
  private static boolean mayHaveArrived(Throwable failure) {
    return failure instanceof TimeoutException
        || (failure instanceof SSLException && !(failure instanceof SSLHandshakeException));
  }

  private Optional<String> describe(Throwable failure) {
    if (failure instanceof TimeoutException) {
      return Optional.of(
          "no whole answer came in time: it was silent for "
              + access.quiet().toSeconds()
              + " s, or took "
              + access.whole().toSeconds()
              + " s as a whole");
    }
    if (failure instanceof UnknownHostException || failure instanceof UnresolvedAddressException) {
      return Optional.of("there is no host of this name");
    }
    if (failure instanceof SSLException secure) {
      return Optional.of(describe(secure));
    }
    String message = String.valueOf(failure.getMessage());
    if (message.contains("No such file")) {
      return Optional.of("there is no such socket: is the server running?");
    }
    if (message.contains("Permission denied") || failure instanceof AccessDeniedException) {
      return Optional.of("no permission to connect");
    }
    if (failure instanceof ConnectException || message.contains("Connection refused")) {
      return Optional.of("nothing listens there: is the server running?");
    }
    return message.contains("unix domain path too long") || message.contains("path too long")
        ? Optional.of("the path is too long for a Unix socket")
        : Optional.empty();
  }

  private static String describe(SSLException failure) {
    String message = String.valueOf(failure.getMessage());
    if (message.contains("subject alternative") || message.contains("No name matching")) {
      return "its certificate is for another name";
    }
    if (message.contains("certificate_required") || message.contains("bad_certificate")) {
      return "it wants another certificate of the client, or any";
    }
    if (message.contains("not an SSL") || message.contains("Unsupported or unrecognized")) {
      return "it does not speak TLS";
    }
    return "no secure connection came about";
  }

  private Optional<String> token() throws ServerException.NotSent {
    if (access.tokenFile().isEmpty()) {
      return Optional.empty();
    }
    if (!access.url().keepsSecrets()) {
      throw new ServerException.NotSent(
          access.url(), "a token is not sent to another machine without TLS: use https://");
    }
    Path file = access.tokenFile().get();
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(LONGEST_TOKEN + 1);
    } catch (NoSuchFileException e) {
      throw new ServerException.NotSent(access.url(), file + ": no such file");
    } catch (AccessDeniedException e) {
      throw new ServerException.NotSent(access.url(), file + ": no permission");
    } catch (IOException e) {
      throw new ServerException.NotSent(access.url(), file + ": reading the token failed");
    }
    // The server's own file may hold two, while one replaces the other.
    String first =
        new String(content, StandardCharsets.ISO_8859_1)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .findFirst()
            .orElse("");
    if (content.length > LONGEST_TOKEN || !isToken(first)) {
      throw new ServerException.NotSent(
          access.url(), file + ": expected a token on the first line, found something else");
    }
    return Optional.of(first);
  }

  private static boolean isToken(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  private static InputStream bounded(InputStream in, long most) {
    return new BoundedInput(
        in,
        most,
        () ->
            new Fields.Bad("expected an answer of at most " + most + " bytes, found a longer one"));
  }

  @Override
  public void close() {
    try {
      http.stop();
    } catch (Exception e) {
      throw new IllegalStateException("a client does not stop", e);
    }
  }

  /** Names the server. */
  @Override
  public String toString() {
    return "a client of " + access.url();
  }
}
