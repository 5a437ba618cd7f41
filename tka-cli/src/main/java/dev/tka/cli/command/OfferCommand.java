package dev.tka.cli.command;

import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.Json;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.rpc.OfferJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tka offer}: prints a store's sync offer. */
@Command(
    name = "offer",
    description = {
      "Prints a store's sync offer: the head, and every checkpoint back to the oldest ancestor.",
      "Paste it into 'tka doctor --offer -' at the other end to see whether the two can sync."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka offer DIR",
      "  tka offer DIR --json | ssh other tka doctor DIR --offer -",
      "  tka offer DIR --legacy         as clients from before 2026-05 offer"
    })
public final class OfferCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private StoreArgument store;

  @Option(names = "--legacy", description = "Sample the ancestors, as old clients do.")
  private boolean legacy;

  @Option(names = "--json", description = "Print JSON, with the field names of the wire format.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    AumSnapshot snapshot = store.open().aums().read();
    Authority authority = StoreArgument.openAuthority(snapshot, Authority::open, err);
    SyncOffer offer = legacy ? SyncOffer.legacy(authority) : SyncOffer.of(authority);
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.putAll(OfferJson.of(offer));
      Json.print(out, object);
    } else {
      OfferText.print(offer, out);
    }
    return StoreArgument.reportDamage(snapshot, err);
  }
}
