package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.StoreException;
import dev.tka.sync.Intersection;
import dev.tka.sync.MissingAums;
import dev.tka.sync.SyncOffer;
import java.util.List;
import java.util.Optional;

/** {@code missing.jsonl}: the AUMs that a store would send for an offer. */
final class MissingVectors implements Checker {
  private static final String QUIRK = "skipped, not fatal";

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Golden.Store store = Golden.Store.of(golden.object("store"));
    Authority authority = Golden.live(store.inMemory()).current();
    Mismatch.require("head", golden.text("head"), authority.head().toString());
    SyncOffer remote = Golden.offer(golden.object("remote_offer"));
    Intersection found = Intersection.find(authority, remote);
    List<AumHash> missing = missing(authority, found);

    // By the page, then by the reference: where sending begins, and the AUMs after that place.
    NaiveSync naive = new NaiveSync(store.aums(), authority.head());
    Optional<AumHash> expected = naive.intersection(remote);
    boolean byReference = found instanceof Intersection.Head || found instanceof Intersection.Tail;
    Mismatch.require("intersection, by the page", expected.isPresent(), byReference);
    if (expected.isPresent()) {
      Mismatch.require(
          "missing, by the page", Golden.texts(naive.after(expected.get())), Golden.texts(missing));
    } else if (found instanceof Intersection.LosingBranch branch) {
      Mismatch.require(
          "fork of the losing branch", naive.newestCommon(remote), Optional.of(branch.at()));
    } else if (found instanceof Intersection.None) {
      Mismatch.require("AUMs in common", Optional.empty(), naive.newestCommon(remote));
    }

    boolean refused = golden.optionalText("error").isPresent();
    Optional<List<String>> theirs = golden.optionalTexts("missing");
    Mismatch.require("missing on an error", false, refused && theirs.isPresent());
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      Mismatch.require("quirk", QUIRK, quirk.get());
      Mismatch.require("refused only by the reference", true, refused && byReference);
      return;
    }
    Mismatch.require(
        "equal heads", theirs.isEmpty() && !refused, found instanceof Intersection.UpToDate);
    Mismatch.require("intersection", theirs.isPresent(), byReference);
    if (theirs.isPresent()) {
      Mismatch.require("missing", theirs.get(), Golden.texts(missing));
    }
  }

  /** The names of the sent AUMs, which must match the sent bytes. */
  static List<AumHash> missing(Authority authority, Intersection found) throws Mismatch {
    try {
      MissingAums missing = MissingAums.of(authority, found);
      Mismatch.require(
          "bytes",
          Golden.texts(missing.hashes()),
          Golden.texts(Golden.decodeAll(missing.encoded()).stream().map(Aum::hash).toList()));
      return missing.hashes();
    } catch (StoreException e) {
      throw new Mismatch("a stored AUM cannot be read: " + e.getMessage());
    }
  }
}
