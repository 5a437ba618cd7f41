package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.testkit.TestKeys;
import java.util.List;

/**
 * Real signatures of numbered test keys, at the least cost: the maker does not verify what it made,
 * as every reader will.
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
        return TestKeys.signature(key, sigHash);
      }

      @Override
      public Aum sign(Aum aum) {
        return TestKeys.sign(aum, key);
      }
    };
  }

  /** The same AUM with the signatures of more keys after those that it has. */
  static Aum sign(Aum aum, List<Integer> keys) {
    return TestKeys.sign(aum, keys.stream().mapToInt(Integer::intValue).toArray());
  }
}
