package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.testkit.TestKeys;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * Real signatures of numbered test keys, at the least cost: the public half is not derived again,
 * and the maker does not verify what it made, as every reader will.
 */
final class Signing {
  private Signing() {}

  /** A signer of a test key. */
  static Signer signer(int key) {
    return new Signer() {
      @Override
      public LockPublicKey publicKey() {
        return TestKeys.publicKey(key);
      }

      @Override
      public Bytes sign(Bytes sigHash) {
        return signature(key, sigHash);
      }

      @Override
      public Aum sign(Aum aum) {
        return Signing.sign(aum, List.of(key));
      }
    };
  }

  /** The same AUM with the signatures of more keys after those that it has. */
  static Aum sign(Aum aum, List<Integer> keys) {
    List<AumSignature> signatures = new ArrayList<>(aum.signatures());
    for (int key : keys) {
      signatures.add(AumSignature.of(TestKeys.id(key), signature(key, aum.sigHash())));
    }
    return aum.withSignatures(signatures);
  }

  private static Bytes signature(int key, Bytes message) {
    byte[] signature = new byte[AumSignature.SIGNATURE_SIZE];
    byte[] bytes = message.toByteArray();
    Ed25519.sign(
        TestKeys.seed(key), 0, TestKeys.id(key).toByteArray(), 0, bytes, 0, bytes.length, signature, 0);
    return Bytes.copyOf(signature);
  }
}
