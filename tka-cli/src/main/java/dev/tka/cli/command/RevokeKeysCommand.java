package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.InspectInput;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersOption;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.HashText;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ForkResolution;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.RevocationOutlook;
import dev.tka.core.authority.RevocationPlan;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.StoreException;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka revoke-keys}: undoes what stolen keys did. */
@Command(
    name = "revoke-keys",
    description = {
      "Revokes keys retroactively, in three steps.",
      "The first step, with KEYs, makes a recovery update that forks off before the keys could do"
          + " harm, and signs it. --cosign adds a signature, on another machine, until the update"
          + " has more votes than the one that it displaces. --finish stores it.",
      "--plan, with KEYs, needs no private key and writes nothing. It shows where the update"
          + " would fork off, what it would erase, which keys could sign it with enough votes,"
          + " which keys must not sign it and why, whether the revoked keys could answer, and the"
          + " state of the network afterwards.",
      "A key that was removed or lowered after the fork point must not sign. The removal counts"
          + " for good once it has lasted for 14 days in all, even if the key was added again;"
          + " before that, unless the update has more votes. Signing refuses for such a key, and"
          + " --finish leaves its signature out if the others are enough. So answer a theft first,"
          + " and rotate keys afterwards.",
      DaemonEdit.HELP + " --finish sends the update, and waits until it is on the chain.",
      "Each step says whether control would refuse the update, whether the revoked keys could"
          + " answer it, and whether shipping nodes can follow.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka revoke-keys DIR tlpub:... --plan --peers peers.json",
      "  tka revoke-keys DIR tlpub:... --key-file admin.key",
      "  tka revoke-keys DIR tlpub:... --fork-from HASH --key-file admin.key",
      "  tka revoke-keys DIR --cosign A401... --key-file other.key",
      "  tka revoke-keys DIR --cosign A401... --signer agent:",
      "  tka revoke-keys DIR --finish A401...",
      "  tka revoke-keys tailscaled: tlpub:...       signed by this node's own key",
      "  cat recovery.hex | tka revoke-keys DIR --finish - --confirm",
    })
public final class RevokeKeysCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      arity = "0..*",
      index = "1..*",
      paramLabel = "KEY",
      description = "The keys to revoke.")
  private List<String> keys = List.of();

  @Mixin private SigningKeyOption signingKey;

  @Option(
      names = "--fork-from",
      paramLabel = "HASH",
      converter = HashText.class,
      description = {
        "The update that the recovery update follows. The default is the latest one at which none"
            + " of the KEYs was trusted, and the signing key was (for a plan: a key that stays)."
      })
  private @Nullable AumHash forkFrom;

  @Option(names = "--plan", description = "Preview the effect; sign and write nothing.")
  private boolean planOnly;

  @Mixin private PeersOption peers;

  @Option(
      names = "--cosign",
      paramLabel = "UPDATE",
      converter = StreamArgument.Value.class,
      description = "Co-sign a recovery update; - reads it from standard input.")
  private @Nullable StreamArgument cosign;

  @Option(
      names = "--finish",
      paramLabel = "UPDATE",
      converter = StreamArgument.Value.class,
      description = "Store a recovery update; - reads it from standard input.")
  private @Nullable StreamArgument finish;

  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  /** The running tailscaled that signs and sends, if the store is one. */
  private Optional<TailscaledPlace> daemon = Optional.empty();

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    requireOneStep();
    boolean first = cosign == null && finish == null;
    List<KeyArgument> revoked = first ? KeyArgument.parseAll(keys, spec) : List.of();
    PrintWriter err = spec.commandLine().getErr();
    daemon = DaemonEdit.find(store, spec, DaemonEdit.SIGNERS);
    if (planOnly) {
      return plan(StoreEdit.look(store, err).authority(), revoked);
    }
    if (finish != null) {
      finish(
          daemon.isPresent() ? StoreEdit.look(store, err) : StoreEdit.begin(store, err),
          readUpdate(finish));
    } else if (cosign != null) {
      cosign(StoreEdit.look(store, err).authority(), readUpdate(cosign));
    } else {
      begin(StoreEdit.look(store, err).authority(), revoked);
    }
    return ExitCode.OK;
  }

  private void requireOneStep() {
    int steps = (cosign == null ? 0 : 1) + (finish == null ? 0 : 1) + (keys.isEmpty() ? 0 : 1);
    if (steps > 1) {
      throw usage("keys to revoke, --cosign and --finish cannot be combined");
    }
    if (forkFrom != null && keys.isEmpty()) {
      throw usage("--fork-from needs keys to revoke");
    }
    if (planOnly && (keys.isEmpty() || signingKey.isGiven())) {
      throw usage("--plan needs keys to revoke, and no key to sign with");
    }
    if (peers.isGiven() && !planOnly) {
      throw usage("--peers needs --plan");
    }
    if (StreamArgument.isStandardInput(cosign) && signingKey.isStandardInput()) {
      throw usage("--cosign and --key-file cannot both read standard input");
    }
  }

  private int plan(Authority authority, List<KeyArgument> named)
      throws TkaException, IOException, CommandFailure {
    Set<Bytes> revoked = ids(named);
    PrintWriter err = spec.commandLine().getErr();
    Optional<PeersFile> file = peers.read(tka, err);
    if (file.isEmpty() && daemon.isPresent()) {
      file = Optional.of(DaemonPeers.of(daemon.get(), err));
    }
    Instant now = Instant.now();
    RevocationPlan plan =
        forkFrom == null
            ? RevocationPlan.of(authority, revoked, now)
            : RevocationPlan.at(authority, revoked, forkFrom, now);
    RevocationReport report = RevocationReport.of(authority, plan, file, now);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, report.toJson());
    } else {
      report.print(out, store.words(), DaemonEdit.keyOption(daemon));
    }
    return file.map(PeersFile::exitCode).orElse(ExitCode.OK);
  }

  private Set<Bytes> ids(List<KeyArgument> named) {
    Set<Bytes> revoked = new LinkedHashSet<>();
    for (KeyArgument key : named) {
      if (key.votes().isPresent()) {
        throw usage("a key to revoke takes no votes: " + key.key());
      }
      revoked.add(key.key().bytes());
    }
    return revoked;
  }

  private void begin(Authority authority, List<KeyArgument> named)
      throws TkaException, IOException, CommandFailure {
    Set<Bytes> revoked = ids(named);
    if (daemon.isPresent()) {
      begin(daemon.get(), authority, revoked);
      return;
    }
    Signer signer = signingKey.read(tka.in(), spec);
    Aum draft = draft(authority, revoked, signer.publicKey());
    printBegun(authority, Revocation.sign(authority, draft, signer, Instant.now()));
  }

  private Aum draft(Authority authority, Set<Bytes> revoked, LockPublicKey signer)
      throws TkaException {
    return forkFrom == null
        ? Revocation.draft(authority, revoked, signer)
        : Revocation.draftAt(authority, revoked, forkFrom);
  }

  /** Another machine is most likely of the kind that this one is. */
  private String other() {
    return daemon.isPresent() ? "tailscaled:" : "DIR";
  }

  private String coSign(Aum update) {
    return "\ttka revoke-keys "
        + other()
        + DaemonEdit.keyOption(daemon)
        + " --cosign "
        + hex(update);
  }

  private void printBegun(Authority authority, Aum update) throws TkaException, IOException {
    printStep(
        authority,
        update,
        List.of(
            "Run the following command on another machine with a trusted tailnet lock key:",
            coSign(update)));
  }

  /** Has a running tailscaled make it, and looks at what it made. */
  private void begin(TailscaledPlace place, Authority authority, Set<Bytes> revoked)
      throws TkaException, IOException, CommandFailure {
    PrintWriter err = spec.commandLine().getErr();
    try (DaemonEdit edit = DaemonEdit.open(place, store.words(), err)) {
      LockPublicKey own = edit.requireTrusted(authority);
      Aum expected = draft(authority, revoked, own);
      requireSignable(authority, expected, own);
      edit.say(
          "has tailscaled make a recovery update that revokes "
              + revoked.stream().map(Texts::keyId).collect(Collectors.joining(", "))
              + ", and sign it with this node's own key; nothing is sent");
      Aum update = edit.ask(api -> api.generateRecovery(revoked, Optional.ofNullable(forkFrom)));
      if (!update.withSignatures(List.of()).equals(expected)) {
        edit.say("warning: it is another one than this command would make: look at it well");
      }
      Revocation.requireCurrent(authority, update);
      Revocation.Effect effect = Revocation.effect(authority, update);
      if (effect.defect().isPresent()) {
        throw effect.defect().get();
      }
      printBegun(authority, update);
    }
  }

  /**
   * Makes the checks of a signing, before tailscaled is asked for it.
   *
   * @throws TkaException if the key must not sign the update, or no node would accept it
   */
  private static void requireSignable(Authority authority, Aum update, LockPublicKey own)
      throws TkaException {
    boolean[] asked = {false};
    Signer nobody =
        new Signer() {
          @Override
          public LockPublicKey publicKey() {
            return own;
          }

          @Override
          public Bytes sign(Bytes sigHash) throws SigningException {
            asked[0] = true;
            throw new SigningException("not asked for");
          }
        };
    try {
      var unused = Revocation.sign(authority, update, nobody, Instant.now());
    } catch (SigningException e) {
      if (!asked[0]) {
        throw e;
      }
    }
  }

  /**
   * This node's own key, which signs one update alone: tailscaled is given the update, not its
   * hash.
   */
  private static Signer signer(DaemonEdit edit, LockPublicKey own, Aum update) {
    return new Signer() {
      @Override
      public LockPublicKey publicKey() {
        return own;
      }

      @Override
      public Bytes sign(Bytes sigHash) throws SigningException {
        try {
          return edit.ask(api -> api.cosignRecovery(update)).signatures().stream()
              .filter(made -> made.signerId().equals(own.bytes()))
              .findFirst()
              .flatMap(AumSignature::signature)
              .orElseThrow(() -> new SigningException("tailscaled did not sign it"));
        } catch (StoreException e) {
          throw new SigningException(
              String.valueOf(e.getMessage()), e.getCause() == null ? e : e.getCause());
        }
      }
    };
  }

  private Aum signed(Authority authority, Aum update)
      throws TkaException, IOException, CommandFailure {
    if (daemon.isEmpty()) {
      Signer signer = signingKey.read(tka.in(), spec);
      requireUnsignedBy(signer.publicKey(), update);
      return Revocation.sign(authority, update, signer, Instant.now());
    }
    try (DaemonEdit edit =
        DaemonEdit.open(daemon.get(), store.words(), spec.commandLine().getErr())) {
      LockPublicKey own = edit.requireTrusted(authority);
      requireUnsignedBy(own, update);
      edit.say(
          "has tailscaled sign this with this node's own key: "
              + describe(Revocation.effect(authority, update)));
      return Revocation.sign(authority, update, signer(edit, own, update), Instant.now());
    }
  }

  private static void requireUnsignedBy(LockPublicKey signer, Aum update) throws CommandFailure {
    if (update.signatures().stream().anyMatch(made -> made.signerId().equals(signer.bytes()))) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          signer + " has already signed this recovery update; a signature counts once");
    }
  }

  private void cosign(Authority authority, Aum update)
      throws TkaException, IOException, CommandFailure {
    Revocation.requireCurrent(authority, update);
    Aum signed = signed(authority, update);
    printStep(
        authority,
        signed,
        List.of(
            "Co-signing completed successfully.",
            "",
            "To accumulate an additional signature, run the following command on another machine"
                + " with a trusted tailnet lock key:",
            coSign(signed),
            "",
            "Alternatively if you are done with co-signing, complete recovery by running the"
                + " following command:",
            "\ttka revoke-keys " + other() + " --finish " + hex(signed)));
  }

  private void finish(StoreEdit edit, Aum given) throws TkaException, IOException, CommandFailure {
    if (edit.authority().isActive(given.hash())) {
      printFinished(toJson(Revocation.effect(edit.authority(), given), given), edit.authority());
      return;
    }
    Optional<AumHash> earlier = edit.unsentVersionOf(given);
    Authority before = earlier.isPresent() ? edit.without(earlier.get()) : edit.authority();
    Revocation.requireCurrent(before, given);
    Aum update = withoutBarred(before, given);
    Revocation.Effect effect = Revocation.effect(before, update);
    if (effect.defect().isPresent()) {
      throw effect.defect().get();
    }
    if (effect.outcome() != Revocation.Outcome.TAKES_EFFECT) {
      throw new CommandFailure(ExitCode.VERIFICATION_FAILED, describe(effect));
    }
    PrintWriter err = spec.commandLine().getErr();
    RevocationOutlook outlook = warn(before, update);
    earlier.ifPresent(
        hash ->
            err.println("tka: it takes the place of " + hash + ", which control does not have"));
    confirmation.require(describe(effect), tka, StreamArgument.isStandardInput(finish), err);
    Map<String, Object> object = toJson(effect, update);
    object.put("LeftOut", leftOut(given, update).stream().map(Texts::keyId).toList());
    object.putAll(toJson(outlook));
    Authority after =
        daemon.isPresent()
            ? submit(daemon.get(), update, edit.authority().head())
            : earlier.isPresent()
                ? edit.replace(earlier.get(), List.of(update))
                : edit.store(List.of(update));
    tka.noteChange();
    printFinished(object, after);
  }

  private Authority submit(TailscaledPlace place, Aum update, AumHash judged)
      throws TkaException, CommandFailure {
    try (DaemonEdit edit = DaemonEdit.open(place, store.words(), spec.commandLine().getErr())) {
      edit.say("has tailscaled send it to control");
      return edit.submit(update, judged);
    }
  }

  /** Leaves out the signatures for which control would refuse it, if the others are enough. */
  private Aum withoutBarred(Authority before, Aum given) throws TkaException {
    Aum mended = Revocation.withoutBarred(before, given, Instant.now());
    List<Bytes> leftOut = leftOut(given, mended);
    if (leftOut.isEmpty()) {
      return given;
    }
    PrintWriter err = spec.commandLine().getErr();
    Revocation.Effect effect = Revocation.effect(before, mended);
    boolean enough =
        effect.outcome() == Revocation.Outcome.TAKES_EFFECT
            && outlook(before, mended).refusedByControl().isEmpty();
    if (!enough) {
      err.println(
          "tka: warning: without the signatures that must not be on it, it is not enough: "
              + describe(effect)
              + " 'tka revoke-keys --plan' shows who could sign.");
      return given;
    }
    leftOut.forEach(
        key ->
            err.println(
                "tka: left out the signature of "
                    + Texts.keyId(key)
                    + ", for which control would refuse it; the others are enough"));
    return mended;
  }

  private static List<Bytes> leftOut(Aum given, Aum update) {
    List<Bytes> leftOut = new ArrayList<>(AumFacts.signersOf(given));
    leftOut.removeAll(AumFacts.signersOf(update));
    return leftOut;
  }

  private void printFinished(Map<String, Object> object, Authority after) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      object.put("Head", after.head().toString());
      Json.print(out, object);
    } else {
      out.println("Recovery completed.");
    }
  }

  private void printStep(Authority authority, Aum update, List<String> text)
      throws TkaException, IOException {
    PrintWriter out = spec.commandLine().getOut();
    Revocation.Effect effect = Revocation.effect(authority, update);
    if (json) {
      Map<String, Object> object = toJson(effect, update);
      object.putAll(toJson(outlook(authority, update)));
      Json.print(out, object);
      return;
    }
    text.forEach(out::println);
    spec.commandLine().getErr().println("tka: " + describe(effect));
    warn(authority, update);
  }

  private static RevocationOutlook outlook(Authority authority, Aum update) throws TkaException {
    return RevocationOutlook.of(authority, update, Instant.now());
  }

  /** Prints the warnings that the maker of a revocation needs in time (protocol, section 10). */
  private RevocationOutlook warn(Authority authority, Aum update) throws TkaException {
    RevocationOutlook outlook = outlook(authority, update);
    PrintWriter err = spec.commandLine().getErr();
    outlook
        .reasonOfControl()
        .ifPresent(why -> err.println("tka: warning: control would refuse it now: " + why));
    outlook
        .answerableFrom()
        .ifPresent(
            from ->
                err.println(
                    "tka: warning: the revoked keys could answer it from "
                        + from
                        + authority
                            .snapshot()
                            .parentOf(from)
                            .map(parent -> "; one with --fork-from " + parent + " prevents that")
                            .orElse(", and no fork point prevents that")));
    if (outlook.belowWindows()) {
      err.println(
          "tka: warning: it forks off before the AUMs that nodes keep: shipping nodes that have"
              + " compacted cannot follow it without 'tka repair'");
    }
    return outlook;
  }

  /** The effect of a recovery update, as a sentence. */
  private static String describe(Revocation.Effect effect) {
    String votes = Texts.count(effect.weight(), "vote");
    return switch (effect.outcome()) {
      case TAKES_EFFECT ->
          "With "
              + votes
              + " it revokes "
              + revoked(effect)
              + effect
                  .rival()
                  .map(rival -> ", and undoes " + describe(rival) + " and everything after it.")
                  .orElse(", and undoes nothing else.");
      case OUTVOTED ->
          "With "
              + votes
              + " it has no effect yet: to revoke "
              + revoked(effect)
              + ", it has to outweigh "
              + effect.rival().map(RevokeKeysCommand::describe).orElse("the AUMs after the fork")
              + ".";
      case ON_LOSING_BRANCH ->
          "It can have no effect: it forks off "
              + effect.forkPoint()
              + ", which is on a branch that lost.";
      case VOID -> "No node would accept it.";
    };
  }

  /** Names every key: a draft from somebody else may revoke any of them. */
  private static String revoked(Revocation.Effect effect) {
    return Texts.count(effect.revoked().size(), "key")
        + effect.revoked().stream()
            .map(key -> Texts.keyId(key.id()))
            .collect(Collectors.joining(", ", " (", ")"));
  }

  private static String describe(ForkResolution.Contender rival) {
    return rival.kind() + " " + rival.hash() + " with " + Texts.count(rival.weight(), "vote");
  }

  private static Map<String, Object> toJson(Revocation.Effect effect, Aum update) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Recovery", hex(update));
    object.put("ForkPoint", effect.forkPoint().toString());
    object.put("RevokedKeys", AumJson.keys(effect.revoked()));
    object.put("Votes", effect.weight());
    effect.rival().ifPresent(rival -> RevocationReport.putRival(rival, object));
    object.put("TakesEffect", effect.outcome() == Revocation.Outcome.TAKES_EFFECT);
    return object;
  }

  static Map<String, Object> toJson(RevocationOutlook outlook) {
    Map<String, Object> object = new LinkedHashMap<>();
    outlook.reasonOfControl().ifPresent(why -> object.put("RefusedByControl", why));
    outlook.answerableFrom().ifPresent(hash -> object.put("AnswerableFrom", hash.toString()));
    object.put("BelowWindows", outlook.belowWindows());
    return object;
  }

  private Aum readUpdate(StreamArgument argument)
      throws IOException, CommandFailure, DecodeException {
    return Aum.decode(InspectInput.only("recovery update", argument, tka.in()));
  }

  static String hex(Aum update) {
    return update.encoded().toHex().toUpperCase(Locale.ROOT);
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
