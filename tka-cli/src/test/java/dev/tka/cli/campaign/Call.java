package dev.tka.cli.campaign;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line of a history: a request and what came back, or what an observer saw. Texts that do not
 * apply are empty.
 *
 * @param op alike in the attempts of one operation
 * @param who sent it, one thing after the other
 * @param at the server that was asked
 * @param what begin, edit, revoke, theft, offer, giveBack, login, sign, restore, fence; moved if
 *     the answer was only where the tailnet lives; of observers holds, announced, keeps; of faults
 *     fault, served; at the end end, endNode
 * @param begun when, in nanoseconds of this process
 * @param ended when the answer was there, or was no longer waited for
 * @param answer {@link #OK}, {@link #NONE}, conflict, refused or moved
 * @param parent of the first AUM; of a node its number; of a restore when its copy was begun
 * @param hash of the last AUM; of a node its key
 * @param head that was answered or seen; of a node its signature, of a fault its kind; of what was
 *     not done the code of the error, or what was to be done where it was moved; empty where an
 *     observer sees no lock
 */
record Call(
    String op,
    String who,
    String at,
    String tailnet,
    String what,
    long begun,
    long ended,
    String answer,
    String parent,
    String hash,
    String head) {
  /** It was done. */
  static final String OK = "ok";

  /** Nobody knows whether it was done, or will be. */
  static final String NONE = "none";

  /** What somebody sees at a time. */
  static Call seen(String who, String at, String tailnet, String what, long when, String head) {
    return new Call(who + "/" + when, who, at, tailnet, what, when, when, OK, "", "", head);
  }

  Call with(String otherAnswer) {
    return new Call(op, who, at, tailnet, what, begun, ended, otherAnswer, parent, hash, head);
  }

  boolean isOk() {
    return answer.equals(OK);
  }

  boolean isUnknown() {
    return answer.equals(NONE);
  }

  String json() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("op", op);
    line.put("who", who);
    line.put("at", at);
    line.put("tailnet", tailnet);
    line.put("what", what);
    line.put("begun", begun);
    line.put("ended", ended);
    line.put("answer", answer);
    line.put("parent", parent);
    line.put("hash", hash);
    line.put("head", head);
    line.values().removeIf(""::equals);
    try {
      return JSON.std.asString(line);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
