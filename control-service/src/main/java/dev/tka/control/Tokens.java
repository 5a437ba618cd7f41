package dev.tka.control;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.tka.core.Bytes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeToken;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Tokens that stand for nodes (service, section 5). Only their hashes are kept. */
final class Tokens {
  static final String PREFIX = "tka-node-";
  private static final int SIZE = 32;

  /** The length of a token, in characters. */
  private static final int LENGTH = PREFIX.length() + (SIZE * 4 + 2) / 3;

  /** Wrong tokens that may come from one place at once; then one more may in so long. */
  static final int WRONG_BURST = 50;

  static final Duration WRONG_EACH = Duration.ofMillis(200);
  private static final int MOST_KNOWN = 100_000;

  private final Premises premises;
  private final ControlRecords records;
  private final SecureRandom random = new SecureRandom();

  /** Wrong tokens by where they came from: each costs a look-up. */
  private final RateLimit<String> wrong;

  /** Hashes of tokens that were right, which do not wait for others' wrong ones. */
  private final Cache<Bytes, Boolean> right = Caffeine.newBuilder().maximumSize(MOST_KNOWN).build();

  Tokens(Premises premises, LongSupplier nanoTime) {
    this.premises = premises;
    this.records = premises.records();
    this.wrong = new RateLimit<>(WRONG_BURST, WRONG_EACH, nanoTime);
  }

  String make(String tailnet, long node) throws ControlException {
    byte[] bytes = new byte[SIZE];
    random.nextBytes(bytes);
    String token = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    NodeToken kept = new NodeToken(hash(token), tailnet, node, premises.now());
    premises.untilFirst(
        () -> {
          premises.node(tailnet, node);
          // An attempt whose outcome is unknown may have kept it.
          if (records.token(kept.hash()).isEmpty()) {
            records.addToken(kept);
          }
          return kept;
        });
    return token;
  }

  List<NodeToken> list(String tailnet) throws ControlException {
    return premises.untilFirst(
        () -> {
          premises.seen(tailnet);
          return records.tokens(tailnet);
        });
  }

  void revoke(String tailnet, Bytes hash) throws ControlException {
    premises.untilFirst(
        () -> {
          records.removeToken(tailnet, hash);
          return hash;
        });
  }

  Optional<NodeToken> find(String token, String source) throws ControlException {
    if (token.length() != LENGTH || !token.startsWith(PREFIX)) {
      return Optional.empty();
    }
    Bytes hash = hash(token);
    Duration wait = wrong.untilNext(source);
    if (!wait.isZero() && right.getIfPresent(hash) == null) {
      throw new ControlException.TooMany(
          "too many tokens that are not valid come from there; try again later", wait);
    }
    Optional<NodeToken> found = premises.untilFirst(() -> records.token(hash));
    if (found.isPresent()) {
      right.put(hash, true);
    } else {
      right.invalidate(hash);
      Duration unused = wrong.take(source);
    }
    return found;
  }

  static Bytes hash(String token) {
    try {
      return Bytes.copyOf(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
