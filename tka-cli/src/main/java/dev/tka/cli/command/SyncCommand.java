package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.HashText;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.SyncText;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.sync.Intake;
import dev.tka.sync.NodeRound;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.rpc.AumJson;
import dev.tka.sync.rpc.OfferJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka sync}: runs sync rounds between two stores. */
@Command(
    name = "sync",
    description = {
      "Syncs two stores, the first as a node's and the second as control's, whatever their kinds."
          + " --tailnet selects the tailnet in a store that holds several.",
      "Shows each end's offer, what the other end finds in it, and the AUMs sent. Rounds are"
          + " repeated until the heads agree or nothing changes.",
      "With --bootstrap, a node without an authority begins with control's oldest AUM, as a node"
          + " does that joins, and trusts control in that."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka sync NODE CONTROL --dry-run     shows what would happen",
      "  tka sync NODE CONTROL --explain     names every AUM offered or sent",
      "  tka sync NODE CONTROL --json | jq .Agrees",
      "  tka sync NODE CONTROL --bootstrap   the node has no authority yet",
      "  tka sync NODE CONTROL --restored    control was restored from a backup",
      "  tka sync NODE CONTROL --admit HASH --confirm",
      "  tka sync DIR sqlite:control.db --tailnet example.com"
    })
public final class SyncCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      index = "0",
      paramLabel = "NODE",
      converter = StoreText.class,
      description = "The node's store, usually its directory.")
  private StorePlace nodePlace;

  @Parameters(
      index = "1",
      paramLabel = "CONTROL",
      converter = StoreText.class,
      description = "Control's store, or a directory in its role.")
  private StorePlace controlPlace;

  @Mixin private TailnetOption tailnet;

  @Option(
      names = "--bootstrap",
      description = "Begin the node's authority, of which it has none yet, with control's.")
  private boolean bootstrap;

  @Option(
      names = "--restored",
      description = {
        "Control was restored from a backup: it accepts again what the node still holds. Use this"
            + " option until every node has synced."
      })
  private boolean restored;

  /** Control's. */
  private AdmissionPolicy policy = AdmissionPolicy.CONTROL;

  @Option(
      names = "--admit",
      paramLabel = "HASH",
      converter = HashText.class,
      description = {
        "Admit this AUM, which the node refused, after a person has found out who signed it. Can"
            + " be repeated. It does not bind other nodes."
      })
  private List<AumHash> admit = List.of();

  @Mixin private Confirmation confirmation;

  @Option(names = "--explain", description = "Name every ancestor offered and every AUM sent.")
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
      TailnetOption.requireWritable(nodePlace);
      TailnetOption.requireWritable(controlPlace);
    }
    List<OpenStore> both =
        bootstrap && !dryRun
            ? tailnet.openToBootstrap(nodePlace, controlPlace)
            : tailnet.openBoth(nodePlace, controlPlace);
    OpenStore nodeStore = both.get(0);
    OpenStore controlStore = both.get(1);
    if (!dryRun) {
      StoreEdit.warn(nodeStore.policy() == AdmissionPolicy.NODE ? nodeStore : controlStore, err);
    }
    policy = controlPolicy(controlStore);
    LiveAuthority control = open(controlStore, policy, err);
    LiveAuthority node =
        bootstrap
            ? bootstrap(nodeStore, controlStore, control.current(), err)
            : openNode(nodeStore, controlStore, err);
    Set<AumHash> byHand = new LinkedHashSet<>(admit);
    if (!byHand.isEmpty()) {
      confirm(nodeStore.aums().read(), controlStore.aums().read(), err);
    }
    List<Revision> before = revisions(node, control);
    SyncRun run = SyncRun.of(node, control);
    if (!byHand.isEmpty()) {
      run.admit(byHand);
    }
    if (!dryRun && !revisions(node, control).equals(before)) {
      tka.noteChange();
    }
    if (json) {
      Json.print(out, toJson(run, nodeStore, controlStore));
    } else {
      print(run, nodeStore, controlStore, out);
    }
    int damage =
        Math.max(
            StoreArgument.reportDamage(nodeStore.aums().read(), err),
            StoreArgument.reportDamage(controlStore.aums().read(), err));
    return run.agrees() ? damage : ExitCode.VERIFICATION_FAILED;
  }

  private LiveAuthority openNode(OpenStore node, OpenStore control, PrintWriter err)
      throws TkaException, CommandFailure {
    try {
      return open(node, AdmissionPolicy.NODE, err);
    } catch (OpenException.EmptyStore e) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          node + ": " + e.getMessage(),
          Advice.bootstrap(node.words(), control.words()));
    } catch (CommandFailure damaged) {
      throw new CommandFailure(
          damaged.exitCode(), damaged.getMessage(), Advice.fetch(node.words(), control.words()));
    }
  }

  /** Begins the node's authority with the oldest AUM of control's. */
  private LiveAuthority bootstrap(
      OpenStore node, OpenStore controlStore, Authority control, PrintWriter err)
      throws TkaException, CommandFailure {
    AumSnapshot before = node.aums().read();
    if (StoreArgument.printDamage(before, err) != ExitCode.OK) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          node + ": expected a store without an authority, found a damaged one",
          Advice.fetch(node.words(), controlStore.words()));
    }
    if (!before.entries().isEmpty()) {
      throw new CommandFailure(
          ExitCode.CONFLICT,
          node + ": expected a store without an authority, found one; nothing was written",
          Advice.sync(OpenStore.words(node, controlStore), "to sync it as it is"));
    }
    Aum oldest = control.snapshot().get(control.oldestAncestor());
    err.println("tka: " + node + " begins with " + oldest.hash() + ", trusting control");
    return LiveAuthority.bootstrap(
        dryRun ? SyncRun.copy(before) : node.aums(),
        oldest,
        AdmissionPolicy.NODE,
        Clock.systemUTC());
  }

  private static List<Revision> revisions(LiveAuthority node, LiveAuthority control) {
    return List.of(node.current().snapshot().revision(), control.current().snapshot().revision());
  }

  private LiveAuthority open(OpenStore opened, AdmissionPolicy policy, PrintWriter err)
      throws OpenException, StoreException, TkaException, CommandFailure {
    AumSnapshot snapshot = opened.aums().read();
    AumStore store = dryRun ? SyncRun.copy(snapshot) : opened.aums();
    StoreArgument.openAuthority(snapshot, Authority::open, err);
    return SyncRun.open(store, policy, opened.demand(false));
  }

  /** Restored if the command says so, or what control keeps of the tailnet. */
  private AdmissionPolicy controlPolicy(OpenStore control) throws StoreException {
    boolean marked =
        control.records().isPresent()
            && control
                .records()
                .get()
                .tailnet(control.tailnet().orElseThrow())
                .restored()
                .isPresent();
    return restored || marked ? AdmissionPolicy.RESTORED_CONTROL : AdmissionPolicy.CONTROL;
  }

  /** Tries in memory what the node refuses, so that only a refused AUM can be admitted. */
  private void confirm(AumSnapshot node, AumSnapshot control, PrintWriter err)
      throws TkaException, IOException, CommandFailure {
    SyncRun trial =
        SyncRun.of(
            SyncRun.open(SyncRun.copy(node), AdmissionPolicy.NODE),
            SyncRun.open(SyncRun.copy(control), policy));
    List<Refusal> refusals =
        trial.outcome() instanceof SyncOutcome.Refused refused
            ? refused.refusals()
            : trial.outcome() instanceof SyncOutcome.ControlDenies denies
                ? denies.refusals()
                : List.of();
    for (AumHash hash : admit) {
      Refusal refusal =
          refusals.stream()
              .filter(one -> one.update().equals(hash))
              .findFirst()
              .orElseThrow(
                  () ->
                      new CommandFailure(
                          ExitCode.NOT_FOUND,
                          "expected an AUM that the node refuses; it does not refuse "
                              + hash
                              + "; nothing was written"));
      if (refusal instanceof Refusal.BuildsOnRefused built) {
        throw new CommandFailure(
            ExitCode.USAGE, hash + " is refused because of its parent: admit " + built.parent());
      }
      if (refusal instanceof Refusal.Outweighed) {
        throw new CommandFailure(
            ExitCode.USAGE, hash + " cannot be admitted by hand: " + refusal.reason());
      }
      if (!dryRun) {
        confirmation.require(
            "This admits an AUM that the node refuses, " + refusal.text() + ".", tka, false, err);
      }
    }
  }

  private void print(SyncRun run, OpenStore node, OpenStore control, PrintWriter out)
      throws TkaException {
    for (int i = 0; i < run.rounds().size(); i++) {
      print(i + 1, run.rounds().get(i), out);
    }
    admit.forEach(hash -> out.println("Admitted by hand: " + hash));
    for (OwnAums.SetAside edit : run.setAside()) {
      out.println("Set aside, because control does not follow it: " + Texts.edit(edit));
    }
    for (AumHash hash : run.displacedOwn()) {
      out.println("Made here, once accepted by control, and now displaced: " + hash);
    }
    for (AumHash hash : run.refusedRevocations()) {
      out.println("A revocation made here that control does not follow: " + hash);
    }
    out.println(Texts.capitalized(run.outcome().reason()));
    Advice.print(remedy(run, node, control), "", out);
    run.stranded()
        .ifPresent(stranded -> out.println("As control sees it: " + SyncRemedy.of(stranded)));
    if (!run.setAside().isEmpty()) {
      Advice.print(List.of(Advice.makeAgain(node.words())), "", out);
    }
  }

  private static List<Advice> remedy(SyncRun run, OpenStore node, OpenStore control)
      throws TkaException {
    return Advice.at(List.of(node.place(), control.place()), SyncRemedy.of(run, node, control));
  }

  private void print(int number, SyncRun.Round round, PrintWriter out) {
    NodeRound.Exchange exchange = round.node().exchange();
    out.println("round " + number + (dryRun ? " (dry run)" : ""));
    out.println("  node offers     " + SyncText.offer(exchange.offer()));
    printEach(exchange.offer().ancestors(), out);
    out.println("  control finds   " + round.answer().intersection().reason());
    out.println("  control offers  " + SyncText.offer(exchange.answer().offer()));
    printEach(exchange.answer().offer().ancestors(), out);
    out.println("  control sends   " + SyncText.missing(round.answer().missing()));
    printEach(round.answer().missing().hashes(), out);
    out.println("  node finds      " + exchange.intersection().reason());
    if (!round.answer().missing().hashes().isEmpty()) {
      out.println("  node accepts    " + SyncText.intake(exchange.received()));
      for (Refusal refusal : SyncText.refusals(exchange.received())) {
        out.println("  not admitted    " + refusal.text());
      }
    }
    round
        .receipt()
        .ifPresent(
            receipt -> {
              out.println("  node sends      " + SyncText.missing(exchange.sent()));
              printEach(exchange.sent().hashes(), out);
              if (!exchange.sent().hashes().isEmpty()) {
                out.println("  control accepts " + SyncText.intake(receipt.intake()));
              }
              if (receipt.intake() instanceof Intake.Done) {
                receipt
                    .message()
                    .refused()
                    .forEach(line -> out.println("  not admitted    " + line));
              }
              out.println("  control's head  " + receipt.message().head());
            });
  }

  private void printEach(List<AumHash> hashes, PrintWriter out) {
    if (explain) {
      hashes.forEach(hash -> out.println("                    " + hash));
    }
  }

  private Map<String, Object> toJson(SyncRun run, OpenStore node, OpenStore control)
      throws TkaException {
    List<Map<String, Object>> rounds = new ArrayList<>();
    for (SyncRun.Round round : run.rounds()) {
      NodeRound.Exchange exchange = round.node().exchange();
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("NodeOffer", OfferJson.of(exchange.offer()));
      one.put("ControlFinds", round.answer().intersection().kind());
      one.put("ControlOffer", OfferJson.of(exchange.answer().offer()));
      one.put("ToNode", texts(round.answer().missing().hashes()));
      one.put("NodeFinds", exchange.intersection().kind());
      one.put("NodeAdded", added(exchange.received()));
      one.put("NodeRefused", toJson(SyncText.refusals(exchange.received())));
      round
          .receipt()
          .ifPresent(
              receipt -> {
                one.put("ToControl", texts(exchange.sent().hashes()));
                one.put("ControlAdded", added(receipt.intake()));
                one.put("ControlRefused", receipt.message().refused());
                one.put("ControlHead", receipt.message().head().toString());
              });
      rounds.add(one);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("DryRun", dryRun);
    object.put("Rounds", rounds);
    object.put("Agrees", run.agrees());
    object.put("Outcome", Texts.capitalized(run.outcome().reason()));
    object.put("OutcomeKind", run.outcome().kind());
    Advice.put(remedy(run, node, control), object);
    run.stranded().ifPresent(stranded -> object.put("Stranded", SyncRemedy.of(stranded)));
    object.put("Admitted", texts(admit));
    object.put("SetAside", run.setAside().stream().map(AumJson::setAside).toList());
    object.put("DisplacedOwn", texts(run.displacedOwn()));
    object.put("RefusedRevocations", texts(run.refusedRevocations()));
    return object;
  }

  private static List<Map<String, Object>> toJson(List<Refusal> refusals) {
    List<Map<String, Object>> list = new ArrayList<>();
    for (Refusal refusal : refusals) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Hash", refusal.update().toString());
      one.put("Kind", refusal.kind());
      one.put("Reason", refusal.reason());
      list.add(one);
    }
    return list;
  }

  private static int added(Intake intake) {
    return intake instanceof Intake.Done done ? done.added().size() : 0;
  }

  private static List<String> texts(Collection<AumHash> hashes) {
    return hashes.stream().map(AumHash::toString).toList();
  }
}
