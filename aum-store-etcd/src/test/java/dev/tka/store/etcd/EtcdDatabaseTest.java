package dev.tka.store.etcd;

import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.Backup;
import dev.tka.store.testkit.DatabaseContract;
import org.junit.jupiter.api.AfterAll;

/** What a place in etcd owes to several processes. */
class EtcdDatabaseTest extends DatabaseContract {
  /** Not shared: a test stops it. */
  private static final EtcdServer SERVER = EtcdServer.own();

  private final EtcdSettings settings = SERVER.settings();

  @Override
  protected Tailnets create() throws Exception {
    return opened(EtcdTailnets.create(settings));
  }

  @Override
  protected Tailnets at() throws Exception {
    return opened(EtcdTailnets.at(settings));
  }

  @Override
  protected Backup backUp() throws Exception {
    return SERVER.backUp();
  }

  @AfterAll
  static void delete() {
    SERVER.delete();
  }
}
