package dev.tka.store.etcd;

import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.TailnetsContract;

class EtcdTailnetsContractTest extends TailnetsContract {
  private final EtcdSettings settings = EtcdServer.shared().settings();

  @Override
  protected Tailnets place() throws Exception {
    return EtcdTailnets.create(settings);
  }
}
