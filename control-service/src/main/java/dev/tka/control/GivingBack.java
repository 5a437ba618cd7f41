package dev.tka.control;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which nodes have yet to give back what they hold to a control that was restored from a backup
 * (protocol, section 10), and whether that is over. Pure decisions.
 *
 * <p>A node has given back what it holds once it came and control knows its head: then control
 * knows all that leads to it. What it cannot give back, such as what control refuses, is over when
 * its case is recorded. When it came is known from sightings, of which the last may be lost: such a
 * node is awaited, and asked again.
 */
public final class GivingBack {
  /**
   * How far clocks of servers may be apart, and how long a node takes from its offer to its send.
   */
  static final Duration SETTLES = Duration.ofMinutes(1);

  /** Until then the control server sends nodes that the backup does not have. */
  static final Duration AT_LEAST = Duration.ofMinutes(10);

  /**
   * Then it is over, whoever has not come. A machine that is in use comes in that time, and what a
   * later one holds is judged by control's own rules, which take what follows the head. A thief's
   * rewrite that came meanwhile leaves honest keys the whole time until anything is final.
   */
  static final Duration AT_MOST = Duration.ofDays(7);

  /** A node that had not come for so long before the backup is not awaited. */
  static final Duration GONE = Duration.ofDays(30);

  /** How long a service has to see it before its clock alone says that {@link #AT_MOST} is over. */
  static final Duration SEEN_FOR = Duration.ofHours(1);

  /** The outcomes of rounds that leave a case for a person, see {@link Fleet}. */
  private static final Set<String> RECORDED =
      Set.of("refused", "retired", "nothing-known", "on-displaced-branch");

  /**
   * What a node that is awaited is told in place of the head, so that it makes a round: one whose
   * head is control's would not come (protocol, section 8), and nobody could tell it from one that
   * is switched off. No AUM has this hash: it is that of a text.
   */
  private static final AumHash COME =
      AumHash.ofEncoding(Bytes.copyOf("come and give back".getBytes(StandardCharsets.UTF_8)));

  static final NodeRecord.Told ASKED = new NodeRecord.Told.CatchingUp(COME);

  private final Instant since;
  private final Instant now;
  private final Instant copied;
  private final Authority authority;

  private GivingBack(Instant since, Instant now, Instant copied, Authority authority) {
    this.since = since;
    this.now = now;
    this.copied = copied;
    this.authority = authority;
  }

  /**
   * Begins to decide.
   *
   * @param since when the tailnet was restored
   * @param now the time now
   * @param copied the newest time that the backup has ({@link #newest}): it was made then or later
   * @param authority the authority that is on
   */
  static GivingBack of(Instant since, Instant now, Instant copied, Authority authority) {
    return new GivingBack(since, now, copied, authority);
  }

  /** Whether this node is asked to come. */
  static boolean isAsked(NodeRecord node) {
    return node.told().equals(Optional.of(ASKED));
  }

  /** Whether a node has yet to come, or to give back what it holds. */
  boolean awaits(Optional<NodeSighting> last) {
    if (last.isEmpty()) {
      return true;
    }
    NodeSighting sighting = last.get();
    if (isAhead(sighting) || !sighting.at().isAfter(since.plus(SETTLES))) {
      return !sighting.at().isBefore(copied.minus(GONE));
    }
    if (sighting.head().filter(this::knows).isPresent()) {
      return false;
    }
    return !RECORDED.contains(sighting.outcome()) || now.isBefore(sighting.at().plus(SETTLES));
  }

  private boolean knows(AumHash head) {
    return authority.snapshot().find(head).isPresent();
  }

  /** Whether a node is to be asked to come now. */
  boolean asks(NodeRecord node, Optional<NodeSighting> last) {
    // What it says earlier would not count. One that came just now is given the time to send.
    return node.told().isEmpty()
        && now.isAfter(since.plus(SETTLES))
        && awaits(last)
        && (last.isEmpty()
            || !last.get().at().isAfter(since.plus(SETTLES))
            || isAhead(last.get())
            || now.isAfter(last.get().at().plus(AT_LEAST)));
  }

  /** Whether a sighting is of a server whose clock is ahead, or was. */
  private boolean isAhead(NodeSighting sighting) {
    return sighting.at().isAfter(now.plus(SETTLES));
  }

  /**
   * Whether an authority began after a place was restored, so that it was not. One that began just
   * then may be of a server whose clock was ahead.
   */
  static boolean beganAfter(Instant since, Authority authority) {
    return authority.snapshot().entries().stream()
        .allMatch(each -> each.committedAt().isAfter(since.plus(SETTLES)));
  }

  /**
   * Whether it is over.
   *
   * @param nodes how many nodes there are: of none at all, nobody knows who is to come
   * @param awaited how many of them are awaited
   * @param seenFor for how long this service has seen the tailnet restored. A clock that jumped
   *     does not end it at once, nor does it last for ever because its time is in the future
   */
  boolean isOver(long nodes, long awaited, Duration seenFor) {
    Duration age = Duration.between(since, now);
    if (seenFor.compareTo(AT_MOST) >= 0
        || (age.compareTo(AT_MOST) >= 0 && seenFor.compareTo(SEEN_FOR) >= 0)) {
      return true;
    }
    return nodes > 0 && awaited == 0 && age.compareTo(AT_LEAST) >= 0;
  }

  /**
   * Whether the authority that was restored has ended. A server of a version that does not know of
   * restored tailnets leaves it said then.
   */
  static boolean hasEnded(TailnetRecord record) {
    Instant since = record.restored().orElse(Instant.MAX);
    List<RetiredAuthority> retired = record.retired();
    return !retired.isEmpty() && retired.get(retired.size() - 1).at().isAfter(since);
  }

  /** The newest time that is known of a backup: that of a sighting, or of an AUM. */
  static Instant newest(Instant since, Authority authority, Collection<NodeSighting> sightings) {
    Instant newest = Instant.EPOCH;
    for (AumEntry each : authority.snapshot().entries()) {
      newest = later(newest, each.committedAt(), since);
    }
    for (NodeSighting each : sightings) {
      newest = later(newest, each.at(), since);
    }
    return newest;
  }

  private static Instant later(Instant newest, Instant time, Instant atMost) {
    return time.isAfter(newest) && !time.isAfter(atMost) ? time : newest;
  }

  /**
   * The nodes of a tailnet that was restored that have yet to come.
   *
   * @param since when it was restored
   * @param sightings the last sighting of each node that came, by its number
   */
  public static List<NodeRecord> awaited(
      Instant since,
      Instant now,
      Authority authority,
      Collection<NodeRecord> nodes,
      Map<Long, NodeSighting> sightings) {
    GivingBack back = of(since, now, newest(since, authority, sightings.values()), authority);
    return nodes.stream()
        .filter(node -> back.awaits(Optional.ofNullable(sightings.get(node.id()))))
        .toList();
  }
}
