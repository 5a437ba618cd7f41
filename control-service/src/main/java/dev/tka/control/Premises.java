package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What every request of a service needs: the place, its records, the open authorities, the settings
 * and the time.
 */
final class Premises {
  private final AuthorityCache cache;
  private final ControlRecords records;
  private final ControlSettings settings;
  private final Clock clock;
  private final Attempts attempts;
  private final RetiredAuthorities retired;

  Premises(
      AuthorityCache cache,
      Tailnets place,
      ControlRecords records,
      ControlSettings settings,
      Clock clock,
      Attempts attempts) {
    this.cache = cache;
    this.records = records;
    this.settings = settings;
    this.clock = clock;
    this.attempts = attempts;
    this.retired = new RetiredAuthorities(place);
  }

  AuthorityCache cache() {
    return cache;
  }

  ControlRecords records() {
    return records;
  }

  ControlSettings settings() {
    return settings;
  }

  Clock clock() {
    return clock;
  }

  RetiredAuthorities retired() {
    return retired;
  }

  /** Decides until nobody else was first ({@link Attempts#untilFirst}). */
  <T> T untilFirst(Attempts.Attempt<T> attempt) throws ControlException {
    return attempts.untilFirst(attempt);
  }

  /**
   * Whether changes of a tailnet wait for a move ({@link Attempts#isFenced}).
   *
   * @throws ControlException if the tailnet does not live here
   */
  boolean isFenced(String tailnet) throws ControlException {
    return attempts.isFenced(tailnet);
  }

  /** Reads nodes one by one. */
  @FunctionalInterface
  interface ReadingNodes {
    void read(Consumer<NodeRecord> each) throws ControlException, StoreException, OpenException;
  }

  /**
   * Reads nodes for a reader that cannot take back what it was given: only what fails before the
   * first of them is tried again.
   */
  void readNodes(Consumer<NodeRecord> reader, ReadingNodes reading) throws ControlException {
    boolean[] begun = new boolean[1];
    boolean unused =
        untilFirst(
            () -> {
              if (begun[0]) {
                throw new StoreException.Busy("the nodes were about to be read twice");
              }
              reading.read(
                  node -> {
                    begun[0] = true;
                    reader.accept(node);
                  });
              return true;
            });
  }

  /** Now, to the second. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS);
  }

  /** The authority that is on, by the store's current revision; empty while the lock is off. */
  Optional<LiveAuthority> live(String tailnet) throws OpenException, StoreException {
    try {
      return Optional.of(cache.live(tailnet, Duration.ZERO));
    } catch (OpenException.EmptyStore e) {
      return Optional.empty();
    }
  }

  /** The same, of which there must be one. */
  LiveAuthority on(String tailnet) throws ControlException, OpenException, StoreException {
    Optional<LiveAuthority> live = live(tailnet);
    if (live.isEmpty()) {
      throw new ControlException.LockOff();
    }
    return live.get();
  }

  /** What is kept of a tailnet that lives here or does not exist. */
  private ControlRecords.Seen here(String tailnet) throws ControlException, StoreException {
    ControlRecords.Seen seen = records.seen(tailnet);
    Attempts.requireHere(seen.fence());
    return seen;
  }

  /** What is kept of a tailnet, which must exist and live here. */
  ControlRecords.Seen seen(String tailnet) throws ControlException, StoreException {
    ControlRecords.Seen seen = here(tailnet);
    if (!seen.known()) {
      throw new ControlException.UnknownTailnet();
    }
    return seen;
  }

  /** A node, which must exist. */
  NodeRecord node(String tailnet, long id) throws ControlException, StoreException {
    Optional<NodeRecord> node = records.node(tailnet, id);
    if (node.isEmpty()) {
      // Says which of the two is missing.
      seen(tailnet);
      throw new ControlException.UnknownNode("this tailnet has no node " + id);
    }
    return node.get();
  }

  /** What is kept of a tailnet, which is about to begin if there is none. */
  ControlRecords.Seen seenOrBegun(String tailnet) throws ControlException, StoreException {
    ControlRecords.Seen seen = here(tailnet);
    if (!seen.known()) {
      if (!settings.createsTailnets()) {
        throw new ControlException.UnknownTailnet();
      }
      requireNewName(tailnet);
    }
    return seen;
  }

  /** Makes a tailnet of which nothing is kept but that it was made; leaves one that is there. */
  void create(String tailnet) throws ControlException, StoreException {
    ControlRecords.Seen seen = here(tailnet);
    if (!seen.known()) {
      requireNewName(tailnet);
      records.commit(tailnet, RecordsChange.ofTailnet(seen.tailnet(), seen.tailnet().withMade()));
    }
  }

  /**
   * Says that a tailnet was restored from a backup, or that this is over. The time of the first
   * mark stays.
   *
   * @throws ControlException.LockOff if it is to be restored while there is nothing to take back
   */
  void restored(String tailnet, boolean is) throws ControlException, OpenException, StoreException {
    TailnetRecord record = seen(tailnet).tailnet();
    if (is == record.restored().isPresent()) {
      return;
    }
    if (is) {
      on(tailnet);
    }
    records.commit(
        tailnet,
        RecordsChange.ofTailnet(
            record, record.withRestored(is ? Optional.of(now()) : Optional.empty())));
  }

  private static void requireNewName(String tailnet) throws ControlException.Malformed {
    Optional<String> problem = TailnetName.problem(tailnet);
    if (problem.isPresent()) {
      throw new ControlException.Malformed(problem.get());
    }
  }

  /** The name of an authority. */
  static AuthorityName nameOf(Authority authority) {
    AumHash genesis = authority.snapshot().trail().oldest().orElse(authority.oldestAncestor());
    return new AuthorityName(genesis, authority.state().stateId1(), authority.state().stateId2());
  }

  /**
   * The genesis of the authority that is on, under which signatures count: that of the record, if
   * it is the record of this authority.
   */
  static Optional<AumHash> genesisOf(TailnetRecord record, Authority authority) {
    return record
        .authority()
        .filter(name -> name.isSameAs(nameOf(authority)))
        .map(AuthorityName::genesis);
  }

  /**
   * The genesis of the authority that is on. One that began without this service, in a store that
   * was deployed before or by a command, is named first.
   */
  AumHash namedGenesis(String tailnet, TailnetRecord record, Authority authority)
      throws StoreException {
    Optional<AumHash> named = genesisOf(record, authority);
    if (named.isPresent()) {
      return named.get();
    }
    AuthorityName name = nameOf(authority);
    records.commit(tailnet, RecordsChange.ofTailnet(record, record.withAuthority(name)));
    return name.genesis();
  }

  /** The same, by the record as it is now. */
  AumHash namedGenesis(String tailnet, Authority authority) throws StoreException {
    return namedGenesis(tailnet, records.tailnet(tailnet), authority);
  }

  /** Changes one node, or makes it; does nothing if nothing changes. */
  void commit(String tailnet, Optional<NodeRecord> before, NodeRecord after) throws StoreException {
    if (!before.equals(Optional.of(after))) {
      records.commit(tailnet, RecordsChange.ofNode(before, Optional.of(after)));
    }
  }
}
