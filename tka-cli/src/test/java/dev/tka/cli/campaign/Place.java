package dev.tka.cli.campaign;

import java.util.List;

/**
 * Servers of one database, and the tailnets that are in it.
 *
 * @param name a word that the names of its servers begin with
 */
record Place(String name, List<Replica> replicas, List<String> tailnets) {
  Place {
    replicas = List.copyOf(replicas);
    tailnets = List.copyOf(tailnets);
  }
}
