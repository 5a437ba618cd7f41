package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.authority.Genesis;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Protocol, section 1: Ed25519 over a sig-hash, by a key that may live anywhere. */
class SignerTest {
  private static final LockPrivateKey KEY = TestKeys.privateKey(1);
  private static final Aum UNSIGNED = Chains.genesis(List.of(TestKeys.key(1, 1)));

  /** A device that answers with something of its own. */
  private record Device(LockPublicKey publicKey, Bytes answer) implements Signer {
    @Override
    public Bytes sign(Bytes sigHash) {
      return answer;
    }
  }

  @Test
  void theKeyInMemorySignsTheSigHash() throws SigningException {
    Aum signed = KEY.sign(UNSIGNED);

    assertThat(signed).isEqualTo(TestKeys.sign(UNSIGNED, 1));
    assertThat(signed.sigHash()).isEqualTo(UNSIGNED.sigHash());
  }

  @Test
  void aSignatureComesAfterThoseThatAreThere() throws SigningException {
    Aum twice = TestKeys.privateKey(2).sign(KEY.sign(UNSIGNED));

    assertThat(twice.signatures())
        .extracting(AumSignature::signerId)
        .containsExactly(TestKeys.id(1), TestKeys.id(2));
    assertThat(twice).isEqualTo(TestKeys.sign(UNSIGNED, 1, 2));
  }

  @Test
  void aKeySignsNothingButSigHashes() {
    assertThatThrownBy(() -> KEY.sign(Bytes.copyOf(new byte[33])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a sig-hash has 32 bytes, not 33");
  }

  @Test
  void aSignatureThatDoesNotVerifyIsNotPassedOn() throws SigningException {
    Signer otherKey = new Device(TestKeys.publicKey(1), TestKeys.signature(2, UNSIGNED.sigHash()));
    Signer tooShort = new Device(TestKeys.publicKey(1), Bytes.copyOf(new byte[63]));

    assertThatThrownBy(() -> otherKey.sign(UNSIGNED))
        .isInstanceOf(SigningException.class)
        .hasMessage(
            "signer of %s: expected a signature that verifies, found one that does not",
            TestKeys.publicKey(1));
    assertThatThrownBy(() -> tooShort.sign(UNSIGNED)).isInstanceOf(SigningException.class);
    assertThat(
            new Device(TestKeys.publicKey(1), TestKeys.signature(1, UNSIGNED.sigHash()))
                .sign(UNSIGNED))
        .isEqualTo(KEY.sign(UNSIGNED));
  }

  @Test
  void aNewKeyIsItsOwn() throws TkaException {
    SecureRandom random = new SecureRandom();
    LockPrivateKey one = LockPrivateKey.generate(random);
    LockPrivateKey other = LockPrivateKey.generate(random);

    assertThat(one.publicKey()).isNotEqualTo(other.publicKey());
    assertThat(LockPrivateKey.parse(one.exposeText()).publicKey()).isEqualTo(one.publicKey());
    assertThat(one.sign(UNSIGNED).signatures()).hasSize(1);
  }

  @Test
  void aRefusalNamesThePublicHalfOnly() {
    String seed = HexFormat.of().formatHex(TestKeys.seed(1));

    assertThat(KEY).hasToString("private key of " + TestKeys.publicKey(1));
    assertThatThrownBy(() -> Genesis.create(Chains.stateOf(List.of(TestKeys.key(2, 1))), KEY))
        .satisfies(
            e -> {
              StringWriter text = new StringWriter();
              e.printStackTrace(new PrintWriter(text));
              assertThat(text.toString())
                  .contains(TestKeys.publicKey(1).toString())
                  .doesNotContain(seed);
            });
  }
}
