package dev.tka.store.etcd;

import dev.tka.core.store.AumStore;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.testkit.AumStoreContract;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;

/** Each tailnet in etcd fulfils the contract of every store. */
class EtcdContractTest extends AumStoreContract {
  private final EtcdSettings settings = EtcdServer.shared().settings();
  private final Map<AumStore, String> names = new HashMap<>();
  private final List<EtcdTailnets> open = new ArrayList<>();

  @Override
  protected AumStore newStore() throws Exception {
    // All in one place, among others.
    AumStore store = open().tailnet("tailnet " + names.size());
    names.put(store, "tailnet " + names.size());
    return store;
  }

  @Override
  protected AumStore reopen(AumStore store) throws Exception {
    return open().tailnet(names.get(store));
  }

  private EtcdTailnets open() throws Exception {
    EtcdTailnets place = EtcdTailnets.create(settings);
    open.add(place);
    return place;
  }

  @AfterEach
  void close() {
    open.forEach(EtcdTailnets::close);
  }
}
