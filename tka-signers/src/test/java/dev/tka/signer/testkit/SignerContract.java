package dev.tka.signer.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.SigningException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerPlace;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every kind of signer keeps to. */
@Timeout(60)
public abstract class SignerContract {
  /** The 32 bytes of a sig-hash. */
  protected static final Bytes SIG_HASH = Bytes.copyOf(TestKeys.seed(77));

  /** What may be wrong with a signer. */
  public enum Fault {
    /** The key that was named is not there. */
    UNKNOWN_KEY,
    /** It signs other bytes. */
    OTHER_BYTES,
    /** It signs with another key than it says. */
    OTHER_KEY,
    /** It does not answer when it is opened. */
    HANGS_AT_ONCE,
    /** It does not answer when it should sign. */
    HANGS,
    /** It ends in the middle of its answer. */
    DIES,
    /** It says no. */
    REFUSES,
    /** Its signature is longer. */
    MORE_BYTES,
    /** Its signature is shorter. */
    FEWER_BYTES,
    /** It answers something that means nothing. */
    NONSENSE,
    /** There is nothing of this kind. */
    ABSENT
  }

  /** A signer that works. */
  protected abstract SignerPlace sound() throws Exception;

  /** The public half of its key. */
  protected abstract LockPublicKey key() throws Exception;

  /** The secrets behind it, raw. */
  protected abstract List<byte[]> secrets() throws Exception;

  /** A signer with a fault; empty if this kind cannot have it. */
  protected abstract Optional<SignerPlace> faulty(Fault fault) throws Exception;

  @Test
  void aSignatureVerifiesForTheKeyThatItNames() throws Exception {
    try (OpenSigner signer = sound().open()) {
      assertThat(signer.publicKey()).isEqualTo(key());
      Bytes made = signer.sign(SIG_HASH);
      assertThat(made.size()).isEqualTo(AumSignature.SIGNATURE_SIZE);
      assertThat(
              SignatureVerifier.fastest()
                  .verifyZip215(new SignatureVerifier.Claim(key().bytes(), SIG_HASH, made)))
          .isTrue();
    }
  }

  @Test
  void itSignsManyTimesAndTheSameBytesAlike() throws Exception {
    try (OpenSigner signer = sound().open()) {
      Bytes first = signer.signVerified(SIG_HASH);
      signer.signVerified(Bytes.copyOf(TestKeys.seed(78)));
      assertThat(signer.signVerified(SIG_HASH)).isEqualTo(first);
    }
  }

  @Test
  void nothingButASigHashIsSigned() throws Exception {
    try (OpenSigner signer = sound().open()) {
      for (int size : List.of(0, 31, 33)) {
        assertThatThrownBy(() -> signer.sign(Bytes.copyOf(new byte[size])))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFaultEndsInOneLineAndWithoutASignature(Fault fault) throws Exception {
    Optional<SignerPlace> place = faulty(fault);
    assumeTrue(place.isPresent());
    Exception failure = failure(place.get());
    assertThat(failure.getMessage()).isNotBlank().doesNotContain("\n");
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace, true));
    requireNoSecret(trace + " " + place.get() + " " + place.get().url());
  }

  @Test
  void noTextShowsASecret() throws Exception {
    SignerPlace place = sound();
    try (OpenSigner signer = place.open()) {
      requireNoSecret(place + " " + place.url() + " " + place.making() + " " + signer);
    }
  }

  private static Exception failure(SignerPlace place) {
    try (OpenSigner signer = place.open()) {
      Bytes made = signer.signVerified(SIG_HASH);
      throw new AssertionError("expected no signature, found " + made);
    } catch (SigningException | IOException e) {
      return e;
    }
  }

  private void requireNoSecret(String text) throws Exception {
    for (byte[] secret : secrets()) {
      assertThat(text)
          .doesNotContainIgnoringCase(HexFormat.of().formatHex(secret))
          .doesNotContain(new String(secret, StandardCharsets.ISO_8859_1));
    }
  }
}
