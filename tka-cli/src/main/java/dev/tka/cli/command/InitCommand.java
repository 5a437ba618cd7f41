package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedAums;
import dev.tka.client.localapi.LockStatus;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.UnsoundKeyException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.sync.rpc.AumJson;
import dev.tka.sync.rpc.RpcAnswer;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka init}: creates an authority. */
@Command(
    name = "init",
    description = {
      "Creates an authority in a store that has none. Creates the store too if necessary, and, in"
          + " a store that holds several tailnets, the tailnet named by --tailnet. On a running"
          + " server, all nodes of the tailnet are signed, too.",
      "The signing key must be one of the trusted keys. Without --confirm, shows a preview."
          + " Anyone with a disablement secret can end the authority: the secrets are printed"
          + " once and not stored.",
      DaemonEdit.HELP
          + " That key has to be among the trusted ones, and control signs all nodes with it.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka init DIR --gen-disablements 2 --key-file admin.key tlpub:...?2 tlpub:...",
      "  tka init DIR --gen-disablements 2 --key-file admin.key --confirm tlpub:...?2 tlpub:...",
      "  tka init DIR --gen-disablements 0 --key-file admin.key tlpub:... disablement:44a7...",
      "  tka init tailscaled: --confirm tlpub:... tlpub:...     signed by this node's own key",
      "  tka init sqlite:control.db --tailnet example.com --key-file admin.key tlpub:... --confirm",
    })
public final class InitCommand implements Callable<Integer> {
  private static final String DISABLEMENT_PREFIX = "disablement:";

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      arity = "0..*",
      index = "1..*",
      paramLabel = KeyArgument.LABEL + "|" + DISABLEMENT_PREFIX + "VALUE",
      description = {"The keys to trust, and the values of disablement secrets made elsewhere."})
  private List<String> arguments = List.of();

  @Option(
      names = "--gen-disablements",
      paramLabel = "N",
      description = "How many disablement secrets to make (default: ${DEFAULT-VALUE}).")
  private int generated = 1;

  @Mixin private SigningKeyOption signingKey;

  @Option(names = "--confirm", description = "Create the authority.")
  private boolean confirmed;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    List<Key> keys = new ArrayList<>();
    List<Bytes> values = new ArrayList<>();
    parseArguments(keys, values);
    Optional<TailscaledPlace> daemon = DaemonEdit.find(store, spec, DaemonEdit.SIGNERS);
    if (daemon.isPresent()) {
      return onDaemon(daemon.get(), keys, values);
    }
    requireNoAuthority();
    Signer signer = signingKey.read(tka.in(), spec);
    // Also built for a preview, so that an impossible authority is refused before it is confirmed.
    List<DisablementSecret> secrets = newSecrets(values);
    Aum genesis = Genesis.create(values, keys, signer, tka.random());
    PrintWriter out = spec.commandLine().getOut();
    if (!confirmed) {
      printPlan(keys, out);
      return ExitCode.OK;
    }
    show(keys, secrets, () -> toJson(genesis, keys, secrets), out);
    begin(genesis, signer);
    tka.noteChange();
    if (!json) {
      out.println("Initialization complete.");
    }
    return ExitCode.OK;
  }

  /** Has a running tailscaled begin it, with this node's own key. */
  private int onDaemon(TailscaledPlace daemon, List<Key> keys, List<Bytes> values)
      throws TkaException, IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (DaemonEdit edit = DaemonEdit.open(daemon, store.words(), err)) {
      requireReady(edit.status(), keys);
      for (Key key : keys) {
        UnsoundKeyException.requireSound("signing key", key.id());
        key.requireWellFormed();
      }
      if (!confirmed) {
        printPlan(keys, out);
        return ExitCode.OK;
      }
      List<DisablementSecret> secrets = newSecrets(values);
      show(keys, secrets, () -> toJson(keys, secrets), out);
      edit.say("has tailscaled enable tailnet lock for the whole tailnet, signed by its own key");
      tka.noteChange();
      begin(edit, keys, values, err);
      if (!json) {
        out.println("Initialization complete.");
      }
      return ExitCode.OK;
    }
  }

  private void begin(DaemonEdit edit, List<Key> keys, List<Bytes> values, PrintWriter err)
      throws TkaException, CommandFailure {
    Optional<Authority> begun;
    try {
      begun =
          edit.settleLock(
              true,
              api -> {
                api.begin(keys, values);
                return true;
              });
    } catch (StoreException.Unavailable e) {
      dropSecrets(err);
      throw e;
    } catch (CommandFailure e) {
      keepSecrets(err);
      throw e;
    }
    if (!begun.orElseThrow().state().disablementValues().containsAll(values)) {
      throw new CommandFailure(
          ExitCode.CONFLICT,
          "another authority was begun at the same time; the secrets above are worthless",
          Advice.person("'tka status " + store.words() + "' shows it"));
    }
  }

  private void requireReady(LockStatus status, List<Key> keys) throws CommandFailure {
    if (status.enabled()) {
      throw enabledAlready();
    }
    LockPublicKey own =
        status
            .publicKey()
            .filter(key -> status.nodeKey().isPresent())
            .orElseThrow(
                () ->
                    new CommandFailure(
                        ExitCode.NOT_FOUND,
                        "this node is not logged in to a tailnet",
                        Advice.person("log it in: 'tailscale up'")));
    if (keys.stream().noneMatch(key -> key.id().equals(own.bytes()))) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "expected this node's own key among the keys to trust, since it signs: " + own,
          Advice.person("add it to the keys, or do it on a node whose key is among them"));
    }
  }

  private CommandFailure enabledAlready() {
    return new CommandFailure(
        ExitCode.CONFLICT,
        "tailnet lock is already enabled in " + store.words(),
        Advice.end(store.words(), "'tka status " + store.words() + "' shows it; to begin anew"));
  }

  private void begin(Aum genesis, Signer signer) throws TkaException, CommandFailure {
    PrintWriter err = spec.commandLine().getErr();
    try {
      OpenStore created = store.tailnet().create(store.place());
      StoreEdit.warn(created, err);
      if (created.aums() instanceof ServedAums served) {
        served.begin(genesis, node -> sign(node, signer));
      } else {
        LiveAuthority.bootstrap(created.aums(), genesis, created.policy(), Clock.systemUTC());
      }
    } catch (StoreException.InDoubt e) {
      keepSecrets(err);
      throw e;
    } catch (TkaException | CommandFailure e) {
      dropSecrets(err);
      throw e;
    }
  }

  private void keepSecrets(PrintWriter err) {
    if (generated > 0) {
      err.println("tka: keep the secrets above until it is clear whether the authority exists");
    }
  }

  private void dropSecrets(PrintWriter err) {
    if (generated > 0) {
      err.println("tka: no authority was created; the secrets above are worthless");
    }
  }

  /**
   * Signs a node of a server, which would be locked out otherwise. One that claims a rotation key
   * that anybody can sign for has no say in whether a lock begins.
   */
  private Optional<Bytes> sign(RpcAnswer.NodeToSign node, Signer signer) throws SigningException {
    PrintWriter err = spec.commandLine().getErr();
    String title = "node " + node.node() + ", " + node.nodeKey();
    try {
      Bytes signature = NodeKeySigning.direct(node.nodeKey(), node.rotationKey(), signer).encoded();
      err.println("tka: signs " + title);
      return Optional.of(signature);
    } catch (UnsoundKeyException e) {
      err.println("tka: warning: " + title + " is not signed: " + e.getMessage());
      return Optional.empty();
    }
  }

  private void parseArguments(List<Key> keys, List<Bytes> values) {
    for (String argument : arguments) {
      if (argument.startsWith(DISABLEMENT_PREFIX)) {
        values.add(parseDisablement(argument));
      } else {
        keys.add(KeyArgument.parse(argument, spec).toKey());
      }
    }
    if (keys.isEmpty()) {
      throw usage("missing argument, expected one or more tailnet lock keys");
    }
    int room = State.MAX_DISABLEMENT_VALUES - values.size();
    if (generated < 0 || generated > room) {
      throw usage("--gen-disablements: expected 0 to " + room + ", found " + generated);
    }
  }

  private Bytes parseDisablement(String argument) {
    try {
      return Bytes.parseHex(argument.substring(DISABLEMENT_PREFIX.length()));
    } catch (TextException e) {
      throw usage("disablement value: " + e.getMessage());
    }
  }

  private void requireNoAuthority() throws TkaException, CommandFailure {
    Optional<AumStore> before = store.tailnet().openToBegin(store.place());
    if (before.isEmpty()) {
      return;
    }
    AumSnapshot snapshot = before.get().read();
    if (!snapshot.entries().isEmpty()) {
      throw enabledAlready();
    }
    int damage = StoreArgument.reportDamage(snapshot, spec.commandLine().getErr());
    if (damage != ExitCode.OK) {
      throw new CommandFailure(
          damage, store.place().url() + ": expected an empty store; nothing was written");
    }
  }

  private List<DisablementSecret> newSecrets(List<Bytes> values) {
    List<DisablementSecret> secrets =
        Stream.generate(() -> DisablementSecret.generate(tka.random())).limit(generated).toList();
    secrets.forEach(secret -> values.add(secret.value()));
    return secrets;
  }

  /** Secrets that nobody has seen would be lost once the authority exists. */
  private void show(
      List<Key> keys,
      List<DisablementSecret> secrets,
      Supplier<Map<String, Object>> asJson,
      PrintWriter out)
      throws IOException, CommandFailure {
    if (json) {
      Json.print(out, asJson.get());
    } else {
      print(keys, secrets, out);
    }
    if (out.checkError()) {
      throw new CommandFailure(
          ExitCode.IO, "the disablement secrets could not be printed; nothing was written");
    }
  }

  private void printPlan(List<Key> keys, PrintWriter out) throws IOException {
    if (json) {
      Json.print(out, planToJson(keys));
      return;
    }
    printKeys(keys, out);
    out.println(generated + " disablement secrets will be generated.");
    out.println();
    out.println("If this is correct, please re-run this command with the --confirm flag:");
    out.println(
        "\ttka init "
            + store.words()
            + " --confirm --gen-disablements "
            + generated
            + signingKey.words()
            + " "
            + String.join(" ", arguments.stream().map(Texts::shellWord).toList()));
  }

  private void print(List<Key> keys, List<DisablementSecret> secrets, PrintWriter out) {
    printKeys(keys, out);
    out.println(
        generated
            + " disablement secrets have been generated and are printed below. Take note of them"
            + " now, they WILL NOT be shown again.");
    secrets.forEach(secret -> out.println("\t" + secret.exposeText()));
  }

  private static void printKeys(List<Key> keys, PrintWriter out) {
    out.println("You are initializing tailnet lock with the following trusted signing keys:");
    for (Key key : keys) {
      out.println(" - " + Texts.keyId(key.id()) + " (" + key.kindName() + " key)");
    }
    out.println();
  }

  private Map<String, Object> planToJson(List<Key> keys) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Created", false);
    object.put("TrustedKeys", AumJson.keys(keys));
    object.put("GenDisablements", generated);
    return object;
  }

  private static Map<String, Object> toJson(
      Aum genesis, List<Key> keys, List<DisablementSecret> secrets) {
    Map<String, Object> object = toJson(keys, secrets);
    object.put("Head", genesis.hash().toString());
    return object;
  }

  private static Map<String, Object> toJson(List<Key> keys, List<DisablementSecret> secrets) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Created", true);
    object.put("TrustedKeys", AumJson.keys(keys));
    object.put("DisablementSecrets", secrets.stream().map(DisablementSecret::exposeText).toList());
    return object;
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
