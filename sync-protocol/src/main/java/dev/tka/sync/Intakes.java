package dev.tka.sync;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import java.util.ArrayList;
import java.util.List;

/** Takes in AUMs from the other end, see {@link Intake}. */
final class Intakes {
  private Intakes() {}

  /** Takes in AUMs that control received. */
  static Intake atControl(
      LiveAuthority live, List<Bytes> received, AdmissionPolicy rules, Thresholds.Demand demand)
      throws OpenException, StoreException {
    return take(live, received, rules, demand, false);
  }

  /** Takes in AUMs that a node received. */
  static Intake atNode(LiveAuthority live, List<Bytes> received)
      throws OpenException, StoreException {
    return take(
        live, received, live.policy(), Thresholds.Demand.NOTHING, live.policy().followsControl());
  }

  private static Intake take(
      LiveAuthority live,
      List<Bytes> received,
      AdmissionPolicy rules,
      Thresholds.Demand demand,
      boolean fromControl)
      throws OpenException, StoreException {
    long size = received.stream().mapToLong(Bytes::size).sum();
    if (size > Limits.MAX_MESSAGE_BYTES) {
      return new Intake.TooLarge(Limits.MAX_MESSAGE_BYTES, size);
    }
    Authority before = live.current();
    List<AumHash> sent = new ArrayList<>(received.size());
    List<Aum> fresh = new ArrayList<>();
    List<Integer> indexes = new ArrayList<>();
    for (int i = 0; i < received.size(); i++) {
      Bytes encoded = received.get(i);
      AumHash hash = AumHash.ofEncoding(encoded);
      sent.add(hash);
      if (before.snapshot().find(hash).isPresent()) {
        continue;
      }
      try {
        fresh.add(Aum.decode(encoded.toByteArray()));
        indexes.add(i);
      } catch (DecodeException e) {
        return new Intake.NotAnAum(i, e);
      }
    }
    int known = received.size() - fresh.size();
    boolean mayFollow = fromControl && sent.stream().anyMatch(hash -> !before.isActive(hash));
    if (fresh.isEmpty() && !mayFollow) {
      return Intake.Done.nothingNew(known);
    }
    try {
      InformResult result =
          fromControl ? live.informFromControl(fresh, sent) : live.inform(fresh, rules, demand);
      return new Intake.Done(
          result.added(),
          known + result.known(),
          result.refusals(),
          result.outweighed(),
          result.setAside(),
          result.displacedOwn());
    } catch (InformException.Refused e) {
      return new Intake.NotAccepted(indexes.get(e.index()), e);
    } catch (InformException e) {
      throw new IllegalStateException("a batch that is not empty, on an authority that is open", e);
    }
  }
}
