package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.control.LogWork;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.sync.rpc.Announcement;
import dev.tka.testkit.Chains;
import dev.tka.testkit.MemoryFolders;
import dev.tka.tlog.heads.HeadWatch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When an agent asks control, in a time that passes only when a test says so. */
class AgentRunnerTest {
  private static final int SELF = 3;

  @TempDir(factory = MemoryFolders.class)
  Path directory;

  private TestTailnet tailnet;
  private AgentDirectory folder;
  private NodeAgent agent;
  private final Random random = new Random(7);
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private final List<AgentEvent> events = new ArrayList<>();
  private final PriorityQueue<Alarm> alarms =
      new PriorityQueue<>(Comparator.comparing(Alarm::at).thenComparing(Alarm::number));
  private Duration now = Duration.ofDays(3);
  private int alarmed;
  private final AgentPool pool = new AgentPool(tasks::add, new TestTimer(), this::chance, () -> {});

  /** How often chance fails from now on. */
  private int badLuck;

  private AgentListener listener = events::add;

  private final List<Poll> polls = new ArrayList<>();

  /** What answers everything but polls. */
  private ControlTransport calls = ask -> tailnet.transport(SELF).send(ask);

  /** What control answers to a poll; empty if it waits. */
  private Function<Poll, Optional<ControlTransport.Reply>> control = poll -> Optional.empty();

  private record Alarm(Duration at, int number, Runnable task) {}

  private record Poll(
      Duration at,
      ControlTransport.Announced asked,
      CompletableFuture<ControlTransport.Reply> answer) {}

  private final class TestTimer implements AgentPool.Timer {
    @Override
    public Duration now() {
      return now;
    }

    @Override
    public Runnable after(Duration pause, Runnable task) {
      Alarm alarm = new Alarm(now.plus(pause), alarmed++, task);
      alarms.add(alarm);
      return () -> alarms.remove(alarm);
    }
  }

  @BeforeEach
  void open() throws Exception {
    tailnet = TestTailnet.locked(5);
    folder = AgentDirectory.open(directory, tailnet.clock);
    agent = NodeAgent.open(folder, TestTailnet.nodeKey(SELF), tailnet.clock.clocks());
  }

  @AfterEach
  void close() throws Exception {
    folder.close();
    tailnet.close();
  }

  private AgentRunner start() {
    return start(Optional.empty());
  }

  private AgentRunner start(Optional<HeadWatch> watch) {
    AgentRunner runner = AgentRunner.start(agent, this::send, pool, listener, watch);
    drain();
    return runner;
  }

  private CompletableFuture<ControlTransport.Reply> send(ControlTransport.Ask ask) {
    if (!(ask instanceof ControlTransport.Announced asked)) {
      return calls.send(ask);
    }
    Poll poll = new Poll(now, asked, new CompletableFuture<>());
    polls.add(poll);
    control.apply(poll).ifPresent(poll.answer()::complete);
    return poll.answer();
  }

  private double chance() {
    if (badLuck > 0) {
      badLuck--;
      throw new IllegalStateException("bad luck");
    }
    return random.nextDouble();
  }

  private void drain() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  /** Lets time pass; polls that control does not answer end with their patience. */
  private void pass(Duration time) {
    Duration end = now.plus(time);
    while (true) {
      drain();
      Optional<Poll> open = lastPoll().filter(poll -> !poll.answer().isDone());
      Duration next =
          open.map(poll -> poll.at().plus(poll.asked().patience())).orElse(end.plusSeconds(1));
      Alarm alarm = alarms.peek();
      if (alarm != null && alarm.at().compareTo(next) < 0) {
        next = alarm.at();
      }
      if (next.compareTo(end) > 0) {
        now = end;
        return;
      }
      now = next;
      if (alarm != null && alarm.at().equals(next)) {
        alarms.remove(alarm);
        alarm.task().run();
      } else {
        open.orElseThrow().answer().complete(unchanged(open.orElseThrow()));
      }
    }
  }

  private Optional<Poll> lastPoll() {
    return polls.isEmpty() ? Optional.empty() : Optional.of(polls.get(polls.size() - 1));
  }

  private static ControlTransport.Reply unchanged(Poll poll) {
    return new ControlTransport.Reply(
        304, Bytes.empty(), poll.asked().known(), Optional.empty(), Optional.empty());
  }

  private static ControlTransport.Reply enabled(AumHash head) {
    return new ControlTransport.Reply(
        200,
        Bytes.copyOf(("{\"Head\":\"" + head + "\"}").getBytes(StandardCharsets.UTF_8)),
        Optional.of("\"" + head + "\""),
        Optional.empty(),
        Optional.empty());
  }

  private static ControlTransport.Reply error(int status, Optional<Duration> retryAfter) {
    return new ControlTransport.Reply(
        status, Bytes.empty(), Optional.empty(), retryAfter, Optional.empty());
  }

  /** As a real control does: at once if the node does not know it, else when it changes. */
  private Optional<ControlTransport.Reply> honest(Poll poll) {
    ControlTransport.Reply reply = enabled(tailnet.head().hash());
    return poll.asked().known().equals(reply.etag())
        ? poll.asked().patience().isZero() ? Optional.of(unchanged(poll)) : Optional.empty()
        : Optional.of(reply);
  }

  private List<String> lines() {
    return events.stream().map(each -> each.kind() + ": " + each.line()).toList();
  }

  @Test
  void anAgentJoinsFollowsEachChangeAndSaysSoOnceAndWaitsWithoutAThread() throws Exception {
    control = this::honest;
    AgentRunner runner = start();
    assertThat(lines())
        .containsExactly(
            "lock: joined the authority of control; the heads agree: " + tailnet.head().hash(),
            "peers: 3 kept, 1 dropped: node1 (node 1) is let in; node2 (node 2) is let in;"
                + " node4 (node 4) is let in; node5 (node 5) is dropped (there is no signature)");
    assertThat(runner.waitsFor()).isEqualTo("control to announce a change");
    assertThat(tasks).isEmpty();
    assertThat(alarms).isEmpty();

    events.clear();
    tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
    lastPoll().orElseThrow().answer().complete(enabled(tailnet.head().hash()));
    drain();
    assertThat(lines()).containsExactly("lock: the heads agree: " + tailnet.head().hash());

    events.clear();
    int before = polls.size();
    int asked = tailnet.asked.get();
    pass(Duration.ofHours(10));
    assertThat(lines()).isEmpty();
    assertThat(polls.size() - before).isBetween(600, 655);
    // The peers, after each; the lock is asked for nothing while the heads are equal.
    assertThat(tailnet.asked.get() - asked).isBetween(600, 655);
  }

  @Test
  void anEditThatWasMadeHereGoesToControlWhenTheRunnerIsPokedAndOneOfAnotherProgramByItself()
      throws Exception {
    control = this::honest;
    AgentRunner runner = start();
    for (boolean poked : new boolean[] {true, false}) {
      AumHash before = tailnet.head().hash();
      LiveAuthority here =
          poked
              ? agent.authority().orElseThrow()
              : LiveAuthority.open(
                  NodeDirectory.at(directory.resolve("aums"), tailnet.clock),
                  AdmissionPolicy.NODE,
                  tailnet.clock);
      here.inform(List.of(Chains.noOp(tailnet.head(), "own " + poked, 1)));
      AumHash own = here.current().head();
      assertThat(own).isNotEqualTo(before);
      if (poked) {
        runner.poke();
        drain();
      } else {
        pass(AgentRunner.PATIENCE.plusSeconds(1));
      }
      assertThat(tailnet.announced(SELF)).isEqualTo(new Announcement.Enabled(own));
      tailnet.chain.add(agent.authority().orElseThrow().current().snapshot().get(own));
      lastPoll().orElseThrow().answer().complete(enabled(own));
      drain();
    }
  }

  @Test
  void nothingThatControlAnswersMakesAnAgentAskMoreOftenThanItsPace() {
    List<Function<Poll, Optional<ControlTransport.Reply>>> controls =
        List.of(
            poll -> Optional.of(enabled(fresh())),
            poll -> Optional.of(enabled(tailnet.head().hash())),
            poll -> Optional.of(unchanged(poll)),
            poll -> Optional.of(error(200, Optional.empty())),
            poll -> Optional.of(error(500, Optional.empty())),
            poll -> Optional.of(error(429, Optional.of(Duration.ZERO))),
            poll -> random.nextBoolean() ? honest(poll) : Optional.of(enabled(fresh())));
    Duration time = Duration.ofHours(2);
    long most = Pace.BURST + time.dividedBy(Pace.EVERY) + 1;
    for (int i = 0; i < controls.size(); i++) {
      polls.clear();
      int asked = tailnet.asked.get();
      control = controls.get(i);
      AgentRunner runner = start();
      pass(time);
      assertThat(polls.size())
          .as("control " + i)
          .isBetween(15, (int) (i == controls.size() - 1 ? most : 400));
      // A round that leads nowhere is two offers; each poll has one, and the peers.
      assertThat(tailnet.asked.get() - asked).as("control " + i).isLessThan(4 * polls.size() + 5);
      CompletableFuture<Void> stopped = runner.stop();
      drain();
      assertThat(stopped).isDone();
    }
  }

  @Test
  void aControlThatAlwaysHasSomethingNewIsFollowedTenTimesAndThenEveryFiveSecondsOnAverage() {
    Duration time = Duration.ofMinutes(10);
    int most = (int) (Pace.BURST + time.dividedBy(Pace.EVERY) + 1);
    control =
        poll -> {
          assertThat(polls).hasSizeLessThanOrEqualTo(most);
          try {
            tailnet.commit(Chains.noOp(tailnet.head(), "edit " + polls.size(), 1));
          } catch (Exception e) {
            throw new AssertionError(e);
          }
          return Optional.of(enabled(tailnet.head().hash()));
        };
    start();
    assertThat(polls).hasSize(Pace.BURST + 1);
    pass(time);
    assertThat(polls).hasSizeBetween(most / 2, most);
    assertThat(agent.authority().orElseThrow().current().head()).isEqualTo(tailnet.head().hash());
  }

  private AumHash fresh() {
    return Chains.genesis(List.of(dev.tka.testkit.TestKeys.key(1, 1 + random.nextInt(1000))), 1)
        .hash();
  }

  @Test
  void afterFailuresItWaitsARandomPartOfATimeThatDoublesUpToFiveMinutes() {
    control = poll -> Optional.of(error(503, Optional.empty()));
    AgentRunner runner = start();
    pass(Duration.ofHours(12));
    List<Duration> pauses = new ArrayList<>();
    for (int i = 1; i < polls.size(); i++) {
      pauses.add(polls.get(i).at().minus(polls.get(i - 1).at()));
    }
    for (int i = 0; i < 8; i++) {
      assertThat(pauses.get(i)).isLessThanOrEqualTo(Duration.ofSeconds(1L << i));
    }
    assertThat(pauses).allMatch(pause -> pause.compareTo(Pace.LONGEST) <= 0);
    assertThat(pauses).anyMatch(pause -> pause.compareTo(Duration.ofMinutes(4)) > 0);
    assertThat(pauses.subList(10, pauses.size()))
        .anyMatch(pause -> pause.compareTo(Duration.ofMinutes(1)) < 0);
    assertThat(lines()).containsExactly("control: control answers 503");
    assertThat(runner.waitsFor())
        .matches("its next try, [0-9]+ s after the last: control answers 503");

    control = this::honest;
    pass(Pace.LONGEST);
    assertThat(lines()).contains("control: control answers again");
    assertThat(runner.waitsFor()).isEqualTo("control to announce a change");
  }

  @Test
  void itDoesNotComeBackBeforeControlAllowsIt() {
    control = poll -> Optional.of(error(429, Optional.of(Duration.ofMinutes(20))));
    start();
    pass(Duration.ofHours(2));
    assertThat(polls).hasSizeBetween(5, 7);
    for (int i = 1; i < polls.size(); i++) {
      assertThat(polls.get(i).at().minus(polls.get(i - 1).at()))
          .isBetween(Duration.ofMinutes(20), Duration.ofMinutes(25));
    }
  }

  @Test
  void aNodeThatIsNotInStepTriesAgainByItselfAndAtOnceWhenControlAnnouncesSomething()
      throws Exception {
    control = this::honest;
    start();
    // Control says that the lock is off, and shows no secret.
    control =
        poll ->
            poll.asked().known().isPresent() && poll.asked().known().get().equals("\"off\"")
                ? poll.asked().patience().isZero() ? Optional.of(unchanged(poll)) : Optional.empty()
                : Optional.of(
                    new ControlTransport.Reply(
                        200,
                        Bytes.copyOf("{}".getBytes(StandardCharsets.UTF_8)),
                        Optional.of("\"off\""),
                        Optional.empty(),
                        Optional.empty()));
    Poll open = lastPoll().orElseThrow();
    open.answer().complete(control.apply(open).orElseThrow());
    drain();
    assertThat(events.get(events.size() - 1).line()).contains("it stays on here");
    int asked = tailnet.asked.get();
    pass(Duration.ofHours(1));
    assertThat(tailnet.asked.get() - asked).isBetween(60, 250);
    assertThat(agent.status().lock()).isEqualTo("on");
    // The wait may be a pause of at most half a minute.
    tailnet.disable();
    pass(Duration.ofSeconds(90));
    assertThat(agent.status().lock()).isEqualTo("off");
  }

  @Test
  void itStopsWhateverItWaitsForAndAsksNothingAfterwards() {
    for (int when = 0; when < 3; when++) {
      polls.clear();
      control = when == 1 ? poll -> Optional.of(error(500, Optional.empty())) : this::honest;
      AgentRunner runner = start();
      if (when == 2) {
        // A round is about to begin.
        lastPoll().orElseThrow().answer().complete(enabled(fresh()));
      }
      CompletableFuture<Void> stopped = runner.stop();
      drain();
      assertThat(stopped).as("case " + when).isDone();
      int before = polls.size();
      runner.poke();
      pass(Duration.ofHours(1));
      assertThat(polls).hasSize(before);
      assertThat(runner.waitsFor()).isEqualTo("nothing: it is stopped");
    }
  }

  @Test
  void damageThatComesWhileItRunsIsMendedFromControlByTheNextRound() throws Exception {
    control = this::honest;
    start();
    for (String damaged : List.of("last_active_ancestor", "an AUM")) {
      events.clear();
      Path aums = directory.resolve("aums");
      Path file;
      try (Stream<Path> files = Files.walk(aums)) {
        file =
            files
                .filter(Files::isRegularFile)
                .filter(
                    each ->
                        each.getFileName().toString().equals("last_active_ancestor")
                            == damaged.equals("last_active_ancestor"))
                .findFirst()
                .orElseThrow();
      }
      Files.writeString(file, "nonsense");
      pass(Duration.ofMinutes(3));
      assertThat(lines())
          .as(damaged)
          .contains(
              "lock: joined the authority of control; the heads agree: " + tailnet.head().hash());
      assertThat(agent.status().lock()).isEqualTo("on");
      assertThat(agent.authority().orElseThrow().current().isDegraded()).isFalse();
      assertThat(agent.status().kept()).isEqualTo(3);
    }
  }

  @Test
  void aListenerThatThrowsAnythingEndsNothing() {
    control = this::honest;
    listener =
        new AgentListener() {
          @Override
          public void changed(AgentEvent event) {
            events.add(event);
            throw new AssertionError("of a listener");
          }

          @Override
          public void waits(String what) {
            throw new StackOverflowError();
          }
        };
    AgentRunner runner = start();
    assertThat(events).hasSize(2);
    pass(Duration.ofHours(1));
    assertThat(runner.waitsFor()).isEqualTo("control to announce a change");
    CompletableFuture<Void> stopped = runner.stop();
    drain();
    assertThat(stopped).isDone();
  }

  @Test
  void afterAnErrorOfItsOwnEvenWithinTheReportOfOneItGoesOn() {
    control = this::honest;
    calls =
        ask -> {
          throw new AssertionError("of a transport");
        };
    badLuck = 2;
    AgentRunner runner = start();
    assertThat(runner.waitsFor())
        .isEqualTo("its next try, 300 s after the last: an internal error");
    calls = tailnet.transport(SELF);
    pass(Pace.LONGEST);
    assertThat(runner.waitsFor()).isEqualTo("control to announce a change");
    assertThat(lines())
        .startsWith("problem: internal error: java.lang.AssertionError: of a transport")
        .contains("problem: no internal error any longer");
  }

  @Test
  void anAnnouncementWithoutATagIsNotAskedForByTheTagOfAnOlderOne() throws Exception {
    control = this::honest;
    start();
    tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
    ControlTransport.Reply tagged = enabled(tailnet.head().hash());
    lastPoll()
        .orElseThrow()
        .answer()
        .complete(ControlTransport.Reply.of(tagged.status(), tagged.body()));
    drain();
    assertThat(lastPoll().orElseThrow().asked().known()).isEmpty();
  }

  @Test
  void itStopsWithinARoundWhateverControlLeavesUnanswered() throws Exception {
    control = this::honest;
    CountDownLatch asked = new CountDownLatch(1);
    List<ControlTransport.Ask> unanswered = new ArrayList<>();
    calls =
        ask -> {
          unanswered.add(ask);
          asked.countDown();
          return new CompletableFuture<>();
        };
    AgentRunner runner = AgentRunner.start(agent, this::send, pool, listener);
    Thread round = new Thread(this::drain);
    round.setDaemon(true);
    round.start();
    assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(runner.stop()).succeedsWithin(Duration.ofSeconds(60));
    round.join();
    assertThat(unanswered).hasSize(1);
    assertThat(lines()).isEmpty();
    assertThat(alarms).isEmpty();
  }

  @Test
  void aLookThatIsEndedByAStopHasFoundNothing(@TempDir Path keys) throws Exception {
    control = this::honest;
    CountDownLatch asked = new CountDownLatch(1);
    calls =
        ask -> {
          if (!(ask instanceof ControlTransport.ReadLog)) {
            return tailnet.transport(SELF).send(ask);
          }
          asked.countDown();
          return new CompletableFuture<>();
        };
    try (TestWitnesses witnesses = new TestWitnesses(keys, tailnet.clock)) {
      AgentRunner runner =
          AgentRunner.start(agent, this::send, pool, listener, Optional.of(witnesses.watch));
      Thread round = new Thread(this::drain);
      round.setDaemon(true);
      round.start();
      assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(runner.waitsFor()).isEqualTo("control to show its log of heads");
      assertThat(runner.stop()).succeedsWithin(Duration.ofSeconds(60));
      round.join();
      assertThat(agent.status().log()).isEmpty();
      assertThat(folder.read(AgentFolder.File.LOG)).isEmpty();
      assertThat(lines()).noneMatch(line -> line.startsWith("log: "));
    }
  }

  @Test
  void aPokeEndsAPauseUnlessControlAskedForIt() {
    control = poll -> Optional.of(error(503, Optional.empty()));
    AgentRunner runner = start();
    pass(Duration.ofMinutes(30));
    assertThat(alarms).hasSize(1);
    control = this::honest;
    runner.poke();
    drain();
    assertThat(agent.status().lock()).isEqualTo("on");
    assertThat(alarms).isEmpty();

    control = poll -> Optional.of(error(429, Optional.of(Duration.ofMinutes(20))));
    pass(AgentRunner.PATIENCE.plusSeconds(1));
    int before = polls.size();
    runner.poke();
    drain();
    assertThat(polls).hasSize(before);
    control = this::honest;
    pass(Duration.ofMinutes(25));
    assertThat(polls.size()).isGreaterThan(before);
    assertThat(runner.waitsFor()).isEqualTo("control to announce a change");
  }

  @Test
  void whatIsRightAgainIsSaidOfWhatWasWrong() throws Exception {
    control = this::honest;
    start();
    events.clear();
    Path peers = directory.resolve("tka-peers");
    Files.move(peers, directory.resolve("kept"));
    Files.createDirectory(peers);
    Files.createFile(peers.resolve("in-the-way"));
    tailnet.service.deleteNode(TestTailnet.NAME, 5);
    pass(Duration.ofMinutes(2));
    assertThat(lines()).anyMatch(line -> line.startsWith("problem: "));
    Files.delete(peers.resolve("in-the-way"));
    Files.delete(peers);
    pass(Pace.LONGEST.multipliedBy(2));
    assertThat(lines())
        .contains("problem: the folder can be read and written again")
        .doesNotContain("control: control answers again");
  }

  private List<String> logLines() {
    return lines().stream().filter(line -> line.startsWith("log: ")).toList();
  }

  @Test
  void aLogIsLookedAtAfterAHeadAndFromTimeToTimeAndAnAlarmIsSaidOnceAndDropsNobody(
      @TempDir Path keys) throws Exception {
    control = this::honest;
    List<Duration> looks = new ArrayList<>();
    calls =
        ask -> {
          if (ask instanceof ControlTransport.ReadLog read && read.path().equals("checkpoint")) {
            looks.add(now);
          }
          return tailnet.transport(SELF).send(ask);
        };
    try (TestWitnesses witnesses = new TestWitnesses(keys, tailnet.clock)) {
      Optional<HeadWatch> watch = Optional.of(witnesses.watch);
      AgentRunner first = start(watch);
      assertThat(logLines())
          .containsExactly(
              "log: there is no log to look at: control keeps no log here; see whether control"
                  + " runs and keeps a log");
      assertThat(looks).hasSize(1);
      events.clear();
      pass(Duration.ofHours(10));
      assertThat(looks).hasSizeBetween(30, 62);
      assertThat(logLines()).isEmpty();

      witnesses.cosign(tailnet.service);
      pass(Duration.ofMinutes(22));
      assertThat(logLines()).containsExactly("log: the log is in order; nothing to do");

      events.clear();
      looks.clear();
      tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
      LogWork.once(tailnet.service);
      Duration at = now;
      lastPoll().orElseThrow().answer().complete(enabled(tailnet.head().hash()));
      drain();
      assertThat(looks).isEmpty();
      pass(AgentRunner.PATIENCE.multipliedBy(3));
      assertThat(looks).hasSize(1);
      assertThat(looks.get(0)).isBetween(at.plusSeconds(30), at.plusSeconds(120));

      events.clear();
      tailnet.clock.advance(Duration.ofHours(25));
      pass(Duration.ofHours(3));
      assertThat(logLines())
          .hasSize(1)
          .first()
          .asString()
          .startsWith("log: the log stands still: ");
      assertThat(events.get(events.size() - 1).status().log().orElseThrow().outcome().kind())
          .isEqualTo(HeadWatch.Kind.FROZEN);
      assertThat(agent.status().kept()).isEqualTo(3);
      first.close();

      // It is said again by another run, and then, that it is over.
      events.clear();
      AgentRunner second = start(watch);
      assertThat(logLines())
          .hasSize(1)
          .first()
          .asString()
          .startsWith("log: the log stands still: ");
      events.clear();
      tailnet.commit(Chains.noOp(tailnet.head(), "two", 1));
      LogWork.once(tailnet.service);
      pass(Duration.ofMinutes(22));
      assertThat(logLines()).containsExactly("log: the log is in order; nothing to do");
      assertThat(lines()).noneMatch(line -> line.startsWith("peers: "));

      // Twice in a row, and each is another log.
      for (int i = 0; i < 2; i++) {
        events.clear();
        tailnet.clock.advance(Duration.ofSeconds(5));
        tailnet.service.restored(TestTailnet.NAME, false);
        tailnet.service.restored(TestTailnet.NAME, true);
        LogWork.once(tailnet.service);
        looks.clear();
        while (looks.isEmpty()) {
          pass(Duration.ofSeconds(10));
        }
        assertThat(logLines())
            .hasSize(1)
            .first()
            .asString()
            .startsWith("log: the log began anew: ");
      }
      second.close();
    }
  }
}
