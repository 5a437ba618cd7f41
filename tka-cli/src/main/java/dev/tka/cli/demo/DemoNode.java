package dev.tka.cli.demo;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A node with new keys, which reaches its server over HTTP. */
final class DemoNode {
  private final DemoHttp http;
  private final String path;
  private final String name;
  private final NodeKey nodeKey;
  private final LockPrivateKey lockKey;

  DemoNode(DemoHttp http, String tailnet, long number, String name, SecureRandom random) {
    this.http = http;
    this.path = "/v1/tailnets/" + tailnet + "/nodes/" + number;
    this.name = name;
    byte[] bytes = new byte[NodeKey.SIZE];
    random.nextBytes(bytes);
    this.nodeKey = new NodeKey(Bytes.copyOf(bytes));
    this.lockKey = LockPrivateKey.generate(random);
  }

  Optional<NodeKey> nodeKey() {
    return Optional.of(nodeKey);
  }

  LockPrivateKey lockKey() {
    return lockKey;
  }

  /** Does what the control server in front does at a registration. */
  void login(boolean mayInit) throws IOException {
    Map<String, Object> login = new LinkedHashMap<>();
    login.put("nodeKey", nodeKey.toString());
    login.put("rotationKey", lockKey.publicKey().bytes().toByteArray());
    login.put("name", name);
    login.put("mayInit", mayInit);
    http.post(path + "/login", JSON.std.asBytes(login));
  }

  /** Sends a request as a node does. */
  RpcAnswer ask(RpcRequest request) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    RpcJson.writeRequest(request, body);
    byte[] answer = http.post(path + "/machine/tka/" + request.rpc().path(), body.toByteArray());
    try {
      return RpcJson.readAnswer(request.rpc(), new ByteArrayInputStream(answer));
    } catch (TextException e) {
      throw new IOException("the demo's server answered with something else", e);
    }
  }

  /** Makes rounds until the heads agree. */
  SyncOutcome sync(LiveAuthority live) throws TkaException, IOException {
    return new NodeSync(live)
        .run(
            new NodeSync.Control<IOException>() {
              @Override
              public SyncAnswer offer(SyncOffer offer) throws IOException {
                return ((RpcAnswer.Offer) ask(new RpcRequest.Offer(0, nodeKey(), offer))).answer();
              }

              @Override
              public SyncReceipt send(SyncSend send) throws IOException {
                return ((RpcAnswer.Send) ask(new RpcRequest.Send(0, nodeKey(), send, false, true)))
                    .receipt();
              }
            },
            round -> {});
  }
}
