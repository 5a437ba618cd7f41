package dev.tka.conformance;

import dev.tka.conformance.naive.NaiveAdmission;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Bar;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The engine, driven as a sequence of {@code admission.jsonl} says. */
final class AdmittingEngine {
  private static final Instant EARLIEST = Limits.EARLIEST_COMMIT;

  private final MemoryAumStore store = new MemoryAumStore();
  private final LiveAuthority live;

  /** A party that begins with a genesis. */
  AdmittingEngine(NaiveAdmission.Role role, Aum genesis) throws TkaException {
    AdmissionPolicy policy =
        switch (role) {
          case CONTROL -> AdmissionPolicy.CONTROL;
          case RESTORED -> AdmissionPolicy.RESTORED_CONTROL;
          case NODE -> AdmissionPolicy.NODE;
        };
    Clocks stopped = new Clocks(Clock.fixed(EARLIEST, ZoneOffset.UTC), () -> Duration.ZERO);
    live = LiveAuthority.bootstrap(store, genesis, policy, stopped);
  }

  /** What a signer of an AUM of the batch bars it for. */
  record Barring(int place, Bar bar) {}

  /**
   * What became of a batch.
   *
   * @param outcomes a word for each AUM
   */
  record Verdict(List<String> outcomes, List<Barring> barred) {}

  AumHash head() {
    return live.current().head();
  }

  /** Another program that shares the store has come so far in time. */
  void setOwnTime(long time) throws TkaException {
    Instant own = Instant.ofEpochSecond(time);
    OwnTime note = new OwnTime(own, EARLIEST, EARLIEST, EARLIEST);
    store.commit(Commit.on(store.read().revision()).time(note).build());
    live.refresh();
  }

  /** Control and this node turn out to have the same head. */
  void agree() throws TkaException {
    live.settle(head(), List.of(), List.of());
  }

  /** Takes in a batch; empty if it is refused as a whole. */
  Optional<Verdict> inform(List<Aum> batch, NaiveAdmission.Source source) throws TkaException {
    Authority before = live.current();
    try {
      return Optional.of(verdict(batch, before, taken(batch, source)));
    } catch (InformException e) {
      return Optional.empty();
    }
  }

  private InformResult taken(List<Aum> batch, NaiveAdmission.Source source) throws TkaException {
    return switch (source) {
      case OWN -> live.informOn(live.current(), batch);
      case CONTROL -> live.informFromControl(batch, batch.stream().map(Aum::hash).toList());
      case ELSEWHERE -> live.inform(batch);
    };
  }

  private Verdict verdict(List<Aum> batch, Authority before, InformResult result) {
    Map<AumHash, Refusal> refusals = new HashMap<>();
    result.refusals().forEach(refusal -> refusals.put(refusal.update(), refusal));
    Set<AumHash> seen = new HashSet<>();
    List<String> outcomes = new ArrayList<>();
    List<Barring> barred = new ArrayList<>();
    for (int place = 0; place < batch.size(); place++) {
      Aum aum = batch.get(place);
      boolean repeated = !seen.add(aum.hash());
      Optional<Refusal> refusal = Optional.ofNullable(refusals.get(aum.hash()));
      outcomes.add(repeated ? "known" : outcome(aum, before, result, refusal));
      if (!repeated && refusal.orElse(null) instanceof Refusal.Finality finality) {
        for (Bar bar : finality.bars()) {
          barred.add(new Barring(place, bar));
        }
      }
    }
    return new Verdict(outcomes, barred);
  }

  private static String outcome(
      Aum aum, Authority before, InformResult result, Optional<Refusal> refusal) {
    AumHash hash = aum.hash();
    if (refusal.isPresent()) {
      return refusal.get() instanceof Refusal.Conflict
          ? "conflict"
          : refusal.get() instanceof Refusal.Finality ? "refused" : "dropped";
    }
    Authority after = result.after();
    AumHash parent = aum.parent().orElse(hash);
    boolean stored = before.snapshot().find(hash).isPresent();
    boolean displaces =
        !before.isActive(hash) && before.isActive(parent) && !parent.equals(before.head());
    if (stored && !(displaces && after.isActive(hash))) {
      return "known";
    }
    if (after.snapshot().find(hash).isEmpty()) {
      return "gone";
    }
    return after.isActive(hash) ? displaces ? "displaces" : "extends" : "loses";
  }
}
