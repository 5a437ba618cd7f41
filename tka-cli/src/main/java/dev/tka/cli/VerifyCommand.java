package dev.tka.cli;

import dev.tka.core.AumSnapshot;
import dev.tka.core.AumVerifier;
import dev.tka.core.Authority;
import dev.tka.core.ChainAudit;
import dev.tka.core.Damage;
import dev.tka.core.OpenException;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.StoreException;
import dev.tka.core.TkaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tka verify}: every AUM and every signature, from the oldest ancestor on. */
@Command(
    name = "verify",
    description = {
      "Verifies every update and signature of a directory.",
      "Goes from the oldest ancestor on, losing branches included, and names the first thing wrong."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  tka verify DIR", "  tka verify DIR --json && echo sound"})
final class VerifyCommand implements Callable<Integer> {
  /** From this many AUMs on, a person at a terminal may wonder what takes so long. */
  private static final int LONG_WORK = 5_000;

  @Spec private CommandSpec spec;
  @Mixin private StoreArgument store;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    AumSnapshot snapshot = store.open().aums().read();
    if (snapshot.entries().size() >= LONG_WORK && Ansi.AUTO.enabled()) {
      err.println("verifying " + Texts.count(snapshot.entries().size(), "AUM") + " ...");
      err.flush();
    }
    AumVerifier verifier = new AumVerifier(SignatureVerifier.fastest());
    // Before opening, which says less about a chain that breaks a rule.
    ChainAudit audit =
        StoreArgument.openAuthority(snapshot, stored -> ChainAudit.of(stored, verifier), err);
    Optional<Authority> authority =
        audit.problem().isPresent()
            ? openAsItIs(snapshot)
            : Optional.of(StoreArgument.openAuthority(snapshot, Authority::open, err));
    if (json) {
      Json.print(out, toJson(authority, audit, snapshot));
    } else {
      print(authority, audit, out);
    }
    int damage = StoreArgument.reportDamage(snapshot, err);
    audit.problem().ifPresent(problem -> err.println("tka: " + describe(problem)));
    boolean explainedByDamage = damage != ExitCode.OK && authority.isEmpty();
    return audit.problem().isPresent() && !explainedByDamage
        ? ExitCode.VERIFICATION_FAILED
        : damage;
  }

  /** Empty when what the audit found keeps the authority from opening. */
  private static Optional<Authority> openAsItIs(AumSnapshot snapshot) throws StoreException {
    try {
      return Optional.of(Authority.open(snapshot));
    } catch (OpenException e) {
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
            + (audit.problem().isPresent() ? " before the first that is wrong" : ""));
    if (audit.unrelated() > 0) {
      out.println(
          "not looked at   "
              + Texts.count(audit.unrelated(), "AUM")
              + " that do not come from the oldest ancestor");
    }
  }

  /** Names a head only where there is one. */
  private static Map<String, Object> toJson(
      Optional<Authority> authority, ChainAudit audit, AumSnapshot snapshot) {
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
    return object;
  }

  private static String describe(ChainAudit.Problem problem) {
    String message = problem.cause().getMessage();
    String hash = problem.hash().toString();
    return message.startsWith(hash) ? message : hash + ": " + message;
  }
}
