package dev.tka.node;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.nodekey.RotationException;
import dev.tka.core.nodekey.UnsoundKeyException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.sync.NodeRound;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A node's end of tailnet lock (service, section 9; protocol, section 8, "Node behaviour"): it
 * follows what control announces, keeps the authority and the last good peers in a folder, and says
 * for each node key whether the node may talk to its holder.
 *
 * <p>After a restart it knows its last good peers before it asks anybody. If what it kept is
 * damaged, it lets nobody in until control has answered, and begins again only with the authority
 * that it had.
 *
 * <p>Safe for use by many threads. {@link #access} never blocks; following, logging in and editing
 * take turns.
 */
public final class NodeAgent {
  /** How long a look at the log may take. */
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(30);

  private final AgentFolder folder;
  private final Clocks clocks;
  private final PeerBook peers;
  private final ReentrantLock turn = new ReentrantLock();

  /** Of those that look at the log, who let others follow meanwhile. */
  private final ReentrantLock looking = new ReentrantLock();

  private volatile NodeKey self;
  private volatile LockNote note;

  /** Whether the folder holds the note. */
  private boolean noted;

  /** What is wrong with the AUMs and the note, until control has mended it. */
  private volatile List<String> problems;

  /** Where damaged AUMs are now. */
  private volatile Optional<String> aside = Optional.empty();

  private volatile boolean peersAreDamaged;

  /** The list of peers that was taken in last, if nothing else was since. Guarded by peers. */
  private Optional<Listed> listed = Optional.empty();

  private volatile LogNote logNote;
  private volatile boolean logIsDamaged;

  private volatile Standing standing;
  private volatile Optional<Followed> last = Optional.empty();

  private NodeAgent(
      AgentFolder folder,
      Clocks clocks,
      NodeKey self,
      PeerLog.Opened peers,
      Optional<LockNote> note,
      Optional<Bytes> log,
      Standing standing,
      List<String> problems) {
    this.folder = folder;
    this.clocks = clocks;
    this.self = self;
    this.peers = new PeerBook(peers.log(), peers.peers().orElse(Map.of()).values());
    this.peersAreDamaged = peers.peers().isEmpty();
    this.note = note.orElse(LockNote.off());
    this.noted = note.isPresent();
    Optional<LogNote> logNote = log.flatMap(LogNote::decode);
    this.logNote = logNote.orElse(LogNote.NONE);
    this.logIsDamaged = log.isPresent() && logNote.isEmpty();
    this.standing = standing;
    this.problems = List.copyOf(problems);
  }

  /**
   * A list of peers: its name, and how the node stood, as another authority has other signatures.
   */
  private record Listed(String tag, Standing under) {}

  /** What the node knows of the lock. */
  private sealed interface Standing {}

  /** It is off. */
  private record Off() implements Standing {}

  /** It is on. */
  private record On(LiveAuthority live) implements Standing {}

  /**
   * Nothing was heard yet, or what was kept is lost: nobody is let in.
   *
   * @param pin the authority that was on, if that is known
   * @param damaged whether there are AUMs that cannot be used
   * @param fresh whether the node is a new one, that has lost nothing
   */
  private record Unknown(Optional<LockNote.Pin> pin, boolean damaged, boolean fresh)
      implements Standing {
    static Unknown lost(Optional<LockNote.Pin> pin, boolean damaged) {
      return new Unknown(pin, damaged, false);
    }
  }

  /**
   * Opens what a folder holds; an empty one is a new node's. Asks nobody.
   *
   * @param self the node's key, which every request to control names
   * @throws StoreException if the folder cannot be read or written; damage is no such failure
   */
  public static NodeAgent open(AgentFolder folder, NodeKey self, Clocks clocks)
      throws StoreException {
    NodeAgent agent = read(folder, self, clocks);
    agent.noteTime();
    agent.judge();
    return agent;
  }

  /** What a folder holds, of which nothing is changed. */
  static AgentLook look(AgentFolder folder, Clocks clocks) throws StoreException {
    NodeAgent agent = read(folder, new NodeKey(Bytes.copyOf(new byte[NodeKey.SIZE])), clocks);
    agent.judge();
    return new AgentLook(agent.status(), agent.peers());
  }

  private static NodeAgent read(AgentFolder folder, NodeKey self, Clocks clocks)
      throws StoreException {
    List<String> problems = new ArrayList<>();
    Optional<Bytes> kept = folder.read(AgentFolder.File.LOCK);
    Optional<LockNote> note = kept.flatMap(LockNote::decode);
    if (kept.isPresent() && note.isEmpty()) {
      problems.add("the note of which authority is on is damaged");
    }
    PeerLog.Opened peers = PeerLog.open(folder);
    Optional<LockNote.Pin> pin = note.flatMap(LockNote::pin);
    Standing standing;
    try {
      standing = new On(LiveAuthority.open(folder.aums(), AdmissionPolicy.NODE, clocks));
    } catch (OpenException.EmptyStore e) {
      boolean off = note.isPresent() && pin.isEmpty();
      boolean damaged = !folder.aums().read().damage().isEmpty();
      boolean fresh = kept.isEmpty() && !damaged && !peers.exists();
      standing = off && !damaged ? new Off() : new Unknown(pin, damaged, fresh);
      if (damaged || pin.isPresent()) {
        problems.add("the AUMs are lost");
      }
    } catch (OpenException | StoreException.Damaged e) {
      problems.add("the AUMs are damaged: " + e.getMessage());
      standing = Unknown.lost(pin, true);
    }
    Optional<Bytes> log = folder.read(AgentFolder.File.LOG);
    return new NodeAgent(folder, clocks, self, peers, note, log, standing, problems);
  }

  /**
   * Notes the time (protocol, section 10, "Own time"). A program that runs calls this once a day.
   *
   * @throws StoreException if the folder cannot be written
   */
  public void noteTime() throws StoreException {
    turn.lock();
    try {
      Optional<LiveAuthority> live = authority();
      if (live.isPresent()) {
        noteTime(live.get());
        // Another program may have changed the folder.
        judge();
      }
    } finally {
      turn.unlock();
    }
  }

  private void noteTime(LiveAuthority live) throws StoreException {
    try {
      live.noteTime();
    } catch (OpenException | StoreException.Damaged e) {
      lost(e);
    }
  }

  /** What is stored can be used no more, until control has answered. */
  private void lost(Exception why) {
    Optional<LockNote.Pin> pin =
        standing instanceof On on
            ? Optional.of(pin(on.live().current()))
            : standing instanceof Unknown unknown ? unknown.pin() : note.pin();
    standing = Unknown.lost(pin, true);
    problems = List.of("the AUMs are damaged: " + why.getMessage());
    judge();
  }

  /**
   * What the node may exchange with the holder of a node key. One look-up, which never blocks; it
   * answers for packets.
   */
  public PeerAccess access(NodeKey key) {
    return peers.access(key);
  }

  /** Every peer that control listed last, with what is decided about it, in the order of ids. */
  public List<JudgedPeer> peers() {
    return peers.judged();
  }

  /**
   * Takes in news of peers: all of them, or what is different. The result is the same.
   *
   * @param names of peers, by id, for people
   * @throws StoreException if they cannot be kept; they count all the same, until a restart
   */
  public void peers(PeerChange change, Map<String, String> names) throws StoreException {
    synchronized (peers) {
      // Unless the change is taken in and kept, all are asked for again.
      listed = Optional.empty();
      peers.apply(change, names);
      if (change instanceof PeerChange.Whole) {
        peersAreDamaged = false;
      }
    }
  }

  /**
   * Asks control for all peers, unless they are those that it listed last, and takes them in.
   *
   * @throws ControlFailure if control gives no answer that can be used; nothing changed
   * @throws StoreException as {@link #peers(PeerChange, Map)} does
   */
  public void fetchPeers(ControlTransport transport) throws ControlFailure, StoreException {
    Standing under = standing;
    Optional<String> known;
    synchronized (peers) {
      known = listed.filter(list -> list.under() == under).map(Listed::tag);
    }
    Optional<ControlCalls.Peers> now = new ControlCalls(transport, self).peers(known);
    if (now.isPresent()) {
      synchronized (peers) {
        peers(now.get().change(), now.get().names());
        listed = now.get().etag().map(tag -> new Listed(tag, under));
      }
    }
  }

  /**
   * The authority, if the lock is on here. What is changed through it, or in the folder by another
   * program, decides about peers from {@link #refresh} on.
   */
  public Optional<LiveAuthority> authority() {
    return standing instanceof On on ? Optional.of(on.live()) : Optional.empty();
  }

  /**
   * Reads the authority again, after an edit that was made here: peers are judged by it.
   *
   * @throws StoreException if the folder cannot be read; peers are judged as before
   */
  public void refresh() throws StoreException {
    turn.lock();
    try {
      Optional<LiveAuthority> live = authority();
      if (live.isPresent()) {
        live.get().refresh();
      }
      judge();
    } catch (OpenException | StoreException.Damaged e) {
      lost(e);
    } finally {
      turn.unlock();
    }
  }

  /** The node's key. */
  public NodeKey nodeKey() {
    return self;
  }

  /**
   * {@code on}, {@code off}, or {@code unknown} while nobody is let in: until control has answered
   * to a new node, and until a node that lost its authority is at control's head again.
   */
  public String lock() {
    Standing now = standing;
    return now instanceof Off ? "off" : now instanceof On && !note.rejoining() ? "on" : "unknown";
  }

  /** How the node stands, in one look. */
  public AgentStatus status() {
    return AgentStatus.of(
        lock(),
        authority().map(LiveAuthority::current),
        peers.judged(),
        last,
        logNote.verdict(),
        problems());
  }

  private List<String> problems() {
    List<String> all = new ArrayList<>(problems);
    if (peersAreDamaged) {
      all.add("the list of peers is damaged: nobody is let in until control lists them");
    }
    if (logIsDamaged) {
      all.add(
          "what was seen of control's log of heads is damaged: whether the log was rewritten since"
              + " then is not noticed");
    }
    aside.ifPresent(where -> all.add("damaged AUMs were set aside, for a person: " + where));
    return all;
  }

  /**
   * Follows what control announces: joins an authority, syncs until done, compacts, or ends an
   * authority whose secret control shows. May be told the same twice.
   *
   * @throws ControlFailure if control gives no answer that can be used; what rounds before that
   *     brought stays
   * @throws StoreException if the folder cannot be read or written; follow again later
   */
  public Followed follow(Announcement announcement, ControlTransport transport)
      throws ControlFailure, StoreException {
    return follow(announcement, transport, round -> {});
  }

  /**
   * The same, and tells what each round brought: among it are edits that were set aside, and AUMs
   * of this node that control had accepted and follows no more (protocol, section 10, "Unsent").
   *
   * @param hearing called by this thread, at the end of each round
   * @throws ControlFailure if control gives no answer that can be used; what rounds before that
   *     brought stays
   * @throws StoreException if the folder cannot be read or written; follow again later
   */
  public Followed follow(
      Announcement announcement, ControlTransport transport, Consumer<NodeRound.End> hearing)
      throws ControlFailure, StoreException {
    turn.lock();
    try {
      ControlCalls control = new ControlCalls(transport, self);
      Followed followed =
          announcement instanceof Announcement.Enabled enabled
              ? followOn(enabled.head(), control, hearing)
              : followOff(control);
      last = Optional.of(followed);
      if (followed.isSettled()) {
        problems = List.of();
      }
      return followed;
    } catch (OpenException | StoreException.Damaged e) {
      lost(e);
      Followed damaged = new Followed.Damaged();
      last = Optional.of(damaged);
      return damaged;
    } finally {
      judge();
      turn.unlock();
    }
  }

  /**
   * Looks at control's log of heads (service, section 11, "Witness"), and compares the head that
   * control gave when this node followed it last, if the two agree. What is found is kept, and
   * stands in {@link #status} until the next look; what accuses control, until the next that meets
   * a log. It decides nothing about peers.
   *
   * @return what stands now
   * @throws StoreException if what was seen cannot be kept; it counts all the same, until a restart
   * @throws CancellationException if a call to control was ended here; nothing changed
   */
  public LogVerdict lookAtLog(HeadWatch watch, ControlTransport transport) throws StoreException {
    looking.lock();
    try {
      HeadWatch.Result result =
          watch.look(
              new ServedLog(transport, LONGEST_LOOK),
              logNote.seen(),
              held(),
              clocks.wall().instant());
      LogVerdict found = new LogVerdict(clocks.wall().instant(), result.outcome());
      LogVerdict verdict = logNote.verdict().map(before -> before.then(found)).orElse(found);
      LogNote next = new LogNote(Optional.of(verdict), result.seen());
      try {
        folder.write(AgentFolder.File.LOG, next.encoded());
        logIsDamaged = false;
      } finally {
        logNote = next;
      }
      return verdict;
    } finally {
      looking.unlock();
    }
  }

  /** The head that control gave last; empty if the node does not follow it there. */
  private Optional<HeadWatch.Held> held() {
    Followed followed = last.orElse(null);
    if (followed instanceof Followed.LockOff || followed instanceof Followed.Ended) {
      return Optional.of(new HeadWatch.Held(Optional.empty()));
    }
    Optional<State> state = authority().map(LiveAuthority::current).map(Authority::state);
    return followed instanceof Followed.Agrees agrees && state.isPresent()
        ? Optional.of(
            new HeadWatch.Held(
                Optional.of(
                    new HeadEntry.Lock(
                        state.get().stateId1(), state.get().stateId2(), agrees.head(), 0))))
        : Optional.empty();
  }

  /** Has peers judged by what the node knows now. */
  private void judge() {
    Standing now = standing;
    peers.follow(
        now instanceof On on && !note.rejoining()
            ? new PeerBook.Signed(on.live().current())
            : now instanceof Off ? new PeerBook.Everybody() : new PeerBook.Nobody());
  }

  private Followed followOn(
      AumHash controlHead, ControlCalls control, Consumer<NodeRound.End> hearing)
      throws ControlFailure, StoreException, OpenException {
    boolean joined = false;
    if (!(standing instanceof On)) {
      Optional<Followed> notJoined = join(control);
      if (notJoined.isPresent()) {
        return notJoined.get();
      }
      joined = true;
    }
    Followed followed = sync(controlHead, control, joined, hearing);
    if (standing instanceof On on && on.live().current().isDegraded()) {
      // Control has what is damaged here: begin again with the same authority.
      standing = Unknown.lost(Optional.of(pin(on.live().current())), true);
      judge();
      Optional<Followed> notJoined = join(control);
      return notJoined.isPresent() ? notJoined.get() : sync(controlHead, control, true, hearing);
    }
    return followed;
  }

  private LockNote.Pin pin(Authority authority) {
    Optional<LockNote.Pin> before = note.pin();
    if (note.rejoining() && before.isPresent()) {
      // What control has shown since is not yet known to be the same authority.
      return before.get();
    }
    LockNote.Pin now = LockNote.Pin.of(authority);
    // What is known longer is not purged anywhere, and does not change with each compaction.
    return before
        .filter(pin -> pin.ids().equals(now.ids()))
        .map(pin -> pin.with(now.values()))
        .orElse(now);
  }

  private void noteAuthority(Authority authority) throws StoreException {
    note(note.rejoining() ? note : note.withPin(Optional.of(pin(authority))));
  }

  /**
   * The heads agree: a node that had lost its authority has it again.
   *
   * @return why it is another; empty if all is well
   */
  private Optional<Followed> rejoined(Authority authority) throws StoreException {
    Optional<LockNote.Pin> lost = note.pin();
    if (!note.rejoining() || lost.isEmpty()) {
      return Optional.empty();
    }
    AumHash known = lost.get().known();
    AumSnapshot snapshot = authority.snapshot();
    if (snapshot.find(known).isEmpty() && !snapshot.trail().contains(known)) {
      folder.aums().wipe();
      standing = Unknown.lost(lost, false);
      return notJoined("its chain lacks " + known + ", which this node had");
    }
    note(note.withPin(Optional.of(lost.get().with(authority.state().disablementValues()))));
    return Optional.empty();
  }

  private void note(LockNote next) throws StoreException {
    if (!noted || !next.equals(note)) {
      folder.write(AgentFolder.File.LOCK, next.encoded());
      note = next;
      noted = true;
    }
  }

  /**
   * Begins control's authority.
   *
   * @return why not; empty if it has begun
   */
  private Optional<Followed> join(ControlCalls control)
      throws ControlFailure, StoreException, OpenException {
    RpcAnswer.Bootstrap answer = control.bootstrap(Optional.empty());
    if (answer.genesis().isEmpty()) {
      return notJoined("it shows no genesis");
    }
    Aum genesis;
    try {
      genesis = Aum.decode(answer.genesis().get().toByteArray());
    } catch (DecodeException e) {
      return notJoined(String.valueOf(e.getMessage()));
    }
    Optional<StateIds> ids = genesis.state().map(StateIds::of);
    if (ids.isEmpty()) {
      return notJoined("its genesis is no checkpoint");
    }
    if (note.disallowed().contains(ids.get())) {
      return Optional.of(new Followed.Disallowed(ids.get()));
    }
    if (standing instanceof Unknown unknown) {
      Optional<LockNote.Pin> pin = unknown.pin();
      if (pin.isPresent() && !pin.get().ids().equals(ids.get())) {
        return notJoined(
            "this node was in "
                + pin.get().ids()
                + ", whose AUMs it lost, and not in "
                + ids.get());
      }
      if (pin.isPresent() && pin.get().fromGenesis() && !pin.get().known().equals(genesis.hash())) {
        return notJoined(
            "it begins with " + genesis.hash() + ", and this node's with " + pin.get().known());
      }
      if (!unknown.fresh()) {
        // A genesis trusts keys that were removed since: nobody is let in before the heads agree.
        State state = genesis.state().orElseThrow();
        note(note.rejoining(pin.orElseGet(() -> LockNote.Pin.ofGenesis(genesis, state))));
      }
      setAside(unknown);
    }
    AumStore store = folder.aums();
    LiveAuthority live;
    try {
      live = LiveAuthority.bootstrap(store, genesis, AdmissionPolicy.NODE, clocks);
    } catch (InformException e) {
      return notJoined(String.valueOf(e.getMessage()));
    }
    standing = new On(live);
    noteAuthority(live.current());
    return Optional.empty();
  }

  private void setAside(Unknown unknown) throws StoreException {
    if (unknown.damaged()) {
      Optional<String> where = folder.setAumsAside();
      aside = where.isPresent() ? where : aside;
      standing = new Unknown(unknown.pin(), false, unknown.fresh());
    }
  }

  private static Optional<Followed> notJoined(String why) {
    return Optional.of(new Followed.NotJoined(why));
  }

  private Followed sync(
      AumHash controlHead, ControlCalls control, boolean joined, Consumer<NodeRound.End> hearing)
      throws ControlFailure, StoreException, OpenException {
    LiveAuthority live = authority().orElseThrow();
    Authority before = live.refresh();
    if (before.head().equals(controlHead) && !before.isDegraded() && !joined) {
      live.settle(controlHead, List.of(), List.of());
      Optional<Followed> other = rejoined(before);
      noteAuthority(before);
      return other.orElse(new Followed.Agrees(controlHead, false, 0));
    }
    SyncOutcome outcome;
    try {
      outcome = new NodeSync(live).run(control, hearing);
    } finally {
      judge();
    }
    Authority after = live.current();
    noteAuthority(after);
    if (!(outcome instanceof SyncOutcome.UpToDate) && !(outcome instanceof SyncOutcome.Converged)) {
      return new Followed.Apart(outcome);
    }
    if (after.isDegraded()) {
      // The caller begins again.
      return new Followed.Agrees(after.head(), joined, 0);
    }
    Optional<Followed> other = rejoined(after);
    return other.isPresent()
        ? other.get()
        : new Followed.Agrees(after.head(), joined, compact(live));
  }

  /** Forgets what the default policy lets go (protocol, section 6). */
  private int compact(LiveAuthority live) throws StoreException, OpenException {
    CompactionPlan plan =
        CompactionPlan.of(live.current(), CompactionPolicy.DEFAULT, clocks.wall().instant());
    if (!(plan instanceof CompactionPlan.Decided decided) || !decided.changesStore()) {
      return 0;
    }
    try {
      decided.applyTo(folder.aums(), AdmissionPolicy.NODE);
    } catch (StoreException.Conflict e) {
      // Somebody makes an edit here: there is time after the next sync.
      return 0;
    }
    live.refresh();
    return decided.purged().size();
  }

  private Followed followOff(ControlCalls control) throws ControlFailure, StoreException {
    Standing now = standing;
    if (now instanceof Off) {
      return new Followed.LockOff();
    }
    Optional<LockNote.Pin> pin =
        now instanceof On on ? Optional.of(pin(on.live().current())) : ((Unknown) now).pin();
    if (pin.isEmpty()) {
      if (now instanceof Unknown unknown && unknown.damaged()) {
        return new Followed.Unproven(
            "there are damaged AUMs here, which no secret can be held against; delete the node's"
                + " folder if it is right");
      }
      end();
      return new Followed.LockOff();
    }
    AumHash head = now instanceof On on ? on.live().current().head() : pin.get().known();
    Optional<DisablementSecret> secret = control.bootstrap(Optional.of(head)).secret();
    if (secret.isEmpty() && !pin.get().known().equals(head)) {
      // The head may be an edit that control never saw.
      secret = control.bootstrap(Optional.of(pin.get().known())).secret();
    }
    if (secret.isEmpty()) {
      return new Followed.Unproven("shows no secret that ends it");
    }
    if (!secret.get().isListedIn(pin.get().values())) {
      return new Followed.Unproven("the secret that it shows does not end it");
    }
    end();
    return new Followed.Ended(head);
  }

  /** The lock is off from here on. The note says so first: until then, the AUMs count. */
  private void end() throws StoreException {
    note(note.withPin(Optional.empty()));
    if (standing instanceof Unknown unknown) {
      setAside(unknown);
    } else {
      folder.aums().wipe();
    }
    standing = new Off();
    judge();
  }

  /**
   * Ends the authority on this node alone, whatever control says, and does not join it again.
   *
   * @return its ids; empty if the lock is not on here
   * @throws StoreException if the folder cannot be written; end it again
   */
  public Optional<StateIds> disableHere() throws StoreException {
    turn.lock();
    try {
      Optional<StateIds> ids = authority().map(live -> live.current().state()).map(StateIds::of);
      if (ids.isPresent()) {
        note(note.disallowing(ids.get()));
        end();
      }
      return ids;
    } finally {
      turn.unlock();
    }
  }

  /**
   * Ends the authority for everybody, with its secret: control is told, and this node follows when
   * control announces it.
   *
   * @throws IllegalStateException if the lock is not on here
   * @throws ControlFailure if control refuses, or gives no answer
   */
  public void disable(DisablementSecret secret, ControlTransport transport) throws ControlFailure {
    AumHash head =
        authority()
            .map(LiveAuthority::current)
            .map(Authority::head)
            .orElseThrow(() -> new IllegalStateException("tailnet lock is not on here"));
    new ControlCalls(transport, self).disable(head, secret);
  }

  /**
   * What control makes of a login.
   *
   * @param rotated whether the node has rotated its signature for that
   * @param refused why control keeps no signature, if the node brought one
   */
  public record LoggedIn(boolean rotated, Optional<String> refused) {}

  /**
   * Logs in with a node key (service, section 10). If control hands back the signature of the
   * node's key before, the node rotates it to the new one (protocol, section 7).
   *
   * @param lockKey the node's lock key, with which it rotates
   * @throws ControlFailure if control refuses, or gives no answer; the node's key is what it was
   * @throws RotationException if the signature cannot be rotated: somebody has to sign the new key
   * @throws UnsoundKeyException if its key is one that anybody can sign for (service, section 8)
   * @throws SigningException if the lock key cannot be used now
   */
  public LoggedIn logIn(NodeKey next, Signer lockKey, ControlTransport transport)
      throws ControlFailure, RotationException, UnsoundKeyException, SigningException {
    turn.lock();
    try {
      ControlCalls control = new ControlCalls(transport, next);
      ControlCalls.LoggedIn first =
          control.login(next, Optional.empty(), Optional.of(lockKey.publicKey()));
      if (first.handedBack().isEmpty()) {
        self = next;
        return new LoggedIn(false, first.refused());
      }
      NodeKeySignature old;
      try {
        old = NodeKeySignature.decode(first.handedBack().get().toByteArray());
      } catch (DecodeException e) {
        throw new ControlFailure.BadAnswer("what it hands back is no signature");
      }
      Bytes rotated = NodeKeySigning.rotate(old, next, lockKey).encoded();
      ControlCalls.LoggedIn second =
          control.login(next, Optional.of(rotated), Optional.of(lockKey.publicKey()));
      if (second.handedBack().isPresent()) {
        throw new ControlFailure.BadAnswer("it hands back the signature that it was sent");
      }
      self = next;
      return new LoggedIn(true, second.refused());
    } finally {
      turn.unlock();
    }
  }
}
