package dev.tka.cli.campaign;

import dev.tka.store.testkit.CuttingProxy;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A database that the servers of a place share. */
interface SharedDatabase extends AutoCloseable {
  /** A word that the names of its servers begin with. */
  String name();

  /** How each of three servers reaches it, by connections of its own. */
  List<Way> ways() throws Exception;

  /**
   * What can happen to it beside its connections, by names.
   *
   * @param still says for how long something stands still, in milliseconds
   */
  Map<String, Faults.Doing> faults(Random random, Still still);

  @Override
  void close() throws IOException;

  /** Says for how long something stands still. */
  interface Still {
    long millis();
  }

  /**
   * How one server reaches the database.
   *
   * @param name what tells its server from others
   * @param url what the server is given
   * @param proxies what leads to the database; can be cut and frozen
   */
  record Way(String name, String url, List<CuttingProxy> proxies) {
    public Way {
      proxies = List.copyOf(proxies);
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
}
