package dev.tka.cli;

import dev.tka.core.AumSnapshot;
import dev.tka.core.AumVerifier;
import dev.tka.core.Authority;
import dev.tka.core.ChainAudit;
import dev.tka.core.Damage;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.TkaException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
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
  @Mixin private DirectoryArgument directory;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    AumSnapshot snapshot = directory.read();
    Authority authority = DirectoryArgument.open(snapshot, Authority::open, err);
    if (snapshot.entries().size() >= LONG_WORK && Ansi.AUTO.enabled()) {
      err.println("verifying " + Texts.count(snapshot.entries().size(), "AUM") + " ...");
      err.flush();
    }
    ChainAudit audit = ChainAudit.of(snapshot, new AumVerifier(SignatureVerifier.fastest()));
    if (json) {
      Json.print(out, toJson(authority, audit));
    } else {
      print(authority, audit, out);
    }
    int damage = DirectoryArgument.reportDamage(snapshot, err);
    if (audit.problem().isPresent()) {
      err.println("tka: " + describe(audit.problem().get()));
      return ExitCode.VERIFICATION_FAILED;
    }
    return damage;
  }

  private static void print(Authority authority, ChainAudit audit, PrintWriter out) {
    out.println("head            " + authority.head());
    out.println("oldest ancestor " + authority.oldestAncestor());
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

  private static Map<String, Object> toJson(Authority authority, ChainAudit audit) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Head", authority.head().toString());
    object.put("OldestAncestor", authority.oldestAncestor().toString());
    object.put("Verified", audit.verified());
    object.put("Unrelated", audit.unrelated());
    audit.problem().ifPresent(problem -> object.put("Problem", describe(problem)));
    object.put("Damage", authority.snapshot().damage().stream().map(Damage::toString).toList());
    return object;
  }

  private static String describe(ChainAudit.Problem problem) {
    String message = problem.cause().getMessage();
    String hash = problem.hash().toString();
    return message.startsWith(hash) ? message : hash + ": " + message;
  }
}
