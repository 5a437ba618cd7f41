package dev.tka.bench;

import dev.tka.core.Bytes;
import dev.tka.core.SignatureVerifier;
import dev.tka.testkit.TestKeys;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Verifying one signature, by both rules, on each path. Fails on a path that does not work here.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the setup.
public class SignatureBenchmark {
  private static final int KEY = 1;

  /** The verifier in use. */
  @Param public SignatureVerifier.Path path;

  private SignatureVerifier verifier;
  private SignatureVerifier.Claim honest;
  private SignatureVerifier.Claim smallOrder;

  /** Makes the signatures. */
  @Setup
  public void setUp() {
    verifier = SignatureVerifier.on(path).orElseThrow();
    Bytes message = TestKeys.id(0);
    honest =
        new SignatureVerifier.Claim(TestKeys.id(KEY), message, TestKeys.signature(KEY, message));
    // A key of order 4 (y = 0), R the neutral point (y = 1), S = 0: valid under ZIP-215 for any
    // message, and refused by all fast paths.
    byte[] signature = new byte[64];
    signature[0] = 1;
    smallOrder =
        new SignatureVerifier.Claim(Bytes.copyOf(new byte[32]), message, Bytes.copyOf(signature));
    if (!verifier.verifyZip215(honest)
        || !verifier.verifyCofactorless(honest)
        || !verifier.verifyZip215(smallOrder)) {
      throw new AssertionError("a wrong verdict on " + path);
    }
  }

  /** The rule for AUMs. */
  @Benchmark
  public boolean zip215() {
    return verifier.verifyZip215(honest);
  }

  /** The rule for rotations. */
  @Benchmark
  public boolean cofactorless() {
    return verifier.verifyCofactorless(honest);
  }

  /** A signature that the fast verifier refuses, so that the equation decides. */
  @Benchmark
  public boolean zip215SmallOrder() {
    return verifier.verifyZip215(smallOrder);
  }

  /** The same signature by the other rule. */
  @Benchmark
  public boolean cofactorlessSmallOrder() {
    return verifier.verifyCofactorless(smallOrder);
  }
}
