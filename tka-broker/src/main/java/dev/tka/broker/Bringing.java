package dev.tka.broker;

import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.store.TailnetName;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Brings signatures to a running control server, by the RPC {@code sign} (service, section 11).
 *
 * <p>What is to be brought is known from the log alone: a signature of {@link Broker#bringing}
 * without a line that settles it. So nothing is lost where control is away, and nothing where the
 * broker is killed. A signature may be brought twice, which does no harm.
 *
 * <p>A signature that control refuses is left, and so is one whose node or tailnet control does not
 * have, or whose lock is off, 24 hours after the decision. Everything else is tried again for ever.
 * Safe for use by many threads.
 */
public final class Bringing implements BrokerServer.Delivery, AutoCloseable {
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofHours(24);

  /** What control says of the signature itself. */
  private static final Set<String> FINAL = Set.of("refused", "malformed");

  /** What control says while it has no use for a signature. */
  private static final Set<String> NO_USE = Set.of("unknown-node", "unknown-tailnet", "lock-off");

  private final BrokerLog log;
  private final ServerClient control;
  private final Clock clock;
  private final Consumer<String> lines;
  private final Map<String, Postponed> postponed = new ConcurrentHashMap<>();
  private final ScheduledExecutorService rounds =
      Executors.newSingleThreadScheduledExecutor(
          run -> {
            Thread thread = new Thread(run, "tka-broker-bringing");
            thread.setDaemon(true);
            return thread;
          });

  /** Whether control gave no answer the last time: nobody who asks waits for that again. */
  private volatile boolean away;

  /** One that control answered, but did not take. */
  private record Postponed(Instant until, String why) {
    /** A clock that went back must not make a signature wait for it to come again. */
    boolean isStill(Instant now) {
      return until.isAfter(now) && !until.isAfter(now.plus(LONGEST_PAUSE));
    }
  }

  private Bringing(BrokerLog log, ServerClient control, Clock clock, Consumer<String> lines) {
    this.log = log;
    this.control = control;
    this.clock = clock;
    this.lines = lines;
  }

  /**
   * Begins with what the log says was not brought before.
   *
   * @param log is left open
   * @param control is closed with this
   * @param lines receives a line for what happens without anybody asking
   */
  public static Bringing start(
      BrokerLog log, ServerClient control, Clock clock, Consumer<String> lines) {
    Bringing bringing = new Bringing(log, control, clock, lines);
    var unused =
        bringing.rounds.scheduleWithFixedDelay(
            bringing::round, 0, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    return bringing;
  }

  @Override
  public Optional<String> bring(SigningRequest request, Broker.Answer.Signed signed) {
    if (away) {
      return Optional.of("control is away; it is brought when control is back");
    }
    try {
      Ledger.ToBring one = log.ledger().toBring().get(signed.voucher());
      // Where it is not there any longer, a round was faster.
      return one == null ? Optional.empty() : attempt(one);
    } catch (LogException | IOException e) {
      return Optional.of("the broker cannot read its log");
    }
  }

  private void round() {
    try {
      List<Ledger.ToBring> waiting = new ArrayList<>(log.ledger().toBring().values());
      waiting.sort(Comparator.comparing(Ledger.ToBring::at));
      Instant now = clock.instant();
      for (Ledger.ToBring one : waiting) {
        Postponed before = postponed.get(one.voucher());
        if (before != null && before.isStill(now)) {
          continue;
        }
        boolean wasAway = away;
        Optional<String> problem = attempt(one);
        if (problem.isEmpty()) {
          lines.accept("brought to control: " + one);
        } else if (away ? !wasAway : before == null || !before.why().equals(problem.get())) {
          lines.accept("not brought to control: " + one + ": " + problem.get());
        }
        if (away || Thread.interrupted()) {
          return;
        }
      }
    } catch (LogException | IOException e) {
      lines.accept("not brought to control: " + e.getMessage());
    } catch (RuntimeException e) {
      // Without what it says: that may quote a request. Thrown on, it would end all rounds.
      lines.accept("not brought to control: " + e.getClass().getName());
    }
  }

  /** Brings one, and returns why it is not there. */
  private Optional<String> attempt(Ledger.ToBring one) throws LogException, IOException {
    Optional<String> left;
    try {
      control.sign(one.decided().tailnet(), one.decided().signature().orElseThrow());
      away = false;
      left = Optional.empty();
    } catch (ServerException e) {
      // Control's words: half of a surrogate pair among them could be written nowhere.
      String why = TailnetName.printable(String.valueOf(e.getMessage()));
      away = !(e instanceof ServerException.Refused || e instanceof ServerException.BadAnswer);
      if (!isLeft(e, one)) {
        String problem = why + "; it is tried again";
        if (!away) {
          postponed.put(one.voucher(), new Postponed(clock.instant().plus(pause(one)), problem));
        }
        return Optional.of(problem);
      }
      left = Optional.of(why);
    }
    postponed.remove(one.voucher());
    settle(one, left);
    return left.map(why -> why + "; it is left");
  }

  private boolean isLeft(ServerException e, Ledger.ToBring one) {
    if (!(e instanceof ServerException.Refused refused)) {
      return false;
    }
    return FINAL.contains(refused.code())
        || (NO_USE.contains(refused.code()) && one.at().plus(PATIENCE).isBefore(clock.instant()));
  }

  /** As long again as it has waited. */
  private Duration pause(Ledger.ToBring one) {
    Duration age = Duration.between(one.at(), clock.instant());
    return age.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : age;
  }

  private void settle(Ledger.ToBring one, Optional<String> left) throws LogException, IOException {
    LogEntry.Decided decided = one.decided();
    var unused =
        log.append(
            ledger ->
                ledger.toBring().containsKey(one.voucher())
                    ? Optional.of(
                        new LogEntry(
                            clock.instant(),
                            new LogEntry.Settled(
                                decided.tailnet(), decided.nodeKey(), one.voucher(), left)))
                    : Optional.empty());
  }

  @Override
  public void close() {
    rounds.shutdownNow();
    control.close();
  }
}
