package dev.tka.conformance;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumEntry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * "Building updates" (protocol, section 4) exactly as the page describes it, over plain lists and
 * without the library's rules: which operations a builder must refuse, and whether a checkpoint is
 * made. A second opinion where the reference's answer is not binding.
 */
final class NaiveBuilding {
  /** The outcome for the checkpoint at the end of a batch. */
  enum Checkpoint {
    NOT_DUE,
    APPENDED,
    PUT_OFF
  }

  private final Bytes signer;
  private final boolean hasDisablementValues;
  private final List<Key> keys;
  // Oldest first; true for a checkpoint and for the genesis.
  private final List<Boolean> ownAums = new ArrayList<>();

  NaiveBuilding(Authority authority, Bytes signer) {
    this.signer = signer;
    hasDisablementValues = !authority.state().disablementValues().isEmpty();
    keys = new ArrayList<>(authority.state().keys());
    for (AumHash hash : authority.newestFirst(Integer.MAX_VALUE)) {
      AumEntry entry = authority.snapshot().find(hash).orElseThrow();
      ownAums.add(0, entry.kind().code() == 5 || entry.parent().isEmpty());
    }
  }

  boolean addKey(Key key) {
    return operate(
        () ->
            find(key.id()) < 0
                && keys.size() < 512
                && key.id().size() == 32
                && isWellFormed(key)
                && keys.add(key));
  }

  boolean removeKey(Bytes id) {
    return operate(() -> keys.size() > 1 && keys.removeIf(key -> key.id().equals(id)));
  }

  boolean setVotes(Bytes id, long votes) {
    return operate(() -> find(id) >= 0 && replace(find(id), keys.get(find(id)).withVotes(votes)));
  }

  boolean setMeta(Bytes id, Map<String, String> meta) {
    return operate(
        () ->
            find(id) >= 0
                && !meta.isEmpty()
                && replace(find(id), keys.get(find(id)).withMeta(meta)));
  }

  Checkpoint checkpoint() {
    List<Boolean> last = ownAums.subList(Math.max(0, ownAums.size() - 50), ownAums.size());
    if (last.size() < 50 || last.contains(true)) {
      return Checkpoint.NOT_DUE;
    }
    return find(signer) < 0 || keys.size() > 512 || !hasDisablementValues
        ? Checkpoint.PUT_OFF
        : Checkpoint.APPENDED;
  }

  /** A change, made if it is accepted. */
  private interface Change {
    boolean make();
  }

  private boolean operate(Change change) {
    boolean accepted = find(signer) >= 0 && change.make();
    if (accepted) {
      ownAums.add(false);
    }
    return accepted;
  }

  private boolean replace(int index, Key key) {
    if (!isWellFormed(key)) {
      return false;
    }
    keys.set(index, key);
    return true;
  }

  private int find(Bytes id) {
    for (int i = 0; i < keys.size(); i++) {
      if (keys.get(i).id().equals(id)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isWellFormed(Key key) {
    int metaBytes =
        key.meta().entrySet().stream()
            .mapToInt(
                pair -> (pair.getKey() + pair.getValue()).getBytes(StandardCharsets.UTF_8).length)
            .sum();
    return key.kind() == 1 && key.votes() >= 1 && key.votes() <= 4096 && metaBytes <= 512;
  }
}
