package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.core.nodekey.AuthKeyException;
import java.util.List;
import java.util.Optional;

/** {@code authkey.jsonl}: parsing of auth keys. */
final class AuthKeyVectors implements Checker {
  /**
   * Texts that the reference accepts, or hands back unchanged, and we refuse (protocol, section 7).
   */
  private static final List<String> REFUSED =
      List.of(
          "malformed wrapping is reported, not handed back as the auth key",
          "only a canonical credential and a whole 64-byte private key count as wrapped; else an"
              + " error");

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    golden.informative("log");
    String input = golden.text("input");
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      golden.informative("authkey", "wrapped", "credential", "private");
      requireRefused(input, quirk.get());
      return;
    }
    AuthKey parsed;
    try {
      parsed = AuthKey.parse(input);
    } catch (AuthKeyException e) {
      throw new Mismatch("refused: " + e.getMessage());
    }
    // Compared without printing either: they are secret.
    Mismatch.require(
        "auth key matches", golden.text("authkey").equals(parsed.exposeAuthKey()), true);
    Mismatch.require("text matches", input.equals(parsed.exposeText()), true);
    Mismatch.require("wrapped", golden.flag("wrapped"), parsed instanceof AuthKey.Wrapped);
    Optional<Bytes> credential = golden.optionalHex("credential");
    Optional<Bytes> privateKey = golden.optionalHex("private");
    if (parsed instanceof AuthKey.Wrapped wrapped) {
      Mismatch.require("credential", credential, Optional.of(wrapped.credential().encoded()));
      Mismatch.require(
          "private key matches",
          privateKey
              .map(bytes -> "nlpriv:" + bytes.toHex())
              .equals(Optional.of(wrapped.wrappingKey().exposeText())),
          true);
    } else {
      Mismatch.require("credential", credential, Optional.empty());
      Mismatch.require("private key present", privateKey.isPresent(), false);
    }
  }

  private static void requireRefused(String input, String quirk) throws Mismatch {
    if (!REFUSED.contains(quirk)) {
      throw new Mismatch("unknown quirk: " + quirk);
    }
    try {
      AuthKey.parse(input);
    } catch (AuthKeyException e) {
      return;
    }
    throw new Mismatch("accepted");
  }
}
