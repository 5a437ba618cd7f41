package dev.tka.core;

import dev.tka.core.internal.ExactEd25519;
import dev.tka.core.internal.NativeEd25519;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * The only entry to Ed25519 verification, with the protocol's two verdicts (protocol, section 1).
 * No provider has either verdict exactly, so a fast one accepts, and the exact equation decides
 * about signatures that it refuses:
 *
 * <ul>
 *   <li>a signature that Amazon Corretto Crypto Provider accepts is valid under both rules;
 *   <li>a signature that Bouncy Castle accepts is valid under ZIP-215; that says nothing about Go's
 *       rule.
 * </ul>
 *
 * <p>Every path has the same verdicts; they differ in speed. Immutable and safe for many threads.
 */
public final class SignatureVerifier {
  /** Below this many signatures, handing them to other cores costs more than it saves. */
  private static final int PARALLEL_FROM = 4;

  /** The ways to a verdict, fastest first. */
  public enum Path {
    /** Amazon Corretto Crypto Provider, native, where it is on the class path and loads. */
    CORRETTO("Amazon Corretto Crypto Provider"),
    /** Bouncy Castle, in Java. */
    BOUNCY_CASTLE("Bouncy Castle"),
    /** The equations themselves. */
    EXACT("exact equations");

    private final String description;

    Path(String description) {
      this.description = description;
    }

    /** The human-readable name. */
    @Override
    public String toString() {
      return description;
    }
  }

  /**
   * One signature to check.
   *
   * @param publicKey 32 bytes; any other length never verifies
   * @param message the signed bytes
   * @param signature 64 bytes; any other length never verifies
   */
  public record Claim(Bytes publicKey, Bytes message, Bytes signature) {}

  private final Path path;

  private SignatureVerifier(Path path) {
    this.path = path;
  }

  /** The fastest verifier that works here. */
  public static SignatureVerifier fastest() {
    return Fastest.VERIFIER;
  }

  /** A verifier on one path; empty when that path does not work here. */
  public static Optional<SignatureVerifier> on(Path path) {
    return path == Path.CORRETTO && !NativeEd25519.isAvailable()
        ? Optional.empty()
        : Optional.of(new SignatureVerifier(path));
  }

  /** The path in use. */
  public Path path() {
    return path;
  }

  /** The ZIP-215 verdict: for AUMs, and for direct and credential node-key signatures. */
  public boolean verifyZip215(Claim claim) {
    if (!hasRightSizes(claim)) {
      return false;
    }
    byte[] publicKey = claim.publicKey().toByteArray();
    byte[] message = claim.message().toByteArray();
    byte[] signature = claim.signature().toByteArray();
    boolean accepted =
        switch (path) {
          case CORRETTO -> NativeEd25519.accepts(publicKey, message, signature);
          case BOUNCY_CASTLE ->
              Ed25519.verify(signature, 0, publicKey, 0, message, 0, message.length);
          case EXACT -> false;
        };
    return accepted || ExactEd25519.verifyZip215(publicKey, message, signature);
  }

  /** Go's cofactorless verdict: for rotation node-key signatures. */
  public boolean verifyCofactorless(Claim claim) {
    if (!hasRightSizes(claim)) {
      return false;
    }
    byte[] publicKey = claim.publicKey().toByteArray();
    byte[] message = claim.message().toByteArray();
    byte[] signature = claim.signature().toByteArray();
    boolean accepted =
        path == Path.CORRETTO && NativeEd25519.accepts(publicKey, message, signature);
    return accepted || ExactEd25519.verifyCofactorless(publicKey, message, signature);
  }

  /**
   * Checks many signatures under ZIP-215 on all cores, in the common pool.
   *
   * @return the index of the first that does not verify; empty when all do. It does not depend on
   *     timing
   */
  public OptionalInt firstInvalidZip215(List<Claim> claims) {
    IntStream indexes = IntStream.range(0, claims.size());
    return (claims.size() < PARALLEL_FROM ? indexes : indexes.parallel())
        .filter(i -> !verifyZip215(claims.get(i)))
        .findFirst();
  }

  private static boolean hasRightSizes(Claim claim) {
    return claim.publicKey().size() == LockPublicKey.SIZE
        && claim.signature().size() == AumSignature.SIGNATURE_SIZE;
  }

  /** Holds the choice, so that native code is loaded when it is first needed. */
  private static final class Fastest {
    static final SignatureVerifier VERIFIER =
        on(Path.CORRETTO).orElseGet(() -> new SignatureVerifier(Path.BOUNCY_CASTLE));
  }
}
