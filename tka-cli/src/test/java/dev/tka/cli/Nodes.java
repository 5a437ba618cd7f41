package dev.tka.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.store.KeyFile;
import dev.tka.testkit.TestKeys;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The nodes of a made-up network, written as a peers file; each has a number for its node key. */
final class Nodes {
  /** The rotation key of every node is this test key plus the number of the node. */
  private static final int ROTATION_KEYS = 1000;

  private final List<Map<String, Object>> peers = new ArrayList<>();

  static NodeKey nodeKey(int number) {
    return new NodeKey(Bytes.copyOf(ByteBuffer.allocate(NodeKey.SIZE).putInt(number).array()));
  }

  static LockPublicKey rotationKey(int number) {
    return TestKeys.publicKey(ROTATION_KEYS + number);
  }

  /** A direct signature of a node key by a key in a file. */
  static NodeKeySignature direct(int number, Path keyFile) throws Exception {
    return NodeKeySigning.direct(
        nodeKey(number), Optional.of(rotationKey(number)), KeyFile.read(keyFile));
  }

  /** The signature of a node key that a node rotated to. */
  static NodeKeySignature rotated(NodeKeySignature old, int owner, int number) throws Exception {
    return NodeKeySigning.rotate(old, nodeKey(number), TestKeys.privateKey(ROTATION_KEYS + owner));
  }

  Nodes add(String id, int number, NodeKeySignature signature) {
    Map<String, Object> peer = new LinkedHashMap<>();
    peer.put("ID", id);
    peer.put("NodeKey", nodeKey(number).toString());
    peer.put("NodeKeySignature", signature.encoded().toHex());
    peers.add(peer);
    return this;
  }

  /** Gives the node that was added last an offer. */
  Nodes offering(Map<String, Object> offer) {
    peers.get(peers.size() - 1).put("LastOffer", offer);
    return this;
  }

  /** A field of every object in a list that was printed as JSON. */
  static List<Object> each(Object list, String field) {
    List<Object> values = new ArrayList<>();
    ((List<?>) list).forEach(one -> values.add(((Map<?, ?>) one).get(field)));
    return values;
  }

  Path write(Path file) throws Exception {
    Files.writeString(file, JSON.std.asString(Map.of("Peers", peers)));
    return file;
  }
}
