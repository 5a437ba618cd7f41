package dev.tka.cli;

import dev.tka.cli.command.AddCommand;
import dev.tka.cli.command.ApproveCommand;
import dev.tka.cli.command.AuthKeyCommand;
import dev.tka.cli.command.BackupCommand;
import dev.tka.cli.command.BrokerCommand;
import dev.tka.cli.command.CompactCommand;
import dev.tka.cli.command.ConformanceCommand;
import dev.tka.cli.command.DeepLinkCommand;
import dev.tka.cli.command.DeleteCommand;
import dev.tka.cli.command.DisableCommand;
import dev.tka.cli.command.DisablementKdfCommand;
import dev.tka.cli.command.DoctorCommand;
import dev.tka.cli.command.EditsCommand;
import dev.tka.cli.command.ExplainCommand;
import dev.tka.cli.command.ExportCommand;
import dev.tka.cli.command.FleetCommand;
import dev.tka.cli.command.ImportCommand;
import dev.tka.cli.command.InitCommand;
import dev.tka.cli.command.InspectCommand;
import dev.tka.cli.command.KeygenCommand;
import dev.tka.cli.command.LogCommand;
import dev.tka.cli.command.MirrorCommand;
import dev.tka.cli.command.MoveCommand;
import dev.tka.cli.command.NodeCommand;
import dev.tka.cli.command.OfferCommand;
import dev.tka.cli.command.PeersCommand;
import dev.tka.cli.command.ProposalsCommand;
import dev.tka.cli.command.ProposeCommand;
import dev.tka.cli.command.PubkeyCommand;
import dev.tka.cli.command.RemoveCommand;
import dev.tka.cli.command.RepairCommand;
import dev.tka.cli.command.ResignCommand;
import dev.tka.cli.command.RestoreCommand;
import dev.tka.cli.command.RestoredCommand;
import dev.tka.cli.command.RevokeKeysCommand;
import dev.tka.cli.command.ServeCommand;
import dev.tka.cli.command.SignCommand;
import dev.tka.cli.command.StatusCommand;
import dev.tka.cli.command.SyncCommand;
import dev.tka.cli.command.TailnetsCommand;
import dev.tka.cli.command.ThresholdCommand;
import dev.tka.cli.command.UpdateCommand;
import dev.tka.cli.command.VerifyCommand;
import dev.tka.cli.command.WitnessCommand;
import dev.tka.cli.demo.DemoCommand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;

/**
 * The verbs of the command, and what a person may type in their place. Looking into the class of a
 * verb takes some milliseconds, so the help of all of them is made of what stands here.
 */
final class Verbs {
  static final String COMPLETION = "generate-completion";

  /**
   * A verb.
   *
   * @param summary what it does, the first sentence of its own help
   */
  record Verb(String name, String summary) {}

  /** In the order of the help. */
  static final List<Verb> ALL =
      List.of(
          new Verb("status", "Shows the head and the trusted signing keys of a store."),
          new Verb("log", "Lists the updates of a store's active chain, newest first."),
          new Verb("verify", "Verifies every update and signature in a store."),
          new Verb("tailnets", "Lists the tailnets in a store: name, AUMs, head, oldest ancestor."),
          new Verb("fleet", "Shows how every node of a running server stands."),
          new Verb(
              "node",
              "Runs a node's agent, and makes, lists and revokes the tokens with which nodes come to a"
                  + " running server by themselves."),
          new Verb("inspect", "Shows every field of AUMs and node-key signatures."),
          new Verb("keygen", "Makes a signing key."),
          new Verb("pubkey", "Prints the public half of a signing key."),
          new Verb("init", "Creates an authority in a store that has none."),
          new Verb("add", "Adds trusted signing keys."),
          new Verb("remove", "Removes trusted signing keys, with effect from now on."),
          new Verb("update", "Changes the votes or the metadata of trusted signing keys."),
          new Verb("revoke-keys", "Revokes keys retroactively, in three steps."),
          new Verb("sign", "Signs node keys, which admits the nodes to the tailnet."),
          new Verb("resign", "Signs a new node key by rotation."),
          new Verb(
              "peers", "Shows which peers a node with this store keeps, which it drops, and why."),
          new Verb("explain", "Explains why a peer is kept or dropped."),
          new Verb("authkey", "Wraps auth keys, so that nodes sign themselves as they join."),
          new Verb(
              "deeplink", "Makes and checks links that ask an admin's device to sign another one."),
          new Verb("disablement-kdf", "Prints the value of a disablement secret."),
          new Verb("disable", "Ends the authority in a store."),
          new Verb(
              "edits",
              "Lists local edits that were set aside because control did not accept them."),
          new Verb("offer", "Prints a store's sync offer."),
          new Verb("sync", "Syncs two stores, the first as a node's and the second as control's."),
          new Verb(
              "doctor",
              "Diagnoses a store's problems, says what to do about them, and whether it can sync."),
          new Verb(
              "repair",
              "Restores purged AUMs that are still in a node's directory, so that a stranded node"
                  + " can sync again."),
          new Verb(
              "compact",
              "Purges old updates from a node's directory, as a node does after a sync."),
          new Verb("backup", "Copies a SQLite file with all its tailnets as of one moment."),
          new Verb("restore", "Puts a copy of a SQLite file back that 'tka backup' made."),
          new Verb(
              "restored", "Says that a tailnet was restored from a backup, or that this is over."),
          new Verb(
              "threshold", "Shows or sets how many votes a tailnet of control asks of its edits."),
          new Verb("propose", "Proposes an edit, or the end of the authority, for others to sign."),
          new Verb("proposals", "Lists the proposals of a tailnet, or withdraws one."),
          new Verb("approve", "Signs a proposal."),
          new Verb("export", "Writes a tailnet as a stream of bytes."),
          new Verb("import", "Imports the output of 'tka export' into a store of any kind."),
          new Verb("move", "Moves a tailnet of control to another store while it is in use."),
          new Verb(
              "mirror",
              "Keeps a copy of a tailnet of control in another store, and compares the two."),
          new Verb("delete", "Deletes a tailnet from control's store, with its name."),
          new Verb(
              "serve",
              "Runs the control service, which control servers, nodes and operators connect to."),
          new Verb("broker", "Signs nodes without a person, by a policy, and logs every decision."),
          new Verb(
              "witness",
              "Cosigns the checkpoints of transparency logs, and shows and replaces their keys."),
          new Verb(
              "conformance",
              "Checks this build against the reference implementation's test vectors."),
          new Verb("demo", "Shows the main job on real data."),
          new Verb(COMPLETION, "Generate bash/zsh completion script for tka."));

  private Verbs() {}

  static boolean isVerb(String word) {
    for (Verb verb : ALL) {
      if (verb.name().equals(word)) {
        return true;
      }
    }
    return false;
  }

  /** A line for each verb, as the help of the command lists them. */
  static String list(CommandLine.Help.ColorScheme colours) {
    int longest = 0;
    for (Verb verb : ALL) {
      longest = Math.max(longest, verb.name().length());
    }
    StringBuilder lines = new StringBuilder();
    for (Verb verb : ALL) {
      lines
          .append("  ")
          .append(colours.commandText(verb.name()))
          .append(" ".repeat(longest + 2 - verb.name().length()))
          .append(verb.summary())
          .append('\n');
    }
    return lines.toString();
  }

  /** The class of a verb; loads no other. */
  static Class<?> command(String verb) {
    return switch (verb) {
      case "status" -> StatusCommand.class;
      case "log" -> LogCommand.class;
      case "verify" -> VerifyCommand.class;
      case "tailnets" -> TailnetsCommand.class;
      case "fleet" -> FleetCommand.class;
      case "node" -> NodeCommand.class;
      case "inspect" -> InspectCommand.class;
      case "keygen" -> KeygenCommand.class;
      case "pubkey" -> PubkeyCommand.class;
      case "init" -> InitCommand.class;
      case "add" -> AddCommand.class;
      case "remove" -> RemoveCommand.class;
      case "update" -> UpdateCommand.class;
      case "revoke-keys" -> RevokeKeysCommand.class;
      case "sign" -> SignCommand.class;
      case "resign" -> ResignCommand.class;
      case "peers" -> PeersCommand.class;
      case "explain" -> ExplainCommand.class;
      case "authkey" -> AuthKeyCommand.class;
      case "deeplink" -> DeepLinkCommand.class;
      case "disablement-kdf" -> DisablementKdfCommand.class;
      case "disable" -> DisableCommand.class;
      case "edits" -> EditsCommand.class;
      case "offer" -> OfferCommand.class;
      case "sync" -> SyncCommand.class;
      case "doctor" -> DoctorCommand.class;
      case "repair" -> RepairCommand.class;
      case "compact" -> CompactCommand.class;
      case "backup" -> BackupCommand.class;
      case "restore" -> RestoreCommand.class;
      case "restored" -> RestoredCommand.class;
      case "threshold" -> ThresholdCommand.class;
      case "propose" -> ProposeCommand.class;
      case "proposals" -> ProposalsCommand.class;
      case "approve" -> ApproveCommand.class;
      case "export" -> ExportCommand.class;
      case "import" -> ImportCommand.class;
      case "move" -> MoveCommand.class;
      case "mirror" -> MirrorCommand.class;
      case "delete" -> DeleteCommand.class;
      case "serve" -> ServeCommand.class;
      case "broker" -> BrokerCommand.class;
      case "witness" -> WitnessCommand.class;
      case "conformance" -> ConformanceCommand.class;
      case "demo" -> DemoCommand.class;
      case COMPLETION -> GenerateCompletion.class;
      default -> throw new IllegalArgumentException(verb);
    };
  }

  /**
   * What the words of a command line mean: {@code help VERB}, {@code version} and {@code
   * completion} as other programs take them, {@code lock VERB} as in {@code tailscale lock}, and
   * {@code --json=1}, which asks for a version of what is printed.
   */
  static List<String> meant(List<String> words) {
    if (words.isEmpty()) {
      return words;
    }
    List<String> rest = words.subList(1, words.size());
    return switch (words.get(0)) {
      case "lock" -> rest.isEmpty() ? List.of("--help") : meant(rest);
      case "help" -> helpOn(meant(rest));
      case "version" -> with("--version", rest);
      case "completion" -> with(COMPLETION, rest);
      default -> words.stream().map(word -> word.equals("--json=1") ? "--json" : word).toList();
    };
  }

  private static List<String> helpOn(List<String> words) {
    List<String> verbs = new ArrayList<>(words);
    verbs.removeIf(word -> word.startsWith("-"));
    verbs.add("--help");
    return verbs;
  }

  private static List<String> with(String first, List<String> rest) {
    List<String> all = new ArrayList<>(Arrays.asList(first));
    all.addAll(rest);
    return all;
  }
}
