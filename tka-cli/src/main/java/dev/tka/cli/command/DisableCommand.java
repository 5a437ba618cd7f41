package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.SecretInput;
import dev.tka.cli.input.SecretTexts;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServedAums;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.DisablementSecret;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka disable}: ends the authority in a store. */
@Command(
    name = "disable",
    description = {
      "Ends the authority in a store, as a node does when control shows it a disablement secret:"
          + " the secret is checked, and then everything that the store holds of the authority is"
          + " wiped. In control's store, its AUMs stay, under another name that 'tka tailnets'"
          + " lists, and so does the secret: nodes that come back late need it.",
      "In a directory or a store, it ends only there. A directory is copied first, and so is a SQLite file with all"
          + " its tailnets. A secret of another authority is refused with exit status 1, and"
          + " nothing is written.",
      "On a running server or a running tailscaled, it ends for the whole tailnet: control and all nodes are told. No"
          + " copy is made.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka disable DIR                              asks for the secret, without echo",
      "  tka disable DIR secret.txt --confirm",
      "  tka disable tailscaled: secret.txt --confirm     the whole tailnet",
      "  tka disable DIR - --backup /root/tka-before --confirm",
    })
public final class DisableCommand implements Callable<Integer> {
  private static final String NAME = "disablement secret";

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = SecretInput.LABEL,
      converter = StreamArgument.File.class,
      description = {
        "The disablement secret, disablement-secret:... or all that 'tka init' printed, in a file"
            + " that only its owner can read; - is standard input. By default, it is asked for."
      })
  private @Nullable StreamArgument secret;

  @Mixin private BackupOption backup;

  @Mixin private Confirmation confirmation;

  @Option(
      names = "--json",
      description = "Print JSON: the authority that was ended, and the path of the copy.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter err = spec.commandLine().getErr();
    Optional<TailscaledPlace> daemon = DaemonEdit.find(store, spec, List.of());
    if (daemon.isPresent()) {
      return onDaemon(daemon.get(), err);
    }
    StoreEdit edit = StoreEdit.begin(store, err);
    Authority authority = edit.authority();
    DisablementSecret fitting = readFitting(authority);
    StoreBackup copy = backup.of(store.place());
    confirmation.require(
        "This ends the authority in "
            + edit.store()
            + (edit.store().aums() instanceof ServedAums ? ", for all nodes of the tailnet" : "")
            + copy.plan()
            + ".",
        tka,
        StreamArgument.isStandardInput(secret),
        err);
    copy.make();
    edit.end(fitting);
    tka.noteChange();
    report(authority, copy, "Tailnet Lock is no longer enabled here.");
    return ExitCode.OK;
  }

  private void report(Authority authority, StoreBackup copy, String done) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson(authority, copy));
    } else {
      copy.report().ifPresent(out::println);
      out.println(done);
    }
  }

  /** Has a running tailscaled end it, at control, for the whole tailnet. */
  private int onDaemon(TailscaledPlace daemon, PrintWriter err)
      throws TkaException, IOException, CommandFailure {
    StoreBackup copy = backup.of(daemon);
    try (DaemonEdit edit = DaemonEdit.open(daemon, store.words(), err)) {
      Authority authority = edit.authority();
      DisablementSecret fitting = readFitting(authority);
      edit.say("has tailscaled end tailnet lock for the whole tailnet, at control");
      confirmation.require(
          "This ends the authority at control, for all nodes of the tailnet.",
          tka,
          StreamArgument.isStandardInput(secret),
          err);
      edit.settleLock(
          false,
          api -> {
            api.disable(fitting);
            return true;
          });
      tka.noteChange();
      report(authority, copy, "Tailnet Lock is no longer enabled in this tailnet.");
      return ExitCode.OK;
    }
  }

  private DisablementSecret readFitting(Authority authority)
      throws SigningException, IOException, CommandFailure {
    return readSecrets().stream()
        .filter(authority.state()::isDisabledBy)
        .findFirst()
        .orElseThrow(
            () ->
                new CommandFailure(
                    ExitCode.VERIFICATION_FAILED,
                    "expected a disablement secret of this authority, found another one;"
                        + " nothing was written"));
  }

  private List<DisablementSecret> readSecrets()
      throws SigningException, IOException, CommandFailure {
    String text = SecretInput.read(secret, NAME, tka, spec);
    try {
      return SecretTexts.in(text);
    } catch (TextException.NotHex e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, NAME + ": " + e.getMessage());
    } catch (TextException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, e.getMessage());
    }
  }

  private static Map<String, Object> toJson(Authority authority, StoreBackup copy) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Disabled", true);
    object.put("Head", authority.head().toString());
    object.put("State", AumJson.unsigned(authority.state().stateId1()));
    object.put("StateText", Long.toUnsignedString(authority.state().stateId1()));
    copy.place().ifPresent(place -> object.put("Backup", place.toString()));
    return object;
  }
}
