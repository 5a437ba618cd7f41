package dev.tka.control;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.RecordsChange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Sees to it that a node whose answer had to be truncated comes again. It is told the last AUM that
 * it was sent, and, once it has shown by its send that it took that in, what all are told: that
 * differs from its head, so it makes another round. A node whose send is lost would wait for ever
 * at what it is told, so that is taken back after a while.
 */
final class CatchingUp {
  /** Longer than a node takes from an answer to its send. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ControlRecords records;
  private final LongSupplier nanoTime;

  /** When each node was told, by tailnet and number. */
  private final Map<Caller, Long> since = new ConcurrentHashMap<>();

  /** The tailnets whose nodes were looked at since this began: others may have told them. */
  private final Map<String, Boolean> looked = new ConcurrentHashMap<>();

  CatchingUp(ControlRecords records, LongSupplier nanoTime) {
    this.records = records;
    this.nanoTime = nanoTime;
  }

  /** Notes how an offer was answered. */
  void follow(String tailnet, Optional<NodeRecord> asking, String outcome) {
    if (asking.isPresent()) {
      Caller node = Caller.node(tailnet, asking.get().id());
      if (outcome.equals("truncated")) {
        since.put(node, nanoTime.getAsLong());
      } else {
        since.remove(node);
      }
      looked.putIfAbsent(tailnet, false);
    }
  }

  /** Takes back what nodes were told too long ago. */
  void sweep() throws StoreException {
    for (Map.Entry<String, Boolean> each : looked.entrySet()) {
      if (!each.getValue()) {
        each.setValue(look(each.getKey()));
      }
    }
    for (Map.Entry<Caller, Long> each : List.copyOf(since.entrySet())) {
      if (nanoTime.getAsLong() - each.getValue() > PATIENCE.toNanos()) {
        try {
          takeBack(each.getKey());
          since.remove(each.getKey(), each.getValue());
        } catch (StoreException.Fenced e) {
          leave(each.getKey().tailnet());
        }
      }
    }
  }

  /** Notes the nodes of a tailnet that others have told. True unless it is to be tried again. */
  private boolean look(String tailnet) throws StoreException {
    try {
      for (NodeRecord node : records.nodesToldApart(tailnet)) {
        if (isCatchingUp(node) && !GivingBack.isAsked(node)) {
          since.putIfAbsent(Caller.node(tailnet, node.id()), nanoTime.getAsLong());
        }
      }
      return true;
    } catch (StoreException.Fenced e) {
      leave(tailnet);
      return false;
    }
  }

  /** Leaves a tailnet to the servers of the place where it lives, unless that is still this one. */
  private void leave(String tailnet) throws StoreException {
    if (!records.fence(tailnet).livesHere()) {
      looked.remove(tailnet);
      since.keySet().removeIf(node -> node.tailnet().equals(tailnet));
    }
  }

  private void takeBack(Caller caller) throws StoreException {
    Optional<NodeRecord> node = records.node(caller.tailnet(), caller.node().orElseThrow());
    if (node.filter(CatchingUp::isCatchingUp).isPresent()
        && node.filter(GivingBack::isAsked).isEmpty()) {
      try {
        records.commit(
            caller.tailnet(),
            RecordsChange.ofNode(node, node.map(each -> each.withTold(Optional.empty()))));
      } catch (StoreException.Conflict e) {
        // It came in this moment.
        return;
      }
    }
  }

  static boolean isCatchingUp(NodeRecord node) {
    return node.told().filter(told -> told instanceof NodeRecord.Told.CatchingUp).isPresent();
  }
}
