package dev.tka.cli;

import dev.tka.core.AdmissionPolicy;
import dev.tka.core.AumHash;
import dev.tka.core.AumSnapshot;
import dev.tka.core.AumStore;
import dev.tka.core.Authority;
import dev.tka.core.LiveAuthority;
import dev.tka.core.OpenException;
import dev.tka.core.StoreException;
import dev.tka.core.TkaException;
import dev.tka.store.NodeDirectory;
import dev.tka.sync.Intake;
import dev.tka.sync.NodeRound;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tka sync}: rounds between two directories. */
@Command(
    name = "sync",
    description = {
      "Syncs two directories, one as a node's and one as control's.",
      "Shows what each end offers, what the other makes of it, and what moves; rounds are repeated"
          + " until the heads agree or nothing changes any more."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka sync NODE CONTROL --dry-run     what would happen",
      "  tka sync NODE CONTROL --explain     every AUM that is named or moved",
      "  tka sync NODE CONTROL --json | jq .Agrees"
    })
final class SyncCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "DIR_A", description = "The directory of the node.")
  private Path nodePath;

  @Parameters(
      index = "1",
      paramLabel = "DIR_B",
      description = "The directory that stands for control.")
  private Path controlPath;

  @Option(names = "--explain", description = "Name every ancestor offered and every AUM moved.")
  private boolean explain;

  @Option(names = "--dry-run", description = "Try it on copies in memory; write nothing.")
  private boolean dryRun;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (!dryRun) {
      DirectoryEdit.warnOfTailscaled(err);
    }
    NodeDirectory nodeStore = NodeDirectory.at(nodePath);
    NodeDirectory controlStore = NodeDirectory.at(controlPath);
    LiveAuthority node = open(nodeStore, AdmissionPolicy.NODE, err);
    LiveAuthority control = open(controlStore, AdmissionPolicy.CONTROL, err);
    SyncRun run = SyncRun.of(node, control);
    if (json) {
      Json.print(out, toJson(run));
    } else {
      for (int i = 0; i < run.rounds().size(); i++) {
        print(i + 1, run.rounds().get(i), out);
      }
      out.println(SyncText.outcome(run.outcome()));
    }
    int damage =
        Math.max(
            DirectoryArgument.reportDamage(nodeStore.read(), err),
            DirectoryArgument.reportDamage(controlStore.read(), err));
    return run.agrees() ? damage : ExitCode.VERIFICATION_FAILED;
  }

  private LiveAuthority open(NodeDirectory directory, AdmissionPolicy policy, PrintWriter err)
      throws OpenException, StoreException, TkaException, CommandFailure {
    AumSnapshot snapshot = directory.read();
    AumStore store = dryRun ? SyncRun.copy(snapshot) : directory;
    DirectoryArgument.open(snapshot, Authority::open, err);
    return SyncRun.open(store, policy);
  }

  private void print(int number, SyncRun.Round round, PrintWriter out) {
    NodeRound.Exchange exchange = round.node().exchange();
    out.println("round " + number + (dryRun ? " (dry run)" : ""));
    out.println("  node offers     " + SyncText.offer(exchange.offer()));
    printEach(exchange.offer().ancestors(), out);
    out.println("  control finds   " + SyncText.intersection(round.answer().intersection()));
    out.println("  control offers  " + SyncText.offer(exchange.answer().offer()));
    printEach(exchange.answer().offer().ancestors(), out);
    out.println("  control sends   " + SyncText.missing(round.answer().missing()));
    printEach(round.answer().missing().hashes(), out);
    out.println("  node finds      " + SyncText.intersection(exchange.intersection()));
    if (!round.answer().missing().hashes().isEmpty()) {
      out.println("  node takes in   " + SyncText.intake(exchange.received()));
    }
    round
        .receipt()
        .ifPresent(
            receipt -> {
              out.println("  node sends      " + SyncText.missing(exchange.sent()));
              printEach(exchange.sent().hashes(), out);
              if (!exchange.sent().hashes().isEmpty()) {
                out.println("  control takes   " + SyncText.intake(receipt.intake()));
              }
              out.println("  control's head  " + receipt.message().head());
            });
  }

  private void printEach(List<AumHash> hashes, PrintWriter out) {
    if (explain) {
      hashes.forEach(hash -> out.println("                    " + hash));
    }
  }

  private Map<String, Object> toJson(SyncRun run) {
    List<Map<String, Object>> rounds = new ArrayList<>();
    for (SyncRun.Round round : run.rounds()) {
      NodeRound.Exchange exchange = round.node().exchange();
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("NodeOffer", OfferText.toJson(exchange.offer()));
      one.put("ControlFinds", SyncText.name(round.answer().intersection()));
      one.put("ControlOffer", OfferText.toJson(exchange.answer().offer()));
      one.put("ToNode", texts(round.answer().missing().hashes()));
      one.put("NodeFinds", SyncText.name(exchange.intersection()));
      one.put("NodeAdded", added(exchange.received()));
      round
          .receipt()
          .ifPresent(
              receipt -> {
                one.put("ToControl", texts(exchange.sent().hashes()));
                one.put("ControlAdded", added(receipt.intake()));
                one.put("ControlHead", receipt.message().head().toString());
              });
      rounds.add(one);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("DryRun", dryRun);
    object.put("Rounds", rounds);
    object.put("Agrees", run.agrees());
    object.put("Outcome", SyncText.outcome(run.outcome()));
    return object;
  }

  private static int added(Intake intake) {
    return intake instanceof Intake.Done done ? done.added().size() : 0;
  }

  private static List<String> texts(List<AumHash> hashes) {
    return hashes.stream().map(AumHash::toString).toList();
  }
}
