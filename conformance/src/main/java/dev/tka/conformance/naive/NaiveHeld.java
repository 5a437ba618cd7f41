package dev.tka.conformance.naive;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An AUM in the store of the naive model. Times are own time in seconds. */
final class NaiveHeld {
  /** The age of an unsent AUM does not count yet: a commit that is still to come. */
  static final long UNSENT = Long.MAX_VALUE;

  final Aum aum;
  final State state;
  private final @Nullable NaiveHeld parent;

  /** When it was committed here; for one of the node's own, when control acknowledged it. */
  long since;

  /** The reference time when it was taken in. */
  final long takenIn;

  /** Control sent, named or accepted it. Always so at control. */
  boolean knownToControl;

  /** The takings away of the branches that it displaced. */
  List<NaiveTaking> inherited = List.of();

  /** The AUM that control has and in whose place it was put. */
  @Nullable AumHash displaced;

  NaiveHeld(
      Aum aum,
      @Nullable NaiveHeld parent,
      State state,
      long since,
      long takenIn,
      boolean knownToControl) {
    this.aum = aum;
    this.parent = parent;
    this.state = state;
    this.since = since;
    this.takenIn = takenIn;
    this.knownToControl = knownToControl;
  }

  AumHash hash() {
    return aum.hash();
  }

  boolean isGenesis() {
    return parent == null;
  }

  /**
   * The AUM that it builds on.
   *
   * @throws IllegalStateException for the genesis
   */
  NaiveHeld parent() {
    if (parent == null) {
      throw new IllegalStateException("a genesis has no parent");
    }
    return parent;
  }

  boolean unsent() {
    return since == UNSENT;
  }

  /** The votes of a key after this AUM; 0 if it is not trusted. */
  long votes(Bytes key) {
    return state.findKey(key).map(Key::votes).orElse(0L);
  }

  /** The weight in the state at its parent (protocol, section 4). */
  long weight() {
    return parent().state.weightOf(aum);
  }

  Set<Bytes> signers() {
    Set<Bytes> ids = new LinkedHashSet<>();
    for (AumSignature signature : aum.signatures()) {
      ids.add(signature.signerId());
    }
    return ids;
  }

  /** The comparison of two children of one AUM (protocol, section 4). */
  boolean beats(NaiveHeld other) {
    if (weight() != other.weight()) {
      return weight() > other.weight();
    }
    if (aum.kind().winsTies() != other.aum.kind().winsTies()) {
      return aum.kind().winsTies();
    }
    return hash().compareTo(other.hash()) < 0;
  }
}
