package dev.tka.client;

import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import java.time.Clock;
import java.util.Optional;

/**
 * A running server as a store. What is read is fetched as an export and verified; edits are sent,
 * and nothing else is written there ({@link ServedAums}).
 *
 * @param access how to talk to it
 */
public record ServerPlace(ServerAccess access) implements StorePlace.OfMany {
  @Override
  public String url() {
    return access.url().toString();
  }

  /** Made by hand, as the one of a record takes some milliseconds of a short command. */
  @Override
  public String toString() {
    return url();
  }

  @Override
  public String noun() {
    return "server";
  }

  /** {@inheritDoc} It connects when something is read. */
  @Override
  public Tailnets open(Clock clock) {
    return new ServedTailnets(access);
  }

  @Override
  public Tailnets create(Clock clock) {
    return open(clock);
  }

  @Override
  public Optional<String> readOnly() {
    return Optional.of(
        "a running server takes edits, and no other change: make this one where it runs, in the store"
            + " that it serves (sqlite:PATH or postgresql://...), which may be done at any time");
  }

  @Override
  public Backup backup() {
    return new Backup.Elsewhere(
        "run 'tka backup' where the server runs, on the store that it serves; 'tka export' copies"
            + " one tailnet from here");
  }

  @Override
  public Restore restore() {
    return new Restore.ByHand("put the copy back where the server runs, while it is stopped");
  }
}
