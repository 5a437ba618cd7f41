package dev.tka.core.authority;

import static dev.tka.core.KeyDefect.ANYBODY_CAN_SIGN;

import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.nodekey.KeyAlarm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A fault in an authority's keys, or a risk: all is well, but an admin may come to regret it.
 *
 * @param kind a word for programs
 * @param text the fault or risk, as a sentence without its full stop
 * @param why what the remedy does and when it is right, without the full stop
 * @param remedy what to do about it
 */
public record Weakness(String kind, String text, String why, Remedy remedy) {
  /** Twice the distance of a builder's checkpoints: an offer should not be that thin. */
  private static final int CHECKPOINT_WITHIN = 100;

  /** With less room for keys than this, it is time to tidy up. */
  private static final int ROOM_FOR_KEYS = 32;

  /** What helps where no key does. */
  public static final String ONLY_DISABLEMENT =
      "if no trusted key is left, only a disablement secret helps: it ends the lock, in control's"
          + " store and on every node; then make a new one with 'tka init'";

  /** What to do about it. */
  public sealed interface Remedy {
    /**
     * Trust another key.
     *
     * @param votes the votes that it needs
     */
    record AddKey(long votes) implements Remedy {}

    /** Remove a key. */
    record RemoveKey(Bytes keyId) implements Remedy {}

    /** Remove keys of the reader's choice. */
    record RemoveKeys() implements Remedy {}

    /** Make an edit that changes nothing, with which comes a checkpoint. */
    record KeepVotes(Bytes keyId, long votes) implements Remedy {}

    /** End the lock with a disablement secret. */
    record Disable() implements Remedy {}

    /** What no command carries out. */
    record ByHand() implements Remedy {}
  }

  /** Trusted keys that anybody can sign for, or none that can sign (service, section 8). */
  public static List<Weakness> faultsOf(State state) {
    List<Weakness> found = new ArrayList<>();
    boolean curable = state.keys().stream().anyMatch(Key::canSign);
    for (KeyAlarm alarm : KeyAlarm.ofTrusted(state)) {
      if (alarm.isAnybodys()) {
        found.add(
            new Weakness(
                alarm.defect().kind(),
                alarm.text(),
                curable
                    ? "until then anybody can remove all other keys. Whatever it signed may be"
                        + " anybody's: 'tka log' shows it"
                    : ONLY_DISABLEMENT,
                curable ? new Remedy.RemoveKey(alarm.key()) : new Remedy.Disable()));
      }
    }
    if (!curable && found.isEmpty()) {
      found.add(
          new Weakness(
              "nobody-can-sign",
              "no trusted key can ever sign",
              ONLY_DISABLEMENT,
              new Remedy.Disable()));
    }
    return found;
  }

  /** The risks of an authority. */
  public static List<Weakness> of(Authority authority) {
    State state = authority.state();
    List<Weakness> found = new ArrayList<>();
    // A key that anybody can sign for is a problem, not a risk; here it only counts for nothing.
    List<Key> signing = state.keys().stream().filter(Key::canSign).toList();
    for (Key key : state.keys()) {
      if (!signing.contains(key) && !key.defect().equals(Optional.of(ANYBODY_CAN_SIGN))) {
        boolean named = key.id().size() == LockPublicKey.SIZE;
        found.add(
            new Weakness(
                "undecodable-key",
                LockPublicKey.textOf(key.id())
                    + " is trusted but can never sign: it is not an Ed25519 key",
                named
                    ? "then add the key that was intended"
                    : "it cannot be named to remove it, and does no harm",
                named ? new Remedy.RemoveKey(key.id()) : new Remedy.ByHand()));
      }
    }
    if (signing.size() == 1) {
      found.add(
          new Weakness(
              "one-signing-key",
              "there is only one signing key: without it nobody can sign, and a thief of it"
                  + " cannot be revoked",
              "add a key that is kept elsewhere",
              new Remedy.AddKey(1)));
    } else {
      addOutvoting(state, signing, found);
    }
    KeyBudget budget = new KeyBudget(state);
    if (budget.keysLeft() < ROOM_FOR_KEYS) {
      found.add(
          new Weakness(
              "many-keys",
              budget.keysUsed()
                  + " keys are trusted, and a checkpoint holds at most "
                  + State.MAX_KEYS,
              "for each key that is not needed, to be removed with others in one command",
              new Remedy.RemoveKeys()));
    }
    if (budget.disablementValuesUsed() == 1) {
      found.add(
          new Weakness(
              "one-disablement-value",
              "there is only one disablement secret: if it is lost, nobody can end the authority",
              "keep it in two places; secrets can only be made with the authority ('tka init"
                  + " --gen-disablements')",
              new Remedy.ByHand()));
    }
    if (lacksCheckpoint(authority)) {
      found.add(
          new Weakness(
              "no-recent-checkpoint",
              "the last "
                  + CHECKPOINT_WITHIN
                  + " AUMs hold no checkpoint: shipping nodes may not find common ground",
              signing.isEmpty()
                  ? "any edit adds one, but no key can sign"
                  : "any edit adds one, such as giving a key the votes that it has",
              signing.isEmpty()
                  ? new Remedy.ByHand()
                  : new Remedy.KeepVotes(signing.get(0).id(), signing.get(0).votes())));
    }
    return found;
  }

  private static void addOutvoting(State state, List<Key> signing, List<Weakness> found) {
    KeyBudget budget = KeyBudget.ofSigners(state);
    for (Key key : signing) {
      KeyBudget.Loss loss = budget.lossOf(key.id()).orElseThrow();
      if (!loss.canBeOutvoted()) {
        found.add(
            new Weakness(
                "outvoting-key",
                LockPublicKey.textOf(key.id())
                    + " has "
                    + key.votes()
                    + (key.votes() == 1 ? " vote" : " votes")
                    + ", all others together have "
                    + loss.votesLeft()
                    + ": if it is stolen, they cannot be sure to revoke it",
                "another key of that many votes is enough; or change votes ('tka update')",
                new Remedy.AddKey(key.votes() - loss.votesLeft() + 1)));
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
