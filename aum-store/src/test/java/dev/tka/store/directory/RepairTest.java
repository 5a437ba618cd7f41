package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.Repair;
import dev.tka.core.authority.VerificationException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Protocol, sections 4 and 10: purged AUMs of a node's directory are restored. */
class RepairTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  private static final String PURGED = "A B C D E F";

  @TempDir Path directory;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*1] -> C[checkpoint] -> D[remove:2] -> E[checkpoint] -> F
          F -> G[checkpoint] -> H -> I
          D -> X(3)
          D -> W(1,3)
          H -> Y(3)
          """);

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private List<AumHash> hashes(String names) {
    return chains.list(names).stream().map(Aum::hash).toList();
  }

  private static Instant timeOf(String name) {
    return NOON.plusSeconds(name.charAt(0));
  }

  private NodeDirectory store() throws StoreException {
    return NodeDirectory.at(directory, new FakeClock());
  }

  /** A directory of AUMs, in the order of the drawing; some are then purged. */
  private NodeDirectory compacted(List<Aum> aums, String oldest, String purged)
      throws StoreException {
    NodeDirectory store = store();
    Commit.Builder all = Commit.on(store.read().revision());
    for (Aum aum : aums) {
      all.add(aum, timeOf(chains.nameOf(aum.hash())));
    }
    Commit.Builder purge = Commit.on(store.commit(all.build()).revision());
    for (Aum aum : aums) {
      if (List.of(purged.split(" ", -1)).contains(chains.nameOf(aum.hash()))) {
        purge.purge(aum.hash());
      }
    }
    store.commit(purge.lastActiveAncestor(hash(oldest)).build());
    return store;
  }

  private NodeDirectory compacted() throws StoreException {
    return compacted(chains.list("A B C D E F G H I X Y"), "G", PURGED + " X");
  }

  private Repair repair(AumSnapshot snapshot, Repair.Reach reach) throws Exception {
    return Repair.of(snapshot, reach);
  }

  private Repair.Restore restore(AumSnapshot snapshot, Repair.Reach reach) throws Exception {
    Repair repair = repair(snapshot, reach);
    assertThat(repair).isInstanceOf(Repair.Restore.class);
    return (Repair.Restore) repair;
  }

  private String namesIn(Repair.Restore restore) {
    List<String> names = new ArrayList<>();
    restore.additions().forEach(addition -> names.add(chains.nameOf(addition.aum().hash())));
    return String.join(" ", names);
  }

  private Repair.Reach reach(String text) {
    return switch (text.substring(0, 2)) {
      case "to" -> new Repair.To(hash(text.substring(3)));
      case "at" -> new Repair.AtLeast(Integer.parseInt(text.substring(3)));
      case "of" -> new Repair.Offer(hashes(text.substring(3)));
      default -> new Repair.All();
    };
  }

  @ParameterizedTest
  @CsvSource({
    "all, A B C D E F",
    "to A, A B C D E F",
    "to B, A B C D E F",
    "to C, C D E F",
    "to D, C D E F",
    "to E, E F",
    "to F, E F",
    "at 1, E F",
    "at 2, E F",
    "at 3, C D E F",
    "at 4, C D E F",
    "at 5, A B C D E F",
    "at 99, A B C D E F",
    "of A, A B C D E F",
    "of F A, E F",
    "of A F, E F",
    "of X D, C D E F",
  })
  void aRepairGoesBackAsFarAsAskedAndToACheckpoint(String reach, String names) throws Exception {
    Repair.Restore restore = restore(compacted().read(), reach(reach));

    assertThat(namesIn(restore)).isEqualTo(names);
    assertThat(restore.count()).isEqualTo(names.split(" ", -1).length);
    assertThat(chains.nameOf(restore.oldest())).isEqualTo(names.substring(0, 1));
    assertThat(chains.nameOf(restore.newest())).isEqualTo("F");
  }

  @ParameterizedTest
  @CsvSource({"all", "to D", "at 1"})
  void aRepairedAuthorityIsTheSameFromFurtherBack(String reach) throws Exception {
    NodeDirectory store = compacted();
    OwnAums ownAums = OwnAums.NONE.made(Map.of(hash("I"), true)).agreed(NOON);
    AumSnapshot before = store.commit(Commit.on(store.read().revision()).ownAums(ownAums).build());
    Authority authority = Authority.open(before);
    Repair.Restore restore = restore(before, reach(reach));

    AumSnapshot returned = restore.applyTo(store);

    for (AumSnapshot after : List.of(returned, store().read())) {
      Authority repaired = Authority.open(after);
      assertThat(repaired.oldestAncestor()).isEqualTo(restore.oldest());
      assertThat(repaired.head()).isEqualTo(authority.head());
      assertThat(repaired.state()).isEqualTo(authority.state());
      assertThat(repaired.length()).isEqualTo(authority.length() + restore.count());
      assertThat(after.lastActiveAncestor()).contains(restore.oldest());
      assertThat(after.ownAums()).isEqualTo(ownAums);
      for (AumEntry entry : after.entries()) {
        assertThat(entry.committedAt()).isEqualTo(timeOf(chains.nameOf(entry.hash())));
      }
      List<TrailEntry> trail = before.trail().entries();
      assertThat(after.trail().entries())
          .isEqualTo(trail.subList(0, trail.size() - restore.count()));
      ChainAudit audit = ChainAudit.of(after);
      assertThat(audit.problem()).isEmpty();
      assertThat(audit.verified()).isEqualTo(before.entries().size() + restore.count());
      // X was displaced before it was purged.
      assertThat(after.find(hash("X"))).isEmpty();
    }
  }

  @Test
  void repairingInStepsOrAtOnceGivesTheSame() throws Exception {
    NodeDirectory store = compacted();
    for (String step : List.of("at 1", "at 1", "all")) {
      restore(store.read(), reach(step)).applyTo(store);
    }
    assertThat(Authority.open(store).oldestAncestor()).isEqualTo(hash("A"));
    assertThat(repair(store.read(), new Repair.All()))
        .isEqualTo(new Repair.NothingRemembered(hash("A")));
  }

  @Test
  void aPlanOfAnotherRevisionIsAConflict() throws Exception {
    NodeDirectory store = compacted();
    Repair.Restore restore = restore(store.read(), new Repair.All());
    store.commit(Commit.on(store.read().revision()).ownAums(aside("Y")).build());
    AumSnapshot before = store.read();

    assertThatThrownBy(() -> restore.applyTo(store)).isInstanceOf(StoreException.Conflict.class);
    assertThat(store.read().revision()).isEqualTo(before.revision());
  }

  private OwnAums aside(String name) {
    return OwnAums.NONE.aside(List.of(new OwnAums.SetAside(chains.get(name), NOON, false)));
  }

  @Test
  void storedAumsNeedNoRepair() throws Exception {
    AumSnapshot snapshot = compacted().read();
    assertThat(repair(snapshot, reach("to G"))).isEqualTo(new Repair.NotNeeded(hash("G")));
    assertThat(repair(snapshot, reach("to Y"))).isEqualTo(new Repair.NotNeeded(hash("Y")));
    assertThat(repair(snapshot, reach("of X A H"))).isEqualTo(new Repair.NotNeeded(hash("H")));
    // Y is stored but lost the fork, so the two cannot meet there.
    assertThat(namesIn(restore(snapshot, reach("of Y F")))).isEqualTo("E F");
  }

  @Test
  void aumsNotBehindTheOldestAncestorCannotBeRestored() throws Exception {
    AumSnapshot snapshot = compacted().read();
    Repair repair = repair(snapshot, reach("to X"));
    assertThat(repair).isEqualTo(new Repair.NotRemembered(1, hash("A")));
    assertThat(((Repair.Nothing) repair).reason()).contains("none", hash("A").toString());
    assertThat(repair(snapshot, reach("of X W"))).isEqualTo(new Repair.NotRemembered(2, hash("A")));
    assertThat(repair(snapshot, new Repair.Offer(List.of())))
        .isEqualTo(new Repair.NotRemembered(0, hash("A")));
  }

  @Test
  void aChainThatWasNeverCompactedHasNothingToRestore() throws Exception {
    AumSnapshot snapshot = compacted(chains.list("A B C"), "A", "").read();
    for (Repair.Reach reach : List.of(new Repair.All(), reach("at 1"), reach("to X"))) {
      assertThat(repair(snapshot, reach)).isEqualTo(new Repair.NothingRemembered(hash("A")));
    }
  }

  @Test
  void anEditSetAsideIsNotRestored() throws Exception {
    NodeDirectory store = compacted();
    AumSnapshot snapshot =
        store.commit(Commit.on(store.read().revision()).ownAums(aside("D")).build());

    assertThat(repair(snapshot, new Repair.All())).isEqualTo(new Repair.SetAside(hash("D")));
    assertThat(namesIn(restore(snapshot, reach("to E")))).isEqualTo("E F");
  }

  @Test
  void aDamagedFileLimitsTheRepair() throws Exception {
    compacted();
    Files.write(directory.resolve(DirectoryScan.placeOf(hash("D"))), new byte[] {1});

    AumSnapshot snapshot = store().read();

    assertThat(namesIn(restore(snapshot, new Repair.All()))).isEqualTo("E F");
    assertThat(repair(snapshot, reach("to C"))).isEqualTo(new Repair.NotRemembered(1, hash("E")));
  }

  @Test
  void aStoreThatForgetsBodiesCannotRestoreThem() throws Exception {
    List<TrailEntry> entries = compacted().read().trail().entries();
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list("G H").forEach(aum -> commit.add(aum, NOON));

    assertThat(repair(store.commit(commit.trail(entries).build()), reach("to F")))
        .isEqualTo(new Repair.BodyLost(hash("E")));
  }

  @Test
  void aTrailWithoutACheckpointRestoresNothing() throws Exception {
    List<TrailEntry> entries = compacted().read().trail().entries();
    MemoryAumStore store = new MemoryAumStore();
    Commit.Builder commit = Commit.on(store.read().revision());
    chains.list("G H").forEach(aum -> commit.add(aum, NOON));
    AumSnapshot snapshot = store.commit(commit.trail(entries.subList(5, 6)).build());

    for (Repair.Reach reach : List.of(new Repair.All(), reach("at 1"), reach("to F"))) {
      assertThat(repair(snapshot, reach)).isEqualTo(new Repair.NoCheckpoint(hash("F")));
    }
  }

  /** A repair of a forged directory, in which one AUM is wrong. */
  private Repair repairOf(Aum wrong, Repair.Reach reach) throws Exception {
    Aum checkpoint = Chains.checkpoint(wrong, chains.stateAt("C"), 1);
    List<Aum> aums = new ArrayList<>(chains.list("A B C"));
    aums.add(wrong);
    aums.add(checkpoint);
    NodeDirectory store = store();
    Commit.Builder all = Commit.on(store.read().revision());
    aums.forEach(aum -> all.add(aum, NOON));
    Commit.Builder purge = Commit.on(store.commit(all.build()).revision());
    aums.subList(0, 4).forEach(aum -> purge.purge(aum.hash()));
    store.commit(purge.lastActiveAncestor(checkpoint.hash()).build());
    return repair(store.read(), reach);
  }

  @Test
  void anAumWithABadSignatureIsNeverRestored() throws Exception {
    Aum wrong =
        TestKeys.signBadly(Chains.noOp(chains.get("C"), "wrong", 1).withSignatures(List.of()), 1);
    Repair repair = repairOf(wrong, new Repair.All());

    assertThat(repair).isInstanceOf(Repair.NotAccepted.class);
    assertThat(((Repair.NotAccepted) repair).hash()).isEqualTo(wrong.hash());
    assertThat(((Repair.NotAccepted) repair).cause())
        .isInstanceOf(VerificationException.InvalidSignature.class);
  }

  @Test
  void anUntrustedSignerIsRefused() throws Exception {
    Aum wrong = Chains.noOp(chains.get("C"), "wrong", 7);
    Repair repair = repairOf(wrong, reach("to C"));

    assertThat(repair).isInstanceOf(Repair.NotAccepted.class);
    assertThat(((Repair.NotAccepted) repair).hash()).isEqualTo(wrong.hash());
    assertThat(((Repair.Nothing) repair).reason()).contains("is not accepted");
  }

  @Test
  void anOldestAncestorThatItsParentDoesNotAcceptIsRefused() throws Exception {
    // D removed key 2, so only its own state accepts this checkpoint.
    Aum oldest = Chains.checkpoint(chains.get("D"), chains.stateAt("C"), 2);
    NodeDirectory store = store();
    Commit.Builder all = Commit.on(store.read().revision());
    chains.list("A B C D").forEach(aum -> all.add(aum, NOON));
    Commit.Builder purge =
        Commit.on(store.commit(all.add(oldest, NOON).build()).revision()).purge(hashes("A B C D"));
    store.commit(purge.lastActiveAncestor(oldest.hash()).build());

    Repair repair = repair(store.read(), new Repair.All());
    assertThat(repair).isInstanceOf(Repair.NotAccepted.class);
    assertThat(((Repair.NotAccepted) repair).hash()).isEqualTo(oldest.hash());
  }

  @Test
  void aForkThatOpensMayNotMoveTheHead() throws Exception {
    // W was left unconnected when D was purged. It outweighs E there.
    AumSnapshot winning = compacted(chains.list("A B C D E F G H W"), "G", PURGED).read();
    assertThat(repair(winning, new Repair.All()))
        .isEqualTo(new Repair.OtherHead(hash("D"), hash("W")));
    assertThat(namesIn(restore(winning, reach("to F")))).isEqualTo("E F");
  }

  @Test
  void aForkThatOpensAndLosesDoesNoHarm() throws Exception {
    NodeDirectory store = compacted(chains.list("A B C D E F G H X"), "G", PURGED);
    AumHash head = Authority.open(store).head();
    restore(store.read(), new Repair.All()).applyTo(store);
    assertThat(store.read().children(hash("D"))).hasSize(2);
    assertThat(Authority.open(store).head()).isEqualTo(head);
  }

  @Test
  void theNumberOfAumsMustBePositive() {
    assertThatThrownBy(() -> new Repair.AtLeast(0)).isInstanceOf(IllegalArgumentException.class);
  }
}
