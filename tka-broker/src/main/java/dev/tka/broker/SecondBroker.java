package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.SignatureVerifier;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;

/**
 * Asks another broker over HTTP whether it agrees. Its answer counts only with the signature of the
 * key that the policy pins, over this request.
 */
public final class SecondBroker implements Broker.SecondOpinion {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int LARGEST_ANSWER = 64 << 10;
  private static final int LONGEST_LINE = 300;

  private final HttpClient http =
      HttpClient.newBuilder()
          .connectTimeout(PATIENCE)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  /** Makes one. */
  public SecondBroker() {}

  @Override
  public Optional<String> against(Policy.Second second, SigningRequest request) {
    try {
      HttpRequest.Builder asking =
          HttpRequest.newBuilder(
                  URI.create(second.url().toString().replaceAll("/+$", "") + "/v1/sign"))
              .timeout(PATIENCE)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofByteArray(request.toJson()));
      if (second.tokenFile().isPresent()) {
        String token =
            Files.readString(second.tokenFile().get()).lines().findFirst().orElse("").strip();
        asking.header("Authorization", "Bearer " + token);
      }
      HttpResponse<InputStream> response =
          http.send(asking.build(), HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream in = response.body()) {
        byte[] body = in.readNBytes(LARGEST_ANSWER);
        return response.statusCode() == 200
            ? checked(second, request, body)
            : Optional.of("refused: " + line(body));
      }
    } catch (IOException | IllegalArgumentException e) {
      return Optional.of("no answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("no answer");
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
