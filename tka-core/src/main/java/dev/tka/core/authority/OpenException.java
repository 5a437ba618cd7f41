package dev.tka.core.authority;

import dev.tka.core.ApplyException;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.TkaException;
import java.util.List;

/** A store from which no authority can be opened (protocol, section 4, "Opening a store"). */
public abstract sealed class OpenException extends TkaException {

  private OpenException(String message) {
    super(message);
  }

  private OpenException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The store is empty. */
  public static final class EmptyStore extends OpenException {

    EmptyStore() {
      super("the store holds no AUM");
    }
  }

  /** The store holds several unrelated chains, and its record does not say which one is active. */
  public static final class UnrelatedChains extends OpenException {
    private final List<AumHash> oldest;

    UnrelatedChains(List<AumHash> oldest, String record) {
      super(
          "several unrelated chains, and the last active ancestor is "
              + record
              + ": they begin at "
              + String.join(", ", oldest.stream().limit(MAX_NAMED).map(AumHash::toString).toList())
              + (oldest.size() > MAX_NAMED ? " and " + (oldest.size() - MAX_NAMED) + " more" : ""));
      this.oldest = oldest;
    }

    private static final int MAX_NAMED = 4;

    /** The oldest stored AUM of each chain, ordered by hash. */
    public List<AumHash> oldest() {
      return oldest;
    }
  }

  /** The oldest stored AUM does not determine the state before it. */
  public static final class OldestWithoutState extends OpenException {

    OldestWithoutState(AumHash hash, AumKind kind, String parent) {
      super(
          "the oldest AUM "
              + hash
              + " must be a checkpoint or a genesis, found "
              + kind
              + " with parent "
              + parent);
    }
  }

  /** The AUM that fork resolution selects cannot be applied. */
  public static final class CannotApply extends OpenException {

    CannotApply(ApplyException cause) {
      super("the active chain cannot be replayed: " + cause.getMessage(), cause);
    }
  }
}
