package dev.tka.cli.command;

import static dev.tka.core.KeyDefect.ANYBODY_CAN_SIGN;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.KeyBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A risk: the store is sound, but an admin may come to regret it.
 *
 * @param kind a word for scripts
 * @param text the risk
 * @param advice what to do about it
 */
record Weakness(String kind, String text, Advice advice) {
  /** Twice the distance of a builder's checkpoints: an offer should not be that thin. */
  private static final int CHECKPOINT_WITHIN = 100;

  /** With less room for keys than this, it is time to tidy up. */
  private static final int ROOM_FOR_KEYS = 32;

  /**
   * The weaknesses of an authority.
   *
   * @param store its store, as named on a command line
   * @param peers a peers file, as named on a command line
   */
  static List<Weakness> of(Authority authority, String store, String peers) {
    State state = authority.state();
    List<Weakness> found = new ArrayList<>();
    // A key that anybody can sign for is a problem, not a risk; here it only counts for nothing.
    List<Key> signing = state.keys().stream().filter(Key::canSign).toList();
    for (Key key : state.keys()) {
      if (!signing.contains(key) && !key.defect().equals(Optional.of(ANYBODY_CAN_SIGN))) {
        found.add(
            new Weakness(
                "undecodable-key",
                Texts.keyId(key.id()) + " is trusted but can never sign: it is not an Ed25519 key",
                key.id().size() == LockPublicKey.SIZE
                    ? Advice.removeKey(store, key.id(), peers, "then add the key that was intended")
                    : Advice.person("it cannot be named to remove it, and does no harm")));
      }
    }
    if (signing.size() == 1) {
      found.add(
          new Weakness(
              "one-signing-key",
              "there is only one signing key: without it nobody can sign, and a thief of it"
                  + " cannot be revoked",
              Advice.addKey(store, 1, "add a key that is kept elsewhere")));
    } else {
      addOutvoting(state, signing, store, found);
    }
    KeyBudget budget = new KeyBudget(state);
    if (budget.keysLeft() < ROOM_FOR_KEYS) {
      found.add(
          new Weakness(
              "many-keys",
              budget.keysUsed()
                  + " keys are trusted, and a checkpoint holds at most "
                  + State.MAX_KEYS,
              Advice.removeKeys(
                  store,
                  " " + Advice.KEY,
                  peers,
                  "for each key that is not needed, to be removed with others in one command")));
    }
    if (budget.disablementValuesUsed() == 1) {
      found.add(
          new Weakness(
              "one-disablement-value",
              "there is only one disablement secret: if it is lost, nobody can end the authority",
              Advice.person(
                  "keep it in two places; secrets can only be made with the authority ('tka init"
                      + " --gen-disablements')")));
    }
    if (lacksCheckpoint(authority)) {
      found.add(
          new Weakness(
              "no-recent-checkpoint",
              "the last "
                  + CHECKPOINT_WITHIN
                  + " AUMs hold no checkpoint: shipping nodes may not find common ground",
              signing.isEmpty()
                  ? Advice.person("any edit adds one, but no key can sign")
                  : Advice.makeCheckpoint(store, signing.get(0).id(), signing.get(0).votes())));
    }
    return found;
  }

  private static void addOutvoting(
      State state, List<Key> signing, String store, List<Weakness> found) {
    KeyBudget budget =
        new KeyBudget(
            State.of(state.disablementValues(), signing, state.stateId1(), state.stateId2()));
    for (Key key : signing) {
      KeyBudget.Loss loss = budget.lossOf(key.id()).orElseThrow();
      if (!loss.canBeOutvoted()) {
        found.add(
            new Weakness(
                "outvoting-key",
                Texts.keyId(key.id())
                    + " has "
                    + Texts.count(key.votes(), "vote")
                    + ", all others together have "
                    + loss.votesLeft()
                    + ": if it is stolen, they cannot be sure to revoke it",
                Advice.addKey(
                    store,
                    key.votes() - loss.votesLeft() + 1,
                    "another key of that many votes is enough; or change votes ('tka update')")));
      }
    }
  }

  private static boolean lacksCheckpoint(Authority authority) {
    return authority.length() >= CHECKPOINT_WITHIN
        && authority.checkpoints().stream()
            .limit(1)
            .flatMap(newest -> authority.activeAfter(newest).stream())
            .noneMatch(after -> after.size() < CHECKPOINT_WITHIN);
  }
}
