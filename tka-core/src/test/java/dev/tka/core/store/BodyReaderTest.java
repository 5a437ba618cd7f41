package dev.tka.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.ChainAudit;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.OnDemandStore;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Reading many bodies at once is reading one after the other, in fewer requests. */
class BodyReaderTest {
  private static final int LENGTH = 2 * AumSnapshot.BODIES_AT_ONCE + 44;

  private final List<Aum> chain = chain();
  private final List<AumHash> hashes = chain.stream().map(Aum::hash).toList();

  private static List<Aum> chain() {
    List<Aum> chain = new ArrayList<>();
    chain.add(Chains.genesis(List.of(TestKeys.key(1, 2)), 1));
    for (int i = 1; i < LENGTH; i++) {
      chain.add(Chains.noOp(chain.get(i - 1), "n", 1));
    }
    return chain;
  }

  private <S extends AumStore> S filled(S store) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    chain.forEach(aum -> commit.add(aum, FakeClock.START));
    store.commit(commit.build());
    return store;
  }

  @Test
  void aLongListIsReadInItsOrderInFewRequests() throws StoreException {
    OnDemandStore store = filled(new OnDemandStore());
    BodyReader reader = new BodyReader(store.read(), hashes);

    List<Aum> read = new ArrayList<>();
    while (reader.hasNext()) {
      read.add(reader.aum());
    }

    assertThat(read).isEqualTo(chain);
    assertThat(store.requests()).isEqualTo(3);
    assertThat(store.bodiesRead()).isEqualTo(LENGTH);
  }

  @Test
  void whatIsNotAskedForIsHardlyRead() throws StoreException {
    OnDemandStore store = filled(new OnDemandStore());
    BodyReader reader = new BodyReader(store.read(), hashes);

    assertThat(store.bodiesRead()).isZero();
    assertThat(reader.encoded()).isEqualTo(chain.get(0).encoded());
    assertThat(store.bodiesRead()).isEqualTo(AumSnapshot.BODIES_AT_ONCE);
  }

  @Test
  void anErrorComesAtItsOwnAum() throws TkaException {
    int damaged = AumSnapshot.BODIES_AT_ONCE + 5;
    for (StoreException failure :
        List.of(
            new StoreException.Damaged("told to be damaged"),
            new StoreException.NoSuchAum(hashes.get(damaged)))) {
      AumSnapshot snapshot = failingAt(hashes.get(damaged), failure);
      BodyReader reader = new BodyReader(snapshot, hashes);

      for (Aum aum : chain.subList(0, damaged)) {
        assertThat(reader.aum()).isEqualTo(aum);
      }
      assertThatThrownBy(reader::aum).isSameAs(failure);
      assertThatThrownBy(reader::encoded).isSameAs(failure);
      assertThatThrownBy(() -> snapshot.getAll(hashes)).isSameAs(failure);
    }
    ChainAudit audit =
        ChainAudit.of(
            failingAt(hashes.get(damaged), new StoreException.Damaged("told to be damaged")));
    assertThat(audit.problem().map(ChainAudit.Problem::hash)).contains(hashes.get(damaged));
    assertThat(audit.verified()).isEqualTo(damaged);
  }

  @Test
  void aStoreThatCannotBeReachedIsNotAskedForEachBody() throws StoreException {
    StoreException failure = new StoreException.Unavailable("the store", new IOException("down"));
    int[] requests = {0};
    AumSnapshot snapshot =
        over(
            (hash, body) -> {
              requests[0]++;
              throw failure;
            });

    assertThatThrownBy(new BodyReader(snapshot, hashes)::aum).isSameAs(failure);
    assertThat(requests[0]).isEqualTo(1);
  }

  @Test
  void anErrorBeforeAMissingAumIsTheFirst() throws StoreException {
    StoreException failure = new StoreException.Damaged("told to be damaged");
    AumSnapshot snapshot = failingAt(hashes.get(1), failure);
    AumHash missing = Chains.noOp(chain.get(0), "not stored").hash();

    assertThatThrownBy(() -> snapshot.encodedAll(List.of(hashes.get(1), missing)))
        .isSameAs(failure);
    assertThatThrownBy(() -> snapshot.encodedAll(List.of(missing, hashes.get(1))))
        .isInstanceOf(StoreException.NoSuchAum.class);
  }

  private AumSnapshot failingAt(AumHash at, StoreException failure) throws StoreException {
    return over(
        (hash, body) -> {
          if (hash.equals(at)) {
            throw failure;
          }
          return body;
        });
  }

  /** The chain in a store with its own way to read bodies. */
  private AumSnapshot over(IndexSnapshot.Bodies<Bytes> bodies) throws StoreException {
    List<AumIndex.Item<Bytes>> items =
        chain.stream()
            .map(aum -> AumIndex.Item.of(new Commit.Addition(aum, FakeClock.START)))
            .toList();
    return new IndexSnapshot<>(
        AumIndex.of(items),
        1,
        new Revision(1),
        Optional.empty(),
        bodies,
        () -> Trail.EMPTY,
        Notes.NONE,
        List.of());
  }
}
