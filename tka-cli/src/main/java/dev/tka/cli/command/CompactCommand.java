package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.AgeText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.compaction.KeepReason;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka compact}: purges old AUMs, or shows which it would purge. */
@Command(
    name = "compact",
    description = {
      "Purges old updates from a node's directory, as a node does after a sync.",
      "The head and the trusted keys stay. Control keeps everything and is never compacted."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka compact DIR --plan         shows what would go, what stays, and why",
      "  tka compact DIR --plan --json | jq -r '.Purged[].Hash'",
      "  tka compact DIR --min-chain 100 --min-age 90d --confirm",
    })
public final class CompactCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Option(names = "--plan", description = "Show what would go, what stays and why; write nothing.")
  private boolean planOnly;

  @Option(
      names = "--min-chain",
      paramLabel = "N",
      description = "Keep at least the last N updates (default: ${DEFAULT-VALUE}).")
  private int minChain = CompactionPolicy.DEFAULT.minChain();

  @Option(
      names = "--min-age",
      paramLabel = "AGE",
      converter = AgeText.class,
      description =
          "Keep updates that arrived less than AGE ago, as in 14d, 36h, 90m or 30s (default: 14d).")
  private Duration minAge = CompactionPolicy.DEFAULT.minAge();

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON: every update with its verdict.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    CompactionPolicy policy = policy();
    store.requireNodes();
    PrintWriter err = spec.commandLine().getErr();
    StoreEdit edit = planOnly ? StoreEdit.look(store, err) : StoreEdit.begin(store, err);
    CompactionPlan plan = CompactionPlan.of(edit.authority(), policy, Instant.now());
    if (!planOnly && plan instanceof CompactionPlan.Decided decided) {
      apply(decided, edit, err);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson(plan, edit.authority()));
    } else {
      print(plan, edit.authority(), out);
    }
    return ExitCode.OK;
  }

  private CompactionPolicy policy() {
    try {
      return new CompactionPolicy(minChain, minAge);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private void apply(CompactionPlan.Decided plan, StoreEdit edit, PrintWriter err)
      throws TkaException, IOException, CommandFailure {
    if (!plan.purged().isEmpty()) {
      confirmation.require(
          "This purges " + share(plan.purged().size(), edit.authority()) + ".", tka, false, err);
    }
    edit.compact(plan);
    tka.noteChange();
  }

  private static String share(int purged, Authority authority) {
    return purged + " of " + Texts.count(authority.snapshot().entries().size(), "update");
  }

  private void print(CompactionPlan plan, Authority authority, PrintWriter out) {
    if (plan instanceof CompactionPlan.NothingToPurge nothing) {
      out.println("Nothing to purge: " + nothing.reason() + ".");
    } else if (plan instanceof CompactionPlan.Decided decided) {
      print(decided, authority, out);
    }
  }

  private void print(CompactionPlan.Decided plan, Authority authority, PrintWriter out) {
    if (plan.purged().isEmpty()) {
      out.println("Nothing to purge: every update has a reason to stay.");
    } else {
      out.println(
          (planOnly ? "Would purge " : "Purged ") + share(plan.purged().size(), authority) + ".");
    }
    out.println("Oldest ancestor: " + plan.oldestAncestor());
    if (planOnly) {
      print("Stay", plan, newestFirst(authority, plan, true), out);
      print("Go", plan, newestFirst(authority, plan, false), out);
    }
  }

  private void print(
      String heading, CompactionPlan.Decided plan, List<AumEntry> entries, PrintWriter out) {
    if (entries.isEmpty()) {
      return;
    }
    out.println();
    out.println(heading + ":");
    for (AumEntry entry : entries) {
      String reason = reason(plan, entry).map(why -> "\t" + describe(why)).orElse("");
      out.println("\t" + entry.hash() + "\t" + entry.kind() + reason);
    }
  }

  private String describe(KeepReason reason) {
    return switch (reason) {
      case YOUNG -> "arrived less than " + AgeText.print(minAge) + " ago";
      case MINIMUM_CHAIN -> "one of the last " + minChain;
      case UP_TO_CHECKPOINT, DESCENDANT, PATH, STRETCH -> reason.reason();
    };
  }

  private Map<String, Object> toJson(CompactionPlan plan, Authority authority) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Head", authority.head().toString());
    if (plan instanceof CompactionPlan.NothingToPurge nothing) {
      object.put("Obstacle", nothing.kind());
      object.put("Reason", nothing.reason());
    } else if (plan instanceof CompactionPlan.Decided decided) {
      object.put("Applied", !planOnly);
      object.put("OldestAncestor", decided.oldestAncestor().toString());
      object.put("Kept", toJson(decided, newestFirst(authority, decided, true)));
      object.put("Purged", toJson(decided, newestFirst(authority, decided, false)));
    }
    return object;
  }

  private static List<Map<String, Object>> toJson(
      CompactionPlan.Decided plan, List<AumEntry> entries) {
    List<Map<String, Object>> verdicts = new ArrayList<>();
    for (AumEntry entry : entries) {
      Map<String, Object> verdict = new LinkedHashMap<>();
      verdict.put("Hash", entry.hash().toString());
      verdict.put("MessageKind", entry.kind().toString());
      verdict.put("CommittedAt", entry.committedAt().toString());
      reason(plan, entry).ifPresent(why -> verdict.put("Reason", why.kind()));
      verdicts.add(verdict);
    }
    return verdicts;
  }

  private static Optional<KeepReason> reason(CompactionPlan.Decided plan, AumEntry entry) {
    return Optional.ofNullable(plan.kept().get(entry.hash()));
  }

  /** AUMs of the active chain come before others of the same height. */
  private static List<AumEntry> newestFirst(
      Authority authority, CompactionPlan.Decided plan, boolean kept) {
    List<AumEntry> entries = new ArrayList<>();
    for (AumEntry entry : authority.snapshot().entries()) {
      if (plan.kept().containsKey(entry.hash()) == kept) {
        entries.add(entry);
      }
    }
    entries.sort(
        Comparator.comparingInt(AumEntry::height)
            .thenComparing(entry -> authority.isActive(entry.hash()))
            .reversed()
            .thenComparing(AumEntry::hash));
    return entries;
  }
}
