package dev.tka.conformance;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerVerdict;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code peers.jsonl}: which peers of a list are kept, whatever their order. */
final class PeersVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Authority authority = Golden.authority(Golden.decodeAll(golden.hexes("authority")));
    List<Peer> peers = new ArrayList<>();
    for (GoldenCase peer :
        golden.optionalObjects("peers").orElseThrow(() -> new Mismatch("peers: expected a list"))) {
      peers.add(
          new Peer(
              peer.text("id"),
              new NodeKey(peer.hex("node_key")),
              peer.optionalHex("nks").orElse(Bytes.empty()),
              peer.flag("unsigned")));
    }
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      throw new Mismatch("unknown quirk: " + quirk.get());
    }
    Optional<List<String>> kept = golden.optionalTexts("kept");
    // An answer that changes from run to run is meaningless.
    Mismatch.require("unstable", false, golden.optionalFlag("unstable"));

    Map<String, PeerVerdict> verdicts = PeerFilter.filter(authority, peers);
    Mismatch.require("kept", kept, Optional.of(kept(verdicts)));
    Collections.reverse(peers);
    PeerFilter oneByOne = new PeerFilter(authority);
    for (Peer peer : peers) {
      oneByOne.apply(PeerChange.upserts(List.of(peer)));
    }
    Mismatch.require("verdicts, one by one from the end", verdicts, oneByOne.verdicts());
  }

  private static List<String> kept(Map<String, PeerVerdict> verdicts) {
    return verdicts.entrySet().stream()
        .filter(verdict -> verdict.getValue() instanceof PeerVerdict.Kept)
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }
}
