package dev.tka.cli.command;

import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.ServerOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedTailnet;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tka tailnets}: lists the tailnets in a store. */
@Command(
    name = "tailnets",
    description = {
      "Lists the tailnets in a store: name, AUMs, head, oldest ancestor.",
      "Nothing is verified; 'tka verify STORE --all' does that. Tailnets that cannot be read or"
          + " opened are marked, and the exit status is that of the first one. Tailnets that live at"
          + " another place are listed with it.",
      "Of a running server: name, AUMs on the active chain, head, nodes, as it says itself; of a"
          + " tailnet that was moved, or is being moved, where it is."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka tailnets sqlite:control.db",
      "  tka tailnets https://tka.example.com --token-file operator.token",
      "  tka tailnets sqlite:control.db --json | jq -r '.Tailnets[].Name'"
    })
public final class TailnetsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = StoreArgument.LABEL,
      converter = StoreText.class,
      description = StoreArgument.OR_SERVER)
  private StorePlace place;

  @Mixin private ServerOption server;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * A tailnet of the store.
   *
   * @param aums the number of its AUMs; empty if it cannot be read
   * @param chain empty if Tailnet Lock is not enabled, or it cannot be opened
   * @param problem why it cannot be read or opened
   * @param elsewhere where it lives, if not here
   */
  private record Listed(
      OptionalInt aums,
      Optional<Chain> chain,
      Optional<TkaException> problem,
      Optional<Fence.Standing> elsewhere) {
    static Listed elsewhere(Fence.Standing standing) {
      return new Listed(
          OptionalInt.empty(), Optional.empty(), Optional.empty(), Optional.of(standing));
    }

    static Listed of(AumSnapshot snapshot) throws StoreException {
      OptionalInt aums = OptionalInt.of(snapshot.entries().size());
      try {
        return new Listed(
            aums,
            snapshot.entries().isEmpty()
                ? Optional.empty()
                : Optional.of(Chain.of(Authority.open(snapshot))),
            Optional.empty(),
            Optional.empty());
      } catch (StoreException.Damaged | OpenException e) {
        return new Listed(aums, Optional.empty(), Optional.of(e), Optional.empty());
      }
    }
  }

  /** The ends of an active chain. */
  private record Chain(AumHash head, AumHash oldest) {
    static Chain of(Authority authority) {
      return new Chain(authority.head(), authority.oldestAncestor());
    }
  }

  /** Lists tailnets by name. */
  private static final class Listing implements Tailnets.Reading {
    private final SortedMap<String, Listed> tailnets = new TreeMap<>();

    @Override
    public void found(String name, AumSnapshot snapshot) throws StoreException {
      tailnets.put(name, Listed.of(snapshot));
    }

    @Override
    public void damaged(String name, StoreException.Damaged why) {
      tailnets.put(
          name,
          new Listed(OptionalInt.empty(), Optional.empty(), Optional.of(why), Optional.empty()));
    }
  }

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    Optional<ServerPlace> running = ServedPeers.find(server.of(place));
    return running.isPresent() ? listServed(running.get()) : listStored();
  }

  /** As the server says, in one request. */
  private int listServed(ServerPlace running) throws IOException, ServerException {
    List<ServedTailnet> tailnets;
    try (ServerClient client = ServerClient.open(running.access())) {
      tailnets = client.tailnets();
    }
    if (json) {
      printJson(tailnets.stream().map(TailnetsCommand::toJson).toList());
    } else {
      PrintWriter out = spec.commandLine().getOut();
      tailnets.forEach(each -> out.println(describe(each)));
    }
    return tailnets.stream().anyMatch(each -> each.problem().isPresent())
        ? ExitCode.BAD_INPUT
        : ExitCode.OK;
  }

  private static String describe(ServedTailnet tailnet) {
    String name = TailnetName.printable(tailnet.name());
    Optional<String> elsewhere = FenceText.elsewhere(tailnet.standing());
    if (elsewhere.isPresent()) {
      return name + "\t" + elsewhere.get();
    }
    String lock =
        tailnet
            .problem()
            .map(problem -> "WRONG: " + Texts.printable(problem))
            .or(
                () ->
                    tailnet
                        .head()
                        .map(head -> Texts.count(tailnet.length(), "AUM") + "\thead " + head))
            .orElse(tailnet.lock().equals("pending") ? "begun, not enabled" : "not enabled");
    return name
        + "\t"
        + lock
        + "\t"
        + Texts.count(tailnet.nodes(), "node")
        + (tailnet.standing() instanceof Fence.Standing.Fenced ? "\tbeing moved" : "");
  }

  private static Map<String, Object> toJson(ServedTailnet tailnet) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", tailnet.name());
    FenceText.put(object, tailnet.standing());
    if (FenceText.elsewhere(tailnet.standing()).isPresent()) {
      return object;
    }
    object.put("Lock", tailnet.lock());
    tailnet
        .head()
        .ifPresent(
            head -> {
              object.put("Length", tailnet.length());
              object.put("Head", head.toString());
            });
    object.put("Nodes", tailnet.nodes());
    tailnet.problem().ifPresent(problem -> object.put("Problem", problem));
    return object;
  }

  private void printJson(List<Map<String, Object>> tailnets) throws IOException {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Tailnets", tailnets);
    Json.print(spec.commandLine().getOut(), object);
  }

  private int listStored() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> list = new ArrayList<>();
    Optional<TkaException> problem = Optional.empty();
    Listing listing = new Listing();
    try (Tailnets tailnets = StoreText.requireMany(place).open(Clock.systemUTC())) {
      tailnets.readAll(listing);
      if (tailnets.records().isPresent()) {
        listElsewhere(tailnets.records().get(), listing);
      }
    }
    for (Map.Entry<String, Listed> each : listing.tailnets.entrySet()) {
      problem = problem.or(each.getValue()::problem);
      if (json) {
        list.add(toJson(each.getKey(), each.getValue()));
      } else {
        out.println(describe(each.getKey(), each.getValue()));
      }
    }
    if (json) {
      printJson(list);
    }
    return problem.map(Failures::exitCode).orElse(ExitCode.OK);
  }

  private static void listElsewhere(ControlRecords records, Listing listing) throws StoreException {
    for (String name : records.tailnets()) {
      if (!listing.tailnets.containsKey(name)) {
        Fence fence = records.fence(name);
        if (!fence.livesHere()) {
          listing.tailnets.put(name, Listed.elsewhere(fence.standing()));
        }
      }
    }
  }

  private static String describe(String name, Listed listed) {
    String what =
        listed
            .problem()
            .map(problem -> "WRONG: " + Texts.printable(problem.getMessage()))
            .or(() -> listed.elsewhere().flatMap(FenceText::elsewhere))
            .or(() -> listed.chain().map(chain -> describe(chain, listed.aums().orElse(0))))
            .orElse("not enabled");
    return TailnetName.printable(name) + "\t" + what;
  }

  private static String describe(Chain chain, int aums) {
    return Texts.count(aums, "AUM") + "\thead " + chain.head() + "\toldest " + chain.oldest();
  }

  private static Map<String, Object> toJson(String name, Listed listed) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", name);
    listed.aums().ifPresent(aums -> object.put("Aums", aums));
    listed
        .chain()
        .ifPresent(
            chain -> {
              object.put("Head", chain.head().toString());
              object.put("OldestAncestor", chain.oldest().toString());
            });
    listed.problem().ifPresent(problem -> object.put("Problem", problem.getMessage()));
    listed.elsewhere().ifPresent(standing -> FenceText.put(object, standing));
    return object;
  }
}
