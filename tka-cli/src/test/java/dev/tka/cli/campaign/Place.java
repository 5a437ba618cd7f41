package dev.tka.cli.campaign;

import java.util.List;

/**
 * Servers of one database.
 *
 * @param name a word that the names of its servers begin with
 * @param url the database, for who does not go through them
 */
record Place(String name, String url, List<Replica> replicas) {
  Place {
    replicas = List.copyOf(replicas);
  }
}
