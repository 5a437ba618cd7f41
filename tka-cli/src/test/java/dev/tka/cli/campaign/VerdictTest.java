package dev.tka.cli.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.campaign.Verdict.Fault;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The campaign's checker finds what is planted, and nothing where nothing is. */
class VerdictTest {
  private final List<Call> calls = new ArrayList<>();
  private int time;

  /** Two edits, one of them with an answer to its second attempt only; g is the genesis. */
  VerdictTest() {
    add("begin", "begin", "begin", Call.OK, "", "g", "");
    edit("a1", "g", "x", Call.OK);
    edit("b1", "g", "w", "conflict");
    edit("a2", "x", "y", Call.NONE);
    edit("a2", "x", "y", Call.OK);
    edit("a3", "y", "z", Call.OK);
    edit("b2", "z", "v", Call.NONE);
  }

  private void add(
      String op, String who, String what, String answer, String parent, String hash, String head) {
    time += 10;
    calls.add(new Call(op, who, "old-1", "t", what, time, time + 5, answer, parent, hash, head));
  }

  private void edit(String op, String parent, String hash, String answer) {
    add(op, op.substring(0, 1), "edit", answer, parent, hash, "");
  }

  private void read(String what, String head) {
    add("r" + time, "r", what, Call.OK, "", "", head);
  }

  private void node(String what, String op, String answer, String key, String signature) {
    add(op, "c", what, answer, "7", key, signature);
  }

  private void requireOnly(Fault... faults) {
    Verdict verdict = Verdict.of(calls);
    for (Fault each : Fault.values()) {
      assertThat(verdict.found(each).isEmpty())
          .as("%s in %s", each, verdict)
          .isEqualTo(!List.of(faults).contains(each));
    }
    assertThat(verdict.isGood()).isEqualTo(faults.length == 0);
  }

  @Test
  void whatIsInOrderIsNotBlamed() {
    read("offer", "y");
    read("offer", "z");
    read("end", "z");
    requireOnly();
  }

  @Test
  void anEditWithoutAnAnswerMayBeThereOrNot() {
    read("end", "v");
    requireOnly();
  }

  @Test
  void anAcknowledgedEditThatIsNotThereIsLost() {
    edit("a4", "z", "u", Call.OK);
    read("end", "z");
    requireOnly(Fault.LOST);
  }

  @Test
  void twoEditsAcknowledgedOnOneParentAreOneLostAndOneDoubled() {
    edit("a4", "z", "u", Call.OK);
    edit("b4", "z", "u2", Call.OK);
    read("end", "u");
    requireOnly(Fault.LOST, Fault.DOUBLED);
  }

  @Test
  void anEditThatWasRefusedAndIsThereIsDoubled() {
    edit("a4", "z", "u", "conflict");
    read("end", "u");
    requireOnly(Fault.DOUBLED);
  }

  @Test
  void aRevocationTakesAwayWhatCameBeforeIt() {
    read("holds", "z");
    add("a5", "a", "revoke", Call.OK, "x", "R", "");
    read("holds", "R");
    read("end", "R");
    requireOnly();
  }

  @Test
  void aRevocationDoesNotExcuseWhatWasAcknowledgedAfterIt() {
    add("a5", "a", "revoke", Call.OK, "x", "R", "");
    edit("b5", "z", "u", Call.OK);
    read("end", "R");
    requireOnly(Fault.LOST);
  }

  @Test
  void aHeadThatGoesBackIsFoundWhoeverSeesIt() {
    for (String what : List.of("offer", "holds", "announced")) {
      int before = calls.size();
      read(what, "z");
      read(what, "y");
      read("end", "z");
      requireOnly(Fault.WENT_BACK);
      calls.subList(before, calls.size()).clear();
    }
  }

  @Test
  void aLockThatAnObserverNoLongerSeesIsForgotten() {
    for (String what : List.of("holds", "announced")) {
      int before = calls.size();
      read(what, "z");
      read(what, "");
      read(what, "z");
      read("end", "z");
      requireOnly(Fault.FORGOTTEN);
      calls.subList(before, calls.size()).clear();
    }
  }

  @Test
  void aTailnetOrANodeThatIsKnownAndIsCalledUnknownIsForgotten() {
    for (String code : List.of("unknown-tailnet", "unknown-node")) {
      for (String what : List.of("offer", "edit", "login", "theft")) {
        int before = calls.size();
        add("a4", "a", what, "refused", "z", "u", code);
        read("end", "z");
        requireOnly(Fault.FORGOTTEN);
        calls.subList(before, calls.size()).clear();
      }
    }
  }

  @Test
  void aSignatureForAKeyThatIsNoLongerANodesIsRefusedOnlyIfALoginHungOrARestoreTookTheKeyAway() {
    node("login", "c1", Call.OK, "k1", "");
    node("sign", "c2", "refused", "k1", "unknown-node");
    read("end", "z");
    requireOnly(Fault.FORGOTTEN);
    calls.add(0, calls.get(7).with(Call.NONE));
    requireOnly();
    calls.remove(0);
    restore((int) calls.get(7).begun());
    requireOnly();
  }

  @Test
  void anAnnouncementMayBeOlderThanThatOfAnotherServer() {
    read("announced", "z");
    calls.add(new Call("r9", "r", "old-2", "t", "announced", 900, 901, Call.OK, "", "", "y"));
    read("end", "z");
    requireOnly();
  }

  @Test
  void aPeerThatNobodySignedIsNotKept() {
    node("login", "c1", Call.OK, "k1", "");
    add("agent/keeps/1", "agent", "keeps", Call.OK, "7", "k1", "");
    read("end", "z");
    requireOnly(Fault.UNSIGNED);
  }

  @Test
  void aSignatureThatWasRefusedIsNone() {
    node("login", "c1", Call.OK, "k1", "");
    node("sign", "c2", "refused", "k1", "s1");
    add("agent/keeps/1", "agent", "keeps", Call.OK, "7", "k1", "");
    read("end", "z");
    requireOnly(Fault.UNSIGNED);
    calls.add(0, calls.get(calls.size() - 3).with(Call.NONE));
    requireOnly();
  }

  @Test
  void aLoginWithoutAnAnswerMayHaveBeenDoneOrNot() {
    node("login", "c1", Call.OK, "k1", "");
    node("login", "c2", Call.NONE, "k2", "");
    read("end", "z");
    for (String left : List.of("k1", "k2")) {
      node("endNode", "last", Call.OK, left, "");
      requireOnly();
    }
  }

  @Test
  void aSignatureThatWasAcknowledgedStays() {
    node("login", "c1", Call.OK, "k1", "");
    node("sign", "c2", Call.OK, "k1", "s1");
    node("endNode", "last", Call.OK, "k1", "s1");
    add("agent/keeps/1", "agent", "keeps", Call.OK, "7", "k1", "");
    read("end", "z");
    requireOnly();
    node("endNode", "last", Call.OK, "k1", "");
    requireOnly(Fault.SIGNATURE);
  }

  @Test
  void aKeyOfBeforeComesBackOnlyByARequestThatHung() {
    node("login", "c1", Call.OK, "k1", "");
    node("login", "c2", Call.OK, "k2", "");
    node("endNode", "last", Call.OK, "k1", "");
    read("end", "z");
    requireOnly(Fault.SIGNATURE);
    calls.add(0, calls.get(7).with(Call.NONE));
    requireOnly();
  }

  /** From now on, the tailnet has left the servers whose names begin with old. */
  private void leave() {
    time += 10;
    calls.add(
        new Call("m1", "mover", "old", "t", "fence", time, Long.MAX_VALUE, Call.OK, "", "", ""));
  }

  @Test
  void aWriteAtThePlaceThatWasLeftIsFound() {
    leave();
    edit("a4", "z", "u", Call.OK);
    read("end", "u");
    requireOnly(Fault.FENCE);
  }

  @Test
  void aWriteAtThePlaceThatWasLeftIsFoundEvenIfAnAttemptBeganBefore() {
    edit("a4", "z", "u", Call.NONE);
    leave();
    edit("a4", "z", "u", Call.OK);
    read("end", "u");
    requireOnly(Fault.FENCE);
  }

  @Test
  void aFenceThatNobodyTriedSaysNothing() {
    leave();
    edit("a4", "z", "u", Call.NONE);
    add("a5", "a", "moved", "moved", "", "", "offer");
    read("end", "z");
    requireOnly(Fault.UNTRIED);
    add("a6", "a", "moved", "moved", "", "", "login");
    requireOnly();
  }

  /** What was done from {@code copied} to now is gone. */
  private void restore(int copied) {
    add("m1", "restorer", "restore", Call.OK, Integer.toString(copied), "", "x");
  }

  @Test
  void aRestoreTakesAwayWhatWasDoneBetweenItsCopyAndItsEndAndNothingElse() {
    read("offer", "z");
    restore((int) calls.get(1).ended());
    read("offer", "x");
    edit("a4", "x", "u", Call.OK);
    read("end", "u");
    requireOnly();
    edit("a5", "u", "t", Call.OK);
    requireOnly(Fault.LOST);
  }

  @Test
  void aRestoreDoesNotExcuseTheLossOfAnEditThatIsOlderThanItsCopy() {
    restore(time + 6);
    read("end", "x");
    requireOnly(Fault.LOST);
  }

  @Test
  void aRestoreDoesNotExcuseAHeadThatIsOlderThanItsCopy() {
    read("offer", "z");
    restore(time + 6);
    read("offer", "x");
    read("end", "z");
    requireOnly(Fault.WENT_BACK);
  }

  @Test
  void aRestoreTakesAwayTheLoginsThatAreNewerThanItsCopyAndNoOthers() {
    node("login", "c1", Call.OK, "k1", "");
    node("login", "c2", Call.OK, "k2", "");
    int copied = time + 6;
    node("login", "c3", Call.OK, "k3", "");
    restore(copied);
    read("end", "z");
    for (String left : List.of("k2", "k3")) {
      node("endNode", "last", Call.OK, left, "");
      requireOnly();
    }
    node("endNode", "last", Call.OK, "k1", "");
    requireOnly(Fault.SIGNATURE);
  }

  @Test
  void aRestoreDoesNotExcuseTheLossOfASignatureThatIsOlderThanItsCopy() {
    node("login", "c1", Call.OK, "k1", "");
    node("sign", "c2", Call.OK, "k1", "s1");
    restore(time + 6);
    read("end", "z");
    node("endNode", "last", Call.OK, "k1", "");
    requireOnly(Fault.SIGNATURE);
  }

  @Test
  void aThiefsUpdateOnTheChainOrAtAnObserverIsFound() {
    add("t1", "thief", "theft", "refused", "z", "T", "");
    read("end", "z");
    requireOnly();
    read("holds", "T");
    requireOnly(Fault.THEFT);
  }
}
