package dev.tka.cli.campaign;

import dev.tka.store.sql.testkit.PgBouncer;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.CuttingProxy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A PostgreSQL primary with a synchronous hot standby. Each server of the campaign reaches both
 * through connections of its own, which can be cut or frozen; one may go through PgBouncer.
 */
final class Database implements AutoCloseable {
  private final String database;
  private PostgresServer primary;
  private PostgresServer standby;

  /** Which of the two addresses that servers know is the primary's. */
  private int first;

  private final List<Way> ways = new ArrayList<>();

  /** How one server reaches the database. */
  static final class Way {
    final String url;
    final List<CuttingProxy> proxies;
    private final boolean pooled;

    Way(String url, List<CuttingProxy> proxies, boolean pooled) {
      this.url = url;
      this.proxies = List.copyOf(proxies);
      this.pooled = pooled;
    }

    void cut() {
      proxies.forEach(CuttingProxy::cutAll);
    }

    void freeze() {
      proxies.forEach(CuttingProxy::freeze);
    }

    void thaw() {
      proxies.forEach(CuttingProxy::thaw);
    }
  }

  private final List<PgBouncer> poolers = new ArrayList<>();

  Database() throws Exception {
    primary = PostgresServer.own();
    database = primary.newDatabase().database();
    standby = primary.standby();
  }

  /** A way of its own to both, of which the driver finds the primary. */
  Way way() throws IOException {
    List<CuttingProxy> proxies = List.of(new CuttingProxy(port(0)), new CuttingProxy(port(1)));
    Way way =
        new Way(
            "postgresql://"
                + PostgresServer.USER
                + "@127.0.0.1:"
                + proxies.get(0).port()
                + ",127.0.0.1:"
                + proxies.get(1).port()
                + "/"
                + database
                + "?targetServerType=primary",
            proxies,
            false);
    ways.add(way);
    return way;
  }

  /** A way through PgBouncer, which somebody leads to the primary. */
  Way pooledWay() throws IOException, InterruptedException {
    CuttingProxy proxy = new CuttingProxy(primary.port());
    PgBouncer pooler = PgBouncer.start(proxy.port(), "transaction");
    poolers.add(pooler);
    Way way = new Way(pooler.settings(database).toString(), List.of(proxy), true);
    ways.add(way);
    return way;
  }

  private int port(int address) {
    return address == first ? primary.port() : standby.port();
  }

  void freeze() throws IOException, InterruptedException {
    primary.freeze();
  }

  void thaw() throws IOException, InterruptedException {
    primary.thaw();
  }

  /** Kills the primary, and makes the standby the primary. */
  void promote() throws Exception {
    PostgresServer killed = primary;
    killed.crash();
    standby.promote();
    primary = standby;
    first = 1 - first;
    lead();
    killed.delete();
  }

  /** Stops the primary for a moment; where it has no standby, one is built in that time. */
  void restart() throws Exception {
    if (!standby.equals(primary)) {
      primary.stop();
      primary.start();
    } else {
      standby = primary.standby();
      lead();
    }
  }

  /** Whether a standby can be promoted. */
  boolean hasStandby() {
    return !standby.equals(primary);
  }

  private void lead() {
    for (Way each : ways) {
      if (each.pooled) {
        each.proxies.get(0).leadTo(primary.port());
        // What it has open leads to the server that was.
        each.cut();
      } else {
        each.proxies.get(0).leadTo(port(0));
        each.proxies.get(1).leadTo(port(1));
      }
    }
  }

  @Override
  public void close() throws IOException {
    poolers.forEach(PgBouncer::close);
    for (Way way : ways) {
      for (CuttingProxy each : way.proxies) {
        each.close();
      }
    }
    primary.delete();
    standby.delete();
  }
}
