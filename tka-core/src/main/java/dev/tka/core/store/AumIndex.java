package dev.tka.core.store;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
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
 * An in-memory index of AUMs by hash and by parent, for stores that keep all of their AUMs there.
 *
 * <p>The index only grows, so that a snapshot costs nothing: every node carries the sequence number
 * of the commit that added it, and a reader with a limit does not see newer nodes. Changes that are
 * not growth (a purge, or an AUM that arrives after its children and may move their heights) make a
 * new index ({@link #without}, {@link #add}), and older snapshots keep the old one. So the cost of
 * a commit is that of its additions, and readers take no lock.
 *
 * <p>A store adds and removes AUMs, one writer at a time, and shows the index to any number of
 * readers through an {@link IndexSnapshot}: {@link MemoryAumStore} is the shortest example.
 *
 * @param <B> the body of an AUM: its encoding, or a way to find it
 */
public final class AumIndex<B> {
  /** Heap bytes per node, with its hash and its map entry; measured. */
  private static final long HEAP_BYTES_A_NODE = 165;

  /** Heap bytes per body in addition to its content. */
  private static final long HEAP_BYTES_A_BODY = 28;

  private final ConcurrentHashMap<AumHash, Node<B>> nodes = new ConcurrentHashMap<>();

  /**
   * The first children of parents that are not in the index; the others are linked from their
   * parent.
   */
  private final ConcurrentHashMap<AumHash, Node<B>> orphans = new ConcurrentHashMap<>();

  /**
   * The nodes that {@link #add} added, in that order; the rest were there when the index was made.
   */
  private volatile Node<?>[] additions = new Node<?>[0];

  /** The number of additions; written last, so that readers find all of them. */
  private volatile int additionCount;

  /** The total size of the bodies in memory, in bytes. */
  private volatile long bodyBytes;

  /** An empty index. */
  public AumIndex() {}

  /**
   * An AUM that a store keeps.
   *
   * @param committedAt seconds since the epoch
   * @param facts the facts noted about it; empty if they are not known
   * @param size the size of its encoding, in bytes
   * @param body the body, or a way to find it
   */
  public record Item<B>(
      AumHash hash,
      Optional<AumHash> parent,
      AumKind kind,
      long committedAt,
      Optional<AumFacts> facts,
      int size,
      B body) {
    /** An AUM about which no facts are known, and whose body stays in memory. */
    public static Item<Bytes> of(Aum aum, long committedAt) {
      return of(new Commit.Addition(aum, Instant.ofEpochSecond(committedAt)));
    }

    /** An AUM that a commit adds, with its body. */
    public static Item<Bytes> of(Commit.Addition addition) {
      return of(addition, addition.aum().encoded());
    }

    /**
     * An AUM that a commit adds.
     *
     * @param body the body, or a way to find it
     */
    public static <B> Item<B> of(Commit.Addition addition, B body) {
      Aum aum = addition.aum();
      return new Item<>(
          aum.hash(),
          aum.parent(),
          aum.kind(),
          addition.committedAt().getEpochSecond(),
          addition.facts(),
          aum.encoded().size(),
          body);
    }
  }

  /** One AUM. */
  private static final class Node<B> implements AumEntry {
    final AumHash hash;
    final @Nullable AumHash parent;
    final B body;
    final long committedAt;
    final @Nullable AumFacts facts;
    final int size;
    final long addedBy;
    final int height;
    final byte kind;
    final @Nullable Node<B> nextSibling;
    volatile @Nullable Node<B> firstChild;

    Node(
        AumHash hash,
        @Nullable AumHash parent,
        byte kind,
        B body,
        long committedAt,
        @Nullable AumFacts facts,
        int size,
        long addedBy,
        int height,
        @Nullable Node<B> nextSibling) {
      this.hash = hash;
      this.parent = parent;
      this.kind = kind;
      this.body = body;
      this.committedAt = committedAt;
      this.facts = facts;
      this.size = size;
      this.addedBy = addedBy;
      this.height = height;
      this.nextSibling = nextSibling;
    }

    /** A node that is not linked yet, with the height of a root in case it becomes one. */
    static <B> Node<B> of(Item<B> item, long addedBy) {
      return new Node<>(
          item.hash(),
          item.parent().orElse(null),
          (byte) item.kind().code(),
          item.body(),
          item.committedAt(),
          item.facts().orElse(null),
          item.size(),
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
    public int size() {
      return size;
    }

    @Override
    public Instant committedAt() {
      return Instant.ofEpochSecond(committedAt);
    }

    @Override
    public Optional<AumFacts> facts() {
      return Optional.ofNullable(facts);
    }

    @Override
    public String toString() {
      return kind() + " " + hash;
    }
  }

  /** An AUM, if it is in the index and not newer than the limit. */
  Optional<AumEntry> find(AumHash hash, long limit) {
    return Optional.ofNullable(visible(nodes.get(hash), limit));
  }

  /**
   * The body of an AUM, or the way to find it, if the AUM is in the index and not newer than the
   * limit.
   */
  Optional<B> body(AumHash hash, long limit) {
    Node<B> node = visible(nodes.get(hash), limit);
    return node == null ? Optional.empty() : Optional.of(node.body);
  }

  /** All AUMs that are not newer than the limit. */
  List<AumEntry> entries(long limit) {
    List<AumEntry> visible = new ArrayList<>(nodes.size());
    for (Node<B> node : nodes.values()) {
      if (node.addedBy <= limit) {
        visible.add(node);
      }
    }
    return visible;
  }

  /** The AUMs that follow one and are not newer than the limit, newest first. */
  List<AumEntry> children(AumHash parent, long limit) {
    Node<B> node = nodes.get(parent);
    Node<B> child = node == null ? orphans.get(parent) : node.firstChild;
    if (child == null) {
      return List.of();
    }
    if (child.nextSibling == null) {
      return child.addedBy <= limit ? List.of(child) : List.of();
    }
    List<AumEntry> visible = new ArrayList<>();
    for (Node<B> sibling = child; sibling != null; sibling = sibling.nextSibling) {
      if (sibling.addedBy <= limit) {
        visible.add(sibling);
      }
    }
    return visible;
  }

  /**
   * The AUMs that were added after one limit and are not newer than another, in the order in which
   * they were added. The cost is proportional to their number plus that of newer ones.
   *
   * @param limit the limit of a snapshot of this index
   */
  List<AumEntry> addedBetween(long limit, long laterLimit) {
    int end = additionCount;
    Node<?>[] added = additions;
    while (end > 0 && added[end - 1].addedBy > laterLimit) {
      end--;
    }
    int begin = end;
    while (begin > 0 && added[begin - 1].addedBy > limit) {
      begin--;
    }
    return List.of(Arrays.copyOfRange(added, begin, end));
  }

  /** Approximate heap bytes of the AUMs, including those that no reader sees. */
  long heapBytes() {
    return nodes.mappingCount() * HEAP_BYTES_A_NODE + bodyBytes;
  }

  /**
   * Adds AUMs; those already in the index stay as they are. Fastest if parents come before their
   * children. Readers see the additions once a snapshot's limit reaches the sequence number, so a
   * commit that fails after this shows nothing, provided its number is never used again.
   *
   * @param addedBy the sequence number of the commit, above the limits of all readers
   * @return the index to use from now on: this one, or a new one if heights had to move
   */
  public AumIndex<B> add(List<Item<B>> items, long addedBy) {
    for (int i = 0; i < items.size(); i++) {
      AumHash hash = items.get(i).hash();
      if (orphans.containsKey(hash)) {
        Map<AumHash, Node<B>> all = new HashMap<>(nodes);
        for (Item<B> item : items.subList(i, items.size())) {
          all.putIfAbsent(item.hash(), Node.of(item, addedBy));
        }
        return ofNodes(all.values());
      }
      if (!nodes.containsKey(hash)) {
        append(link(Node.of(items.get(i), addedBy)));
      }
    }
    return this;
  }

  /** Makes an index of AUMs from a single commit, in any order and without duplicates. */
  public static <B> AumIndex<B> of(Collection<Item<B>> items) {
    return ofNodes(items.stream().map(item -> Node.of(item, 0)).toList());
  }

  /**
   * Removes AUMs.
   *
   * @return a new index of the others, independent of this one
   */
  public AumIndex<B> without(Set<AumHash> purged) {
    List<Node<B>> kept = new ArrayList<>(nodes.values());
    kept.removeIf(node -> purged.contains(node.hash));
    return ofNodes(kept);
  }

  /**
   * The AUMs that are not newer than a limit: for a writer that goes on from there, although what
   * another one added after it is in this index.
   *
   * @return a new index, independent of this one
   */
  public AumIndex<B> upTo(long limit) {
    return ofNodes(nodes.values().stream().filter(node -> node.addedBy <= limit).toList());
  }

  /** Links copies of nodes, parents before their children. */
  private static <B> AumIndex<B> ofNodes(Collection<Node<B>> unlinked) {
    Map<AumHash, List<Node<B>>> byParent = new HashMap<>();
    Set<AumHash> present = new HashSet<>();
    unlinked.forEach(node -> present.add(node.hash));
    Deque<Node<B>> waiting = new ArrayDeque<>();
    for (Node<B> node : unlinked) {
      if (node.parent == null || !present.contains(node.parent)) {
        waiting.add(node);
      } else {
        byParent.computeIfAbsent(node.parent, any -> new ArrayList<>(1)).add(node);
      }
    }
    AumIndex<B> index = new AumIndex<>();
    while (!waiting.isEmpty()) {
      Node<B> node = waiting.remove();
      index.link(node);
      waiting.addAll(byParent.getOrDefault(node.hash, List.of()));
    }
    return index;
  }

  /**
   * Puts a copy of a node below its parent or, if the parent is not in the index, at the node's own
   * height.
   */
  private Node<B> link(Node<B> unlinked) {
    AumHash parentHash = unlinked.parent;
    Node<B> parent = parentHash == null ? null : nodes.get(parentHash);
    int height = parent != null ? parent.height + 1 : unlinked.height;
    Node<B> sibling =
        parent != null ? parent.firstChild : parentHash == null ? null : orphans.get(parentHash);
    Node<B> node =
        new Node<>(
            unlinked.hash,
            // Sharing the parent's own object saves one for every AUM.
            parent == null ? parentHash : parent.hash,
            unlinked.kind,
            unlinked.body,
            unlinked.committedAt,
            unlinked.facts,
            unlinked.size,
            unlinked.addedBy,
            height,
            sibling);
    nodes.put(node.hash, node);
    if (parent != null) {
      parent.firstChild = node;
    } else if (parentHash != null) {
      orphans.put(parentHash, node);
    }
    if (node.body instanceof Bytes body) {
      long before = bodyBytes;
      bodyBytes = before + body.size() + HEAP_BYTES_A_BODY;
    }
    return node;
  }

  private void append(Node<B> node) {
    int count = additionCount;
    if (count == additions.length) {
      additions = Arrays.copyOf(additions, Math.max(4, count + (count >> 1)));
    }
    additions[count] = node;
    additionCount = count + 1;
  }

  private static <B> @Nullable Node<B> visible(@Nullable Node<B> node, long limit) {
    return node != null && node.addedBy <= limit ? node : null;
  }
}
