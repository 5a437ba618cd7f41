package dev.tka.control.move;

import dev.tka.control.move.MoveException.Reason;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Makes a tailnet at one place like that at another, again and again. Each round reads what both
 * places hold and writes the difference, so that it does not matter where the one before ended.
 *
 * <p>For one thread.
 */
final class Copying {
  /** So many AUMs, or so many bytes of them, go into one commit. */
  private static final int AUMS_AT_ONCE = 2000;

  private static final long BYTES_AT_ONCE = 4 << 20;

  /** So many nodes go into one commit. */
  private static final int NODES_AT_ONCE = 500;

  /** A snapshot and a record that do not belong together are read again so often. */
  private static final int LOOKS = 3;

  private final String tailnet;
  private final String targetName;
  private final Tailnets to;
  private final AumStore aumsThere;
  private final ControlRecords there;
  private final Progress progress;
  private Tailnets from;
  private AumStore aumsHere;
  private ControlRecords here;

  private Optional<Changes.Position> nodesSeen = Optional.empty();
  private Map<Long, Bytes> nodes = Map.of();
  private TailnetRecord recordThere = TailnetRecord.NONE;
  private Content last = Content.NOTHING;
  private Copied copied = Copied.NOTHING;

  /**
   * What was read of the source in the last round.
   *
   * @param aums the AUMs of the authority that is on
   * @param ended the stores of those that were ended
   */
  private record Content(
      TailnetRecord record,
      Optional<AumSnapshot> aums,
      List<AumSnapshot> ended,
      Set<NodeToken> tokens) {
    static final Content NOTHING =
        new Content(TailnetRecord.NONE, Optional.empty(), List.of(), Set.of());
  }

  /**
   * A copy between two places.
   *
   * @param from the source, as this mover may read it
   * @param to the target, under the fence that this mover holds there
   */
  Copying(String tailnet, Tailnets from, Tailnets to, String targetName, Progress progress) {
    this.tailnet = tailnet;
    this.targetName = targetName;
    this.from = from;
    this.aumsHere = from.tailnet(tailnet);
    this.here = from.records().orElseThrow();
    this.to = to;
    this.aumsThere = to.tailnet(tailnet);
    this.there = to.records().orElseThrow();
    this.progress = progress;
  }

  /** Whether the source held nothing in the last round. */
  boolean foundNothing() {
    return last.record().equals(TailnetRecord.NONE)
        && nodes.isEmpty()
        && last.aums().map(aums -> aums.entries().isEmpty()).orElse(true);
  }

  /** Whether a round has been made, and nothing was deleted since. */
  boolean hasCopied() {
    return last.aums().isPresent();
  }

  /** Reads the source in another way from now on, after it was moved. */
  void readFrom(Tailnets other) {
    from = other;
    aumsHere = other.tailnet(tailnet);
    here = other.records().orElseThrow();
  }

  /**
   * Copies what differs.
   *
   * @param sightings whether to copy when nodes came last, too, which is only for people
   * @throws StoreException.Fenced if another mover has taken over, or the source was moved
   */
  Copied round(boolean sightings) throws StoreException, MoveException {
    long begun = System.nanoTime();
    copied = Copied.NOTHING;
    ControlRecords.Seen seen = here.seen(tailnet);
    AumSnapshot aums = aumsHere.read();
    for (int i = 1; i < LOOKS && !aums.revision().equals(seen.aums()); i++) {
      seen = here.seen(tailnet);
      aums = aumsHere.read();
    }
    List<AumSnapshot> ended = copyRetired(seen.tailnet().retired());
    fill(aums);
    // Nodes are read after the position: what changes in between is copied once more.
    copyNodes();
    Set<NodeToken> tokens = copyTokens();
    if (sightings) {
      copySightings();
    }
    copyRecord(seen.tailnet());
    last = new Content(seen.tailnet(), Optional.of(aums), ended, tokens);
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    return copied.plus(new Copied(0, 0, 0, 0, 0, 0, 0, took));
  }

  private void count(
      int retired, int aums, int purged, long changed, int tokens, int others, int again) {
    copied =
        copied.plus(
            new Copied(retired, aums, purged, changed, tokens, others, again, Duration.ZERO));
  }

  /** Ends authorities at the target as they were ended at the source. */
  private List<AumSnapshot> copyRetired(List<RetiredAuthority> wanted)
      throws StoreException, MoveException {
    recordThere = there.tailnet(tailnet);
    List<RetiredAuthority> found = recordThere.retired();
    int same = 0;
    List<AumSnapshot> ended = new ArrayList<>();
    while (same < Math.min(wanted.size(), found.size())
        && isSame(wanted.get(same), found.get(same))) {
      ended.add(keptOrRead(wanted.get(same), same));
      boolean isWhole =
          last.ended().size() > same
              || AumDifference.between(ended.get(same), to.tailnet(found.get(same).store()).read())
                  .isNothing();
      if (!isWhole) {
        break;
      }
      same++;
    }
    if (same < found.size()) {
      startOver();
      recordThere = TailnetRecord.NONE;
      count(0, 0, 0, 0, 0, 0, 1);
      ended.clear();
      same = 0;
    }
    for (RetiredAuthority each : wanted.subList(same, wanted.size())) {
      AumSnapshot aums = requireWhole(from.tailnet(each.store()).read());
      if (aums.entries().isEmpty()) {
        throw new MoveException(
            Reason.DAMAGED, "the AUMs of a retired authority are missing: " + each.store());
      }
      ended.add(aums);
      AumSnapshot filled = fill(aums);
      recordThere = there.retire(tailnet, filled.revision(), recordThere, each);
      count(1, 0, 0, 0, 0, 0, 0);
    }
    return List.copyOf(ended);
  }

  private AumSnapshot keptOrRead(RetiredAuthority authority, int index)
      throws StoreException, MoveException {
    return last.ended().size() > index
        ? last.ended().get(index)
        : requireWhole(from.tailnet(authority.store()).read());
  }

  private AumSnapshot requireWhole(AumSnapshot aums) throws MoveException {
    Optional<Damage> damage = aums.damage().stream().filter(Damage::degrades).findFirst();
    if (damage.isPresent()) {
      throw new MoveException(
          Reason.DAMAGED, "what is to be copied is damaged: " + damage.get() + "; repair it first");
    }
    return aums;
  }

  /** Whether both are one authority that ended alike, wherever its AUMs are kept. */
  private static boolean isSame(RetiredAuthority one, RetiredAuthority other) {
    return at(one, "").equals(at(other, ""));
  }

  private static RetiredAuthority at(RetiredAuthority authority, String store) {
    return new RetiredAuthority(authority.name(), authority.secret(), authority.at(), store);
  }

  /** Makes the target's store hold what a snapshot holds. */
  private AumSnapshot fill(AumSnapshot wanted) throws StoreException, MoveException {
    requireWhole(wanted);
    AumSnapshot found = readThere();
    AumDifference difference = AumDifference.between(wanted, found);
    if (difference.isNothing()) {
      return found;
    }
    if (difference.isPossible()) {
      found = commit(wanted, found, difference);
      difference = AumDifference.between(wanted, found);
      if (difference.isNothing()) {
        return found;
      }
    }
    aumsThere.wipe();
    count(0, 0, 0, 0, 0, 0, 1);
    found = readThere();
    found = commit(wanted, found, AumDifference.between(wanted, found));
    if (!AumDifference.between(wanted, found).isNothing()) {
      throw new MoveException(
          Reason.DIFFERS, targetName + ": the AUMs are not what was written there");
    }
    return found;
  }

  /** The target's store; one that was damaged is emptied. */
  private AumSnapshot readThere() throws StoreException {
    try {
      return aumsThere.read();
    } catch (StoreException.Damaged e) {
      aumsThere.wipe();
      count(0, 0, 0, 0, 0, 0, 1);
      return aumsThere.read();
    }
  }

  private AumSnapshot commit(AumSnapshot wanted, AumSnapshot found, AumDifference difference)
      throws StoreException {
    List<AumEntry> added = difference.added();
    BodyReader bodies = new BodyReader(wanted, added.stream().map(AumEntry::hash).toList());
    AumSnapshot now = found;
    Commit.Builder commit = Commit.on(now.revision());
    int inCommit = 0;
    long bytes = 0;
    for (int i = 0; i < added.size(); i++) {
      if (inCommit == AUMS_AT_ONCE || bytes > BYTES_AT_ONCE) {
        now = aumsThere.commit(commit.build());
        commit = Commit.on(now.revision());
        inCommit = 0;
        bytes = 0;
      }
      AumEntry entry = added.get(i);
      Aum aum = bodies.aum();
      commit.add(new Commit.Addition(aum, entry.committedAt(), entry.facts()));
      inCommit++;
      bytes += entry.size();
      progress.done(i + 1, added.size());
    }
    commit.purge(difference.purged()).trail(difference.trail());
    difference.trailCut().ifPresent(commit::cutTrail);
    wanted.lastActiveAncestor().ifPresent(commit::lastActiveAncestor);
    OwnAums own = wanted.ownAums();
    if (!own.equals(now.ownAums())) {
      commit.ownAums(own);
    }
    wanted.notes().time().ifPresent(commit::time);
    for (Map.Entry<AumHash, List<Inherited>> kept : wanted.notes().inherited().entrySet()) {
      if (!kept.getValue().equals(found.notes().inherited().get(kept.getKey()))) {
        commit.inherits(kept.getKey(), kept.getValue());
      }
    }
    count(0, added.size(), difference.purged().size(), 0, 0, difference.notes() ? 1 : 0, 0);
    return aumsThere.commit(commit.build());
  }

  private void copyNodes() throws StoreException {
    Changes.Position position = here.position();
    if (nodesSeen.isPresent()) {
      Changes changes = here.changesAfter(nodesSeen.get(), 1);
      if (changes.complete()
          && changes.tailnets().stream().noneMatch(each -> each.tailnet().equals(tailnet))) {
        return;
      }
    }
    Map<Long, Bytes> wanted = new HashMap<>();
    Map<Long, Bytes> found = digests(there);
    List<NodeRecord> more = new ArrayList<>();
    int of = found.size();
    StoreException[] failure = new StoreException[1];
    here.allNodes(
        tailnet,
        node -> {
          Bytes digest = Digests.of(node);
          wanted.put(node.id(), digest);
          if (!Optional.of(digest).equals(Optional.ofNullable(found.get(node.id())))) {
            more.add(node);
          }
          if (more.size() >= NODES_AT_ONCE && failure[0] == null) {
            try {
              put(more);
            } catch (StoreException e) {
              failure[0] = e;
            }
            progress.done(wanted.size(), Math.max(of, wanted.size()));
          }
        });
    if (failure[0] != null) {
      throw failure[0];
    }
    put(more);
    List<Long> gone = new ArrayList<>(found.keySet());
    gone.removeAll(wanted.keySet());
    for (int i = 0; i < gone.size(); i += NODES_AT_ONCE) {
      remove(gone.subList(i, Math.min(gone.size(), i + NODES_AT_ONCE)));
    }
    nodes = wanted;
    nodesSeen = Optional.of(position);
  }

  private Map<Long, Bytes> digests(ControlRecords records) throws StoreException {
    Map<Long, Bytes> digests = new HashMap<>();
    records.allNodes(tailnet, node -> digests.put(node.id(), Digests.of(node)));
    return digests;
  }

  private void put(List<NodeRecord> wanted) throws StoreException {
    if (wanted.isEmpty()) {
      return;
    }
    Map<Long, NodeRecord> before = new HashMap<>();
    there
        .nodes(tailnet, wanted.stream().map(NodeRecord::id).toList())
        .forEach(node -> before.put(node.id(), node));
    there.commit(
        tailnet,
        new RecordsChange(
            Optional.empty(),
            wanted.stream()
                .map(
                    node ->
                        new RecordsChange.OfNode(
                            Optional.ofNullable(before.get(node.id())), Optional.of(node)))
                .toList()));
    count(0, 0, 0, wanted.size(), 0, 0, 0);
    wanted.clear();
  }

  private void remove(List<Long> gone) throws StoreException {
    there.commit(
        tailnet,
        new RecordsChange(
            Optional.empty(),
            there.nodes(tailnet, gone).stream()
                .map(node -> new RecordsChange.OfNode(Optional.of(node), Optional.empty()))
                .toList()));
    count(0, 0, 0, gone.size(), 0, 0, 0);
  }

  private Set<NodeToken> copyTokens() throws StoreException {
    // A token of a node that came since waits for the next round, as its node does.
    Set<NodeToken> wanted =
        here.tokens(tailnet).stream()
            .filter(token -> nodes.containsKey(token.node()))
            .collect(Collectors.toSet());
    Set<NodeToken> found = new HashSet<>(there.tokens(tailnet));
    int changed = 0;
    for (NodeToken token : found) {
      if (!wanted.contains(token)) {
        there.removeToken(tailnet, token.hash());
        changed++;
      }
    }
    for (NodeToken token : wanted) {
      if (!found.contains(token)) {
        there.addToken(token);
        changed++;
      }
    }
    count(0, 0, 0, 0, changed, 0, 0);
    return wanted;
  }

  private void copySightings() throws StoreException {
    Map<Long, NodeSighting> found = there.sightings(tailnet);
    List<NodeSighting> more =
        here.sightings(tailnet).values().stream()
            .filter(each -> !each.equals(found.get(each.node())))
            .toList();
    for (int i = 0; i < more.size(); i += NODES_AT_ONCE) {
      there.noteSightings(tailnet, more.subList(i, Math.min(more.size(), i + NODES_AT_ONCE)));
    }
  }

  private void copyRecord(TailnetRecord wanted) throws StoreException {
    TailnetRecord after = with(recordThere.retired(), wanted);
    if (!after.equals(recordThere)) {
      there.commit(tailnet, RecordsChange.ofTailnet(recordThere, after));
      recordThere = after;
      count(0, 0, 0, 0, 0, 1, 0);
    }
  }

  private static TailnetRecord with(List<RetiredAuthority> retired, TailnetRecord other) {
    return new TailnetRecord(
        other.authority(),
        other.begun(),
        retired,
        other.support(),
        other.made(),
        other.restored(),
        other.thresholds(),
        other.proposals(),
        other.log());
  }

  /**
   * How the target differs from what was read of the source in the last round; empty if it does
   * not.
   *
   * @param bodies whether to read all of it again, exports included, or only what a commit may have
   *     changed
   */
  Optional<String> difference(boolean bodies) throws StoreException, MoveException {
    AumSnapshot aums = last.aums().orElseThrow();
    TailnetRecord found = there.tailnet(tailnet);
    if (found.retired().size() != last.ended().size()) {
      return Optional.of("retired authorities");
    }
    if (!with(anonymous(found.retired()), found)
        .equals(with(anonymous(last.record().retired()), last.record()))) {
      return Optional.of("the tailnet's record");
    }
    Optional<String> difference = difference(aums, tailnet, bodies);
    for (int i = 0; bodies && difference.isEmpty() && i < last.ended().size(); i++) {
      difference = difference(last.ended().get(i), found.retired().get(i).store(), true);
    }
    if (difference.isPresent()) {
      return difference;
    }
    if (!last.tokens().equals(Set.copyOf(there.tokens(tailnet)))) {
      return Optional.of("tokens of nodes");
    }
    // Under the fence, rounds in which nodes did not change read none.
    return (bodies || copied.nodes() > 0) && !nodes.equals(digests(there))
        ? Optional.of("nodes")
        : Optional.empty();
  }

  private static List<RetiredAuthority> anonymous(List<RetiredAuthority> retired) {
    return retired.stream().map(each -> at(each, "")).toList();
  }

  private Optional<String> difference(AumSnapshot wanted, String store, boolean bodies)
      throws StoreException, MoveException {
    // Another object reads all rows again.
    AumSnapshot found;
    try {
      found = bodies ? to.tailnet(store).read() : aumsThere.read();
    } catch (StoreException.Damaged e) {
      return Optional.of("AUMs, which are damaged there: " + e.getMessage());
    }
    if (!AumDifference.between(wanted, found).isNothing()) {
      return Optional.of("AUMs, their times or the notes about them");
    }
    if (!bodies) {
      return Optional.empty();
    }
    try {
      return Digests.ofExport(wanted).equals(Digests.ofExport(found))
          ? Optional.empty()
          : Optional.of("exports");
    } catch (StoreException.Damaged e) {
      return Optional.of("AUMs, which are damaged: " + e.getMessage());
    }
  }

  /** After a difference was found: the next round reads and writes all of it anew. */
  void startOver() throws StoreException {
    // First: whether a deletion that failed was made is not known.
    nodesSeen = Optional.empty();
    nodes = Map.of();
    last = Content.NOTHING;
    clear(to, tailnet);
  }

  /**
   * Deletes a tailnet with its retired authorities, and leaves its fence.
   *
   * @param place the place, under the fence that is held there
   */
  static void clear(Tailnets place, String tailnet) throws StoreException {
    ControlRecords records = place.records().orElseThrow();
    Set<String> names = new HashSet<>(place.revisions().keySet());
    for (RetiredAuthority each : records.tailnet(tailnet).retired()) {
      if (names.contains(each.store())) {
        place.delete(each.store(), revision(place, each.store()));
      }
    }
    place.delete(tailnet, records.seen(tailnet).aums());
  }

  private static Revision revision(Tailnets place, String store) throws StoreException {
    return Objects.requireNonNullElse(place.revisions().get(store), Tailnets.NO_COMMIT);
  }

  /** Whether anything of a tailnet is at a place, under the fence that is held there. */
  static boolean isThere(Tailnets place, String tailnet) throws StoreException {
    ControlRecords records = place.records().orElseThrow();
    if (!records.tailnet(tailnet).equals(TailnetRecord.NONE) || records.countNodes(tailnet) > 0) {
      return true;
    }
    try {
      return !place.tailnet(tailnet).read().entries().isEmpty();
    } catch (StoreException.Damaged e) {
      return true;
    }
  }
}
