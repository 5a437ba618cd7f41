package dev.tka.control;

import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Has the nodes of tailnets that were restored from a backup give back what they hold, and ends
 * that when they have ({@link GivingBack}). Any number of services do so: what they change is
 * compared with what they saw.
 */
final class RestoredTailnets {
  /** How many nodes are asked to come at once. */
  private static final int ASKED_AT_ONCE = 500;

  /** A look takes at most this part of the time: a tailnet may have 100,000 nodes. */
  private static final int RESTS = 20;

  private final Premises premises;
  private final ControlRecords records;
  private final ControlListener listener;
  private final LongSupplier nanoTime;
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();
  private long nextLook;
  private boolean resting;

  RestoredTailnets(Premises premises, ControlListener listener, LongSupplier nanoTime) {
    this.premises = premises;
    this.records = premises.records();
    this.listener = listener;
    this.nanoTime = nanoTime;
  }

  /**
   * What this service has seen of a tailnet.
   *
   * @param since when it was restored
   * @param first when it was seen first, by the monotonic clock
   * @param copied the newest time of the backup: the sightings that say it go as nodes come
   */
  private record Seen(Instant since, long first, Instant copied) {
    Seen with(Instant newer) {
      return newer.isAfter(copied) ? new Seen(since, first, newer) : this;
    }

    GivingBack back(Authority authority, Premises premises) {
      return GivingBack.of(since, premises.now(), copied, authority);
    }
  }

  /** Looks at all tailnets that were restored, unless the last look was just now. */
  void sweep() throws StoreException {
    long began = nanoTime.getAsLong();
    if (resting && began - nextLook < 0) {
      return;
    }
    SortedSet<String> restored = records.restored();
    seen.keySet().retainAll(restored);
    restored.forEach(this::tryLook);
    nextLook = began + RESTS * (nanoTime.getAsLong() - began);
    resting = true;
  }

  private void tryLook(String tailnet) {
    try {
      look(tailnet);
    } catch (StoreException.Conflict | StoreException.Fenced e) {
      // Others were first, or it lives elsewhere: the next look decides again.
      return;
    } catch (StoreException | OpenException e) {
      listener.failed("restored tailnet", e);
    }
  }

  private void look(String tailnet) throws StoreException, OpenException {
    TailnetRecord record = records.tailnet(tailnet);
    if (record.restored().isEmpty()) {
      return;
    }
    Optional<Authority> on = premises.live(tailnet).map(LiveAuthority::current);
    if (on.isEmpty() || GivingBack.hasEnded(record)) {
      end(tailnet, record);
      return;
    }
    Map<Long, NodeSighting> sightings = records.sightings(tailnet);
    Seen noted = note(tailnet, record.restored().get(), on.get(), sightings);
    GivingBack back = noted.back(on.get(), premises);
    List<Long> awaited = new ArrayList<>();
    List<NodeRecord> asked = new ArrayList<>();
    long[] nodes = {0};
    records.allNodes(
        tailnet,
        node -> {
          nodes[0]++;
          Optional<NodeSighting> last = Optional.ofNullable(sightings.get(node.id()));
          if (back.awaits(last)) {
            awaited.add(node.id());
          }
          if (asked.size() < ASKED_AT_ONCE && back.asks(node, last)) {
            asked.add(node);
          }
        });
    Duration seenFor = Duration.ofNanos(nanoTime.getAsLong() - noted.first());
    if (back.isOver(nodes[0], awaited.size(), seenFor)) {
      end(tailnet, record);
      listener.gaveBack(tailnet, nodes[0] - awaited.size(), awaited);
    } else if (!asked.isEmpty()) {
      RecordsChange change = new RecordsChange(Optional.empty(), List.of());
      for (NodeRecord node : asked) {
        Optional<NodeRecord> after = Optional.of(node.withTold(Optional.of(GivingBack.ASKED)));
        change = change.with(new RecordsChange.OfNode(Optional.of(node), after));
      }
      records.commit(tailnet, change);
    }
  }

  private void end(String tailnet, TailnetRecord record) throws StoreException {
    records.commit(tailnet, RecordsChange.ofTailnet(record, record.withRestored(Optional.empty())));
  }

  /**
   * Decides about a tailnet that was restored.
   *
   * @param sightings those of now, of which the newest before it was restored tells how old the
   *     backup is; they go as nodes come
   */
  GivingBack of(
      String tailnet, Instant since, Authority authority, Map<Long, NodeSighting> sightings) {
    return note(tailnet, since, authority, sightings).back(authority, premises);
  }

  private Seen note(
      String tailnet, Instant since, Authority authority, Map<Long, NodeSighting> sightings) {
    Instant copied = GivingBack.newest(since, authority, sightings.values());
    return seen.merge(
        tailnet,
        new Seen(since, nanoTime.getAsLong(), copied),
        (before, after) -> before.since().equals(since) ? before.with(copied) : after);
  }

  /**
   * Says of every tailnet whose lock is on that it was restored, unless that is said already, or
   * would be over.
   *
   * @return the tailnets of which it was said
   */
  List<String> mark(Instant since) throws ControlException {
    List<String> marked = new ArrayList<>();
    for (String tailnet : Attempts.untilFirst(records::tailnets)) {
      if (Attempts.untilFirst(() -> mark(tailnet, since))) {
        marked.add(tailnet);
      }
    }
    return marked;
  }

  private boolean mark(String tailnet, Instant since) throws StoreException, OpenException {
    ControlRecords.Seen found = records.seen(tailnet);
    TailnetRecord record = found.tailnet();
    if (record.restored().isPresent() || !found.fence().livesHere()) {
      return false;
    }
    TailnetRecord after = record.withRestored(Optional.of(since));
    Optional<Authority> on = premises.live(tailnet).map(LiveAuthority::current);
    if (on.isEmpty() || GivingBack.hasEnded(after) || wouldBeOver(tailnet, since, on.get())) {
      return false;
    }
    records.commit(tailnet, RecordsChange.ofTailnet(record, after));
    return true;
  }

  private boolean wouldBeOver(String tailnet, Instant since, Authority authority)
      throws StoreException {
    Map<Long, NodeSighting> sightings = records.sightings(tailnet);
    Instant copied = GivingBack.newest(since, authority, sightings.values());
    GivingBack back = GivingBack.of(since, premises.now(), copied, authority);
    long[] counts = {0, 0};
    records.allNodes(
        tailnet,
        node -> {
          counts[0]++;
          counts[1] += back.awaits(Optional.ofNullable(sightings.get(node.id()))) ? 1 : 0;
        });
    return back.isOver(counts[0], counts[1], GivingBack.SEEN_FOR);
  }
}
