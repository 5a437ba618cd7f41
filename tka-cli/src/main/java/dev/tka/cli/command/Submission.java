package dev.tka.cli.command;

import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.output.SignatureOutput.NotSigned;
import dev.tka.cli.output.SignatureOutput.Outcome;
import dev.tka.cli.output.SignatureOutput.Signed;
import dev.tka.cli.output.Texts;
import dev.tka.client.ServedAums;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.nodekey.UnsoundKeyException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Signatures that are made and given to a running server one by one. What is wrong with one node
 * keeps no other from being signed. Where nothing works any more, because the key or the server is
 * gone, the rest is not tried.
 */
final class Submission {
  static final String NOT_SIGNED = "not signed: ";

  static final String NOT_TRIED = "not tried, after this: ";

  /** So many failures in a row that are not the nodes' own mean that nothing works any more. */
  static final int MOST_IN_A_ROW = 3;

  /** What a server says of a node or a signature, and not of itself. */
  private static final Map<String, Outcome> OF_NODES =
      Map.of(
          "unknown-node", Outcome.UNKNOWN_NODE,
          "refused", Outcome.REFUSED,
          "malformed", Outcome.REFUSED);

  /** Hears at once what became of a node. */
  @FunctionalInterface
  interface Telling {
    void of(String node, String end);
  }

  private record Doubt(String title, Signed signed, String reason) {}

  private final Signer signer;
  private final ServedAums served;
  private final ServerPlace place;
  private final String tailnet;
  private final Telling telling;
  private final List<Signed> signed = new ArrayList<>();
  private final List<NotSigned> notSigned = new ArrayList<>();
  private final List<Doubt> doubts = new ArrayList<>();
  private int inARow;
  private String lastReason = "";

  Submission(Signer signer, ServedAums served, ServerPlace place, String tailnet, Telling telling) {
    this.signer = signer;
    this.served = served;
    this.place = place;
    this.tailnet = tailnet;
    this.telling = telling;
  }

  /**
   * Signs one node.
   *
   * @param title names it in messages
   */
  void add(NodeKey nodeKey, Optional<LockPublicKey> rotationKey, String title) {
    if (inARow == MOST_IN_A_ROW) {
      fail(title, nodeKey, Outcome.NOT_SENT, NOT_TRIED + lastReason);
      return;
    }
    NodeKeySignature made;
    try {
      made = NodeKeySigning.direct(nodeKey, rotationKey, signer);
    } catch (UnsoundKeyException e) {
      fail(title, nodeKey, Outcome.BAD_INPUT, e.getMessage());
      return;
    } catch (SigningException e) {
      failAll(e.getMessage());
      fail(title, nodeKey, Outcome.NOT_MADE, lastReason);
      return;
    }
    Signed done = new Signed(nodeKey, made);
    try {
      served.sign(made.encoded());
      inARow = 0;
      succeed(title, done);
    } catch (ServerException e) {
      Optional<Outcome> ofNode =
          e instanceof ServerException.Refused refused
              ? Optional.ofNullable(OF_NODES.get(refused.code()))
              : Optional.empty();
      if (ofNode.isPresent()) {
        inARow = 0;
      } else {
        failAll(e.getMessage());
      }
      if (e.mayHaveHappened()) {
        doubts.add(new Doubt(title, done, e.getMessage()));
      } else {
        fail(title, nodeKey, ofNode.orElse(Outcome.NOT_SENT), e.getMessage());
      }
    }
  }

  private void failAll(String reason) {
    inARow++;
    lastReason = reason;
  }

  private void succeed(String title, Signed done) {
    signed.add(done);
    telling.of(title, "signed");
  }

  private void fail(String title, NodeKey nodeKey, Outcome outcome, String reason) {
    String line = Texts.printable(reason);
    notSigned.add(new NotSigned(title, Optional.of(nodeKey), line, outcome));
    telling.of(title, NOT_SIGNED + line);
  }

  /** Asks the server for its nodes, which tells what became of signatures whose answer was lost. */
  void settle() {
    if (doubts.isEmpty()) {
      return;
    }
    Map<NodeKey, Bytes> there = new HashMap<>();
    boolean known = true;
    try {
      ServedPeers.of(place, tailnet)
          .peers()
          .forEach(entry -> there.put(entry.peer().nodeKey(), entry.peer().signature()));
    } catch (ServerException e) {
      known = false;
    }
    for (Doubt each : doubts) {
      Signed one = each.signed();
      if (Optional.of(one.signature().encoded())
          .equals(Optional.ofNullable(there.get(one.nodeKey())))) {
        succeed(each.title(), one);
      } else if (known) {
        fail(each.title(), one.nodeKey(), Outcome.NOT_SENT, each.reason());
      } else {
        fail(
            each.title(),
            one.nodeKey(),
            Outcome.IN_DOUBT,
            "whether the server has the signature is not known: " + each.reason());
      }
    }
    doubts.clear();
  }

  List<Signed> signed() {
    return List.copyOf(signed);
  }

  List<NotSigned> notSigned() {
    return List.copyOf(notSigned);
  }
}
