package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.DaemonPeers;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersOption;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedAums;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.Bytes;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.nodekey.KeyAlarm;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.nodekey.UnsoundKeyException;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tka remove}: removes trusted keys. */
@Command(
    name = "remove",
    description = {
      "Removes trusted signing keys, with effect from now on.",
      "Earlier updates signed by them remain valid; for a stolen key, see 'tka revoke-keys'.",
      "Nodes whose signature depends on a removed key are no longer signed. A store does not hold"
          + " node keys, so --peers has to name the nodes: those that are kept now are signed again"
          + " by the key that signs the removal, and the new signatures are printed before the"
          + " removal is stored: give them to control. Nodes that are already dropped are not"
          + " signed again; that would bring them back. Nor are nodes signed under a key that"
          + " anybody can sign for: anybody may have signed them.",
      "--re-sign=false removes the keys without signing nodes again; with --peers, it lists the"
          + " nodes that are locked out.",
      "A running server knows its nodes: they are meant if no peers file is named, and the server is"
          + " given the new signatures before the removal is stored.",
      "Since the signatures are printed first, signing again implies --no-retry.",
      DaemonEdit.HELP
          + " Control names the nodes that the keys signed; they are signed again before the removal,"
          + " and --peers is not needed.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka remove DIR tlpub:... --peers peers.json --key-file admin.key",
      "  tka remove DIR tlpub:... --re-sign=false --key-file admin.key     no node is signed again",
      "  tka remove DIR tlpub:... --peers peers.json --re-sign=false --key-file admin.key",
      "  tka remove tailscaled: tlpub:...                                  its nodes are signed again",
      "  tka remove DIR tlpub:... --re-sign=false --key-file own.key --confirm     the signing key itself",
    })
public final class RemoveCommand extends EditCommand {
  @Mixin private PeersOption peers;

  @Option(
      names = "--re-sign",
      arity = "0..1",
      fallbackValue = "true",
      paramLabel = "true|false",
      description = {
        "Sign again the nodes of --peers, or of a running server, that lose their key (default:"
            + " true). Without either, false is required."
      })
  private @Nullable Boolean reSign;

  @Mixin private Confirmation confirmation;

  /** The nodes that were signed again. */
  private List<Signed> toDeliver = List.of();

  @Override
  void checkOptions(List<KeyArgument> named, String store) throws CommandFailure {
    if (!peers.isGiven() && server().isEmpty() && (reSign == null || reSign)) {
      String keys = words(named);
      throw new CommandFailure(
          ExitCode.USAGE,
          "a removed key locks out the nodes that it signed, and only a peers file tells which they"
              + " are; nothing was stored",
          Advice.removeKeys(store, keys),
          Advice.removeAnyway(store, keys));
    }
    if (peers.isStandardInput() && inputIsTaken()) {
      throw usage("--peers and --key-file cannot both read standard input");
    }
  }

  @Override
  List<String> senselessOnDaemon() {
    return Stream.concat(DaemonEdit.SIGNERS.stream(), Stream.of("--peers")).toList();
  }

  @Override
  DaemonChange onDaemon(
      DaemonEdit edit, Authority before, LockPublicKey own, List<KeyArgument> keys)
      throws TkaException, IOException, CommandFailure {
    List<Bytes> removed = new ArrayList<>(keys.stream().map(key -> key.key().bytes()).toList());
    // What follows the removal of the node's own key would not be signed by a trusted key.
    if (removed.removeAll(List.of(own.bytes()))) {
      removed.add(own.bytes());
    }
    removed = removed.stream().distinct().toList();
    boolean again = reSign == null || reSign;
    for (KeyArgument key : keys) {
      if (key.votes().isPresent()) {
        throw usage("a key to remove takes no votes: " + key.key());
      }
      if (!before.state().trusts(key.key().bytes())) {
        throw new CommandFailure(
            ExitCode.VERIFICATION_FAILED, key.key() + " is not trusted", absent(key));
      }
    }
    if (removed.size() == before.state().keys().size()) {
      throw new CommandFailure(
          ExitCode.VERIFICATION_FAILED,
          "the only trusted keys cannot be removed",
          Failures.onlyKey(store()));
    }
    if (removed.contains(own.bytes())) {
      if (again) {
        throw new CommandFailure(
            ExitCode.USAGE,
            "this node's own key cannot be removed while it signs nodes again; nothing was changed",
            Advice.person(
                "do it on another node whose key is trusted; or add --re-sign=false, and no node is"
                    + " signed again"));
      }
      confirmation.require(
          "This removes this node's own key, which could not sign again.",
          tka(),
          inputIsTaken(),
          err());
    }
    return new DaemonRemoval(edit, removed, again);
  }

  /** A removal through tailscaled: what the keys signed is signed again by the node's own key. */
  private final class DaemonRemoval implements DaemonChange {
    private final DaemonEdit edit;
    private final List<Bytes> removed;
    private final Map<NodeKey, Optional<LockPublicKey>> again = new LinkedHashMap<>();
    private final Map<NodeKey, Optional<LockPublicKey>> left = new LinkedHashMap<>();

    DaemonRemoval(DaemonEdit edit, List<Bytes> removed, boolean signsAgain) throws StoreException {
      this.edit = edit;
      this.removed = removed;
      for (Bytes key : removed) {
        // Anybody may have brought in a node under such a key, and it must not come to stay.
        boolean anybodys = KeyDefect.of(key).isPresent();
        for (NodeKeySignature made : edit.ask(api -> api.affected(key))) {
          Optional<NodeKey> node = made.nodeKey();
          boolean sound =
              made.wrappingPublic().filter(each -> KeyDefect.of(each).isPresent()).isEmpty();
          node.ifPresent(
              nodeKey ->
                  (signsAgain && !anybodys && sound ? again : left)
                      .put(nodeKey, DaemonSigning.rotationKey(made)));
        }
      }
    }

    @Override
    public DaemonEdit.Change change() {
      return new DaemonEdit.Change(List.of(), removed);
    }

    /** Which nodes are to be signed again is known for one head only. */
    @Override
    public boolean isOfOneHead() {
      return !again.isEmpty();
    }

    @Override
    public Map<String, Object> prepare() throws TkaException, CommandFailure {
      Map<NodeKey, String> titles = new LinkedHashMap<>();
      Map<NodeKey, PeersFile.Entry> entries = new LinkedHashMap<>();
      PeersFile known = edit.ask(api -> DaemonPeers.of(api.status(), api.ownNode()));
      Stream.concat(known.self().stream(), known.peers().stream())
          .forEach(
              entry -> {
                titles.put(entry.peer().nodeKey(), entry.title());
                entries.put(entry.peer().nodeKey(), entry);
              });
      again.keySet().forEach(node -> edit.say("first signs again " + title(node, titles)));
      left.keySet().forEach(node -> edit.say("locks out " + title(node, titles)));
      int signed = 0;
      for (Map.Entry<NodeKey, Optional<LockPublicKey>> node : again.entrySet()) {
        try {
          edit.ask(
              api -> {
                api.sign(node.getKey(), node.getValue());
                return true;
              });
          signed++;
        } catch (StoreException.Unavailable e) {
          edit.say(
              "nothing was removed; "
                  + Texts.count(signed, "node")
                  + " signed again, which does no harm");
          throw e;
        }
      }
      if (!asJson()) {
        print("Signed again:", again.keySet(), titles);
        print("No longer signed:", left.keySet(), titles);
      }
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("ReSigned", again.keySet().stream().map(node -> toJson(node, entries)).toList());
      object.put("NotReSigned", left.keySet().stream().map(node -> toJson(node, entries)).toList());
      return object;
    }

    private void print(String heading, Set<NodeKey> nodes, Map<NodeKey, String> titles) {
      if (!nodes.isEmpty()) {
        out().println(heading);
        nodes.forEach(node -> out().println("\t" + title(node, titles)));
      }
    }
  }

  private static String title(NodeKey node, Map<NodeKey, String> titles) {
    return titles.containsKey(node) ? titles.get(node) + "\t" + node : node.toString();
  }

  private static Map<String, Object> toJson(NodeKey node, Map<NodeKey, PeersFile.Entry> known) {
    Map<String, Object> object = new LinkedHashMap<>();
    Optional.ofNullable(known.get(node)).ifPresent(entry -> putName(entry, object));
    object.put("NodeKey", node.toString());
    return object;
  }

  private static void putName(PeersFile.Entry entry, Map<String, Object> object) {
    object.put("ID", entry.peer().id());
    entry.name().ifPresent(name -> object.put("DNSName", name));
  }

  @Override
  boolean printsBeforeStoring() {
    return peers.isGiven() || signsAgain();
  }

  @Override
  void check(List<KeyArgument> named, Signer signer) throws CommandFailure, IOException {
    for (KeyArgument key : named) {
      if (key.votes().isPresent()) {
        throw usage("a key to remove takes no votes: " + key.key());
      }
      if (!key.key().equals(signer.publicKey())) {
        continue;
      }
      if (signsAgain()) {
        String keys = words(named);
        throw new CommandFailure(
            ExitCode.USAGE,
            "the signing key cannot be removed while it signs nodes again; nothing was stored",
            Advice.removeKeys(
                store(), keys, peers.word(), "to sign those nodes with another trusted key"),
            Advice.removeAnyway(store(), keys));
      }
      confirmation.require(
          "This removes the signing key itself, which could not sign again.",
          tka(),
          inputIsTaken() || peers.isStandardInput(),
          err());
    }
  }

  private static String words(List<KeyArgument> named) {
    return named.stream().map(key -> " " + key.key()).collect(Collectors.joining());
  }

  /** Each once; what follows the removal of the signer would not be signed by a trusted key. */
  @Override
  List<KeyArgument> inOrder(List<KeyArgument> named, Signer signer) {
    List<KeyArgument> ordered = new ArrayList<>(named.stream().distinct().toList());
    ordered.sort(Comparator.comparing(key -> key.key().equals(signer.publicKey())));
    return ordered;
  }

  private boolean signsAgain() {
    return (peers.isGiven() || server().isPresent()) && (reSign == null || reSign);
  }

  @Override
  void change(UpdateBuilder builder, KeyArgument key) throws BuildException, SigningException {
    builder.removeKey(key.key().bytes());
  }

  /** A node with its new signature. */
  private record Signed(PeersFile.Entry entry, NodeKeySignature signature) {}

  @Override
  Map<String, Object> prepare(
      Authority authority, List<KeyArgument> named, Signer signer, boolean asJson, OpenStore opened)
      throws UnsoundKeyException, SigningException, IOException, CommandFailure {
    Optional<PeersFile> file = peers.read(tka(), err());
    if (file.isEmpty() && signsAgain()) {
      file = Optional.of(nodes(server().orElseThrow(), opened));
    }
    if (file.isEmpty()) {
      return Map.of();
    }
    if (!file.get().sound()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "an unreadable node might lose its key; nothing was stored",
          PeersFile.correctIt());
    }
    Set<Bytes> removed = named.stream().map(key -> key.key().bytes()).collect(Collectors.toSet());
    List<Signed> signed = new ArrayList<>();
    List<AffectedNode> left = new ArrayList<>();
    for (AffectedNode node : AffectedNode.without(authority, removed, file.get())) {
      List<KeyAlarm> alarms = KeyAlarms.ofAffected(node);
      KeyAlarms.print(alarms, err());
      // Anybody may have brought in a node under such a key, and it must not come to stay.
      if (node.losesKey() && node.isKept() && signsAgain() && alarms.isEmpty()) {
        signed.add(new Signed(node.entry(), sign(node.entry(), signer)));
      } else if (node.losesKey()) {
        left.add(node);
      }
    }
    if (!asJson) {
      print(signed, left);
    }
    toDeliver = signed;
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ReSigned", signed.stream().map(RemoveCommand::toJson).toList());
    object.put("NotReSigned", left.stream().map(AffectedNode::toJson).toList());
    return object;
  }

  private static PeersFile nodes(ServerPlace server, OpenStore opened) throws CommandFailure {
    try {
      return ServedPeers.of(server, opened.tailnet().orElseThrow());
    } catch (ServerException e) {
      throw failure("its nodes are not known; nothing was stored", e);
    }
  }

  private static CommandFailure failure(String what, ServerException e) {
    return new CommandFailure(
        Failures.exitCode(e), e.server() + ": " + what + ": " + e.getMessage());
  }

  /** A running server gets the new signatures, which are good already, before nodes need them. */
  @Override
  void deliver(OpenStore store) throws CommandFailure {
    if (!(store.aums() instanceof ServedAums served)) {
      return;
    }
    for (Signed each : toDeliver) {
      try {
        served.sign(each.signature().encoded());
      } catch (ServerException e) {
        throw failure(
            "the new signature of " + each.entry().title() + " was not taken; nothing was stored",
            e);
      }
    }
  }

  /** A direct signature, with which the node may continue to rotate. */
  private static NodeKeySignature sign(PeersFile.Entry entry, Signer signer)
      throws UnsoundKeyException, SigningException {
    return NodeKeySigning.direct(entry.peer().nodeKey(), PeerText.rotationKey(entry), signer);
  }

  private void print(List<Signed> signed, List<AffectedNode> left) {
    PrintWriter out = out();
    if (!signed.isEmpty()) {
      out.println("Signed again:");
      for (Signed node : signed) {
        out.println(
            "\t"
                + node.entry().title()
                + "\t"
                + node.entry().peer().nodeKey()
                + "\t"
                + node.signature().encoded().toHex());
      }
    }
    if (!left.isEmpty()) {
      out.println("No longer signed:");
      for (AffectedNode node : left) {
        out.println(
            "\t"
                + node.entry().title()
                + (node.before() instanceof PeerVerdict.Dropped dropped
                    ? "\talready dropped: " + Texts.printable(dropped.reason())
                    : ""));
        if (node.isKept() && KeyAlarms.ofAffected(node).isEmpty()) {
          Advice.print(List.of(signing(node.entry())), "\t\t", out);
        }
      }
    }
  }

  private Advice signing(PeersFile.Entry entry) {
    return Advice.signNode(
        store(),
        entry.peer().nodeKey(),
        PeerText.rotationKey(entry).map(LockPublicKey::toString),
        "to sign it with a key that stays");
  }

  /** With the field names of a peers file. */
  private static Map<String, Object> toJson(Signed node) {
    Map<String, Object> object = new LinkedHashMap<>();
    putName(node.entry(), object);
    object.put("NodeKey", node.entry().peer().nodeKey().toString());
    object.put("NodeKeySignature", node.signature().encoded().toHex());
    return object;
  }
}
