package dev.tka.control;

import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * Has the nodes of tailnets that were restored from a backup give back what they hold, and ends
 * that when they have ({@link GivingBack}). Any number of services do so: what they change is
 * compared with what they saw.
 */
final class RestoredTailnets {
  /** How many nodes are asked to come at a time: each of them makes a round. */
  static final int ASKED_AT_ONCE = 500;

  /**
   * How often it is tried to say of a tailnet that it was restored: a fence is lifted meanwhile.
   */
  private static final int TRIES = 20;

  /** A look takes at most this part of the time: a tailnet may have 100,000 nodes. */
  private static final int RESTS = 20;

  private final Premises premises;
  private final ControlRecords records;
  private final ControlListener listener;
  private final LongSupplier nanoTime;
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();
  private final Map<String, Asking> asking = new ConcurrentHashMap<>();
  private final Map<String, Later> later = new ConcurrentHashMap<>();
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

  /**
   * Whom this service has met that was asked to come. Others may ask, too, and nothing says when
   * they did.
   */
  private static final class Asking {
    /** When a node was met so first, by the monotonic clock. */
    final Map<Long, Long> met = new HashMap<>();

    /** The last one that was asked: the others get their turn before it is asked again. */
    long last;
  }

  /**
   * A tailnet of which it could not be said yet that it was restored.
   *
   * @param tries how often it is still tried
   */
  private record Later(Instant since, int tries) {}

  /** Looks at all tailnets that were restored, unless the last look was just now. */
  void sweep() throws StoreException {
    for (Map.Entry<String, Later> each : Map.copyOf(later).entrySet()) {
      String tailnet = each.getKey();
      later.remove(tailnet);
      if (tryMark(tailnet, each.getValue().since(), each.getValue().tries() - 1)) {
        listener.served(
            new ControlListener.Event(
                tailnet, Optional.empty(), Optional.empty(), "restored", "ok", "", Duration.ZERO));
      }
    }
    long began = nanoTime.getAsLong();
    if (resting && began - nextLook < 0) {
      return;
    }
    SortedSet<String> restored = records.restored();
    seen.keySet().retainAll(restored);
    for (String tailnet : List.copyOf(asking.keySet())) {
      if (!restored.contains(tailnet)) {
        tryTakeBack(tailnet);
      }
    }
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
    Asking turns = asking.computeIfAbsent(tailnet, name -> new Asking());
    Asks asks = new Asks(back, turns, nanoTime.getAsLong());
    List<Long> awaited = new ArrayList<>();
    long[] nodes = {0};
    records.allNodes(
        tailnet,
        node -> {
          nodes[0]++;
          Optional<NodeSighting> last = Optional.ofNullable(sightings.get(node.id()));
          if (back.awaits(last)) {
            awaited.add(node.id());
          }
          asks.see(node, last);
        });
    asks.forget();
    Duration seenFor = Duration.ofNanos(nanoTime.getAsLong() - noted.first());
    if (back.isOver(nodes[0], awaited.size(), seenFor)) {
      end(tailnet, record);
      listener.gaveBack(tailnet, nodes[0] - awaited.size(), awaited);
      return;
    }
    List<NodeRecord> asked = asks.next();
    if (!asked.isEmpty()) {
      RecordsChange change = told(asked, Optional.of(GivingBack.ASKED));
      for (NodeRecord node : asks.takenBack(asked.size())) {
        change = change.with(told(node, Optional.empty()));
      }
      records.commit(tailnet, change);
      asks.asked(asked);
    }
  }

  /** Decides who is asked next, as the nodes of a tailnet go by. */
  private static final class Asks {
    private final GivingBack back;
    private final Asking turns;
    private final long now;
    private final List<NodeRecord> outstanding = new ArrayList<>();
    private final List<NodeRecord> ahead = new ArrayList<>();
    private final List<NodeRecord> again = new ArrayList<>();

    Asks(GivingBack back, Asking turns, long now) {
      this.back = back;
      this.turns = turns;
      this.now = now;
    }

    private boolean isOverdue(NodeRecord node) {
      Long met = turns.met.get(node.id());
      return met == null || now - met >= GivingBack.AT_LEAST.toNanos();
    }

    void see(NodeRecord node, Optional<NodeSighting> last) {
      if (GivingBack.isAsked(node)) {
        turns.met.putIfAbsent(node.id(), now);
        outstanding.add(node);
      } else if (back.asks(node, last) && isOverdue(node)) {
        List<NodeRecord> turn = node.id() > turns.last ? ahead : again;
        if (turn.size() < ASKED_AT_ONCE) {
          turn.add(node);
        }
      }
    }

    /** Forgets those that came, once they may be asked again. */
    void forget() {
      Set<Long> still = new HashSet<>();
      outstanding.forEach(node -> still.add(node.id()));
      turns
          .met
          .entrySet()
          .removeIf(
              each ->
                  now - each.getValue() >= GivingBack.AT_LEAST.toNanos()
                      && !still.contains(each.getKey()));
    }

    /** Those that are asked now: as many as come free, or are overdue. */
    List<NodeRecord> next() {
      long overdue = outstanding.stream().filter(this::isOverdue).count();
      long room = Math.max(0, ASKED_AT_ONCE - outstanding.size() + overdue);
      return Stream.concat(ahead.stream(), again.stream()).limit(room).toList();
    }

    /** Notes that they were asked. */
    void asked(List<NodeRecord> asked) {
      asked.forEach(node -> turns.met.put(node.id(), now));
      turns.last = asked.get(asked.size() - 1).id();
    }

    /** Those that did not come in time and make room for others. */
    List<NodeRecord> takenBack(int asked) {
      long excess = Math.max(0, outstanding.size() + asked - ASKED_AT_ONCE);
      return outstanding.stream().filter(this::isOverdue).limit(excess).toList();
    }
  }

  private static RecordsChange.OfNode told(NodeRecord node, Optional<NodeRecord.Told> told) {
    return new RecordsChange.OfNode(Optional.of(node), Optional.of(node.withTold(told)));
  }

  private static RecordsChange told(List<NodeRecord> nodes, Optional<NodeRecord.Told> told) {
    RecordsChange change = new RecordsChange(Optional.empty(), List.of());
    for (NodeRecord node : nodes) {
      change = change.with(told(node, told));
    }
    return change;
  }

  /**
   * Tells nodes what all are told, once it is over, whoever ended it. Until then nobody is told
   * anything else, but it would be so at once if the tailnet were restored again.
   */
  private void tryTakeBack(String tailnet) {
    try {
      List<NodeRecord> asked =
          records.nodesToldApart(tailnet).stream().filter(GivingBack::isAsked).toList();
      for (int from = 0; from < asked.size(); from += ASKED_AT_ONCE) {
        int to = Math.min(asked.size(), from + ASKED_AT_ONCE);
        records.commit(tailnet, told(asked.subList(from, to), Optional.empty()));
      }
    } catch (StoreException.Conflict e) {
      // One came in this moment: the next look takes back the others.
      return;
    } catch (StoreException.Fenced e) {
      // Where it lives, servers do so.
      asking.remove(tailnet);
      return;
    } catch (StoreException e) {
      listener.failed("restored tailnet", e);
    }
    asking.remove(tailnet);
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
   * Says of every tailnet whose lock is on that it was restored, unless that is said already, would
   * be over, or its authority began later. One of which that cannot be said now is left for later:
   * it is told to the listener, and keeps nobody from serving the others.
   *
   * @return the tailnets of which it was said
   */
  List<String> mark(Instant since) throws ControlException {
    List<String> marked = new ArrayList<>();
    for (String tailnet : Attempts.read(records::tailnets)) {
      if (tryMark(tailnet, since, TRIES)) {
        marked.add(tailnet);
      }
    }
    return marked;
  }

  /** True if it was said; what fails is tried again, and said at the first and the last time. */
  private boolean tryMark(String tailnet, Instant since, int tries) {
    String what = "tailnet " + TailnetName.printable(tailnet) + ", to be marked as restored";
    try {
      if (!premises.isFenced(tailnet)) {
        return premises.untilFirst(() -> mark(tailnet, since));
      }
      if (tries == TRIES) {
        listener.failed(what, new StoreException.Busy("it is being moved"));
      }
    } catch (ControlException.Moved | ControlException.Unfinished e) {
      // Where it lives, that is said.
      return false;
    } catch (ControlException e) {
      if (tries == TRIES) {
        listener.failed(what, e);
      }
    }
    if (tries > 0) {
      later.put(tailnet, new Later(since, tries));
    } else {
      listener.failed(what + ": given up", new StoreException.Busy("say so with 'tka restored'"));
    }
    return false;
  }

  private boolean mark(String tailnet, Instant since) throws StoreException, OpenException {
    ControlRecords.Seen found = records.seen(tailnet);
    TailnetRecord record = found.tailnet();
    if (record.restored().isPresent() || !found.fence().livesHere()) {
      return false;
    }
    TailnetRecord after = record.withRestored(Optional.of(since));
    Optional<Authority> on = premises.live(tailnet).map(LiveAuthority::current);
    if (on.isEmpty()
        || GivingBack.hasEnded(after)
        || GivingBack.beganAfter(since, on.get())
        || wouldBeOver(tailnet, since, on.get())) {
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
