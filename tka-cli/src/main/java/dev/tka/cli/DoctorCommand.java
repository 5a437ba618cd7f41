package dev.tka.cli;

import dev.tka.core.AdmissionPolicy;
import dev.tka.core.AumSnapshot;
import dev.tka.core.AumVerifier;
import dev.tka.core.Authority;
import dev.tka.core.ChainAudit;
import dev.tka.core.Damage;
import dev.tka.core.OpenException;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.StoreException;
import dev.tka.core.TkaException;
import dev.tka.store.NodeDirectory;
import dev.tka.sync.Intersection;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka doctor}: what is wrong with a directory, and what to do. */
@Command(
    name = "doctor",
    description = {
      "Says what is wrong with a directory and what to do, and whether it can sync.",
      "With a second directory, tries in memory whether the first, as a node, ends at the second's"
          + " head. With an offer from elsewhere, tells what this end would make of it."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka doctor DIR",
      "  tka doctor NODE CONTROL",
      "  tka doctor DIR --offer offer.json     what 'tka offer' printed; - for standard input"
    })
final class DoctorCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";

  /** What a shipping node opens at most (section 5). */
  private static final int SHIPPING_LIMIT = 2000;

  @Spec private CommandSpec spec;
  @ParentCommand private Main main;
  @Mixin private DirectoryArgument directory;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "CONTROL",
      description = "The directory of the other end.")
  private @Nullable Path other;

  @Option(names = "--offer", paramLabel = "FILE", description = "An offer of the other end.")
  private @Nullable String offer;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  private final List<Finding> findings = new ArrayList<>();

  /**
   * Something that was looked at.
   *
   * @param problem false when it is as it should be
   * @param remedy what to do; empty when nothing has to be done
   */
  private record Finding(boolean problem, String text, Optional<String> remedy) {}

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (other != null && offer != null) {
      throw new ParameterException(
          spec.commandLine(), "a second directory and --offer exclude each other");
    }
    AumSnapshot snapshot = directory.read();
    Optional<Authority> authority = examine(snapshot);
    if (authority.isPresent() && other != null) {
      tryRounds(snapshot, other);
    } else if (authority.isPresent() && offer != null) {
      compare(authority.get(), readOffer(offer));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson());
    } else {
      print(out);
    }
    boolean sound = findings.stream().noneMatch(Finding::problem);
    return sound ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
  }

  private Optional<Authority> examine(AumSnapshot snapshot) throws StoreException {
    for (Damage damage : snapshot.damage()) {
      if (damage.degrades()) {
        problem(
            "damaged: " + damage,
            "sync, so that the AUM comes back; or move the file out of the directory if nobody"
                + " has the AUM any more. Until then nothing is authorized");
      } else {
        fine("not looked at: " + damage);
      }
    }
    Authority authority;
    try {
      authority = Authority.open(snapshot);
    } catch (OpenException.EmptyStore e) {
      if (snapshot.damage().stream().noneMatch(Damage::degrades)) {
        fine("Tailnet Lock is not enabled here");
      }
      return Optional.empty();
    } catch (OpenException e) {
      problem(
          "no authority opens: " + e.getMessage(),
          "bring back what is missing from a backup, or disable Tailnet Lock on this node"
              + " and let it fetch the authority anew");
      return Optional.empty();
    }
    fine(
        Texts.count(authority.length(), "AUM")
            + " on the active chain, from "
            + authority.oldestAncestor()
            + " to "
            + authority.head());
    audit(snapshot);
    if (authority.length() > SHIPPING_LIMIT) {
      problem(
          "shipping nodes do not open more than " + SHIPPING_LIMIT + " AUMs",
          "compact the directory before a shipping node opens it");
    }
    return Optional.of(authority);
  }

  private void audit(AumSnapshot snapshot) throws StoreException {
    try {
      ChainAudit audit = ChainAudit.of(snapshot, new AumVerifier(SignatureVerifier.fastest()));
      audit
          .problem()
          .ifPresentOrElse(
              found ->
                  problem(
                      "does not verify: " + found.cause().getMessage(),
                      "take the directory from a backup, and find out who could write to it"),
              () -> fine(Texts.count(audit.verified(), "AUM") + " verified"));
    } catch (OpenException e) {
      // Then nothing opens, which is said there.
      problem("cannot be verified: " + e.getMessage(), "see above");
    }
  }

  private void tryRounds(AumSnapshot node, Path controlPath) throws TkaException {
    SyncRun run =
        SyncRun.of(
            SyncRun.open(SyncRun.copy(node), AdmissionPolicy.NODE),
            SyncRun.open(SyncRun.copy(NodeDirectory.at(controlPath).read()), AdmissionPolicy.CONTROL));
    SyncRun.Round first = run.rounds().get(0);
    fine("control finds " + SyncText.intersection(first.answer().intersection()));
    fine("the node finds " + SyncText.intersection(first.node().exchange().intersection()));
    String outcome =
        SyncText.outcome(run.outcome())
            + " (tried in memory, "
            + Texts.count(run.rounds().size(), "round")
            + ")";
    Optional<String> remedy = SyncRemedy.of(run.outcome(), directory.path(), controlPath);
    if (remedy.isEmpty()) {
      fine(outcome);
    } else {
      problem(outcome, remedy.get());
    }
  }

  private void compare(Authority authority, SyncOffer remote) {
    Intersection intersection = Intersection.find(authority, remote);
    String text = "of the offer, this end finds " + SyncText.intersection(intersection);
    if (intersection instanceof Intersection.None none) {
      problem(text, SyncRemedy.of(none));
    } else {
      fine(text);
    }
  }

  private SyncOffer readOffer(String name) throws IOException, CommandFailure {
    if (name.equals(STANDARD_INPUT)) {
      return OfferText.read(main.in());
    }
    try (InputStream in = Files.newInputStream(Path.of(name))) {
      return OfferText.read(in);
    }
  }

  private void fine(String text) {
    findings.add(new Finding(false, text, Optional.empty()));
  }

  private void problem(String text, String remedy) {
    findings.add(new Finding(true, text, Optional.of(remedy)));
  }

  private void print(PrintWriter out) {
    for (Finding finding : findings) {
      out.println(
          (finding.problem() ? "PROBLEM  " : "ok       ") + Texts.printable(finding.text()));
      finding.remedy().ifPresent(remedy -> out.println("         to do: " + remedy));
    }
  }

  private Map<String, Object> toJson() {
    List<Map<String, Object>> list = new ArrayList<>();
    for (Finding finding : findings) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Problem", finding.problem());
      one.put("Text", finding.text());
      finding.remedy().ifPresent(remedy -> one.put("Remedy", remedy));
      list.add(one);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Sound", findings.stream().noneMatch(Finding::problem));
    object.put("Findings", list);
    return object;
  }
}
