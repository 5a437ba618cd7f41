package dev.tka.store.state;

import dev.tka.core.NodeKey;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Reads nodes, and what they have, where a tailnet is in memory. */
public abstract class StateRecords implements ControlRecords {
  /** Nothing of its own. */
  protected StateRecords() {}

  /**
   * A tailnet as it is now, to read its nodes.
   *
   * @throws StoreException.Fenced if it may not be read
   * @throws StoreException if it cannot be read
   */
  protected abstract TailnetState reading(String tailnet) throws StoreException;

  @Override
  public final Optional<NodeRecord> node(String tailnet, long id) throws StoreException {
    return reading(tailnet).nodes().find(id);
  }

  @Override
  public final List<NodeRecord> nodesWithKey(String tailnet, NodeKey key) throws StoreException {
    return reading(tailnet).nodesWithKey(key);
  }

  @Override
  public final List<NodeRecord> nodes(String tailnet, Collection<Long> ids) throws StoreException {
    OrderedMap<Long, NodeRecord> nodes = reading(tailnet).nodes();
    return new TreeSet<>(ids).stream().map(nodes::find).flatMap(Optional::stream).toList();
  }

  /** {@inheritDoc} They are in memory anyway. */
  @Override
  public final void allNodes(String tailnet, Consumer<NodeRecord> reading) throws StoreException {
    reading(tailnet).nodes().values().forEach(reading);
  }

  @Override
  public final List<NodeRecord> nodesToldApart(String tailnet) throws StoreException {
    return reading(tailnet).nodesToldApart();
  }

  @Override
  public final SortedMap<Long, NodeSighting> sightings(String tailnet) throws StoreException {
    return new TreeMap<>(reading(tailnet).sightings());
  }

  @Override
  public final List<NodeToken> tokens(String tailnet) throws StoreException {
    return reading(tailnet).tokensInOrder();
  }
}
