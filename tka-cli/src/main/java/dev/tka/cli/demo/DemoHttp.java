package dev.tka.cli.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.io.Transport;

/** HTTP to a Unix socket. An answer other than 200 is a failure of the demo. */
final class DemoHttp implements AutoCloseable {
  private static final int OK = 200;

  /** The demo fails rather than waits for what does not come. */
  private static final long MOST_SECONDS = 20;

  private final HttpClient http = new HttpClient();
  private final Path socket;

  private DemoHttp(Path socket) {
    this.socket = socket;
  }

  static DemoHttp at(Path socket) throws IOException {
    DemoHttp made = new DemoHttp(socket);
    try {
      made.http.start();
    } catch (Exception e) {
      throw new IOException("the demo's client cannot be started", e);
    }
    return made;
  }

  private Request request(String path) {
    return http.newRequest("http://localhost" + path)
        .transport(new Transport.TCPUnix(socket))
        .timeout(MOST_SECONDS, TimeUnit.SECONDS);
  }

  byte[] post(String path, byte[] body) throws IOException {
    try {
      ContentResponse answer =
          request(path)
              .method("POST")
              .body(new BytesRequestContent("application/json", body))
              .send();
      requireOk(answer, answer.getContentAsString());
      return answer.getContent();
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the demo's server does not answer", e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** The lines of an answer, as they come. */
  BufferedReader lines(String path) throws IOException {
    InputStreamResponseListener listener = new InputStreamResponseListener();
    request(path).send(listener);
    try {
      requireOk(listener.get(MOST_SECONDS, TimeUnit.SECONDS), "");
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the demo's server does not answer", e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    return new BufferedReader(
        new InputStreamReader(listener.getInputStream(), StandardCharsets.UTF_8));
  }

  private static void requireOk(Response answer, String body) throws IOException {
    if (answer.getStatus() != OK) {
      throw new IOException("the demo's server: " + answer.getStatus() + " " + body.strip());
    }
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IOException("interrupted", e);
  }

  @Override
  public void close() throws IOException {
    try {
      http.stop();
    } catch (Exception e) {
      throw new IOException("the demo's client cannot be stopped", e);
    }
  }
}
