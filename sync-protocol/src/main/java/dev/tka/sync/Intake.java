package dev.tka.sync;

import dev.tka.core.AumHash;
import dev.tka.core.DecodeException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.store.OwnAums;
import java.util.List;

/**
 * The result of taking in AUMs from the other end: all were taken in, or none. AUMs already stored
 * are recognized by hash, without being decoded.
 */
public sealed interface Intake {
  /**
   * The AUMs were taken in.
   *
   * @param added the AUMs that were new, in order
   * @param known the number of AUMs that were stored already
   * @param refusals the AUMs that the admission policy kept out
   * @param outweighed AUMs that were added although they can never win: a few are kept
   * @param setAside unsent edits that had to make way for the admitted AUMs
   * @param displacedOwn local AUMs that control had accepted and that are no longer on the active
   *     chain
   */
  record Done(
      List<AumHash> added,
      int known,
      List<Refusal> refusals,
      List<Refusal.Outweighed> outweighed,
      List<OwnAums.SetAside> setAside,
      List<AumHash> displacedOwn)
      implements Intake {
    /** Copies the lists. */
    public Done {
      added = List.copyOf(added);
      refusals = List.copyOf(refusals);
      outweighed = List.copyOf(outweighed);
      setAside = List.copyOf(setAside);
      displacedOwn = List.copyOf(displacedOwn);
    }

    /** The result for AUMs of which none was new. */
    static Done nothingNew(int known) {
      return new Done(List.of(), known, List.of(), List.of(), List.of(), List.of());
    }
  }

  /** The AUMs were not taken in; the store is unchanged. */
  sealed interface Rejected extends Intake {
    /** A stable identifier for programs, such as {@code too-large}. */
    String kind();

    /** The problem, on one line: which AUM, what was expected, what was found. */
    String reason();
  }

  /**
   * The AUMs of the message are too long together. A single one is refused by the admission policy,
   * see {@link Refusal.TooLong}.
   *
   * @param limit the limit, in bytes
   * @param found the size, in bytes
   */
  record TooLarge(int limit, long found) implements Rejected {
    @Override
    public String kind() {
      return "too-large";
    }

    @Override
    public String reason() {
      return "AUMs of one message: expected at most " + limit + " bytes, found " + found;
    }
  }

  /**
   * The bytes are not an AUM.
   *
   * @param index the position in the message, counted from 0
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
   * An AUM was refused.
   *
   * @param index the position in the message, counted from 0
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
