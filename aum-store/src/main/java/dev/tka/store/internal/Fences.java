package dev.tka.store.internal;

import dev.tka.core.store.StoreException;
import dev.tka.store.records.Fence;
import java.util.Optional;

/** Decides what may be done at a place under a tailnet's fence (service, section 7). */
public final class Fences {
  private Fences() {}

  /**
   * The fence under which a move reads and writes a tailnet, and its retired authorities.
   *
   * @param tailnet its name
   */
  public record Held(String tailnet, Fence fence) {
    /** The fence that is held of a tailnet, if it is this one. */
    public static Optional<Fence> of(Optional<Held> held, String tailnet) {
      return held.filter(each -> each.tailnet.equals(tailnet)).map(Held::fence);
    }
  }

  /**
   * Checks that a tailnet may be read.
   *
   * @param held the fence under which it is read; empty for everybody but a move
   * @throws StoreException.Fenced if it may not
   */
  public static void requireReading(String tailnet, Fence found, Optional<Fence> held)
      throws StoreException.Fenced {
    require(tailnet, found, held, found.livesHere());
  }

  /**
   * Checks that a tailnet may be written.
   *
   * @param held the fence under which it is written; empty for everybody but a move
   * @throws StoreException.Fenced if it may not
   */
  public static void requireWriting(String tailnet, Fence found, Optional<Fence> held)
      throws StoreException.Fenced {
    require(tailnet, found, held, found.isOpen());
  }

  private static void require(String tailnet, Fence found, Optional<Fence> held, boolean forAll)
      throws StoreException.Fenced {
    if (held.isEmpty() ? !forAll : !held.get().equals(found)) {
      throw fenced(tailnet, found, held);
    }
  }

  /** Says where a tailnet lives, or that a move no longer holds its fence. */
  public static StoreException.Fenced fenced(String tailnet, Fence found, Optional<Fence> held) {
    String what = "tailnet \"" + tailnet + "\" ";
    if (held.isPresent()) {
      what +=
          "is no longer held by this move: expected its fence at epoch "
              + held.get().epoch()
              + ", found epoch "
              + found.epoch();
    } else {
      what += found.words();
    }
    return new StoreException.Fenced(tailnet, what);
  }

  /**
   * Checks a change of a fence.
   *
   * @throws IllegalArgumentException unless the epoch afterwards is the next one
   */
  public static void requireNext(Fence before, Fence after) {
    if (after.epoch() != before.epoch() + 1) {
      throw new IllegalArgumentException(
          "expected the fence's epoch " + (before.epoch() + 1) + ", found " + after.epoch());
    }
  }

  /**
   * Checks that a fence is the one that a change of it is based on.
   *
   * @throws StoreException.Conflict if it is another
   */
  public static void requireSame(String tailnet, Fence found, Fence before)
      throws StoreException.Conflict {
    if (!found.equals(before)) {
      throw RecordConflicts.fence(tailnet, before, found);
    }
  }

  /**
   * Whether a change of a fence makes a copy of what may live here. A copy is cleared and filled,
   * so nothing may be here then, also of what was made since somebody looked.
   */
  public static boolean beginsCopy(Fence before, Fence after) {
    return before.livesHere() && after.standing() instanceof Fence.Standing.Shadow;
  }
}
