package dev.tka.cli.command;

import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.client.ServerPlace;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.Editing;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.authority.VerificationException;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/**
 * The common part of commands that edit the trusted keys: they build on the head, sign, and store
 * all or nothing. If another writer is first, they are built again on the new head. Like {@code
 * tailscale lock}, they print nothing on success.
 */
abstract class EditCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      arity = "0..*",
      index = "1..*",
      paramLabel = KeyArgument.LABEL,
      description = "Keys, tlpub:... or nlpub:..., with votes if needed.")
  private List<String> arguments = List.of();

  @Mixin private SigningKeyOption signingKey;
  @Mixin private RetryOption retry;

  @Option(
      names = "--json",
      description = "Print JSON: the new head, and the updates as 'tka log'" + " prints them.")
  private boolean json;

  /** The key whose operations are being added. */
  private Optional<KeyArgument> at = Optional.empty();

  /**
   * Adds the operations on one key to a batch.
   *
   * @throws BuildException if no node would accept them
   */
  abstract void change(UpdateBuilder builder, KeyArgument key)
      throws BuildException, SigningException;

  /** Whether {@link #prepare} prints: what is out cannot be made again on another head. */
  boolean printsBeforeStoring() {
    return false;
  }

  /**
   * Checks that the options can be combined, before anything is read.
   *
   * @throws CommandFailure if something is missing
   */
  void checkOptions(List<KeyArgument> named, String storeWords) throws CommandFailure {}

  /**
   * Checks to make before anything is signed.
   *
   * @throws CommandFailure if the command has to stop
   * @throws IOException if the question cannot be asked
   */
  void check(List<KeyArgument> named, Signer signer) throws CommandFailure, IOException {}

  /**
   * The keys in the order of their operations.
   *
   * @param named the keys in the order of the arguments
   */
  List<KeyArgument> inOrder(List<KeyArgument> named, Signer signer) {
    return named;
  }

  /**
   * Makes and prints everything that has to be out before the edit is stored.
   *
   * @return the JSON fields besides the edit; empty if there are none
   * @throws CommandFailure if the edit must not be stored
   */
  Map<String, Object> prepare(
      Authority authority, List<KeyArgument> named, Signer signer, boolean asJson, OpenStore opened)
      throws TkaException, IOException, CommandFailure {
    return Map.of();
  }

  /**
   * Does what has to be done right before the edit is stored.
   *
   * @throws CommandFailure if the edit must not be stored
   */
  void deliver(OpenStore store) throws CommandFailure {}

  @Override
  public final Integer call() throws TkaException, IOException, CommandFailure {
    List<KeyArgument> keys = KeyArgument.parseAll(arguments, spec);
    Optional<TailscaledPlace> daemon = DaemonEdit.find(store, spec, senselessOnDaemon());
    if (daemon.isPresent()) {
      return onDaemon(daemon.get(), keys);
    }
    checkOptions(keys, store.words());
    PrintWriter err = spec.commandLine().getErr();
    StoreEdit edit = StoreEdit.begin(store, err);
    Signer signer = signingKey.read(tka.in(), spec);
    check(keys, signer);
    Editing steps =
        edit.editing(
            signer,
            builder -> {
              for (KeyArgument key : inOrder(keys, signer)) {
                at = Optional.of(key);
                change(builder, key);
              }
            },
            printsBeforeStoring() ? Duration.ZERO : retry.patience());
    PrintWriter out = spec.commandLine().getOut();
    UpdateBuilder.Batch batch;
    Map<String, Object> prepared;
    do {
      batch = build(steps);
      prepared = prepare(steps.base(), keys, signer, json, edit.store());
      if (!prepared.isEmpty()) {
        if (json) {
          Json.print(out, toJson(steps.base(), batch, prepared));
        }
        // Output that nobody has seen would be useless once the edit is stored.
        if (out.checkError()) {
          throw new CommandFailure(
              ExitCode.IO, "the output could not be written; nothing was stored");
        }
      }
      deliver(edit.store());
    } while (edit.store(steps, Set.of()).isEmpty());
    tka.noteChange();
    if (json && prepared.isEmpty()) {
      Json.print(out, toJson(steps.base(), batch, prepared));
    }
    batch
        .checkpointPutOff()
        .ifPresent(
            reason ->
                err.println(
                    "tka: warning: a checkpoint is due and was postponed: " + reason.getMessage()));
    return ExitCode.OK;
  }

  private int onDaemon(TailscaledPlace daemon, List<KeyArgument> keys)
      throws TkaException, IOException, CommandFailure {
    try (DaemonEdit edit = DaemonEdit.open(daemon, store.words(), err())) {
      Authority before = edit.authority();
      DaemonChange change = onDaemon(edit, before, edit.requireTrusted(before), keys);
      edit.say("asks tailscaled to " + change.change());
      Map<String, Object> prepared = change.prepare();
      DaemonEdit.Made made =
          edit.modify(change.change(), change.isOfOneHead() ? Duration.ZERO : retry.patience());
      tka.noteChange();
      if (json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("SchemaVersion", Json.SCHEMA_VERSION);
        object.put("Head", made.after().head().toString());
        object.put("Messages", made.made().stream().map(AumJson::message).toList());
        object.putAll(prepared);
        Json.print(out(), object);
      }
      return ExitCode.OK;
    }
  }

  /** Options that make no sense where tailscaled signs. */
  List<String> senselessOnDaemon() {
    return DaemonEdit.SIGNERS;
  }

  /** A change by a running tailscaled, and what has to be done before it. */
  interface DaemonChange {
    DaemonEdit.Change change();

    /** Whether it must not be made on another head without being prepared again. */
    default boolean isOfOneHead() {
      return false;
    }

    /**
     * Does it, and prints it unless JSON is asked for.
     *
     * @return the JSON fields besides the edit
     */
    default Map<String, Object> prepare() throws TkaException, CommandFailure {
      return Map.of();
    }
  }

  /**
   * The change as tailscaled can make it.
   *
   * @param own the node's key, which signs
   * @throws CommandFailure if it cannot, or no node would accept it
   */
  DaemonChange onDaemon(
      DaemonEdit edit, Authority before, LockPublicKey own, List<KeyArgument> keys)
      throws TkaException, IOException, CommandFailure {
    throw new CommandFailure(
        ExitCode.USAGE,
        store.place().url()
            + ": a running tailscaled adds and removes keys, and changes none: remove the key, and"
            + " add it again");
  }

  final boolean asJson() {
    return json;
  }

  /** Names the command that helps if an operation is refused. */
  private UpdateBuilder.Batch build(Editing steps) throws TkaException, CommandFailure {
    at = Optional.empty();
    try {
      return steps.build();
    } catch (BuildException.Refused e) {
      if (at.isEmpty() || !(e.getCause() instanceof TkaException cause)) {
        throw e;
      }
      throw new CommandFailure(
          Failures.exitCode(e), e.getMessage(), advice(cause, at.get(), steps.base()));
    }
  }

  /** What helps where an operation does not apply. */
  private List<Advice> advice(TkaException cause, KeyArgument key, Authority base) {
    if (cause instanceof ApplyException.KeyPresent) {
      long votes = base.state().findKey(key.key().bytes()).map(Key::votes).orElse(0L);
      long wanted = key.toKey().votes();
      return List.of(
          votes == wanted || votes == 0
              ? Advice.person(
                  "leave it out; 'tka status " + store.words() + "' lists the trusted keys")
              : Advice.setVotes(store.words(), key.key() + "?" + Long.toUnsignedString(wanted)));
    }
    if (cause instanceof ApplyException.KeyAbsent) {
      return List.of(absent(key));
    }
    return cause instanceof VerificationException.RemovesOnlyKey
        ? Failures.onlyKey(store.words())
        : List.of();
  }

  /** What helps where a key is not trusted. */
  Advice absent(KeyArgument key) {
    return Advice.person("leave it out; 'tka status " + store.words() + "' lists the trusted keys");
  }

  final ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  final Tka tka() {
    return tka;
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** For a shell: the words that point another command to the same store. */
  final String store() {
    return store.words();
  }

  /** The running server that the store is, if it is one. */
  final Optional<ServerPlace> server() {
    return ServedPeers.find(store.place());
  }

  final boolean inputIsTaken() {
    return signingKey.isStandardInput();
  }

  private static Map<String, Object> toJson(
      Authority before, UpdateBuilder.Batch batch, Map<String, Object> prepared) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    List<Aum> updates = batch.updates();
    AumHash head = updates.isEmpty() ? before.head() : updates.get(updates.size() - 1).hash();
    object.put("Head", head.toString());
    object.put("Messages", updates.stream().map(AumJson::message).toList());
    object.putAll(prepared);
    batch
        .checkpointPutOff()
        .ifPresent(reason -> object.put("CheckpointPutOff", reason.getMessage()));
    return object;
  }
}
