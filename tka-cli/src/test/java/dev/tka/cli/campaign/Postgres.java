package dev.tka.cli.campaign;

import dev.tka.store.sql.testkit.PgBouncer;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.CuttingProxy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A PostgreSQL primary with a synchronous hot standby. Each server of the campaign reaches both
 * through connections of its own, which can be cut or frozen; one may go through PgBouncer.
 */
final class Postgres implements SharedDatabase {
  private final String database;
  private PostgresServer primary;
  private PostgresServer standby;

  /** Which of the two addresses that servers know is the primary's. */
  private int first;

  /** The proxies of ways to both, and those that somebody leads to the primary. */
  private final List<List<CuttingProxy>> direct = new ArrayList<>();

  private final List<CuttingProxy> pooled = new ArrayList<>();
  private final List<PgBouncer> poolers = new ArrayList<>();

  Postgres() throws Exception {
    primary = PostgresServer.own();
    database = primary.newDatabase().database();
    standby = primary.standby();
  }

  @Override
  public String name() {
    return "postgres";
  }

  @Override
  public List<Way> ways() throws Exception {
    return List.of(way("1"), way("2"), PgBouncer.isInstalled() ? pooledWay("pooled") : way("3"));
  }

  /** A way of its own to both, of which the driver finds the primary. */
  private Way way(String name) throws IOException {
    List<CuttingProxy> proxies = List.of(new CuttingProxy(port(0)), new CuttingProxy(port(1)));
    direct.add(proxies);
    return new Way(
        name,
        "postgresql://"
            + PostgresServer.USER
            + "@127.0.0.1:"
            + proxies.get(0).port()
            + ",127.0.0.1:"
            + proxies.get(1).port()
            + "/"
            + database
            + "?targetServerType=primary",
        proxies);
  }

  /** A way through PgBouncer, which somebody leads to the primary. */
  private Way pooledWay(String name) throws IOException, InterruptedException {
    CuttingProxy proxy = new CuttingProxy(primary.port());
    pooled.add(proxy);
    PgBouncer pooler = PgBouncer.start(proxy.port(), "transaction");
    poolers.add(pooler);
    return new Way(name, pooler.settings(database).toString(), List.of(proxy));
  }

  @Override
  public Map<String, Faults.Doing> faults(Random random, Still still) {
    Map<String, Faults.Doing> faults = new LinkedHashMap<>();
    faults.put(
        "a database that stands still",
        () -> {
          primary.freeze();
          try {
            Thread.sleep(still.millis());
          } finally {
            primary.thaw();
          }
          return System.nanoTime();
        });
    faults.put(
        "promotion of the standby",
        () -> {
          if (standby.equals(primary)) {
            restart();
          }
          long now = System.nanoTime();
          promote();
          return now;
        });
    faults.put(
        "a database that is restarted",
        () -> {
          long now = System.nanoTime();
          restart();
          return now;
        });
    return faults;
  }

  private int port(int address) {
    return address == first ? primary.port() : standby.port();
  }

  /** Kills the primary, and makes the standby the primary. */
  private void promote() throws Exception {
    PostgresServer killed = primary;
    killed.crash();
    standby.promote();
    primary = standby;
    first = 1 - first;
    lead();
    killed.delete();
  }

  /** Stops the primary for a moment; where it has no standby, one is built in that time. */
  private void restart() throws Exception {
    if (!standby.equals(primary)) {
      primary.stop();
      primary.start();
    } else {
      standby = primary.standby();
      lead();
    }
  }

  private void lead() {
    for (List<CuttingProxy> each : direct) {
      each.get(0).leadTo(port(0));
      each.get(1).leadTo(port(1));
    }
    for (CuttingProxy each : pooled) {
      each.leadTo(primary.port());
      // What it has open leads to the server that was.
      each.cutAll();
    }
  }

  @Override
  public void close() throws IOException {
    poolers.forEach(PgBouncer::close);
    for (List<CuttingProxy> each : direct) {
      each.get(0).close();
      each.get(1).close();
    }
    for (CuttingProxy each : pooled) {
      each.close();
    }
    primary.delete();
    standby.delete();
  }
}
