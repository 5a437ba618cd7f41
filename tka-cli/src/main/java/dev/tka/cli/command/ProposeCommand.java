package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerException;
import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.TkaException;
import dev.tka.store.records.ProposalStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka propose}: proposes an edit for others to sign. */
@Command(
    name = "propose",
    description = {
      "Proposes an edit, or the end of the authority, for others to sign.",
      "Nothing is signed here; 'tka approve' signs. With the last vote that 'tka threshold' asks for,"
          + " control makes the edit. Several operations are one update, a checkpoint. If another"
          + " edit comes first, the proposal is built again on it and everybody signs again.",
      "An approved --disable lets 'tka disable' and 'tailscale lock disable' take the secret, once."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka propose unix:tka-data/operator.sock --tailnet example.com --add tlpub:...?2",
      "  tka propose sqlite:control.db --tailnet example.com --remove tlpub:... --add tlpub:...",
      "  tka propose unix:tka-data/operator.sock --tailnet example.com --disable",
    })
public final class ProposeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Option(
      names = "--add",
      paramLabel = KeyArgument.LABEL,
      description = "A key to add; without votes it gets one. May be repeated.")
  private List<String> added = List.of();

  @Option(names = "--remove", paramLabel = "KEY", description = "A key to remove. May be repeated.")
  private List<String> removed = List.of();

  @Option(
      names = "--update",
      paramLabel = "KEY?VOTES",
      description = "A key to give other votes. May be repeated.")
  private List<String> updated = List.of();

  @Option(names = "--disable", description = "Propose the end of the authority.")
  private boolean disable;

  @Option(names = "--json", description = "Print JSON: the proposal.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    List<Aum> operations = operations();
    if (disable == !operations.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "expected --add, --remove or --update, or else --disable");
    }
    OpenStore opened = store.open();
    try (Collecting collecting = Collecting.open(store, opened)) {
      ProposalStatus proposed = collecting.propose(operations);
      tka.noteChange();
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, ProposalText.alone(proposed));
      } else {
        ProposalText.print(proposed, out);
        out.println(
            "To sign it: tka approve "
                + opened.words()
                + " "
                + proposed.proposal().id()
                + " --key-file FILE");
      }
    }
    return ExitCode.OK;
  }

  private List<Aum> operations() {
    List<Aum> operations = new ArrayList<>();
    for (String each : removed) {
      operations.add(
          Aum.builder(AumKind.REMOVE_KEY)
              .keyId(KeyArgument.parse(each, spec).key().bytes())
              .build());
    }
    for (String each : added) {
      operations.add(
          Aum.builder(AumKind.ADD_KEY).key(KeyArgument.parse(each, spec).toKey()).build());
    }
    for (String each : updated) {
      KeyArgument key = KeyArgument.parse(each, spec);
      if (key.votes().isEmpty()) {
        throw new ParameterException(
            spec.commandLine(), "--update: expected KEY?VOTES, found no votes");
      }
      operations.add(
          Aum.builder(AumKind.UPDATE_KEY)
              .keyId(key.key().bytes())
              .votes(key.votes().getAsLong())
              .build());
    }
    return operations;
  }
}
