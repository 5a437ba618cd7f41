package dev.tka.conformance;

import dev.tka.compaction.CompactionPlan;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code compact.jsonl}: one compaction of a store. Where the reference fails altogether (the
 * quirk), nothing may be purged, and the plan has to say so.
 */
final class CompactVectors implements Checker {
  private static final String FAILS_WHOLE_QUIRK = "nothing to purge, and said so";

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    MemoryAumStore store = store(golden);
    Authority before = open(store);
    Mismatch.require("head before", golden.text("head"), before.head().toString());
    Mismatch.require(
        "oldest ancestor before",
        golden.text("oldest_ancestor_before"),
        before.oldestAncestor().toString());
    List<String> allStored = Golden.sortedHashes(before.snapshot());
    Optional<AumHash> recordedBefore = before.snapshot().lastActiveAncestor();

    Optional<CompactionPlan> plan = plan(golden, before);
    if (plan.isPresent() && plan.get() instanceof CompactionPlan.Decided decided) {
      apply(decided, store);
    }

    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      Mismatch.require("quirk", FAILS_WHOLE_QUIRK, quirk.get());
    }
    Mismatch.require(
        "the plan says that there is nothing to purge",
        quirk.isPresent(),
        plan.filter(CompactionPlan.NothingToPurge.class::isInstance).isPresent());
    Optional<List<String>> retained = golden.optionalTexts("retained");
    Optional<String> recorded = golden.optionalText("last_active_ancestor");
    golden.requireError("error", retained.isEmpty());
    AumSnapshot after = store.read();
    Mismatch.require("retained", retained.orElse(allStored), Golden.sortedHashes(after));
    Mismatch.require(
        "last active ancestor",
        retained.isPresent() ? recorded : recordedBefore.map(AumHash::toString),
        after.lastActiveAncestor().map(AumHash::toString));
    GoldenCase reopened = golden.object("after");
    reopened.requireError("error", false);
    Mismatch.require("recorded on an error", false, retained.isEmpty() && recorded.isPresent());
    Golden.requireAuthority(reopened, open(store));
  }

  /** The plan; empty if there is no such policy, as in the reference. */
  private static Optional<CompactionPlan> plan(GoldenCase golden, Authority authority)
      throws Mismatch {
    Instant now = Instant.ofEpochSecond(golden.unsigned("now"));
    try {
      return Optional.of(CompactionPlan.of(authority, Golden.compactionPolicy(golden), now));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void apply(CompactionPlan.Decided plan, MemoryAumStore store) throws Mismatch {
    Mismatch.require(
        "AUMs with a verdict",
        store.read().entries().size(),
        plan.kept().size() + plan.purged().size());
    try {
      plan.applyTo(store, AdmissionPolicy.REFERENCE);
    } catch (OpenException | StoreException e) {
      throw new Mismatch("the plan cannot be applied: " + e.getMessage());
    }
  }

  private static MemoryAumStore store(GoldenCase golden) throws Mismatch {
    Golden.Store content = Golden.Store.of(golden.object("store"));
    Map<String, String> times =
        golden.optionalTextMap("commit_times").orElseThrow(() -> new Mismatch("no commit times"));
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    for (Aum aum : content.aums()) {
      String time = times.get(aum.hash().toString());
      if (time == null) {
        throw new Mismatch("no commit time of " + aum.hash());
      }
      commit.add(aum, Instant.ofEpochSecond(Long.parseLong(time)));
    }
    content.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
    try {
      store.commit(commit.build());
    } catch (StoreException e) {
      throw new Mismatch("the store does not accept the case's AUMs: " + e.getMessage());
    }
    return store;
  }

  private static Authority open(MemoryAumStore store) throws Mismatch {
    try {
      return Authority.open(store);
    } catch (TkaException e) {
      throw new Mismatch("the store does not open: " + e.getMessage());
    }
  }
}
