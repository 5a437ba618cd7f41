package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.Commit;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import dev.tka.store.sql.PostgresDatabase;
import dev.tka.store.sql.PostgresSettings;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Eight people at once, each with a key of one vote, at two services on one PostgreSQL (service,
 * section 11): each proposes a key, signs what the others propose, and tries to get a key in alone.
 */
class EightPeopleTest {
  private static final String TAILNET = "t";
  private static final int PEOPLE = 8;
  private static final int VOTES = 5;
  private static final Thresholds THRESHOLDS = new Thresholds(VOTES, VOTES, VOTES, VOTES);
  private static final long MOST_SECONDS = 60;

  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger again = new AtomicInteger();

  @Test
  void everyProposalGetsInOnceAndNothingBelowTheThreshold() throws Exception {
    PostgresSettings settings = PostgresServer.shared().newDatabase();
    Aum genesis =
        Chains.genesis(
            IntStream.rangeClosed(1, PEOPLE).mapToObj(i -> TestKeys.key(i, 1)).toList(), 1);
    try (Tailnets place = PostgresDatabase.create(settings, Clock.systemUTC());
        ControlService one = service(settings);
        ControlService two = service(settings)) {
      place
          .tailnet(TAILNET)
          .commit(
              Commit.on(place.tailnet(TAILNET).read().revision())
                  .add(genesis, Instant.EPOCH.plusSeconds(1))
                  .build());
      one.setThresholds(TAILNET, TestControl.each(THRESHOLDS));
      ExecutorService people = Executors.newFixedThreadPool(PEOPLE);
      CountDownLatch together = new CountDownLatch(PEOPLE);
      List<Future<?>> done = new ArrayList<>();
      for (int person = 1; person <= PEOPLE; person++) {
        int key = person;
        done.add(
            people.submit(
                () -> {
                  together.countDown();
                  together.await();
                  person(key, key % 2 == 0 ? one : two, genesis);
                  return key;
                }));
      }
      for (Future<?> each : done) {
        each.get(MOST_SECONDS, TimeUnit.SECONDS);
      }
      people.shutdownNow();

      Authority authority = Authority.open(place.tailnet(TAILNET).read());
      assertThat(authority.snapshot().entries()).hasSize(1 + PEOPLE);
      assertThat(authority.length()).isEqualTo(1 + PEOPLE);
      assertThat(ChainAudit.of(authority.snapshot()).problem()).isEmpty();
      for (AumEntry entry : authority.snapshot().entries()) {
        if (entry.parent().isPresent()) {
          State at = authority.stateAt(entry.parent().get());
          Aum aum = authority.snapshot().get(entry.hash());
          // One that has enough takes no more.
          assertThat(at.weightOf(aum)).isEqualTo(VOTES);
          assertThat(aum.kind()).isEqualTo(AumKind.ADD_KEY);
        }
      }
      assertThat(one.proposals(TAILNET)).hasSize(PEOPLE).allMatch(ProposalStatus::approved);
      assertThat(two.proposals(TAILNET)).isEqualTo(one.proposals(TAILNET));
      System.out.printf(
          "8 people, two services: %d edits let in, %d refused alone, %d signed again%n",
          PEOPLE, refused.get(), again.get());
    }
  }

  private static ControlService service(PostgresSettings settings) throws Exception {
    return ControlService.over(
        PostgresDatabase.create(settings, Clock.systemUTC()),
        ControlSettings.DEFAULTS,
        Clock.systemUTC());
  }

  private void person(int key, ControlService service, Aum genesis) throws Exception {
    Aum wanted = Aum.builder(AumKind.ADD_KEY).key(TestKeys.key(100 + key, 1)).build();
    while (true) {
      try {
        service.propose(TAILNET, List.of(wanted));
        break;
      } catch (ControlException.Conflict e) {
        again.incrementAndGet();
      }
    }
    while (true) {
      boolean open = false;
      for (ProposalStatus each : service.proposals(TAILNET)) {
        if (each.proposal().isOpen()) {
          open = true;
          approve(key, service, each.proposal());
        }
      }
      alone(key, service, genesis);
      if (!open && service.proposals(TAILNET).size() == PEOPLE) {
        return;
      }
    }
  }

  private void approve(int key, ControlService service, Proposal proposal) throws ControlException {
    if (proposal.isSignedBy(TestKeys.id(key))) {
      return;
    }
    try {
      service.approve(
          TAILNET,
          proposal.id(),
          proposal.sigHash(),
          AumSignature.of(TestKeys.id(key), TestKeys.signature(key, proposal.sigHash())));
    } catch (ControlException.Conflict e) {
      again.incrementAndGet();
    } catch (ControlException.Refused e) {
      // Others were enough.
      assertThat(e).hasMessageMatching(".*(has ended|has all signatures).*");
    }
  }

  /** One person's edit on the head of now. */
  private void alone(int key, ControlService service, Aum genesis) throws ControlException {
    Aum edit =
        TestKeys.sign(
            Aum.builder(AumKind.ADD_KEY)
                .parent(head(service))
                .key(TestKeys.key(200 + key, 1))
                .build(),
            key);
    // On the head, or where it began, by turns.
    boolean stale = refused.get() % 2 == 0;
    Aum each = stale ? Chains.removeKey(genesis, TestKeys.id(9 - key), key) : edit;
    try {
      service.call(
          Caller.operator(TAILNET),
          new RpcRequest.Send(
              148,
              Optional.empty(),
              new SyncSend(each.hash(), List.of(each.encoded())),
              true,
              false));
      throw new AssertionError("expected a refusal");
    } catch (ControlException.Refused | ControlException.Conflict e) {
      refused.incrementAndGet();
    }
  }

  private static AumHash head(ControlService service) throws ControlException {
    return service.status(TAILNET).head().orElseThrow();
  }
}
