package dev.tka.core.authority;

import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.internal.Votes;
import java.util.List;
import java.util.Optional;

/**
 * The room that a state has left, and its dependence on each key. Pure arithmetic over one state;
 * keys that could never sign, because they do not have 32 bytes, count as keys but not as signers.
 *
 * @param state the state to examine
 */
public record KeyBudget(State state) {
  /** The budget of a state without the keys that can never sign, or that anybody can sign for. */
  public static KeyBudget ofSigners(State state) {
    return new KeyBudget(
        State.of(
            state.disablementValues(),
            state.keys().stream().filter(Key::canSign).toList(),
            state.stateId1(),
            state.stateId2()));
  }

  /**
   * The number of keys in use, of {@link State#MAX_KEYS}; it is larger in a state that overflowed.
   */
  public int keysUsed() {
    return state.keys().size();
  }

  /** The number of keys that can still be added. */
  public int keysLeft() {
    return Math.max(0, State.MAX_KEYS - keysUsed());
  }

  /**
   * The number of disablement values in use, of {@link State#MAX_DISABLEMENT_VALUES}. They are
   * fixed at creation.
   */
  public int disablementValuesUsed() {
    return state.disablementValues().size();
  }

  /** The number of disablement values for which there was still room. */
  public int disablementValuesLeft() {
    return Math.max(0, State.MAX_DISABLEMENT_VALUES - disablementValuesUsed());
  }

  /**
   * The keys that could sign the addition of one more key, in the order of the state; empty if it
   * is full.
   */
  public List<Key> signersOfAddition() {
    return keysLeft() == 0 ? List.of() : signersOtherThan(Bytes.empty());
  }

  /**
   * The consequences of losing a key, whether it is gone or stolen.
   *
   * @return empty if the key is not trusted
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
   * The keys left without one key.
   *
   * @param lost the key that is gone or stolen
   * @param signersLeft the keys that could still sign, in the order of the state
   */
  public record Loss(Key lost, List<Key> signersLeft) {
    /** Copies its list. */
    public Loss {
      signersLeft = List.copyOf(signersLeft);
    }

    /** True if nobody could sign after that: the authority could only be disabled. */
    public boolean leavesNobody() {
      return signersLeft.isEmpty();
    }

    /** The total votes of the keys that could still sign. */
    public long votesLeft() {
      return signersLeft.stream().mapToLong(Key::votes).reduce(0, Votes::add);
    }

    /**
     * True if all other keys together outweigh a thief who has the lost key, so that they can
     * revoke it retroactively whatever it signed; on a tie, the kind of AUM and its hash decide.
     */
    public boolean canBeOutvoted() {
      return votesLeft() > votesOf(lost);
    }

    /** The keys that outweigh the lost one on their own, in the order of the state. */
    public List<Key> heavierAlone() {
      return signersLeft.stream().filter(key -> votesOf(key) > votesOf(lost)).toList();
    }

    private static long votesOf(Key key) {
      return Votes.add(0, key.votes());
    }
  }
}
