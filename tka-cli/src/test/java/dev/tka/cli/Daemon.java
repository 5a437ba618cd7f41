package dev.tka.cli;

import dev.tka.client.testkit.FakeDaemon;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A tailscaled of node 1, whose own key is test key 1. The lock is on and trusts test keys 1 and 2,
 * node 2 ("laptop") is signed by key 2, and node 3 ("phone") is not signed.
 */
final class Daemon implements AutoCloseable {
  static final LockPrivateKey OWN = TestKeys.privateKey(1);
  static final LockPrivateKey OTHER = TestKeys.privateKey(2);
  static final DisablementSecret SECRET = secret();

  /** Made once: it takes long, on purpose. */
  private static final Bytes VALUE = SECRET.value();

  private final FakeDaemon fake;
  private final String url;

  private Daemon(Path folder) throws Exception {
    Path socket = folder.resolve("tailscaled.sock");
    url = "tailscaled:" + socket;
    fake = new FakeDaemon(socket, OWN, Nodes.nodeKey(1));
    fake.node(new FakeDaemon.Node(2, "laptop", Nodes.nodeKey(2), Optional.empty()));
    fake.node(new FakeDaemon.Node(3, "phone", Nodes.nodeKey(3), Optional.empty()));
  }

  private static DisablementSecret secret() {
    byte[] bytes = new byte[DisablementSecret.SIZE];
    Arrays.fill(bytes, (byte) 7);
    return DisablementSecret.of(bytes);
  }

  /** One whose lock is off. */
  static Daemon off(Path folder) throws Exception {
    return new Daemon(folder);
  }

  static Daemon on(Path folder) throws Exception {
    return on(folder, TestKeys.key(1, 1), TestKeys.key(2, 1));
  }

  /** One that trusts other keys; key 2 begins it. */
  static Daemon on(Path folder, Key... keys) throws Exception {
    Daemon daemon = new Daemon(folder);
    daemon.fake.enable(OTHER, VALUE, keys);
    daemon.sign(1, OTHER);
    daemon.sign(2, OTHER);
    return daemon;
  }

  private void sign(int number, LockPrivateKey signer) throws Exception {
    fake.node(
        new FakeDaemon.Node(
            number,
            fake.node(number).name(),
            Nodes.nodeKey(number),
            Optional.of(
                NodeKeySigning.direct(
                    Nodes.nodeKey(number),
                    Optional.of(number == 1 ? OWN.publicKey() : Nodes.rotationKey(number)),
                    signer))));
  }

  FakeDaemon fake() {
    return fake;
  }

  String url() {
    return url;
  }

  /** Runs a verb on it. */
  Cli.Result run(String verb, Object... rest) {
    List<Object> words = new ArrayList<>(List.of(verb.split(" ")));
    words.add(url);
    words.addAll(List.of(rest));
    return Cli.run(words.toArray());
  }

  boolean trusts(Bytes key) {
    return fake.control().state().trusts(key);
  }

  @Override
  public void close() {
    fake.close();
  }
}
