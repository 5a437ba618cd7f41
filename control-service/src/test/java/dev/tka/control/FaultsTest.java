package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static dev.tka.control.TestControl.begin;
import static dev.tka.control.TestControl.edit;
import static dev.tka.control.TestControl.finish;
import static dev.tka.control.TestControl.genesis;
import static dev.tka.control.TestControl.nodeKey;
import static dev.tka.control.TestControl.refusal;
import static dev.tka.control.TestControl.signature;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Requests while the place fails, and while others are at work (service, sections 2 and 3). */
class FaultsTest {
  private final Aum genesis = genesis(1);

  /** What happens at the next changes of records: whether they are made, and what is thrown. */
  private final Deque<Fault> faults = new ArrayDeque<>();

  private record Fault(boolean made, Optional<StoreException> why, Callable<?> then) {
    Fault(boolean made, StoreException why) {
      this(made, Optional.of(why), () -> why);
    }

    /** Something that comes right after a change that is made. */
    static Fault after(Callable<?> then) {
      return new Fault(true, Optional.empty(), then);
    }
  }

  private static final StoreException LOST =
      new StoreException.Unavailable("the database at db.internal", new IOException("password"));
  private static final StoreException DOUBT =
      new StoreException.InDoubt("the database at db.internal", new IOException("password"));
  private static final StoreException CONFLICT = new StoreException.Conflict("another was first");

  /** A service over the place of another, whose changes of records may fail. */
  private ControlService failing(TestControl control) {
    ControlRecords real = control.place.records().orElseThrow();
    ControlRecords failing =
        (ControlRecords)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ControlRecords.class},
                (proxy, method, args) -> {
                  boolean changes = Set.of("commit", "retire").contains(method.getName());
                  Fault fault = changes ? faults.poll() : null;
                  try {
                    Object result =
                        fault == null || fault.made() ? method.invoke(real, args) : null;
                    if (fault != null) {
                      fault.then().call();
                      if (fault.why().isPresent()) {
                        throw fault.why().get();
                      }
                    }
                    return result;
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    Tailnets place = new SharedPlace(control.place);
    return ControlService.over(
        (Tailnets)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Tailnets.class},
                (proxy, method, args) -> {
                  try {
                    return method.getName().equals("records")
                        ? Optional.of(failing)
                        : method.invoke(place, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                }),
        ControlSettings.DEFAULTS,
        control.clock);
  }

  @Test
  void whoMayInitIsSaidOfTheNodeAsItIsWhenAnotherWriterWasFirst() throws Exception {
    try (TestControl control = new TestControl();
        ControlService service = failing(control)) {
      control.login(2);
      // The node comes with another key after it was read, and before this is committed.
      faults.add(
          new Fault(
              false,
              Optional.of(CONFLICT),
              () -> control.service.login(TAILNET, 2, Login.of(nodeKey(7)))));

      assertThat(service.allowInit(TAILNET, 2, true)).isEqualTo(nodeKey(7));

      assertThat(faults).isEmpty();
      assertThat(control.node(2).nodeKey()).isEqualTo(nodeKey(7));
      assertThat(control.node(2).mayInit()).isTrue();
      assertThat(service.allowInit(TAILNET, 2, true)).isEqualTo(nodeKey(7));
      service.allowInit(TAILNET, 2, false);
      assertThat(control.node(2).mayInit()).isFalse();
      assertThat(refusal(() -> service.allowInit(TAILNET, 9, true)).code())
          .isEqualTo("unknown-node");
    }
  }

  @Test
  void aChangeWhoseOutcomeIsUnknownIsDecidedAgain() throws Exception {
    for (boolean made : List.of(true, false)) {
      try (TestControl control = TestControl.locked(2);
          ControlService service = failing(control)) {
        Caller node1 = Caller.node(TAILNET, 1);
        faults.add(new Fault(made, DOUBT));
        service.login(TAILNET, 3, Login.of(nodeKey(3)));
        faults.add(new Fault(made, DOUBT));
        service.call(node1, TestControl.sign(1, signature(3)));
        assertThat(control.listed(3)).contains(signature(3));
        faults.add(new Fault(made, DOUBT));
        service.call(node1, TestControl.disable(1, genesis.hash(), TestControl.SECRET));
        faults.add(new Fault(made, DOUBT));
        service.call(node1, begin(1, genesis(2)));
        faults.add(new Fault(made, DOUBT));
        service.call(node1, finish(1, Map.of(1L, signature(1))));

        assertThat(faults).isEmpty();
        assertThat(control.head()).isEqualTo(genesis(2).hash());
        assertThat(control.listed(1)).contains(signature(1));
        assertThat(control.service.status(TAILNET).retired()).isEqualTo(1);
      }
    }
  }

  @Test
  void whatThePlaceCannotDoIsSaidInPlainWordsWithoutItsName() throws Exception {
    try (TestControl control = TestControl.locked(2);
        ControlService service = failing(control)) {
      faults.add(new Fault(false, LOST));
      ControlException unavailable = refusal(() -> login(service));
      faults.add(new Fault(false, DOUBT));
      faults.add(new Fault(false, DOUBT));
      ControlException inDoubt = refusal(() -> login(service));
      faults.add(new Fault(false, DOUBT));
      faults.add(new Fault(false, LOST));
      ControlException stillInDoubt = refusal(() -> login(service));
      for (int i = 0; i < 30; i++) {
        faults.add(new Fault(false, CONFLICT));
      }
      ControlException conflict = refusal(() -> login(service));

      assertThat(unavailable.status()).isEqualTo(503);
      assertThat(unavailable.code()).isEqualTo("unavailable");
      assertThat(inDoubt.code()).isEqualTo("in-doubt");
      assertThat(stillInDoubt.code()).isEqualTo("in-doubt");
      assertThat(conflict.code()).isEqualTo("conflict");
      assertThat(List.of(unavailable, inDoubt, conflict))
          .allSatisfy(
              e ->
                  assertThat(e).message().doesNotContain("db.internal").doesNotContain("password"));
    }
  }

  private static LoginAnswer login(ControlService service) throws ControlException {
    return service.login(TAILNET, 7, Login.of(nodeKey(7)));
  }

  @Test
  void aConflictIsDecidedAgain() throws Exception {
    try (TestControl control = TestControl.locked(2);
        ControlService service = failing(control)) {
      faults.add(new Fault(false, CONFLICT));
      faults.add(new Fault(false, CONFLICT));
      login(service);
      assertThat(control.node(7).nodeKey()).isEqualTo(nodeKey(7));
    }
  }

  @Test
  void noAcknowledgedEditIsLostNeitherBeforeNorAtTheEnd() throws Exception {
    try (TestControl control = TestControl.locked(4)) {
      ControlService other =
          ControlService.over(
              new SharedPlace(control.place), ControlSettings.DEFAULTS, control.clock);
      Set<AumHash> acknowledged = ConcurrentHashMap.newKeySet();
      List<Callable<Integer>> writers = new ArrayList<>();
      for (int node = 1; node <= 4; node++) {
        int writer = node;
        ControlService service = node % 2 == 0 ? control.service : other;
        writers.add(() -> edits(service, writer, acknowledged));
      }
      int refused = 0;
      for (int each : inParallel(writers)) {
        refused += each;
      }
      control.call(1, TestControl.disable(1, control.head(), TestControl.SECRET));

      assertThat(refused).as("real conflicts").isPositive();
      assertThat(acknowledged).hasSize(40);
      RetiredAuthority retired =
          control.place.records().orElseThrow().tailnet(TAILNET).retired().get(0);
      Set<AumHash> kept = new HashSet<>();
      control
          .place
          .tailnet(retired.store())
          .read()
          .entries()
          .forEach(entry -> kept.add(entry.hash()));
      assertThat(kept).containsAll(acknowledged);
      other.close();
    }
  }

  /** Adds ten keys, each on the head that was seen last. Returns how often it was refused. */
  private static int edits(ControlService service, int node, Set<AumHash> acknowledged)
      throws Exception {
    Caller caller = Caller.node(TAILNET, node);
    int refused = 0;
    for (int key = 0; key < 10; key++) {
      while (true) {
        AumHash head =
            ((Announcement.Enabled) service.announcement(TAILNET, Optional.empty())).head();
        Aum add = adding(head, 1000 * node + key);
        try {
          RpcAnswer.Send answer = (RpcAnswer.Send) service.call(caller, edit(node, head, add));
          assertThat(answer.receipt().refused()).isEmpty();
          acknowledged.add(add.hash());
          break;
        } catch (ControlException e) {
          assertThat(e.code()).isEqualTo("conflict");
          refused++;
        }
      }
    }
    return refused;
  }

  private static Aum adding(AumHash parent, int key) {
    return TestKeys.sign(
        Aum.builder(AumKind.ADD_KEY).parent(parent).key(TestKeys.key(key, 1)).build(), 1);
  }

  @Test
  void ofManyInitsAtOnceExactlyOneLockBeginsWithItsOwnSignatures() throws Exception {
    for (int round = 0; round < 10; round++) {
      try (TestControl control = new TestControl()) {
        for (int node = 1; node <= 4; node++) {
          control.service.login(TAILNET, node, Login.of(nodeKey(node)).withMayInit(true));
        }
        List<Callable<Integer>> inits = new ArrayList<>();
        for (int node = 1; node <= 4; node++) {
          int by = node;
          inits.add(
              () -> {
                try {
                  control.call(by, begin(by, genesis(by)));
                  control.call(by, finish(by, Map.of(1L, signature(1))));
                  return by;
                } catch (ControlException e) {
                  assertThat(e.code()).isIn("lock-on", "forbidden", "conflict");
                  return 0;
                }
              });
        }
        List<Integer> winners = new ArrayList<>(inParallel(inits));
        winners.removeIf(each -> each == 0);

        assertThat(winners).hasSize(1);
        assertThat(control.head()).isEqualTo(genesis(winners.get(0)).hash());
        assertThat(control.listed(1)).contains(signature(1));
      }
    }
  }

  @Test
  void anInitThatComesBetweenTheStepsOfAnotherTakesNoSignatureFromIt() throws Exception {
    try (TestControl control = new TestControl();
        ControlService service = failing(control)) {
      control.login(1);
      control.call(1, begin(1, genesis));
      ControlRecords records = control.place.records().orElseThrow();
      faults.add(
          Fault.after(
              () -> {
                // The other begins, stores its signatures, and is not yet on.
                TailnetRecord before = records.tailnet(TAILNET);
                TailnetRecord after =
                    before
                        .withBegun(
                            new PendingInit(genesis(2), Optional.of(2L), control.clock.instant()))
                        .withAuthority(new AuthorityName(genesis(2).hash(), 2, 2));
                NodeRecord node = control.node(1);
                NodeRecord signed =
                    node.withSignature(
                        Optional.of(new NodeRecord.Signature(signature(1), genesis(2).hash())));
                records.commit(
                    TAILNET,
                    RecordsChange.ofTailnet(before, after)
                        .with(new RecordsChange.OfNode(Optional.of(node), Optional.of(signed))));
                return signed;
              }));
      service.call(Caller.node(TAILNET, 1), finish(1, Map.of(1L, signature(1))));

      assertThat(faults).isEmpty();
      assertThat(control.head()).isEqualTo(genesis.hash());
      assertThat(control.listed(1)).contains(signature(1));
      assertThat(control.call(1, finish(1, Map.of(1L, signature(1)))))
          .isEqualTo(new RpcAnswer.InitFinish());
    }
  }

  private static List<Integer> inParallel(List<Callable<Integer>> tasks) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
    try {
      List<Integer> results = new ArrayList<>();
      for (Future<Integer> each : threads.invokeAll(tasks)) {
        results.add(each.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void anEditAgainstAnEndIsAcknowledgedOrSaysThatTheLockIsOff() throws Exception {
    for (int round = 0; round < 5; round++) {
      try (TestControl control = TestControl.locked(2)) {
        Aum add = Chains.addKey(genesis, TestKeys.key(3, 1), 1);
        List<Integer> done =
            inParallel(
                List.of(
                    () -> {
                      try {
                        control.call(2, edit(2, genesis.hash(), add));
                        return 1;
                      } catch (ControlException e) {
                        assertThat(e.code()).isEqualTo("lock-off");
                        return 0;
                      }
                    },
                    () -> {
                      control.call(1, TestControl.disable(1, genesis.hash(), TestControl.SECRET));
                      return 1;
                    }));
        RetiredAuthority retired =
            control.place.records().orElseThrow().tailnet(TAILNET).retired().get(0);
        assertThat(control.place.tailnet(retired.store()).read().find(add.hash()).isPresent())
            .isEqualTo(done.get(0) == 1);
        assertThat(control.place.tailnet(TAILNET).read().entries()).isEmpty();
        assertThat(control.announced()).isEqualTo(new Announcement.Disabled());
      }
    }
  }
}
