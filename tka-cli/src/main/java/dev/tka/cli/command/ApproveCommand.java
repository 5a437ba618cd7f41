package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerException;
import dev.tka.core.ApplyException;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Signer;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka approve}: signs a proposal. */
@Command(
    name = "approve",
    description = {
      "Signs a proposal.",
      "What it changes is told from the update that is signed and the chain that it builds on, both"
          + " verified here, and not from what a server says about it. With the last vote that is"
          + " needed, control makes the change."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka approve unix:tka-data/operator.sock --tailnet example.com abcdefghjk --key-file"
          + " admin.key",
      "  tka approve sqlite:control.db --tailnet example.com abcdefghjk --key-file admin.key"
          + " --confirm",
    })
public final class ApproveCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(index = "1", paramLabel = "ID", description = "The proposal, see 'tka proposals'.")
  private String id;

  @Mixin private SigningKeyOption signingKey;
  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON: the proposal afterwards.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    PrintWriter err = spec.commandLine().getErr();
    OpenStore opened = store.open();
    try (Collecting collecting = Collecting.open(store, opened)) {
      Proposal proposal = collecting.get(id).proposal();
      if (proposal.outcome().orElse(null) instanceof Proposal.Outcome.Ended ended) {
        throw new CommandFailure(ExitCode.CONFLICT, "this proposal has ended: " + ended.why());
      }
      Authority authority = StoreArgument.openAuthority(opened.aums().read(), Authority::open, err);
      List<String> effect = proposal.isOpen() ? effect(proposal, authority) : List.of("is done");
      Signer signer = signingKey.read(tka.in(), spec);
      confirmation.ask(
          "This proposal " + String.join("; it ", effect) + ".",
          tka,
          signingKey.isStandardInput(),
          err);
      Bytes over = proposal.sigHash();
      ProposalStatus after =
          collecting.approve(
              id, over, AumSignature.of(signer.publicKey().bytes(), signer.signVerified(over)));
      tka.noteChange();
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, ProposalText.alone(after));
      } else {
        ProposalText.print(after, out);
      }
    }
    return ExitCode.OK;
  }

  /**
   * What a signature brings about.
   *
   * @throws CommandFailure if the proposal is not one of this authority, on its head
   */
  private static List<String> effect(Proposal proposal, Authority authority) throws CommandFailure {
    State state = authority.state();
    if (!(proposal.subject() instanceof Proposal.Subject.Edits edits)) {
      boolean same =
          proposal.authority().stateId1() == state.stateId1()
              && proposal.authority().stateId2() == state.stateId2();
      if (!same) {
        throw new CommandFailure(
            ExitCode.VERIFICATION_FAILED, "this proposal is for another authority");
      }
      return List.of("ends the authority, for whoever has a disablement secret");
    }
    if (!edits.update().parent().equals(Optional.of(authority.head()))) {
      throw new CommandFailure(
          ExitCode.CONFLICT, "another edit came in this moment: run the command again");
    }
    try {
      List<String> effect = ProposalText.effect(state, state.apply(edits.update()));
      return effect.isEmpty() ? List.of("changes nothing but the head") : effect;
    } catch (ApplyException e) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED, "this proposal cannot be applied: " + e.getMessage());
    }
  }
}
