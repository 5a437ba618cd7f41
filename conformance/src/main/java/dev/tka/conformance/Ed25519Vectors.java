package dev.tka.conformance;

import dev.tka.core.SignatureVerifier;

/** {@code ed25519.jsonl}: both verdicts, on every path that works here, each alone. */
final class Ed25519Vectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    SignatureVerifier.Claim claim =
        new SignatureVerifier.Claim(
            golden.hex("public"), golden.hex("message"), golden.hex("signature"));
    boolean zip215 = golden.flag("zip215");
    boolean cofactorless = golden.flag("go_strict");
    for (SignatureVerifier.Path path : SignatureVerifier.Path.values()) {
      var verifier = SignatureVerifier.on(path);
      if (verifier.isPresent()) {
        Mismatch.require("ZIP-215 by " + path, zip215, verifier.get().verifyZip215(claim));
        Mismatch.require(
            "cofactorless by " + path, cofactorless, verifier.get().verifyCofactorless(claim));
      }
    }
  }
}
