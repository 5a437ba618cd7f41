package dev.tka.core;

import dev.tka.core.internal.SecretBytes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * A secret that disables an authority: anybody who shows one whose {@link #value} the state lists
 * may end the authority (protocol, section 1). Only {@link #exposeText} reveals it.
 */
public final class DisablementSecret {
  /** The length of a generated secret in bytes. */
  public static final int SIZE = 32;

  private static final String PREFIX = "disablement-secret:";

  private static final byte[] SALT =
      "tailscale network-lock disablement salt".getBytes(StandardCharsets.US_ASCII);
  private static final int PASSES = 4;
  private static final int MEMORY_KIB = 16 * 1024;
  private static final int LANES = 4;

  private final SecretBytes secret;

  private DisablementSecret(SecretBytes secret) {
    this.secret = secret;
  }

  /** Generates a secret. */
  public static DisablementSecret generate(SecureRandom random) {
    byte[] bytes = new byte[SIZE];
    random.nextBytes(bytes);
    return ofAndWipe(bytes);
  }

  /** A secret of any length; wiping the original is up to the caller. */
  public static DisablementSecret of(byte[] secret) {
    return new DisablementSecret(SecretBytes.copyOf(secret));
  }

  /**
   * Parses {@code disablement-secret:} and hexadecimal digits of either case, two per byte.
   *
   * @throws TextException if it is anything else; the message does not quote it
   */
  public static DisablementSecret parse(String text) throws TextException {
    if (!text.startsWith(PREFIX)) {
      throw new TextException.WrongPrefix("disablement secret", PREFIX);
    }
    return parseHex(text.substring(PREFIX.length()));
  }

  /**
   * Parses the digits alone, as {@code tailscale lock disablement-kdf} takes them.
   *
   * @throws TextException.NotHex if it is anything else; the message does not quote it
   */
  public static DisablementSecret parseHex(String hex) throws TextException {
    byte[] bytes;
    try {
      bytes = HexFormat.of().parseHex(hex);
    } catch (IllegalArgumentException e) {
      throw new TextException.NotHex(hex.length());
    }
    return ofAndWipe(bytes);
  }

  private static DisablementSecret ofAndWipe(byte[] bytes) {
    try {
      return of(bytes);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  /**
   * The value that a state lists: Argon2i of the secret, 32 bytes (protocol, section 1). Takes 16
   * MiB and some tens of milliseconds, on purpose.
   */
  public Bytes value() {
    byte[] bytes = secret.exposeToByteArray();
    byte[] value = new byte[State.DISABLEMENT_VALUE_SIZE];
    try {
      Argon2BytesGenerator argon2 = new Argon2BytesGenerator();
      argon2.init(
          new Argon2Parameters.Builder(Argon2Parameters.ARGON2_i)
              .withVersion(Argon2Parameters.ARGON2_VERSION_13)
              .withIterations(PASSES)
              .withMemoryAsKB(MEMORY_KIB)
              .withParallelism(LANES)
              .withSalt(SALT)
              .build());
      argon2.generateBytes(bytes, value);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
    return Bytes.copyOf(value);
  }

  /**
   * True when its value is listed: the secret ends the authority whose disablement values these
   * are. Takes as long as {@link #value}, and tells by its time neither which value it is nor how
   * near another comes (protocol, section 1).
   */
  public boolean isListedIn(Collection<Bytes> values) {
    byte[] shown = value().toByteArray();
    boolean listed = false;
    for (Bytes value : values) {
      listed |= MessageDigest.isEqual(value.toByteArray(), shown);
    }
    return listed;
  }

  /** The text form, secret included: for the one time that it is shown. */
  public String exposeText() {
    byte[] bytes = secret.exposeToByteArray();
    try {
      return PREFIX + HexFormat.of().withUpperCase().formatHex(bytes);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DisablementSecret that && secret.equals(that.secret);
  }

  @Override
  public int hashCode() {
    return secret.hashCode();
  }

  /** Shows the length only. */
  @Override
  public String toString() {
    return "DisablementSecret(" + secret.size() + " bytes)";
  }
}
