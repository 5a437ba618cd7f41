package dev.tka.conformance;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import java.util.List;
import java.util.Optional;

/** {@code text.jsonl}: text forms. */
final class TextVectors implements Checker {
  /** Texts that the reference parses and we refuse (protocol, section 1). */
  private static final List<String> REFUSED =
      List.of(
          "one text per hash: line breaks and spare bits refused",
          "public half does not belong to the seed");

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    String type = golden.text("type");
    if (type.equals("node-short")) {
      golden.informative("text");
      golden.requireError("error", false);
      requireValid(golden.flag("valid"));
      NodeKey key = new NodeKey(golden.hex("bytes"));
      Mismatch.require("printed", golden.text("printed"), key.toShortText());
      return;
    }
    String text = golden.text("text");
    Optional<String> quirk = golden.optionalText("quirk");
    boolean valid = golden.flag("valid");
    golden.requireError("error", !valid);
    if (quirk.isPresent()) {
      if (!REFUSED.contains(quirk.get())) {
        throw new Mismatch("unknown quirk: " + quirk.get());
      }
      valid = false;
    }
    if (quirk.isPresent()) {
      golden.informative("bytes", "printed", "printed_for_people", "public");
    }
    try {
      requirePrinted(golden, type, text, valid);
    } catch (TextException e) {
      Mismatch.require("valid (" + e.getMessage() + ")", valid, false);
    }
  }

  private static void requirePrinted(GoldenCase golden, String type, String text, boolean valid)
      throws TextException, Mismatch {
    switch (type) {
      case "aum-hash" -> {
        AumHash hash = AumHash.parse(text);
        requireValid(valid);
        Mismatch.require("bytes", golden.hex("bytes"), hash.bytes());
        Mismatch.require("printed", golden.text("printed"), hash.toString());
      }
      case "nlpub" -> {
        LockPublicKey key = LockPublicKey.parse(text);
        requireValid(valid);
        Mismatch.require("bytes", golden.hex("bytes"), key.bytes());
        Mismatch.require("printed", golden.text("printed"), key.toWireText());
        Mismatch.require("for people", golden.text("printed_for_people"), key.toString());
      }
      case "nodekey" -> {
        NodeKey key = NodeKey.parse(text);
        requireValid(valid);
        Mismatch.require("bytes", golden.hex("bytes"), key.bytes());
        Mismatch.require("printed", golden.text("printed"), key.toString());
        Mismatch.require(
            "for people", golden.optionalText("printed_for_people").orElse(""), key.toShortText());
      }
      case "nlpriv" -> {
        LockPrivateKey key = LockPrivateKey.parse(text);
        requireValid(valid);
        Bytes expected = golden.hex("bytes");
        // Compared without printing either, because a mismatch would print them.
        Mismatch.require("printed matches", golden.text("printed").equals(key.exposeText()), true);
        Mismatch.require(
            "bytes match", ("nlpriv:" + expected.toHex()).equals(key.exposeText()), true);
        Mismatch.require("public", golden.text("public"), key.publicKey().toWireText());
      }
      default -> throw new Mismatch("unknown type: " + type);
    }
  }

  private static void requireValid(boolean valid) throws Mismatch {
    Mismatch.require("valid", valid, true);
  }
}
