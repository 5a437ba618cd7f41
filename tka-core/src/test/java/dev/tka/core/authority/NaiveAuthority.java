package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Protocol, section 4 once more, sentence by sentence over a plain list of AUMs: no index, no
 * snapshot, and none of the library's state machine or fork resolution. Slow on purpose; for whole
 * trees that begin with a genesis checkpoint and hold nothing invalid.
 *
 * @param aums in any order
 */
record NaiveAuthority(List<Aum> aums) {
  /** What is trusted: the parts of a state, without its behaviour. */
  record Trusted(AumHash at, List<Key> keys, List<Bytes> disablementValues, long id1, long id2) {
    boolean describes(State state) {
      return state.lastAumHash().equals(Optional.of(at))
          && state.keys().equals(keys)
          && state.disablementValues().equals(disablementValues)
          && state.stateId1() == id1
          && state.stateId2() == id2;
    }
  }

  /** From the only AUM without a parent, along the winners. */
  List<AumHash> activeChain() {
    List<AumHash> chain = new ArrayList<>();
    for (Aum aum : aums) {
      if (aum.parent().isEmpty()) {
        follow(aum, chain);
      }
    }
    return chain;
  }

  private void follow(Aum aum, List<AumHash> chain) {
    chain.add(aum.hash());
    Trusted here = trustedAt(aum);
    List<Aum> left = childrenOf(aum);
    if (left.isEmpty()) {
      return;
    }
    // Of any two, one is worse; what is never the worse one wins.
    while (left.size() > 1) {
      left.remove(worse(left.get(0), left.get(1), here));
    }
    follow(left.get(0), chain);
  }

  /** Replayed from the genesis, through every checkpoint. */
  Trusted trustedAt(Aum aum) {
    State body = aum.state().orElse(null);
    if (aum.parent().isEmpty()) {
      Objects.requireNonNull(body, "a genesis checkpoint");
      return new Trusted(
          aum.hash(), body.keys(), body.disablementValues(), body.stateId1(), body.stateId2());
    }
    Trusted before = trustedAt(parentOf(aum));
    List<Key> keys = new ArrayList<>(before.keys());
    List<Bytes> values = before.disablementValues();
    if (aum.kind().equals(AumKind.ADD_KEY)) {
      keys.add(aum.key().orElseThrow());
    } else if (aum.kind().equals(AumKind.REMOVE_KEY)) {
      keys.removeIf(key -> key.id().equals(aum.keyId().orElseThrow()));
    } else if (aum.kind().equals(AumKind.UPDATE_KEY)) {
      keys.replaceAll(key -> key.id().equals(aum.keyId().orElseThrow()) ? updated(key, aum) : key);
    } else if (aum.kind().equals(AumKind.CHECKPOINT)) {
      Objects.requireNonNull(body, "a checkpoint's state");
      keys = body.keys();
      values = body.disablementValues();
    }
    return new Trusted(aum.hash(), keys, values, before.id1(), before.id2());
  }

  private static Key updated(Key key, Aum aum) {
    long votes = aum.votes().orElse(key.votes());
    Map<String, String> meta = aum.meta().isEmpty() ? key.meta() : aum.meta();
    return new Key(key.kind(), votes, key.publicKey(), meta);
  }

  private static Aum worse(Aum one, Aum other, Trusted at) {
    long difference = weight(one, at) - weight(other, at);
    if (difference != 0) {
      return difference < 0 ? one : other;
    }
    boolean oneRemoves = one.kind().code() == 2;
    if (oneRemoves != (other.kind().code() == 2)) {
      return oneRemoves ? other : one;
    }
    byte[] oneHash = one.hash().toByteArray();
    byte[] otherHash = other.hash().toByteArray();
    for (int i = 0; ; i++) {
      int byteDifference = (oneHash[i] & 0xff) - (otherHash[i] & 0xff);
      if (byteDifference != 0) {
        return byteDifference > 0 ? one : other;
      }
    }
  }

  private static long weight(Aum aum, Trusted at) {
    Set<String> signers = new HashSet<>();
    aum.signatures().forEach(signature -> signers.add(signature.signerId().toHex()));
    return at.keys().stream()
        .filter(key -> signers.contains(key.id().toHex()))
        .mapToLong(Key::votes)
        .sum();
  }

  private List<Aum> childrenOf(Aum parent) {
    List<Aum> children = new ArrayList<>();
    for (Aum aum : aums) {
      if (aum.parent().filter(parent.hash()::equals).isPresent()) {
        children.add(aum);
      }
    }
    return children;
  }

  private Aum parentOf(Aum child) {
    return aums.stream()
        .filter(aum -> child.parent().filter(aum.hash()::equals).isPresent())
        .findFirst()
        .orElseThrow();
  }
}
