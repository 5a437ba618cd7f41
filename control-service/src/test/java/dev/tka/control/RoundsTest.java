package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.edit;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.nodeKey;
import static dev.tka.control.TestControl.offer;
import static dev.tka.control.TestControl.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.store.records.NodeRecord;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.WeakKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Offers and sends (service, sections 3, 4, 6 and 8). */
class RoundsTest {
  private final Aum genesis = genesis(1);
  private final Aum add3 = Chains.addKey(genesis, TestKeys.key(3, 1), 1);
  private final Aum add4 = Chains.addKey(add3, TestKeys.key(4, 1), 1);

  private static State state(Key... keys) {
    return State.of(List.of(TestControl.SECRET.value()), List.of(keys), 1, 1);
  }

  private static RpcAnswer.Offer offered(TestControl control, RpcRequest.Offer offer)
      throws Exception {
    return (RpcAnswer.Offer) control.call(2, offer);
  }

  @Test
  void anOfferGetsWhatTheNodeLacks() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, edit(1, genesis.hash(), add3, add4));

      RpcAnswer.Offer answer = offered(control, offer(2, genesis.hash(), genesis.hash()));

      assertThat(answer.answer().missing()).containsExactly(add3.encoded(), add4.encoded());
      assertThat(answer.answer().offer().head()).isEqualTo(add4.hash());
      assertThat(offered(control, offer(2, genesis.hash(), genesis.hash()))).isEqualTo(answer);
    }
  }

  @Test
  void anotherServicesCommitIsSeenByTheNextOffer() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      offered(control, offer(2, genesis.hash(), genesis.hash()));
      ControlService other =
          ControlService.over(
              new SharedPlace(control.place), ControlSettings.DEFAULTS, control.clock);
      other.call(Caller.node(TAILNET, 1), edit(1, genesis.hash(), add3));
      other.close();

      assertThat(offered(control, offer(2, genesis.hash(), genesis.hash())).answer().missing())
          .containsExactly(add3.encoded());
    }
  }

  @Test
  void aNodeThatIsMerelyLostGetsControlsOfferAndIsNamedToTheOperator() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      AumHash unknown = genesis(9).hash();

      RpcAnswer.Offer answer = offered(control, offer(2, unknown, unknown));

      assertThat(answer.answer().missing()).isEmpty();
      assertThat(answer.answer().offer().head()).isEqualTo(genesis.hash());
      List<FleetEntry> fleet = new ArrayList<>();
      control.service.fleet(TAILNET, fleet::add);
      assertThat(fleet.get(1).condition()).isEqualTo("stranded");
      assertThat(fleet.get(1).last().orElseThrow().head()).contains(unknown);
      assertThat(fleet.get(1).remedy()).isPresent();
    }
  }

  @Test
  void aTruncatedAnswerIsAnnouncedToThatNodeUntilItHasAll() throws Exception {
    int room = add3.encoded().size() + 10;
    try (TestControl control =
        TestControl.locked(ControlSettings.DEFAULTS.withMostAnswerBytes(room), 2)) {
      control.call(1, edit(1, genesis.hash(), add3, add4));
      Announcement all = new Announcement.Enabled(add4.hash());

      assertThat(offered(control, offer(2, genesis.hash(), genesis.hash())).answer().missing())
          .containsExactly(add3.encoded());
      assertThat(control.announced(2)).isEqualTo(new Announcement.Enabled(add3.hash()));
      assertThat(control.announced(1)).isEqualTo(all);
      assertThat(control.announced()).isEqualTo(all);

      // Its send says that it has taken that in: what all are told makes it come again.
      control.call(2, send(2, add3.hash()));
      assertThat(control.announced(2)).isEqualTo(all);

      assertThat(offered(control, offer(2, add3.hash(), genesis.hash())).answer().missing())
          .containsExactly(add4.encoded());
      assertThat(control.announced(2)).isEqualTo(all);
    }
  }

  @Test
  void aNodeWhoseSendIsLostIsNotLeftAtWhatItWasTold() throws Exception {
    int room = add3.encoded().size() + 10;
    try (TestControl control =
        TestControl.locked(ControlSettings.DEFAULTS.withMostAnswerBytes(room), 2)) {
      control.call(1, edit(1, genesis.hash(), add3, add4));
      offered(control, offer(2, genesis.hash(), genesis.hash()));
      CatchingUp sweeping =
          new CatchingUp(control.place.records().orElseThrow(), control.nanos::get);
      Optional<NodeRecord> other = Optional.of(control.node(2));

      // Another service told it, perhaps one that was killed since.
      sweeping.follow(TAILNET, other, "ok");
      sweeping.sweep();
      assertThat(control.announced(2)).isEqualTo(new Announcement.Enabled(add3.hash()));
      control.nanos.addAndGet(TimeUnit.SECONDS.toNanos(61));
      sweeping.sweep();

      assertThat(control.announced(2)).isEqualTo(new Announcement.Enabled(add4.hash()));
    }
  }

  @Test
  void aNewLoginEndsCatchingUp() throws Exception {
    int room = add3.encoded().size() + 10;
    try (TestControl control =
        TestControl.locked(ControlSettings.DEFAULTS.withMostAnswerBytes(room), 2)) {
      control.call(1, edit(1, genesis.hash(), add3, add4));
      offered(control, offer(2, genesis.hash(), genesis.hash()));
      control.login(2);

      assertThat(control.announced(2)).isEqualTo(new Announcement.Enabled(add4.hash()));
    }
  }

  @Test
  void anAnswerStaysBelowWhatTheClientReads() {
    long hashes = 1000;
    for (int version : List.of(0, 142, 147, 148, 200)) {
      long reads = version < 148 ? 10L << 20 : 512L << 20;
      long aums = ClientLimits.of(version).aumBytes((int) hashes);
      // The shortest AUM there is, in base64 and quoted.
      long written = aums / 100 * (136 + 3) + hashes * 55;
      assertThat(written).isLessThan(reads);
      assertThat(aums).isGreaterThan(reads * 6 / 10);
    }
  }

  @Test
  void aLockThatIsOffHasNoRounds() throws Exception {
    try (TestControl control = new TestControl()) {
      control.login(1);
      assertThat(control.refusal(1, offer(1, genesis.hash())).code()).isEqualTo("lock-off");
      assertThat(control.refusal(1, send(1, genesis.hash())).code()).isEqualTo("lock-off");
    }
  }

  @Test
  void onlyTheNodesOwnKeyIsTakenInRequests() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      ControlException refusal = control.refusal(2, offer(1, genesis.hash()));
      assertThat(refusal.status()).isEqualTo(403);
      assertThat(refusal.code()).isEqualTo("forbidden");
      RpcRequest none =
          new RpcRequest.Offer(
              148, Optional.empty(), new SyncOffer(genesis.hash(), List.of(genesis.hash())));
      assertThat(control.refusal(2, none).code()).isEqualTo("forbidden");
      assertThat(control.refusal(9, offer(9, genesis.hash())).code()).isEqualTo("unknown-node");
      ControlException elsewhere =
          TestControl.refusal(
              () ->
                  control.service.call(
                      Caller.node("elsewhere.example", 1), offer(1, genesis.hash())));
      assertThat(elsewhere.code()).isEqualTo("unknown-tailnet");
      ControlException noName =
          TestControl.refusal(
              () -> control.service.call(Caller.node("", 1), offer(1, genesis.hash())));
      assertThat(noName.code()).isEqualTo("malformed");
    }
  }

  @Test
  void anEditOnAStaleHeadIsAConflictForWhoeverWaits() throws Exception {
    Aum other = Chains.addKey(genesis, TestKeys.key(5, 1), 1);
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, edit(1, genesis.hash(), add3));
      // Of two equal edits either may win by its hash, and neither may.
      ControlException refusal = control.refusal(1, edit(1, genesis.hash(), other));

      assertThat(refusal.status()).isEqualTo(409);
      assertThat(refusal.code()).isEqualTo("conflict");
      assertThat(control.head()).isEqualTo(add3.hash());
      RpcAnswer.Send answer =
          (RpcAnswer.Send) control.call(1, send(1, genesis.hash(), true, true, other));
      assertThat(answer.receipt().head()).isEqualTo(add3.hash());
      assertThat(answer.showsRefused()).isTrue();
      RpcAnswer.Send round = (RpcAnswer.Send) control.call(1, send(1, add3.hash(), other));
      assertThat(round.receipt().head()).isEqualTo(add3.hash());
    }
  }

  @Test
  void aRefusedRevocationIsAConflictForWhoeverWaits() throws Exception {
    // Key 2 has one vote: it cannot displace what key 1 did.
    Aum revocation = Chains.checkpoint(genesis, state(TestKeys.key(2, 1)), 2);
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, edit(1, genesis.hash(), add3));

      assertThat(control.refusal(2, send(2, revocation.hash(), revocation)))
          .isInstanceOf(ControlException.Refused.class)
          .hasMessageContaining("co-sign");
      RpcAnswer.Send ours =
          (RpcAnswer.Send) control.call(2, send(2, revocation.hash(), false, true, revocation));
      assertThat(ours.receipt().head()).isEqualTo(add3.hash());
      // The same AUM in a round is no error, or the node would never compact.
      RpcAnswer.Send round = (RpcAnswer.Send) control.call(2, send(2, add3.hash(), revocation));
      assertThat(round.receipt().head()).isEqualTo(add3.hash());
      assertThat(control.head()).isEqualTo(add3.hash());
    }
  }

  @Test
  void aRevocationThatOutweighsWhatItDisplacesIsTaken() throws Exception {
    Aum byKey2 = Chains.addKey(genesis, TestKeys.key(5, 1), 2);
    Aum revocation = Chains.checkpoint(genesis, state(TestKeys.key(1, 2)), 1);
    try (TestControl control = TestControl.locked(2)) {
      control.call(2, edit(2, genesis.hash(), byKey2));

      RpcAnswer.Send answer =
          (RpcAnswer.Send) control.call(1, send(1, revocation.hash(), revocation));
      assertThat(answer.receipt().head()).isEqualTo(revocation.hash());
      assertThat(control.call(1, send(1, revocation.hash(), revocation))).isEqualTo(answer);
    }
  }

  @Test
  void aRestoredControlTakesBackWhatNodesStillHoldUntilThatIsOverOnEveryService() throws Exception {
    Aum lost = Chains.addKey(genesis, TestKeys.key(3, 1), 1);
    Aum since = Chains.addKey(genesis, TestKeys.key(5, 1), 2);
    RpcRequest.Send round = send(1, lost.hash(), lost);
    try (TestControl control = TestControl.locked(2);
        ControlService other =
            ControlService.over(
                new SharedPlace(control.place), ControlSettings.DEFAULTS, control.clock)) {
      control.call(2, edit(2, genesis.hash(), since));
      // As control's own rules have it, it comes too late.
      assertThat(control.refusal(1, round).code()).isEqualTo("refused");

      other.restored(TAILNET, true);
      assertThat(control.service.status(TAILNET).restored()).contains(FakeClock.START);
      other.restored(TAILNET, false);
      assertThat(control.service.status(TAILNET).restored()).isEmpty();
      assertThat(control.refusal(1, round).code()).isEqualTo("refused");

      other.restored(TAILNET, true);
      control.clock.advance(Duration.ofHours(1));
      control.service.restored(TAILNET, true);
      assertThat(other.status(TAILNET).restored()).contains(FakeClock.START);
      control.call(1, round);
      assertThat(control.head()).isEqualTo(lost.hash());
      assertThat(other.announcement(TAILNET, Optional.empty()))
          .isEqualTo(new Announcement.Enabled(lost.hash()));
    }
  }

  @Test
  void onlyATailnetWhoseLockIsOnCanBeRestored() throws Exception {
    try (TestControl control = new TestControl()) {
      assertThat(TestControl.refusal(() -> control.service.restored(TAILNET, true)).code())
          .isEqualTo("unknown-tailnet");
      control.login(1);
      assertThat(TestControl.refusal(() -> control.service.restored(TAILNET, true)).code())
          .isEqualTo("lock-off");
      control.service.restored(TAILNET, false);
      control.lock(genesis, 1);
      control.service.restored(TAILNET, true);
      control.call(
          1,
          new RpcRequest.Disable(
              148, Optional.of(nodeKey(1)), Optional.of(genesis.hash()), TestControl.SECRET));
      assertThat(control.service.status(TAILNET).restored()).isEmpty();
    }
  }

  @Test
  void whatIsNotValidInARoundIsASuccessThatSaysWhy() throws Exception {
    Aum untrusted = Chains.addKey(genesis, TestKeys.key(5, 1), 9);
    try (TestControl control = TestControl.locked(2)) {
      RpcAnswer.Send answer = (RpcAnswer.Send) control.call(2, send(2, genesis.hash(), untrusted));
      assertThat(answer.receipt().head()).isEqualTo(genesis.hash());
      assertThat(answer.receipt().refused()).hasSize(1);
      assertThat(control.refusal(2, edit(2, genesis.hash(), untrusted)).code())
          .isEqualTo("refused");
      RpcRequest noAum =
          new RpcRequest.Send(
              148,
              Optional.of(nodeKey(2)),
              new SyncSend(genesis.hash(), List.of(Bytes.copyOf(new byte[] {1}))),
              false,
              false);
      assertThat(((RpcAnswer.Send) control.call(2, noAum)).receipt().refused()).hasSize(1);
    }
  }

  @Test
  void aClientThatWantsToKnowWhatWasRefusedAlwaysGetsTheField() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      assertThat(control.call(1, send(1, add3.hash(), false, true, add3)))
          .isEqualTo(new RpcAnswer.Send(new SyncReceipt(add3.hash(), List.of()), true));
      assertThat(control.call(1, send(1, add3.hash())))
          .isEqualTo(new RpcAnswer.Send(new SyncReceipt(add3.hash(), List.of()), false));
    }
  }

  @Test
  void aKeyThatAnybodyCanSignForIsNotAddedUnlessConfigured() throws Exception {
    Aum weak = Chains.addKey(genesis, Key.of(WeakKeys.IDENTITY, 1), 1);
    Aum inState =
        Chains.checkpoint(genesis, state(TestKeys.key(1, 2), Key.of(WeakKeys.IDENTITY, 1)), 1);
    try (TestControl control = TestControl.locked(2)) {
      for (Aum bad : List.of(weak, inState)) {
        assertThat(control.refusal(1, edit(1, genesis.hash(), bad)))
            .isInstanceOf(ControlException.Refused.class)
            .hasMessageContaining("anybody can sign for it");
        RpcAnswer.Send round = (RpcAnswer.Send) control.call(1, send(1, genesis.hash(), bad));
        assertThat(round.receipt().head()).isEqualTo(genesis.hash());
        assertThat(round.receipt().refused().get(0)).contains("anybody can sign for it");
      }
    }
    try (TestControl control =
        TestControl.locked(ControlSettings.DEFAULTS.refusingWeakKeys(false), 2)) {
      control.call(1, edit(1, genesis.hash(), weak));
      assertThat(control.head()).isEqualTo(weak.hash());
    }
  }

  @Test
  void atTheCapOfAumsOnlyRemovalsAndRevocationsPass() throws Exception {
    Aum remove = Chains.removeKey(add3, TestKeys.id(3), 1);
    Aum checkpoint = Chains.checkpoint(remove, state(TestKeys.key(1, 2), TestKeys.key(2, 1)), 1);
    Aum again = Chains.checkpoint(checkpoint, state(TestKeys.key(1, 2), TestKeys.key(2, 1)), 1);
    Aum revocation = Chains.checkpoint(checkpoint, state(TestKeys.key(1, 2)), 1);
    try (TestControl control = TestControl.locked(ControlSettings.DEFAULTS.withMostAums(2), 2)) {
      control.call(1, edit(1, genesis.hash(), add3));

      assertThat(control.refusal(1, edit(1, add3.hash(), add4)).status()).isEqualTo(409);
      control.call(1, edit(1, add3.hash(), add3));
      control.call(1, edit(1, add3.hash(), remove, checkpoint));
      assertThat(control.refusal(1, edit(1, checkpoint.hash(), again)))
          .isInstanceOf(ControlException.Refused.class);
      control.call(1, send(1, revocation.hash(), revocation));
      assertThat(control.head()).isEqualTo(revocation.hash());
    }
  }

  @Test
  void whereANodeStandsIsKeptForTheOperator() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      control.call(1, edit(1, genesis.hash(), add3, add4));
      offered(control, offer(2, add3.hash(), genesis.hash()));
      List<FleetEntry> fleet = new ArrayList<>();
      control.service.fleet(TAILNET, fleet::add);

      assertThat(fleet).extracting(FleetEntry::condition).containsExactly("never-seen", "behind");
      assertThat(fleet.get(1).behind()).contains(1);
      assertThat(fleet.get(1).last().orElseThrow().oldest()).contains(genesis.hash());

      offered(control, offer(2, add4.hash(), genesis.hash()));
      fleet.clear();
      control.service.fleet(TAILNET, fleet::add);
      assertThat(fleet.get(1).condition()).isEqualTo("current");
      assertThat(fleet.get(1).last().orElseThrow().outcome()).isEqualTo("up-to-date");
    }
  }

  @Test
  void aNodeWhoseSendIsRefusedIsNamedToTheOperator() throws Exception {
    Aum untrusted = Chains.addKey(genesis, TestKeys.key(5, 1), 9);
    try (TestControl control = TestControl.locked(2)) {
      control.call(2, send(2, genesis.hash(), untrusted));
      List<FleetEntry> fleet = new ArrayList<>();
      control.service.fleet(TAILNET, fleet::add);
      assertThat(fleet.get(1).condition()).isEqualTo("refused");
      assertThat(fleet.get(1).behind()).contains(0);
      assertThat(fleet.get(1).remedy()).isPresent();
    }
  }

  @Test
  void theListenerHearsOfEveryRequestWithItsOutcome() throws Exception {
    try (TestControl control = TestControl.locked(2)) {
      control.events.clear();
      offered(control, offer(2, genesis.hash(), genesis.hash()));
      control.refusal(2, offer(1, genesis.hash()));

      assertThat(control.events)
          .extracting(ControlListener.Event::what, ControlListener.Event::outcome)
          .containsExactly(tuple("sync/offer", "up-to-date"), tuple("sync/offer", "forbidden"));
      assertThat(control.events.get(0).nodeKey()).contains(nodeKey(2));
    }
  }
}
