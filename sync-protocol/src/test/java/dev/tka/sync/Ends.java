package dev.tka.sync;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The two ends of rounds, in memory. */
final class Ends {
  private Ends() {}

  /** An authority over these AUMs, which nobody verified. */
  static LiveAuthority holding(Collection<Aum> aums) throws TkaException {
    return LiveAuthority.open(TestStores.holding(aums), AdmissionPolicy.REFERENCE, new FakeClock());
  }

  /** The same, of which all is forgotten but a checkpoint and what follows it. */
  static LiveAuthority cutAt(AumHash checkpoint, Collection<Aum> aums) throws TkaException {
    return LiveAuthority.open(
        TestStores.holding(from(checkpoint, aums), checkpoint),
        AdmissionPolicy.REFERENCE,
        new FakeClock());
  }

  /**
   * An AUM and all that follow it.
   *
   * @param aums each parent before its children
   */
  static List<Aum> from(AumHash first, Collection<Aum> aums) {
    Set<AumHash> kept = new HashSet<>();
    List<Aum> following = new ArrayList<>();
    for (Aum aum : aums) {
      if (aum.hash().equals(first) || aum.parent().filter(kept::contains).isPresent()) {
        kept.add(aum.hash());
        following.add(aum);
      }
    }
    return following;
  }

  /** Control without anything in between. */
  static NodeSync.Control<TkaException> reach(ControlEnd control) {
    return new NodeSync.Control<>() {
      @Override
      public SyncAnswer offer(SyncOffer offer) throws TkaException {
        return control.answer(offer).message();
      }

      @Override
      public SyncReceipt send(SyncSend send) throws TkaException {
        return control.receive(send).message();
      }
    };
  }

  /** Rounds until they end. */
  static SyncOutcome sync(LiveAuthority node, LiveAuthority control, AnswerPolicy policy)
      throws TkaException {
    return new NodeSync(node).run(reach(new ControlEnd(control, policy)), end -> {});
  }

  /** True for the outcomes after which the heads agree. */
  static boolean agree(SyncOutcome outcome) {
    return outcome instanceof SyncOutcome.UpToDate || outcome instanceof SyncOutcome.Converged;
  }
}
