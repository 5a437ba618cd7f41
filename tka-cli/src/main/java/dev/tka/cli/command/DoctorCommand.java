package dev.tka.cli.command;

import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersOption;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedTailnet;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.control.GivingBack;
import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Weakness;
import dev.tka.core.nodekey.KeyAlarm;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.sync.Intersection;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka doctor}: diagnoses a store's problems, and says what to do. */
@Command(
    name = "doctor",
    description = {
      "Diagnoses a store's problems, says what to do about them, and whether it can sync.",
      "With a peers file, on a running server or tailscaled, names every node that is dropped, and which key"
          + " the others depend on; on a server also every node that is stranded. In control's store"
          + " or on a server, names the nodes that have yet to give back what they hold after a"
          + " restoration.",
      "With a second store, control's, says why a shipping node would be stranded, and tries in"
          + " memory whether the first store reaches the second's head. With an offer from"
          + " elsewhere, says what this end would find in it. Each problem comes with the command"
          + " to run.",
      "With --all, each tailnet of a store that holds several has a line, and those with problems"
          + " all of theirs.",
      "Notes are not problems and do not affect the exit status: only one signing key; a key that"
          + " all others together cannot outvote; room for fewer than 32 more keys; only one"
          + " disablement secret; a key that is not an Ed25519 key; no checkpoint in the last 100"
          + " AUMs; a clock that is more than a day from the store's own time or went back;"
          + " removals from before the store kept time; with --peers, nodes whose node key was"
          + " rotated; with --without, nodes that would lose their key."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka doctor DIR",
      "  tka doctor NODE CONTROL",
      "  tka doctor unix:tka-data/operator.sock --tailnet example.com",
      "  tka doctor tailscaled:",
      "  tka doctor sqlite:control.db --all",
      "  tka doctor DIR sqlite:control.db --tailnet example.com",
      "  tka doctor DIR --offer offer.json     what 'tka offer' printed; - for standard input",
      "  tka doctor DIR --peers peers.json --without tlpub:...     before removing a key",
    })
public final class DoctorCommand implements Callable<Integer> {
  /** The most AUMs that a shipping node opens (protocol, section 5). */
  private static final int SHIPPING_LIMIT = 2000;

  /** How many nodes are named. */
  private static final int LISTED = 20;

  private static final String INDENT = "         ";

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "CONTROL",
      converter = StoreText.class,
      description = "The store of the other end.")
  private @Nullable StorePlace other;

  @Option(
      names = "--offer",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description = "An offer of the other end.")
  private @Nullable StreamArgument offer;

  @Mixin private PeersOption peers;

  @Option(
      names = "--without",
      paramLabel = "KEY",
      description = "A key that is about to be removed; can be repeated.")
  private List<String> without = List.of();

  @Option(names = "--all", description = "All tailnets of a store that holds several.")
  private boolean all;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  private final List<Finding> findings = new ArrayList<>();

  /** Control's store, as named on a command line. */
  private String control = Advice.CONTROL;

  /**
   * The result of one check.
   *
   * @param problem false if all is well
   * @param kind a word for scripts, for results that have a name
   * @param advice what to do, any of it; empty if nothing needs to be done
   */
  private record Finding(
      boolean problem, Optional<String> kind, String text, List<Advice> advice) {}

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    if (other != null && offer != null) {
      throw new ParameterException(
          spec.commandLine(), "a second store cannot be combined with --offer");
    }
    Optional<ServerPlace> server = ServedPeers.find(store.place());
    Optional<TailscaledPlace> daemon = DaemonPeers.find(store.place());
    if (!without.isEmpty() && !peers.isGiven() && server.isEmpty() && daemon.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "--without needs --peers");
    }
    if (peers.isStandardInput() && StreamArgument.isStandardInput(offer)) {
      throw new ParameterException(
          spec.commandLine(), "--peers and --offer cannot both read standard input");
    }
    if (all) {
      return examineAll();
    }
    List<KeyArgument> going = without.isEmpty() ? List.of() : KeyArgument.parseAll(without, spec);
    List<OpenStore> opened =
        other == null ? List.of(store.open()) : store.tailnet().openBoth(store.place(), other);
    if (opened.size() > 1) {
      control = opened.get(1).words();
    }
    Stream.of(Optional.of(store.place()), Optional.ofNullable(other))
        .flatMap(Optional::stream)
        .map(StorePlace::outdated)
        .flatMap(Optional::stream)
        .distinct()
        .forEach(
            library ->
                problem("outdated-driver", library.fault(), Advice.person(library.remedy())));
    Stream.of(Optional.of(store.place()), Optional.ofNullable(other))
        .flatMap(Optional::stream)
        .forEach(each -> warningOf(each).ifPresent(text -> note("place", text, List.of())));
    Optional<Authority> authority = examine(opened.get(0));
    Optional<PeersFile> file = peers.read(tka, spec.commandLine().getErr());
    if (authority.isPresent() && server.isPresent()) {
      String tailnet = opened.get(0).tailnet().orElseThrow();
      if (file.isEmpty()) {
        file = Optional.of(ServedPeers.of(server.get(), tailnet));
      }
      examineFleet(server.get(), tailnet);
    }
    if (authority.isPresent() && daemon.isPresent()) {
      fine("only the active chain is examined: tailscaled shows neither other branches nor times");
      if (file.isEmpty()) {
        file = Optional.of(DaemonPeers.of(daemon.get(), spec.commandLine().getErr()));
      }
    }
    if (authority.isPresent() && server.isEmpty() && opened.get(0).records().isPresent()) {
      examineRestored(
          opened.get(0).records().get(), opened.get(0).tailnet().orElseThrow(), authority.get());
    }
    if (authority.isPresent() && file.isPresent()) {
      examine(authority.get(), going, file.get());
    }
    if (authority.isPresent() && opened.size() > 1) {
      tryRounds(opened.get(0), authority.get().snapshot(), opened.get(1));
    } else if (authority.isPresent() && offer != null) {
      compare(authority.get(), offer);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson());
    } else {
      print(out);
    }
    boolean sound = findings.stream().noneMatch(Finding::problem);
    return sound ? file.map(PeersFile::exitCode).orElse(ExitCode.OK) : ExitCode.VERIFICATION_FAILED;
  }

  /** What to know about control's store; that of a node's is about edits. */
  private static Optional<String> warningOf(StorePlace place) {
    return place instanceof StorePlace.OfMany ? place.warning() : Optional.empty();
  }

  private int examineAll() throws TkaException, IOException, CommandFailure {
    if (other != null || offer != null || peers.isGiven() || store.tailnet().isGiven()) {
      throw new ParameterException(
          spec.commandLine(), "--all can be combined with --json alone: it looks at each tailnet");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    warningOf(store.place()).ifPresent(text -> err.println("tka: warning: " + text));
    List<Map<String, Object>> list = new ArrayList<>();
    int wrong = 0;
    try (Tailnets tailnets = StoreText.requireMany(store.place()).open(Clock.systemUTC());
        ProgressBar bar = ProgressBar.of(spec, "examining")) {
      Set<String> names = tailnets.revisions().keySet();
      long before = 0;
      for (String name : names) {
        bar.part(before++, names.size());
        findings.clear();
        // The commands that help name the tailnet.
        store.tailnet().select(name);
        try {
          Optional<Authority> authority = examine(tailnets.tailnet(name));
          if (authority.isPresent() && tailnets.records().isPresent()) {
            examineRestored(tailnets.records().get(), name, authority.get());
          }
        } catch (StoreException.Fenced e) {
          bar.hide();
          spec.commandLine()
              .getErr()
              .println("tka: " + Texts.printable(e.getMessage()) + "; left out");
          continue;
        }
        long problems = findings.stream().filter(Finding::problem).count();
        wrong += problems > 0 ? 1 : 0;
        if (json) {
          Map<String, Object> one = new LinkedHashMap<>();
          one.put("Name", name);
          one.putAll(findingsToJson());
          list.add(one);
          continue;
        }
        bar.hide();
        if (problems > 0) {
          out.println("PROBLEM  " + TailnetName.printable(name));
          findings.removeIf(finding -> !finding.problem());
          print(out);
        } else {
          long notes = findings.stream().filter(finding -> !finding.advice().isEmpty()).count();
          out.println(
              "ok       "
                  + TailnetName.printable(name)
                  + (notes > 0 ? ", " + Texts.count(notes, "note") : ""));
        }
        out.flush();
      }
    }
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Sound", wrong == 0);
      object.put("Tailnets", list);
      Json.print(out, object);
    }
    return wrong == 0 ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
  }

  private Optional<Authority> examine(OpenStore opened) throws StoreException {
    Optional<Authority> authority = examine(opened.aums());
    FenceText.waiting(opened)
        .ifPresent(since -> note("writes-wait", FenceText.waiting(since), FenceText.GO_ON));
    return authority;
  }

  private Optional<Authority> examine(AumStore opened) throws StoreException {
    try {
      return examine(opened.read());
    } catch (StoreException.Damaged | StoreException.NoSuchAum e) {
      problem("damaged", e.getMessage(), unreadable(e.getMessage()));
      return Optional.empty();
    }
  }

  /** For a store that cannot be read at all: the message begins with the name of the file. */
  private Advice unreadable(String message) {
    String name = fileIn(message);
    return store
        .place()
        .path()
        .filter(Files::isDirectory)
        .map(directory -> directory.resolve(name))
        .filter(Files::isRegularFile)
        .map(
            file ->
                name.equals(NodeDirectory.LAST_ACTIVE_ANCESTOR)
                    ? forgetRecord(file)
                    : Advice.moveOwnFile(file.toString()))
        .orElseGet(this::restoreBackup);
  }

  private static String fileIn(String message) {
    int end = message.indexOf(": ");
    return message.substring(0, Math.max(end, 0));
  }

  private Advice restoreBackup() {
    return Failures.damaged(store.place()).get(0);
  }

  /** For a node's store that cannot be used as it is. */
  private List<Advice> beginAnew() {
    return store
        .place()
        .path()
        .filter(Files::isDirectory)
        .map(path -> List.of(Advice.beginAnew(path.toString(), store.words(), control)))
        .orElse(List.of());
  }

  private boolean isNodes() {
    return store.place().policy() == AdmissionPolicy.NODE;
  }

  private Optional<Authority> examine(AumSnapshot snapshot) throws StoreException {
    Optional<Authority> opened = Optional.empty();
    Optional<OpenException> unopenable = Optional.empty();
    try {
      opened = Optional.of(Authority.open(snapshot));
    } catch (OpenException e) {
      unopenable = Optional.of(e);
    }
    boolean degraded = false;
    for (Damage damage : snapshot.damage()) {
      if (damage.degrades()) {
        degraded = true;
        problem(
            "damaged",
            damage + "; until it is mended, nothing is authorized",
            advice(damage, opened.isPresent()));
      } else {
        fine("ignored: " + damage);
      }
    }
    noteRecord();
    noteJournal();
    if (unopenable.isPresent()) {
      report(unopenable.get(), degraded);
      return Optional.empty();
    }
    Authority authority = opened.orElseThrow();
    fine(
        Texts.count(authority.length(), "AUM")
            + " on the active chain, from "
            + authority.oldestAncestor()
            + " to "
            + authority.head());
    audit(snapshot);
    if (isNodes() && authority.length() > SHIPPING_LIMIT) {
      problem(
          "over-" + SHIPPING_LIMIT,
          "shipping nodes do not open more than " + SHIPPING_LIMIT + " AUMs",
          compaction(authority));
    }
    int setAside = snapshot.ownAums().setAside().size();
    if (setAside > 0) {
      note(
          "edits-set-aside",
          Texts.count(setAside, "edit") + " made here that control did not accept",
          Advice.makeAgain(store.words()));
    }
    Weakness.faultsOf(authority.state())
        .forEach(
            fault ->
                problem(
                    fault.kind(),
                    fault.text(),
                    Advice.against(fault, store.words(), peers.word())));
    Weakness.of(authority)
        .forEach(
            weak ->
                note(weak.kind(), weak.text(), Advice.against(weak, store.words(), peers.word())));
    // Through tailscaled, no times are known.
    if (store.place().policy().remembers() && DaemonPeers.find(store.place()).isEmpty()) {
      TimeNote.of(authority, Instant.now())
          .forEach(time -> note(time.kind(), time.text(), time.advice()));
    }
    return Optional.of(authority);
  }

  private List<Advice> advice(Damage damage, boolean opens) {
    Optional<Path> directory = store.place().path().filter(Files::isDirectory);
    if (directory.isEmpty() || !isNodes()) {
      return List.of(restoreBackup());
    }
    String place = directory.get().resolve(damage.where()).toString();
    List<Advice> all = new ArrayList<>();
    boolean inJournal = isInJournal(directory.get(), damage.where());
    Advice fetching =
        damage.kind() == Damage.Kind.UNREADABLE
            ? Advice.fetchUnreadable(place, store.words(), control)
            : Advice.fetch(store.words(), control);
    boolean moves = inJournal && damage.kind() == Damage.Kind.UNREADABLE;
    all.add(moves ? fetching.thenPlacing(store.words()) : fetching);
    if (opens) {
      all.add(inJournal ? Advice.moveAwayJournaled(place, store.words()) : Advice.moveAway(place));
    }
    return all;
  }

  private static boolean isInJournal(Path directory, String path) {
    try {
      return NodeDirectory.at(directory).inJournal().contains(path);
    } catch (StoreException e) {
      return false;
    }
  }

  /** A node does not look into the journal. */
  private void noteJournal() throws StoreException {
    Optional<Path> directory = store.place().path().filter(Files::isDirectory);
    if (directory.isEmpty() || !isNodes()) {
      return;
    }
    // A node looks at none of our own files, in whatever place.
    List<String> waiting =
        NodeDirectory.at(directory.get()).notInPlace().stream()
            .filter(path -> !path.startsWith(NodeDirectory.OWN_FILES))
            .toList();
    if (!waiting.isEmpty()) {
      problem(
          "only-in-journal",
          Texts.count(waiting.size(), "file")
              + " of the last commit not in place: tka reads them in the journal, and tailscaled"
              + " does not: "
              + String.join(", ", waiting),
          Advice.place(store.words()));
    }
  }

  private void report(OpenException unopenable, boolean degraded) {
    if (unopenable instanceof OpenException.EmptyStore) {
      if (!degraded && other != null && isNodes()) {
        problem(
            "no-authority",
            "Tailnet Lock is not enabled here",
            Advice.bootstrap(store.words(), control));
      } else if (!degraded) {
        fine("Tailnet Lock is not enabled here");
      }
      return;
    }
    List<Advice> all = new ArrayList<>();
    if (isNodes()) {
      if (!(unopenable instanceof OpenException.CannotApply)) {
        all.add(Advice.fetch(store.words(), control));
      }
      all.addAll(beginAnew());
    } else {
      all.add(restoreBackup());
    }
    problem("unopenable", "no authority can be opened: " + unopenable.getMessage(), all);
  }

  /** A record without a hash stops a shipping node, and only that. */
  private void noteRecord() {
    Optional<Path> record =
        store
            .place()
            .path()
            .filter(Files::isDirectory)
            .map(directory -> directory.resolve(NodeDirectory.LAST_ACTIVE_ANCESTOR))
            .filter(file -> Files.isRegularFile(file) && file.toFile().length() == 0);
    record.ifPresent(
        file ->
            problem(
                "empty-record",
                NodeDirectory.LAST_ACTIVE_ANCESTOR + " is empty, which counts as none here",
                forgetRecord(file)));
  }

  private Advice forgetRecord(Path file) {
    Advice forget = Advice.forgetRecord(file.toString());
    return isInJournal(Objects.requireNonNull(file.getParent()), NodeDirectory.LAST_ACTIVE_ANCESTOR)
        ? forget.thenPlacing(store.words())
        : forget;
  }

  /** The wrapping keys of nodes that anybody can sign for, or that never can. */
  private void alarm(PeersFile.Entry node, PeerVerdict verdict) {
    if (!(verdict instanceof PeerVerdict.Kept kept)) {
      // Nobody accepts it.
      return;
    }
    for (KeyAlarm alarm : KeyAlarms.ofNodes(List.of(node))) {
      if (alarm.defect() == KeyDefect.ANYBODY_CAN_SIGN) {
        problem(
            alarm.defect().kind(),
            alarm.text(),
            kept.authorization()
                .map(
                    signed ->
                        Advice.removeKey(
                            store.words(),
                            signed.keyId(),
                            peers.word(),
                            "anybody can sign node keys under it: remove the trusted key that"
                                + " signed it, with which its other nodes are signed anew"))
                .orElseGet(() -> Advice.person("nothing, while the node is not trusted anyway")));
      } else {
        note(
            alarm.defect().kind(),
            alarm.text(),
            Advice.signNode(
                store.words(),
                node.peer().nodeKey(),
                Optional.empty(),
                "the node cannot rotate its node key: sign it anew, and give control the"
                    + " signature"));
      }
    }
  }

  /** Which nodes are dropped. */
  private void examine(PeersFile.Entry node, PeerVerdict verdict) {
    alarm(node, verdict);
    if (PeerText.isKept(verdict)) {
      return;
    }
    String text = node.title() + " is dropped: " + PeerText.reason(verdict);
    List<Advice> advice = PeerText.advice(node, verdict, store.words(), control);
    if (verdict instanceof PeerVerdict.Obsolete) {
      note("node-obsolete", text, advice);
    } else {
      problem("node-dropped", text, advice);
    }
  }

  /** Which nodes no answer of control helps, as the server says. */
  private void examineFleet(ServerPlace server, String tailnet) throws ServerException {
    try (ServerClient client = ServerClient.open(server.access())) {
      List<String> awaited = new ArrayList<>();
      client.fleet(
          tailnet,
          node -> {
            if (node.awaited()) {
              awaited.add(FleetCommand.title(node));
            }
            String text = FleetCommand.title(node) + ": " + node.reason().orElse("");
            List<Advice> advice =
                List.of(
                    Advice.person(node.remedy().orElse("see 'tka fleet " + store.words() + "'")));
            if (node.isStranded()) {
              problem("node-stranded", text, advice);
            } else if (node.condition().equals("refused")) {
              note("node-refused", text, advice);
            }
          });
      client
          .tailnet(tailnet)
          .flatMap(ServedTailnet::restored)
          .ifPresent(since -> noteRestored(since, awaited));
    }
  }

  /** Whether control takes back what nodes still hold, by the store that no server is asked for. */
  private void examineRestored(ControlRecords records, String tailnet, Authority authority)
      throws StoreException {
    Optional<Instant> since = records.tailnet(tailnet).restored();
    if (since.isPresent()) {
      List<NodeRecord> nodes = new ArrayList<>();
      records.allNodes(tailnet, nodes::add);
      noteRestored(
          since.get(),
          GivingBack.awaited(
                  since.get(), Instant.now(), authority, nodes, records.sightings(tailnet))
              .stream()
              .map(node -> FleetCommand.title(node.name(), node.id()))
              .toList());
    }
  }

  private void noteRestored(Instant since, List<String> awaited) {
    note(
        "restored",
        "restored from a backup, as was said at "
            + since
            + ": control takes back what nodes still hold, and its rules protect less; "
            + (awaited.isEmpty()
                ? "no node is awaited that is known"
                : Texts.count(awaited.size(), "node")
                    + " awaited: "
                    + awaited.stream().limit(LISTED).collect(Collectors.joining(", "))
                    + (awaited.size() > LISTED ? " …" : "")),
        Advice.endRestored(store.words()));
  }

  /** Which nodes depend on which keys. */
  private void examine(Authority authority, List<KeyArgument> going, PeersFile file) {
    PeerText.all(authority, file).forEach(this::examine);
    Set<Bytes> asked = new LinkedHashSet<>();
    going.forEach(named -> asked.add(named.key().bytes()));
    if (going.isEmpty()) {
      authority.state().keys().forEach(key -> asked.add(key.id()));
    }
    Map<Bytes, List<String>> resting = new LinkedHashMap<>();
    asked.forEach(key -> resting.put(key, new ArrayList<>()));
    for (AffectedNode node : AffectedNode.without(authority, asked, file)) {
      node.lostKey().map(resting::get).ifPresent(list -> list.add(node.entry().title()));
    }
    resting.forEach(
        (key, titles) -> {
          if (going.isEmpty() || titles.isEmpty()) {
            fine(
                Texts.count(titles.size(), "node")
                    + (peers.isGiven()
                        ? " of the file on "
                        : DaemonPeers.find(store.place()).isPresent()
                            ? " known to tailscaled on "
                            : " of the server on ")
                    + Texts.keyId(key));
          } else {
            wouldLose(key, titles);
          }
        });
  }

  private void wouldLose(Bytes key, List<String> titles) {
    note(
        "rests-on-key",
        Texts.count(titles.size(), "node")
            + " would lose the key that they depend on, "
            + Texts.keyId(key)
            + ": "
            + String.join(", ", titles),
        Advice.removeKey(
            store.words(), key, peers.word(), "which signs them again before it removes the key"));
  }

  private void audit(AumSnapshot snapshot) throws StoreException {
    try {
      ChainAudit audit = ChainAudit.of(snapshot);
      audit
          .problem()
          .ifPresentOrElse(
              found ->
                  problem(
                      "unverified", "does not verify: " + found.cause().getMessage(), unverified()),
              () -> fine(Texts.count(audit.verified(), "AUM") + " verified"));
    } catch (OpenException e) {
      // Then nothing opens, which is reported there.
      problem("unverified", "cannot be verified: " + e.getMessage(), unverified());
    }
  }

  private List<Advice> unverified() {
    List<Advice> all =
        new ArrayList<>(List.of(Advice.person("find out who could write to the store")));
    all.addAll(isNodes() ? beginAnew() : List.of(restoreBackup()));
    return all;
  }

  /** With younger AUMs, if the old ones are not enough. */
  private Advice compaction(Authority authority) throws StoreException {
    CompactionPlan plan = CompactionPlan.of(authority, CompactionPolicy.DEFAULT, Instant.now());
    boolean enough =
        plan instanceof CompactionPlan.Decided decided
            && authority.length() - decided.purged().size() <= SHIPPING_LIMIT;
    return Advice.compact(store.words(), enough ? "" : " --min-age 1s");
  }

  private void tryRounds(OpenStore nodeStore, AumSnapshot node, OpenStore controlStore)
      throws TkaException {
    AumSnapshot control = controlStore.aums().read();
    LeftBehind.of(Authority.open(node), Authority.open(control), nodeStore, controlStore)
        .ifPresent(this::add);
    SyncRun run =
        SyncRun.of(
            SyncRun.open(SyncRun.copy(node), AdmissionPolicy.NODE),
            SyncRun.open(SyncRun.copy(control), AdmissionPolicy.CONTROL));
    SyncRun.Round first = run.rounds().get(0);
    fine("control finds " + first.answer().intersection().reason());
    fine("the node finds " + first.node().exchange().intersection().reason());
    String outcome =
        Texts.capitalized(run.outcome().reason())
            + " (tried in memory, "
            + Texts.count(run.rounds().size(), "round")
            + ")";
    List<Advice> advice = SyncRemedy.of(run, nodeStore, controlStore);
    if (advice.isEmpty()) {
      fine(outcome);
    } else {
      problem(run.outcome().kind(), outcome, advice);
    }
  }

  private void compare(Authority authority, StreamArgument name)
      throws IOException, CommandFailure {
    Intersection intersection = Intersection.findRemembering(authority, OfferText.read(name, tka));
    String text = "in the offer, this end finds " + intersection.reason();
    if (intersection instanceof Intersection.None none) {
      problem("no-common-ground", text, SyncRemedy.of(none));
    } else {
      fine(text);
    }
    if (intersection instanceof Intersection.Remembered remembered) {
      LeftBehind.of(authority, remembered, store.words(), name.text()).ifPresent(this::add);
    }
  }

  private void fine(String text) {
    findings.add(new Finding(false, Optional.empty(), text, List.of()));
  }

  private void note(String kind, String text, Advice advice) {
    note(kind, text, List.of(advice));
  }

  private void note(String kind, String text, List<Advice> advice) {
    findings.add(new Finding(false, Optional.of(kind), text, where(advice)));
  }

  private void problem(String kind, String text, Advice advice) {
    problem(kind, text, List.of(advice));
  }

  private void problem(String kind, String text, List<Advice> advice) {
    findings.add(new Finding(true, Optional.of(kind), text, where(advice)));
  }

  private void add(LeftBehind behind) {
    findings.add(
        new Finding(
            behind.problem(), Optional.of(behind.kind()), behind.text(), where(behind.advice())));
  }

  /** What writes to a server's store is run where the server runs. */
  private List<Advice> where(List<Advice> advice) {
    List<StorePlace> places = new ArrayList<>(List.of(store.place()));
    Optional.ofNullable(other).ifPresent(places::add);
    return Advice.at(places, advice);
  }

  private void print(PrintWriter out) {
    Map<Advice, String> printed = new HashMap<>();
    for (Finding finding : findings) {
      String verdict =
          finding.problem() ? "PROBLEM  " : finding.advice().isEmpty() ? "ok       " : "note     ";
      String kind = finding.kind().map(name -> name + ": ").orElse("");
      out.println(verdict + kind + Texts.printable(finding.text()));
      List<Advice> once =
          finding.advice().stream()
              .map(
                  advice ->
                      Optional.ofNullable(printed.putIfAbsent(advice, kind))
                          .map(Advice::asAbove)
                          .orElse(advice))
              .distinct()
              .toList();
      Advice.print(once, INDENT, out);
    }
  }

  private Map<String, Object> toJson() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.putAll(findingsToJson());
    return object;
  }

  private Map<String, Object> findingsToJson() {
    List<Map<String, Object>> list = new ArrayList<>();
    for (Finding finding : findings) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("Problem", finding.problem());
      finding.kind().ifPresent(kind -> one.put("Kind", kind));
      one.put("Text", finding.text());
      Advice.put(finding.advice(), one);
      list.add(one);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Sound", findings.stream().noneMatch(Finding::problem));
    object.put("Findings", list);
    return object;
  }
}
