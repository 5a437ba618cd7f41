package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.client.ServedTailnet;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.TkaException;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka restored}: says that a tailnet of control was restored from a backup. */
@Command(
    name = "restored",
    description = {
      "Says that a tailnet was restored from a backup, or that this is over.",
      "Until then, control takes back what nodes still hold, also what it refuses otherwise because"
          + " it rewrites history. Every server of the database knows it at once.",
      "Meanwhile control's rules protect less. A server ends it by itself when every node has come"
          + " that was there in the 30 days before the backup, and after 7 days at the latest; it"
          + " also ends with the authority. 'tka fleet' and 'tka doctor' show who is awaited, and"
          + " 'tka status' since when it is so. Without a server it lasts until --over."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka restored unix:tka-data/operator.sock --tailnet example.com",
      "  tka restored https://tka.example.com --token-file operator.token --tailnet example.com"
          + " --over",
      "  tka restored sqlite:control.db --tailnet example.com"
    })
public final class RestoredCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Option(names = "--over", description = "Say that this is over.")
  private boolean over;

  @Override
  public Integer call() throws TkaException, CommandFailure, ServerException {
    OpenStore opened = store.open();
    String tailnet = opened.tailnet().orElse("");
    Optional<ServerPlace> running = ServedPeers.find(store.place());
    if (running.isPresent()) {
      try (ServerClient client = ServerClient.open(running.get().access())) {
        client.setRestored(tailnet, !over);
      }
    } else {
      ControlRecords records =
          opened
              .records()
              .orElseThrow(
                  () ->
                      new CommandFailure(
                          ExitCode.USAGE,
                          opened.place().url()
                              + ": expected control's store or a running server, found a "
                              + opened.place().noun()));
      TailnetRecord before = records.tailnet(tailnet);
      if (!over && opened.aums().read().entries().isEmpty()) {
        throw new CommandFailure(
            ExitCode.CONFLICT, opened + ": Tailnet Lock is not enabled: nothing can be taken back");
      }
      if (over == before.restored().isPresent()) {
        records.commit(
            tailnet,
            RecordsChange.ofTailnet(before, before.withRestored(over ? Optional.empty() : now())));
      }
    }
    tka.noteChange();
    spec.commandLine()
        .getOut()
        .println(
            over
                ? "Control's own rules hold again."
                : "Control takes back what nodes still hold, until all have come. To end that before:"
                    + " tka restored "
                    + opened.words()
                    + " --over");
    return ExitCode.OK;
  }

  private static Optional<Instant> now() {
    return Optional.of(Instant.now().truncatedTo(ChronoUnit.SECONDS));
  }

  /**
   * Since when a tailnet counts as restored, if it does.
   *
   * @param place where it was opened, with the options for servers
   */
  static Optional<Instant> find(StorePlace place, OpenStore opened)
      throws StoreException, ServerException {
    if (opened.records().isPresent()) {
      return opened.records().get().tailnet(opened.tailnet().orElseThrow()).restored();
    }
    Optional<ServerPlace> running = ServedPeers.find(place);
    // Forwarders are not told.
    if (running.isEmpty() || running.get().access().node().isPresent()) {
      return Optional.empty();
    }
    try (ServerClient client = ServerClient.open(running.get().access())) {
      return client.tailnet(opened.tailnet().orElseThrow()).flatMap(ServedTailnet::restored);
    }
  }
}
