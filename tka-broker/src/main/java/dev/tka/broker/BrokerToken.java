package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A token that a broker issued: the private half of a key pair that signs nothing but one voucher.
 * The broker keeps the public half. So neither its log nor a voucher under way serves for another
 * node.
 */
public final class BrokerToken {
  private static final String PREFIX = "tka-broker-token:";

  private final LockPrivateKey key;

  private BrokerToken(LockPrivateKey key) {
    this.key = key;
  }

  /** Makes a token. */
  public static BrokerToken generate(SecureRandom random) {
    return new BrokerToken(LockPrivateKey.generate(random));
  }

  /**
   * Parses the text form.
   *
   * @throws BadInputException if it is anything else; the message quotes none of it
   */
  public static BrokerToken parse(String text) throws BadInputException {
    byte[] both = {};
    try {
      if (text.startsWith(PREFIX)) {
        both = HexFormat.of().parseHex(text.substring(PREFIX.length()));
      }
      if (both.length != LockPrivateKey.SIZE) {
        throw new BadInputException("expected " + PREFIX + "..., found other text");
      }
      return new BrokerToken(LockPrivateKey.of(both));
    } catch (IllegalArgumentException | TextException e) {
      throw new BadInputException("expected " + PREFIX + "..., found other text");
    } finally {
      Arrays.fill(both, (byte) 0);
    }
  }

  /** The public half, which names the token. */
  public LockPublicKey id() {
    return key.publicKey();
  }

  /** The text form, secret included. */
  public String exposeText() {
    byte[] both = key.exposeToByteArray();
    try {
      return PREFIX + HexFormat.of().formatHex(both);
    } finally {
      Arrays.fill(both, (byte) 0);
    }
  }

  /** Vouches for a node key and its rotation key, in one tailnet. */
  public String vouch(String tailnet, NodeKey nodeKey, Optional<LockPublicKey> rotationKey) {
    Bytes proof = key.sign(hash(tailnet, SigningRequest.keys(nodeKey, rotationKey)));
    return Voucher.OF_TOKEN + id().bytes().toHex() + proof.toHex();
  }

  /** What a voucher signs; the keys hold no line feed. */
  static Bytes hash(String tailnet, String keys) {
    return Hashes.of("tka broker voucher 1\n" + keys + "\n" + tailnet);
  }

  /** Shows only the public half. */
  @Override
  public String toString() {
    return "broker's token " + id();
  }
}
