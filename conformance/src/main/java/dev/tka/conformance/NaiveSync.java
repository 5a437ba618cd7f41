package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.sync.SyncOffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * "Finding the intersection" (protocol, section 5) exactly as the page describes it, over a plain
 * list: every question is answered by walking. A second opinion, deliberately slow.
 */
final class NaiveSync {
  private final List<Aum> aums;
  private final List<AumHash> newestFirst;

  NaiveSync(List<Aum> aums, AumHash head) {
    this.aums = aums;
    this.newestFirst = backFrom(head);
  }

  /** The AUM after which the page begins to send; empty for equal heads or no intersection. */
  Optional<AumHash> intersection(SyncOffer remote) {
    if (newestFirst.get(0).equals(remote.head())) {
      return Optional.empty();
    }
    List<AumHash> named = new ArrayList<>(List.of(remote.head()));
    named.addAll(remote.ancestors());
    return named.stream().filter(newestFirst::contains).findFirst();
  }

  /** The newest AUM of the active chain from which a branch leads to a named AUM. */
  Optional<AumHash> newestCommon(SyncOffer remote) {
    List<AumHash> named = new ArrayList<>(List.of(remote.head()));
    named.addAll(remote.ancestors());
    List<AumHash> held = named.stream().flatMap(hash -> backFrom(hash).stream()).toList();
    return newestFirst.stream().filter(held::contains).findFirst();
  }

  /** The AUMs after one of the active chain, oldest first. */
  List<AumHash> after(AumHash hash) {
    List<AumHash> after = new ArrayList<>(newestFirst.subList(0, newestFirst.indexOf(hash)));
    Collections.reverse(after);
    return after;
  }

  /** Whether a list, oldest first, is the end of the active chain. */
  boolean endsWith(List<AumHash> oldestFirst) {
    List<AumHash> end = new ArrayList<>(oldestFirst);
    Collections.reverse(end);
    return end.size() <= newestFirst.size() && newestFirst.subList(0, end.size()).equals(end);
  }

  private List<AumHash> backFrom(AumHash hash) {
    List<AumHash> back = new ArrayList<>();
    Optional<Aum> at = find(hash);
    while (at.isPresent()) {
      back.add(at.get().hash());
      at = at.get().parent().flatMap(this::find);
    }
    return back;
  }

  private Optional<Aum> find(AumHash hash) {
    return aums.stream().filter(aum -> aum.hash().equals(hash)).findFirst();
  }
}
