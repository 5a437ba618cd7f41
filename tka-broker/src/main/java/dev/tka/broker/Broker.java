package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TkaException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Signs what its policy allows, and logs every decision before it gives it to anybody (service,
 * section 11). Safe for use by many threads.
 *
 * <p>A slow signer or second broker holds nobody else up: both are asked first, without a lock, and
 * what they made is given only if the decision is the same at the moment when it is logged.
 */
@SuppressWarnings("try") // A turn is held, not used.
public final class Broker {
  private static final int TRIES = 3;

  /** Within a minute; with lines of 2 KiB, they fill at most 2 GiB in a week. */
  static final int MOST_REFUSALS = 100;

  /** Of one rule within a minute, of vouchers that are good. */
  static final int MOST_FAILURES = 20;

  /** Where keys are and what is wrong with them is nothing for whoever asks. */
  private static final String NO_SIGNER =
      "the key to sign with cannot be used now; the broker's own lines say why";

  private static final String NO_TURN = "others wait for the same rule: ask again";

  private static final String NO_AGREEMENT =
      "the second broker does not agree; the broker's own lines say why";

  private final Policy policy;
  private final BrokerLog log;
  private final Clock clock;
  private final SecondOpinion second;
  private final boolean rehearses;
  private final boolean brings;
  private final Duration turn;
  private final Turns turns;
  private final Refusals refusals = new Refusals(MOST_REFUSALS);

  /** By rule: a key or a second broker that fails must not hold up the other rules. */
  private final Map<String, Refusals> failures = new ConcurrentHashMap<>();

  /**
   * A broker.
   *
   * @param log is left open
   * @param second asks other brokers
   * @param rehearses decides and logs, and signs nothing
   */
  public Broker(
      Policy policy, BrokerLog log, Clock clock, SecondOpinion second, boolean rehearses) {
    this(policy, log, clock, second, rehearses, false, Turns.WAIT);
  }

  /** One in which a request waits so long for its turn. */
  Broker(Policy policy, BrokerLog log, Clock clock, SecondOpinion second, Duration turn) {
    this(policy, log, clock, second, false, false, turn);
  }

  private Broker(
      Policy policy,
      BrokerLog log,
      Clock clock,
      SecondOpinion second,
      boolean rehearses,
      boolean brings,
      Duration turn) {
    this.policy = policy;
    this.log = log;
    this.clock = clock;
    this.second = second;
    this.rehearses = rehearses;
    this.brings = brings;
    this.turn = turn;
    turns = new Turns(policy, turn);
  }

  /** How many requests may be waiting for signers and second brokers at one time. */
  int places() {
    return turns.places();
  }

  /** The same, whose signatures for nodes are noted in the log as those of {@link Bringing}. */
  public Broker bringing() {
    return new Broker(policy, log, clock, second, rehearses, true, turn);
  }

  /** Asks another broker. */
  @FunctionalInterface
  public interface SecondOpinion {
    /**
     * Asks whether it agrees, and checks its answer.
     *
     * @return why it does not count as agreement, as a sentence without its end; empty if it agrees
     */
    Optional<String> against(Policy.Second second, SigningRequest request);
  }

  /** An answer, which is in the log if it is a decision. */
  public sealed interface Answer {
    /** The number of its line in the log; 0 if there is none. */
    long line();

    /**
     * The signature.
     *
     * @param rule the rule that allows it
     * @param voucher names the voucher in the log
     * @param signature an encoded node-key signature
     */
    record Signed(long line, String rule, String voucher, Bytes signature) implements Answer {}

    /**
     * An agreement to what another broker signs.
     *
     * @param rule the rule that allows it
     * @param signature of {@link SigningRequest#agreementHash}
     */
    record Agreed(long line, String rule, Bytes signature) implements Answer {}

    /**
     * In a rehearsal, it would have been signed.
     *
     * @param rule the rule that allows it
     */
    record WouldSign(long line, String rule) implements Answer {}

    /**
     * Nothing was decided, and nothing logged: too many were refused.
     *
     * @param retryAfter when to ask again
     */
    record Later(Duration retryAfter) implements Answer {
      @Override
      public long line() {
        return 0;
      }
    }

    /** A refusal. */
    record Refused(long line, Decision.Refuse why) implements Answer {}
  }

  /**
   * Decides a request, and signs it if the policy allows it.
   *
   * @throws LogException if the log was changed by somebody else: nothing is decided any longer
   * @throws IOException if the log cannot be written: nothing is given then
   */
  public Answer ask(SigningRequest request) throws LogException, IOException {
    Optional<Duration> wait = refusals.wait(clock.instant());
    if (wait.isPresent()) {
      return new Answer.Later(wait.get());
    }
    Answer answer = decide(request);
    if (answer instanceof Answer.Refused refused) {
      (refused.why().isFailure() ? failures(refused.why().rule().orElseThrow()) : refusals)
          .add(clock.instant());
    }
    return answer;
  }

  private Refusals failures(String rule) {
    return failures.computeIfAbsent(rule, name -> new Refusals(MOST_FAILURES));
  }

  private Answer decide(SigningRequest request) throws LogException, IOException {
    Map<PinnedKeys, Optional<PinnedKeys.Signed>> verified = new HashMap<>();
    for (int i = 0; i < TRIES; i++) {
      Decision first = Decision.of(policy, log.ledger(), request, clock.instant(), verified);
      if (first instanceof Decision.Again again) {
        return rehearses
            ? new Answer.WouldSign(again.line(), again.rule().name())
            : given(again.line(), again.rule(), again.voucher(), again.signature());
      }
      if (first instanceof Decision.Sign sign) {
        Optional<Duration> wait = failures(sign.rule().name()).wait(clock.instant());
        if (wait.isPresent()) {
          return new Answer.Later(wait.get());
        }
      }
      Made made = first instanceof Decision.Sign sign ? make(sign, request) : Made.nothing();
      Optional<Answer> answer = log(request, made, verified);
      if (answer.isPresent()) {
        return answer.get();
      }
    }
    Decision.Refuse busy =
        Decision.Refuse.of(
            Reason.BUSY, "others were decided at the same time, again and again: ask again");
    return refused(request, busy);
  }

  /**
   * What was made before the decision counts.
   *
   * @param under the decision that it was made for
   * @param signature none in a rehearsal
   * @param failed why it could not be made
   */
  private record Made(
      Optional<Decision.Sign> under, Optional<Bytes> signature, Optional<Decision.Refuse> failed) {
    static Made nothing() {
      return new Made(Optional.empty(), Optional.empty(), Optional.empty());
    }

    static Made failed(Decision.Sign sign, Reason reason, String sentence, String detail) {
      Decision.Refuse refuse =
          Decision.Refuse.of(reason, sentence)
              .by(sign.rule().name())
              .of(sign.voucher())
              .because(detail);
      return new Made(Optional.of(sign), Optional.empty(), Optional.of(refuse));
    }
  }

  private Made make(Decision.Sign sign, SigningRequest request) {
    if (rehearses) {
      return new Made(Optional.of(sign), Optional.empty(), Optional.empty());
    }
    Optional<Turns.Turn> turn = turns.take(sign.rule().name());
    if (turn.isEmpty()) {
      return Made.failed(sign, Reason.BUSY, NO_TURN, "as many as may of the rule are being signed");
    }
    try (Turns.Turn held = turn.get()) {
      return madeInTurn(sign, request);
    }
  }

  private Made madeInTurn(Decision.Sign sign, SigningRequest request) {
    // The own key first: the second broker need not agree to what cannot be signed anyhow.
    try (NodeSigner signer = NodeSigner.open(sign.rule().sign())) {
      if (sign.needsSecond()) {
        Optional<String> against = second.against(sign.rule().second().orElseThrow(), request);
        if (against.isPresent()) {
          return Made.failed(sign, Reason.SECOND, NO_AGREEMENT, against.get());
        }
      }
      return new Made(Optional.of(sign), Optional.of(signer.sign(request)), Optional.empty());
    } catch (TkaException e) {
      return Made.failed(sign, Reason.SIGNER, NO_SIGNER, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return Made.failed(sign, Reason.SIGNER, NO_SIGNER, "it cannot be read: " + e.getMessage());
    }
  }

  /** Decides once more, with what is known at the moment of logging; empty to begin again. */
  private Optional<Answer> log(
      SigningRequest request, Made made, Map<PinnedKeys, Optional<PinnedKeys.Signed>> verified)
      throws LogException, IOException {
    AtomicReference<Decision> decided = new AtomicReference<>();
    Optional<Long> line =
        log.append(
            ledger -> {
              Instant now = ledger.notBefore(clock.instant());
              Decision decision = Decision.of(policy, ledger, request, now, verified);
              if (decision instanceof Decision.Again) {
                // Another request made it meanwhile: it is in the log.
                return Optional.empty();
              }
              if (decision instanceof Decision.Sign sign) {
                if (!covers(made, sign)) {
                  return Optional.empty();
                }
                if (made.failed().isPresent()) {
                  decision = made.failed().get();
                }
              }
              decided.set(decision);
              return Optional.of(
                  new LogEntry(
                      now,
                      decision instanceof Decision.Sign sign
                          ? LogEntry.Decided.signed(
                              request, sign, made.signature(), isForControl(sign, made))
                          : LogEntry.Decided.refused(request, (Decision.Refuse) decision)));
            });
    return line.map(number -> answer(number, decided.get(), made));
  }

  private boolean isForControl(Decision.Sign sign, Made made) {
    return brings
        && made.signature().isPresent()
        && !(sign.rule().sign() instanceof Policy.Signing.Agreement);
  }

  private static boolean covers(Made made, Decision.Sign sign) {
    return made.under().isPresent()
        && made.under().get().rule().equals(sign.rule())
        && made.under().get().voucher().equals(sign.voucher())
        && (made.under().get().needsSecond() || !sign.needsSecond());
  }

  private Answer answer(long line, Decision decision, Made made) {
    if (decision instanceof Decision.Refuse refuse) {
      return new Answer.Refused(line, refuse);
    }
    Decision.Sign sign = (Decision.Sign) decision;
    String rule = sign.rule().name();
    if (made.signature().isEmpty()) {
      return new Answer.WouldSign(line, rule);
    }
    return given(line, sign.rule(), sign.voucher(), made.signature().get());
  }

  private static Answer given(long line, Policy.Rule rule, String voucher, Bytes signature) {
    return rule.sign() instanceof Policy.Signing.Agreement
        ? new Answer.Agreed(line, rule.name(), signature)
        : new Answer.Signed(line, rule.name(), voucher, signature);
  }

  private Answer refused(SigningRequest request, Decision.Refuse refuse)
      throws LogException, IOException {
    long line =
        log.append(
                ledger ->
                    Optional.of(
                        new LogEntry(clock.instant(), LogEntry.Decided.refused(request, refuse))))
            .orElseThrow();
    return new Answer.Refused(line, refuse);
  }

  /**
   * Notes in the log that a broker starts.
   *
   * @param policy of {@link Policy#hash}
   * @return the last line, to be kept elsewhere
   */
  public static BrokerLog.Head start(BrokerLog log, Bytes policy, Instant now)
      throws LogException, IOException {
    log.append(ledger -> Optional.of(new LogEntry(now, new LogEntry.Started(policy))));
    return log.head();
  }

  /**
   * Issues a token for one node.
   *
   * @param rule the name of the rule that it is for
   * @param until from when on it does not count
   */
  public static void issue(
      BrokerLog log, LockPublicKey token, String rule, Instant until, Instant now)
      throws LogException, IOException {
    log.append(
        ledger -> Optional.of(new LogEntry(now, new LogEntry.TokenIssued(token, rule, until))));
  }
}
