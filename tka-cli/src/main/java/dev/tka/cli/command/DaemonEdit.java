package dev.tka.cli.command;

import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.client.localapi.LocalApi;
import dev.tka.client.localapi.LocalApiException;
import dev.tka.client.localapi.LockStatus;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A change that a running tailscaled makes with its own key: it is sent, and then waited for, since
 * the daemon itself knows of it only when control tells it, and it may have lost by then
 * (docs/localapi.md). What became of it is read from the daemon's chain, and never guessed.
 */
final class DaemonEdit implements AutoCloseable {
  /** The description of what commands do there. */
  static final String HELP =
      "On a running tailscaled, tailscaled:, it is done with this node's own key, through control:"
          + " what is asked for is shown first, and what control made of it afterwards.";

  /** How long to wait for the next map, in milliseconds; tests wait less. */
  private static final String WAIT = "tka.daemon.wait";

  private static final long WAIT_MILLIS = 30_000;

  /** An edit that is not on the chain some time after another one came may still come. */
  private static final int SETTLING = 10;

  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final TailscaledPlace place;
  private final String words;
  private final LocalApi api;
  private final PrintWriter err;
  private final long waitNanos = TimeUnit.MILLISECONDS.toNanos(Long.getLong(WAIT, WAIT_MILLIS));

  private DaemonEdit(TailscaledPlace place, String words, LocalApi api, PrintWriter err) {
    this.place = place;
    this.words = words;
    this.api = api;
    this.err = err;
  }

  /**
   * A running tailscaled that a command was given.
   *
   * @param senseless options that make no sense there
   * @return empty if it is another store
   * @throws ParameterException if one of those options is given
   */
  static Optional<TailscaledPlace> find(
      StoreArgument store, CommandSpec spec, List<String> senseless) {
    Optional<TailscaledPlace> place = DaemonPeers.find(store.place());
    if (place.isPresent()) {
      if (spec.commandLine().getParseResult().hasMatchedOption(TailnetOption.NAME)) {
        throw new ParameterException(
            spec.commandLine(),
            TailnetOption.NAME
                + ": leave it out: a running tailscaled has one tailnet, which is the one meant");
      }
      for (String option : senseless) {
        if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
          throw new ParameterException(
              spec.commandLine(),
              option
                  + ": leave it out: a running tailscaled "
                  + (option.equals("--peers")
                      ? "knows the nodes itself"
                      : "signs with this node's own key"));
        }
      }
    }
    return place;
  }

  /** Options that name a key to sign with, of this version and others. */
  static final List<String> SIGNERS = List.of("--key-file", "--signer");

  /** The option that names a key to sign with, for a command to run next; none on a tailscaled. */
  static String keyOption(Optional<TailscaledPlace> daemon) {
    return daemon.isPresent() ? "" : " --key-file FILE";
  }

  static DaemonEdit open(TailscaledPlace place, String words, PrintWriter err)
      throws StoreException {
    try {
      return new DaemonEdit(place, words, LocalApi.open(place.socket()), err);
    } catch (LocalApiException e) {
      throw new StoreException.Unavailable(place.title(), e);
    }
  }

  /** A change or a question. */
  @FunctionalInterface
  interface Asking<T> {
    T of(LocalApi api) throws LocalApiException;
  }

  /**
   * Asks the daemon.
   *
   * @throws StoreException.Unavailable with the reason as its cause, if it does not do it
   */
  <T> T ask(Asking<T> asking) throws StoreException {
    try {
      return asking.of(api);
    } catch (LocalApiException e) {
      throw new StoreException.Unavailable(place.title(), e);
    }
  }

  /** What the daemon has now. */
  LockStatus status() throws StoreException {
    return ask(LocalApi::status);
  }

  /**
   * The daemon's authority, verified.
   *
   * @throws CommandFailure if the lock is off
   */
  Authority authority() throws TkaException, CommandFailure {
    Optional<Authority> found = find();
    if (found.isPresent()) {
      return found.get();
    }
    boolean loggedIn = status().nodeKey().isPresent();
    throw new CommandFailure(
        ExitCode.NOT_FOUND,
        place.title()
            + (loggedIn
                ? ": tailnet lock is not enabled there"
                : ": this node is not logged in to a tailnet"),
        Advice.person(
            loggedIn ? "'tka init " + words + "' enables it" : "log it in: 'tailscale up'"));
  }

  /** The daemon's authority; empty while the lock is off. */
  Optional<Authority> find() throws TkaException {
    AumSnapshot chain = ask(LocalApi::chain);
    return chain.entries().isEmpty() ? Optional.empty() : Optional.of(Authority.open(chain));
  }

  /**
   * The node's own key, which signs.
   *
   * @throws CommandFailure if it is not trusted: no node would accept what it signs
   */
  LockPublicKey requireTrusted(Authority authority) throws TkaException, CommandFailure {
    Optional<LockPublicKey> own = status().publicKey();
    if (own.isEmpty() || !authority.state().trusts(own.get().bytes())) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "this node's own key"
              + own.map(key -> ", " + key + ",").orElse("")
              + " is not trusted: no node would accept what it signs",
          Advice.person(
              "do it on a node whose key is trusted, or have that one trust this key: 'tka status "
                  + words
                  + "' lists the trusted keys"));
    }
    return own.get();
  }

  /** Says what the daemon is about to be asked for. */
  void say(String what) {
    err.println("tka: " + what);
    err.flush();
  }

  /**
   * Keys to add, and the ids of keys to remove.
   *
   * @param added with their votes and metadata
   */
  record Change(List<Key> added, List<Bytes> removed) {
    /** What of it is not so yet. */
    Change leftIn(State state) {
      return new Change(
          added.stream().filter(key -> !state.findKey(key.id()).equals(Optional.of(key))).toList(),
          removed.stream().filter(state::trusts).toList());
    }

    /** A key that is to be added, and is trusted with other votes or metadata. */
    Optional<Key> otherwiseIn(State state) {
      return leftIn(state).added().stream()
          .flatMap(key -> state.findKey(key.id()).stream())
          .findFirst();
    }

    boolean isEmpty() {
      return added.isEmpty() && removed.isEmpty();
    }

    /** Whether an AUM makes a part of it. */
    boolean isMadeBy(Aum aum) {
      return aum.key().filter(added::contains).isPresent()
          || (aum.kind().equals(AumKind.REMOVE_KEY)
              && aum.keyId().filter(removed::contains).isPresent());
    }

    /** For people. */
    @Override
    public String toString() {
      List<String> parts = new ArrayList<>();
      added.forEach(
          key ->
              parts.add(
                  "add " + Texts.keyId(key.id()) + " with " + Texts.count(key.votes(), "vote")));
      removed.forEach(id -> parts.add("remove " + Texts.keyId(id)));
      return String.join(", ", parts);
    }
  }

  /**
   * What became of a change.
   *
   * @param after the authority with it
   * @param made the AUMs by which it was made here, in the order of the chain; none if another
   *     writer made the same
   */
  record Made(Authority after, List<Aum> made) {}

  /**
   * Has keys added and removed, and waits until they are.
   *
   * @param patience how long to send it again if another edit was first; zero not to
   * @throws CommandFailure if it lost, or what became of it is not known; the message says which
   */
  Made modify(Change change, Duration patience) throws TkaException, CommandFailure {
    long end = System.nanoTime() + patience.toNanos();
    Authority base = authority();
    while (true) {
      LockPublicKey own = requireTrusted(base);
      Change left = change.leftIn(base.state());
      if (left.isEmpty()) {
        say("note: another writer has just done it");
        return new Made(base, List.of());
      }
      Optional<Key> otherwise = left.otherwiseIn(base.state());
      if (otherwise.isPresent()) {
        throw otherwise(otherwise.get());
      }
      boolean again = System.nanoTime() - end < 0;
      Optional<LocalApiException> doubt = Optional.empty();
      try {
        api.modify(left.added(), left.removed());
      } catch (LocalApiException.TryAgain e) {
        if (!again) {
          throw new CommandFailure(
              ExitCode.CONFLICT, "another edit came first; this one was not made");
        }
        say("note: another edit came first; waiting for it, then trying again");
        base = otherThan(base).orElse(base);
        continue;
      } catch (LocalApiException e) {
        if (!e.isInDoubt()) {
          throw new StoreException.Unavailable(place.title(), e);
        }
        doubt = Optional.of(e);
      }
      Waiting waiting = new Waiting(true, doubt);
      Optional<Made> made = await(waiting, base, left, own);
      if (made.isPresent()) {
        return made.get();
      }
      Authority now = waiting.last.orElseThrow();
      String lost = "lost against another edit: " + describe(added(base, now));
      if (!again) {
        throw new CommandFailure(
            ExitCode.CONFLICT,
            lost + "; this one is not on the chain",
            Advice.person(
                "look at 'tka log " + words + "', and run it again if it is still right"));
      }
      say("note: " + lost + "; trying again");
      base = now;
    }
  }

  private CommandFailure otherwise(Key key) {
    return new CommandFailure(
        ExitCode.VERIFICATION_FAILED,
        Texts.keyId(key.id())
            + " is trusted already, otherwise than asked for: with "
            + Texts.count(key.votes(), "vote")
            + (key.meta().isEmpty() ? "" : " and metadata")
            + "; nothing was changed",
        Advice.person("look at 'tka status " + words + "'"));
  }

  /**
   * Waits until a change is on the daemon's chain.
   *
   * @return empty if others are there, and it is not
   * @throws CommandFailure if that does not come out
   */
  private Optional<Made> await(Waiting waiting, Authority base, Change change, LockPublicKey own)
      throws TkaException, CommandFailure {
    while (waiting.goesOn()) {
      Optional<Authority> now = waiting.read(base);
      if (now.isPresent()) {
        List<Aum> made = new ArrayList<>();
        for (Aum aum : added(base, now.get())) {
          if (change.isMadeBy(aum) && AumFacts.signersOf(aum).contains(own.bytes())) {
            made.add(aum);
          }
        }
        if (!made.isEmpty() || change.leftIn(now.get().state()).isEmpty()) {
          say(
              made.isEmpty()
                  ? "note: another writer has just done it"
                  : "control took it: " + describe(made));
          return Optional.of(new Made(now.get(), made));
        }
      }
    }
    if (waiting.last.isPresent() && waiting.doubt.isEmpty()) {
      return Optional.empty();
    }
    throw unknown(waiting.doubt);
  }

  private CommandFailure unknown(Optional<LocalApiException> doubt) {
    String why =
        doubt
            .map(failure -> "not known whether it was made: " + failure.getMessage())
            .orElse(
                "control took it, and this node has not heard of it in "
                    + TimeUnit.NANOSECONDS.toSeconds(waitNanos)
                    + " s: whether it stays is not known");
    return new CommandFailure(
        ExitCode.IO, why, Advice.person("look at 'tka log " + words + "' before you run it again"));
  }

  /** After a change was sent: what went wrong then says nothing of the change. */
  private CommandFailure unknown(Optional<LocalApiException> doubt, TkaException failure) {
    return new CommandFailure(
        ExitCode.IO,
        doubt
            .map(why -> "not known whether it was made: " + why.getMessage())
            .orElse(
                "control took it; whether it stays is not known: "
                    + (failure.getCause() == null ? failure : failure.getCause()).getMessage()),
        Advice.person("look at 'tka log " + words + "' before you run it again"));
  }

  /** One waiting for the daemon to hear from control. */
  private final class Waiting {
    private final long start = System.nanoTime();
    private final boolean sent;
    private final Optional<LocalApiException> doubt;
    private long pause = FIRST_PAUSE_NANOS;
    private long movedAt;

    /** The last one that was another than before. */
    private Optional<Authority> last = Optional.empty();

    /**
     * Begins to wait.
     *
     * @param sent whether it is for a change of this command, and not for one of others
     * @param doubt why it is not known whether control took it; empty if it did
     */
    Waiting(boolean sent, Optional<LocalApiException> doubt) {
      this.sent = sent;
      this.doubt = doubt;
    }

    boolean goesOn() {
      long now = System.nanoTime();
      return (last.isPresent() && doubt.isEmpty())
          ? now - movedAt < waitNanos / SETTLING
          : now - start < waitNanos;
    }

    /**
     * The authority, if it is another than before. A daemon that is being started is waited for.
     *
     * @throws CommandFailure if it cannot be read after a change was sent, which may have been made
     */
    Optional<Authority> read(Authority base) throws TkaException, CommandFailure {
      Optional<Authority> now = find().filter(each -> !each.head().equals(base.head()));
      if (now.isPresent()) {
        if (last.isEmpty()) {
          movedAt = System.nanoTime();
        }
        last = now;
      }
      return now;
    }

    private Optional<Authority> find() throws TkaException, CommandFailure {
      LockSupport.parkNanos(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_NANOS);
      try {
        return DaemonEdit.this.find();
      } catch (TkaException e) {
        if (isGone(e)) {
          return Optional.empty();
        }
        if (sent) {
          throw unknown(doubt, e);
        }
        throw e;
      }
    }
  }

  private static boolean isGone(TkaException failure) {
    return failure.getCause() instanceof LocalApiException.NotRunning
        || failure.getCause() instanceof LocalApiException.NoAnswer;
  }

  /** Waits for another head. */
  private Optional<Authority> otherThan(Authority base) throws TkaException, CommandFailure {
    Waiting waiting = new Waiting(false, Optional.empty());
    while (waiting.goesOn()) {
      Optional<Authority> now = waiting.read(base);
      if (now.isPresent()) {
        return now;
      }
    }
    return Optional.empty();
  }

  /** The AUMs of a chain that another one lacks, oldest first. */
  private static List<Aum> added(Authority before, Authority after) throws TkaException {
    Set<AumHash> known = new HashSet<>(before.newestFirst(before.length()));
    List<Aum> added = new ArrayList<>();
    for (AumHash hash : after.newestFirst(after.length())) {
      if (!known.contains(hash)) {
        added.add(0, after.snapshot().get(hash));
      }
    }
    return added;
  }

  private static String describe(List<Aum> updates) {
    return updates.isEmpty()
        ? "none that is visible"
        : updates.stream()
            .map(
                aum ->
                    "update "
                        + aum.hash()
                        + " ("
                        + aum.kind()
                        + ") by "
                        + AumFacts.signersOf(aum).stream()
                            .map(Texts::keyId)
                            .collect(Collectors.joining(", ")))
            .collect(Collectors.joining("; "));
  }

  /**
   * Has an update sent that is made and signed, and waits until it is on the daemon's chain.
   *
   * @param judged the head that its effect was shown for: it undoes nothing that came later
   * @return the authority with it
   * @throws CommandFailure if there is another head by now, if it lost, or if what became of it is
   *     not known
   */
  Authority submit(Aum update, AumHash judged) throws TkaException, CommandFailure {
    Authority base = authority();
    if (!base.head().equals(judged)) {
      throw new CommandFailure(
          ExitCode.CONFLICT,
          "another edit came meanwhile, which this might undo; nothing was sent",
          Advice.person("look at 'tka log " + words + "', and run it again if it is still right"));
    }
    Optional<LocalApiException> doubt = Optional.empty();
    try {
      api.submitRecovery(update);
    } catch (LocalApiException e) {
      if (!e.isInDoubt()) {
        throw new StoreException.Unavailable(place.title(), e);
      }
      doubt = Optional.of(e);
    }
    Waiting waiting = new Waiting(true, doubt);
    while (waiting.goesOn()) {
      Optional<Authority> now = waiting.read(base);
      if (now.isPresent() && now.get().isActive(update.hash())) {
        return now.get();
      }
    }
    if (waiting.last.isPresent() && doubt.isEmpty()) {
      throw new CommandFailure(
          ExitCode.CONFLICT,
          "it lost: the chain went on without it: " + describe(added(base, waiting.last.get())),
          Advice.person("look at 'tka log " + words + "', and make it anew"));
    }
    // Control takes one that loses, too, and says nothing of it.
    throw new CommandFailure(
        ExitCode.IO,
        doubt.isPresent()
            ? "not known whether control has it: " + doubt.get().getMessage()
            : "control has it, and it is not on this node's chain: it lost against what is there, or"
                + " control has not told this node of it yet",
        Advice.person("look at 'tka log " + words + "'; to submit it again does no harm"));
  }

  /**
   * Has the lock enabled or disabled, and waits until it is.
   *
   * @return the authority then; empty if it is disabled
   * @throws StoreException.Unavailable if the daemon or control does not do it
   * @throws CommandFailure if what became of it is not known
   */
  Optional<Authority> settleLock(boolean on, Asking<Boolean> change)
      throws TkaException, CommandFailure {
    Optional<LocalApiException> doubt = Optional.empty();
    try {
      change.of(api);
    } catch (LocalApiException e) {
      if (!e.isInDoubt()) {
        throw new StoreException.Unavailable(place.title(), e);
      }
      doubt = Optional.of(e);
    }
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_NANOS;
    while (System.nanoTime() - start < waitNanos) {
      try {
        Optional<Authority> now = find();
        if (now.isPresent() == on) {
          return now;
        }
      } catch (TkaException e) {
        if (!isGone(e)) {
          throw unknown(doubt, e);
        }
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_NANOS);
    }
    throw unknown(doubt);
  }

  /** How long to wait for a map. */
  long waitNanos() {
    return waitNanos;
  }

  @Override
  public void close() {
    api.close();
  }
}
