package dev.tka.control;

import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A control service on a simulated machine: all of its time is the simulation's, and what it does
 * in the background it does when the simulation says so. The place outlives it.
 */
public final class SimulatedService implements AutoCloseable {
  private final ControlService service;

  private SimulatedService(ControlService service) {
    this.service = service;
  }

  /** Starts on a place. */
  public static SimulatedService start(Tailnets place, ControlSettings settings, Clocks clocks) {
    return new SimulatedService(
        ControlService.over(
            new Outliving(place),
            settings,
            clocks,
            ControlListener.NONE,
            () -> clocks.running().get().toNanos()));
  }

  /** What nodes and operators call. */
  public ControlService calls() {
    return service;
  }

  /** A tailnet's authority. */
  public LiveAuthority live(String tailnet) throws OpenException, StoreException {
    return service.cache().live(tailnet, Duration.ZERO);
  }

  /** Does what is due soon after a tailnet is asked for. */
  public void opened() {
    service.cache().noteOpened();
  }

  /** Does what is due in the background. */
  public void goOn() throws StoreException {
    service.sweep();
    service.cache().noteTimes();
  }

  @Override
  public void close() {
    service.close();
  }

  /** A place that its services do not close, and that nobody need watch. */
  private record Outliving(Tailnets place) implements Tailnets {
    @Override
    public AumStore tailnet(String name) {
      return place.tailnet(name);
    }

    @Override
    public SortedMap<String, Revision> revisions() throws StoreException {
      return place.revisions();
    }

    @Override
    public Optional<ControlRecords> records() {
      return place.records();
    }

    @Override
    public void delete(String name, Revision base) throws StoreException {
      place.delete(name, base);
    }

    @Override
    public Watch watch(Watcher watcher) {
      // Whoever must have the newest asks the place itself.
      return () -> {};
    }

    @Override
    public void close() {}
  }
}
