package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.DecodeException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.Marks;
import java.util.List;

/**
 * What became of AUMs that came from the other end: all were taken in, or none. One that is stored
 * already is told by its hash, without being decoded.
 */
public sealed interface Intake {
  /** What one message carries at most: some 170,000 AUMs of the usual length. */
  int MAX_MESSAGE_BYTES = 32 << 20;

  /**
   * The largest AUM that control takes, so that none can block the way to nodes (protocol, section
   * 10). The largest well-formed checkpoint is about 350 KiB.
   */
  int MAX_AUM_BYTES = 512 << 10;

  /**
   * They are taken in.
   *
   * @param added the AUMs that were new, in order
   * @param known how many were stored already
   * @param refusals what the admission policy kept out
   * @param setAside unsent edits that had to go for what was admitted
   * @param displacedOwn AUMs that were made here, that control once had, and that are not on the
   *     active chain any more
   */
  record Done(
      List<AumHash> added,
      int known,
      List<Refusal> refusals,
      List<Marks.SetAside> setAside,
      List<AumHash> displacedOwn)
      implements Intake {
    /** Copies the lists. */
    public Done {
      added = List.copyOf(added);
      refusals = List.copyOf(refusals);
      setAside = List.copyOf(setAside);
      displacedOwn = List.copyOf(displacedOwn);
    }

    /** Of so many AUMs, none was new. */
    static Done nothingNew(int known) {
      return new Done(List.of(), known, List.of(), List.of(), List.of());
    }
  }

  /** They are not; the store is as it was. */
  sealed interface Rejected extends Intake {
    /** A word for programs, which stays as it is: {@code too-large}. */
    String kind();

    /** What is wrong, on one line: which AUM, what was expected, what was found. */
    String reason();
  }

  /** The message, or one AUM of it, is too long. */
  record TooLarge(String what, int limit, long found) implements Rejected {
    @Override
    public String kind() {
      return "too-large";
    }

    @Override
    public String reason() {
      return what + ": expected at most " + limit + " bytes, found " + found;
    }
  }

  /**
   * These bytes are no AUM.
   *
   * @param index counted from 0
   */
  record NotAnAum(int index, DecodeException cause) implements Rejected {
    @Override
    public String kind() {
      return "not-an-aum";
    }

    @Override
    public String reason() {
      return "AUM " + index + ": " + cause.getMessage();
    }
  }

  /**
   * An AUM is not accepted.
   *
   * @param index counted from 0
   */
  record NotAccepted(int index, InformException.Refused cause) implements Rejected {
    @Override
    public String kind() {
      return "not-accepted";
    }

    @Override
    public String reason() {
      return "AUM " + index + ": " + cause.reason();
    }
  }
}
