package dev.tka.conformance;

import dev.tka.core.authority.Authority;
import dev.tka.sync.SyncOffer;
import java.util.List;

/** {@code offer.jsonl}: a store's offers, current and legacy. */
final class OfferVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Authority authority = Golden.live(Golden.Store.of(golden.object("store")).inMemory()).current();
    SyncOffer offer = SyncOffer.of(authority);
    Mismatch.require("head", golden.text("head"), offer.headText());
    Mismatch.require("ancestors", list(golden, "ancestors"), offer.ancestorTexts());
    Mismatch.require(
        "legacy ancestors",
        list(golden, "legacy_ancestors"),
        SyncOffer.legacy(authority).ancestorTexts());
  }

  private static List<String> list(GoldenCase golden, String field) throws Mismatch {
    return golden
        .optionalTexts(field)
        .orElseThrow(() -> new Mismatch(field + ": expected a list of hashes"));
  }
}
