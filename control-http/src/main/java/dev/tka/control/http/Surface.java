package dev.tka.control.http;

import dev.tka.control.AnnouncementWaiter;
import dev.tka.control.Caller;
import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.FleetEntry;
import dev.tka.control.Login;
import dev.tka.control.NodeEntry;
import dev.tka.control.TailnetStatus;
import dev.tka.control.http.page.PageFile;
import dev.tka.control.http.page.PageSession;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.ChainLayout;
import dev.tka.core.authority.RevocationPlan;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.export.AumExport;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.ProposalStatus;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.AumJson;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;

/** What each path does (service, section 10). */
final class Surface {
  /** Updates of a log that are listed unless the request says how many. */
  private static final int LOGGED = 50;

  private final ControlService service;
  private final Tailnets place;
  private final Executor executor;
  private final Health health;
  private final Metrics metrics;
  private final RequestLog log;
  private final Bodies bodies;
  private final ServerSettings.Limits limits;
  private final int mostNodes;
  private final Layouts layouts = new Layouts();

  Surface(
      ControlService service,
      Tailnets place,
      Executor executor,
      Health health,
      Metrics metrics,
      RequestLog log,
      Bodies bodies,
      ServerSettings.Limits limits,
      int mostNodes) {
    this.service = service;
    this.place = place;
    this.executor = executor;
    this.health = health;
    this.metrics = metrics;
    this.log = log;
    this.bodies = bodies;
    this.limits = limits;
    this.mostNodes = mostNodes;
  }

  /**
   * Answers a request, now or later.
   *
   * @param body its body; empty for a path without one, and for a list of nodes, which is read here
   */
  void serve(Exchange exchange, byte[] body) throws HttpFailure, ControlException, IOException {
    switch (exchange.route()) {
      case NODE_RPC, OWN_RPC -> rpc(exchange, caller(exchange), body);
      case ADMIN_RPC -> rpc(exchange, adminCaller(exchange), body);
      case LOGIN -> login(exchange, NodeJson.login(body));
      case OWN_LOGIN -> ownLogin(exchange, NodeJson.login(body));
      case PUT_NODE -> {
        NodeEntry node = NodeJson.node(body, number(exchange));
        exchange.setKey(node.nodeKey());
        service.putNode(exchange.tailnet(), node);
        exchange.answer(Answer.empty(204));
      }
      case DELETE_NODE -> {
        service.deleteNode(exchange.tailnet(), number(exchange));
        exchange.answer(Answer.empty(204));
      }
      case PUT_NODES -> putNodes(exchange);
      case NODES -> nodes(exchange);
      case OWN_PEERS -> peers(exchange);
      case ANNOUNCEMENT, OWN_ANNOUNCEMENT -> announcement(exchange);
      case WATCH_ALL, WATCH -> watch(exchange);
      case HEADS, OWN_HEADS -> heads(exchange);
      case TAILNETS -> tailnets(exchange);
      case STATUS -> {
        TailnetStatus status = service.status(exchange.tailnet());
        Answer answer = Answer.json(Json.bytes(out -> OperatorJson.status(status, out)));
        exchange.answer(
            status.head().isPresent()
                ? answer.with("ETag", '"' + status.head().get().toString() + '"')
                : answer);
      }
      case CREATE -> {
        service.create(exchange.tailnet());
        exchange.answer(Answer.empty(204));
      }
      case DELETE -> {
        service.delete(exchange.tailnet());
        exchange.answer(Answer.empty(204));
      }
      case RESTORED, NOT_RESTORED -> {
        service.restored(exchange.tailnet(), exchange.route() == Route.RESTORED);
        exchange.answer(Answer.empty(204));
      }
      case LOG -> log(exchange);
      case EXPORT -> export(exchange);
      case FLEET -> fleet(exchange);
      case MAY_INIT -> mayInit(exchange, body);
      case TOKENS -> {
        List<NodeToken> tokens = service.tokens(exchange.tailnet());
        lines(
            exchange,
            out -> {
              for (NodeToken each : tokens) {
                out.write(json -> OperatorJson.token(each, json));
              }
            });
      }
      case MAKE_TOKEN -> {
        String token = service.makeToken(exchange.tailnet(), number(exchange));
        exchange.answer(
            Answer.json(Json.bytes(out -> OperatorJson.made(token, out)))
                .with("Cache-Control", "no-store"));
      }
      case REVOKE_TOKEN -> {
        service.revokeToken(exchange.tailnet(), tokenHash(exchange.rest()));
        exchange.answer(Answer.empty(204));
      }
      case THRESHOLDS -> {
        Thresholds thresholds = service.thresholds(exchange.tailnet());
        exchange.answer(Answer.json(Json.bytes(out -> ProposalJson.thresholds(thresholds, out))));
      }
      case SET_THRESHOLDS -> {
        service.setThresholds(exchange.tailnet(), ProposalJson.thresholds(body));
        exchange.answer(Answer.empty(204));
      }
      case PROPOSALS -> proposals(exchange);
      case PROPOSE -> {
        List<Aum> operations = ProposalJson.wanted(body).operations();
        proposal(
            exchange,
            operations.isEmpty()
                ? service.proposeDisable(exchange.tailnet())
                : service.propose(exchange.tailnet(), operations));
      }
      case PROPOSAL -> proposal(exchange, service.proposal(exchange.tailnet(), exchange.rest()));
      case WITHDRAW -> {
        var unused = service.withdraw(exchange.tailnet(), exchange.rest());
        exchange.answer(Answer.empty(204));
      }
      case APPROVE -> {
        ProposalJson.Approval approval = ProposalJson.approval(body);
        proposal(
            exchange,
            service.approve(
                exchange.tailnet(), exchange.rest(), approval.over(), approval.signature()));
      }
      case SUMMARY ->
          value(
              exchange,
              Views.summary(service, exchange.tailnet(), service.authority(exchange.tailnet())));
      case KEYS -> value(exchange, Views.keys(on(exchange), commands(exchange)));
      case GRAPH -> graph(exchange);
      case UPDATE -> update(exchange);
      case EXPLANATION -> explanation(exchange);
      case REVOCATION -> revocation(exchange);
      case PAGE -> file(exchange, PageFile.INDEX);
      case PAGE_FILE -> file(exchange, exchange.rest());
      case SESSION -> {
        Trust trust = exchange.door().trust();
        value(
            exchange,
            new TreeMap<>(
                Map.of(
                    "signedIn", trust.isKnown(exchange.request()),
                    "byCookie", trust.hasSession(exchange.request()))));
      }
      case SIGN_IN -> {
        PageSession session = exchange.door().trust().signIn(token(body));
        exchange.answer(
            Answer.empty(204)
                .with("Set-Cookie", session.cookie(exchange.request().isSecure()))
                .with("Cache-Control", "no-store"));
      }
      case SIGN_OUT ->
          exchange.answer(
              Answer.empty(204)
                  .with("Set-Cookie", PageSession.noCookie(exchange.request().isSecure()))
                  .with("Cache-Control", "no-store"));
      case METRICS ->
          exchange.answer(new Answer(200, Metrics.TYPE, metrics.text(), java.util.Map.of()));
      case LIVE -> exchange.answer(Answer.text("ok\n"));
      case READY -> exchange.answer(health.answer(!exchange.parameters("verbose").isEmpty()));
      case OPENAPI -> exchange.answer(Answer.json(openApi()));
    }
  }

  private static void value(Exchange exchange, Map<String, Object> value) {
    exchange.answer(
        Answer.json(Json.bytes(out -> Json.value(value, out))).with("Cache-Control", "no-store"));
  }

  private static Commands commands(Exchange exchange) {
    return Commands.of(exchange.door().listener(), exchange.request(), exchange.tailnet());
  }

  /** A file of the page, unless the browser has it. */
  private static void file(Exchange exchange, String name) throws HttpFailure {
    PageFile file =
        PageFile.find(name)
            .orElseThrow(() -> HttpFailure.notFound("there is no such file of the page"));
    Answer answer =
        matches(known(exchange), file.etag())
            ? Answer.empty(304)
            : new Answer(200, file.type(), file.body(), Map.of());
    answer = answer.with("ETag", file.etag());
    for (Map.Entry<String, String> each : PageFile.HEADERS.entrySet()) {
      answer = answer.with(each.getKey(), each.getValue());
    }
    exchange.answer(answer);
  }

  /** The token of the form to sign in. */
  private static String token(byte[] form) throws HttpFailure {
    List<String> tokens =
        RawUrl.query(new String(form, StandardCharsets.US_ASCII)).getOrDefault("token", List.of());
    if (tokens.size() != 1) {
      throw HttpFailure.malformed("expected a form with one field, token");
    }
    return tokens.get(0).strip();
  }

  /** The authority that is on. */
  private Authority on(Exchange exchange) throws ControlException, HttpFailure {
    return service.authority(exchange.tailnet()).orElseThrow(Surface::lockOff);
  }

  private static HttpFailure lockOff() {
    return new HttpFailure(409, "lock-off", "tailnet lock is not enabled");
  }

  private void graph(Exchange exchange) throws HttpFailure, ControlException {
    Optional<String> from = exchange.parameter("from");
    Optional<String> count = exchange.parameter("count");
    Optional<String> at = exchange.parameter("at");
    int first = from.isPresent() && !from.get().equals("0") ? Numbers.count(from.get()) : 0;
    int most = count.isPresent() ? Numbers.count(count.get()) : LOGGED;
    if (most > Views.MOST_ROWS) {
      throw HttpFailure.malformed("expected a count of at most " + Views.MOST_ROWS);
    }
    Authority on = on(exchange);
    List<ChainLayout.Row> rows = layouts.of(exchange.tailnet(), on);
    Optional<Integer> row = Optional.empty();
    if (at.isPresent()) {
      AumHash hash = hash(at.get());
      for (int i = 0; i < rows.size() && row.isEmpty(); i++) {
        row = rows.get(i).entry().hash().equals(hash) ? Optional.of(i) : row;
      }
      first = Math.max(0, row.orElseThrow(Surface::noUpdate) - most / 2);
    }
    try {
      value(exchange, Views.graph(on, rows, first, most, row));
    } catch (TkaException e) {
      throw unreadable(exchange, e);
    }
  }

  private static HttpFailure noUpdate() {
    return HttpFailure.notFound("this tailnet has no such update");
  }

  private static AumHash hash(String text) throws HttpFailure {
    try {
      return AumHash.parse(text);
    } catch (TextException e) {
      throw HttpFailure.malformed("expected the hash of an update, 52 letters and digits");
    }
  }

  private void update(Exchange exchange) throws HttpFailure, ControlException {
    AumHash hash = hash(exchange.rest());
    Authority on = on(exchange);
    if (on.snapshot().find(hash).isEmpty()) {
      throw noUpdate();
    }
    try {
      value(exchange, Views.update(on, on.snapshot().get(hash)));
    } catch (TkaException e) {
      throw unreadable(exchange, e);
    }
  }

  private void explanation(Exchange exchange) throws HttpFailure, ControlException {
    Authority on = on(exchange);
    List<NodeEntry> nodes = new ArrayList<>();
    service.nodes(exchange.tailnet(), Optional.empty(), nodes::add);
    NodeEntry node =
        nodes.stream()
            .filter(each -> each.node() == number(exchange))
            .findFirst()
            .orElseThrow(
                () ->
                    new HttpFailure(
                        404, "unknown-node", "this tailnet has no node " + number(exchange)));
    value(exchange, Views.explanation(on, nodes, node, commands(exchange)));
  }

  private void revocation(Exchange exchange) throws HttpFailure, ControlException {
    Set<Bytes> keys = new LinkedHashSet<>();
    for (String each : exchange.parameters("key")) {
      try {
        keys.add(LockPublicKey.parse(each).bytes());
      } catch (TextException e) {
        throw HttpFailure.malformed("expected keys such as tlpub: and 64 hexadecimal digits");
      }
    }
    if (keys.isEmpty()) {
      throw HttpFailure.malformed("expected a parameter key, once for each key to revoke");
    }
    Optional<String> from = exchange.parameter("forkFrom");
    Optional<AumHash> forkPoint =
        from.isPresent() ? Optional.of(hash(from.get())) : Optional.empty();
    Authority on = on(exchange);
    List<FleetEntry> fleet = new ArrayList<>();
    service.fleet(exchange.tailnet(), fleet::add);
    Instant now = Instant.now();
    try {
      RevocationPlan plan =
          forkPoint.isPresent()
              ? RevocationPlan.at(on, keys, forkPoint.get(), now)
              : RevocationPlan.of(on, keys, now);
      value(exchange, Views.revocation(on, plan, fleet, now, commands(exchange)));
    } catch (BuildException e) {
      throw new HttpFailure(409, "refused", String.valueOf(e.getMessage()));
    } catch (TkaException e) {
      throw unreadable(exchange, e);
    }
  }

  private void proposals(Exchange exchange) throws ControlException, IOException, HttpFailure {
    List<ProposalStatus> proposals = service.proposals(exchange.tailnet());
    lines(
        exchange,
        out -> {
          for (ProposalStatus each : proposals) {
            out.write(json -> ProposalJson.proposal(each, json));
          }
        });
  }

  private static void proposal(Exchange exchange, ProposalStatus status) {
    exchange.answer(Answer.json(Json.bytes(out -> ProposalJson.proposal(status, out))));
  }

  private static byte[] openApi() throws IOException {
    try (InputStream in = Surface.class.getResourceAsStream("openapi.json")) {
      if (in == null) {
        throw new IllegalStateException("openapi.json is missing");
      }
      return in.readAllBytes();
    }
  }

  private static Caller caller(Exchange exchange) {
    return Caller.node(exchange.tailnet(), number(exchange));
  }

  private static long number(Exchange exchange) {
    return exchange.node().orElseThrow();
  }

  private static Caller adminCaller(Exchange exchange) throws HttpFailure {
    if (exchange.rest().equals(Rpc.BOOTSTRAP.path())) {
      throw HttpFailure.notFound("an operator has no bootstrap: it is a node's");
    }
    return Caller.operator(exchange.tailnet());
  }

  private void rpc(Exchange exchange, Caller caller, byte[] body)
      throws HttpFailure, ControlException, IOException {
    Rpc rpc =
        Rpc.of(exchange.rest())
            .orElseThrow(
                () ->
                    HttpFailure.notFound(
                        "there is no such request under /machine/tka/; protocol, section 8 lists"
                            + " them"));
    exchange.setRpc(rpc.path());
    RpcRequest request;
    try {
      request = RpcJson.readRequest(rpc, new ByteArrayInputStream(body));
    } catch (TextException e) {
      throw HttpFailure.malformed(String.valueOf(e.getMessage()));
    }
    request.nodeKey().ifPresent(exchange::setKey);
    RpcAnswer answer = service.call(caller, request);
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    RpcJson.writeAnswer(answer, out);
    Answer json = Answer.json(out.toByteArray());
    exchange.answer(head(answer).map(head -> json.with("ETag", '"' + head + '"')).orElse(json));
  }

  /** Control's head, where an answer carries it. */
  private static Optional<String> head(RpcAnswer answer) {
    if (answer instanceof RpcAnswer.Offer offer) {
      return Optional.of(offer.answer().offer().headText());
    }
    if (answer instanceof RpcAnswer.Send send) {
      return Optional.of(send.receipt().head().toString());
    }
    return Optional.empty();
  }

  private void login(Exchange exchange, Login login) throws ControlException {
    exchange.setKey(login.nodeKey());
    exchange.answer(
        Answer.json(NodeJson.answer(service.login(exchange.tailnet(), number(exchange), login))));
  }

  private void ownLogin(Exchange exchange, Login login) throws HttpFailure, ControlException {
    if (!login.isOfNodeItself()) {
      throw HttpFailure.forbidden(
          "a node may send its nodeKey, nodeKeySignature and rotationKey, and no other field of its"
              + " record");
    }
    login(exchange, login);
  }

  private void putNodes(Exchange exchange) throws HttpFailure, ControlException, IOException {
    List<NodeEntry> nodes;
    try (InputStream in =
        bodies.stream(exchange.request(), limits.largestList(), exchange::received)) {
      nodes = NodeJson.nodes(in, mostNodes);
    }
    service.replaceNodes(exchange.tailnet(), nodes);
    exchange.answer(Answer.empty(204));
  }

  private void nodes(Exchange exchange) throws HttpFailure, ControlException, IOException {
    Optional<Collection<Long>> some = Optional.empty();
    if (!exchange.parameters("node").isEmpty()) {
      List<Long> numbers = new ArrayList<>();
      for (String each : exchange.parameters("node")) {
        numbers.add(Numbers.node(each));
      }
      some = Optional.of(numbers);
    }
    Optional<Collection<Long>> chosen = some;
    listed(
        exchange,
        "",
        out ->
            service.nodes(
                exchange.tailnet(), chosen, node -> out.put(json -> NodeJson.write(node, json))));
  }

  private void peers(Exchange exchange) throws ControlException, IOException, HttpFailure {
    long self = number(exchange);
    listed(
        exchange,
        // What is left out depends on who asks.
        "-" + self,
        out ->
            service.nodes(
                exchange.tailnet(),
                Optional.empty(),
                node -> {
                  if (node.node() != self) {
                    out.put(json -> NodeJson.writePeer(node, json));
                  }
                }));
  }

  /** Lists nodes, unless the client knows them as they are. */
  private void listed(Exchange exchange, String variant, WritingLines writing)
      throws ControlException, IOException, HttpFailure {
    // Before the nodes are read: a tag that is too new would keep changes from the client.
    Optional<String> tag =
        service.nodesVersion(exchange.tailnet()).map(version -> '"' + version + variant + '"');
    if (tag.isPresent() && matches(known(exchange), tag.get())) {
      exchange.answer(tagged(Answer.empty(304), tag.get()));
    } else {
      lines(exchange, tag, writing);
    }
  }

  /** What the log of heads has at a path, as it is written in C2SP's tlog-tiles. */
  private void heads(Exchange exchange) throws HttpFailure, ControlException {
    byte[] body =
        service
            .log(exchange.tailnet(), exchange.rest())
            .orElseThrow(
                () ->
                    HttpFailure.notFound(
                        "there is nothing: no log of heads is kept here, no witness has cosigned it"
                            + " yet, or it has no such tile"));
    // Another log may begin at the same path, so that nothing of it may be kept.
    exchange.answer(
        new Answer(
            200,
            exchange.rest().equals("checkpoint") ? Answer.TEXT : "application/octet-stream",
            body,
            Map.of("Cache-Control", "no-store")));
  }

  private void fleet(Exchange exchange) throws ControlException, IOException, HttpFailure {
    lines(
        exchange,
        out ->
            service.fleet(
                exchange.tailnet(),
                (FleetEntry entry) ->
                    out.put(json -> OperatorJson.fleet(entry, commands(exchange), json))));
  }

  private void tailnets(Exchange exchange) throws ControlException, IOException, HttpFailure {
    List<TailnetStatus> all = service.tailnets();
    lines(
        exchange,
        out -> {
          for (TailnetStatus each : all) {
            out.write(json -> OperatorJson.status(each, json));
          }
        });
  }

  private void log(Exchange exchange) throws HttpFailure, ControlException, IOException {
    Optional<String> limit = exchange.parameter("limit");
    int most = limit.isPresent() ? Numbers.count(limit.get()) : LOGGED;
    AumSnapshot snapshot = snapshot(exchange);
    try {
      BodyReader aums = new BodyReader(snapshot, Authority.open(snapshot).newestFirst(most));
      lines(
          exchange,
          out -> {
            while (aums.hasNext()) {
              Aum aum = next(aums);
              out.write(json -> Json.value(AumJson.message(aum), json));
            }
          });
    } catch (TkaException e) {
      throw unreadable(exchange, e);
    }
  }

  private static Aum next(BodyReader aums) throws IOException {
    try {
      return aums.aum();
    } catch (StoreException e) {
      throw new IOException(e);
    }
  }

  private void export(Exchange exchange) throws HttpFailure, ControlException, IOException {
    AumSnapshot snapshot = snapshot(exchange);
    Piecewise out = new Piecewise(exchange, "application/octet-stream", Optional.empty());
    try {
      AumExport.write(snapshot, exchange.tailnet(), 0, out, (done, total) -> {});
      out.close();
    } catch (TkaException e) {
      if (out.hasBegun()) {
        exchange.abort(e);
      } else {
        throw unreadable(exchange, e);
      }
    } finally {
      out.end();
    }
  }

  /** The tailnet's AUMs; there are some. */
  private AumSnapshot snapshot(Exchange exchange) throws HttpFailure, ControlException {
    if (service.status(exchange.tailnet()).head().isEmpty()) {
      throw lockOff();
    }
    try {
      return place.tailnet(exchange.tailnet()).read();
    } catch (StoreException e) {
      throw unreadable(exchange, e);
    }
  }

  private HttpFailure unreadable(Exchange exchange, TkaException e) throws ControlException {
    if (e instanceof StoreException.Fenced) {
      // It was moved since the look at it, which another look says.
      TailnetStatus unused = service.status(exchange.tailnet());
    }
    log.note("a tailnet could not be read: " + e.getClass().getSimpleName());
    return HttpFailure.unavailable(
        "the tailnet cannot be read now: 'tka verify' on the server says why",
        Duration.ofSeconds(5));
  }

  /** Takes lines of JSON. */
  private interface Lines {
    void write(Json.Writing json) throws IOException;

    /** For callbacks that cannot throw. */
    default void put(Json.Writing json) {
      try {
        write(json);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private interface WritingLines {
    void to(Lines out) throws ControlException, IOException, HttpFailure;
  }

  /** Writes one JSON value a line. What is short is sent as a whole. */
  private void lines(Exchange exchange, WritingLines writing)
      throws ControlException, IOException, HttpFailure {
    lines(exchange, Optional.empty(), writing);
  }

  private void lines(Exchange exchange, Optional<String> tag, WritingLines writing)
      throws ControlException, IOException, HttpFailure {
    Piecewise out = new Piecewise(exchange, Answer.LINES, tag);
    try {
      writing.to(json -> Json.line(json, out));
      out.close();
    } catch (ControlException | HttpFailure | UncheckedIOException | IOException e) {
      if (out.hasBegun()) {
        exchange.abort(e);
      } else if (e instanceof UncheckedIOException unchecked) {
        throw new IOException(unchecked);
      } else {
        throw e;
      }
    } finally {
      out.end();
    }
  }

  private void mayInit(Exchange exchange, byte[] body)
      throws HttpFailure, ControlException, IOException {
    boolean may =
        Json.read(
            new ByteArrayInputStream(body),
            parser -> {
              Boolean found = parser.nextBooleanValue();
              if (found == null) {
                throw HttpFailure.malformed("expected true or false");
              }
              Json.requireEnd(parser);
              return found;
            });
    exchange.setKey(service.allowInit(exchange.tailnet(), number(exchange), may));
    exchange.answer(Answer.empty(204));
  }

  private static Bytes tokenHash(String hex) throws HttpFailure {
    try {
      Bytes hash = Bytes.parseHex(hex);
      if (hash.size() == 32) {
        return hash;
      }
    } catch (TextException e) {
      // Said below.
    }
    throw HttpFailure.malformed("expected the id of a token, 64 hexadecimal digits");
  }

  private void announcement(Exchange exchange) throws HttpFailure, ControlException {
    Optional<Long> node = exchange.node();
    Optional<String> asked = exchange.parameter("node");
    if (exchange.route() == Route.ANNOUNCEMENT && asked.isPresent()) {
      node = Optional.of(Numbers.node(asked.get()));
    }
    Optional<String> wait = exchange.parameter("wait");
    Duration patience = wait.isPresent() ? Numbers.wait(wait.get()) : Duration.ZERO;
    List<String> tags = known(exchange);
    Optional<Announcement> known =
        tags.size() == 1 ? WatchJson.tagged(tags.get(0)) : Optional.empty();
    if (patience.isZero() || known.isEmpty()) {
      answer(exchange, service.announcement(exchange.tailnet(), node), tags);
      return;
    }
    await(exchange, node, known.get(), patience);
  }

  /** The tags that a client knows. */
  private static List<String> known(Exchange exchange) {
    List<String> tags = new ArrayList<>();
    for (String value : exchange.request().getHeaders().getValuesList("If-None-Match")) {
      // No tag of ours has a comma.
      for (String each : value.split(",", -1)) {
        tags.add(each.strip());
      }
    }
    return tags;
  }

  /** Answers when something else is announced than is known, or when time is over. */
  private void await(Exchange exchange, Optional<Long> node, Announcement known, Duration patience)
      throws ControlException {
    exchange.request().addIdleTimeoutListener(timeout -> false);
    long began = System.nanoTime();
    Tailnets.Watch wait =
        service.awaitAnnouncement(
            exchange.tailnet(),
            node,
            known,
            // Thousands are told by one thread, which is to tell and not to write.
            new AnnouncementWaiter() {
              @Override
              public void announced(Announcement now) {
                executor.execute(() -> answerWaiting(exchange, now, known, began));
              }

              @Override
              public void stopping() {
                announced(known);
              }

              @Override
              public void failed(ControlException why) {
                executor.execute(
                    () -> {
                      exchange.waited(System.nanoTime() - began);
                      exchange.fail(why);
                    });
              }
            });
    Scheduler.Task over =
        exchange
            .request()
            .getComponents()
            .getScheduler()
            .schedule(
                () -> {
                  wait.close();
                  answerWaiting(exchange, known, known, began);
                },
                patience.toMillis(),
                TimeUnit.MILLISECONDS);
    exchange.whenAnswered(over::cancel);
    exchange
        .request()
        .addFailureListener(
            why -> {
              wait.close();
              over.cancel();
            });
  }

  private static void answerWaiting(
      Exchange exchange, Announcement now, Announcement known, long began) {
    exchange.waited(System.nanoTime() - began);
    answer(exchange, now, List.of(known.etag()));
  }

  private static void answer(Exchange exchange, Announcement announcement, List<String> known) {
    Answer answer =
        matches(known, announcement.etag())
            ? Answer.empty(304)
            : Answer.json(WatchJson.announcement(announcement));
    exchange.answer(tagged(answer, announcement.etag()));
  }

  private static Answer tagged(Answer answer, String tag) {
    return answer.with("ETag", tag).with("Cache-Control", "no-cache");
  }

  private static boolean matches(List<String> known, String now) {
    for (String each : known) {
      String tag = each.startsWith("W/") ? each.substring(2) : each;
      if (tag.equals("*") || tag.equals(now)) {
        return true;
      }
    }
    return false;
  }

  private void watch(Exchange exchange) throws HttpFailure, ControlException {
    Optional<String> from = exchange.parameter("from");
    if (from.isEmpty()) {
      // What an event stream sends when it connects again.
      from = Optional.ofNullable(exchange.request().getHeaders().get("Last-Event-ID"));
    }
    boolean events =
        exchange.request().getHeaders().getQualityCSV("Accept").stream()
            .anyMatch(type -> type.startsWith("text/event-stream"));
    WatchStream.begin(
        exchange,
        service.watch(
            exchange.hasTailnet() ? Optional.of(exchange.tailnet()) : Optional.empty(), from),
        events,
        executor);
  }

  /** An answer that is sent as a whole if it is short, and else piece by piece. */
  private final class Piecewise extends OutputStream {
    private static final int PIECE = 32 << 10;

    private final Exchange exchange;
    private final Answer head;
    private final AtomicLong sent = new AtomicLong();
    private volatile boolean ended;
    private long began;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private Optional<OutputStream> sending = Optional.empty();

    Piecewise(Exchange exchange, String type, Optional<String> tag) {
      Answer empty = Answer.head(type);
      this.exchange = exchange;
      this.head = tag.map(each -> tagged(empty, each)).orElse(empty);
    }

    boolean hasBegun() {
      return sending.isPresent();
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      held.write(bytes, from, count);
      if (held.size() >= PIECE) {
        var unused = send();
      }
    }

    private OutputStream send() throws IOException {
      OutputStream out;
      if (sending.isPresent()) {
        out = sending.get();
      } else {
        Content.Sink sink =
            exchange.begin(head).orElseThrow(() -> new IOException("answered already"));
        out = Content.Sink.asOutputStream(sink);
        sending = Optional.of(out);
        began = System.nanoTime();
        watchReader();
      }
      held.writeTo(out);
      sent.addAndGet(held.size());
      exchange.sent(held.size());
      held.reset();
      return out;
    }

    /** Writing holds a thread, so a client that reads too slowly is cut off. */
    private void watchReader() {
      Request request = exchange.request();
      var unused =
          request
              .getComponents()
              .getScheduler()
              .schedule(
                  () -> {
                    if (ended) {
                      return;
                    }
                    long late = System.nanoTime() - began - limits.head().toNanos();
                    if (sent.get() < late / 1e9 * limits.slowest()) {
                      request.getConnectionMetaData().getConnection().getEndPoint().close();
                    } else {
                      watchReader();
                    }
                  },
                  Math.max(100, limits.head().toMillis() / 4),
                  TimeUnit.MILLISECONDS);
    }

    /** Whatever became of it, nobody writes any longer. */
    void end() {
      ended = true;
    }

    @Override
    public void close() throws IOException {
      if (sending.isEmpty()) {
        exchange.answer(new Answer(200, head.type(), held.toByteArray(), head.headers()));
      } else {
        send().close();
        exchange.end("ok");
      }
    }
  }
}
