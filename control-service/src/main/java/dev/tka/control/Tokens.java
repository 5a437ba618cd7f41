package dev.tka.control;

import dev.tka.core.Bytes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeToken;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** Tokens that stand for nodes (service, section 5). Only their hashes are kept. */
final class Tokens {
  static final String PREFIX = "tka-node-";
  private static final int SIZE = 32;

  /** The length of a token, in characters. */
  private static final int LENGTH = PREFIX.length() + (SIZE * 4 + 2) / 3;

  private final Premises premises;
  private final ControlRecords records;
  private final SecureRandom random = new SecureRandom();

  Tokens(Premises premises) {
    this.premises = premises;
    this.records = premises.records();
  }

  String make(String tailnet, long node) throws ControlException {
    byte[] bytes = new byte[SIZE];
    random.nextBytes(bytes);
    String token = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    NodeToken kept = new NodeToken(hash(token), tailnet, node, premises.now());
    Attempts.untilFirst(
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
    return Attempts.untilFirst(
        () -> {
          premises.seen(tailnet);
          return records.tokens(tailnet);
        });
  }

  void revoke(String tailnet, Bytes hash) throws ControlException {
    Attempts.untilFirst(
        () -> {
          records.removeToken(tailnet, hash);
          return hash;
        });
  }

  Optional<NodeToken> find(String token) throws ControlException {
    if (token.length() != LENGTH || !token.startsWith(PREFIX)) {
      return Optional.empty();
    }
    Bytes hash = hash(token);
    return Attempts.untilFirst(() -> records.token(hash));
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
