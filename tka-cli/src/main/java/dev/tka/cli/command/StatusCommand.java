package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServerException;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Damage;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tka status}: shows the head and the trusted keys. */
@Command(
    name = "status",
    description = "Shows the head and the trusted signing keys of a store.",
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka status DIR",
      "  tka status DIR --json | jq -r .Head",
      "  tka status sqlite:control.db --tailnet example.com"
    })
public final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private StoreArgument store;

  @Option(names = "--json", description = "Print JSON, as 'tailscale lock status --json' does.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    OpenStore opened = store.open();
    AumSnapshot snapshot = opened.aums().read();
    Authority authority;
    try {
      authority = StoreArgument.openAuthority(snapshot, Authority::open, err);
    } catch (OpenException.EmptyStore e) {
      printDisabled(out);
      return ExitCode.OK;
    }
    Optional<Instant> restored = RestoredCommand.find(store.place(), opened);
    Optional<Instant> waiting = FenceText.waiting(opened);
    if (json) {
      Map<String, Object> object = toJson(authority);
      restored.ifPresent(since -> object.put("Restored", since.toString()));
      waiting.ifPresent(since -> object.put("WritesWaitSince", since.toString()));
      Json.print(out, object);
    } else {
      print(authority, out);
      waiting.ifPresent(since -> out.printf("%n%s%n", FenceText.waiting(since)));
      restored.ifPresent(
          since ->
              out.printf(
                  "%nRestored from a backup, as was said at %s: control takes back what nodes still"
                      + " hold, until 'tka restored %s --over'%n",
                  since, opened.words()));
    }
    return StoreArgument.reportDamage(snapshot, err);
  }

  private void printDisabled(PrintWriter out) throws IOException {
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Enabled", false);
      Json.print(out, object);
    } else {
      out.println("Tailnet Lock is NOT enabled.");
    }
  }

  private static void print(Authority authority, PrintWriter out) {
    out.println("Tailnet Lock is ENABLED.");
    out.println();
    out.println("Head:            " + authority.head());
    out.println("Oldest ancestor: " + authority.oldestAncestor());
    out.println("Active chain:    " + Texts.count(authority.length(), "AUM"));
    out.println(
        "State ids:       "
            + Long.toUnsignedString(authority.state().stateId1())
            + ":"
            + Long.toUnsignedString(authority.state().stateId2()));
    out.println(
        "Disablement:     " + Texts.count(authority.state().disablementValues().size(), "value"));
    out.println();
    out.println("Trusted signing keys:");
    for (Key key : authority.state().keys()) {
      String meta = key.meta().isEmpty() ? "" : "\t" + Texts.meta(key.meta());
      out.println("\t" + Texts.keyId(key.id()) + "\t" + Long.toUnsignedString(key.votes()) + meta);
    }
  }

  private static Map<String, Object> toJson(Authority authority) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Enabled", true);
    object.put("Head", authority.head().toString());
    object.put("OldestAncestor", authority.oldestAncestor().toString());
    object.put("Length", authority.length());
    object.put("TrustedKeys", AumJson.keys(authority.state().keys()));
    object.put("State", AumJson.unsigned(authority.state().stateId1()));
    object.put("StateText", Long.toUnsignedString(authority.state().stateId1()));
    object.put("Degraded", authority.isDegraded());
    object.put("Damage", authority.snapshot().damage().stream().map(Damage::toString).toList());
    return object;
  }
}
