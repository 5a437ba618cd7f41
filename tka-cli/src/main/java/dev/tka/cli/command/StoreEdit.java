package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.compaction.CompactionPlan;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Repair;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/**
 * A store that a command changes, by the rules of whose store it is. What it writes was decided on
 * what it read: when something else changed the store in between, nothing is written.
 */
final class StoreEdit {
  private final OpenStore store;
  private final LiveAuthority live;
  private final Authority authority;
  private final PrintWriter err;

  private StoreEdit(OpenStore store, LiveAuthority live, PrintWriter err) {
    this.store = store;
    this.live = live;
    this.err = err;
    this.authority = live.current();
  }

  /**
   * Opens the authority in a store, to change it.
   *
   * @throws CommandFailure if it is degraded: what is missing may be what an edit has to build on
   */
  static StoreEdit begin(StoreArgument argument, PrintWriter err)
      throws OpenException, StoreException, CommandFailure {
    StoreEdit edit = look(argument, err);
    warn(edit.store, err);
    return edit;
  }

  /**
   * Opens the authority in a store, to see what a change would be.
   *
   * @throws CommandFailure as {@link #begin} does
   */
  static StoreEdit look(StoreArgument argument, PrintWriter err)
      throws OpenException, StoreException, CommandFailure {
    OpenStore store = argument.open();
    Clock clock = Clock.systemUTC();
    LiveAuthority live =
        StoreArgument.openAuthority(
            store.aums().read(),
            snapshot -> LiveAuthority.open(store.aums(), store.policy(), clock),
            err);
    int damage = StoreArgument.reportDamage(live.current().snapshot(), err);
    if (damage != ExitCode.OK) {
      throw new CommandFailure(damage, "a damaged store is not edited; nothing was written");
    }
    return new StoreEdit(store, live, err);
  }

  /** Where it is. */
  OpenStore store() {
    return store;
  }

  /** What the store held when it was read. */
  Authority authority() {
    return authority;
  }

  /**
   * Stores updates that were built on {@link #authority}. What was made here before and leaves the
   * active chain for them is told on standard error.
   *
   * @return the authority with them
   * @throws StoreException.Conflict if something else was stored since; nothing was written
   * @throws CommandFailure if one of them may not displace what it would (protocol, section 10);
   *     nothing was written
   */
  Authority store(List<Aum> updates) throws TkaException, CommandFailure {
    return store(updates, Set.of());
  }

  /**
   * Stores updates that make edits again which were set aside, and takes these off the list.
   *
   * @param again which
   */
  Authority store(List<Aum> updates, Set<AumHash> again) throws TkaException, CommandFailure {
    if (updates.isEmpty()) {
      return authority;
    }
    InformResult result = live.informOn(authority, updates, again);
    if (!result.refusals().isEmpty()) {
      // The first alone can displace: what follows builds on it, and so nothing was taken in.
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "not admitted, and nothing was written: " + result.refusals().get(0).text());
    }
    result
        .setAside()
        .forEach(left -> err.println("tka: set aside, see 'tka edits': " + Texts.edit(left)));
    result
        .displacedOwn()
        .forEach(left -> err.println("tka: made here, taken by control, displaced now: " + left));
    return result.after();
  }

  /** Takes edits off the list of those that were set aside. */
  void dropSetAside(Set<AumHash> edits) throws StoreException {
    live.dropSetAside(authority, edits);
  }

  /**
   * Applies a compaction that was planned for {@link #authority}.
   *
   * @throws StoreException.Conflict if something else was stored since; nothing was written
   */
  void compact(CompactionPlan.Decided plan) throws OpenException, StoreException {
    plan.applyTo(store.aums(), live.policy());
  }

  /**
   * Brings purged AUMs back, as was planned for {@link #authority}.
   *
   * @throws StoreException.Conflict if something else was stored since; nothing was written
   */
  void repair(Repair.Restore plan) throws StoreException {
    plan.applyTo(store.aums());
  }

  /**
   * Forgets the authority, for good.
   *
   * @throws StoreException.Conflict if something else was stored since; nothing was written
   */
  void wipe() throws StoreException {
    Revision now = store.aums().read().revision();
    if (!now.equals(authority.snapshot().revision())) {
      throw new StoreException.Conflict(authority.snapshot().revision(), now);
    }
    store.aums().wipe();
  }

  /** Says what people should know before the store is changed. */
  static void warn(OpenStore store, PrintWriter err) {
    store.place().warning().ifPresent(warning -> err.println("tka: warning: " + warning));
  }
}
