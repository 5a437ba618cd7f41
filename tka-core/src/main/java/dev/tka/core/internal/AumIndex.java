package dev.tka.core.internal;

import dev.tka.core.Aum;
import dev.tka.core.AumEntry;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Commit;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * AUMs in memory, found by hash and by parent, for stores that keep all of theirs there.
 *
 * <p>It only grows, so that a snapshot costs nothing: every node carries the sequence number of the
 * commit that added it, and a reader with a limit does not see what is newer. Whatever cannot be
 * done by growing (a purge, or an AUM that arrives after its children and may move their heights)
 * makes a new index ({@link #without}, {@link #add}), and older snapshots keep the old one. So a
 * commit costs what it adds, and readers take no lock.
 *
 * <p>One writer at a time; any number of readers.
 */
public final class AumIndex {
  private final ConcurrentHashMap<AumHash, Node> nodes = new ConcurrentHashMap<>();

  /** The first children of parents that are not here; the others hang off their parent. */
  private final ConcurrentHashMap<AumHash, Node> orphans = new ConcurrentHashMap<>();

  /**
   * An AUM that a store keeps.
   *
   * @param committedAt seconds since the epoch
   */
  public record Item(Aum aum, long committedAt) {
    /** What a commit adds. */
    public static Item of(Commit.Addition addition) {
      return new Item(addition.aum(), addition.committedAt().getEpochSecond());
    }
  }

  /** One AUM. */
  private static final class Node implements AumEntry {
    final AumHash hash;
    final @Nullable AumHash parent;
    final Bytes encoded;
    final long committedAt;
    final long addedBy;
    final int height;
    final byte kind;
    final @Nullable Node nextSibling;
    volatile @Nullable Node firstChild;

    Node(
        AumHash hash,
        @Nullable AumHash parent,
        byte kind,
        Bytes encoded,
        long committedAt,
        long addedBy,
        int height,
        @Nullable Node nextSibling) {
      this.hash = hash;
      this.parent = parent;
      this.kind = kind;
      this.encoded = encoded;
      this.committedAt = committedAt;
      this.addedBy = addedBy;
      this.height = height;
      this.nextSibling = nextSibling;
    }

    /** A node that is not linked yet: a root's height, should it become one. */
    static Node of(Item item, long addedBy) {
      Aum aum = item.aum();
      return new Node(
          aum.hash(),
          aum.parent().orElse(null),
          (byte) aum.kind().code(),
          aum.encoded(),
          item.committedAt(),
          addedBy,
          0,
          null);
    }

    @Override
    public AumHash hash() {
      return hash;
    }

    @Override
    public Optional<AumHash> parent() {
      return Optional.ofNullable(parent);
    }

    @Override
    public AumKind kind() {
      return new AumKind(kind & 0xff);
    }

    @Override
    public int height() {
      return height;
    }

    @Override
    public Instant committedAt() {
      return Instant.ofEpochSecond(committedAt);
    }

    @Override
    public String toString() {
      return kind() + " " + hash;
    }
  }

  /** One AUM, if it is here and not newer than the limit. */
  public Optional<AumEntry> find(AumHash hash, long limit) {
    return Optional.ofNullable(visible(nodes.get(hash), limit));
  }

  /** The encoding of an AUM, if it is here and not newer than the limit. */
  public Optional<Bytes> encoded(AumHash hash, long limit) {
    Node node = visible(nodes.get(hash), limit);
    return node == null ? Optional.empty() : Optional.of(node.encoded);
  }

  /** All AUMs that are not newer than the limit. */
  public List<AumEntry> entries(long limit) {
    List<AumEntry> visible = new ArrayList<>(nodes.size());
    for (Node node : nodes.values()) {
      if (node.addedBy <= limit) {
        visible.add(node);
      }
    }
    return visible;
  }

  /** The AUMs that follow one and are not newer than the limit, newest first. */
  public List<AumEntry> children(AumHash parent, long limit) {
    Node node = nodes.get(parent);
    Node child = node == null ? orphans.get(parent) : node.firstChild;
    if (child == null) {
      return List.of();
    }
    if (child.nextSibling == null) {
      return child.addedBy <= limit ? List.of(child) : List.of();
    }
    List<AumEntry> visible = new ArrayList<>();
    for (Node sibling = child; sibling != null; sibling = sibling.nextSibling) {
      if (sibling.addedBy <= limit) {
        visible.add(sibling);
      }
    }
    return visible;
  }

  /**
   * Adds AUMs; those that are here already stay as they are. Quickest with parents before their
   * children.
   *
   * @param addedBy the sequence number of the commit, above all limits that readers have
   * @return the index to go on with: this one, or a new one when heights had to move
   */
  public AumIndex add(List<Item> items, long addedBy) {
    for (int i = 0; i < items.size(); i++) {
      AumHash hash = items.get(i).aum().hash();
      if (orphans.containsKey(hash)) {
        Map<AumHash, Node> all = new HashMap<>(nodes);
        for (Item item : items.subList(i, items.size())) {
          all.putIfAbsent(item.aum().hash(), Node.of(item, addedBy));
        }
        return ofNodes(all.values());
      }
      if (!nodes.containsKey(hash)) {
        link(Node.of(items.get(i), addedBy));
      }
    }
    return this;
  }

  /** An index of these AUMs, all of one commit, in any order; none may be there twice. */
  public static AumIndex of(Collection<Item> items) {
    return ofNodes(items.stream().map(item -> Node.of(item, 0)).toList());
  }

  /** A new index of the AUMs that are not purged. */
  public AumIndex without(Set<AumHash> purged) {
    List<Node> kept = new ArrayList<>(nodes.values());
    kept.removeIf(node -> purged.contains(node.hash));
    return ofNodes(kept);
  }

  /** Links copies of nodes, parents before their children. */
  private static AumIndex ofNodes(Collection<Node> unlinked) {
    Map<AumHash, List<Node>> byParent = new HashMap<>();
    Set<AumHash> present = new HashSet<>();
    unlinked.forEach(node -> present.add(node.hash));
    Deque<Node> waiting = new ArrayDeque<>();
    for (Node node : unlinked) {
      if (node.parent == null || !present.contains(node.parent)) {
        waiting.add(node);
      } else {
        byParent.computeIfAbsent(node.parent, any -> new ArrayList<>(1)).add(node);
      }
    }
    AumIndex index = new AumIndex();
    while (!waiting.isEmpty()) {
      Node node = waiting.remove();
      index.link(node);
      waiting.addAll(byParent.getOrDefault(node.hash, List.of()));
    }
    return index;
  }

  /** Puts a copy of a node below its parent, or, where that is not here, at the height it has. */
  private void link(Node unlinked) {
    AumHash parentHash = unlinked.parent;
    Node parent = parentHash == null ? null : nodes.get(parentHash);
    int height = parent != null ? parent.height + 1 : unlinked.height;
    Node sibling =
        parent != null ? parent.firstChild : parentHash == null ? null : orphans.get(parentHash);
    Node node =
        new Node(
            unlinked.hash,
            // Sharing the parent's own object saves one for every AUM.
            parent == null ? parentHash : parent.hash,
            unlinked.kind,
            unlinked.encoded,
            unlinked.committedAt,
            unlinked.addedBy,
            height,
            sibling);
    nodes.put(node.hash, node);
    if (parent != null) {
      parent.firstChild = node;
    } else if (parentHash != null) {
      orphans.put(parentHash, node);
    }
  }

  private static @Nullable Node visible(@Nullable Node node, long limit) {
    return node != null && node.addedBy <= limit ? node : null;
  }
}
