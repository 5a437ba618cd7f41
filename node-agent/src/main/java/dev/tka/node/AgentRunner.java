package dev.tka.node;

import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.sync.rpc.Announcement;
import dev.tka.tlog.heads.HeadWatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an agent in step with control (service, section 9): waits for what control announces,
 * follows it, and asks for the peers, until it is stopped. While it waits it holds no thread.
 *
 * <p>It asks again after every failure, in a {@link Pace} that no answer of control can speed up.
 */
public final class AgentRunner implements AutoCloseable {
  /** How long control may wait for something to announce; proxies cut what is silent for longer. */
  static final Duration PATIENCE = Duration.ofSeconds(55);

  /** That heads are equal counts for some time (protocol, section 10, "Own time"). */
  private static final Duration AGREE_AGAIN = Duration.ofHours(1);

  private static final Duration NOTE_TIME = Duration.ofDays(1);

  /** A node that is not in step looks this often for something new from control. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(30);

  /** The log is looked at so long after the last look, and up to as long again. */
  static final Duration LOG_AGAIN = Duration.ofMinutes(10);

  /** And so long after a new head, and up to as long again: by then it is in the log. */
  private static final Duration LOG_SOON = Duration.ofSeconds(30);

  private static final int MOST_NAMED = 5;

  private static final String OTHER_HEAD = "the head here is not the one that control announced";

  private final NodeAgent agent;
  private final ControlTransport transport;
  private final AgentPool pool;
  private final AgentListener listener;
  private final Optional<HeadWatch> watch;
  private final Pace pace;
  private final CompletableFuture<Void> stopped = new CompletableFuture<>();

  // Guarded by this; all other fields are of the one step that goes on at a time.
  private boolean stopping;
  private boolean poked;
  private @Nullable CompletableFuture<ControlTransport.Reply> polling;
  private @Nullable CompletableFuture<ControlTransport.Reply> calling;
  private @Nullable Runnable pausing;
  private boolean pauseIsMine;
  private int pauses;

  private volatile String waits = "its start";
  private Optional<String> etag = Optional.empty();
  private Optional<Announcement> told = Optional.empty();
  private boolean settled;

  /** What to say when it is over, by the kind of what fails. */
  private final Map<AgentEvent.Kind, String> failing = new EnumMap<>(AgentEvent.Kind.class);

  private Duration patience = Duration.ZERO;
  private Duration followedAt;
  private Duration notedAt;
  private Duration logDue;
  private boolean logWasLookedAt;
  private HeadWatch.Kind lastLog;
  private String lastLock = "";
  private String lastFailure = "";
  private List<String> lastProblems = List.of();

  private AgentRunner(
      NodeAgent agent,
      ControlTransport transport,
      AgentPool pool,
      AgentListener listener,
      Optional<HeadWatch> watch) {
    this.agent = agent;
    this.transport = ask -> call(transport, ask);
    this.pool = pool;
    this.listener = listener;
    this.watch = watch;
    Duration now = pool.timer().now();
    this.pace = new Pace(pool.chance(), now);
    this.followedAt = now;
    this.notedAt = now;
    this.logDue = now;
    this.lastLog =
        agent.status().log().map(each -> each.outcome().kind()).orElse(HeadWatch.Kind.FINE);
  }

  /** Begins. The first that it asks is what control announces now. */
  public static AgentRunner start(
      NodeAgent agent, ControlTransport transport, AgentPool pool, AgentListener listener) {
    return start(agent, transport, pool, listener, Optional.empty());
  }

  /**
   * The same, and looks at control's log of heads after the first round, within two minutes of each
   * new head, and every 10 to 20 minutes. What it finds is reported, and changes nothing about
   * peers.
   *
   * @param watch how the log is judged
   */
  public static AgentRunner start(
      NodeAgent agent,
      ControlTransport transport,
      AgentPool pool,
      AgentListener listener,
      Optional<HeadWatch> watch) {
    AgentRunner runner = new AgentRunner(agent, transport, pool, listener, watch);
    runner.step(runner::begin);
    return runner;
  }

  /**
   * Asks control once what it announces, follows that, and asks for the peers.
   *
   * @throws ControlFailure if control gives no answer that can be used; what rounds before that
   *     brought stays
   * @throws StoreException if the folder cannot be read or written
   */
  public static Followed once(NodeAgent agent, ControlTransport transport)
      throws ControlFailure, StoreException {
    ControlCalls.Told now = ControlCalls.told(transport);
    if (now.announcement().isEmpty()) {
      throw new ControlFailure.BadAnswer("it says that nothing changed, and was not asked that");
    }
    Followed followed = agent.follow(now.announcement().get(), transport);
    agent.fetchPeers(transport);
    return followed;
  }

  /** Asks control, unless it is to end, which ends the call. */
  private CompletableFuture<ControlTransport.Reply> call(
      ControlTransport way, ControlTransport.Ask ask) {
    if (isStopping()) {
      CompletableFuture<ControlTransport.Reply> ended = new CompletableFuture<>();
      ended.cancel(true);
      return ended;
    }
    CompletableFuture<ControlTransport.Reply> answer = way.send(ask);
    boolean over;
    synchronized (this) {
      calling = answer;
      over = stopping;
    }
    if (over) {
      answer.cancel(true);
    }
    return answer;
  }

  /**
   * Says that the node has something for control, such as an edit that was made here. A round
   * begins soon: when the one that goes on is over, or the pause that control asked for.
   */
  public void poke() {
    CompletableFuture<ControlTransport.Reply> poll;
    Runnable pause = null;
    synchronized (this) {
      poked = true;
      poll = polling;
      if (pauseIsMine) {
        pause = pausing;
        pausing = null;
      }
    }
    if (poll != null) {
      poll.cancel(true);
    }
    if (pause != null) {
      pause.run();
      guarded(() -> step(this::poll));
    }
  }

  /** What it waits for, for people, on one line. */
  public String waitsFor() {
    return waits;
  }

  /**
   * Ends it, and the call to control that goes on.
   *
   * @return completed when it does nothing more
   */
  public CompletableFuture<Void> stop() {
    CompletableFuture<ControlTransport.Reply> call;
    Runnable pause;
    synchronized (this) {
      stopping = true;
      call = calling;
      pause = pausing;
      pausing = null;
    }
    if (call != null) {
      call.cancel(true);
    }
    if (pause != null) {
      pause.run();
      end();
    }
    return stopped;
  }

  /** Ends it, and waits for that. */
  @Override
  public void close() {
    stop().join();
  }

  private void end() {
    waits = "nothing: it is stopped";
    stopped.complete(null);
  }

  /** Has a step done by the pool, unless it is to end. */
  private void step(Runnable step) {
    synchronized (this) {
      if (!stopping) {
        try {
          pool.rounds().execute(() -> guarded(step));
          return;
        } catch (RejectedExecutionException e) {
          stopping = true;
        }
      }
    }
    end();
  }

  /** A bug must not leave an agent that looks alive and follows nothing. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (Throwable e) {
      try {
        fail(
            AgentEvent.Kind.PROBLEM,
            "internal error: " + e,
            "no internal error any longer",
            Optional.empty());
      } catch (Throwable again) {
        pause(Pace.LONGEST, "an internal error");
      }
    }
  }

  private void await(String what) {
    waits = what;
    quietly(() -> listener.waits(what));
  }

  /** A listener that fails is no reason to stop. */
  private static void quietly(Runnable listening) {
    try {
      listening.run();
    } catch (Throwable e) {
      // Its own to report.
    }
  }

  private void begin() {
    reportProblems();
    poll();
  }

  private void poll() {
    await(patience.isZero() ? "control to say what is announced" : "control to announce a change");
    Duration began = pool.timer().now();
    Duration most = patience;
    CompletableFuture<ControlTransport.Reply> reply = ControlCalls.awaitTold(transport, etag, most);
    boolean over;
    synchronized (this) {
      // A node that was never told anything has to be told first.
      polling = told.isPresent() ? reply : null;
      over = poked && told.isPresent();
    }
    if (over) {
      reply.cancel(true);
    }
    var unused =
        reply.whenComplete(
            (answer, why) -> guarded(() -> step(() -> answered(answer, why, began, most))));
  }

  private void answered(
      ControlTransport.@Nullable Reply reply,
      @Nullable Throwable failure,
      Duration began,
      Duration most) {
    boolean asked;
    synchronized (this) {
      polling = null;
      asked = poked;
      poked = false;
    }
    boolean news = false;
    if (reply != null) {
      try {
        ControlCalls.Told answer = ControlCalls.told(reply);
        // The tag of an older announcement would have control wait though this one is unknown.
        etag = answer.announcement().isPresent() ? answer.etag() : etag;
        news = answer.announcement().isPresent() && !answer.announcement().equals(told);
        told = answer.announcement().or(() -> told);
      } catch (ControlFailure e) {
        fail(e);
        return;
      }
    } else if (!asked) {
      fail(ControlCalls.failure(failure instanceof CompletionException e ? e.getCause() : failure));
      return;
    }
    boolean early =
        !news
            && !asked
            && !most.isZero()
            && pool.timer().now().minus(began).multipliedBy(2).compareTo(most) < 0;
    round(news || asked, early);
  }

  /** Follows if there is reason to, and asks for the peers. */
  private void round(boolean wanted, boolean early) {
    await("a round with control to end");
    Map<String, PeerAccess> before = accesses();
    try {
      if (told.isPresent() && (wanted || !settled || isDue(told.get()))) {
        settled = false;
        followedAt = pool.timer().now();
        Followed followed = agent.follow(told.get(), transport);
        settled = followed.isSettled() && !differs(told.get());
        reportLock(followed);
        if (settled && watch.isPresent()) {
          logDue = sooner(logDue, jittered(LOG_SOON));
        }
      }
      Optional<ControlFailure> unlisted = fetchPeers();
      if (pool.timer().now().minus(notedAt).compareTo(NOTE_TIME) >= 0) {
        agent.noteTime();
        notedAt = pool.timer().now();
      }
      lookAtLog();
      if (unlisted.isPresent()) {
        throw unlisted.get();
      }
    } catch (ControlFailure e) {
      reportPeers(before);
      fail(e);
      return;
    } catch (StoreException e) {
      reportPeers(before);
      fail(
          AgentEvent.Kind.PROBLEM,
          String.valueOf(e.getMessage()),
          "the folder can be read and written again",
          Optional.empty());
      return;
    }
    failing.forEach(this::tell);
    failing.clear();
    lastFailure = "";
    reportPeers(before);
    reportProblems();
    if (early) {
      // It does not wait when it is asked to, or it is about to stop.
      pause(pace.afterFailure(pool.timer().now(), Optional.empty()), "control did not wait");
    } else if (settled) {
      pace.settle();
      patience = PATIENCE;
      pause(pace.next(pool.timer().now()), "it asked often");
    } else {
      Duration whole = pace.afterFailure(pool.timer().now(), Optional.empty());
      Duration pause = whole.compareTo(LOOK_AGAIN) < 0 ? whole : LOOK_AGAIN;
      Duration rest = whole.minus(pause);
      patience = rest.compareTo(PATIENCE) < 0 ? rest : PATIENCE;
      pause(pause, told.filter(this::differs).isPresent() ? OTHER_HEAD : lastLock);
    }
  }

  /**
   * Asks for the peers.
   *
   * @return what control answered instead: one that lists no peers is not to escape the look at its
   *     log by that
   * @throws ControlFailure if it does not answer at all
   */
  private Optional<ControlFailure> fetchPeers() throws ControlFailure, StoreException {
    try {
      agent.fetchPeers(transport);
      return Optional.empty();
    } catch (ControlFailure.Refused | ControlFailure.BadAnswer e) {
      return Optional.of(e);
    }
  }

  /** Whether to follow though nothing is new: after an edit or damage here, and at times. */
  private boolean isDue(Announcement announcement) throws StoreException {
    Optional<LiveAuthority> live = agent.authority();
    if (live.isPresent()) {
      try {
        // Another program may have made the edit, or the damage: following mends that.
        if (live.get().refresh().isDegraded()) {
          return true;
        }
      } catch (OpenException | StoreException.Damaged e) {
        return true;
      }
    }
    return pool.timer().now().minus(followedAt).compareTo(AGREE_AGAIN) >= 0
        || differs(announcement);
  }

  private boolean differs(Announcement announcement) {
    return announcement instanceof Announcement.Enabled enabled
        && agent
            .authority()
            .map(LiveAuthority::current)
            .filter(here -> !here.head().equals(enabled.head()))
            .isPresent();
  }

  private void fail(ControlFailure why) {
    fail(
        AgentEvent.Kind.CONTROL,
        String.valueOf(why.getMessage()),
        "control answers again",
        why.retryAfter());
  }

  private void fail(
      AgentEvent.Kind kind, String why, String whenOver, Optional<Duration> retryAfter) {
    if (isStopping()) {
      // It ended the call that fails.
      end();
      return;
    }
    failing.put(kind, whenOver);
    if (!why.equals(lastFailure)) {
      lastFailure = why;
      tell(kind, why);
    }
    if (!settled) {
      patience = Duration.ZERO;
    }
    Duration time = pace.afterFailure(pool.timer().now(), retryAfter);
    pause(time, why, retryAfter.isEmpty());
  }

  private synchronized boolean isStopping() {
    return stopping;
  }

  private void pause(Duration time, String why) {
    pause(time, why, true);
  }

  /** With {@code mine}, no answer of control asks for this pause, so that a poke ends it. */
  private void pause(Duration time, String why, boolean mine) {
    boolean over;
    synchronized (this) {
      over = time.isZero() || (poked && mine);
    }
    if (over) {
      step(this::poll);
      return;
    }
    long seconds = (time.toMillis() + 999) / 1000;
    await("its next try, " + seconds + " s after the last: " + why);
    synchronized (this) {
      if (!stopping) {
        try {
          int pause = ++pauses;
          pauseIsMine = mine;
          pausing = pool.timer().after(time, () -> guarded(() -> resume(pause)));
          return;
        } catch (RejectedExecutionException e) {
          stopping = true;
        }
      }
    }
    end();
  }

  private void resume(int pause) {
    synchronized (this) {
      if (pausing == null || pause != pauses) {
        return;
      }
      pausing = null;
    }
    step(this::poll);
  }

  private void tell(AgentEvent.Kind kind, String line) {
    AgentEvent event = new AgentEvent(kind, line, agent.status());
    quietly(() -> listener.changed(event));
  }

  private void reportLock(Followed followed) {
    String line = followed.reason();
    if (!line.equals(lastLock)) {
      lastLock = line;
      tell(AgentEvent.Kind.LOCK, line);
    }
  }

  private void lookAtLog() throws StoreException {
    if (watch.isEmpty() || pool.timer().now().compareTo(logDue) < 0) {
      return;
    }
    await("control to show its log of heads");
    try {
      HeadWatch.Kind unused = agent.lookAtLog(watch.get(), transport).outcome().kind();
      logDue = jittered(LOG_AGAIN);
    } catch (CancellationException e) {
      // It is to end: nothing was found.
      return;
    } catch (StoreException e) {
      agent.status().log().ifPresent(this::reportLog);
      throw e;
    }
    agent.status().log().ifPresent(this::reportLog);
  }

  /** A time so long from now, and up to as long again. */
  private Duration jittered(Duration pause) {
    return pool.timer()
        .now()
        .plus(pause)
        .plusMillis((long) (pause.toMillis() * pool.chance().getAsDouble()));
  }

  private static Duration sooner(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** What was wrong before a restart is said again; what began anew is another log each time. */
  private void reportLog(LogVerdict found) {
    HeadWatch.Kind kind = found.outcome().kind();
    boolean isNew = !logWasLookedAt && kind != HeadWatch.Kind.FINE;
    if (isNew || kind != lastLog || kind == HeadWatch.Kind.BEGAN_ANEW) {
      tell(AgentEvent.Kind.LOG, found.outcome().toString());
    }
    lastLog = kind;
    logWasLookedAt = true;
  }

  private void reportProblems() {
    List<String> problems = agent.status().problems();
    for (String each : problems) {
      if (!lastProblems.contains(each)) {
        tell(AgentEvent.Kind.PROBLEM, each);
      }
    }
    lastProblems = problems;
  }

  private Map<String, PeerAccess> accesses() {
    Map<String, PeerAccess> all = new TreeMap<>();
    agent.peers().forEach(peer -> all.put(peer.known().peer().id(), peer.access()));
    return all;
  }

  private void reportPeers(Map<String, PeerAccess> before) {
    List<String> changes = new ArrayList<>();
    int kept = 0;
    int dropped = 0;
    for (JudgedPeer peer : agent.peers()) {
      PeerAccess was = before.remove(peer.known().peer().id());
      boolean isKept = peer.access() != PeerAccess.NONE;
      kept += isKept ? 1 : 0;
      dropped += isKept ? 0 : 1;
      if (peer.access() != was) {
        changes.add(
            title(peer.known())
                + (isKept
                    ? was == null || was == PeerAccess.NONE ? " is let in" : " has other access"
                    : " is dropped"
                        + peer.verdict().map(verdict -> " (" + verdict.reason() + ")").orElse("")));
      }
    }
    before.keySet().forEach(id -> changes.add("node " + PlainLine.of(id) + " is gone"));
    if (changes.isEmpty()) {
      return;
    }
    List<String> named = changes.subList(0, Math.min(MOST_NAMED, changes.size()));
    int more = changes.size() - named.size();
    tell(
        AgentEvent.Kind.PEERS,
        kept
            + " kept, "
            + dropped
            + " dropped: "
            + String.join("; ", named)
            + (more > 0 ? "; and " + more + " more" : ""));
  }

  private static String title(KnownPeer peer) {
    String number = "node " + PlainLine.of(peer.peer().id());
    return peer.name().map(name -> PlainLine.of(name) + " (" + number + ")").orElse(number);
  }
}
