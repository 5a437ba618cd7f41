package dev.tka.store.etcd;

import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.Backup;
import dev.tka.store.testkit.DatabaseContract;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What a place in etcd owes to several processes. */
class EtcdDatabaseTest extends DatabaseContract {
  /** Not shared: a test stops it. */
  private static Optional<EtcdServer> server = Optional.empty();

  private final EtcdSettings settings = server.orElseThrow().settings();

  @BeforeAll
  static void begin() {
    server = Optional.of(EtcdServer.own());
  }

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
    return server.orElseThrow().backUp();
  }

  @AfterAll
  static void delete() {
    server.ifPresent(EtcdServer::delete);
  }
}
