package dev.tka.store.state;

import dev.tka.core.Bytes;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.RecordsPoll;
import dev.tka.store.RevisionPoll;
import dev.tka.store.Tailnets;
import dev.tka.store.Watches;
import dev.tka.store.internal.Fences;
import dev.tka.store.internal.UnderFence;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/** A place whose tailnets are one {@link PlaceState}, which a medium keeps as a whole. */
public final class StateTailnets implements Tailnets {
  private final Medium medium;
  private final Duration interval;
  private final Watches watches = new Watches();

  /** Keeps a state. Safe for use by many threads. */
  public interface Medium extends AutoCloseable {
    /**
     * The state now.
     *
     * @throws StoreException if it cannot be read
     */
    Shown read() throws StoreException;

    /**
     * Makes a transition from the state of this moment, and keeps what it gives before anybody can
     * read it.
     *
     * @return the state afterwards
     * @throws StoreException as the transition throws it, or if its result cannot be kept; the
     *     state is unchanged then
     */
    PlaceState change(Transition transition) throws StoreException;

    @Override
    void close();
  }

  /**
   * A state that is shown.
   *
   * @param identity tells the positions of this place, in this history, from all others; at most
   *     100 printable characters of ASCII, without spaces
   */
  public record Shown(PlaceState state, String identity) {
    private Changes.Position position() {
      return new Changes.Position(identity + ":" + state.position());
    }

    /** The position that was told; empty if it is none of this place, up to this state. */
    private Optional<Long> find(Changes.Position told) {
      if (!told.text().startsWith(identity + ":")) {
        return Optional.empty();
      }
      try {
        return Optional.of(Long.parseLong(told.text().substring(identity.length() + 1)))
            .filter(number -> number >= 0 && number <= state.position());
      } catch (NumberFormatException e) {
        return Optional.empty();
      }
    }
  }

  /** A change of a state. */
  @FunctionalInterface
  public interface Transition {
    /**
     * Decides.
     *
     * @param next a revision that no store of the place ever had
     * @return the same state if nothing changes
     * @throws StoreException if the change may not be made
     */
    PlaceState from(PlaceState state, Revision next) throws StoreException;
  }

  /**
   * A place.
   *
   * @param interval how often a watch looks at a medium that others may change
   */
  public StateTailnets(Medium medium, Duration interval) {
    this.medium = medium;
    this.interval = interval;
  }

  private Shown shown() throws StoreException {
    requireOpen();
    return medium.read();
  }

  private PlaceState read() throws StoreException {
    return shown().state;
  }

  private PlaceState change(Transition transition) throws StoreException {
    requireOpen();
    PlaceState after = medium.change(transition);
    watches.hint();
    return after;
  }

  private void requireOpen() {
    if (watches.areClosed()) {
      throw new IllegalStateException(this + " are closed");
    }
  }

  /** {@inheritDoc} The store that has the name is looked up at each call. */
  @Override
  public AumStore tailnet(String name) {
    return store(name, Optional.empty());
  }

  private AumStore store(String name, Optional<Fences.Held> held) {
    Tailnets.requireName(name);
    return new Store(name, held);
  }

  @Override
  public SortedMap<String, Revision> revisions() throws StoreException {
    return read().revisions();
  }

  @Override
  public Optional<ControlRecords> records() {
    return Optional.of(new Records(Optional.empty()));
  }

  @Override
  public void delete(String name, Revision base) throws StoreException {
    delete(name, base, Optional.empty());
  }

  private void delete(String name, Revision base, Optional<Fences.Held> held)
      throws StoreException {
    Tailnets.requireName(name);
    change((state, next) -> state.delete(name, base, held));
  }

  @Override
  public Watch watch(Watcher watcher) {
    requireOpen();
    return watches.addHinted(RevisionPoll.begin(() -> Optional.of(revisions()), interval, watcher));
  }

  @Override
  public void close() {
    if (!watches.areClosed()) {
      watches.close();
      medium.close();
    }
  }

  @Override
  public String toString() {
    return medium.toString();
  }

  /** This place, for a move. */
  private final class Under extends UnderFence {
    private final Optional<Fences.Held> held;

    Under(Fences.Held held) {
      super(StateTailnets.this);
      this.held = Optional.of(held);
    }

    @Override
    public AumStore tailnet(String name) {
      return store(name, held);
    }

    @Override
    public Optional<ControlRecords> records() {
      return Optional.of(new Records(held));
    }

    @Override
    public void delete(String name, Revision base) throws StoreException {
      StateTailnets.this.delete(name, base, held);
    }
  }

  /** The store that has a name. */
  private final class Store implements AumStore {
    private final String name;
    private final Optional<Fences.Held> held;

    Store(String name, Optional<Fences.Held> held) {
      this.name = name;
      this.held = held;
    }

    @Override
    public AumSnapshot read() throws StoreException {
      return StateTailnets.this.read().snapshot(name, held);
    }

    @Override
    public AumSnapshot commit(Commit commit) throws StoreException {
      return change((state, next) -> state.commit(name, commit, next, held)).aums(name).snapshot();
    }

    @Override
    public void wipe() throws StoreException {
      change((state, next) -> state.wipe(name, next, held));
    }

    @Override
    public String toString() {
      return StateTailnets.this + ", tailnet \"" + name + "\"";
    }
  }

  /** What is kept beside the AUMs. */
  private final class Records extends StateRecords implements RecordsPoll.Source {
    private final Optional<Fences.Held> held;

    Records(Optional<Fences.Held> held) {
      this.held = held;
    }

    private PlaceState state(String tailnet) throws StoreException {
      Tailnets.requireName(tailnet);
      return StateTailnets.this.read();
    }

    @Override
    protected TailnetState reading(String tailnet) throws StoreException {
      return state(tailnet).reading(tailnet, held);
    }

    private PlaceState changing(String tailnet, Transition transition) throws StoreException {
      Tailnets.requireName(tailnet);
      return change(transition);
    }

    @Override
    public SortedSet<String> tailnets() throws StoreException {
      return StateTailnets.this.read().names();
    }

    @Override
    public SortedSet<String> restored() throws StoreException {
      SortedSet<String> names = new TreeSet<>();
      StateTailnets.this
          .read()
          .all()
          .forEach(
              (name, each) -> {
                if (each.record().restored().isPresent()) {
                  names.add(name);
                }
              });
      return names;
    }

    @Override
    public TailnetRecord tailnet(String tailnet) throws StoreException {
      return reading(tailnet).record();
    }

    @Override
    public Seen seen(String tailnet) throws StoreException {
      return state(tailnet).tailnet(tailnet).seen();
    }

    @Override
    public void fence(String tailnet, Fence before, Fence after) throws StoreException {
      changing(tailnet, (state, next) -> state.fence(tailnet, before, after));
    }

    @Override
    public Tailnets under(String tailnet, Fence fence) {
      Tailnets.requireName(tailnet);
      return new Under(new Fences.Held(tailnet, fence));
    }

    @Override
    public long countNodes(String tailnet) throws StoreException {
      return reading(tailnet).nodes().size();
    }

    @Override
    public void commit(String tailnet, RecordsChange change) throws StoreException {
      changing(tailnet, (state, next) -> state.change(tailnet, change, held));
    }

    @Override
    public TailnetRecord retire(
        String tailnet, Revision aums, TailnetRecord before, RetiredAuthority ended)
        throws StoreException {
      return changing(
              tailnet, (state, next) -> state.retire(tailnet, aums, before, ended, next, held))
          .tailnet(tailnet)
          .record();
    }

    @Override
    public void noteSightings(String tailnet, Collection<NodeSighting> sightings)
        throws StoreException {
      changing(tailnet, (state, next) -> state.noteSightings(tailnet, sightings, held));
    }

    @Override
    public Optional<NodeToken> token(Bytes hash) throws StoreException {
      return StateTailnets.this.read().token(hash, held);
    }

    @Override
    public void addToken(NodeToken token) throws StoreException {
      changing(token.tailnet(), (state, next) -> state.addToken(token, held));
    }

    @Override
    public void removeToken(String tailnet, Bytes hash) throws StoreException {
      changing(tailnet, (state, next) -> state.removeToken(tailnet, hash, held));
    }

    @Override
    public Changes.Position position() throws StoreException {
      return shown().position();
    }

    @Override
    public Changes changesAfter(Changes.Position position, int most) throws StoreException {
      Shown shown = shown();
      Optional<Long> after = shown.find(position);
      return new Changes(
          shown.position(),
          after.isPresent(),
          after.map(each -> shown.state.changesAfter(each, most)).orElse(List.of()));
    }

    @Override
    public Watch watch(ControlRecords.Watcher watcher) {
      requireOpen();
      return watches.addHinted(RecordsPoll.begin(this, interval, watcher));
    }
  }
}
