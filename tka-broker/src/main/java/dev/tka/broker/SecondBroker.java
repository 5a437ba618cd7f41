package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.SignatureVerifier;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks another broker over HTTP whether it agrees. Its answer counts only with the signature of the
 * key that the policy pins, over this request.
 */
public final class SecondBroker implements Broker.SecondOpinion {
  private static final Duration TO_CONNECT = Duration.ofSeconds(20);

  /**
   * Longer than the other waits for its turn and for its signer, which may take 60 seconds to be
   * opened, and 60 to sign. What it agrees to later, it says to whoever asks again.
   */
  static final Duration PATIENCE = Turns.WAIT.plusSeconds(130);

  private static final int LARGEST_ANSWER = 64 << 10;
  private static final int LONGEST_LINE = 300;

  private final HttpClient http =
      HttpClient.newBuilder()
          .connectTimeout(TO_CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  private final Duration patience;

  /** Makes one. */
  public SecondBroker() {
    this(PATIENCE);
  }

  /** Makes one that waits so long for a whole answer. */
  SecondBroker(Duration patience) {
    this.patience = patience;
  }

  @Override
  public Optional<String> against(Policy.Second second, SigningRequest request) {
    try {
      HttpRequest.Builder asking =
          HttpRequest.newBuilder(
                  URI.create(second.url().toString().replaceAll("/+$", "") + "/v1/sign"))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofByteArray(request.toJson()));
      if (second.tokenFile().isPresent()) {
        String token;
        try {
          token = TokenFile.read(second.tokenFile().get()).get(0);
        } catch (IOException e) {
          return Optional.of("the token file for it cannot be used");
        }
        asking.header("Authorization", "Bearer " + token);
      }
      // The time limit of a request ends with the head of its answer; this one is for all of it.
      CompletableFuture<HttpResponse<byte[]>> answer =
          http.sendAsync(asking.build(), head -> new Bounded());
      try {
        HttpResponse<byte[]> response = answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        return response.statusCode() == 200
            ? checked(second, request, response.body())
            : Optional.of("refused: " + line(response.body()));
      } finally {
        answer.cancel(true);
      }
    } catch (TimeoutException e) {
      return Optional.of("no answer in time");
    } catch (ExecutionException | IllegalArgumentException e) {
      return Optional.of("no answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("no answer");
    }
  }

  /** Collects an answer's body, which fails if it is too large. */
  private static final class Bounded implements HttpResponse.BodySubscriber<byte[]> {
    private final HttpResponse.BodySubscriber<byte[]> whole =
        HttpResponse.BodySubscribers.ofByteArray();
    private Optional<Flow.Subscription> from = Optional.empty();
    private int size;

    @Override
    public CompletionStage<byte[]> getBody() {
      return whole.getBody();
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      from = Optional.of(subscription);
      whole.onSubscribe(subscription);
    }

    @Override
    public void onNext(List<ByteBuffer> pieces) {
      size += pieces.stream().mapToInt(ByteBuffer::remaining).sum();
      if (size > LARGEST_ANSWER) {
        from.ifPresent(Flow.Subscription::cancel);
        whole.onError(new IOException("the answer is too large"));
      } else {
        whole.onNext(pieces);
      }
    }

    @Override
    public void onError(Throwable error) {
      whole.onError(error);
    }

    @Override
    public void onComplete() {
      whole.onComplete();
    }
  }

  private static Optional<String> checked(
      Policy.Second second, SigningRequest request, byte[] body) {
    Bytes agreement;
    try {
      agreement =
          Members.parse("the answer", body)
              .value(
                  "agreement",
                  LONGEST_LINE,
                  "base64",
                  text -> Bytes.copyOf(Base64.getDecoder().decode(text)));
    } catch (BadInputException e) {
      return Optional.of(e.getMessage());
    }
    return SignatureVerifier.fastest()
            .verifyZip215(
                new SignatureVerifier.Claim(
                    second.key().bytes(), request.agreementHash(), agreement))
        ? Optional.empty()
        : Optional.of("its agreement is not signed by the key that the policy pins");
  }

  private static String line(byte[] body) {
    String line = new String(body, StandardCharsets.UTF_8).lines().findFirst().orElse("").strip();
    return line.substring(0, Math.min(line.length(), LONGEST_LINE)).replaceAll("\\p{Cntrl}", " ");
  }
}
