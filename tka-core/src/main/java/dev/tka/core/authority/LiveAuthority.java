package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.IllFormedException;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.StoreException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The current {@link Authority} over a store, replaced as a whole when updates are taken in.
 * Readers never block; writers of one instance take turns, and writers of several instances are
 * kept apart by the store.
 */
public final class LiveAuthority {
  /** How often a writer tries again after another writer was first, before it gives up. */
  private static final int MAX_ATTEMPTS = 16;

  /** How long an edit is built again after other writers were first. */
  public static final Duration EDIT_PATIENCE = Duration.ofSeconds(30);

  private final AumStore store;
  private final AdmissionPolicy policy;
  private final OwnClock clock;
  private final AumVerifier verifier;
  private final Thresholds.Demand demand;
  private final ReentrantLock editing = new ReentrantLock();
  private volatile Authority current;

  private LiveAuthority(
      AumStore store,
      AdmissionPolicy policy,
      OwnClock clock,
      AumVerifier verifier,
      Thresholds.Demand demand,
      Authority current) {
    this.demand = demand;
    this.store = store;
    this.policy = policy;
    this.clock = clock;
    this.verifier = verifier;
    this.current = current;
  }

  /**
   * Opens the authority that a store holds.
   *
   * @param policy who may rewrite history
   * @param clock the time at which AUMs are committed
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if the store cannot be read
   */
  public static LiveAuthority open(AumStore store, AdmissionPolicy policy, Clock clock)
      throws OpenException, StoreException {
    return open(store, policy, Clocks.of(clock));
  }

  /**
   * Opens the authority that a store holds, with both clocks given.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if the store cannot be read
   */
  public static LiveAuthority open(AumStore store, AdmissionPolicy policy, Clocks clocks)
      throws OpenException, StoreException {
    return open(store, policy, clocks, new AumVerifier());
  }

  /**
   * Opens the authority that control's store holds, where votes are asked of edits (service,
   * section 11, "Thresholds"): whatever is taken in here must have them.
   *
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if the store cannot be read
   */
  public static LiveAuthority open(
      AumStore store, AdmissionPolicy policy, Clock clock, Thresholds.Demand demand)
      throws OpenException, StoreException {
    return open(store, policy, Clocks.of(clock), new AumVerifier(), demand);
  }

  static LiveAuthority open(
      AumStore store, AdmissionPolicy policy, Clocks clocks, AumVerifier verifier)
      throws OpenException, StoreException {
    return open(store, policy, clocks, verifier, Thresholds.Demand.NOTHING);
  }

  private static LiveAuthority open(
      AumStore store,
      AdmissionPolicy policy,
      Clocks clocks,
      AumVerifier verifier,
      Thresholds.Demand demand)
      throws OpenException, StoreException {
    Authority opened = Authority.open(store);
    return new LiveAuthority(
        store, policy, OwnClock.start(clocks, policy, opened.snapshot()), verifier, demand, opened);
  }

  /**
   * Begins an authority in an empty store with a checkpoint, the genesis or a later one, which its
   * own state must accept (protocol, section 4).
   *
   * @throws InformException.AlreadyBegun if the store is not empty
   * @throws InformException.TooLong if the checkpoint is longer than the policy or a store takes
   * @throws InformException.Invalid if the checkpoint is not accepted
   * @throws StoreException if the store cannot be written; it is unchanged
   */
  public static LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clock clock)
      throws InformException, OpenException, StoreException {
    return bootstrap(store, checkpoint, policy, Clocks.of(clock));
  }

  /**
   * Begins an authority in an empty store, with both clocks given.
   *
   * @throws InformException.AlreadyBegun if the store is not empty
   * @throws InformException.Invalid if the checkpoint is not accepted
   * @throws StoreException if the store cannot be written; it is unchanged
   */
  public static LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clocks clocks)
      throws InformException, OpenException, StoreException {
    return bootstrap(store, checkpoint, policy, clocks, new AumVerifier());
  }

  static LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clocks clocks, AumVerifier verifier)
      throws InformException, OpenException, StoreException {
    AumSnapshot before = store.read();
    if (!before.entries().isEmpty()) {
      throw new InformException.AlreadyBegun();
    }
    int size = checkpoint.encoded().size();
    if (size > policy.maxAumBytes()) {
      throw new InformException.TooLong(0, checkpoint.hash(), size, policy.maxAumBytes());
    }
    try {
      verifier.verifyBootstrap(checkpoint);
    } catch (IllFormedException | VerificationException e) {
      throw new InformException.Invalid(0, e);
    }
    OwnClock clock = OwnClock.start(clocks, policy, before);
    InformPlan.Moment now = clock.now(before);
    Optional<AumFacts> facts =
        policy.remembers()
            ? Optional.of(
                AumFacts.of(checkpoint, List.of(), now.own(), firstReference(policy, now)))
            : Optional.empty();
    Commit.Builder commit =
        Commit.on(before.revision())
            .add(new Commit.Addition(checkpoint, now.clock(), facts))
            .lastActiveAncestor(checkpoint.hash());
    if (policy.remembers()) {
      commit.time(OwnClock.note(before.notes(), now));
    }
    AumSnapshot after = store.commit(commit.build());
    return new LiveAuthority(
        store, policy, clock, verifier, Thresholds.Demand.NOTHING, committed(after));
  }

  private static Optional<Instant> firstReference(AdmissionPolicy policy, InformPlan.Moment now) {
    return policy.followsControl() ? Optional.empty() : Optional.of(now.own());
  }

  /** The current authority. It is immutable; a later call may return another. */
  public Authority current() {
    return current;
  }

  /** Who may rewrite its history. */
  public AdmissionPolicy policy() {
    return policy;
  }

  /** The votes that are asked of what is taken in. */
  public Thresholds.Demand demand() {
    return demand;
  }

  /**
   * Takes in updates, oldest first: all that are admitted, or none if one is invalid (protocol,
   * section 4, "Inform"). Tries again if another writer was first. Updates that control sent to a
   * node go to {@link #informFromControl}.
   *
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public InformResult inform(List<Aum> updates)
      throws InformException, StoreException, OpenException {
    return inform(updates, Set.of());
  }

  /**
   * Like {@link #inform(List)}, by other rules for this batch: control that was restored from a
   * backup takes back what nodes still hold (protocol, section 10).
   *
   * @throws IllegalArgumentException if the rules need what this authority's policy does not note
   */
  public InformResult inform(List<Aum> updates, AdmissionPolicy rules)
      throws InformException, StoreException, OpenException {
    return inform(updates, rules, demand);
  }

  /**
   * Like {@link #inform(List, AdmissionPolicy)}, at a control that asks votes of edits (service,
   * section 11, "Thresholds").
   *
   * @throws IllegalArgumentException if the rules need what this authority's policy does not note
   */
  public InformResult inform(List<Aum> updates, AdmissionPolicy rules, Thresholds.Demand asked)
      throws InformException, StoreException, OpenException {
    if (rules.remembers() != policy.remembers()
        || rules.followsControl() != policy.followsControl()) {
      throw new IllegalArgumentException("expected rules like " + policy + ", found " + rules);
    }
    return untilFirst(
        new InformPlan.Batch(List.copyOf(updates), rules, List.of(), Set.of()), asked);
  }

  /**
   * Like {@link #inform(List)}, but a person admits some of the updates whatever the policy says
   * (protocol, section 10). This binds nobody else.
   *
   * @param byHand the hashes of the updates that the person admits
   */
  public InformResult inform(List<Aum> updates, Set<AumHash> byHand)
      throws InformException, StoreException, OpenException {
    return untilFirst(
        new InformPlan.Batch(List.copyOf(updates), policy, List.of(), Set.copyOf(byHand)));
  }

  /**
   * Takes in what control sent to a node. Under {@link AdmissionPolicy#NODE}, the node follows
   * control's chain where it is admitted (protocol, section 10); under any other policy, this is
   * {@link #inform}.
   *
   * @param updates those AUMs among them that may be new, oldest first
   * @param sent the hashes of everything control sent, oldest first
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public InformResult informFromControl(List<Aum> updates, List<AumHash> sent)
      throws InformException, StoreException, OpenException {
    return informFromControl(updates, sent, Set.of());
  }

  /**
   * Like {@link #informFromControl(List, List)}, but a person admits some of the updates whatever
   * the policy says (protocol, section 10). This binds nobody else.
   *
   * @param byHand the hashes of the updates that the person admits
   */
  public InformResult informFromControl(List<Aum> updates, List<AumHash> sent, Set<AumHash> byHand)
      throws InformException, StoreException, OpenException {
    return untilFirst(
        new InformPlan.Batch(
            List.copyOf(updates),
            policy,
            policy.followsControl() ? List.copyOf(sent) : List.of(),
            Set.copyOf(byHand)));
  }

  /**
   * Lets other writers go first, for longer each time: of two that try again at once, one could
   * lose every time.
   *
   * @throws StoreException.Conflict the one that is given, after the last attempt
   */
  private static void giveWay(int attempt, StoreException.Conflict conflict)
      throws StoreException.Conflict {
    if (attempt == MAX_ATTEMPTS) {
      throw conflict;
    }
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(1000L << attempt));
  }

  private InformResult untilFirst(InformPlan.Batch batch)
      throws InformException, StoreException, OpenException {
    return untilFirst(batch, demand);
  }

  private synchronized InformResult untilFirst(InformPlan.Batch batch, Thresholds.Demand asked)
      throws InformException, StoreException, OpenException {
    for (int attempt = 1; ; attempt++) {
      try {
        return informOnce(batch, Noted.NONE, asked);
      } catch (InformException e) {
        // Another writer may have stored what this batch builds on.
        if (attempt == MAX_ATTEMPTS || !catchUp()) {
          throw e;
        }
      } catch (StoreException.Conflict e) {
        giveWay(attempt, e);
        catchUp();
      }
    }
  }

  /**
   * Takes in updates that were built here on an authority, provided that nothing was stored since:
   * an edit that is right on one head may be wrong on another, so its author must look again. Under
   * {@link AdmissionPolicy#NODE} the updates are unsent from then on (protocol, section 10).
   *
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if another writer was first; {@link #refresh} shows what it did
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if the store cannot be opened afterwards
   */
  public InformResult informOn(Authority base, List<Aum> updates)
      throws InformException, StoreException, OpenException {
    return informOn(base, updates, Set.of());
  }

  /**
   * Like {@link #informOn(Authority, List)}, for updates that repeat edits which were set aside:
   * those leave the list.
   *
   * @param again the hashes of the edits that were set aside
   */
  public synchronized InformResult informOn(Authority base, List<Aum> updates, Set<AumHash> again)
      throws InformException, StoreException, OpenException {
    return informOn(base, updates, again, demand);
  }

  /**
   * Like {@link #informOn(Authority, List)}, at a control that asks votes of edits (service,
   * section 11, "Thresholds").
   */
  public InformResult informOn(Authority base, List<Aum> updates, Thresholds.Demand asked)
      throws InformException, StoreException, OpenException {
    return informOn(base, updates, Set.of(), asked);
  }

  private synchronized InformResult informOn(
      Authority base, List<Aum> updates, Set<AumHash> again, Thresholds.Demand asked)
      throws InformException, StoreException, OpenException {
    requireCurrent(base);
    InformPlan.Batch batch =
        new InformPlan.Batch(List.copyOf(updates), policy, List.of(), Set.of());
    return informOnce(batch, new Noted(policy.followsControl(), again), asked);
  }

  /**
   * Makes an edit here: builds it on the head, signs it and takes it in. If another writer is
   * first, it is built again on the new head, until {@link #EDIT_PATIENCE} is over: adding,
   * removing and updating keys commute with what others do to other keys. What another writer has
   * done already is left out, and named in the result. Edits through one instance take turns, so
   * that they do not ask for signatures that come to nothing; other writing does not wait for them.
   *
   * @param signer asked once for each AUM and each head
   * @throws BuildException if no peer would accept the edit, or another writer changed the same key
   *     differently in the meantime ({@link BuildException.Overtaken}); nothing was stored
   * @throws SigningException if the signing key cannot be used now; nothing was stored
   * @throws InformException if an AUM is refused; nothing was stored
   * @throws StoreException.Conflict if other writers were first for too long; nothing was stored
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public EditResult edit(Signer signer, Edit edit)
      throws BuildException, SigningException, InformException, StoreException, OpenException {
    editing.lock();
    try {
      refresh();
      Editing steps = editing(signer, edit, EDIT_PATIENCE);
      while (true) {
        steps.build();
        Optional<EditResult> result = steps.store();
        if (result.isPresent()) {
          return result.get();
        }
      }
    } finally {
      editing.unlock();
    }
  }

  /**
   * Begins an edit that the caller takes through its steps, such as to show what was built before
   * it is stored.
   *
   * @param patience how long to build it again; zero to fail if another writer is first
   */
  public Editing editing(Signer signer, Edit edit, Duration patience) {
    return new Editing(this, signer, edit, patience);
  }

  /**
   * Removes edits from the list of those that were set aside (protocol, section 10, "Unsent"); they
   * can then no longer be made again from that list.
   *
   * @throws StoreException.Conflict if another writer was first; nothing was written
   * @throws StoreException if the store cannot be read or written; it is unchanged
   */
  public synchronized Authority dropSetAside(Authority base, Set<AumHash> edits)
      throws StoreException {
    AumSnapshot snapshot = requireCurrent(base);
    AumSnapshot after =
        store.commit(
            Commit.on(snapshot.revision()).ownAums(snapshot.ownAums().withoutAside(edits)).build());
    current = current.over(after);
    return current;
  }

  /**
   * Sets aside an unsent AUM that was made here, with everything that builds on it, as if control
   * had not followed it (protocol, section 10, "Unsent"): for a revocation that control refuses and
   * that is to be made again with other signers.
   *
   * @throws IllegalArgumentException if the AUM is not an unsent one of this store
   * @throws StoreException.Conflict if another writer was first; nothing was written
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if a state cannot be computed
   */
  public synchronized Authority setAside(Authority base, AumHash unsent)
      throws StoreException, OpenException {
    AumSnapshot snapshot = requireCurrent(base);
    if (!snapshot.ownAums().isUnsent(unsent) || snapshot.find(unsent).isEmpty()) {
      throw new IllegalArgumentException("expected an unsent AUM, found " + unsent);
    }
    InformPlan.Moment now = clock.now(snapshot);
    List<AumHash> purges = snapshot.tree(unsent);
    OwnAums ownAums = snapshot.ownAums().aside(SettingAside.unsentOf(current, purges, now.clock()));
    current =
        committed(
            store.commit(
                Commit.on(snapshot.revision())
                    .purge(purges)
                    .ownAums(ownAums)
                    .time(OwnClock.note(snapshot.notes(), now))
                    .build()));
    return current;
  }

  /**
   * Notes the store's own time (protocol, section 10, "Own time"). A program that runs calls this
   * at its start and once a day: time that nobody noted counts for at most a day. Has no effect if
   * the latest note is less than an hour old, or under {@link AdmissionPolicy#REFERENCE}.
   *
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public synchronized void noteTime() throws StoreException, OpenException {
    for (int attempt = 1; policy.remembers(); attempt++) {
      AumSnapshot before = current.snapshot();
      InformPlan.Moment now = clock.now(before);
      if (!OwnClock.isStale(before.notes(), now)) {
        return;
      }
      try {
        current =
            current.over(
                store.commit(
                    Commit.on(before.revision()).time(OwnClock.note(before.notes(), now)).build()));
        return;
      } catch (StoreException.Conflict e) {
        giveWay(attempt, e);
        catchUp();
      }
    }
  }

  /**
   * Changes the store's revision, and nothing of its content but a note of the time: whoever
   * decided on an earlier one decides again. Whoever sets a {@link Thresholds threshold} calls this
   * afterwards; then nothing gets in that was decided before.
   *
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   * @throws IllegalStateException under a policy that notes no time
   */
  public synchronized void renew() throws StoreException, OpenException {
    if (!policy.remembers()) {
      throw new IllegalStateException("expected a policy that notes times, found " + policy);
    }
    for (int attempt = 1; ; attempt++) {
      AumSnapshot before = current.snapshot();
      try {
        OwnTime time = OwnClock.note(before.notes(), clock.now(before));
        current = current.over(store.commit(Commit.on(before.revision()).time(time).build()));
        return;
      } catch (StoreException.Conflict e) {
        giveWay(attempt, e);
        catchUp();
      }
    }
  }

  /** The store's own time now, to the second (protocol, section 10, "Own time"). */
  public synchronized Instant ownTime() {
    return clock.now(current.snapshot()).own();
  }

  private AumSnapshot requireCurrent(Authority base) throws StoreException.Conflict {
    AumSnapshot snapshot = current.snapshot();
    if (!snapshot.revision().equals(base.snapshot().revision())) {
      throw new StoreException.Conflict(base.snapshot().revision(), snapshot.revision());
    }
    return snapshot;
  }

  /**
   * The notes that a batch changes.
   *
   * @param here true if the batch was made here
   * @param again the edits that it repeats
   */
  private record Noted(boolean here, Set<AumHash> again) {
    static final Noted NONE = new Noted(false, Set.of());
  }

  /**
   * Reads the store again, to see other writers' commits.
   *
   * @return the current authority
   * @throws OpenException if another writer left a store that cannot be opened
   * @throws StoreException if the store cannot be read
   */
  public synchronized Authority refresh() throws OpenException, StoreException {
    catchUp();
    return current;
  }

  /**
   * Records which AUMs control has shown that it has (protocol, section 10, "Unsent"): own AUMs
   * that it named, sent or built on are no longer unsent, and if its head is this node's head, the
   * two agree. Unsent AUMs that control does not follow are set aside once this node holds
   * control's chain: those that lost to it at once, the others when control has seen them. Has no
   * effect except under {@link AdmissionPolicy#NODE}.
   *
   * @param head control's head
   * @param shown the other AUMs that control named as ancestors of its head, or sent
   * @param seen the AUMs that control was sent, if {@code head} is its answer to them; an edit made
   *     in the meantime is not among them
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is unchanged
   * @throws OpenException if another writer left a store that cannot be opened
   */
  public synchronized Settlement settle(
      AumHash head, Collection<AumHash> shown, Collection<AumHash> seen)
      throws StoreException, OpenException {
    if (!policy.followsControl()) {
      return Settlement.NOTHING;
    }
    for (int attempt = 1; ; attempt++) {
      AumSnapshot before = current.snapshot();
      InformPlan.Moment now = clock.now(before);
      Settlement settlement = Settlement.decide(current, head, shown, seen, now);
      if (settlement.ownAums().equals(before.ownAums()) && settlement.purges().isEmpty()) {
        return settlement;
      }
      try {
        AumSnapshot after =
            store.commit(
                Commit.on(before.revision())
                    .purge(settlement.purges())
                    .ownAums(settlement.ownAums())
                    .time(OwnClock.note(before.notes(), now))
                    .build());
        current = settlement.purges().isEmpty() ? current.over(after) : committed(after);
        return settlement;
      } catch (StoreException.Conflict e) {
        giveWay(attempt, e);
        catchUp();
      }
    }
  }

  /**
   * Replaces the current authority with the stored one.
   *
   * @return true if another writer changed the store
   */
  private boolean catchUp() throws OpenException, StoreException {
    AumSnapshot snapshot = store.read();
    Authority before = current;
    current = before.advanceTo(snapshot);
    return current != before;
  }

  private InformResult informOnce(InformPlan.Batch batch, Noted noted, Thresholds.Demand asked)
      throws InformException, StoreException, OpenException {
    Authority before = current;
    AumSnapshot snapshot = before.snapshot();
    InformPlan.Moment now = clock.now(snapshot);
    // After the store: the commit is made only on what was read before.
    Thresholds thresholds = asked.source().read();
    InformPlan plan = InformPlan.decide(before, batch.under(thresholds), now, verifier);
    if (asked.whole()
        && plan.refusals().stream().anyMatch(each -> each instanceof Refusal.BelowThreshold)) {
      return new InformResult(
          before,
          before,
          List.of(),
          plan.known(),
          plan.refusals(),
          List.of(),
          List.of(),
          List.of());
    }
    List<AumHash> added = plan.additions().stream().map(each -> each.aum().hash()).toList();
    OwnAums ownAums = snapshot.ownAums().withoutAside(noted.again());
    if (noted.here()) {
      ownAums = ownAums.made(revocations(before, plan));
    } else if (policy.followsControl() && batch.favoured().isEmpty()) {
      ownAums = ownAums.cameFromElsewhere(added);
    } else if (policy.followsControl()) {
      ownAums =
          ownAums.acknowledged(
              Settlement.had(before, sentWithParents(batch)),
              new OwnAums.Acknowledged(now.clock(), now.own()));
    }
    List<OwnAums.SetAside> setAside =
        SettingAside.unsentOf(before, plan.rewrite().purges(), now.clock());
    ownAums = ownAums.aside(setAside);
    List<AumHash> displaced = List.of();
    if (!added.isEmpty() || !plan.rewrite().isNothing()) {
      current = commit(before, plan, ownAums, now);
      displaced = ownThatLeft(before, current);
    } else if (!ownAums.equals(snapshot.ownAums())) {
      current = before.over(store.commit(Commit.on(snapshot.revision()).ownAums(ownAums).build()));
    }
    return new InformResult(
        before,
        current,
        added,
        plan.known(),
        plan.refusals(),
        plan.outweighed(),
        setAside,
        displaced);
  }

  /** Control has what it sent, and what that builds on. */
  private static Set<AumHash> sentWithParents(InformPlan.Batch batch) {
    Set<AumHash> named = new LinkedHashSet<>(batch.favoured());
    batch.updates().forEach(update -> update.parent().ifPresent(named::add));
    return named;
  }

  /** The AUMs that were made here, each with whether it is meant as a rewrite. */
  private static Map<AumHash, Boolean> revocations(Authority before, InformPlan plan)
      throws StoreException, OpenException {
    Map<AumHash, Boolean> revocations = new LinkedHashMap<>();
    for (Commit.Addition addition : plan.additions()) {
      Aum made = addition.aum();
      revocations.put(made.hash(), SettingAside.isRewrite(before, made));
    }
    return revocations;
  }

  private Authority commit(
      Authority before, InformPlan plan, OwnAums ownAums, InformPlan.Moment now)
      throws StoreException, OpenException {
    AumSnapshot snapshot = before.snapshot();
    Commit.Builder commit = Commit.on(snapshot.revision());
    List<Commit.Addition> restored = plan.rewrite().restored();
    for (Commit.Addition addition : restored) {
      commit.add(addition.at(Limits.nearestCommitTime(addition.committedAt())));
    }
    plan.additions().forEach(commit::add);
    if (policy.remembers()) {
      commit.time(OwnClock.note(snapshot.notes(), now));
      plan.inherited().forEach(commit::inherits);
    }
    commit.purge(plan.rewrite().purges());
    if (!restored.isEmpty()) {
      AumHash oldest = restored.get(0).aum().hash();
      commit.cutTrail(oldest).lastActiveAncestor(oldest);
    }
    if (!ownAums.equals(snapshot.ownAums())) {
      commit.ownAums(ownAums);
    }
    AumSnapshot after = store.commit(commit.build());
    return plan.resolved().isPresent()
        ? afterCommit(before, after, plan.resolved().get())
        : committed(after);
  }

  /** Own AUMs that control once had and that are no longer on the active chain. */
  private static List<AumHash> ownThatLeft(Authority before, Authority after) {
    if (after.isActive(before.head())) {
      return List.of();
    }
    History was = History.of(before);
    History is = History.of(after);
    List<AumHash> left = new ArrayList<>();
    before
        .snapshot()
        .ownAums()
        .own()
        .forEach(
            (hash, made) -> {
              if (made.acknowledged().isPresent() && was.isOnChain(hash) && !is.isOnChain(hash)) {
                left.add(hash);
              }
            });
    return left;
  }

  private static Authority afterCommit(Authority before, AumSnapshot after, Growth resolved)
      throws OpenException, StoreException {
    ActiveChain chain = resolved.chain();
    AumHash oldest = chain.at(chain.baseHeight());
    boolean heightsStand =
        after
            .find(oldest)
            .filter(chain::contains)
            .filter(entry -> entry.parent().flatMap(after::find).isEmpty())
            .isPresent();
    return heightsStand ? before.grown(after, resolved) : committed(after);
  }

  /**
   * Opens the commit just made.
   *
   * @throws StoreException.InDoubt if a body cannot be read: the commit happened, and the caller
   *     must not take a failed read for a failed commit
   */
  private static Authority committed(AumSnapshot after) throws OpenException, StoreException {
    try {
      return Authority.open(after);
    } catch (StoreException e) {
      throw new StoreException.InDoubt("what was committed cannot be read", e);
    }
  }
}
