package dev.tka.conformance;

import dev.tka.core.DisablementSecret;

/** {@code disablement.jsonl}: the values of disablement secrets. */
final class DisablementVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    DisablementSecret secret = DisablementSecret.of(golden.hex("secret").toByteArray());
    Mismatch.require("value", golden.hex("value"), secret.value());
  }
}
