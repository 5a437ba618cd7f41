package dev.tka.store.etcd;

import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.ControlRecordsProperties;
import java.util.List;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Random changes of records in etcd. */
@PropertyDefaults(tries = 100)
class EtcdRecordsProperties extends ControlRecordsProperties {
  private static List<EtcdTailnets> handles = List.of();

  @BeforeContainer
  static void open() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    handles = List.of(EtcdTailnets.create(settings), EtcdTailnets.create(settings));
  }

  @AfterContainer
  static void close() {
    handles.forEach(EtcdTailnets::close);
  }

  @Override
  protected List<Tailnets> handles() {
    return List.copyOf(handles);
  }
}
