package dev.tka.control.http;

import java.nio.ByteBuffer;
import java.util.Map;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/**
 * What the server answers by itself, before a request reaches a handler or when one fails: one line
 * of text as with all other errors, and nothing of the cause.
 */
final class PlainErrors extends ErrorHandler {
  private final RequestLog log;
  private final Metrics metrics;

  PlainErrors(RequestLog log, Metrics metrics) {
    this.log = log;
    this.metrics = metrics;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    int status = response.getStatus();
    if (request.getAttribute(ERROR_EXCEPTION) instanceof HttpException http) {
      status = http.getCode();
    }
    HttpFailure failure = failure(status);
    note(failure);
    Answer answer = Answer.of(failure);
    response.setStatus(answer.status());
    putHeaders(answer, response.getHeaders());
    response.write(true, ByteBuffer.wrap(answer.body()), callback);
    return true;
  }

  @Override
  @SuppressWarnings({"deprecation", "removal"}) // Called while it exists.
  public ByteBuffer badMessageError(int status, String reason, HttpFields.Mutable fields) {
    HttpFailure failure = failure(status);
    note(failure);
    Answer answer = Answer.of(failure);
    putHeaders(answer, fields);
    return ByteBuffer.wrap(answer.body());
  }

  private void note(HttpFailure failure) {
    log.write(RequestLog.Line.unrouted(failure));
    metrics.served("none", "none", failure.code(), 0);
  }

  static void putHeaders(Answer answer, HttpFields.Mutable fields) {
    fields.put("X-Content-Type-Options", "nosniff");
    if (!answer.type().isEmpty()) {
      fields.put("Content-Type", answer.type());
    }
    for (Map.Entry<String, String> each : answer.headers().entrySet()) {
      fields.put(each.getKey(), each.getValue());
    }
  }

  static HttpFailure failure(int status) {
    return switch (status) {
      case 404 -> HttpFailure.notFound("there is no such path");
      case 405 -> HttpFailure.badMethod("this path has other methods", "GET, POST");
      case 408 -> HttpFailure.tooSlow("the request did not arrive in time");
      case 413 -> HttpFailure.tooLarge("the request's body is too large");
      case 414 -> new HttpFailure(414, "too-large", "the request's path is too long");
      case 431 -> new HttpFailure(431, "too-large", "the request's headers are too large");
      case 503 ->
          HttpFailure.unavailable(
              "the server cannot take this request now: try again later",
              java.time.Duration.ofSeconds(1));
      default ->
          status >= 400 && status < 500
              ? new HttpFailure(status, "malformed", "this is not a valid HTTP request")
              : status == 501 || status == 505
                  ? new HttpFailure(status, "malformed", "this kind of HTTP request is not known")
                  : new HttpFailure(
                      500, "unavailable", "the server failed; its log says what happened");
    };
  }
}
