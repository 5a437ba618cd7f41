package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.TailnetRecord;
import dev.tka.sync.rpc.Announcement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What is announced, and how tailnets and nodes stand (service, sections 3 and 4). */
final class Overview {
  private final Premises premises;
  private final ControlRecords records;
  private final RestoredTailnets restored;

  Overview(Premises premises, RestoredTailnets restored) {
    this.premises = premises;
    this.restored = restored;
    this.records = premises.records();
  }

  Announcement announcement(String tailnet, Optional<Long> id)
      throws ControlException, StoreException, OpenException {
    Optional<NodeRecord> node =
        id.isPresent() ? Optional.of(premises.node(tailnet, id.get())) : Optional.empty();
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Announcement most = most(tailnet, record);
    return node.flatMap(NodeRecord::told).map(told -> told(told, record, most)).orElse(most);
  }

  /** What all nodes of a tailnet are told. */
  TailnetView view(String tailnet) throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Announcement most = most(tailnet, record);
    SortedMap<Long, Announcement> apart = new TreeMap<>();
    for (NodeRecord node : records.nodesToldApart(tailnet)) {
      Announcement own = told(node.told().orElseThrow(), record, most);
      if (!own.equals(most)) {
        apart.put(node.id(), own);
      }
    }
    return new TailnetView(most, apart);
  }

  /** What most nodes are told. */
  private Announcement most(String tailnet, TailnetRecord record)
      throws OpenException, StoreException {
    Optional<LiveAuthority> live = premises.live(tailnet);
    if (live.isPresent()) {
      return new Announcement.Enabled(live.get().current().head());
    }
    return record.retired().isEmpty() ? new Announcement.Never() : new Announcement.Disabled();
  }

  /** What a node with a mark is told. */
  static Announcement told(NodeRecord.Told told, TailnetRecord record, Announcement most) {
    if (!(most instanceof Announcement.Enabled)) {
      return most;
    }
    if (told.equals(GivingBack.ASKED) && record.restored().isEmpty()) {
      return most;
    }
    if (told instanceof NodeRecord.Told.CatchingUp catchingUp) {
      return new Announcement.Enabled(catchingUp.last());
    }
    AumHash genesis = ((NodeRecord.Told.Retired) told).genesis();
    return record.retired().stream().anyMatch(each -> each.name().genesis().equals(genesis))
        ? new Announcement.Disabled()
        : most;
  }

  List<TailnetStatus> tailnets() throws ControlException {
    List<TailnetStatus> all = new ArrayList<>();
    for (String tailnet : Attempts.read(records::tailnets)) {
      try {
        premises.untilFirst(() -> listed(tailnet)).ifPresent(all::add);
      } catch (ControlException.Moved | ControlException.Unfinished e) {
        // It was moved since the look at it, which another look shows.
        premises.untilFirst(() -> listed(tailnet)).ifPresent(all::add);
      }
    }
    return all;
  }

  /** How a tailnet stands, wherever it lives; empty if it was deleted. */
  private Optional<TailnetStatus> listed(String tailnet) throws StoreException {
    ControlRecords.Seen seen = records.seen(tailnet);
    if (!seen.known()) {
      return Optional.empty();
    }
    return Optional.of(
        seen.fence().livesHere()
            ? status(tailnet, seen)
            : TailnetStatus.elsewhere(tailnet, seen.fence().standing()));
  }

  TailnetStatus status(String tailnet) throws ControlException, StoreException {
    return status(tailnet, premises.seen(tailnet));
  }

  private TailnetStatus status(String tailnet, ControlRecords.Seen seen) throws StoreException {
    TailnetRecord record = seen.tailnet();
    Optional<Authority> on = Optional.empty();
    Optional<String> problem = Optional.empty();
    try {
      on = premises.live(tailnet).map(LiveAuthority::current);
    } catch (OpenException e) {
      problem = Optional.of(e.getMessage());
    }
    boolean off = on.isEmpty() && problem.isEmpty();
    return new TailnetStatus(
        tailnet,
        on.map(
            authority ->
                record
                    .authority()
                    .filter(name -> name.isSameAs(Premises.nameOf(authority)))
                    .orElse(Premises.nameOf(authority))),
        on.map(Authority::head),
        on.map(Authority::length).orElse(0),
        on.map(authority -> authority.state().keys().size()).orElse(0),
        records.countNodes(tailnet),
        record.begun().filter(begun -> off).map(Overview::pending),
        record.retired().size(),
        record.support().isPresent(),
        record.restored(),
        problem,
        seen.fence().standing());
  }

  private static TailnetStatus.Pending pending(PendingInit begun) {
    return new TailnetStatus.Pending(begun.genesis().hash(), begun.by(), begun.at());
  }

  void fleet(String tailnet, Consumer<FleetEntry> reading) throws ControlException {
    Standings standings = premises.untilFirst(() -> standings(tailnet));
    premises.readNodes(
        node -> reading.accept(standings.of(node)), each -> records.allNodes(tailnet, each));
  }

  /**
   * What decides how a tailnet's nodes stand.
   *
   * @param back which nodes are awaited, if the tailnet was restored
   */
  private record Standings(
      Optional<Authority> on,
      Optional<AumHash> genesis,
      Map<Long, NodeSighting> sightings,
      Optional<GivingBack> back) {
    FleetEntry of(NodeRecord node) {
      Optional<NodeSighting> last = Optional.ofNullable(sightings.get(node.id()));
      boolean awaited = back.filter(each -> each.awaits(last)).isPresent();
      return Fleet.entry(node, genesis, on, last, awaited);
    }
  }

  private Standings standings(String tailnet)
      throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Optional<Authority> on = premises.live(tailnet).map(LiveAuthority::current);
    Map<Long, NodeSighting> sightings = records.sightings(tailnet);
    return new Standings(
        on,
        on.flatMap(authority -> Premises.genesisOf(record, authority)),
        sightings,
        record
            .restored()
            .flatMap(since -> on.map(each -> restored.of(tailnet, since, each, sightings))));
  }
}
