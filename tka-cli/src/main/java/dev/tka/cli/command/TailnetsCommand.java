package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
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
          + " opened are marked, and the exit status is that of the first one."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka tailnets sqlite:control.db",
      "  tka tailnets sqlite:control.db --json | jq -r '.Tailnets[].Name'"
    })
public final class TailnetsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = StoreArgument.LABEL,
      converter = StoreText.class,
      description = StoreArgument.OF_MANY)
  private StorePlace place;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /**
   * A tailnet of the store.
   *
   * @param aums the number of its AUMs; empty if it cannot be read
   * @param chain empty if Tailnet Lock is not enabled, or it cannot be opened
   * @param problem why it cannot be read or opened
   */
  private record Listed(OptionalInt aums, Optional<Chain> chain, Optional<TkaException> problem) {
    static Listed of(AumSnapshot snapshot) throws StoreException {
      OptionalInt aums = OptionalInt.of(snapshot.entries().size());
      try {
        return new Listed(
            aums,
            snapshot.entries().isEmpty()
                ? Optional.empty()
                : Optional.of(Chain.of(Authority.open(snapshot))),
            Optional.empty());
      } catch (StoreException.Damaged | OpenException e) {
        return new Listed(aums, Optional.empty(), Optional.of(e));
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
      tailnets.put(name, new Listed(OptionalInt.empty(), Optional.empty(), Optional.of(why)));
    }
  }

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> list = new ArrayList<>();
    Optional<TkaException> problem = Optional.empty();
    Listing listing = new Listing();
    try (Tailnets tailnets = StoreText.requireMany(place).open(Clock.systemUTC())) {
      tailnets.readAll(listing);
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
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Tailnets", list);
      Json.print(out, object);
    }
    return problem.map(Failures::exitCode).orElse(ExitCode.OK);
  }

  private static String describe(String name, Listed listed) {
    String what =
        listed
            .problem()
            .map(problem -> "WRONG: " + Texts.printable(problem.getMessage()))
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
    return object;
  }
}
