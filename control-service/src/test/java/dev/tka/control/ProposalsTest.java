package dev.tka.control;

import static dev.tka.control.TestControl.OTHER_SECRET;
import static dev.tka.control.TestControl.SECRET;
import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.disable;
import static dev.tka.control.TestControl.edit;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.refusal;
import static dev.tka.control.TestControl.send;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.authority.Thresholds.Kind;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.AumSnapshot;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Service, section 11, "Thresholds": edits that several people sign. */
class ProposalsTest {
  private static final Thresholds TWO = new Thresholds(2, 2, 2, 2);

  private final Aum genesis =
      genesis(1, TestKeys.key(1, 1), TestKeys.key(2, 1), TestKeys.key(3, 1));
  private final Aum add = Chains.addKey(genesis, TestKeys.key(4, 1), 1);
  private TestControl control = new TestControl();

  @BeforeEach
  void lock() throws Exception {
    control.login(1);
    control.lock(genesis, 1);
  }

  @AfterEach
  void close() {
    control.close();
  }

  private void ask(Thresholds thresholds) throws Exception {
    control.service.setThresholds(TAILNET, TestControl.each(thresholds));
  }

  private ProposalStatus propose(Aum... edits) throws Exception {
    return control.service.propose(TAILNET, List.of(edits));
  }

  private static Aum adding(int key) {
    return Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(key, 1)).build();
  }

  private static Aum removing(int key) {
    return Aum.builder(AumKind.REMOVE_KEY).keyId(TestKeys.id(key)).build();
  }

  private static AumSignature signature(int key, Proposal proposal) {
    return AumSignature.of(TestKeys.id(key), TestKeys.signature(key, proposal.sigHash()));
  }

  private ProposalStatus approve(int key, ProposalStatus proposal) throws Exception {
    return control.service.approve(
        TAILNET,
        proposal.proposal().id(),
        proposal.proposal().sigHash(),
        signature(key, proposal.proposal()));
  }

  private ProposalStatus now(ProposalStatus proposal) throws Exception {
    return control.service.proposal(TAILNET, proposal.proposal().id());
  }

  private AumSnapshot stored() throws Exception {
    return control.place.tailnet(TAILNET).read();
  }

  private static List<Bytes> ids(List<Key> keys) {
    return keys.stream().map(Key::id).toList();
  }

  private static String why(ProposalStatus proposal) {
    return ((Proposal.Outcome.Ended) proposal.proposal().outcome().orElseThrow()).why();
  }

  @Test
  void withoutThresholdsOneTrustedKeySuffices() throws Exception {
    assertThat(control.service.thresholds(TAILNET)).isEqualTo(Thresholds.NONE);
    control.call(1, edit(1, genesis.hash(), add));
    assertThat(control.head()).isEqualTo(add.hash());
  }

  @Test
  void whatLacksVotesGetsInByNoRequest() throws Exception {
    ask(TWO);
    ControlException waiting = control.refusal(1, edit(1, genesis.hash(), add));
    assertThat(waiting).isInstanceOf(ControlException.Refused.class);
    assertThat(waiting)
        .hasMessage("this change needs 2 votes and has 1: propose it with 'tka propose'");
    // A finished revocation is one AUM that is its own head.
    Aum revocation = Chains.checkpoint(genesis, Chains.stateOf(List.of(TestKeys.key(1, 1))), 1);
    assertThat(genesis.state()).isPresent();
    assertThat(control.refusal(1, send(1, revocation.hash(), revocation))).isNotNull();
    for (boolean restored : List.of(false, true)) {
      control.service.restored(TAILNET, restored);
      RpcAnswer.Send node = (RpcAnswer.Send) control.call(1, send(1, genesis.hash(), add, add));
      assertThat(node.receipt().head()).isEqualTo(genesis.hash());
      RpcAnswer.Send ours =
          (RpcAnswer.Send)
              control.service.call(Caller.operator(TAILNET), send(1, add.hash(), true, true, add));
      assertThat(ours.receipt().refused())
          .containsExactly(
              add.hash() + ": it needs 2 votes and has 1: propose it, so that others can sign it");
    }
    assertThat(stored().entries()).hasSize(1);

    Aum two = TestKeys.sign(add, 2);
    control.call(1, edit(1, genesis.hash(), two));
    assertThat(control.head()).isEqualTo(two.hash());
  }

  @Test
  void aProposalGetsInOnceEnoughHaveSignedIt() throws Exception {
    ask(TWO);
    ProposalStatus made = propose(add);
    assertThat(made.needed()).isEqualTo(2);
    assertThat(ids(made.missing())).containsExactly(TestKeys.id(1), TestKeys.id(2), TestKeys.id(3));
    assertThat(propose(adding(4)).proposal()).isEqualTo(made.proposal());

    ProposalStatus one = approve(3, made);
    assertThat(one.has()).isEqualTo(1);
    assertThat(one.approved()).isFalse();
    assertThat(ids(one.signed())).containsExactly(TestKeys.id(3));
    assertThat(control.head()).isEqualTo(genesis.hash());

    ProposalStatus two = approve(1, made);
    AumHash head = control.head();
    assertThat(two.approved()).isTrue();
    assertThat(two.proposal().outcome())
        .contains(new Proposal.Outcome.Done(control.clock.instant(), Optional.of(head)));
    Aum landed = stored().get(head);
    assertThat(landed).isEqualTo(TestKeys.sign(Chains.addKey(genesis, TestKeys.key(4, 1)), 3, 1));

    // The same signature again, late.
    assertThat(approve(1, made)).isEqualTo(two);
    assertThat(refusal(() -> approve(2, made))).hasMessageContaining("ended: it was done");
    assertThat(stored().entries()).hasSize(2);
    assertThat(control.service.proposals(TAILNET)).containsExactly(two);
  }

  @Test
  void severalEditsAreOneCheckpointThatNeedsWhatEachOfThemNeeds() throws Exception {
    ask(new Thresholds(0, 3, 0, 0));
    ProposalStatus made = propose(adding(4), removing(1));
    assertThat(made.needed()).isEqualTo(3);
    approve(1, made);
    approve(2, made);
    assertThat(approve(3, made).approved()).isTrue();
    Aum landed = stored().get(control.head());
    assertThat(landed.kind()).isEqualTo(AumKind.CHECKPOINT);
    assertThat(landed.state().orElseThrow().keyIds())
        .containsExactly(TestKeys.id(2), TestKeys.id(3), TestKeys.id(4));
  }

  @Test
  void aChangeThatCameBetweenHasAllSignAgain() throws Exception {
    ask(TWO);
    ProposalStatus made = propose(adding(4));
    approve(3, made);
    Aum between = TestKeys.sign(Chains.addKey(genesis, TestKeys.key(5, 1)), 1, 2);
    control.call(1, edit(1, genesis.hash(), between));

    ControlException late = refusal(() -> approve(1, made));
    assertThat(late).isInstanceOf(ControlException.Conflict.class);
    assertThat(late).hasMessageContaining("built again");
    ProposalStatus rebuilt = now(made);
    assertThat(rebuilt.has()).isZero();
    assertThat(rebuilt.proposal().before()).containsExactly(TestKeys.id(3));
    approve(3, rebuilt);
    assertThat(now(made).proposal().before()).isEmpty();
    assertThat(approve(5, rebuilt).approved()).isTrue();
    assertThat(stored().get(control.head()).parent()).contains(between.hash());
  }

  @Test
  void aSignatureOfWhatIsShownIsGoodAlsoIfNobodyNotedThatItWasBuiltAgain() throws Exception {
    ask(TWO);
    ProposalStatus made = propose(adding(4), adding(6));
    control.call(
        1,
        edit(1, genesis.hash(), TestKeys.sign(Chains.addKey(genesis, TestKeys.key(4, 1)), 1, 2)));
    ProposalStatus shown = control.service.proposals(TAILNET).get(0);
    assertThat(((Proposal.Subject.Edits) shown.proposal().subject()).operations())
        .containsExactly(adding(6));
    approve(2, shown);
    assertThat(approve(1, shown).approved()).isTrue();
    assertThat(now(made).approved()).isTrue();
  }

  @Test
  void aProposalEndsThatNoLongerAppliesOrIsDone() throws Exception {
    ask(TWO);
    ProposalStatus done = propose(removing(3));
    ProposalStatus overtaken =
        propose(Aum.builder(AumKind.UPDATE_KEY).keyId(TestKeys.id(3)).votes(2).build());
    control.call(
        1, edit(1, genesis.hash(), TestKeys.sign(Chains.removeKey(genesis, TestKeys.id(3)), 1, 2)));
    assertThat(why(now(done))).isEqualTo("others have made all of its changes");
    assertThat(why(now(overtaken))).startsWith("it no longer applies: ");
    assertThat(refusal(() -> approve(1, overtaken))).hasMessageContaining("has ended");
    assertThat(control.service.proposals(TAILNET)).noneMatch(each -> each.proposal().isOpen());

    ProposalStatus withdrawn = propose(adding(7));
    approve(1, withdrawn);
    control.service.withdraw(TAILNET, withdrawn.proposal().id());
    assertThat(why(control.service.withdraw(TAILNET, withdrawn.proposal().id())))
        .isEqualTo("it was withdrawn");
    assertThat(refusal(() -> approve(2, withdrawn))).hasMessageContaining("it was withdrawn");
    assertThat(refusal(() -> control.service.proposal(TAILNET, "nope")))
        .isInstanceOf(ControlException.UnknownProposal.class);
  }

  @Test
  void aSignatureThatDoesNotCountIsRefusedWithTheReason() throws Exception {
    ask(new Thresholds(3, 3, 3, 3));
    ProposalStatus made = propose(adding(4));
    String id = made.proposal().id();
    assertThat(refusal(() -> approve(9, made))).hasMessageContaining("is not trusted");
    AumSignature other = AumSignature.of(TestKeys.id(1), TestKeys.signature(1, genesis.sigHash()));
    assertThat(
            refusal(() -> control.service.approve(TAILNET, id, made.proposal().sigHash(), other)))
        .hasMessageContaining("is not a signature by key");
    AumSignature lent =
        AumSignature.of(TestKeys.id(2), signature(1, made.proposal()).signatureBytes());
    assertThat(refusal(() -> control.service.approve(TAILNET, id, made.proposal().sigHash(), lent)))
        .hasMessageContaining("is not a signature by key");
    approve(1, made);
    byte[] bent = signature(1, made.proposal()).signatureBytes().toByteArray();
    bent[0] ^= 1;
    assertThat(
            refusal(
                () ->
                    control.service.approve(
                        TAILNET,
                        id,
                        made.proposal().sigHash(),
                        AumSignature.of(TestKeys.id(1), Bytes.copyOf(bent)))))
        .hasMessageContaining("has signed this proposal already");
    assertThat(now(made).has()).isEqualTo(1);
  }

  @Test
  void whatAWithdrawalAnswersIsWhatBecameOfTheProposal() throws Exception {
    ask(TWO);
    // What a withdrawal reads before the last signature comes, and all that it reads.
    for (int time = 1; time <= 3; time++) {
      ProposalStatus made = propose(adding(3 + time));
      approve(1, made);
      AumHash before = control.head();
      ProposalStatus answer =
          meanwhile(time, () -> complete(made, 2)).withdraw(TAILNET, made.proposal().id());
      boolean in = !control.head().equals(before);
      assertThat(answer.approved()).as("time %s", time).isEqualTo(in);
      assertThat(in).isEqualTo(time < 3);
    }
  }

  /** Notes the last signature, and comes no further. */
  private void complete(ProposalStatus made, int key) throws Exception {
    ControlRecords records = control.place.records().orElseThrow();
    TailnetRecord record = records.tailnet(TAILNET);
    Proposal one = record.proposal(made.proposal().id()).orElseThrow();
    if (one.isOpen()) {
      records.commit(
          TAILNET,
          RecordsChange.ofTailnet(
              record,
              record.withProposals(
                  ProposalRules.with(
                      record.proposals(), one.with(signature(key, one)).completed()))));
    }
  }

  @Test
  void onlyEditsThatWouldBeAcceptedCanBeProposed() throws Exception {
    ask(TWO);
    assertThat(refusal(() -> propose(removing(9)))).hasMessageContaining("cannot be proposed");
    assertThat(refusal(() -> propose(genesis))).isInstanceOf(ControlException.Malformed.class);
    assertThat(refusal(() -> propose())).isInstanceOf(ControlException.Malformed.class);
    for (int i = 0; i < Proposal.MOST_OPEN; i++) {
      propose(adding(10 + i));
    }
    assertThat(refusal(() -> propose(adding(9)))).hasMessageContaining("open proposals");
    assertThat(control.service.proposals(TAILNET)).hasSize(Proposal.MOST_OPEN);
    control.service.withdraw(TAILNET, control.service.proposals(TAILNET).get(0).proposal().id());
    propose(adding(9));
    // Of those that ended, the last are kept.
    for (int i = 0; i < 40; i++) {
      control.service.withdraw(TAILNET, last().proposal().id());
      propose(adding(9));
    }
    assertThat(control.service.proposals(TAILNET)).hasSize(Proposal.MOST);
  }

  private ProposalStatus last() throws Exception {
    List<ProposalStatus> all = control.service.proposals(TAILNET);
    return all.get(all.size() - 1);
  }

  @Test
  void thresholdsThatNobodyCouldReachAreRefused() throws Exception {
    assertThat(refusal(() -> ask(new Thresholds(0, 4, 0, 0))))
        .hasMessage(
            "all keys of this lock have 3 votes together, so nobody could reach 4 for remove-key");
    ask(TWO);
    ask(TWO);
    assertThat(control.service.thresholds(TAILNET)).isEqualTo(TWO);
  }

  @Test
  void oneThatIsNotNamedStaysAlsoIfOthersSetItAtTheSameTime() throws Exception {
    control.service.setThresholds(TAILNET, Map.of(Kind.ADD_KEY, 3L));
    ControlService late =
        meanwhile(
            1,
            () ->
                control.service.setThresholds(
                    TAILNET, Map.of(Kind.DISABLE, 2L, Kind.CHECKPOINT, 1L)));
    late.setThresholds(TAILNET, Map.of(Kind.REMOVE_KEY, 1L, Kind.CHECKPOINT, 0L));
    assertThat(control.service.thresholds(TAILNET)).isEqualTo(new Thresholds(3, 1, 0, 2));
    late.setThresholds(TAILNET, Map.of());
    assertThat(control.service.thresholds(TAILNET)).isEqualTo(new Thresholds(3, 1, 0, 2));
  }

  @Test
  void oneThatCameOutOfReachKeepsNoOtherFromBeingSet() throws Exception {
    ask(new Thresholds(0, 0, 3, 3));
    control.call(1, edit(1, genesis.hash(), Chains.removeKey(genesis, TestKeys.id(3), 1)));
    control.service.setThresholds(TAILNET, Map.of(Kind.CHECKPOINT, 2L));
    assertThat(control.service.thresholds(TAILNET)).isEqualTo(new Thresholds(0, 0, 2, 3));
  }

  /** Something that another one does. */
  @FunctionalInterface
  private interface Other {
    void act() throws Exception;
  }

  /** A service on the same place; while it reads a record for a time, another one acts first. */
  private ControlService meanwhile(int time, Other other) {
    ControlRecords records = control.place.records().orElseThrow();
    AtomicInteger times = new AtomicInteger();
    ControlRecords late =
        proxy(
            ControlRecords.class,
            (method, arguments) -> {
              Object answer = method.invoke(records, arguments);
              if (method.getName().equals("seen") && times.incrementAndGet() == time) {
                other.act();
              }
              return answer;
            });
    Tailnets shared = new SharedPlace(control.place);
    return ControlService.over(
        proxy(
            Tailnets.class,
            (method, arguments) ->
                method.getName().equals("records")
                    ? Optional.of(late)
                    : method.invoke(shared, arguments)),
        ControlSettings.DEFAULTS,
        control.clock);
  }

  /** Answers a call. */
  @FunctionalInterface
  private interface Answering {
    @Nullable Object answer(Method method, Object @Nullable [] arguments) throws Exception;
  }

  private static <T> T proxy(Class<T> type, Answering answering) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return answering.answer(method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Test
  void whatHasEnoughVotesOnceFewerAreAskedGetsInAtOnce() throws Exception {
    ask(new Thresholds(3, 3, 3, 3));
    ProposalStatus made = propose(adding(4));
    approve(1, made);
    ask(TWO);
    assertThat(now(made).approved()).isFalse();
    ask(Thresholds.NONE);
    assertThat(now(made).approved()).isTrue();
    assertThat(stored().entries()).hasSize(2);
  }

  @Test
  void whoeverSignsNextLetsInWhatAServerThatStoppedHadComplete() throws Exception {
    ask(TWO);
    ProposalStatus made = propose(adding(4));
    Proposal complete =
        made.proposal()
            .with(signature(1, made.proposal()))
            .with(signature(2, made.proposal()))
            .completed();
    ControlRecords records = control.place.records().orElseThrow();
    TailnetRecord before = records.tailnet(TAILNET);
    records.commit(
        TAILNET, RecordsChange.ofTailnet(before, before.withProposals(List.of(complete))));
    // A third person is late: what has enough signatures takes no more.
    assertThat(refusal(() -> approve(3, made))).hasMessageContaining("it was done");
    assertThat(stored().entries()).hasSize(2);
    // And if it has stopped after the AUM was let in.
    records.commit(
        TAILNET,
        RecordsChange.ofTailnet(records.tailnet(TAILNET), before.withProposals(List.of(complete))));
    assertThat(now(made).approved()).isTrue();
    assertThat(stored().entries()).hasSize(2);
  }

  @Test
  void whoeverOnlyReadsChangesNothing() throws Exception {
    ask(TWO);
    ProposalStatus made = propose(adding(4));
    approve(1, made);
    complete(made, 2);
    TailnetRecord before = control.place.records().orElseThrow().tailnet(TAILNET);

    ProposalStatus one = control.service.proposal(TAILNET, made.proposal().id());

    assertThat(one.approved()).isTrue();
    assertThat(one.proposal().isOpen()).isTrue();
    assertThat(control.service.proposals(TAILNET)).containsExactly(one);
    assertThat(stored().entries()).hasSize(1);
    assertThat(control.place.records().orElseThrow().tailnet(TAILNET)).isEqualTo(before);
    // Whoever has signed it already lets it in.
    assertThat(approve(2, made).proposal().isOpen()).isFalse();
    assertThat(stored().entries()).hasSize(2);
  }

  @Test
  void whatWasCompleteWaitsAgainIfMoreVotesAreAsked() throws Exception {
    ask(TWO);
    ProposalStatus made = propose(adding(4));
    Proposal complete =
        made.proposal()
            .with(signature(1, made.proposal()))
            .with(signature(2, made.proposal()))
            .completed();
    ControlRecords records = control.place.records().orElseThrow();
    TailnetRecord before = records.tailnet(TAILNET);
    records.commit(
        TAILNET,
        RecordsChange.ofTailnet(
            before,
            before.withThresholds(new Thresholds(3, 3, 3, 3)).withProposals(List.of(complete))));
    assertThat(now(made).approved()).isFalse();
    assertThat(stored().entries()).hasSize(1);
    assertThat(approve(3, made).approved()).isTrue();
  }

  @Test
  void disablingNeedsAnApprovedProposalFirst() throws Exception {
    ask(TWO);
    AumHash head = genesis.hash();
    ControlException refused = control.refusal(1, disable(1, head, SECRET));
    assertThat(refused).isInstanceOf(ControlException.Refused.class);
    assertThat(refused)
        .hasMessage(
            "disabling needs 2 votes and has 0: propose it with 'tka propose --disable', and have"
                + " it approved");
    ProposalStatus made = control.service.proposeDisable(TAILNET);
    assertThat(control.service.proposeDisable(TAILNET).proposal()).isEqualTo(made.proposal());
    approve(1, made);
    assertThat(control.refusal(1, disable(1, head, SECRET))).hasMessageContaining("has 1");
    // An edit voids nothing, and a key that is no longer trusted does not count.
    Aum removed = TestKeys.sign(Chains.removeKey(genesis, TestKeys.id(1)), 1, 2);
    control.call(1, edit(1, head, removed));
    approve(2, made);
    assertThat(control.refusal(1, disable(1, head, SECRET))).hasMessageContaining("has 1");
    assertThat(approve(3, made).approved()).isTrue();
    assertThat(control.refusal(1, disable(1, head, OTHER_SECRET)))
        .isInstanceOf(ControlException.WrongSecret.class);
    control.call(1, disable(1, removed.hash(), SECRET));
    assertThat(control.announced()).isEqualTo(new Announcement.Disabled());
    // The same again, and the next lock needs votes of its own.
    control.call(1, disable(1, removed.hash(), SECRET));
    assertThat(control.service.proposals(TAILNET).get(0).approved()).isTrue();
    Aum next = genesis(2, TestKeys.key(1, 1), TestKeys.key(2, 1));
    control.lock(next, 1);
    assertThat(control.refusal(1, disable(1, next.hash(), SECRET))).hasMessageContaining("has 0");
    assertThat(approve(1, made).approved()).isTrue();
  }

  @Test
  void withoutAThresholdForItNobodyProposesToDisable() throws Exception {
    assertThat(refusal(() -> control.service.proposeDisable(TAILNET)))
        .hasMessageContaining("the secret suffices");
    control.call(1, disable(1, genesis.hash(), SECRET));
    assertThat(refusal(() -> propose(adding(4)))).isInstanceOf(ControlException.LockOff.class);
    assertThat(control.service.proposals(TAILNET)).isEmpty();
  }

  @Test
  void anApprovalOfAnEndIsNoSignatureOfAnythingElse() throws Exception {
    ask(TWO);
    Proposal one = control.service.proposeDisable(TAILNET).proposal();
    control.service.withdraw(TAILNET, one.id());
    control.clock.set(Instant.parse("2030-01-01T00:00:00Z"));
    Proposal other = control.service.proposeDisable(TAILNET).proposal();
    assertThat(one.sigHash()).isNotEqualTo(other.sigHash());
    assertThat(
            refusal(
                () ->
                    control.service.approve(
                        TAILNET, other.id(), other.sigHash(), signature(1, one))))
        .hasMessageContaining("is not a signature");
  }

  @Test
  void aCheckpointThatIsDueIsAProposalToo() throws Exception {
    List<Aum> quiet = new ArrayList<>(List.of(genesis));
    IntStream.range(1, UpdateBuilder.CHECKPOINT_EVERY)
        .forEach(i -> quiet.add(Chains.noOp(quiet.get(i - 1), "q" + i, 1)));
    control.call(1, send(1, genesis.hash(), quiet.toArray(Aum[]::new)));
    ask(new Thresholds(0, 0, 2, 0));
    ProposalStatus made = propose(adding(4));
    assertThat(made.needed()).isEqualTo(2);
    approve(1, made);
    assertThat(approve(2, made).approved()).isTrue();
    assertThat(stored().get(control.head()).kind()).isEqualTo(AumKind.CHECKPOINT);
  }
}
