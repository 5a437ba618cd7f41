package dev.tka.node;

import dev.tka.store.internal.Certificates;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connections to control, which any number of agents share: a few threads serve thousands. Follows
 * no redirect, keeps no cookie and uses no proxy.
 */
public final class HttpConnections implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(30);
  private static final int THREADS = 4;

  private final HttpClient client;
  private final ExecutorService threads;

  private HttpConnections(HttpClient.Builder builder) {
    AtomicInteger number = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "tka-node-http-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    threads = pool;
    client =
        builder
            // A connection of version 2 has room for some hundred long polls, and then fails.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(CONNECT)
            .executor(threads)
            .build();
  }

  /** Connections that trust the JDK's authorities. */
  public static HttpConnections open() {
    return new HttpConnections(HttpClient.newBuilder());
  }

  /**
   * Connections that trust the authorities in a file, and no others.
   *
   * @param caFile certificates in PEM
   * @throws IOException if there are none in it; the message names the file and quotes nothing
   */
  public static HttpConnections open(Path caFile) throws IOException {
    return new HttpConnections(HttpClient.newBuilder().sslContext(Certificates.trusting(caFile)));
  }

  HttpClient client() {
    return client;
  }

  /** Lets the threads go. Requests that are under way may never be answered. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
