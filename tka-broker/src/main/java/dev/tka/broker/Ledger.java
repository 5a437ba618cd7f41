package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.store.TailnetName;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pcollections.ConsPStack;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;
import org.pcollections.PStack;

/**
 * What a broker has to know of the past: a fold over its log. Immutable.
 *
 * @param lines how many the log has
 * @param latest the latest time in the log
 * @param tokens what it issued, by their public halves
 * @param used the vouchers that have served, and for what
 * @param signed when each rule signed, newest first; not much more than the last 24 hours
 * @param toBring what was signed for control and is not settled there, by the vouchers
 */
public record Ledger(
    long lines,
    Instant latest,
    PMap<LockPublicKey, Issued> tokens,
    PMap<String, Served> used,
    PMap<String, PStack<Instant>> signed,
    PMap<String, ToBring> toBring) {
  private static final Duration DAY = Duration.ofDays(1);
  private static final int KEPT_ANYWAY = 64;
  private static final int PRUNED_EVERY = 64;

  /**
   * A token that was issued.
   *
   * @param rule the name of the rule that it is for
   * @param until from when on it does not count
   */
  public record Issued(String rule, Instant until) {}

  /**
   * A signature that control has yet to get.
   *
   * @param at when it was decided
   * @param decided the decision
   */
  public record ToBring(Instant at, LogEntry.Decided decided) {
    String voucher() {
      return decided.voucher().orElseThrow();
    }

    @Override
    public String toString() {
      return SigningRequest.keys(decided.nodeKey(), decided.rotationKey())
          + " of "
          + TailnetName.printable(decided.tailnet());
    }
  }

  /**
   * What a voucher has served for.
   *
   * @param line its line in the log
   * @param rule the name of the rule that signed
   * @param tailnet whose node
   * @param keys what was signed, as a voucher names it
   * @param signature what was given
   */
  public record Served(
      long line, String rule, String tailnet, String keys, Optional<Bytes> signature) {
    /** Whether a request is for the same. */
    boolean isFor(SigningRequest request) {
      return tailnet.equals(request.tailnet()) && keys.equals(request.keys());
    }
  }

  /** Of an empty log. */
  public static Ledger empty() {
    return new Ledger(
        0,
        Instant.MIN,
        HashTreePMap.empty(),
        HashTreePMap.empty(),
        HashTreePMap.empty(),
        HashTreePMap.empty());
  }

  /** With one more entry of the log. */
  public Ledger with(LogEntry entry) {
    Instant latest = notBefore(entry.at());
    if (entry.what() instanceof LogEntry.TokenIssued token) {
      return new Ledger(
          lines + 1,
          latest,
          unexpired(latest).plus(token.id(), new Issued(token.rule(), token.until())),
          used,
          signed,
          toBring);
    }
    if (entry.what() instanceof LogEntry.Settled settled) {
      return new Ledger(lines + 1, latest, tokens, used, signed, toBring.minus(settled.voucher()));
    }
    if (entry.what() instanceof LogEntry.Decided decided && decided.counts()) {
      String rule = decided.rule().orElseThrow();
      PStack<Instant> times = signed.getOrDefault(rule, ConsPStack.empty()).plus(entry.at());
      Served served =
          new Served(
              lines + 1,
              rule,
              decided.tailnet(),
              SigningRequest.keys(decided.nodeKey(), decided.rotationKey()),
              decided.signature());
      return new Ledger(
          lines + 1,
          latest,
          tokens,
          used.plus(decided.voucher().orElseThrow(), served),
          signed.plus(rule, pruned(times)),
          decided.forControl()
              ? toBring.plus(decided.voucher().orElseThrow(), new ToBring(entry.at(), decided))
              : toBring);
    }
    return new Ledger(lines + 1, latest, tokens, used, signed, toBring);
  }

  /**
   * Without the tokens that expired a day ago: a little later than needed, so that most who come
   * late are told why. Looks at all of them, and so not at each line.
   */
  private PMap<LockPublicKey, Issued> unexpired(Instant now) {
    if (lines % PRUNED_EVERY != 0) {
      return tokens;
    }
    List<LockPublicKey> old = new ArrayList<>();
    tokens.forEach(
        (id, issued) -> {
          if (issued.until().isBefore(now.minus(DAY))) {
            old.add(id);
          }
        });
    return tokens.minusAll(old);
  }

  /** Cuts off what is old, once it is the larger part. */
  private static PStack<Instant> pruned(PStack<Instant> times) {
    Instant day = times.get(0).minus(DAY);
    if (times.size() <= KEPT_ANYWAY || times.get(times.size() / 2).isAfter(day)) {
      return times;
    }
    List<Instant> kept = new ArrayList<>();
    times.stream().filter(time -> time.isAfter(day)).forEach(kept::add);
    return ConsPStack.from(kept);
  }

  /** The time to decide with: a clock that goes back does not let anything count again. */
  Instant notBefore(Instant clock) {
    return clock.isBefore(latest) ? latest : clock;
  }

  /** A token that was issued. */
  Optional<Issued> token(LockPublicKey id) {
    return Optional.ofNullable(tokens.get(id));
  }

  /**
   * How often a rule has signed since a time. What the log has of a later time than now counts, so
   * that setting the clock back gives nobody more.
   */
  int signedSince(String rule, Instant since) {
    int count = 0;
    for (Instant time : signed.getOrDefault(rule, ConsPStack.empty())) {
      count += time.isAfter(since) ? 1 : 0;
    }
    return count;
  }

  /** When the oldest of the last signatures of a rule was made. */
  Optional<Instant> nthNewest(String rule, int n) {
    PStack<Instant> times = signed.getOrDefault(rule, ConsPStack.empty());
    return n < times.size() ? Optional.of(times.get(n)) : Optional.empty();
  }
}
