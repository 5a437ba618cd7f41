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
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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
      "Prints the signatures, for control or a peers file. Nothing is written.",
      "A running tailscaled, tailscaled:, signs with this node's own key and sends the signatures to"
          + " control. Each node gets a line with what became of it; an error with one does not keep"
          + " the others from being signed.",
      "A sign-device link is checked first: it has to belong to this tailnet and be unchanged. A"
          + " link as a mail or a web page shows it will do.",
      "With --peers, a node can be named by its ID or its name there; without NODE, all nodes of"
          + " the file are signed that lack only a signature, after a question. A running server is"
          + " asked for its nodes if no file is named; which key a name stands for is then its"
          + " word."
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
    @Override
    public String toString() {
      return nodeKey
          + (title.isEmpty() ? "" : " (" + title + ")")
          + rotationKey.map(key -> ", which " + key + " may rotate").orElse("");
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
  @Mixin private SigningKeyOption signingKey;
  @Mixin private Confirmation confirmation;

  @Mixin private SignatureOutput output;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    boolean fromInput = words.equals(List.of(StreamArgument.STANDARD));
    int readers =
        (fromInput ? 1 : 0)
            + (peers.isStandardInput() ? 1 : 0)
            + (signingKey.isStandardInput() ? 1 : 0);
    if (readers > 1) {
      throw usage("only one of -, --peers and --key-file can read standard input");
    }
    Optional<TailscaledPlace> daemon =
        DaemonEdit.find(store, spec, List.of("--key-file", "--signer", "--peers"));
    Optional<ServerPlace> server =
        peers.isGiven() ? Optional.empty() : ServedPeers.find(store.place());
    if (words.isEmpty() && !peers.isGiven() && server.isEmpty() && daemon.isEmpty()) {
      throw usage("missing argument, expected one or more nodes, or --peers");
    }
    List<Named> named =
        named(
            fromInput
                ? lines()
                : words.stream()
                    .map(word -> new Word(OptionalInt.empty(), Pasted.clean(word)))
                    .toList());
    PrintWriter err = spec.commandLine().getErr();
    StoreEdit look = StoreEdit.look(store, err);
    Authority authority = look.authority();
    boolean all = words.isEmpty();
    Optional<PeersFile> file = peers.read(tka, err);
    if (server.isPresent() && (all || !named.stream().allMatch(SignCommand::isKeyOrLink))) {
      file = Optional.of(ServedPeers.of(server.get(), look.store().tailnet().orElseThrow()));
    }
    if (daemon.isPresent()) {
      file = Optional.of(DaemonPeers.of(daemon.get(), err));
    }
    List<Wanted> wanted =
        all ? unsigned(authority, file.orElseThrow()) : wanted(named, authority, file);
    for (Wanted one : wanted) {
      if (one.nodeKey().isZero()) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT,
            (one.title().isEmpty() ? "" : one.title() + ": ")
                + "expected a node key, found the zero key, which means none");
      }
      if (one.rotationKey().isPresent()) {
        UnsoundKeyException.requireSound("rotation key", one.rotationKey().get().bytes());
      }
    }
    if (wanted.isEmpty()) {
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
    print(sign(wanted, signer), fromInput || file.isPresent() || wanted.size() > 1);
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
      tka.noteChange();
      return new DaemonSigning(edit, own)
          .sign(
              wanted.stream()
                  .map(one -> new DaemonSigning.Node(one.title(), one.nodeKey(), one.rotationKey()))
                  .toList(),
              output.isJson(),
              spec.commandLine().getOut(),
              err);
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
      output.printAll(signed, out);
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

  /** The words as nodes, each with the rotation key that follows it. */
  private List<Named> named(List<Word> given) throws CommandFailure {
    List<Named> named = new ArrayList<>();
    for (Word word : given) {
      String text = word.text();
      if (text.startsWith(AUTH_KEY)) {
        throw word.refused(
            "expected a node key, nodekey:..., found an auth key"
                + (word.line().isPresent() ? "" : "; the shell may remember it"),
            Advice.wrap(store.words()));
      }
      if (LOCK_KEYS.stream().noneMatch(text::startsWith)) {
        if (text.startsWith(NODE_KEY)) {
          parse(NodeKey::parse, word);
        }
        named.add(new Named(word, Optional.empty()));
        continue;
      }
      LockPublicKey key = parse(LockPublicKey::parse, word);
      Optional<Named> last =
          named.isEmpty() ? Optional.empty() : Optional.of(named.remove(named.size() - 1));
      if (last.isEmpty() || last.get().rotationKey().isPresent()) {
        throw word.refused(
            "expected a node key, nodekey:..., found a tailnet lock key",
            Advice.trust(store.words(), key.toString()));
      }
      if (last.get().text().startsWith(LINK)) {
        throw word.refused("a link names its own rotation key: omit ROTATIONKEY");
      }
      named.add(new Named(last.get().word(), Optional.of(key)));
    }
    return named;
  }

  private static <T> T parse(KeyArgument.Parser<T> parser, Word word) throws CommandFailure {
    try {
      return parser.parse(word.text());
    } catch (TextException e) {
      throw word.refused(e.getMessage());
    }
  }

  /** The nodes, each once, however often it is named. */
  private List<Wanted> wanted(List<Named> named, Authority authority, Optional<PeersFile> file)
      throws TkaException, CommandFailure {
    Map<NodeKey, Wanted> wanted = new LinkedHashMap<>();
    for (Named one : named) {
      Wanted node = wanted(one, authority, file);
      if (one.word().line().isPresent() && node.nodeKey().isZero()) {
        throw one.word().refused("expected a node key, found the zero key, which means none");
      }
      Wanted before = wanted.putIfAbsent(node.nodeKey(), node);
      if (before != null && !before.rotationKey().equals(node.rotationKey())) {
        throw one.word().refused("the node was named before, with another rotation key or none");
      }
    }
    return List.copyOf(wanted.values());
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

  private static boolean isKeyOrLink(Named one) {
    return one.text().startsWith(NODE_KEY) || one.text().startsWith(LINK);
  }

  private static Wanted of(PeersFile.Entry entry, Optional<LockPublicKey> rotationKey) {
    return new Wanted(
        entry.title(), entry.peer().nodeKey(), rotationKey.or(() -> PeerText.rotationKey(entry)));
  }

  /** The nodes that lack only a signature. */
  private static List<Wanted> unsigned(Authority authority, PeersFile file) {
    List<Wanted> wanted = new ArrayList<>();
    PeerText.all(authority, file)
        .forEach(
            (entry, verdict) -> {
              if (PeerText.isUnsigned(verdict)) {
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
