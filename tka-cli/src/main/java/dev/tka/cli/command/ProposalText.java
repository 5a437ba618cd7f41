package dev.tka.cli.command;

import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Proposals, for people and programs. */
final class ProposalText {
  private ProposalText() {}

  /** What a proposal asks for, one line each. */
  static List<String> changes(Proposal proposal) {
    if (!(proposal.subject() instanceof Proposal.Subject.Edits edits)) {
      return List.of("end the authority, for whoever has a disablement secret");
    }
    List<String> changes = new ArrayList<>();
    for (Aum each : edits.operations()) {
      changes.add(operation(each));
    }
    return changes;
  }

  private static String operation(Aum edit) {
    return switch (edit.kind().meaning()) {
      case ADD_KEY -> "add key " + edit.key().map(ProposalText::withVotes).orElse("");
      case REMOVE_KEY -> "remove key " + edit.keyId().map(LockPublicKey::textOf).orElse("");
      default ->
          "update key "
              + edit.keyId().map(LockPublicKey::textOf).orElse("")
              + (edit.votes().isPresent()
                  ? " to " + Texts.count(edit.votes().getAsLong(), "vote")
                  : "")
              + (edit.meta().isEmpty() ? "" : ", metadata " + Texts.meta(edit.meta()));
    };
  }

  private static String withVotes(Key key) {
    return LockPublicKey.textOf(key.id())
        + " with "
        + Texts.count(key.votes(), "vote")
        + (key.meta().isEmpty() ? "" : ", metadata " + Texts.meta(key.meta()));
  }

  /**
   * What an AUM does, told from two states: whoever signs does not rely on what a server says that
   * it does.
   */
  static List<String> effect(State before, State after) {
    List<String> effect = new ArrayList<>();
    for (Key key : after.keys()) {
      String name = LockPublicKey.textOf(key.id());
      Key had = before.findKey(key.id()).orElse(null);
      if (had == null) {
        effect.add("adds key " + withVotes(key));
      } else if (had.votes() != key.votes()) {
        effect.add(
            "changes key "
                + name
                + " from "
                + Texts.count(had.votes(), "vote")
                + " to "
                + key.votes());
      }
      if (had != null && !had.meta().equals(key.meta())) {
        effect.add("changes the metadata of key " + name + " to " + Texts.meta(key.meta()));
      }
    }
    for (Key key : before.keys()) {
      if (!after.trusts(key.id())) {
        effect.add("removes key " + LockPublicKey.textOf(key.id()));
      }
    }
    if (!after.disablementValues().equals(before.disablementValues())) {
      effect.add("replaces the disablement secrets");
    }
    return effect;
  }

  /** How it stands, in a word. */
  private static String stage(ProposalStatus status) {
    return status.proposal().isOpen()
        ? status.approved() ? "approved" : "open"
        : status.approved() ? "done" : "ended";
  }

  static void print(ProposalStatus status, PrintWriter out) {
    Proposal proposal = status.proposal();
    out.println(proposal.id() + "  " + stage(status) + "  proposed " + proposal.at());
    changes(proposal).forEach(each -> out.println("  " + each));
    if (proposal.outcome().orElse(null) instanceof Proposal.Outcome.Ended ended) {
      out.println("  " + Texts.printable(ended.why()));
    }
    if (proposal.outcome().orElse(null) instanceof Proposal.Outcome.Done done) {
      done.update().ifPresent(hash -> out.println("  " + hash));
    }
    if (!proposal.isOpen()) {
      return;
    }
    out.println("  needs " + Texts.count(status.needed(), "vote") + " and has " + status.has());
    status.signed().forEach(key -> out.println("  signed by  " + withVotes(key)));
    for (Key key : status.missing()) {
      out.println(
          (proposal.before().contains(key.id()) ? "  sign again " : "  missing    ")
              + withVotes(key));
    }
  }

  static Map<String, Object> toJson(ProposalStatus status) {
    Proposal proposal = status.proposal();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("ID", proposal.id());
    object.put("Stage", stage(status));
    object.put("Proposed", proposal.at().toString());
    object.put("Changes", changes(proposal));
    object.put("Needed", status.needed());
    object.put("Has", status.has());
    object.put("Signed", keys(status.signed()));
    object.put("Missing", keys(status.missing()));
    object.put("SignAgain", proposal.before().stream().map(LockPublicKey::textOf).toList());
    object.put("SigHash", proposal.sigHash().toHex());
    proposal
        .outcome()
        .ifPresent(
            outcome -> {
              object.put("Ended", outcome.at().toString());
              if (outcome instanceof Proposal.Outcome.Ended ended) {
                object.put("Reason", ended.why());
              } else {
                ((Proposal.Outcome.Done) outcome)
                    .update()
                    .ifPresent(hash -> object.put("AUM", hash.toString()));
              }
            });
    return object;
  }

  static Map<String, Object> alone(ProposalStatus status) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.putAll(toJson(status));
    return object;
  }

  private static List<Map<String, Object>> keys(List<Key> keys) {
    return keys.stream()
        .map(
            key -> {
              Map<String, Object> object = new LinkedHashMap<>();
              object.put("Key", LockPublicKey.textOf(key.id()));
              object.put("Votes", key.votes());
              return object;
            })
        .toList();
  }
}
