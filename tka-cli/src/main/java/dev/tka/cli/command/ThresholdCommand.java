package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Thresholds;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.EnumMap;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka threshold}: how many votes a tailnet asks of its edits. */
@Command(
    name = "threshold",
    description = {
      "Shows or sets how many votes a tailnet of control asks of its edits.",
      "Kinds: add-key (also raising votes), remove-key (also lowering votes), checkpoint, and disable"
          + " (a proposal must be approved before the secret is taken). 0 asks for nothing beyond a"
          + " trusted key. Adding keys and raising votes needs the most of the four, since new votes"
          + " count for all of them. An edit counts the votes of all keys that signed it: 'tka"
          + " propose' and 'tka approve' collect them.",
      "What has fewer votes gets in by no way, from when this returns. Set it once all servers of the"
          + " database are of this version: older ones do not count votes."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka threshold unix:tka-data/operator.sock --tailnet example.com",
      "  tka threshold unix:tka-data/operator.sock --tailnet example.com add-key=3 remove-key=2"
          + " checkpoint=2 disable=3",
    })
public final class ThresholdCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      arity = "0..*",
      index = "1..*",
      paramLabel = "KIND=VOTES",
      description = "What to set; other kinds stay as they are.")
  private List<String> arguments = List.of();

  @Option(names = "--json", description = "Print JSON: the votes by kind.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    Map<Thresholds.Kind, Long> changes = new EnumMap<>(Thresholds.Kind.class);
    for (String each : arguments) {
      put(each, changes);
    }
    OpenStore opened = store.open();
    try (Collecting collecting = Collecting.open(store, opened)) {
      if (!changes.isEmpty()) {
        collecting.set(changes);
        tka.noteChange();
      }
      print(collecting.thresholds());
    }
    return ExitCode.OK;
  }

  private void put(String argument, Map<Thresholds.Kind, Long> changes) {
    String[] parts = argument.split("=", 2);
    Optional<Thresholds.Kind> kind = Thresholds.Kind.parse(parts[0]);
    if (kind.isEmpty() || parts.length < 2 || !parts[1].matches("[0-9]{1,7}")) {
      throw new ParameterException(
          spec.commandLine(),
          "expected KIND=VOTES with one of the kinds add-key, remove-key, checkpoint, disable,"
              + " found "
              + argument);
    }
    long votes = Long.parseLong(parts[1]);
    if (votes > Thresholds.MOST) {
      throw new ParameterException(
          spec.commandLine(), "expected at most " + Thresholds.MOST + " votes, found " + votes);
    }
    changes.put(kind.get(), votes);
  }

  private void print(Thresholds thresholds) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("AddKey", thresholds.addKey());
      object.put("RemoveKey", thresholds.removeKey());
      object.put("Checkpoint", thresholds.checkpoint());
      object.put("Disable", thresholds.disable());
      Json.print(out, object);
    } else {
      for (Thresholds.Kind kind : Thresholds.Kind.values()) {
        out.println(kind + "=" + thresholds.of(kind));
      }
    }
  }
}
