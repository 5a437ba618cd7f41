package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.WitnessOption;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.OpenException;
import dev.tka.core.nodekey.KeyAlarm;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tka verify}: checks every AUM and every signature, from the oldest ancestor on. */
@Command(
    name = "verify",
    description = {
      "Verifies every update and signature in a store.",
      "Starts at the oldest ancestor, includes losing branches, and names the first error. With"
          + " --all, prints one line per tailnet in the store, and the exit status is that of the"
          + " first invalid one.",
      "An alarm on standard error names each trusted key that anybody can sign for or that can"
          + " never sign; it does not affect the exit status.",
      "With --witness, it looks at control's log of heads, too: the exit status is 1 if what"
          + " control shows is not what its witnesses saw, and 6 if there is no log to look at."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka verify DIR",
      "  tka verify DIR --json && echo sound",
      "  tka verify sqlite:control.db --tailnet example.com",
      "  tka verify sqlite:control.db --all",
      "  tka verify https://tka.example.com --tailnet example.com --witness policy --witness-seen seen",
      "  tka verify DIR --witness policy --witness-log https://tka.example.com --tailnet example.com"
    })
public final class VerifyCommand implements Callable<Integer> {
  /** From this many AUMs on, a person at a terminal may wonder about the delay. */
  private static final int LONG_WORK = 5_000;

  @Spec private CommandSpec spec;
  @Mixin private StoreArgument store;

  @Option(names = "--all", description = "All tailnets of a store that holds several.")
  private boolean all;

  @Mixin private LogLook log;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (all) {
      return verifyAll(out, err);
    }
    Optional<LogLook.Prepared> look = log.prepare(store);
    OpenStore place = look.isPresent() ? look.get().open() : store.open();
    AumSnapshot snapshot = place.aums().read();
    if (snapshot.entries().size() >= LONG_WORK && ProgressBar.isShown()) {
      err.println("verifying " + Texts.count(snapshot.entries().size(), "AUM") + " ...");
      err.flush();
    }
    if (look.isPresent() && snapshot.entries().isEmpty() && snapshot.damage().isEmpty()) {
      // The lock is off, as the log should have it. That nothing can be verified is said after it.
      HeadWatch.Result found =
          look.get().look(place.tailnet(), Optional.of(new HeadWatch.Held(Optional.empty())));
      LogText.warn(found.outcome(), err);
      look.get().keep(found, LogText.exitCode(found.outcome()), err);
      if (found.outcome().kind().accuses()) {
        return LogText.exitCode(found.outcome());
      }
    }
    // Verified before opening, which says less about a chain that breaks a rule.
    ChainAudit audit = StoreArgument.openAuthority(snapshot, ChainAudit::of, err);
    Optional<Authority> authority =
        audit.problem().isPresent()
            ? openAsItIs(snapshot)
            : Optional.of(StoreArgument.openAuthority(snapshot, Authority::open, err));
    List<KeyAlarm> alarms =
        authority.map(opened -> KeyAlarm.ofTrusted(opened.state())).orElse(List.of());
    Optional<HeadWatch.Result> found =
        look.isPresent()
            ? Optional.of(look.get().look(place.tailnet(), authority.map(LogLook::held)))
            : Optional.empty();
    Optional<HeadWatch.Outcome> outcome = found.map(HeadWatch.Result::outcome);
    if (json) {
      Json.print(out, toJson(authority, audit, snapshot, alarms, outcome));
    } else {
      print(authority, audit, out);
      outcome.ifPresent(shown -> out.println("log             " + LogText.describe(shown)));
    }
    KeyAlarms.print(alarms, err);
    int damage = StoreArgument.reportDamage(snapshot, err);
    audit.problem().ifPresent(problem -> err.println("tka: " + describe(problem)));
    outcome.ifPresent(shown -> LogText.warn(shown, err));
    boolean explainedByDamage = damage != ExitCode.OK && authority.isEmpty();
    int exitCode =
        explainedByDamage ? damage : audit.problem().map(VerifyCommand::exitCode).orElse(damage);
    // Whoever reads the status alone must not take an accusation for trouble with a disk.
    if (exitCode == ExitCode.OK || outcome.filter(shown -> shown.kind().accuses()).isPresent()) {
      exitCode = outcome.map(LogText::exitCode).orElse(exitCode);
    }
    if (look.isPresent() && found.isPresent()) {
      look.get().keep(found.get(), exitCode, err);
    }
    return exitCode;
  }

  private int verifyAll(PrintWriter out, PrintWriter err)
      throws TkaException, IOException, CommandFailure {
    if (store.tailnet().isGiven()) {
      throw new ParameterException(
          spec.commandLine(), "--all cannot be combined with " + TailnetOption.NAME);
    }
    if (log.isAsked()) {
      throw new ParameterException(
          spec.commandLine(),
          "--all cannot be combined with "
              + WitnessOption.NAME
              + ": a log is of one tailnet, so name one with "
              + TailnetOption.NAME);
    }
    List<Verified> wrong = new ArrayList<>();
    List<Map<String, Object>> list = new ArrayList<>();
    int count = 0;
    try (Tailnets tailnets = StoreText.requireMany(store.place()).open(Clock.systemUTC());
        ProgressBar bar = ProgressBar.of(spec, "verifying")) {
      Set<String> names = tailnets.revisions().keySet();
      for (String name : names) {
        bar.done(count, names.size());
        Verified verified;
        try {
          verified = verify(name, tailnets.tailnet(name));
        } catch (StoreException.Fenced e) {
          bar.hide();
          err.println("tka: " + Texts.printable(e.getMessage()) + "; left out");
          continue;
        }
        bar.hide();
        count++;
        if (verified.exitCode() != ExitCode.OK) {
          wrong.add(verified);
        }
        if (json) {
          list.add(verified.toJson());
        } else {
          out.println(verified);
          out.flush();
        }
        for (KeyAlarm alarm : verified.alarms()) {
          err.println("tka: alarm: " + TailnetName.printable(name) + ": " + alarm.text());
        }
      }
    }
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Sound", wrong.isEmpty());
      object.put("Tailnets", list);
      Json.print(out, object);
    }
    if (wrong.isEmpty()) {
      return ExitCode.OK;
    }
    Verified first = wrong.get(0);
    err.println(
        "tka: "
            + wrong.size()
            + " of "
            + Texts.count(count, "tailnet")
            + " invalid, the first is "
            + Texts.printable(first.name()));
    return first.exitCode();
  }

  private Verified verify(String name, AumStore tailnet) throws StoreException {
    try {
      AumSnapshot snapshot = tailnet.read();
      if (snapshot.entries().isEmpty()) {
        return new Verified(name, ExitCode.OK, Optional.empty(), 0, Optional.empty(), List.of());
      }
      ChainAudit audit = ChainAudit.of(snapshot);
      if (audit.problem().isPresent()) {
        return new Verified(
            name,
            audit.problem().map(VerifyCommand::exitCode).orElse(ExitCode.OK),
            Optional.empty(),
            audit.verified(),
            audit.problem().map(VerifyCommand::describe),
            List.of());
      }
      Authority authority = Authority.open(snapshot);
      return new Verified(
          name,
          ExitCode.OK,
          Optional.of(authority.head()),
          audit.verified(),
          Optional.empty(),
          KeyAlarm.ofTrusted(authority.state()));
    } catch (StoreException.Damaged | StoreException.NoSuchAum | OpenException e) {
      return new Verified(
          name, Failures.exitCode(e), Optional.empty(), 0, Optional.of(e.getMessage()), List.of());
    }
  }

  /**
   * One of several tailnets.
   *
   * @param exitCode the exit status for its verdict
   * @param head empty if Tailnet Lock is not enabled, or there is an error
   * @param aums the number of verified AUMs
   * @param problem the first error
   * @param alarms the trusted keys to name
   */
  private record Verified(
      String name,
      int exitCode,
      Optional<AumHash> head,
      int aums,
      Optional<String> problem,
      List<KeyAlarm> alarms) {
    Map<String, Object> toJson() {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("Name", name);
      object.put("Enabled", head.isPresent() || problem.isPresent());
      head.ifPresent(hash -> object.put("Head", hash.toString()));
      object.put("Verified", aums);
      problem.ifPresent(what -> object.put("Problem", what));
      object.put("Alarms", KeyAlarms.toJson(alarms));
      return object;
    }

    /** The line for people. */
    @Override
    public String toString() {
      return TailnetName.printable(name)
          + "\t"
          + problem
              .map(what -> "WRONG: " + Texts.printable(what))
              .or(() -> head.map(hash -> Texts.count(aums, "AUM") + " verified, head " + hash))
              .orElse("not enabled");
    }
  }

  /** Empty if the audit's finding keeps the authority from opening. */
  private static Optional<Authority> openAsItIs(AumSnapshot snapshot) throws StoreException {
    try {
      return Optional.of(Authority.open(snapshot));
    } catch (OpenException | StoreException.Damaged | StoreException.NoSuchAum e) {
      return Optional.empty();
    }
  }

  private static void print(Optional<Authority> authority, ChainAudit audit, PrintWriter out) {
    authority.ifPresentOrElse(
        opened -> {
          out.println("head            " + opened.head());
          out.println("oldest ancestor " + opened.oldestAncestor());
        },
        () -> out.println("head            none: no authority can be opened"));
    out.println(
        "verified        "
            + Texts.count(audit.verified(), "AUM")
            + (audit.problem().isPresent() ? " before the first invalid one" : ""));
    if (audit.unrelated() > 0) {
      out.println(
          "ignored         "
              + Texts.count(audit.unrelated(), "AUM")
              + " that do not descend from the oldest ancestor");
    }
  }

  /** Prints a head only if there is one. */
  private static Map<String, Object> toJson(
      Optional<Authority> authority,
      ChainAudit audit,
      AumSnapshot snapshot,
      List<KeyAlarm> alarms,
      Optional<HeadWatch.Outcome> log) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    authority.ifPresent(
        opened -> {
          object.put("Head", opened.head().toString());
          object.put("OldestAncestor", opened.oldestAncestor().toString());
        });
    object.put("Verified", audit.verified());
    object.put("Unrelated", audit.unrelated());
    audit.problem().ifPresent(problem -> object.put("Problem", describe(problem)));
    object.put("Damage", snapshot.damage().stream().map(Damage::toString).toList());
    object.put("Alarms", KeyAlarms.toJson(alarms));
    log.ifPresent(shown -> object.put("Log", LogText.toJson(shown)));
    return object;
  }

  private static int exitCode(ChainAudit.Problem problem) {
    return problem.cause() instanceof StoreException damaged
        ? Failures.exitCode(damaged)
        : ExitCode.VERIFICATION_FAILED;
  }

  private static String describe(ChainAudit.Problem problem) {
    String message = problem.cause().getMessage();
    String hash = problem.hash().toString();
    return message.startsWith(hash) ? message : hash + ": " + message;
  }
}
