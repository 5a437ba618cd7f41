package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.PeersFile;
import dev.tka.cli.input.PeersOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.SigningException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.nodekey.UnsoundKeyException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
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
      "Nodes whose signature depends on a removed key are no longer signed. With --peers, those"
          + " that are kept now are signed again by the key that signs the removal, and the new"
          + " signatures are printed before the removal is stored: give them to control. Nodes"
          + " that are already dropped are not signed again; that would bring them back. Nor are"
          + " nodes signed under a key that anybody can sign for: anybody may have signed them. Since that is"
          + " printed first, --peers implies --no-retry.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka remove DIR tlpub:... --key-file admin.key",
      "  tka remove DIR tlpub:... --peers peers.json --key-file admin.key",
      "  tka remove DIR tlpub:... --peers peers.json --re-sign=false --key-file admin.key",
      "  tka remove DIR tlpub:... --key-file own.key --confirm     removes the signing key itself",
    })
public final class RemoveCommand extends EditCommand {
  @Mixin private PeersOption peers;

  @Option(
      names = "--re-sign",
      arity = "0..1",
      fallbackValue = "true",
      paramLabel = "true|false",
      description = "Sign again the nodes of --peers that lose their key (default: true).")
  private @Nullable Boolean reSign;

  @Mixin private Confirmation confirmation;

  @Override
  void checkOptions() {
    if (reSign != null && !peers.isGiven()) {
      throw usage("--re-sign needs --peers");
    }
    if (peers.isStandardInput() && inputIsTaken()) {
      throw usage("--peers and --key-file cannot both read standard input");
    }
  }

  @Override
  boolean printsBeforeStoring() {
    return peers.isGiven();
  }

  @Override
  void check(List<KeyArgument> named, LockPrivateKey signer) throws CommandFailure, IOException {
    for (KeyArgument key : named) {
      if (key.votes().isPresent()) {
        throw usage("a key to remove takes no votes: " + key.key());
      }
      if (!key.key().equals(signer.publicKey())) {
        continue;
      }
      if (signsAgain()) {
        throw usage(
            "the signing key cannot be removed while it signs nodes again: sign with another key,"
                + " or use --re-sign=false");
      }
      confirmation.require(
          "This removes the signing key itself, which could not sign again.",
          tka(),
          inputIsTaken() || peers.isStandardInput(),
          err());
    }
  }

  private boolean signsAgain() {
    return peers.isGiven() && (reSign == null || reSign);
  }

  @Override
  void change(UpdateBuilder builder, KeyArgument key) throws BuildException, SigningException {
    builder.removeKey(key.key().bytes());
  }

  /** A node with its new signature. */
  private record Signed(PeersFile.Entry entry, NodeKeySignature signature) {}

  @Override
  Map<String, Object> prepare(
      Authority authority, List<KeyArgument> named, LockPrivateKey signer, boolean asJson)
      throws UnsoundKeyException, SigningException, IOException, CommandFailure {
    Optional<PeersFile> file = peers.read(tka(), err());
    if (file.isEmpty()) {
      return Map.of();
    }
    if (!file.get().sound()) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT,
          "an unreadable node might lose its key; correct the peers file. Nothing was stored");
    }
    Set<Bytes> removed = named.stream().map(key -> key.key().bytes()).collect(Collectors.toSet());
    List<Signed> signed = new ArrayList<>();
    List<AffectedNode> left = new ArrayList<>();
    for (AffectedNode node : AffectedNode.without(authority, removed, file.get())) {
      List<KeyAlarm> alarms = KeyAlarm.ofAffected(node);
      KeyAlarm.print(alarms, err());
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
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ReSigned", signed.stream().map(RemoveCommand::toJson).toList());
    object.put("NotReSigned", left.stream().map(AffectedNode::toJson).toList());
    return object;
  }

  /** A direct signature, with which the node may continue to rotate. */
  private static NodeKeySignature sign(PeersFile.Entry entry, LockPrivateKey signer)
      throws UnsoundKeyException, SigningException {
    NodeKey nodeKey = entry.peer().nodeKey();
    Optional<LockPublicKey> rotationKey;
    try {
      rotationKey =
          NodeKeySignature.decode(entry.peer().signature().toByteArray())
              .wrappingPublic()
              .filter(key -> key.size() == LockPublicKey.SIZE)
              .map(LockPublicKey::new);
    } catch (DecodeException e) {
      throw new IllegalStateException("it was valid", e);
    }
    return NodeKeySigning.direct(nodeKey, rotationKey, signer);
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
      }
    }
  }

  /** With the field names of a peers file. */
  private static Map<String, Object> toJson(Signed node) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ID", node.entry().peer().id());
    node.entry().name().ifPresent(name -> object.put("DNSName", name));
    object.put("NodeKey", node.entry().peer().nodeKey().toString());
    object.put("NodeKeySignature", node.signature().encoded().toHex());
    return object;
  }
}
