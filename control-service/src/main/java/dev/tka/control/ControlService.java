package dev.tka.control;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignerKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Control's part in the lock of any number of tailnets, without a transport (service, sections 2 to
 * 4 and 10). Safe for use by many threads; several services, in several processes, may use one
 * place.
 *
 * <p>Every request is answered by what the place holds now, and may come twice, late, or to another
 * service: it is decided again when others were first, and has the same effect and answer when it
 * is repeated. An authority begins with two commits, first that of its nodes' signatures, which
 * count only while it is on, and then that of its first AUM; it ends with one.
 */
public final class ControlService implements AutoCloseable {
  private static final Duration WRITES_SIGHTINGS = Duration.ofSeconds(3);
  private static final Duration LOOKS_AT_RESTORED = Duration.ofSeconds(3);
  private static final Duration NOTES_TIMES = Duration.ofDays(1);
  private static final Duration LOOKS_AT_HEADS = Duration.ofSeconds(1);

  private final AuthorityCache cache;
  private final Attempts attempts;
  private final Premises premises;
  private final ControlListener listener;
  private final LongSupplier nanoTime;
  private final Rounds rounds;
  private final Lifecycle lifecycle;
  private final Signing signing;
  private final Proposals proposals;
  private final NodeList nodes;
  private final Overview overview;
  private final Tokens tokens;
  private final CatchingUp catchingUp;
  private final Sightings sightings;
  private final RestoredTailnets restoredTailnets;
  private final TailnetViews views;
  private final Push push;
  private final Warmth warmth;
  private final ScheduledExecutorService background;
  private final ScheduledExecutorService witnessing;
  private volatile Optional<HeadsLogs> logs = Optional.empty();
  private final List<Task> tasks;

  private ControlService(
      Tailnets place,
      ControlSettings settings,
      Clocks clocks,
      ControlListener listener,
      LongSupplier nanoTime,
      Attempts.Sleep sleep) {
    // Before anything is opened.
    ControlRecords records =
        place
            .records()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        place + ": this kind of store keeps nothing for a control server"));
    this.cache =
        AuthorityCache.ofNow(place, AdmissionPolicy.CONTROL, clocks, settings.cacheBytes());
    this.attempts = new Attempts(records, nanoTime, sleep);
    this.premises = new Premises(cache, place, records, settings, clocks.wall(), attempts);
    this.listener = listener;
    this.nanoTime = nanoTime;
    this.rounds = new Rounds(premises);
    this.lifecycle = new Lifecycle(premises, nanoTime);
    this.signing = new Signing(premises);
    this.proposals = new Proposals(premises, rounds);
    this.nodes = new NodeList(premises);
    this.restoredTailnets = new RestoredTailnets(premises, listener, nanoTime);
    this.overview = new Overview(premises, restoredTailnets);
    this.tokens = new Tokens(premises, nanoTime);
    this.catchingUp = new CatchingUp(records, nanoTime);
    this.sightings = new Sightings(records);
    this.views =
        new TailnetViews(tailnet -> premises.untilFirst(() -> overview.view(tailnet)), nanoTime);
    this.push = new Push(records, attempts, views, nanoTime);
    this.warmth = new Warmth(records, views, cache, settings.cacheBytes());
    this.background = executor("tka-control");
    this.witnessing = executor("tka-witnessing");
    this.tasks =
        List.of(
            new Task(WRITES_SIGHTINGS, "sightings", sightings::flush),
            new Task(WRITES_SIGHTINGS, "announcements", this::sweep),
            new Task(LOOKS_AT_RESTORED, "restored tailnets", this::takeBack),
            new Task(WRITES_SIGHTINGS, "times", () -> failed(cache.noteOpened())),
            new Task(NOTES_TIMES, "times", () -> failed(cache.noteTimes())));
    for (Task task : tasks) {
      long millis = task.period().toMillis();
      var unused =
          background.scheduleWithFixedDelay(() -> run(task), millis, millis, TimeUnit.MILLISECONDS);
    }
  }

  private static ScheduledExecutorService executor(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
  }

  /**
   * A service over a place, which it closes when it is closed.
   *
   * @param clock tells when AUMs are committed, and when nodes came
   * @throws IllegalArgumentException if the place keeps nothing beside AUMs ({@link
   *     Tailnets#records})
   */
  public static ControlService over(Tailnets place, ControlSettings settings, Clock clock) {
    return over(place, settings, clock, ControlListener.NONE);
  }

  /**
   * A service over a place that tells a listener what happens.
   *
   * @throws IllegalArgumentException if the place keeps nothing beside AUMs
   */
  public static ControlService over(
      Tailnets place, ControlSettings settings, Clock clock, ControlListener listener) {
    return over(place, settings, clock, listener, System::nanoTime);
  }

  static ControlService over(
      Tailnets place,
      ControlSettings settings,
      Clock clock,
      ControlListener listener,
      LongSupplier nanoTime) {
    return over(place, settings, Clocks.of(clock), listener, nanoTime);
  }

  static ControlService over(
      Tailnets place,
      ControlSettings settings,
      Clocks clocks,
      ControlListener listener,
      LongSupplier nanoTime) {
    return over(place, settings, clocks, listener, nanoTime, Thread::sleep);
  }

  static ControlService over(
      Tailnets place,
      ControlSettings settings,
      Clocks clocks,
      ControlListener listener,
      LongSupplier nanoTime,
      Attempts.Sleep sleep) {
    return new ControlService(place, settings, clocks, listener, nanoTime, sleep);
  }

  /**
   * Opens what is hot in the background before anybody asks for it, from now on (service, section
   * 7): at first the tailnets whose nodes came last, and then those that change, as long as they
   * take up less than three quarters of the memory for open authorities. To be called once.
   */
  public void warm() {
    push.whenChanged(warmth::changed);
    warmth.begin();
  }

  /**
   * Keeps a log of each tailnet's heads from now on, and has witnesses cosign it (service, section
   * 11). To be called once; several services do it together, with the same keys.
   *
   * @param keys of the logs: one, or two while one replaces the other
   * @param policy the witnesses, with their URLs, and how many of them must cosign
   * @param transport how witnesses are asked
   * @throws IllegalArgumentException if there is no key
   */
  public void keepLogs(List<SignerKey> keys, LogPolicy policy, WitnessTransport transport) {
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("a log is signed by a key");
    }
    HeadsLogs kept = new HeadsLogs(premises, listener, nanoTime, keys, policy, transport);
    logs = Optional.of(kept);
    Task task = new Task(LOOKS_AT_HEADS, "logs of heads", kept::work);
    long millis = task.period().toMillis();
    // Of its own: a witness may let it wait.
    var unused =
        witnessing.scheduleWithFixedDelay(() -> run(task), millis, millis, TimeUnit.MILLISECONDS);
  }

  /** Does what is done for the logs once. */
  void workOnLogs() throws StoreException {
    logs.orElseThrow().work();
  }

  /**
   * What the log of a tailnet's heads has at a path: {@code checkpoint}, or that of a tile (C2SP,
   * tlog-tiles).
   *
   * @return empty if there is nothing, or no log is kept
   * @throws ControlException if the tailnet is not known, or cannot be read
   */
  public Optional<byte[]> log(String tailnet, String path) throws ControlException {
    return premises.untilFirst(
        () -> {
          premises.seen(tailnet);
          return logs.isPresent() ? logs.get().fetch(tailnet, path) : Optional.empty();
        });
  }

  /**
   * How long each witness has cosigned nothing, by the name of its key; since it was first asked if
   * it never did. Empty while no log is kept, or there is nothing to cosign.
   */
  public Map<String, Duration> witnessSilences() {
    return logs.map(HeadsLogs::silences).orElse(Map.of());
  }

  /** How many tailnets were opened before anybody asked. */
  long warmed() {
    return warmth.opened();
  }

  /** The open authorities. */
  AuthorityCache cache() {
    return cache;
  }

  /** Work in the background. */
  @FunctionalInterface
  private interface Work {
    void run() throws StoreException;
  }

  private record Task(Duration period, String what, Work work) {}

  private void run(Task task) {
    try {
      task.work().run();
    } catch (StoreException | RuntimeException e) {
      // A task that throws is not run again.
      listener.failed(task.what(), e);
    }
  }

  /** Does all work in the background once. */
  void inTheBackground() {
    tasks.forEach(this::run);
  }

  /** Takes back what nodes were told too long ago, and lifts fences of movers that are dead. */
  void sweep() throws StoreException {
    attempts.sweep();
    catchingUp.sweep();
  }

  /** Has nodes give back what they hold to tailnets that were restored, or ends that. */
  void takeBack() throws StoreException {
    sightings.flush();
    restoredTailnets.sweep();
  }

  private void failed(Map<String, TkaException> times) {
    times.forEach(
        (tailnet, why) -> {
          // A tailnet that is moved has its time noted where it lives.
          if (!(why instanceof StoreException.Fenced)) {
            listener.failed("times", why);
          }
        });
  }

  /**
   * Answers a request (service, section 3).
   *
   * @throws ControlException why it is not done, in words for whoever waits
   */
  public RpcAnswer call(Caller caller, RpcRequest request) throws ControlException {
    return heard(
        caller.tailnet(),
        caller.node(),
        request.nodeKey(),
        request.rpc().path(),
        () -> premises.untilFirst(() -> answer(caller, request)));
  }

  private Told<RpcAnswer> answer(Caller caller, RpcRequest request)
      throws ControlException, StoreException, OpenException {
    String tailnet = caller.tailnet();
    Optional<NodeRecord> asking = asking(caller, request);
    if (request instanceof RpcRequest.Offer offer) {
      Rounds.Outcome outcome = rounds.offer(tailnet, asking, offer);
      catchingUp.follow(tailnet, asking, outcome.outcome());
      noteSighting(tailnet, asking, offer.offer(), outcome);
      return new Told<>(outcome.answer(), outcome.outcome(), outcome.detail());
    }
    if (request instanceof RpcRequest.Send send) {
      Rounds.Outcome outcome = rounds.send(tailnet, asking, send);
      if (outcome.outcome().equals("refused")) {
        noteSighting(tailnet, asking, new SyncOffer(send.send().head(), List.of()), outcome);
      }
      return new Told<>(outcome.answer(), outcome.outcome(), outcome.detail());
    }
    if (request instanceof RpcRequest.InitFinish finish) {
      Lifecycle.Finished finished = lifecycle.finish(tailnet, asking, finish);
      if (!finished.unsigned().isEmpty()) {
        listener.unsigned(tailnet, finished.unsigned());
      }
      return Told.ok(finished.answer());
    }
    if (request instanceof RpcRequest.InitBegin begin) {
      return Told.ok(lifecycle.begin(tailnet, asking, begin));
    }
    if (request instanceof RpcRequest.Bootstrap bootstrap) {
      return Told.ok(lifecycle.bootstrap(tailnet, asking, bootstrap));
    }
    if (request instanceof RpcRequest.Disable disable) {
      return Told.ok(lifecycle.disable(caller, disable));
    }
    if (request instanceof RpcRequest.Sign sign) {
      return Told.ok(signing.sign(tailnet, sign));
    }
    return Told.ok(signing.affected(tailnet, (RpcRequest.AffectedSigs) request));
  }

  /** The node that asks, which must have the key that it names; empty for the operator. */
  private Optional<NodeRecord> asking(Caller caller, RpcRequest request)
      throws ControlException, StoreException {
    if (caller.node().isEmpty()) {
      premises.seen(caller.tailnet());
      return Optional.empty();
    }
    NodeRecord node = premises.node(caller.tailnet(), caller.node().get());
    if (!request.nodeKey().equals(Optional.of(node.nodeKey()))) {
      throw new ControlException.Forbidden(
          "the request does not name the key with which this node has logged in");
    }
    return Optional.of(node);
  }

  private void noteSighting(
      String tailnet, Optional<NodeRecord> node, SyncOffer offer, Rounds.Outcome outcome) {
    List<AumHash> ancestors = offer.ancestors();
    node.ifPresent(
        asking ->
            sightings.note(
                tailnet,
                new NodeSighting(
                    asking.id(),
                    premises.now(),
                    Optional.of(offer.head()),
                    ancestors.isEmpty()
                        ? Optional.empty()
                        : Optional.of(ancestors.get(ancestors.size() - 1)),
                    outcome.outcome(),
                    outcome.detail())));
  }

  /** Notes a registration that control accepts (service, section 10). */
  public LoginAnswer login(String tailnet, long node, Login login) throws ControlException {
    return heard(
        tailnet,
        Optional.of(node),
        Optional.of(login.nodeKey()),
        "login",
        () -> {
          LoginAnswer answer = nodes.login(tailnet, node, login);
          if (answer instanceof LoginAnswer.HandBack) {
            return new Told<>(answer, "handed-back", "");
          }
          Optional<String> refused = ((LoginAnswer.Stored) answer).refused();
          return new Told<>(
              answer, refused.isEmpty() ? "ok" : "refused-signature", refused.orElse(""));
        });
  }

  /**
   * Stores one node as given. Its signature is kept if its key stays and none is given.
   *
   * @throws ControlException.Refused if the lock is on and the signature does not verify
   */
  public void putNode(String tailnet, NodeEntry node) throws ControlException {
    heard(
        tailnet,
        Optional.of(node.node()),
        Optional.of(node.nodeKey()),
        "put-node",
        () -> {
          nodes.put(tailnet, node);
          return Told.ok(node);
        });
  }

  /**
   * Says whether a node may begin an authority (service, section 3), and changes nothing else of
   * it.
   *
   * @return the key that it has
   * @throws ControlException.UnknownNode if there is no such node
   */
  public NodeKey allowInit(String tailnet, long node, boolean may) throws ControlException {
    return heard(
        tailnet,
        Optional.of(node),
        Optional.empty(),
        "may-init",
        () -> Told.ok(nodes.allowInit(tailnet, node, may).nodeKey()));
  }

  /** Removes a node, with its tokens; has no effect if there is none. */
  public void deleteNode(String tailnet, long node) throws ControlException {
    heard(
        tailnet,
        Optional.of(node),
        Optional.empty(),
        "delete-node",
        () -> {
          nodes.delete(tailnet, node);
          return Told.ok(node);
        });
  }

  /**
   * Replaces the whole list, or changes nothing. The signature of a node whose key stays is kept if
   * none is given.
   *
   * @throws ControlException.Refused if the lock is on and a signature does not verify
   */
  public void replaceNodes(String tailnet, List<NodeEntry> list) throws ControlException {
    heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "put-nodes",
        () -> {
          nodes.replace(tailnet, list);
          return Told.ok(list);
        });
  }

  /**
   * Reads nodes as they go into everybody's map, in the order of their numbers.
   *
   * @param some the numbers of those to read, of which unknown ones are left out; empty for all
   */
  public void nodes(String tailnet, Optional<Collection<Long>> some, Consumer<NodeEntry> reading)
      throws ControlException {
    requireName(tailnet);
    nodes.read(tailnet, some, reading);
  }

  /**
   * Names what {@link #nodes} reads, as of a second ago or later, at the cost of a look-up in
   * memory: as long as the name stays, so do the nodes. Whoever reads them after it has what it
   * names, or something newer, which has another name soon.
   *
   * @return printable characters, without quotes and spaces; empty if that cannot be told now.
   *     Another service over the same place gives other names
   */
  public Optional<String> nodesVersion(String tailnet) throws ControlException {
    requireName(tailnet);
    return views.version(tailnet);
  }

  /**
   * What is announced (service, section 4).
   *
   * @param node a node, or empty for what most nodes are told
   */
  public Announcement announcement(String tailnet, Optional<Long> node) throws ControlException {
    requireName(tailnet);
    return premises.untilFirst(() -> overview.announcement(tailnet, node));
  }

  /**
   * Waits until what is announced is no longer what is known, without holding a thread. What is
   * known already is compared with what was announced a second ago or later.
   *
   * @param node a node, or empty for what most nodes are told
   * @param done told once, by any thread; at once if what is announced is something else than is
   *     known
   * @return ends the wait; {@code done} is not told afterwards, unless that has begun
   * @throws ControlException if it cannot be read; {@code done} is not told then
   */
  public Tailnets.Watch awaitAnnouncement(
      String tailnet, Optional<Long> node, Announcement known, AnnouncementWaiter done)
      throws ControlException {
    requireName(tailnet);
    return push.await(tailnet, node, known, done);
  }

  /**
   * Begins to tell what changes (service, section 4).
   *
   * @param tailnet the only tailnet to tell of; empty for all
   * @param from the token of the last line that was read; empty to begin anew
   * @throws ControlException if what changed since cannot be read, or the only tailnet does not
   *     live here
   */
  public Subscription watch(Optional<String> tailnet, Optional<String> from)
      throws ControlException {
    if (tailnet.isPresent()) {
      requireName(tailnet.get());
    }
    return push.subscribe(tailnet, from.map(Changes.Position::new));
  }

  /** Sends watches and those who wait elsewhere: this service is about to stop. */
  public void drain() {
    push.drain();
  }

  /**
   * How long ago the place was read last for what changed; a service that is well reads it every
   * second at least. Empty if it never was.
   */
  public Optional<Duration> age() {
    return views.age();
  }

  /** The number of callers that wait for an announcement. */
  public long waiting() {
    return push.waiting();
  }

  /** The number of watches. */
  public int watching() {
    return push.watching();
  }

  /** All tailnets, by name. */
  public List<TailnetStatus> tailnets() throws ControlException {
    return overview.tailnets();
  }

  /** How a tailnet stands. */
  public TailnetStatus status(String tailnet) throws ControlException {
    requireName(tailnet);
    return premises.untilFirst(() -> overview.status(tailnet));
  }

  /** The authority that is on, by the place's current revision; empty while the lock is off. */
  public Optional<Authority> authority(String tailnet) throws ControlException {
    requireName(tailnet);
    return premises.untilFirst(
        () -> {
          var unused = premises.seen(tailnet);
          return premises.live(tailnet).map(LiveAuthority::current);
        });
  }

  /**
   * Makes a tailnet, for which the operator need not be asked otherwise (service, section 5); has
   * no effect if there is one.
   *
   * @throws ControlException.Malformed if no new tailnet may have the name
   */
  public void create(String tailnet) throws ControlException {
    heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "create",
        () ->
            premises.untilFirst(
                () -> {
                  premises.create(tailnet);
                  return Told.ok(tailnet);
                }));
  }

  /**
   * Says that a tailnet was restored from a backup: until that is over, control takes back what
   * nodes still hold, also where it rewrites history (protocol, section 10). It holds for every
   * service on this place. It is over by itself when all nodes have come, but those that had not
   * been there for 30 days, and after 7 days at the latest; and it ends with the authority.
   *
   * @param is false once it is over
   * @throws ControlException.LockOff if the lock is off, so that there is nothing to take back
   */
  public void restored(String tailnet, boolean is) throws ControlException {
    heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        is ? "restored" : "not-restored",
        () ->
            premises.untilFirst(
                () -> {
                  premises.restored(tailnet, is);
                  return Told.ok(tailnet);
                }));
  }

  /**
   * Says of every tailnet whose lock is on that it was restored from a backup, see {@link
   * #restored(String, boolean)}. One that is restored already stays so. One whose nodes have all
   * come since is left alone, so that it can be said again at every start, and so is one whose lock
   * began later. One of which it cannot be said now, since it is being moved or cannot be opened,
   * is told to the listener, and tried again in the background for a minute.
   *
   * @param since when the place was put back; 7 days later it has no effect
   * @return the tailnets of which it was said now
   */
  public List<String> restored(Instant since) throws ControlException {
    return restoredTailnets.mark(since.truncatedTo(ChronoUnit.SECONDS));
  }

  /** The votes that a tailnet asks of edits (service, section 11, "Thresholds"). */
  public Thresholds thresholds(String tailnet) throws ControlException {
    requireName(tailnet);
    return premises.untilFirst(() -> proposals.thresholds(tailnet));
  }

  /**
   * Sets the votes that a tailnet asks of edits. From when this returns, nothing that has fewer
   * gets in, at any service of this version on this place; proposals that now have enough are made.
   *
   * @param changes votes by kind, 0 if one trusted key suffices; a kind that is left out stays as
   *     it is, also if others set it at the same time
   * @throws ControlException.Refused if all keys together do not have so many votes
   * @throws IllegalArgumentException if a number is negative or above {@link Thresholds#MOST}
   */
  public void setThresholds(String tailnet, Map<Thresholds.Kind, Long> changes)
      throws ControlException {
    heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "thresholds",
        () -> {
          premises.untilFirst(
              () -> {
                proposals.set(tailnet, changes);
                return tailnet;
              });
          proposals.advance(tailnet);
          return Told.ok(tailnet);
        });
  }

  /**
   * The changes for which signatures are collected, and the last ones that ended, oldest first,
   * each as it stands on the head of now.
   */
  public List<ProposalStatus> proposals(String tailnet) throws ControlException {
    requireName(tailnet);
    return premises.untilFirst(() -> proposals.list(tailnet));
  }

  /**
   * One proposal.
   *
   * @throws ControlException.UnknownProposal if there is none with this id
   */
  public ProposalStatus proposal(String tailnet, String id) throws ControlException {
    requireName(tailnet);
    return premises.untilFirst(() -> proposals.get(tailnet, id));
  }

  /**
   * Proposes edits, for others to sign. Edits that are proposed already are answered with that
   * proposal.
   *
   * @param edits AUMs that add, remove or update a key; their parents and signatures do not count
   * @throws ControlException.Refused if no peer would accept them
   */
  public ProposalStatus propose(String tailnet, List<Aum> edits) throws ControlException {
    return heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "propose",
        () -> Told.ok(premises.untilFirst(() -> proposals.propose(tailnet, edits))));
  }

  /**
   * Proposes the end of the authority.
   *
   * @throws ControlException.Refused if that asks for no votes
   */
  public ProposalStatus proposeDisable(String tailnet) throws ControlException {
    return heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "propose",
        () -> Told.ok(premises.untilFirst(() -> proposals.proposeDisable(tailnet))));
  }

  /**
   * Takes a signature of {@link Proposal#sigHash}. With the last one that it needs, the proposal's
   * AUM is let in. The same signature may come twice, late, or to another service.
   *
   * @param over the hash that was signed, as the signer computed it
   * @throws ControlException.Conflict if it is another by now: another change was first, so that
   *     the proposal was built again and is to be signed again
   * @throws ControlException.Refused if the key is not trusted or has signed already, the signature
   *     does not verify, or the proposal has ended
   * @throws ControlException.UnknownProposal if there is none with this id
   */
  public ProposalStatus approve(String tailnet, String id, Bytes over, AumSignature signature)
      throws ControlException {
    return heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "approve",
        () -> Told.ok(proposals.approve(tailnet, id, over, signature)));
  }

  /**
   * Ends a proposal; has no effect if it has ended.
   *
   * @throws ControlException.UnknownProposal if there is none with this id
   */
  public ProposalStatus withdraw(String tailnet, String id) throws ControlException {
    return heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "withdraw",
        () -> Told.ok(premises.untilFirst(() -> proposals.withdraw(tailnet, id))));
  }

  /** Reads how every node stands, in the order of their numbers. */
  public void fleet(String tailnet, Consumer<FleetEntry> reading) throws ControlException {
    requireName(tailnet);
    // What cannot be written is not shown.
    Attempts.read(
        () -> {
          sightings.flush();
          return tailnet;
        });
    overview.fleet(tailnet, reading);
  }

  /** Deletes a tailnet with everything that is kept of it; has no effect if there is none. */
  public void delete(String tailnet) throws ControlException {
    heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "delete",
        () ->
            premises.untilFirst(
                () -> {
                  cache.delete(tailnet, premises.records().seen(tailnet).aums());
                  return Told.ok(tailnet);
                }));
  }

  /**
   * Makes a token that stands for a node (service, section 5). Only its hash is kept.
   *
   * @return {@code tka-node-} and 32 random bytes in base64url
   */
  public String makeToken(String tailnet, long node) throws ControlException {
    return heard(
        tailnet,
        Optional.of(node),
        Optional.empty(),
        "make-token",
        () -> Told.ok(tokens.make(tailnet, node)));
  }

  /** The tokens of a tailnet's nodes, by node and then by time. */
  public List<NodeToken> tokens(String tailnet) throws ControlException {
    requireName(tailnet);
    return tokens.list(tailnet);
  }

  /**
   * Revokes a token; has no effect if there is none.
   *
   * @param hash the hash of the token, see {@link NodeToken}
   */
  public void revokeToken(String tailnet, Bytes hash) throws ControlException {
    heard(
        tailnet,
        Optional.empty(),
        Optional.empty(),
        "revoke-token",
        () -> {
          tokens.revoke(tailnet, hash);
          return Told.ok(hash);
        });
  }

  /**
   * The node that a token stands for, if it was made and not revoked.
   *
   * @param source where it comes from, such as an address
   * @throws ControlException.Moved if its tailnet was moved elsewhere
   * @throws ControlException.TooMany if too many that are not valid came from there, unless this
   *     one was valid before
   */
  public Optional<NodeToken> authenticate(String token, String source) throws ControlException {
    return tokens.find(token, source);
  }

  /** Writes what is noted in memory, and closes the place. */
  @Override
  public void close() {
    background.shutdownNow();
    witnessing.shutdownNow();
    warmth.close();
    push.close();
    try {
      sightings.flush();
    } catch (StoreException e) {
      listener.failed("sightings", e);
    } finally {
      cache.close();
    }
  }

  /** A result, and what the listener hears of it. */
  private record Told<T>(T result, String outcome, String detail) {
    static <T> Told<T> ok(T result) {
      return new Told<>(result, "ok", "");
    }
  }

  /** Something that is done for a caller. */
  @FunctionalInterface
  private interface Serving<T> {
    Told<? extends T> run() throws ControlException;
  }

  private <T> T heard(
      String tailnet,
      Optional<Long> node,
      Optional<NodeKey> nodeKey,
      String what,
      Serving<T> serving)
      throws ControlException {
    long began = nanoTime.getAsLong();
    String outcome = "failed";
    String detail = "";
    try {
      requireName(tailnet);
      Told<? extends T> told = serving.run();
      outcome = told.outcome();
      detail = told.detail();
      return told.result();
    } catch (ControlException e) {
      outcome = e.code();
      detail = String.valueOf(e.getMessage());
      throw e;
    } finally {
      listener.served(
          new ControlListener.Event(
              tailnet,
              node,
              nodeKey,
              what,
              outcome,
              detail,
              Duration.ofNanos(nanoTime.getAsLong() - began)));
    }
  }

  private static void requireName(String tailnet) throws ControlException {
    if (!Tailnets.isName(tailnet)) {
      throw new ControlException.Malformed(
          "the name of a tailnet has 1 to " + Tailnets.LONGEST_NAME + " characters");
    }
  }
}
