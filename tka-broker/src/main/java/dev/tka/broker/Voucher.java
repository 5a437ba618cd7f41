package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import java.util.HexFormat;
import java.util.Optional;

/** What vouches for a node, as it was presented; nothing is verified. */
sealed interface Voucher {
  /** How a voucher of a token begins. */
  String OF_TOKEN = "tka-voucher:";

  /**
   * Of a token that a broker issued.
   *
   * @param id the token's public half
   * @param proof its signature
   */
  record OfToken(LockPublicKey id, Bytes proof) implements Voucher {}

  /**
   * A token of an OpenID provider.
   *
   * @param text in the compact form
   */
  record Oidc(String text) implements Voucher {}

  /** Tells what a text is; empty if it is neither. */
  static Optional<Voucher> parse(String text) {
    if (text.startsWith(OF_TOKEN)) {
      try {
        byte[] both = HexFormat.of().parseHex(text.substring(OF_TOKEN.length()));
        return both.length != 96
            ? Optional.empty()
            : Optional.of(
                new OfToken(
                    new LockPublicKey(Bytes.copyOf(both, 0, 32)), Bytes.copyOf(both, 32, 96)));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
    return PinnedKeys.isToken(text) ? Optional.of(new Oidc(text)) : Optional.empty();
  }
}
