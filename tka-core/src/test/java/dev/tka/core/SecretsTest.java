package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.internal.SecretBytes;
import dev.tka.testkit.TestKeys;
import java.io.Serializable;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Secrets show themselves only to who asks for them by name. */
class SecretsTest {
  private static final byte[] SECRET = {0x5e, (byte) 0xc2, (byte) 0xe7, 0x5e, (byte) 0xc2};
  private static final String SECRET_HEX = HexFormat.of().formatHex(SECRET);

  @Test
  void secretBytesPrintTheirLengthOnly() {
    SecretBytes secret = SecretBytes.copyOf(SECRET);

    assertThat(secret).hasToString("SecretBytes(5 bytes)");
    assertThat(String.format("%s", secret)).doesNotContain(SECRET_HEX);
    assertThat(secret.size()).isEqualTo(5);
    assertThat((Object) secret).isNotInstanceOf(Serializable.class);
  }

  @Test
  void theHashCodeOfSecretBytesTellsNothing() {
    assertThat(SecretBytes.copyOf(SECRET).hashCode())
        .isEqualTo(SecretBytes.copyOf(new byte[SECRET.length]).hashCode());
  }

  @Test
  void secretBytesAreComparedByTheirBytes() {
    SecretBytes secret = SecretBytes.copyOf(SECRET);

    assertThat(secret).isEqualTo(SecretBytes.copyOf(SECRET.clone()));
    assertThat(secret).isNotEqualTo(SecretBytes.copyOf(new byte[SECRET.length]));
    assertThat(secret).isNotEqualTo(SecretBytes.copyOf(new byte[] {0x5e}));
    assertThat((Object) secret).isNotEqualTo(Bytes.copyOf(SECRET));
  }

  @Test
  void secretBytesAreACopyInAndOut() {
    byte[] source = SECRET.clone();
    SecretBytes secret = SecretBytes.copyOf(source);

    source[0] = 0;
    secret.exposeToByteArray()[1] = 0;

    assertThat(secret.exposeToByteArray()).isEqualTo(SECRET);
  }

  @Test
  void aPrivateKeyPrintsItsPublicHalfOnly() throws TextException {
    String seed = HexFormat.of().formatHex(TestKeys.seed(0x5ec2e7));
    LockPublicKey publicKey = TestKeys.publicKey(0x5ec2e7);
    LockPrivateKey key = LockPrivateKey.parse("nlpriv:" + seed + publicKey.bytes().toHex());

    assertThat(key).hasToString("private key of " + publicKey);
    assertThat(String.valueOf(key)).doesNotContain(seed).doesNotContain("5ec2e7");
    assertThat(key.exposeText()).contains(seed);
    assertThat((Object) key).isNotInstanceOf(Serializable.class);
  }
}
