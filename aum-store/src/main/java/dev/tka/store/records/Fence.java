package dev.tka.store.records;

import java.net.URI;
import java.time.Instant;
import java.util.Optional;

/**
 * Whether a tailnet lives at a place (service, section 7). It is kept in the tailnet's row there,
 * and the place makes every write only under it: one that was decided before the tailnet was moved
 * cannot be made afterwards, whoever makes it and however late.
 *
 * @param epoch how often it changed; every change raises it by one
 * @param move names the last move that changed it, alike at the source and at the target; empty if
 *     none ever did
 * @param standing whether the tailnet lives here
 */
public record Fence(long epoch, Optional<String> move, Standing standing) {
  /** That of a tailnet that was never moved. */
  public static final Fence NONE = new Fence(0, Optional.empty(), new Standing.Open());

  /** Whether a tailnet lives at a place. */
  public sealed interface Standing {
    /** It lives here: everybody reads and writes it. */
    record Open() implements Standing {}

    /**
     * It lives here, and a move is about to switch: it is read, and writes wait. A move that ended
     * in between leaves this behind, so others open it again when it is old; the move then fails,
     * since the epoch is another one. Time decides only how long they wait.
     *
     * @param since when it was fenced
     */
    record Fenced(Instant since) implements Standing {}

    /**
     * It lives elsewhere. What is here stays as it was, as a way back, and only {@link
     * ControlRecords#under} shows it.
     *
     * @param to the place where it lives, in words, without a password
     * @param server where the servers of that place are, for who asks here; empty if nobody said
     * @param at when it was moved
     */
    record Moved(String to, Optional<URI> server, Instant at) implements Standing {}

    /**
     * It lives elsewhere, and this is a copy of it that is not finished. Only {@link
     * ControlRecords#under} shows and changes it.
     *
     * @param from the place where it lives, in words, without a password
     * @param server where the servers of that place are, if this place said so before it became a
     *     copy: a way back that is undone leaves it as it was
     */
    record Shadow(String from, Optional<URI> server) implements Standing {
      /** A copy at a place that said nothing before. */
      public Shadow(String from) {
        this(from, Optional.empty());
      }
    }
  }

  /** The next one, by a move. */
  public Fence next(String by, Standing other) {
    return new Fence(epoch + 1, Optional.of(by), other);
  }

  /** The next one, by the same move as this one. */
  public Fence next(Standing other) {
    return new Fence(epoch + 1, move, other);
  }

  /**
   * The fence that a copy of this place needs before it takes the place: a tailnet that was moved
   * away is not open here again because an older copy says so. The epoch is above both, so a move
   * that is under way fails, and looks again.
   *
   * @param copied the fence in the copy
   * @return empty if the one in the copy may stay
   */
  public Optional<Fence> keptOver(Fence copied) {
    return isOpen() || equals(copied)
        ? Optional.empty()
        : Optional.of(new Fence(Math.max(epoch, copied.epoch) + 1, move, standing));
  }

  /** What is to be said of a tailnet whose fence is not open, after its name. */
  public String words() {
    if (standing instanceof Standing.Moved moved) {
      return "was moved to " + moved.to();
    }
    if (standing instanceof Standing.Shadow shadow) {
      return "is a copy that is not finished, of that in " + shadow.from();
    }
    return "is being moved to another place: try again";
  }

  /** Whether everybody reads and writes the tailnet here. */
  public boolean isOpen() {
    return standing instanceof Standing.Open;
  }

  /** Whether the tailnet lives here: it is read, and if it cannot be written, that is soon over. */
  public boolean livesHere() {
    return isOpen() || standing instanceof Standing.Fenced;
  }
}
