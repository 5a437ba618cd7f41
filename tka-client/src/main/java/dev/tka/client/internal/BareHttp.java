package dev.tka.client.internal;

import java.time.Duration;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Clients that do nothing on their own: they follow no redirect, keep no cookie, answer no demand
 * for a password, and unpack nothing, so that an answer grows no more than it has bytes.
 */
public final class BareHttp {
  private static final int THREADS = 8;
  private static final int LARGEST_HEAD = 16 << 10;

  private BareHttp() {}

  /**
   * A client, to be started by {@link #start}.
   *
   * @param name of its threads
   * @param quiet how long a connection may take to be made, and may then be silent
   */
  public static HttpClient named(String name, Duration quiet) {
    HttpClient http = new HttpClient();
    QueuedThreadPool threads = new QueuedThreadPool(THREADS, 1);
    threads.setName(name);
    threads.setDaemon(true);
    http.setExecutor(threads);
    http.setConnectTimeout(quiet.toMillis());
    http.setAddressResolutionTimeout(quiet.toMillis());
    http.setIdleTimeout(quiet.toMillis());
    http.setFollowRedirects(false);
    http.setHttpCookieStore(new HttpCookieStore.Empty());
    http.setMaxResponseHeadersSize(LARGEST_HEAD);
    http.setUserAgentField(null);
    return http;
  }

  /**
   * Starts it.
   *
   * @return false if that cannot be done here
   */
  public static boolean start(HttpClient http) {
    try {
      http.start();
    } catch (Exception e) {
      return false;
    }
    // They are there once it is started.
    http.getContentDecoderFactories().clear();
    http.getProtocolHandlers().clear();
    return true;
  }
}
