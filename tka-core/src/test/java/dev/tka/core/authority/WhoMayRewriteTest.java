package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Protocol, section 10, "Who may not rewrite" to "A rewrite does not make…": rule by rule. */
class WhoMayRewriteTest {
  /** An authority at some day of its own time. */
  private static final class Party {
    private final MemoryAumStore store = new MemoryAumStore();
    private final LiveAuthority live;

    Party(AdmissionPolicy policy, Aum genesis) throws TkaException {
      live = LiveAuthority.bootstrap(store, genesis, policy, new FakeClock());
    }

    /** Own time is where another program that shares the store has brought it. */
    Party day(int day) throws TkaException {
      Instant own = FakeClock.START.plus(Duration.ofDays(day));
      OwnTime note = new OwnTime(own, own, own, FakeClock.START);
      store.commit(Commit.on(store.read().revision()).time(note).build());
      live.refresh();
      return this;
    }

    /** Takes in; at a node, it comes from control. */
    List<Refusal> take(Aum... aums) throws TkaException {
      List<Aum> batch = List.of(aums);
      return live.informFromControl(batch, batch.stream().map(Aum::hash).toList()).refusals();
    }

    void has(Aum... aums) throws TkaException {
      assertThat(take(aums)).isEmpty();
    }

    /** Puts an AUM there that does not come from control. */
    void put(boolean fromFile, Aum aum) throws TkaException {
      if (fromFile) {
        live.inform(List.of(aum));
      } else {
        live.informOn(live.current(), List.of(aum));
      }
    }

    void isBarred(Aum aum, String bars) throws TkaException {
      assertThat(take(aum).stream().map(WhoMayRewriteTest::told).collect(Collectors.joining("; ")))
          .isEqualTo(bars);
      assertThat(live.current().snapshot().find(aum.hash())).isEmpty();
    }

    /** The store forgets what comes before an AUM of the chain, and remembers it in the trail. */
    void compactTo(Aum oldest) throws TkaException {
      List<TrailEntry> entries = live.current().entriesBefore(oldest.hash());
      store.commit(
          Commit.on(store.read().revision())
              .purge(entries.stream().map(TrailEntry::hash).toList())
              .trail(entries)
              .lastActiveAncestor(oldest.hash())
              .build());
      live.refresh();
    }

    void agrees() throws TkaException {
      live.settle(live.current().head(), List.of(), List.of());
    }

    Aum head() throws TkaException {
      return live.current().snapshot().get(live.current().head());
    }
  }

  private static String told(Refusal refusal) {
    if (!(refusal instanceof Refusal.Finality finality)) {
      return refusal.kind();
    }
    return finality.bars().stream()
        .map(
            bar ->
                number(bar.signer())
                    + (bar.left() == 0 ? " removed" : " lowered to " + bar.left())
                    + (bar.isFinal() ? " for good" : ""))
        .collect(Collectors.joining(", "));
  }

  private static int number(Bytes id) {
    int number = 1;
    while (!TestKeys.id(number).equals(id)) {
      number++;
    }
    return number;
  }

  private static Key key(int number, int votes) {
    return TestKeys.key(number, votes);
  }

  private static State state(Key... keys) {
    return Chains.stateOf(List.of(keys));
  }

  private static Party control(Aum genesis) throws TkaException {
    return new Party(AdmissionPolicy.CONTROL, genesis);
  }

  @Test
  void aRemovedKeyDoesNotShieldWhatItSigns() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 2), key(2, 2), key(8, 3), key(9, 100)), 1);
    Aum removal = Chains.removeKey(genesis, TestKeys.id(9), 1);
    Party control = control(genesis);
    control.has(removal);
    control.day(365);
    State thiefs = state(key(8, 3));
    Aum signedByBoth = Chains.checkpoint(genesis, thiefs, 8, 9);

    control.isBarred(signedByBoth, "9 removed for good");

    // Its author takes one signature off and needs no new one. It then stands with what counted.
    Aum signedByOne =
        signedByBoth.withSignatures(
            signedByBoth.signatures().stream()
                .filter(signature -> signature.signerId().equals(TestKeys.id(8)))
                .toList());
    control.has(signedByOne);
    Aum answer = Chains.checkpoint(genesis, state(key(1, 2), key(2, 2)), 1, 2);
    control.has(answer);
    assertThat(control.head()).isEqualTo(answer);
  }

  @Test
  void votesThatWereLoweredForGoodDoNotCountFromBefore() throws TkaException {
    List<Key> keys = List.of(key(1, 3), key(2, 3), key(3, 3), key(4, 10));
    Aum genesis = Chains.genesis(keys, 1);
    Aum lowering = Chains.updateVotes(genesis, TestKeys.id(4), 1, 1, 2, 3);
    Party control = control(genesis);
    control.has(lowering);
    control.day(13);
    Aum rewrite = Chains.checkpoint(genesis, state(key(4, 10)), 4);

    control.day(365).isBarred(rewrite, "4 lowered to 1 for good");

    // A lowering that is young is outweighed.
    Party soon = control(genesis);
    soon.has(lowering);
    soon.day(13).has(rewrite);
  }

  @Test
  void aPartThatIsGivenBackCountsAsLoweredToThatPart() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 3), key(4, 10)), 1);
    Aum removal = Chains.removeKey(genesis, TestKeys.id(4), 1);
    Aum part = Chains.addKey(removal, key(4, 2), 1);
    Party control = control(genesis);
    control.has(removal, part);
    Aum rewrite = Chains.checkpoint(genesis, state(key(4, 10)), 4);

    control.day(14).isBarred(rewrite, "4 removed for good");

    Party whole = control(genesis);
    whole.has(removal, Chains.addKey(removal, key(4, 10), 1));
    whole.day(365).has(rewrite);
  }

  @Test
  void absencesAddUp() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 3), key(4, 10)), 1);
    Party control = control(genesis);
    Aum head = genesis;
    for (int day = 0; day < 40; day += 20) {
      Aum removal = Chains.removeKey(head, TestKeys.id(4), 1);
      control.day(day).has(removal);
      head = Chains.addKey(removal, key(4, 10), 1);
      control.day(day + 7).has(head);
    }

    control
        .day(60)
        .isBarred(Chains.checkpoint(genesis, state(key(4, 10)), 4), "4 removed for good");
  }

  @Test
  void aRewriteDoesNotMakeOldRemovalsYoung() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 3), key(2, 1), key(3, 2)), 1);
    Aum rotation = Chains.removeKey(genesis, TestKeys.id(1), 2);
    Party control = control(genesis);
    control.day(515).has(rotation);
    // Key 2 was stolen: an honest revocation at the genesis leaves it out.
    Aum honest = Chains.checkpoint(genesis, state(key(3, 2)), 3);
    control.day(575).has(honest);

    control
        .day(585)
        .isBarred(Chains.checkpoint(genesis, state(key(1, 3)), 1), "1 removed for good");
    assertThat(control.head()).isEqualTo(honest);
  }

  @Test
  void aRemovalThatIsYoungGoesOnAgingAfterARewrite() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 3), key(2, 1), key(3, 2), key(4, 1)), 1);
    Party control = control(genesis);
    control.has(Chains.removeKey(genesis, TestKeys.id(1), 2));
    control.day(7).has(Chains.checkpoint(genesis, state(key(3, 2), key(4, 1)), 3));

    control.day(14).isBarred(Chains.checkpoint(genesis, state(key(1, 3)), 1), "1 removed for good");
  }

  @Test
  void aRemovalThatIsUndoneAtOnceBarsNobodyLater() throws TkaException {
    // One stolen key takes the others away and gives them back in one batch.
    Aum genesis = Chains.genesis(List.of(key(1, 2), key(2, 2), key(8, 1)), 1);
    Aum strip = Chains.checkpoint(genesis, state(key(8, 1)), 8);
    Aum back = Chains.checkpoint(strip, state(key(1, 2), key(2, 2), key(8, 1)), 8);
    Party control = control(genesis);
    control.has(strip, back);
    Aum honest = Chains.checkpoint(genesis, state(key(1, 2), key(2, 2)), 1, 2);

    control.day(30).has(honest);

    assertThat(control.head()).isEqualTo(honest);
  }

  @Test
  void aKeyThatARewriteBroughtBackStandsForWhoeverSignedIt() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 4), key(8, 3), key(9, 100)), 1);
    Party control = control(genesis);
    control.has(Chains.removeKey(genesis, TestKeys.id(9), 8));
    // The thief of 8 rewrites below the removal of 9, with 9 in the state.
    Aum revival = Chains.checkpoint(genesis, state(key(1, 4), key(8, 3), key(9, 100)), 1);
    control.day(100).has(revival);
    Aum removesHonest = Chains.removeKey(revival, TestKeys.id(1), 8, 9);
    control.has(removesHonest);
    Aum answer = Chains.checkpoint(genesis, state(key(1, 4)), 1, 8);

    // 8 and what 9 stands for, key 1: seven votes, which bar seven.
    control.day(101).isBarred(answer, "1 removed");
    Aum fresh = Chains.checkpoint(genesis, state(key(1, 4), key(8, 3)), 9);
    control.isBarred(fresh, "9 removed for good");
  }

  @Test
  void whatANodeWasShownLapsesAfterTheReturn() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 2), key(2, 3), key(8, 2)), 1);
    Party node = new Party(AdmissionPolicy.NODE, genesis);
    node.agrees();
    // A lying control shows a removal that honest control never saw, and stays for a month.
    node.has(Chains.removeKey(genesis, TestKeys.id(2), 8));
    node.day(30).agrees();
    Aum honest = Chains.checkpoint(genesis, state(key(1, 2), key(2, 3), key(8, 2)), 1, 8);
    node.has(honest);
    node.agrees();
    Aum rewrite = Chains.checkpoint(genesis, state(key(1, 2), key(2, 3)), 1, 2);

    node.day(43).agrees();
    node.isBarred(rewrite, "2 removed for good");
    node.day(44).agrees();
    node.has(rewrite);

    // To control, what was final stays final.
    Party control = control(genesis);
    control.has(Chains.removeKey(genesis, TestKeys.id(2), 8));
    control.day(30).has(honest);
    control.day(400).isBarred(rewrite, "2 removed for good");
  }

  /** A lying control cannot make a removal young by displacing it and sending it again. */
  @Test
  void aBranchThatComesBackKeepsWhatWasFinal() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 9), key(2, 2), key(3, 3)), 1);
    State all = state(key(1, 9), key(2, 2), key(3, 3));
    Aum checkpoint = Chains.checkpoint(genesis, all, 2);
    Aum removal = Chains.removeKey(checkpoint, TestKeys.id(3), 2);
    Party node = new Party(AdmissionPolicy.NODE, genesis);
    node.agrees();
    node.has(checkpoint, removal);
    node.day(20).agrees();
    Aum revival = Chains.checkpoint(checkpoint, all, 3);
    node.isBarred(revival, "3 removed for good");

    // By the light key that is trusted still, at a place below; whichever has the lower hash.
    node.has(Chains.noOp(genesis, "a tie", 2));
    node.has(checkpoint, removal);

    assertThat(node.head()).isEqualTo(removal);
    node.isBarred(revival, "3 removed for good");
  }

  /** Its branch is off the active chain then, so nothing was judged against what it would move. */
  @Test
  void whatComesBackOnABranchMovesNoHeavierRivalThatItWasNotJudgedAgainst() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 9), key(2, 2), key(3, 3)), 1);
    Aum checkpoint = Chains.checkpoint(genesis, state(key(1, 9), key(2, 2), key(3, 3)), 2);
    Aum removal = Chains.removeKey(checkpoint, TestKeys.id(3), 1);
    Party node = new Party(AdmissionPolicy.NODE, genesis);
    node.agrees();
    node.has(checkpoint, removal);
    // With a lower hash, or the other branch would have to go.
    Aum tie =
        IntStream.range(0, 1000)
            .mapToObj(i -> Chains.noOp(genesis, "a tie " + i, 2))
            .filter(other -> other.hash().compareTo(checkpoint.hash()) < 0)
            .findFirst()
            .orElseThrow();
    node.has(tie);
    assertThat(node.head()).isEqualTo(tie);

    node.has(checkpoint, Chains.noOp(checkpoint, "lighter", 3));

    assertThat(node.head()).isEqualTo(removal);
  }

  /** Two rewrites in one batch, off two places of the trail: the lower one displaces both. */
  @Test
  void ofTwoForksInTheTrailTheLowerDecidesWhatIsInherited() throws TkaException {
    State all = state(key(1, 3), key(2, 2), key(3, 2));
    Aum genesis = Chains.genesis(List.of(key(1, 3), key(2, 2), key(3, 2)), 1);
    Aum low = Chains.noOp(genesis, "low", 2);
    Aum checkpoint = Chains.checkpoint(low, all, 1);
    Aum removal = Chains.removeKey(checkpoint, TestKeys.id(3), 2);
    Aum newer = Chains.checkpoint(removal, state(key(1, 3), key(2, 2)), 1);
    Aum higherRewrite = Chains.checkpoint(checkpoint, all, 2);
    Aum lowerRewrite = Chains.checkpoint(genesis, all, 2);
    for (Aum first : List.of(higherRewrite, lowerRewrite)) {
      Party node = new Party(AdmissionPolicy.NODE, genesis);
      node.has(low, checkpoint, removal, newer);
      node.agrees();
      node.day(20).agrees();
      node.compactTo(newer);

      node.has(first, first.equals(lowerRewrite) ? higherRewrite : lowerRewrite);

      assertThat(node.head()).isEqualTo(lowerRewrite);
      node.isBarred(Chains.checkpoint(genesis, state(key(3, 9)), 3), "3 removed for good");
    }
  }

  @Test
  void whatControlDoesNotKnowDoesNotBarIt() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 2), key(2, 3), key(8, 3)), 1);
    Aum planted = Chains.removeKey(genesis, TestKeys.id(2), 8);
    Aum rewrite = Chains.checkpoint(genesis, state(key(1, 2), key(2, 3)), 2);
    Party fromFile = new Party(AdmissionPolicy.NODE, genesis);
    fromFile.agrees();
    fromFile.live.inform(List.of(planted));
    fromFile.has(rewrite);
    assertThat(fromFile.head()).isEqualTo(rewrite);

    Party named = new Party(AdmissionPolicy.NODE, genesis);
    named.agrees();
    named.live.inform(List.of(planted));
    named.live.settle(planted.hash(), List.of(), List.of());
    named.isBarred(rewrite, "2 removed");
  }

  /** A thief makes the way from his key to the key that signs as long as he likes. */
  /** A remove-key in the place of a no-op that weighs as much, and what it inherits. */
  @Test
  void whatControlDoesNotKnowBarsNotTheBranchThatItDisplaced() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 1), key(2, 1), key(3, 1)), 1);
    Aum first = Chains.noOp(genesis, "first", 1);
    Aum removal = Chains.removeKey(first, TestKeys.id(1), 2);
    Aum rewrite = Chains.removeKey(genesis, TestKeys.id(1), 3);
    Aum again = Chains.noOp(rewrite, "again", 2);
    for (boolean fromFile : List.of(true, false)) {
      Party node = new Party(AdmissionPolicy.NODE, genesis);
      node.has(first, removal);
      node.put(fromFile, rewrite);
      assertThat(node.head()).isEqualTo(rewrite);
      // It keeps a removal that control has, which bars whatever else control sends.
      node.isBarred(Chains.noOp(genesis, "other", 1), "1 removed");
      // One on top of it, at another place, changes nothing.
      node.put(fromFile, again);

      node.has(first);

      assertThat(node.head()).isEqualTo(removal);
    }
  }

  @Test
  void whatControlHasBarsTheBranchThatItDisplaced() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 1), key(2, 1), key(3, 1)), 1);
    Aum first = Chains.noOp(genesis, "first", 1);
    Aum removal = Chains.removeKey(first, TestKeys.id(1), 2);
    Aum rewrite = Chains.removeKey(genesis, TestKeys.id(1), 3);
    Party node = new Party(AdmissionPolicy.NODE, genesis);
    node.has(first, removal);
    node.put(false, rewrite);

    node.agrees();

    // By the rewrite, and by what it keeps.
    assertThat(node.take(first).stream().map(WhoMayRewriteTest::told))
        .containsExactly("1 removed, 1 removed");
    assertThat(node.head()).isEqualTo(rewrite);
  }

  /** Two rewrites that control does not have, one in the place of the other. */
  @Test
  void whatIsDisplacedTwiceIsStillTheBranchThatControlHas() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 1), key(2, 1), key(3, 1)), 1);
    Aum first = Chains.noOp(genesis, "first", 1);
    Aum removal = Chains.removeKey(first, TestKeys.id(1), 2);
    List<Aum> lowerHashLast =
        Stream.of(2, 3)
            .map(signer -> Chains.removeKey(genesis, TestKeys.id(1), signer))
            .sorted(Comparator.comparing(Aum::hash).reversed())
            .toList();
    Party node = new Party(AdmissionPolicy.NODE, genesis);
    node.has(first, removal);
    for (Aum rewrite : lowerHashLast) {
      node.put(true, rewrite);
      assertThat(node.head()).isEqualTo(rewrite);
    }

    node.has(first);

    assertThat(node.head()).isEqualTo(removal);
  }

  /** The first of them inherits nothing, and what it takes away control does not know, either. */
  @Test
  void whatControlDoesNotKnowBarsNotTheBranchThatAnotherSuchRewriteDisplaced() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 1), key(2, 1), key(3, 1)), 1);
    Aum first = Chains.noOp(genesis, "first", 1);
    Aum second = Chains.noOp(first, "second", 1);
    List<Aum> lowerHashLast =
        Stream.of(2, 3)
            .map(signer -> Chains.removeKey(genesis, TestKeys.id(1), signer))
            .sorted(Comparator.comparing(Aum::hash).reversed())
            .toList();
    for (boolean fromFile : List.of(true, false)) {
      for (int rewrites = 1; rewrites <= 2; rewrites++) {
        Party node = new Party(AdmissionPolicy.NODE, genesis);
        node.has(first, second);
        for (Aum rewrite : lowerHashLast.subList(0, rewrites)) {
          node.put(fromFile, rewrite);
          assertThat(node.head()).isEqualTo(rewrite);
        }

        node.has(first);

        assertThat(node.head()).as("%s, %d", fromFile, rewrites).isEqualTo(second);
      }
    }
  }

  @Test
  void aLongRowOfSponsorsIsFollowedToItsEnd() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 5), key(3, 5), key(8, 1)), 1);
    Party control = control(genesis);
    List<Aum> row = new ArrayList<>();
    Aum last = genesis;
    int holder = 8;
    for (int i = 0; i < 5_000; i++) {
      int next = holder == 8 ? 9 : 8;
      Aum added = Chains.addKey(last, key(next, 1), holder);
      last = Chains.removeKey(added, TestKeys.id(holder), next);
      row.add(added);
      row.add(last);
      holder = next;
    }
    row.add(Chains.removeKey(last, TestKeys.id(1), holder));
    control.has(row.toArray(Aum[]::new));
    Aum honest = Chains.checkpoint(genesis, state(key(1, 5), key(3, 5)), 1, 3);

    control.has(honest);

    assertThat(control.head()).isEqualTo(honest);
  }

  @Test
  void aPersonMayAdmitWhatIsBarred() throws TkaException {
    Aum genesis = Chains.genesis(List.of(key(1, 2), key(9, 3)), 1);
    Party control = control(genesis);
    control.has(Chains.removeKey(genesis, TestKeys.id(9), 1));
    Aum rewrite = Chains.checkpoint(genesis, state(key(9, 3)), 9);
    control.day(100).isBarred(rewrite, "9 removed for good");

    control.live.inform(List.of(rewrite), Set.of(rewrite.hash()));

    assertThat(control.head()).isEqualTo(rewrite);
  }
}
