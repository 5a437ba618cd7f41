package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerException;
import dev.tka.core.TkaException;
import dev.tka.store.records.ProposalStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka proposals}: lists proposals. */
@Command(
    name = "proposals",
    description = {
      "Lists the proposals of a tailnet, or withdraws one.",
      "Each with what it changes, who has signed it, who is missing, and who has to sign again"
          + " because another edit came first. The last ones that ended are listed, too."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka proposals unix:tka-data/operator.sock --tailnet example.com",
      "  tka proposals sqlite:control.db --tailnet example.com --withdraw abcdefghjk",
    })
public final class ProposalsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Option(names = "--withdraw", paramLabel = "ID", description = "End this proposal.")
  private @Nullable String withdrawn;

  @Option(names = "--json", description = "Print JSON: all proposals.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    OpenStore opened = store.open();
    try (Collecting collecting = Collecting.open(store, opened)) {
      if (withdrawn != null) {
        collecting.withdraw(withdrawn);
        tka.noteChange();
      }
      List<ProposalStatus> all = collecting.all();
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("SchemaVersion", Json.SCHEMA_VERSION);
        object.put("Proposals", all.stream().map(ProposalText::toJson).toList());
        Json.print(out, object);
      } else {
        all.forEach(each -> ProposalText.print(each, out));
        if (all.isEmpty()) {
          out.println("There are no proposals.");
        }
      }
    }
    return ExitCode.OK;
  }
}
