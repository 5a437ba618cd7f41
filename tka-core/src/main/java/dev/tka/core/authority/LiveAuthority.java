package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.IllFormedException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Marks;
import dev.tka.core.store.StoreException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * The current {@link Authority} over a store, replaced as a whole when it is informed. Readers
 * never block; writers of one instance take turns, and writers of several meet in the store.
 */
public final class LiveAuthority {
  /** How often a writer starts over after another was first, before it gives up. */
  private static final int MAX_ATTEMPTS = 16;

  private final AumStore store;
  private final AdmissionPolicy policy;
  private final Clock clock;
  private final AumVerifier verifier;
  private volatile Authority current;

  private LiveAuthority(
      AumStore store,
      AdmissionPolicy policy,
      Clock clock,
      AumVerifier verifier,
      Authority current) {
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
   * @param clock tells when AUMs are committed
   * @throws OpenException if no authority can be opened from what is stored
   * @throws StoreException if it cannot be read
   */
  public static LiveAuthority open(AumStore store, AdmissionPolicy policy, Clock clock)
      throws OpenException, StoreException {
    return open(store, policy, clock, new AumVerifier());
  }

  static LiveAuthority open(
      AumStore store, AdmissionPolicy policy, Clock clock, AumVerifier verifier)
      throws OpenException, StoreException {
    return new LiveAuthority(store, policy, clock, verifier, Authority.open(store));
  }

  /**
   * Begins an authority in an empty store with a checkpoint, the genesis or a later one, that its
   * own state vouches for (protocol, section 4).
   *
   * @throws InformException.AlreadyBegun if the store is not empty
   * @throws InformException.Invalid if the checkpoint is not accepted
   * @throws StoreException if the store cannot be written; it is as it was
   */
  public static LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clock clock)
      throws InformException, OpenException, StoreException {
    return bootstrap(store, checkpoint, policy, clock, new AumVerifier());
  }

  static LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clock clock, AumVerifier verifier)
      throws InformException, OpenException, StoreException {
    AumSnapshot before = store.read();
    if (!before.entries().isEmpty()) {
      throw new InformException.AlreadyBegun();
    }
    try {
      verifier.verifyBootstrap(checkpoint);
    } catch (IllFormedException | VerificationException e) {
      throw new InformException.Invalid(0, e);
    }
    AumSnapshot after =
        store.commit(
            Commit.on(before.revision())
                .add(checkpoint, now(clock))
                .lastActiveAncestor(checkpoint.hash())
                .build());
    return new LiveAuthority(store, policy, clock, verifier, committed(after));
  }

  /** The authority as it is now; it will not change, a later call may return another. */
  public Authority current() {
    return current;
  }

  /** Who may rewrite its history. */
  public AdmissionPolicy policy() {
    return policy;
  }

  /**
   * Takes in updates, oldest first: all that are admitted, or none when one is not valid (protocol,
   * section 4, "Inform"). Starts over when another writer was first. What control sends to a node
   * goes to {@link #informFromControl}.
   *
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if another writer left what cannot be opened
   */
  public InformResult inform(List<Aum> updates)
      throws InformException, StoreException, OpenException {
    return inform(updates, Set.of());
  }

  /**
   * The same, where a person admits some of the updates whatever the policy says (protocol, section
   * 10). It binds nobody else.
   *
   * @param byHand which
   */
  public InformResult inform(List<Aum> updates, Set<AumHash> byHand)
      throws InformException, StoreException, OpenException {
    return untilFirst(
        new InformPlan.Batch(List.copyOf(updates), policy, List.of(), Set.copyOf(byHand)));
  }

  /**
   * Takes in what control sent to a node. Under {@link AdmissionPolicy#NODE}, control's chain is
   * followed where it is admitted (protocol, section 10); under any other policy, this is {@link
   * #inform}.
   *
   * @param updates what of it may be new, oldest first
   * @param sent all of it, by name, oldest first
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if another writer left what cannot be opened
   */
  public InformResult informFromControl(List<Aum> updates, List<AumHash> sent)
      throws InformException, StoreException, OpenException {
    return informFromControl(updates, sent, Set.of());
  }

  /**
   * The same, where a person admits some of the updates whatever the policy says (protocol, section
   * 10). It binds nobody else.
   *
   * @param byHand which
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

  private synchronized InformResult untilFirst(InformPlan.Batch batch)
      throws InformException, StoreException, OpenException {
    for (int attempt = 1; ; attempt++) {
      try {
        return informOnce(batch, Edit.NONE);
      } catch (InformException e) {
        // Another writer may have stored what this batch builds on.
        if (attempt == MAX_ATTEMPTS || !catchUp()) {
          throw e;
        }
      } catch (StoreException.Conflict e) {
        if (attempt == MAX_ATTEMPTS) {
          throw e;
        }
        catchUp();
      }
    }
  }

  /**
   * Takes in updates that were built here on an authority, if nothing was stored since: what is
   * right on one head may be wrong on another, and whoever built it has to look again. Under {@link
   * AdmissionPolicy#NODE} they are unsent from then on (protocol, section 10).
   *
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if another writer was first; {@link #refresh} shows what it did
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if what is stored afterwards cannot be opened
   */
  public InformResult informOn(Authority base, List<Aum> updates)
      throws InformException, StoreException, OpenException {
    return informOn(base, updates, Set.of());
  }

  /**
   * The same, for updates that make edits again which were set aside: these are listed no longer.
   *
   * @param again the AUMs that were set aside
   */
  public synchronized InformResult informOn(Authority base, List<Aum> updates, Set<AumHash> again)
      throws InformException, StoreException, OpenException {
    requireCurrent(base);
    InformPlan.Batch batch =
        new InformPlan.Batch(List.copyOf(updates), policy, List.of(), Set.of());
    return informOnce(batch, new Edit(policy.followsControl(), again));
  }

  /**
   * Takes edits off the list of those that were set aside (protocol, section 10, "Unsent"); they
   * cannot be made again from there.
   *
   * @throws StoreException.Conflict if another writer was first; nothing was written
   * @throws StoreException if the store cannot be read or written; it is as it was
   */
  public synchronized Authority dropSetAside(Authority base, Set<AumHash> edits)
      throws StoreException {
    AumSnapshot snapshot = requireCurrent(base);
    AumSnapshot after =
        store.commit(
            Commit.on(snapshot.revision()).marks(snapshot.marks().withoutAside(edits)).build());
    current = current.over(after);
    return current;
  }

  private AumSnapshot requireCurrent(Authority base) throws StoreException.Conflict {
    AumSnapshot snapshot = current.snapshot();
    if (!snapshot.revision().equals(base.snapshot().revision())) {
      throw new StoreException.Conflict(base.snapshot().revision(), snapshot.revision());
    }
    return snapshot;
  }

  /**
   * What is noted about a batch.
   *
   * @param here true when it was made here
   * @param again edits that it makes again
   */
  private record Edit(boolean here, Set<AumHash> again) {
    static final Edit NONE = new Edit(false, Set.of());
  }

  /**
   * Looks at the store again, for other writers' commits.
   *
   * @return the authority as it is now
   * @throws OpenException if another writer left what cannot be opened
   * @throws StoreException if it cannot be read
   */
  public synchronized Authority refresh() throws OpenException, StoreException {
    catchUp();
    return current;
  }

  /**
   * Notes what control has shown to have (protocol, section 10, "Unsent"): own AUMs that it named,
   * sent or built on are not unsent any more, and when it is at this node's head, the two agree.
   * Unsent AUMs that control does not follow are set aside once this node holds control's chain:
   * those that lost to it at once, the others when control has seen them. Does nothing but under
   * {@link AdmissionPolicy#NODE}.
   *
   * @param head control's
   * @param shown what else control named as an ancestor of its head, or sent
   * @param seen what control was sent, when {@code head} is its answer to that; an edit that was
   *     made meanwhile is not among it
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if another writer left what cannot be opened
   */
  public synchronized Settlement settle(
      AumHash head, Collection<AumHash> shown, Collection<AumHash> seen)
      throws StoreException, OpenException {
    if (!policy.followsControl()) {
      return Settlement.NOTHING;
    }
    for (int attempt = 1; ; attempt++) {
      Settlement settlement = Settlement.decide(current, head, shown, seen, now(clock));
      AumSnapshot before = current.snapshot();
      if (settlement.marks().equals(before.marks()) && settlement.purges().isEmpty()) {
        return settlement;
      }
      try {
        AumSnapshot after =
            store.commit(
                Commit.on(before.revision())
                    .purge(settlement.purges())
                    .marks(settlement.marks())
                    .build());
        current = settlement.purges().isEmpty() ? current.over(after) : committed(after);
        return settlement;
      } catch (StoreException.Conflict e) {
        if (attempt == MAX_ATTEMPTS) {
          throw e;
        }
        catchUp();
      }
    }
  }

  /**
   * Makes the authority the one that is stored now.
   *
   * @return true when another writer was there since
   */
  private boolean catchUp() throws OpenException, StoreException {
    AumSnapshot snapshot = store.read();
    Authority before = current;
    current = before.advanceTo(snapshot);
    return current != before;
  }

  private InformResult informOnce(InformPlan.Batch batch, Edit edit)
      throws InformException, StoreException, OpenException {
    Authority before = current;
    AumSnapshot snapshot = before.snapshot();
    Instant now = now(clock);
    InformPlan plan = InformPlan.decide(before, batch, reference(before, now), verifier);
    List<AumHash> added = plan.additions().stream().map(Aum::hash).toList();
    Marks marks = snapshot.marks().withoutAside(edit.again());
    if (edit.here()) {
      marks = marks.made(added);
    }
    List<Marks.SetAside> setAside = SettingAside.unsentOf(before, plan.rewrite().purges(), now);
    marks = marks.aside(setAside);
    List<AumHash> displaced = List.of();
    if (!added.isEmpty() || !plan.rewrite().isNothing()) {
      current = commit(before, plan, marks, now);
      displaced = ownThatLeft(before, current);
    }
    return new InformResult(
        before, current, added, plan.known(), plan.refusals(), setAside, displaced);
  }

  private Authority commit(Authority before, InformPlan plan, Marks marks, Instant now)
      throws StoreException, OpenException {
    AumSnapshot snapshot = before.snapshot();
    Commit.Builder commit = Commit.on(snapshot.revision());
    List<Commit.Addition> restored = plan.rewrite().restored();
    restored.forEach(addition -> commit.add(addition.aum(), addition.committedAt()));
    plan.additions().forEach(aum -> commit.add(aum, now));
    commit.purge(plan.rewrite().purges());
    if (!restored.isEmpty()) {
      AumHash oldest = restored.get(0).aum().hash();
      commit.cutTrail(oldest).lastActiveAncestor(oldest);
    }
    if (!marks.equals(snapshot.marks())) {
      commit.marks(marks);
    }
    AumSnapshot after = store.commit(commit.build());
    return plan.resolved().isPresent()
        ? afterCommit(after, plan.resolved().get())
        : committed(after);
  }

  /** Own AUMs that control once had and that are on the active chain no more. */
  private static List<AumHash> ownThatLeft(Authority before, Authority after) {
    if (after.isActive(before.head())) {
      return List.of();
    }
    History was = History.of(before);
    History is = History.of(after);
    List<AumHash> left = new ArrayList<>();
    before
        .snapshot()
        .marks()
        .own()
        .forEach(
            (hash, acknowledgedAt) -> {
              if (acknowledgedAt.isPresent() && was.isOnChain(hash) && !is.isOnChain(hash)) {
                left.add(hash);
              }
            });
    return left;
  }

  /** The time at which AUMs are mature or not (protocol, section 10). */
  private Instant reference(Authority authority, Instant now) {
    if (!policy.followsControl()) {
      return now;
    }
    AumSnapshot snapshot = authority.snapshot();
    return snapshot
        .marks()
        .agreedAt()
        .orElseGet(
            // A node that was run without these notes agreed with control when it got its head.
            () ->
                snapshot
                    .find(authority.head())
                    .flatMap(snapshot.marks()::agesFrom)
                    .orElse(Instant.MIN));
  }

  private static Authority afterCommit(AumSnapshot after, Growth resolved)
      throws OpenException, StoreException {
    ActiveChain chain = resolved.chain();
    AumHash oldest = chain.at(chain.baseHeight());
    boolean heightsStand =
        after
            .find(oldest)
            .filter(chain::contains)
            .filter(entry -> entry.parent().flatMap(after::find).isEmpty())
            .isPresent();
    return heightsStand ? new Authority(after, chain, resolved.state()) : committed(after);
  }

  /**
   * Opens what was just committed.
   *
   * @throws StoreException.InDoubt if a body cannot be read: the commit happened, and nobody may
   *     take a failure to look at it for its own
   */
  private static Authority committed(AumSnapshot after) throws OpenException, StoreException {
    try {
      return Authority.open(after);
    } catch (StoreException e) {
      throw new StoreException.InDoubt("what was committed cannot be read", e);
    }
  }

  private static Instant now(Clock clock) {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS);
  }
}
