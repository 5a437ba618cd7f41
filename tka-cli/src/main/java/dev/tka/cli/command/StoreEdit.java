package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedAums;
import dev.tka.compaction.CompactionPlan;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Signer;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Edit;
import dev.tka.core.authority.EditResult;
import dev.tka.core.authority.Editing;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.authority.Repair;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A store that a command changes by its owner's rules. Every write is based on the state that was
 * read: if another writer changed the store in between, nothing is written, or an edit that
 * commutes is built again.
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
   * Opens the authority in a store for a change.
   *
   * @throws CommandFailure if it is degraded: an edit may have to build on a missing AUM
   */
  static StoreEdit begin(StoreArgument argument, PrintWriter err)
      throws OpenException, StoreException, CommandFailure {
    StoreEdit edit = look(argument, err);
    warn(edit.store, err);
    return edit;
  }

  /**
   * Opens the authority in a store to preview a change.
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
            snapshot -> LiveAuthority.open(store.aums(), store.policy(), clock, store.demand(true)),
            err);
    int damage = StoreArgument.reportDamage(live.current().snapshot(), err);
    if (damage != ExitCode.OK) {
      throw new CommandFailure(
          damage,
          "a damaged store cannot be edited; nothing was written",
          Advice.fetch(store.words(), Advice.CONTROL));
    }
    return new StoreEdit(store, live, err);
  }

  /** The store's place. */
  OpenStore store() {
    return store;
  }

  /** The authority when the store was read. */
  Authority authority() {
    return authority;
  }

  /**
   * Begins an edit that is built again if another writer is first.
   *
   * @param patience how long to build it again
   */
  Editing editing(Signer signer, Edit edit, Duration patience) {
    return live.editing(signer, edit, patience);
  }

  /**
   * Stores an edit that was built. Earlier local AUMs that leave the active chain because of it,
   * and what another writer had done already, are reported on standard error.
   *
   * @param again edits that were set aside and that it repeats: they leave the list
   * @return the authority with it; empty if another writer was first, and it is to be built again
   * @throws StoreException.Conflict if another writer was first, and there is no more time; nothing
   *     was written
   */
  Optional<Authority> store(Editing editing, Set<AumHash> again)
      throws TkaException, CommandFailure {
    Optional<EditResult> stored = editing.store(again);
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    stored
        .get()
        .batch()
        .already()
        .forEach(done -> err.println("tka: note: " + done + ": another writer has just done it"));
    return Optional.of(report(stored.get().informed()));
  }

  /**
   * Stores updates that were built on {@link #authority}. Earlier local AUMs that leave the active
   * chain because of them are reported on standard error.
   *
   * @return the authority with them
   * @throws StoreException.Conflict if another writer was first; nothing was written
   * @throws CommandFailure if one of them may not displace its rival (protocol, section 10);
   *     nothing was written
   */
  Authority store(List<Aum> updates) throws TkaException, CommandFailure {
    return updates.isEmpty() ? authority : report(live.informOn(authority, updates));
  }

  private Authority report(InformResult result) throws CommandFailure {
    requireAdmitted(result);
    result
        .setAside()
        .forEach(left -> err.println("tka: set aside, see 'tka edits': " + Texts.edit(left)));
    result
        .displacedOwn()
        .forEach(
            left -> err.println("tka: made here, accepted by control, now displaced: " + left));
    return result.after();
  }

  private void requireAdmitted(InformResult result) throws CommandFailure {
    for (Refusal each : result.refusals()) {
      if (each instanceof Refusal.BelowThreshold below) {
        throw new CommandFailure(
            ExitCode.CONFLICT,
            "this change " + below.shortfall().words() + ": nothing was written",
            Advice.person(
                "propose it, for others to sign: 'tka propose " + store.words() + " --add KEY'"));
      }
    }
    if (!result.refusals().isEmpty()) {
      // Only the first can displace; the others build on it, so nothing was accepted.
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "not admitted; nothing was written: " + result.refusals().get(0).text());
    }
  }

  /** An unsent update of this store that differs from another in its signatures only. */
  Optional<AumHash> unsentVersionOf(Aum update) throws StoreException {
    AumSnapshot snapshot = authority.snapshot();
    Aum unsigned = update.withSignatures(List.of());
    for (AumHash hash : snapshot.ownAums().unsent()) {
      boolean here = snapshot.find(hash).isPresent() && !hash.equals(update.hash());
      if (here && snapshot.get(hash).withSignatures(List.of()).equals(unsigned)) {
        return Optional.of(hash);
      }
    }
    return Optional.empty();
  }

  /** The authority as it would be without an unsent update; nothing is written. */
  Authority without(AumHash unsent) throws TkaException {
    LiveAuthority trial = trial();
    return trial.setAside(trial.current(), unsent);
  }

  /**
   * Stores updates in place of an unsent one. What builds on that is set aside.
   *
   * @return the authority with them
   * @throws StoreException.Conflict if another writer was first; nothing was written
   * @throws CommandFailure if one of them may not displace its rival (protocol, section 10);
   *     nothing was written
   */
  Authority replace(AumHash unsent, List<Aum> updates) throws TkaException, CommandFailure {
    LiveAuthority trial = trial();
    requireAdmitted(trial.informOn(trial.setAside(trial.current(), unsent), updates));
    Authority before = live.setAside(authority, unsent);
    before.snapshot().ownAums().setAside().stream()
        .filter(left -> authority.snapshot().find(left.aum().hash()).isPresent())
        .filter(left -> !left.aum().hash().equals(unsent))
        .forEach(left -> err.println("tka: set aside, see 'tka edits': " + Texts.edit(left)));
    return report(live.informOn(before, updates, Set.of(unsent)));
  }

  private LiveAuthority trial() throws TkaException {
    return SyncRun.open(SyncRun.copy(authority.snapshot()), live.policy());
  }

  /** Removes edits from the list of those that were set aside. */
  void dropSetAside(Set<AumHash> edits) throws StoreException {
    live.dropSetAside(authority, edits);
  }

  /**
   * Applies a compaction planned for {@link #authority}.
   *
   * @throws StoreException.Conflict if another writer was first; nothing was written
   */
  void compact(CompactionPlan.Decided plan) throws OpenException, StoreException {
    plan.applyTo(store.aums(), live.policy());
  }

  /**
   * Restores purged AUMs, as planned for {@link #authority}.
   *
   * @throws StoreException.Conflict if another writer was first; nothing was written
   */
  void repair(Repair.Restore plan) throws StoreException {
    plan.applyTo(store.aums());
  }

  /**
   * Ends the authority for good. Where records are kept for a control server, its AUMs and the
   * secret stay there for nodes that come back late; elsewhere all is wiped. A running server is
   * asked to.
   *
   * @param secret what ends it
   * @throws StoreException.Conflict if another writer was first; nothing was written
   * @throws CommandFailure if it lacks votes; nothing was written
   */
  void end(DisablementSecret secret) throws StoreException, CommandFailure {
    if (store.aums() instanceof ServedAums served) {
      served.end(authority.head(), secret);
      return;
    }
    Revision read = authority.snapshot().revision();
    Optional<ControlRecords> records = store.records();
    String tailnet = store.tailnet().orElse("");
    // The store of an authority that was ended before is no tailnet.
    if (records.isPresent() && records.get().tailnets().contains(tailnet)) {
      TailnetRecord before = records.get().tailnet(tailnet);
      Optional<Thresholds.Shortfall> shortfall = before.shortfallOfDisabling(authority.state());
      if (shortfall.isPresent()) {
        throw new CommandFailure(
            ExitCode.CONFLICT,
            "disabling " + shortfall.get().words() + ": nothing was written",
            Advice.person(
                "propose it, for others to sign: 'tka propose " + store.words() + " --disable'"));
      }
      Instant now = Clock.systemUTC().instant();
      records
          .get()
          .retire(
              tailnet, read, before, new RetiredAuthority(nameIn(before), secret, now, tailnet));
      return;
    }
    Revision now = store.aums().read().revision();
    if (!now.equals(read)) {
      throw new StoreException.Conflict(read, now);
    }
    store.aums().wipe();
  }

  /** The name that control gave the authority, or would give it now. */
  private AuthorityName nameIn(TailnetRecord record) {
    List<TrailEntry> trail = authority.snapshot().trail().entries();
    AuthorityName name =
        new AuthorityName(
            trail.isEmpty() ? authority.oldestAncestor() : trail.get(0).hash(),
            authority.state().stateId1(),
            authority.state().stateId2());
    return record.authority().filter(name::isSameAs).orElse(name);
  }

  /** Prints the store's warning before a change. */
  static void warn(OpenStore store, PrintWriter err) {
    store.place().warning().ifPresent(warning -> err.println("tka: warning: " + warning));
  }
}
