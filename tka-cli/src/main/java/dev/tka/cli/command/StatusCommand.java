package dev.tka.cli.command;

import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServerException;
import dev.tka.client.localapi.LocalApi;
import dev.tka.client.localapi.LockStatus;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
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
    description = {
      "Shows the head and the trusted signing keys of a store.",
      "Of a running tailscaled also its own key, whether that is trusted, and whether the node is"
          + " signed."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka status DIR",
      "  tka status tailscaled:",
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
    Optional<TailscaledPlace> place = DaemonPeers.find(store.place());
    Optional<LockStatus> daemon =
        place.isPresent()
            ? Optional.of(DaemonPeers.ask(place.get(), LocalApi::status))
            : Optional.empty();
    Authority authority;
    try {
      authority = StoreArgument.openAuthority(snapshot, Authority::open, err);
    } catch (OpenException.EmptyStore e) {
      printDisabled(daemon.flatMap(LockStatus::publicKey), out);
      if (daemon.isPresent() && daemon.get().nodeKey().isEmpty()) {
        err.println("tka: note: this node is not logged in to a tailnet");
      }
      return ExitCode.OK;
    }
    Optional<Instant> restored = RestoredCommand.find(store.place(), opened);
    Optional<Instant> waiting = FenceText.waiting(opened);
    if (json) {
      Map<String, Object> object = toJson(authority);
      restored.ifPresent(since -> object.put("Restored", since.toString()));
      daemon.ifPresent(status -> put(status, authority, object));
      waiting.ifPresent(since -> object.put("WritesWaitSince", since.toString()));
      Json.print(out, object);
    } else {
      print(authority, out);
      daemon.ifPresent(status -> print(status, authority, out));
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

  /** Shows a running tailscaled's key, too, which 'tka init' needs. */
  private void printDisabled(Optional<LockPublicKey> own, PrintWriter out) throws IOException {
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Enabled", false);
      own.ifPresent(key -> object.put("PublicKey", key.toString()));
      Json.print(out, object);
    } else {
      out.println("Tailnet Lock is NOT enabled.");
      own.ifPresent(key -> out.printf("%nThis node's key: %s%n", key));
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

  private static void print(LockStatus status, Authority authority, PrintWriter out) {
    out.println();
    out.println(
        "This node's key: "
            + status.publicKey().map(Object::toString).orElse("none")
            + (isTrusted(status, authority) ? ", trusted" : ", not trusted"));
    out.println(
        "This node:       "
            + status.nodeKey().map(Object::toString).orElse("not logged in")
            + (status.nodeKeySigned()
                ? ", signed"
                : status.mayLackMap()
                    ? ", not signed, or nothing heard from control yet"
                    : ", not signed: locked out"));
    out.println(
        "Its peers:       "
            + status.visible().size()
            + " kept, "
            + status.filtered().size()
            + " dropped");
  }

  private static boolean isTrusted(LockStatus status, Authority authority) {
    return status.publicKey().filter(key -> authority.state().trusts(key.bytes())).isPresent();
  }

  private static void put(LockStatus status, Authority authority, Map<String, Object> object) {
    status.publicKey().ifPresent(key -> object.put("PublicKey", key.toString()));
    object.put("PublicKeyTrusted", isTrusted(status, authority));
    status.nodeKey().ifPresent(key -> object.put("NodeKey", key.toString()));
    object.put("NodeKeySigned", status.nodeKeySigned());
    object.put("VisiblePeerCount", status.visible().size());
    object.put("FilteredPeerCount", status.filtered().size());
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
