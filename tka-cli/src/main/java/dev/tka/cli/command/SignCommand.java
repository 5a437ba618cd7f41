package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.Pasted;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersOption;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.SignatureOutput;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedAums;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.Signer;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.DeepLink;
import dev.tka.core.nodekey.DeepLinkException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.UnsoundKeyException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka sign}: signs node keys, which admits the nodes. */
@Command(
    name = "sign",
    description = {
      "Signs node keys, which admits the nodes to the tailnet. Says first what it signs, on"
          + " standard error.",
      "Prints the signatures, for control or a peers file, and writes nothing. A running server is"
          + " given each signature instead, and gets a line for each node, and one with the sum.",
      "A running tailscaled, tailscaled:, signs with this node's own key and sends the signatures to"
          + " control; each node gets a line there, too.",
      "What cannot be signed keeps nothing else from being signed: it is named with the reason, and"
          + " the exit status is 10, unless it was all that was asked for.",
      "A sign-device link is checked first: it has to belong to this tailnet and be unchanged. A"
          + " link as a mail or a web page shows it will do.",
      "With --peers, a node can be named by its ID or its name there; without NODE, all nodes of"
          + " the file are signed that lack only a signature, after a question; --all-dropped says the"
          + " same in so many words, and --name chooses among them. A running server is asked for its"
          + " nodes if no file is named; which key a name stands for is then its word."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka sign DIR nodekey:... --key-file admin.key",
      "  tka sign DIR nodekey:... tlpub:... --key-file admin.key",
      "  tka sign DIR 'tailscale://sign-device/v1/?...' --key-file admin.key",
      "  tka sign DIR - --key-file admin.key     one node a line",
      "  tka sign DIR laptop phone --peers peers.json --key-file admin.key",
      "  tka sign DIR --peers peers.json --key-file admin.key",
      "  tka sign https://tka.example.com laptop --key-file admin.key",
      "  tka sign tailscaled: laptop             with this node's own key, through control",
      "  tka sign https://tka.example.com --all-dropped --name 'build-*' --key-file admin.key",
      "  tka sign DIR nodekey:... --key-file admin.key --json | jq .NodeKeySignature"
    })
public final class SignCommand implements Callable<Integer> {
  private static final String LINK = "tailscale:";
  private static final String NODE_KEY = "nodekey:";
  private static final String AUTH_KEY = "tskey-";
  private static final List<String> LOCK_KEYS = List.of("tlpub:", "nlpub:");

  /** The longest part of a word that a message shows: a node key fits. */
  private static final int MOST_SHOWN = 100;

  /** Room for ten thousand nodes and more. */
  private static final int MAX_INPUT = 1 << 22;

  /** What to sign. */
  private record Wanted(String title, NodeKey nodeKey, Optional<LockPublicKey> rotationKey) {
    /** Its key, and its title if it has one. */
    String named() {
      return nodeKey + (title.isEmpty() ? "" : " (" + title + ")");
    }

    @Override
    public String toString() {
      return named() + rotationKey.map(key -> ", which " + key + " may rotate").orElse("");
    }
  }

  /**
   * A word that names a node or its rotation key.
   *
   * @param line the line of standard input that it stands in; empty for an argument
   */
  private record Word(OptionalInt line, String text) {
    /** A failure that names the line and what stands there; keys of nodes are no secrets. */
    CommandFailure refused(String why, Advice... advice) {
      return new CommandFailure(
          line.isPresent() ? ExitCode.BAD_INPUT : ExitCode.USAGE, at() + why, advice);
    }

    /** The line and its text, as the beginning of a message; the text alone for an argument. */
    String at() {
      String shown = Texts.printable(text.length() > MOST_SHOWN ? shortened() : text);
      return (line.isPresent() ? "standard input, line " + line.getAsInt() + ": " : "")
          + shown
          + ": ";
    }

    private String shortened() {
      return text.substring(0, MOST_SHOWN) + "...";
    }
  }

  /** A node as it was named. */
  private record Named(Word word, Optional<LockPublicKey> rotationKey) {
    String text() {
      return word.text();
    }
  }

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "NODE [ROTATIONKEY]",
      description = {
        "The node: its node key, nodekey:..., a sign-device link, tailscale://..., or with --peers"
            + " or of a server its ID or name; - for standard input, with one node a line. ROTATIONKEY is the"
            + " node's own key, tlpub:... or nlpub:..., with which it may rotate its node key."
            + " Without it, the node needs a new signature for every new node key; of a node of"
            + " --peers, or of a server, it is known."
      })
  private List<String> words = List.of();

  @Mixin private PeersOption peers;

  @Option(
      names = "--all-dropped",
      description = {
        "All nodes that are dropped and lack only a signature, as without NODE. A node whose node"
            + " key has been replaced, or is used twice, is dropped for that: name it to sign it."
      })
  private boolean allDropped;

  @Option(
      names = "--name",
      paramLabel = "PATTERN",
      description = {
        "Of all nodes that lack only a signature, those with such a name, whole or up to the first"
            + " dot; * stands for any characters."
      })
  private @Nullable String pattern;

  @Mixin private SigningKeyOption signingKey;
  @Mixin private Confirmation confirmation;

  @Mixin private SignatureOutput output;

  /** What was asked for and cannot be signed, in order, each with the exit status of it alone. */
  private final List<SignatureOutput.NotSigned> notSigned = new ArrayList<>();

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    boolean fromInput = words.equals(List.of(StreamArgument.STANDARD));
    requireOneReader(fromInput);
    Optional<TailscaledPlace> daemon =
        DaemonEdit.find(store, spec, List.of("--key-file", "--signer", "--peers"));
    Optional<ServerPlace> server =
        peers.isGiven() ? Optional.empty() : ServedPeers.find(store.place());
    boolean all = words.isEmpty();
    if (all && !peers.isGiven() && server.isEmpty() && daemon.isEmpty()) {
      throw usage("missing argument, expected one or more nodes, or --peers");
    }
    if (!all && (allDropped || pattern != null)) {
      throw usage("--all-dropped and --name choose among all nodes: omit NODE");
    }
    List<Word> given =
        fromInput
            ? lines()
            : words.stream()
                .map(word -> new Word(OptionalInt.empty(), Pasted.clean(word)))
                .toList();
    boolean several = given.stream().filter(word -> !isLockKey(word.text())).count() > 1;
    List<Named> named = named(given, several);
    PrintWriter err = spec.commandLine().getErr();
    StoreEdit look = StoreEdit.look(store, err);
    Authority authority = look.authority();
    Optional<PeersFile> file = peers.read(tka, err);
    if (server.isPresent() && (all || !named.stream().allMatch(SignCommand::isComplete))) {
      file = Optional.of(ServedPeers.of(server.get(), look.store().tailnet().orElseThrow()));
    }
    if (daemon.isPresent()) {
      file = Optional.of(DaemonPeers.of(daemon.get(), err));
    }
    List<Wanted> wanted =
        all ? unsigned(authority, file.orElseThrow()) : wanted(named, authority, file, several);
    if (wanted.isEmpty() && notSigned.isEmpty()) {
      err.println("tka: nothing to sign");
      return ExitCode.OK;
    }
    if (daemon.isPresent()) {
      return sign(daemon.get(), wanted, all, err);
    }
    Signer signer = signer(authority);
    wanted.forEach(one -> err.println("tka: signs " + one));
    err.flush();
    if (all) {
      confirmation.require(
          "This signs " + Texts.count(wanted.size(), "node") + ", which may then join.",
          tka,
          peers.isStandardInput() || signingKey.isStandardInput(),
          err);
    }
    int asked = wanted.size() + notSigned.size();
    if (look.store().aums() instanceof ServedAums served) {
      submit(wanted, signer, served, look.store().tailnet().orElseThrow());
    } else {
      notSigned.forEach(one -> err.println("tka: " + one.what() + ": " + one.reason()));
      List<SignatureOutput.Signed> signed = sign(wanted, signer);
      print(signed, fromInput || file.isPresent() || asked > 1);
      if (!notSigned.isEmpty()) {
        err.println("tka: " + sum(signed.size(), asked));
      }
    }
    if (!notSigned.isEmpty()) {
      return asked == 1 ? alone(notSigned.get(0)) : ExitCode.PARTLY_DONE;
    }
    return file.map(PeersFile::exitCode).orElse(ExitCode.OK);
  }

  /** Has a running tailscaled sign, which sends the signatures to control. */
  private int sign(TailscaledPlace daemon, List<Wanted> wanted, boolean all, PrintWriter err)
      throws TkaException, IOException, CommandFailure {
    try (DaemonEdit edit = DaemonEdit.open(daemon, store.words(), err)) {
      LockPublicKey own = edit.requireTrusted(edit.authority());
      wanted.forEach(one -> edit.say("has tailscaled sign " + one));
      if (all) {
        confirmation.require(
            "This signs " + Texts.count(wanted.size(), "node") + ", which may then join.",
            tka,
            false,
            err);
      }
      if (!wanted.isEmpty()) {
        tka.noteChange();
      }
      int status =
          new DaemonSigning(edit, own)
              .sign(
                  wanted.stream()
                      .map(
                          one ->
                              new DaemonSigning.Node(one.title(), one.nodeKey(), one.rotationKey()))
                      .toList(),
                  notSigned,
                  output.isJson(),
                  spec.commandLine().getOut());
      if (wanted.size() + notSigned.size() == 1) {
        return notSigned.isEmpty() ? status : alone(notSigned.get(0));
      }
      return status == ExitCode.OK && notSigned.isEmpty() ? ExitCode.OK : ExitCode.PARTLY_DONE;
    }
  }

  /** The exit status where one node was asked for. */
  private static int alone(SignatureOutput.NotSigned one) {
    return switch (one.outcome()) {
      case BAD_INPUT -> ExitCode.BAD_INPUT;
      case UNKNOWN_NODE -> ExitCode.NOT_FOUND;
      case NOT_MADE, REFUSED -> ExitCode.VERIFICATION_FAILED;
      case NOT_SENT, IN_DOUBT -> ExitCode.IO;
    };
  }

  static String sum(int signed, int asked) {
    return "signed "
        + signed
        + " of "
        + Texts.count(asked, "node")
        + (signed == asked ? "" : "; the others are named above, each with the reason");
  }

  private void requireOneReader(boolean fromInput) {
    int readers =
        (fromInput ? 1 : 0)
            + (peers.isStandardInput() ? 1 : 0)
            + (signingKey.isStandardInput() ? 1 : 0);
    if (readers > 1) {
      throw usage("only one of -, --peers and --key-file can read standard input");
    }
  }

  /** Gives the server each signature, and says of each node what became of it. */
  private void submit(List<Wanted> wanted, Signer signer, ServedAums served, String tailnet)
      throws IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    int asked = wanted.size() + notSigned.size();
    Submission.Telling telling =
        output.isJson()
            ? (node, end) -> {}
            : (node, end) -> {
              out.println(node + "\t" + end);
              out.flush();
            };
    notSigned.forEach(one -> telling.of(one.what(), Submission.NOT_SIGNED + one.reason()));
    ServerPlace place = ServedPeers.require(store.place());
    Submission submission = new Submission(signer, served, place, tailnet, telling);
    for (Wanted one : wanted) {
      submission.add(one.nodeKey(), one.rotationKey(), one.named());
    }
    submission.settle();
    notSigned.addAll(submission.notSigned());
    if (!submission.signed().isEmpty()) {
      tka.noteChange();
    }
    if (output.isJson()) {
      output.printAll(submission.signed(), notSigned, out);
    } else {
      out.println(sum(submission.signed().size(), asked));
    }
  }

  private Signer signer(Authority authority) throws TkaException, IOException, CommandFailure {
    Signer signer = signingKey.read(tka.in(), spec);
    if (!authority.state().trusts(signer.publicKey().bytes())) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "expected a signing key that is trusted now, found "
              + signer.publicKey()
              + ": no node would accept its signature",
          Advice.otherSigner(store.words()).toArray(new Advice[0]));
    }
    return signer;
  }

  private static List<SignatureOutput.Signed> sign(List<Wanted> wanted, Signer signer)
      throws TkaException {
    List<SignatureOutput.Signed> signed = new ArrayList<>();
    for (Wanted one : wanted) {
      NodeKeySignature made = NodeKeySigning.direct(one.nodeKey(), one.rotationKey(), signer);
      signed.add(new SignatureOutput.Signed(one.nodeKey(), made));
    }
    return signed;
  }

  private void print(List<SignatureOutput.Signed> signed, boolean asList) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (asList) {
      output.printAll(signed, notSigned, out);
    } else {
      output.print(signed.get(0), out);
    }
  }

  /** The lines of standard input, in words; a line that a link was broken into is joined. */
  private List<Word> lines() throws IOException, CommandFailure {
    byte[] content = tka.in().readNBytes(MAX_INPUT + 1);
    if (content.length > MAX_INPUT) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "standard input: expected at most 4 MiB, found more");
    }
    List<Word> found = new ArrayList<>();
    boolean inLink = false;
    int number = 0;
    for (String line : new String(content, StandardCharsets.UTF_8).lines().toList()) {
      OptionalInt at = OptionalInt.of(++number);
      String text = Pasted.clean(line);
      boolean begins = begins(text);
      if (text.isEmpty()) {
        inLink = false;
      } else if (inLink && !begins) {
        Word link = found.remove(found.size() - 1);
        found.add(new Word(link.line(), link.text() + text));
      } else if (text.startsWith(LINK)) {
        found.add(new Word(at, text));
        inLink = true;
      } else {
        for (String each : begins ? List.of(text.split("[\\s,]+")) : List.of(text)) {
          found.add(new Word(at, Pasted.clean(each)));
        }
        inLink = false;
      }
    }
    return found;
  }

  private static boolean begins(String text) {
    return text.startsWith(LINK)
        || text.startsWith(NODE_KEY)
        || LOCK_KEYS.stream().anyMatch(text::startsWith);
  }

  /**
   * The words as nodes, each with the rotation key that follows it. A line that is wrong is noted
   * if there are others; a wrong argument stops the command.
   */
  private List<Named> named(List<Word> given, boolean several) throws CommandFailure {
    List<Named> named = new ArrayList<>();
    for (Word word : given) {
      try {
        if (isLockKey(word.text())) {
          addRotationKey(word, named);
        } else {
          named.add(new Named(requireNode(word), Optional.empty()));
        }
      } catch (CommandFailure e) {
        if (!several || word.line().isEmpty()) {
          throw e;
        }
        note(word, e.getMessage());
        // Without its rotation key, a node would be signed otherwise than it was asked for.
        if (isLockKey(word.text()) && !named.isEmpty()) {
          note(named.remove(named.size() - 1).word(), "what follows is not its rotation key");
        }
      }
    }
    return named;
  }

  private static boolean isLockKey(String text) {
    return LOCK_KEYS.stream().anyMatch(text::startsWith);
  }

  private Word requireNode(Word word) throws CommandFailure {
    if (word.text().startsWith(AUTH_KEY)) {
      throw word.refused(
          "expected a node key, nodekey:..., found an auth key"
              + (word.line().isPresent() ? "" : "; the shell may remember it"),
          Advice.wrap(store.words()));
    }
    if (word.text().startsWith(NODE_KEY)) {
      var unused = parse(NodeKey::parse, word);
    }
    return word;
  }

  private void addRotationKey(Word word, List<Named> named) throws CommandFailure {
    LockPublicKey key = parse(LockPublicKey::parse, word);
    if (named.isEmpty() || named.get(named.size() - 1).rotationKey().isPresent()) {
      throw word.refused(
          "expected a node key, nodekey:..., found a tailnet lock key",
          Advice.trust(store.words(), key.toString()));
    }
    Named last = named.get(named.size() - 1);
    if (last.text().startsWith(LINK)) {
      throw word.refused("a link names its own rotation key: omit ROTATIONKEY");
    }
    named.set(named.size() - 1, new Named(last.word(), Optional.of(key)));
  }

  /** Notes what cannot be signed; the reason may repeat the word. */
  private void note(Word word, String reason) {
    String at = word.at();
    notSigned.add(
        new SignatureOutput.NotSigned(
            Failures.open(at.substring(0, at.length() - 2)),
            Optional.empty(),
            Texts.printable(
                Failures.open(reason.startsWith(at) ? reason.substring(at.length()) : reason)),
            SignatureOutput.Outcome.BAD_INPUT));
  }

  private static <T> T parse(KeyArgument.Parser<T> parser, Word word) throws CommandFailure {
    try {
      return parser.parse(word.text());
    } catch (TextException e) {
      throw word.refused(e.getMessage());
    }
  }

  /** The nodes, each once, however often it is named. */
  private List<Wanted> wanted(
      List<Named> named, Authority authority, Optional<PeersFile> file, boolean several)
      throws TkaException, CommandFailure {
    Map<NodeKey, Wanted> wanted = new LinkedHashMap<>();
    Map<NodeKey, Word> first = new LinkedHashMap<>();
    for (Named one : named) {
      try {
        Wanted node = requireSignable(one.word(), wanted(one, authority, file));
        first.putIfAbsent(node.nodeKey(), one.word());
        Wanted before = wanted.putIfAbsent(node.nodeKey(), node);
        if (before != null && !before.rotationKey().equals(node.rotationKey())) {
          if (several && one.word().line().isPresent()) {
            wanted.remove(node.nodeKey());
            note(first.get(node.nodeKey()), "the node is named again, otherwise");
          }
          throw one.word().refused("the node was named before, with another rotation key or none");
        }
      } catch (CommandFailure e) {
        if (!several || e.exitCode() == ExitCode.USAGE) {
          throw e;
        }
        note(one.word(), e.getMessage());
      } catch (TkaException e) {
        if (!several) {
          throw e;
        }
        note(one.word(), e.getMessage());
      }
    }
    return List.copyOf(wanted.values());
  }

  private static Wanted requireSignable(Word word, Wanted node)
      throws CommandFailure, UnsoundKeyException {
    if (node.nodeKey().isZero()) {
      String why = "expected a node key, found the zero key, which means none";
      if (word.line().isPresent()) {
        throw word.refused(why);
      }
      throw new CommandFailure(
          ExitCode.BAD_INPUT, (node.title().isEmpty() ? "" : node.title() + ": ") + why);
    }
    if (node.rotationKey().isPresent()) {
      UnsoundKeyException.requireSound("rotation key", node.rotationKey().get().bytes());
    }
    return node;
  }

  private Wanted wanted(Named one, Authority authority, Optional<PeersFile> file)
      throws TkaException, CommandFailure {
    if (one.text().startsWith(LINK)) {
      return linked(one.word(), authority);
    }
    List<PeersFile.Entry> found =
        file.map(peersFile -> peersFile.find(one.text())).orElse(List.of());
    if (found.size() > 1) {
      throw one.word()
          .refused(
              "names several nodes: "
                  + String.join(", ", found.stream().map(PeersFile.Entry::title).toList()),
              list());
    }
    if (!found.isEmpty()) {
      return of(found.get(0), one.rotationKey());
    }
    if (one.text().startsWith(NODE_KEY)) {
      return new Wanted("", parse(NodeKey::parse, one.word()), one.rotationKey());
    }
    if (file.isEmpty()) {
      throw one.word()
          .refused(
              "expected a node key, nodekey:..., found other text",
              Advice.signNamed(store.words(), one.text()));
    }
    throw new CommandFailure(
        ExitCode.NOT_FOUND,
        one.word().at() + "no node has this ID or name",
        file.get().sound() ? list() : PeersFile.correctIt());
  }

  /** What lists the nodes that can be named. */
  private Advice list() {
    return peers.isGiven()
        ? Advice.listPeers(store.words(), peers.word())
        : Advice.person(
            DaemonPeers.find(store.place()).isPresent()
                ? "'tka peers " + store.words() + "' lists " + DaemonPeers.SOURCE
                : "'tka fleet " + store.words() + "' lists the server's nodes");
  }

  /** Whether no list of nodes has to be asked, not even for the rotation key. */
  private static boolean isComplete(Named one) {
    return one.text().startsWith(LINK)
        || (one.text().startsWith(NODE_KEY) && one.rotationKey().isPresent());
  }

  private static Wanted of(PeersFile.Entry entry, Optional<LockPublicKey> rotationKey) {
    return new Wanted(
        entry.title(), entry.peer().nodeKey(), rotationKey.or(() -> PeerText.rotationKey(entry)));
  }

  /** The nodes that lack only a signature, with the names that were asked for. */
  private List<Wanted> unsigned(Authority authority, PeersFile file) {
    List<Wanted> wanted = new ArrayList<>();
    PeerText.all(authority, file)
        .forEach(
            (entry, verdict) -> {
              if (!PeerText.isUnsigned(verdict) || !(pattern == null || entry.isNamed(pattern))) {
                return;
              }
              if (entry.peer().nodeKey().isZero()) {
                notSigned.add(
                    new SignatureOutput.NotSigned(
                        entry.title(),
                        Optional.empty(),
                        "expected a node key, found the zero key, which means none",
                        SignatureOutput.Outcome.BAD_INPUT));
              } else {
                wanted.add(of(entry, Optional.empty()));
              }
            });
    return wanted;
  }

  /** The content of a link, once it is known to belong to this authority. */
  private static Wanted linked(Word word, Authority authority) throws TkaException, CommandFailure {
    DeepLink link;
    try {
      link = DeepLinkCommand.verify(Pasted.link(word.text()), authority.state().stateId1());
    } catch (DeepLinkException e) {
      if (word.line().isEmpty()) {
        throw e;
      }
      throw new CommandFailure(Failures.exitCode(e), word.at() + e.getMessage());
    }
    return new Wanted(
        Texts.printable(link.deviceName() + ", " + link.osName() + ", of " + link.loginName()),
        NodeKey.parse(link.nodeKey()),
        Optional.of(LockPublicKey.parse(link.rotationKey())));
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
