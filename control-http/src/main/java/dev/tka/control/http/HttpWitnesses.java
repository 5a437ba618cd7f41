package dev.tka.control.http;

import dev.tka.control.WitnessTransport;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.LogPolicy;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.CompletableResponseListener;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * Asks witnesses over HTTP (C2SP, tlog-witness). An answer is bounded in bytes and in time; no
 * redirect is followed and no cookie is kept. What is sent is no secret, and a cosignature counts
 * by its key, so a witness may be asked over plain HTTP, too.
 */
public final class HttpWitnesses implements WitnessTransport, AutoCloseable {
  /** How long one answer may take as a whole. */
  private static final Duration WHOLE = Duration.ofSeconds(10);

  private static final int THREADS = 4;

  private final HttpClient http;
  private final Duration whole;

  private HttpWitnesses(HttpClient http, Duration whole) {
    this.http = http;
    this.whole = whole;
  }

  /**
   * A way to witnesses, which connects when it is first used.
   *
   * @throws IOException if no client can be started here
   */
  public static HttpWitnesses open() throws IOException {
    return open(WHOLE);
  }

  static HttpWitnesses open(Duration whole) throws IOException {
    HttpClient http = new HttpClient();
    QueuedThreadPool threads = new QueuedThreadPool(THREADS, 1);
    threads.setName("tka-witnesses");
    threads.setDaemon(true);
    http.setExecutor(threads);
    http.setConnectTimeout(whole.toMillis());
    http.setAddressResolutionTimeout(whole.toMillis());
    http.setIdleTimeout(whole.toMillis());
    http.setFollowRedirects(false);
    http.setHttpCookieStore(new HttpCookieStore.Empty());
    http.setUserAgentField(new HttpField(HttpHeader.USER_AGENT, "tka"));
    try {
      http.start();
    } catch (Exception e) {
      throw new IOException("no client for witnesses can be started here", e);
    }
    // They are there once it is started: an answer grows no more than it has bytes.
    http.getContentDecoderFactories().clear();
    http.getProtocolHandlers().clear();
    return new HttpWitnesses(http, whole);
  }

  /** Why a witness of a policy cannot be asked over HTTP; empty if it can. */
  static Optional<String> problem(LogPolicy.Witness witness) {
    if (witness.url().isEmpty()) {
      return Optional.of("the witness " + witness.key().name() + " has no URL to be asked at");
    }
    try {
      URI url = URI.create(witness.url().get());
      boolean is =
          ("https".equals(url.getScheme()) || "http".equals(url.getScheme()))
              && url.getHost() != null
              && url.getRawUserInfo() == null
              && url.getRawQuery() == null
              && url.getRawFragment() == null;
      if (is) {
        return Optional.empty();
      }
    } catch (IllegalArgumentException e) {
      // It is none.
    }
    return Optional.of(
        "the witness "
            + witness.key().name()
            + ": expected a URL such as https://HOST/PATH, found something else");
  }

  @Override
  public Reply post(String url, String path, byte[] body) throws IOException {
    String target = url.endsWith("/") ? url + path : url + "/" + path;
    try {
      Request request =
          http.POST(URI.create(target))
              .body(new BytesRequestContent("text/plain; charset=utf-8", body))
              .timeout(whole.toMillis(), TimeUnit.MILLISECONDS);
      ContentResponse response =
          new CompletableResponseListener(request, AddCheckpoint.MOST_BYTES)
              .send()
              .get(2 * whole.toMillis(), TimeUnit.MILLISECONDS);
      return new Reply(
          response.getStatus(),
          Optional.ofNullable(response.getHeaders().get(HttpHeader.CONTENT_TYPE)).orElse(""),
          response.getContent());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for an answer");
    } catch (ExecutionException e) {
      throw new IOException(why(e.getCause()), e);
    } catch (TimeoutException e) {
      throw new IOException(slow(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException("expected a URL such as https://HOST/PATH, found something else");
    }
  }

  private String slow() {
    return "no whole answer within " + whole.toSeconds() + " s";
  }

  /** In one line, of which nothing is the other side's own words. */
  private String why(@Nullable Throwable cause) {
    if (cause instanceof TimeoutException) {
      return slow();
    }
    if (cause instanceof java.net.ConnectException) {
      return "nobody listens there";
    }
    if (cause instanceof java.net.UnknownHostException
        || cause instanceof java.nio.channels.UnresolvedAddressException) {
      return "no such host";
    }
    return cause instanceof javax.net.ssl.SSLException
        ? "no secure connection: its certificate is not trusted here, or it speaks no TLS"
        : "no answer: the connection broke off, or the answer is too long";
  }

  @Override
  public void close() {
    try {
      http.stop();
    } catch (Exception e) {
      throw new IllegalStateException("a client does not stop", e);
    }
  }
}
