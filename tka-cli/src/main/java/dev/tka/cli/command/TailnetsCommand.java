package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
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
   * @param authority empty if Tailnet Lock is not enabled, or it cannot be opened
   * @param problem why it cannot be read or opened
   */
  private record Listed(
      String name,
      OptionalInt aums,
      Optional<Authority> authority,
      Optional<TkaException> problem) {
    static Listed of(String name, AumStore store) throws StoreException {
      OptionalInt aums = OptionalInt.empty();
      try {
        AumSnapshot snapshot = store.read();
        aums = OptionalInt.of(snapshot.entries().size());
        return new Listed(
            name,
            aums,
            snapshot.entries().isEmpty() ? Optional.empty() : Optional.of(Authority.open(snapshot)),
            Optional.empty());
      } catch (StoreException.Damaged | OpenException e) {
        return new Listed(name, aums, Optional.empty(), Optional.of(e));
      }
    }
  }

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> list = new ArrayList<>();
    Optional<TkaException> problem = Optional.empty();
    try (Tailnets tailnets = StoreText.requireMany(place).open(Clock.systemUTC())) {
      for (String name : tailnets.revisions().keySet()) {
        Listed listed = Listed.of(name, tailnets.tailnet(name));
        problem = problem.or(listed::problem);
        if (json) {
          list.add(toJson(listed));
        } else {
          out.println(describe(listed));
        }
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

  private static String describe(Listed listed) {
    String what =
        listed
            .problem()
            .map(problem -> "WRONG: " + Texts.printable(problem.getMessage()))
            .or(
                () ->
                    listed
                        .authority()
                        .map(authority -> describe(authority, listed.aums().orElse(0))))
            .orElse("not enabled");
    return TailnetName.printable(listed.name()) + "\t" + what;
  }

  private static String describe(Authority authority, int aums) {
    return Texts.count(aums, "AUM")
        + "\thead "
        + authority.head()
        + "\toldest "
        + authority.oldestAncestor();
  }

  private static Map<String, Object> toJson(Listed listed) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Name", listed.name());
    listed.aums().ifPresent(aums -> object.put("Aums", aums));
    listed
        .authority()
        .ifPresent(
            authority -> {
              object.put("Head", authority.head().toString());
              object.put("OldestAncestor", authority.oldestAncestor().toString());
            });
    listed.problem().ifPresent(problem -> object.put("Problem", problem.getMessage()));
    return object;
  }
}
