package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Signatures of nodes that others bring or ask for (service, section 3). */
final class Signing {
  private final Premises premises;
  private final ControlRecords records;

  Signing(Premises premises) {
    this.premises = premises;
    this.records = premises.records();
  }

  RpcAnswer.Sign sign(String tailnet, RpcRequest.Sign request)
      throws ControlException, StoreException, OpenException {
    Authority authority = premises.on(tailnet).current();
    NodeKey key = nodeKeyOf(request.signature());
    List<NodeRecord> nodes = records.nodesWithKey(tailnet, key);
    if (nodes.isEmpty()) {
      throw new ControlException.UnknownNode("this tailnet has no node with key " + key);
    }
    if (NodeKeyAuthorization.of(authority, key, request.signature())
        instanceof NodeKeyAuthorization.Denied denied) {
      throw new ControlException.Refused("the signature is refused: " + denied.reason());
    }
    AumHash genesis = premises.namedGenesis(tailnet, authority);
    NodeRecord.Signature signature = new NodeRecord.Signature(request.signature(), genesis);
    List<RecordsChange.OfNode> changes = new ArrayList<>();
    for (NodeRecord node : nodes) {
      NodeRecord signed = node.withSignature(Optional.of(signature));
      if (!signed.equals(node)) {
        changes.add(new RecordsChange.OfNode(Optional.of(node), Optional.of(signed)));
      }
    }
    if (!changes.isEmpty()) {
      records.commit(tailnet, new RecordsChange(Optional.empty(), changes));
    }
    return new RpcAnswer.Sign();
  }

  private static NodeKey nodeKeyOf(Bytes signature) throws ControlException {
    NodeKeySignature decoded;
    try {
      decoded = NodeKeySignature.decode(signature.toByteArray());
    } catch (DecodeException e) {
      throw new ControlException.Malformed("Signature: " + e.getMessage());
    }
    Optional<NodeKey> key = decoded.nodeKey();
    if (key.isEmpty()) {
      throw new ControlException.Refused("the signature is refused: it is for no node key");
    }
    return key.get();
  }

  RpcAnswer.AffectedSigs affected(String tailnet, RpcRequest.AffectedSigs request)
      throws ControlException, StoreException, OpenException {
    Authority authority = premises.on(tailnet).current();
    Optional<AumHash> genesis = Premises.genesisOf(records.tailnet(tailnet), authority);
    List<Bytes> found = new ArrayList<>();
    long[] bytes = new long[1];
    records.allNodes(
        tailnet,
        node ->
            SignatureRules.counting(node, genesis)
                .filter(
                    signature ->
                        SignatureRules.keyOf(signature).equals(Optional.of(request.keyId())))
                .ifPresent(
                    signature -> {
                      bytes[0] += RpcJson.bytesOfElement(signature.size());
                      found.add(signature);
                    }));
    if (bytes[0] > ClientLimits.of(request.version()).signatures()) {
      throw new ControlException.TooLarge(
          found.size()
              + " nodes rest on this key, more than this client can re-sign: "
              + "remove it with a newer client");
    }
    return new RpcAnswer.AffectedSigs(found);
  }
}
