package dev.tka.node;

import dev.tka.core.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Control over HTTP (service, section 10): {@code tka serve} with the node's own token, or any
 * control under whose URL the requests of protocol, section 8 stand.
 *
 * <p>The token goes into the header of a request and nowhere else. It is not sent over plain HTTP,
 * except to this machine.
 *
 * <p>A server that says that the tailnet was moved is followed only to servers that are named here,
 * each of which is asked once for a request at most.
 */
public final class HttpTransport implements ControlTransport {
  /** How long one answer may take as a whole, beside the time that control is asked to wait. */
  private static final Duration WHOLE = Duration.ofSeconds(60);

  /** However long control asks for, a node comes back once an hour. */
  private static final Duration LONGEST_RETRY_AFTER = Duration.ofHours(1);

  private static final int LONGEST_TOKEN = 4096;
  private static final int LONGEST_SECONDS = 9;
  private static final int LARGEST_ERROR = 8 << 10;
  private static final int OK = 200;
  private static final int MOVED = 307;
  private static final int LAST_PORT = 65_535;

  private static final String OWN_PATH = "/v1/node";

  private static final Pattern BASE =
      Pattern.compile(
          "(https?)://(?:\\[([0-9a-fA-F:.]+)\\]|([0-9a-zA-Z._-]+))(?::[0-9]{1,5})?(/[!-~&&[^?#]]*)?",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|(0{0,4}:){2,7}0{0,3}1");

  private static final Pattern ETAG = Pattern.compile("(W/)?\"[!#-~]{0,200}\"");
  private static final Pattern CODE = Pattern.compile("[a-z-]{1,40}");

  /**
   * A server, and what its URL says.
   *
   * @param base what comes before the paths of requests
   * @param origin scheme, host and port
   * @param keepsSecrets whether a token may go there
   */
  private record Server(String base, Origin origin, boolean keepsSecrets) {
    static Server of(String url, String path) {
      Matcher matcher = BASE.matcher(url);
      if (!matcher.matches() || !isUri(url)) {
        throw new IllegalArgumentException(
            "expected https://HOST:PORT, found something else"
                + (url.indexOf('@') >= 0 ? ", such as a user: a token comes from a file" : ""));
      }
      String host = matcher.group(2) == null ? matcher.group(3) : matcher.group(2);
      return new Server(
          (url.endsWith("/") ? url.substring(0, url.length() - 1) : url) + path,
          Origin.of(URI.create(url)).orElseThrow(),
          matcher.group(1).toLowerCase(Locale.ROOT).equals("https")
              || LOOPBACK.matcher(host).matches());
    }
  }

  /** Where a URL leads: the same scheme, host and port, however it writes them. */
  private record Origin(String scheme, String host, int port) {
    private static final int HTTPS = 443;
    private static final int HTTP = 80;

    static Optional<Origin> of(URI url) {
      if (url.getScheme() == null || url.getHost() == null || url.getRawUserInfo() != null) {
        return Optional.empty();
      }
      String scheme = url.getScheme().toLowerCase(Locale.ROOT);
      int port = url.getPort() >= 0 ? url.getPort() : scheme.equals("https") ? HTTPS : HTTP;
      return Optional.of(new Origin(scheme, url.getHost().toLowerCase(Locale.ROOT), port));
    }
  }

  private final HttpConnections connections;
  private final List<Server> servers;
  private final ServerChoice choice;
  private final boolean ours;
  private final Optional<Path> tokenFile;
  private final Duration whole;

  private HttpTransport(
      HttpConnections connections,
      List<String> urls,
      String path,
      Optional<Path> tokenFile,
      Duration whole) {
    if (urls.isEmpty()) {
      throw new IllegalArgumentException("expected a server, found none");
    }
    this.connections = connections;
    this.servers = urls.stream().map(url -> Server.of(url, path)).toList();
    this.choice = new ServerChoice(urls.size());
    this.ours = !path.isEmpty();
    this.tokenFile = tokenFile;
    this.whole = whole;
  }

  private HttpTransport(HttpTransport other, Duration whole) {
    this.connections = other.connections;
    this.servers = other.servers;
    this.choice = other.choice;
    this.ours = other.ours;
    this.tokenFile = other.tokenFile;
    this.whole = whole;
  }

  private static boolean isUri(String text) {
    try {
      URI uri = URI.create(text);
      return uri.getHost() != null && uri.getPort() != 0 && uri.getPort() <= LAST_PORT;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * The way to a running {@code tka serve}, with a token that stands for the node.
   *
   * @param server {@code https://HOST:PORT}
   * @param tokenFile a file whose first line is the token; it is read anew for each request
   * @throws IllegalArgumentException if the URL is none; the message does not quote it
   */
  public static HttpTransport toServer(HttpConnections connections, String server, Path tokenFile) {
    return toServer(connections, List.of(server), tokenFile);
  }

  /**
   * The way to several servers, of which one has the node's tailnet: another one after it was moved
   * (service, section 7). The one that answered last is asked first; at the beginning they are
   * tried in order. All of them take the same token.
   *
   * @param servers {@code https://HOST:PORT} of each
   * @throws IllegalArgumentException if there is none, or a URL is none; the message does not quote
   *     it
   */
  public static HttpTransport toServer(
      HttpConnections connections, List<String> servers, Path tokenFile) {
    return new HttpTransport(connections, servers, OWN_PATH, Optional.of(tokenFile), WHOLE);
  }

  /**
   * The way to a control that forwards the requests of protocol, section 8 and nothing else:
   * announcements and peers come from the embedder.
   *
   * @param base the URL under which {@code machine/tka/} stands
   * @param tokenFile as {@link #toServer} takes it, if control wants one
   * @throws IllegalArgumentException if the URL is none; the message does not quote it
   */
  public static HttpTransport toControl(
      HttpConnections connections, String base, Optional<Path> tokenFile) {
    return new HttpTransport(connections, List.of(base), "", tokenFile, WHOLE);
  }

  /**
   * With another time for one answer as a whole, from the connection to the last byte. A long poll
   * has its patience besides.
   */
  public HttpTransport withPatience(Duration answer) {
    return new HttpTransport(this, answer);
  }

  @Override
  public CompletableFuture<Reply> send(Ask ask) {
    CompletableFuture<Reply> answer = new CompletableFuture<>();
    send(ask, choice.first(), new HashSet<>(), answer);
    return answer;
  }

  /** Asks a server, and whom it names if it is one of ours that was not asked yet. */
  private void send(Ask ask, int server, Set<Integer> asked, CompletableFuture<Reply> answer) {
    asked.add(server);
    CompletableFuture<Heard> heard = ask(ask, servers.get(server));
    // Whoever gives up the answer gives up the request.
    var unused = answer.whenComplete((reply, failure) -> heard.cancel(true));
    var unusedToo =
        heard.whenComplete(
            (one, failure) -> {
              if (failure != null) {
                if (!(ask instanceof ReadLog)) {
                  choice.unreachable(server);
                }
                answer.completeExceptionally(failure);
                return;
              }
              OptionalInt next = next(one);
              if (next.isEmpty()) {
                answered(ask, server, one.reply());
                answer.complete(one.reply());
              } else if (asked.contains(next.getAsInt())) {
                answered(ask, server, one.reply());
                answer.completeExceptionally(
                    new ControlFailure.Unreachable(
                        "its servers send this node to each other: each says that another one has"
                            + " the tailnet"));
              } else {
                try {
                  send(ask, next.getAsInt(), asked, answer);
                } catch (RuntimeException e) {
                  // Otherwise nobody would answer.
                  answer.completeExceptionally(e);
                }
              }
            });
  }

  /** A server without a log may well have the tailnet. */
  private void answered(Ask ask, int server, Reply reply) {
    if (!(ask instanceof ReadLog)) {
      choice.answered(server, reply.status());
    }
  }

  /** The server to which an answer sends the node, if it is one of its own. */
  private OptionalInt next(Heard heard) {
    boolean moved =
        heard.reply().status() == MOVED && heard.reply().code().equals(Optional.of("moved"));
    if (!moved || heard.location().isEmpty()) {
      return OptionalInt.empty();
    }
    Optional<Origin> origin;
    try {
      origin = Origin.of(URI.create(heard.location().get()));
    } catch (IllegalArgumentException e) {
      return OptionalInt.empty();
    }
    return IntStream.range(0, servers.size())
        .filter(each -> Optional.of(servers.get(each).origin()).equals(origin))
        .findFirst();
  }

  /** An answer, and where it says that the tailnet is. */
  private record Heard(Reply reply, Optional<String> location) {}

  private CompletableFuture<Heard> ask(Ask ask, Server server) {
    HttpRequest request;
    Optional<String> token;
    try {
      token = token(server);
      HttpRequest.Builder builder = request(ask, server);
      token.ifPresent(text -> builder.header("Authorization", "Bearer " + text));
      request = builder.build();
    } catch (ControlFailure e) {
      return CompletableFuture.failedFuture(e);
    }
    Duration patience =
        ask instanceof Announced announced ? whole.plus(announced.patience()) : whole;
    return exchange(request, ask.most(), patience, token);
  }

  private HttpRequest.Builder request(Ask ask, Server server) throws ControlFailure.Unreachable {
    if (ask instanceof Call call) {
      // As a POST: nothing on the way drops its body, and the client does not repeat it.
      return to(server, "/machine/tka/" + call.rpc().path()).POST(body(call.body()));
    }
    if (!ours) {
      throw new ControlFailure.Unreachable(
          "this control is asked for nothing but the lock's own requests: what it announces, its"
              + " log, logins and peers are the embedder's");
    }
    if (ask instanceof Announced announced) {
      HttpRequest.Builder builder =
          to(server, "/announcement?wait=" + announced.patience().toSeconds() + "s");
      announced.known().ifPresent(tag -> builder.header("If-None-Match", tag));
      return builder;
    }
    if (ask instanceof LogIn login) {
      return to(server, "/login").POST(body(login.body()));
    }
    if (ask instanceof ReadLog log) {
      return to(server, "/heads/" + log.path());
    }
    HttpRequest.Builder builder = to(server, "/peers");
    ((ListPeers) ask).known().ifPresent(tag -> builder.header("If-None-Match", tag));
    return builder;
  }

  private static HttpRequest.Builder to(Server server, String path) {
    return HttpRequest.newBuilder(URI.create(server.base() + path)).header("User-Agent", "tka");
  }

  private static HttpRequest.BodyPublisher body(Bytes bytes) {
    return HttpRequest.BodyPublishers.ofByteArray(bytes.toByteArray());
  }

  private CompletableFuture<Heard> exchange(
      HttpRequest request, int most, Duration patience, Optional<String> token) {
    CompletableFuture<Heard> answer = new CompletableFuture<>();
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<HttpResponse<Bytes>> exchange =
        connections
            .client()
            .sendAsync(
                request,
                head ->
                    head.statusCode() == OK
                        ? new Bounded(most, false, over)
                        : new Bounded(LARGEST_ERROR, true, over));
    CompletableFuture<Void> time =
        new CompletableFuture<Void>().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
    var unused =
        time.whenComplete(
            (none, late) -> {
              if (late != null) {
                answer.completeExceptionally(
                    new ControlFailure.Unreachable(
                        "no whole answer came within " + patience.toSeconds() + " s"));
              }
            });
    var unusedToo =
        exchange.whenComplete(
            (response, failure) -> {
              if (failure != null) {
                answer.completeExceptionally(failure(failure));
              } else {
                answer.complete(
                    new Heard(reply(response, token), response.headers().firstValue("Location")));
              }
            });
    // Whoever ends it, the timer goes, and the connection unless all was read.
    var unusedAsWell =
        answer.whenComplete(
            (reply, failure) -> {
              time.complete(null);
              if (failure != null) {
                over.set(true);
                exchange.cancel(true);
              }
            });
    return answer;
  }

  private static Reply reply(HttpResponse<Bytes> response, Optional<String> token) {
    HttpHeaders headers = response.headers();
    Bytes body = response.body();
    if (response.statusCode() != OK && token.isPresent()) {
      // A line of it is shown to people.
      String text = new String(body.toByteArray(), StandardCharsets.ISO_8859_1);
      body = Bytes.copyOf(text.replace(token.get(), "...").getBytes(StandardCharsets.ISO_8859_1));
    }
    return new Reply(
        response.statusCode(),
        body,
        headers.firstValue("ETag").filter(tag -> ETAG.matcher(tag).matches()),
        headers.firstValue("Retry-After").flatMap(text -> retryAfter(text, Instant.now())),
        headers.firstValue("Tka-Error").filter(code -> CODE.matcher(code).matches()));
  }

  /** Reads a Retry-After: a number of seconds, or a date. */
  static Optional<Duration> retryAfter(String text, Instant now) {
    String stripped = text.strip();
    Duration wait;
    if (stripped.matches("[0-9]{1,18}")) {
      wait =
          stripped.length() > LONGEST_SECONDS
              ? LONGEST_RETRY_AFTER
              : Duration.ofSeconds(Long.parseLong(stripped));
    } else {
      try {
        wait =
            Duration.between(
                now,
                ZonedDateTime.parse(stripped, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      } catch (DateTimeParseException e) {
        return Optional.empty();
      }
    }
    if (wait.isNegative()) {
      return Optional.of(Duration.ZERO);
    }
    return Optional.of(wait.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : wait);
  }

  private Optional<String> token(Server server) throws ControlFailure.Unreachable {
    if (tokenFile.isEmpty()) {
      return Optional.empty();
    }
    if (!server.keepsSecrets()) {
      throw new ControlFailure.Unreachable(
          "a token is not sent to another machine without TLS: use https://");
    }
    Path file = tokenFile.get();
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(LONGEST_TOKEN + 1);
    } catch (NoSuchFileException e) {
      throw new ControlFailure.Unreachable(file + ": no such file");
    } catch (AccessDeniedException e) {
      throw new ControlFailure.Unreachable(file + ": no permission");
    } catch (IOException e) {
      throw new ControlFailure.Unreachable(file + ": reading the token failed");
    }
    String first =
        new String(content, StandardCharsets.ISO_8859_1)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .findFirst()
            .orElse("");
    boolean isToken = !first.isEmpty() && first.chars().allMatch(c -> c > ' ' && c < 0x7f);
    if (content.length > LONGEST_TOKEN || !isToken) {
      throw new ControlFailure.Unreachable(
          file + ": expected a token on the first line, found something else");
    }
    return Optional.of(first);
  }

  /** Why there is no whole answer, without the names of classes. */
  private static ControlFailure failure(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof TooLong tooLong) {
        return new ControlFailure.BadAnswer(
            "expected at most " + tooLong.most + " bytes, found more");
      }
      Optional<String> known = describe(at);
      if (known.isPresent()) {
        return new ControlFailure.Unreachable(known.get());
      }
    }
    return new ControlFailure.Unreachable(
        "the connection was lost, or what answers there does not speak HTTP");
  }

  private static Optional<String> describe(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (failure instanceof SSLException) {
      if (message.contains("PKIX")) {
        return Optional.of("its certificate is of no authority that is trusted here");
      }
      if (message.contains("subject alternative") || message.contains("No name matching")) {
        return Optional.of("its certificate is for another name");
      }
      return Optional.of(
          message.contains("not an SSL") || message.contains("Unsupported or unrecognized")
              ? "it does not speak TLS"
              : "no secure connection came about");
    }
    if (failure instanceof UnresolvedAddressException) {
      return Optional.of("there is no host of this name");
    }
    if (failure instanceof HttpConnectTimeoutException) {
      return Optional.of("no connection came about in time");
    }
    // The client wraps what is said of a name that does not resolve.
    return failure instanceof ConnectException && !hasUnresolved(failure)
        ? Optional.of("nothing listens there: is the server running?")
        : Optional.empty();
  }

  private static boolean hasUnresolved(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof UnresolvedAddressException) {
        return true;
      }
    }
    return false;
  }

  /** Names the servers. */
  @Override
  public String toString() {
    return "control at " + servers.stream().map(Server::base).collect(Collectors.joining(" or "));
  }

  /** An answer is longer than it may be. */
  private static final class TooLong extends IOException {
    private final int most;

    TooLong(int most) {
      super("an answer is too long");
      this.most = most;
    }
  }

  /**
   * Keeps a body of so many bytes and no more. What an answer claims to be long is not believed:
   * memory grows with what has come, in however many pieces it comes.
   */
  static final class Bounded implements HttpResponse.BodySubscriber<Bytes> {
    private static final byte[] NOTHING = {};
    private static final int FIRST = 8 << 10;

    private final int most;
    private final boolean cut;
    private final AtomicBoolean over;
    private final CompletableFuture<Bytes> body = new CompletableFuture<>();
    private byte[] held = NOTHING;
    private int length;
    private Flow.@Nullable Subscription subscription;

    /** With {@code cut}, the beginning of a longer body will do. */
    Bounded(int most, boolean cut, AtomicBoolean over) {
      this.most = most;
      this.cut = cut;
      this.over = over;
    }

    @Override
    public CompletionStage<Bytes> getBody() {
      return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription = given;
      given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      Flow.Subscription from = subscription;
      if (from == null || body.isDone()) {
        return;
      }
      for (ByteBuffer each : buffers) {
        if (over.get() || each.remaining() > most - length) {
          from.cancel();
          if (cut) {
            take(each, Math.min(each.remaining(), most - length));
            onComplete();
          } else {
            onError(new TooLong(most));
          }
          return;
        }
        take(each, each.remaining());
      }
      from.request(1);
    }

    private void take(ByteBuffer from, int count) {
      if (held.length - length < count) {
        long more = Math.max(length + count, 2L * held.length + FIRST);
        held = Arrays.copyOf(held, (int) Math.min(most, more));
      }
      from.get(held, length, count);
      length += count;
    }

    /** How many bytes it keeps room for. */
    int room() {
      return held.length;
    }

    @Override
    public void onError(Throwable failure) {
      held = NOTHING;
      body.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
      Bytes whole = Bytes.copyOf(held, 0, length);
      held = NOTHING;
      length = 0;
      body.complete(whole);
    }
  }
}
