package dev.tka.conformance;

import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import java.util.Optional;

/** {@code open.jsonl}: opening a store. */
final class OpenVectors implements Checker {
  private static final String OPENING_QUIRK = "protocol.md section 4, opening";

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Golden.Store store = Golden.Store.of(golden.object("store"));
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      Mismatch.require("quirk", OPENING_QUIRK, quirk.get());
      golden.informative("head", "oldest_ancestor", "keys", "state");
    }
    golden.requireError("error", golden.optionalText("head").isEmpty());
    Optional<AumHash> naiveHead = NaiveOpening.head(store.aums(), store.lastActiveAncestor());
    Optional<AumHash> expectedHead =
        quirk.isPresent() ? naiveHead : Golden.hash(golden.optionalText("head"));
    Mismatch.require("head by the naive model", expectedHead, naiveHead);
    Authority authority;
    try {
      authority = Authority.open(store.inMemory());
    } catch (TkaException e) {
      Mismatch.require("head (" + e.getMessage() + ")", expectedHead, Optional.empty());
      return;
    }
    Mismatch.require("head", expectedHead, Optional.of(authority.head()));
    if (quirk.isEmpty()) {
      Golden.requireAuthority(golden, authority);
    }
  }
}
