package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.Repair;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Protocol, sections 4 and 9: AUMs that a directory lost come back from another store. */
class FetchTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  @TempDir Path directory;

  private final Chains chains =
      Chains.draw(
          List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)),
          """
          A -> B[add:3*1] -> C[checkpoint] -> D[remove:2] -> E[checkpoint] -> F
          F -> G[checkpoint] -> H -> I
          H -> Y(3)
          """);

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private NodeDirectory store() throws StoreException {
    return NodeDirectory.at(directory, new FakeClock());
  }

  private static Commit commit(AumSnapshot snapshot, List<Aum> aums) throws StoreException {
    Commit.Builder commit = Commit.on(snapshot.revision()).lastActiveAncestor(aums.get(0).hash());
    aums.forEach(aum -> commit.add(aum, NOON));
    return commit.build();
  }

  /** A directory that holds AUMs and never held others. */
  private NodeDirectory holding(String names) throws Exception {
    store().commit(commit(store().read(), chains.list(names)));
    // While it stands, files that are deleted come back from it.
    Files.deleteIfExists(directory.resolve(Journal.NAME));
    return store();
  }

  private AumSnapshot control() throws StoreException {
    MemoryAumStore control = new MemoryAumStore();
    return control.commit(commit(control.read(), chains.list("A B C D E F G H I Y")));
  }

  private Path file(String name) {
    String hash = hash(name).toString();
    return directory.resolve(hash.substring(0, 2)).resolve(hash);
  }

  private void assertMended(String head) throws Exception {
    Repair repair = Repair.from(store().read(), control());
    assertThat(repair).isInstanceOf(Repair.Fetch.class);
    Repair.Fetch fetch = (Repair.Fetch) repair;
    fetch.applyTo(store());

    AumSnapshot after = store().read();
    Authority authority = Authority.open(after);
    assertThat(after.damage()).isEmpty();
    assertThat(authority.head()).isEqualTo(hash(head)).isEqualTo(fetch.head());
    assertThat(authority.oldestAncestor()).isEqualTo(fetch.oldest());
    assertThat(ChainAudit.of(after).problem()).isEmpty();
    assertThat(Repair.from(after, control())).isInstanceOf(Repair.Complete.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "B", "C", "D", "E", "F", "G", "H", "Y"})
  void anAumThatIsCutOffComesBack(String name) throws Exception {
    holding("A B C D E F G H I Y");
    Files.write(file(name), new byte[0]);
    assertMended("I");
  }

  @ParameterizedTest
  @ValueSource(strings = {"A", "B", "C", "D", "E", "F", "G", "H"})
  void anAumWhoseFileIsGoneComesBack(String name) throws Exception {
    holding("A B C D E F G H I");
    Files.delete(file(name));
    assertMended("I");
  }

  @ParameterizedTest
  @ValueSource(strings = {"G", "H", "I"})
  void aNodeThatBeganLaterGetsNoOlderOnes(String name) throws Exception {
    holding("G H I");
    Files.write(file(name), new byte[] {1});
    assertMended("I");
    assertThat(store().read().find(hash("F"))).isEmpty();
  }

  @Test
  void withoutTheRecordTheCheckpointBeforeIsTheOldest() throws Exception {
    holding("G H I");
    Files.delete(file("G"));
    Files.write(directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR), new byte[0]);
    assertMended("I");
    assertThat(Authority.open(store().read()).oldestAncestor()).isEqualTo(hash("G"));
  }

  @Test
  void partsThatHangTogetherNowhereAreJoined() throws Exception {
    holding("A B C D E F G H I");
    for (String name : List.of("B", "D", "F")) {
      Files.delete(file(name));
    }
    Files.delete(directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR));
    assertMended("I");
  }

  @Test
  void anEmptyRecordCountsAsNone() throws Exception {
    holding("A B C");
    Files.write(directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR), new byte[0]);
    assertThat(store().read().lastActiveAncestor()).isEmpty();
    assertThat(Authority.open(store()).head()).isEqualTo(hash("C"));
  }

  @Test
  void whatTheSourceLacksIsNotMadeUp() throws Exception {
    holding("A B");
    Aum own = Chains.noOp(chains.get("B"), "own", 1);
    store().commit(Commit.on(store().read().revision()).add(own, NOON).build());
    String name = own.hash().toString();
    Files.write(directory.resolve(name.substring(0, 2)).resolve(name), new byte[0]);
    assertThat(Repair.from(store().read(), control()))
        .isEqualTo(new Repair.NotInSource(own.hash()));
  }

  @Test
  void anotherAuthorityOrADamagedSourceIsRefused() throws Exception {
    Aum other = Chains.genesis(List.of(TestKeys.key(7, 1)), 7);
    store().commit(commit(store().read(), List.of(other)));
    assertThat(Repair.from(store().read(), control())).isInstanceOf(Repair.NothingInCommon.class);

    Aum unsigned = chains.get("B").withSignatures(List.of());
    MemoryAumStore forged = new MemoryAumStore();
    AumSnapshot source = forged.commit(commit(forged.read(), List.of(chains.get("A"), unsigned)));
    assertThat(Repair.from(store().read(), source)).isInstanceOf(Repair.NotAccepted.class);
  }
}
