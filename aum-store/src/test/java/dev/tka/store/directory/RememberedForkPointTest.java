package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ForkResolution;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.RevocationOutlook;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.Commit;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Protocol, section 10, "A revocation's fork point": it does not depend on what has been purged.
 */
class RememberedForkPointTest {
  @TempDir private Path directory;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B -> C[checkpoint] -> D -> E[add:3*1](2) -> F -> G[checkpoint] -> H
          """);
  private final FakeClock clock = new FakeClock();

  @Test
  void aRevocationForksOffAPurgedAumThatTheDirectoryStillHas() throws Exception {
    NodeDirectory store = NodeDirectory.at(directory, clock);
    Commit.Builder all = Commit.on(store.read().revision());
    chains.all().forEach(aum -> all.add(aum, clock.instant()));
    Aum whole = draft(Authority.open(store.commit(all.build())));
    Commit.Builder purge = Commit.on(store.read().revision());
    for (String name : List.of("A", "B", "C", "D", "E", "F")) {
      purge.purge(hash(name));
    }
    store.commit(purge.lastActiveAncestor(hash("G")).build());
    clock.advance(Duration.ofDays(1));
    LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.NODE, clock);

    Aum draft = draft(live.current());
    Aum signed = Revocation.sign(live.current(), draft, TestKeys.privateKey(1));
    Revocation.Effect effect = Revocation.effect(live.current(), signed);
    live.informOn(live.current(), List.of(signed));

    assertThat(draft).isEqualTo(whole);
    assertThat(draft.parent()).contains(hash("D"));
    assertThat(effect.outcome()).isEqualTo(Revocation.Outcome.TAKES_EFFECT);
    assertThat(effect.rival())
        .contains(new ForkResolution.Contender(hash("E"), chains.get("E").kind(), 1));
    Authority after = Authority.open(NodeDirectory.at(directory, clock));
    assertThat(after.head()).isEqualTo(signed.hash()).isEqualTo(live.current().head());
    assertThat(after.oldestAncestor()).isEqualTo(hash("C"));
    assertThat(after.state().trusts(TestKeys.id(3))).isFalse();
    assertThat(after.snapshot().find(hash("D")).map(AumEntry::committedAt))
        .contains(FakeClock.START);
    assertThat(after.snapshot().find(hash("H"))).isEmpty();
    assertThat(after.snapshot().trail().newest().map(TrailEntry::hash)).contains(hash("B"));
  }

  @Test
  void whereARevokedKeyCanAnswerDoesNotDependOnWhatHasBeenPurged() throws Exception {
    Chains heavy =
        Chains.draw(
            List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
            "A -> B[add:3*5] -> C[checkpoint] -> D -> E(2) -> F -> G[checkpoint] -> H");
    NodeDirectory store = NodeDirectory.at(directory, clock);
    Commit.Builder all = Commit.on(store.read().revision());
    heavy.all().forEach(aum -> all.add(aum, clock.instant()));
    Authority whole = Authority.open(store.commit(all.build()));
    Commit.Builder purge = Commit.on(store.read().revision());
    for (String name : List.of("A", "B", "C", "D", "E", "F")) {
      purge.purge(heavy.get(name).hash());
    }
    store.commit(purge.lastActiveAncestor(heavy.get("G").hash()).build());
    Authority compacted = Authority.open(NodeDirectory.at(directory, clock));

    for (Authority authority : List.of(whole, compacted)) {
      assertThat(answerableFrom(authority, heavy.get("F"))).contains(heavy.get("B").hash());
      assertThat(answerableFrom(authority, heavy.get("D"))).contains(heavy.get("B").hash());
      assertThat(answerableFrom(authority, heavy.get("A"))).isEmpty();
    }
  }

  private Optional<AumHash> answerableFrom(Authority authority, Aum forkPoint) throws Exception {
    Aum draft = Revocation.draftAt(authority, Set.of(TestKeys.id(3)), forkPoint.hash());
    Aum signed = Revocation.sign(authority, draft, TestKeys.privateKey(1));
    return RevocationOutlook.of(authority, signed, clock.instant()).answerableFrom();
  }

  private static Aum draft(Authority authority) throws Exception {
    return Revocation.draft(authority, Set.of(TestKeys.id(3)), TestKeys.publicKey(1));
  }

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }
}
