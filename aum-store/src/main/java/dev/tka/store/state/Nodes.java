package dev.tka.store.state;

import dev.tka.core.Bytes;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/**
 * The nodes of a tailnet, and what is found by something else than their numbers. Immutable.
 *
 * @param byKey the nodes' numbers, by their keys too
 * @param toldApart those that are told something else than most
 * @param looks the nodes whose looks changed, by the position of the last change
 * @param looked that position, by node
 * @param tokens the tokens, by their hashes
 * @param tokensInOrder the tokens, by node and then by time
 */
record Nodes(
    OrderedMap<Long, NodeRecord> byId,
    OrderedMap<KeyOf, Long> byKey,
    OrderedMap<Long, NodeRecord> toldApart,
    OrderedMap<Look, Long> looks,
    OrderedMap<Long, Long> looked,
    OrderedMap<Long, NodeSighting> sightings,
    OrderedMap<Bytes, NodeToken> tokens,
    OrderedMap<TokenOf, NodeToken> tokensInOrder) {
  static final Nodes NONE =
      new Nodes(
          OrderedMap.empty(),
          OrderedMap.empty(),
          OrderedMap.empty(),
          OrderedMap.empty(),
          OrderedMap.empty(),
          OrderedMap.empty(),
          OrderedMap.empty(),
          OrderedMap.empty());

  /** A node key, and a node that has it. */
  record KeyOf(Bytes key, long node) implements Comparable<KeyOf> {
    static KeyOf of(NodeRecord node) {
      return new KeyOf(node.nodeKey().bytes(), node.id());
    }

    @Override
    public int compareTo(KeyOf other) {
      int order = key.compareTo(other.key);
      return order != 0 ? order : Long.compare(node, other.node);
    }
  }

  /** When a node's looks changed last. */
  record Look(long position, long node) implements Comparable<Look> {
    @Override
    public int compareTo(Look other) {
      int order = Long.compare(position, other.position);
      return order != 0 ? order : Long.compare(node, other.node);
    }
  }

  /** A token's place among those of its tailnet. */
  record TokenOf(long node, Instant made, Bytes hash) implements Comparable<TokenOf> {
    private static final Comparator<TokenOf> ORDER =
        Comparator.comparingLong(TokenOf::node)
            .thenComparing(TokenOf::made)
            .thenComparing(TokenOf::hash);

    /** Before all tokens of a node. */
    static TokenOf first(long node) {
      return new TokenOf(node, Instant.MIN, Bytes.empty());
    }

    static TokenOf of(NodeToken token) {
      return new TokenOf(token.node(), token.made(), token.hash());
    }

    @Override
    public int compareTo(TokenOf other) {
      return ORDER.compare(this, other);
    }
  }

  /** With a node, in place of the one before. */
  Nodes with(NodeRecord node, long position) {
    Optional<NodeRecord> before = byId.find(node.id());
    OrderedMap<KeyOf, Long> keys =
        before.map(KeyOf::of).map(byKey::without).orElse(byKey).with(KeyOf.of(node), node.id());
    Nodes next =
        new Nodes(
            byId.with(node.id(), node),
            keys,
            node.told().isPresent()
                ? toldApart.with(node.id(), node)
                : toldApart.without(node.id()),
            looks,
            looked,
            sightings,
            tokens,
            tokensInOrder);
    return before.isPresent() && before.get().looksLike(node)
        ? next
        : next.withLook(node.id(), position);
  }

  /** With another position of the last change of a node's looks. */
  Nodes withLook(long node, long position) {
    Nodes other = withoutLook(node);
    return new Nodes(
        byId,
        byKey,
        toldApart,
        other.looks.with(new Look(position, node), node),
        other.looked.with(node, position),
        sightings,
        tokens,
        tokensInOrder);
  }

  /** Without the position of the last change of a node's looks. */
  Nodes withoutLook(long node) {
    Optional<Long> position = looked.find(node);
    return position.isEmpty()
        ? this
        : new Nodes(
            byId,
            byKey,
            toldApart,
            looks.without(new Look(position.get(), node)),
            looked.without(node),
            sightings,
            tokens,
            tokensInOrder);
  }

  /** Without a node, and what depends on it. */
  Nodes without(long id) {
    Optional<NodeRecord> node = byId.find(id);
    if (node.isEmpty()) {
      return this;
    }
    Nodes next = withoutLook(id);
    for (Map.Entry<TokenOf, NodeToken> each : tokensInOrder.from(TokenOf.first(id))) {
      if (each.getKey().node() != id) {
        break;
      }
      next = next.without(each.getValue());
    }
    return new Nodes(
        byId.without(id),
        byKey.without(KeyOf.of(node.get())),
        toldApart.without(id),
        next.looks,
        next.looked,
        sightings.without(id),
        next.tokens,
        next.tokensInOrder);
  }

  /** With a sighting, if its node is there. */
  Nodes with(NodeSighting sighting) {
    return byId.containsKey(sighting.node())
        ? new Nodes(
            byId,
            byKey,
            toldApart,
            looks,
            looked,
            sightings.with(sighting.node(), sighting),
            tokens,
            tokensInOrder)
        : this;
  }

  /** With a token. */
  Nodes with(NodeToken token) {
    return withTokens(
        tokens.with(token.hash(), token), tokensInOrder.with(TokenOf.of(token), token));
  }

  /** Without a token. */
  Nodes without(NodeToken token) {
    return withTokens(tokens.without(token.hash()), tokensInOrder.without(TokenOf.of(token)));
  }

  private Nodes withTokens(
      OrderedMap<Bytes, NodeToken> byHash, OrderedMap<TokenOf, NodeToken> inOrder) {
    return new Nodes(byId, byKey, toldApart, looks, looked, sightings, byHash, inOrder);
  }
}
