package dev.tka.core.authority;

import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.internal.Votes;
import java.util.List;
import java.util.Optional;

/**
 * How much room a state has left, and how much it depends on each key. Pure arithmetic over one
 * state; keys that could never sign, because they do not have 32 bytes, count as keys and not as
 * signers.
 *
 * @param state the state at hand
 */
public record KeyBudget(State state) {
  /** How many of {@link State#MAX_KEYS} are used; more than that in a state that overflowed. */
  public int keysUsed() {
    return state.keys().size();
  }

  /** How many keys can still be added. */
  public int keysLeft() {
    return Math.max(0, State.MAX_KEYS - keysUsed());
  }

  /** How many of {@link State#MAX_DISABLEMENT_VALUES} are used. They are fixed at creation. */
  public int disablementValuesUsed() {
    return state.disablementValues().size();
  }

  /** How many more there was room for. */
  public int disablementValuesLeft() {
    return Math.max(0, State.MAX_DISABLEMENT_VALUES - disablementValuesUsed());
  }

  /**
   * Who could sign the addition of one more key, in the order of the state; none when it is full.
   */
  public List<Key> signersOfAddition() {
    return keysLeft() == 0 ? List.of() : signersOtherThan(Bytes.empty());
  }

  /**
   * What it would mean to lose a key, be it gone or stolen.
   *
   * @return empty when the key is not trusted
   */
  public Optional<Loss> lossOf(Bytes keyId) {
    return state.findKey(keyId).map(lost -> new Loss(lost, signersOtherThan(keyId)));
  }

  private List<Key> signersOtherThan(Bytes keyId) {
    return state.keys().stream()
        .filter(key -> key.id().size() == LockPublicKey.SIZE && !key.id().equals(keyId))
        .toList();
  }

  /**
   * What is left without one key.
   *
   * @param lost the key that is gone or stolen
   * @param signersLeft who could still sign, in the order of the state
   */
  public record Loss(Key lost, List<Key> signersLeft) {
    /** Copies its list. */
    public Loss {
      signersLeft = List.copyOf(signersLeft);
    }

    /** True when nobody could sign any more: the authority could only be disabled. */
    public boolean leavesNobody() {
      return signersLeft.isEmpty();
    }

    /** The votes of all who could still sign, together. */
    public long votesLeft() {
      return signersLeft.stream().mapToLong(Key::votes).reduce(0, Votes::add);
    }

    /**
     * True when all others together outweigh a thief who has the lost key, so that they can revoke
     * it retroactively whatever it signed; on a tie, the kind of AUM and its hash decide.
     */
    public boolean canBeOutvoted() {
      return votesLeft() > votesOf(lost);
    }

    /** The keys that outweigh the lost one each alone, in the order of the state. */
    public List<Key> heavierAlone() {
      return signersLeft.stream().filter(key -> votesOf(key) > votesOf(lost)).toList();
    }

    private static long votesOf(Key key) {
      return Votes.add(0, key.votes());
    }
  }
}
