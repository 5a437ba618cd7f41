package dev.tka.core;

import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

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
  private final AumVerifier verifier = new AumVerifier(SignatureVerifier.fastest());
  private volatile Authority current;

  private LiveAuthority(AumStore store, AdmissionPolicy policy, Clock clock, Authority current) {
    this.store = store;
    this.policy = policy;
    this.clock = clock;
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
    return new LiveAuthority(store, policy, clock, Authority.open(store));
  }

  /**
   * Begins an authority in an empty store with a checkpoint, the genesis or a later one, that its
   * own state vouches for (section 4).
   *
   * @throws InformException.AlreadyBegun if the store is not empty
   * @throws InformException.Invalid if the checkpoint is not accepted
   * @throws StoreException if the store cannot be written; it is as it was
   */
  public static LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clock clock)
      throws InformException, OpenException, StoreException {
    AumSnapshot before = store.read();
    if (!before.entries().isEmpty()) {
      throw new InformException.AlreadyBegun();
    }
    try {
      new AumVerifier(SignatureVerifier.fastest()).verifyBootstrap(checkpoint);
    } catch (IllFormedException | VerificationException e) {
      throw new InformException.Invalid(0, e);
    }
    AumSnapshot after =
        store.commit(
            Commit.on(before.revision())
                .add(checkpoint, now(clock))
                .lastActiveAncestor(checkpoint.hash())
                .build());
    return new LiveAuthority(store, policy, clock, Authority.open(after));
  }

  /** The authority as it is now; it will not change, a later call may return another. */
  public Authority current() {
    return current;
  }

  /**
   * Takes in updates, oldest first: all, or none when one is not valid (section 4, "Inform").
   * Starts over when another writer was first.
   *
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if other writers were first too often
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if another writer left what cannot be opened
   */
  public synchronized InformResult inform(List<Aum> updates)
      throws InformException, StoreException, OpenException {
    List<Aum> batch = List.copyOf(updates);
    for (int attempt = 1; ; attempt++) {
      try {
        return informOnce(batch);
      } catch (InformException e) {
        // Another writer may have stored what this batch builds on.
        if (attempt == MAX_ATTEMPTS || !hasMoved()) {
          throw e;
        }
      } catch (StoreException.Conflict e) {
        if (attempt == MAX_ATTEMPTS) {
          throw e;
        }
        current = Authority.open(store);
      }
    }
  }

  /**
   * Takes in updates that were built on an authority, if nothing was stored since: what is right on
   * one head may be wrong on another, and whoever built it has to look again.
   *
   * @throws InformException naming the first update that is refused; nothing was stored
   * @throws StoreException.Conflict if another writer was first; {@link #refresh} shows what it did
   * @throws StoreException if the store cannot be read or written; it is as it was
   * @throws OpenException if what is stored afterwards cannot be opened
   */
  public synchronized InformResult informOn(Authority base, List<Aum> updates)
      throws InformException, StoreException, OpenException {
    Revision found = current.snapshot().revision();
    if (!found.equals(base.snapshot().revision())) {
      throw new StoreException.Conflict(base.snapshot().revision(), found);
    }
    return informOnce(List.copyOf(updates));
  }

  /**
   * Looks at the store again, for other writers' commits.
   *
   * @return the authority as it is now
   * @throws OpenException if another writer left what cannot be opened
   * @throws StoreException if it cannot be read
   */
  public synchronized Authority refresh() throws OpenException, StoreException {
    hasMoved();
    return current;
  }

  /** True when another writer was there since; the authority is then the one that is stored now. */
  private boolean hasMoved() throws OpenException, StoreException {
    AumSnapshot snapshot = store.read();
    if (snapshot.revision().equals(current.snapshot().revision())) {
      return false;
    }
    current = Authority.open(snapshot);
    return true;
  }

  private InformResult informOnce(List<Aum> updates)
      throws InformException, StoreException, OpenException {
    Authority before = current;
    InformPlan plan = InformPlan.decide(before, updates, policy, verifier);
    List<AumHash> added = plan.additions().stream().map(Aum::hash).toList();
    if (!added.isEmpty()) {
      Instant now = now(clock);
      Commit.Builder commit = Commit.on(before.snapshot().revision());
      plan.additions().forEach(aum -> commit.add(aum, now));
      AumSnapshot after = store.commit(commit.build());
      current = afterCommit(after, plan);
    }
    return new InformResult(before, current, added, plan.known(), plan.refusals());
  }

  private static Authority afterCommit(AumSnapshot after, InformPlan plan)
      throws OpenException, StoreException {
    AumHash oldest = plan.chain().at(plan.chain().baseHeight());
    boolean heightsStand =
        after
            .find(oldest)
            .filter(entry -> plan.chain().contains(entry))
            .filter(entry -> entry.parent().flatMap(after::find).isEmpty())
            .isPresent();
    return heightsStand ? new Authority(after, plan.chain(), plan.state()) : Authority.open(after);
  }

  private static Instant now(Clock clock) {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS);
  }
}
