package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Authorities that share what they know of signatures: one that verified for any of them is not
 * checked again for the others. For simulations of many nodes with real signatures.
 */
public final class SharedVerification {
  private final SignatureVerifier signatures = SignatureVerifier.fastest();
  private final Set<SignatureVerifier.Claim> verified = ConcurrentHashMap.newKeySet();
  private final AumVerifier verifier = new AumVerifier(this::firstInvalid);

  /** A verifier that shares them, too. */
  public AumVerifier verifier() {
    return verifier;
  }

  /** As {@link LiveAuthority#open} does. */
  public LiveAuthority open(AumStore store, AdmissionPolicy policy, Clocks clocks)
      throws OpenException, StoreException {
    return LiveAuthority.open(store, policy, clocks, verifier);
  }

  /** As {@link LiveAuthority#bootstrap} does. */
  public LiveAuthority bootstrap(
      AumStore store, Aum checkpoint, AdmissionPolicy policy, Clocks clocks)
      throws InformException, OpenException, StoreException {
    return LiveAuthority.bootstrap(store, checkpoint, policy, clocks, verifier);
  }

  private OptionalInt firstInvalid(List<SignatureVerifier.Claim> claims) {
    for (int i = 0; i < claims.size(); i++) {
      SignatureVerifier.Claim claim = claims.get(i);
      if (!verified.contains(claim)) {
        if (!signatures.verifyZip215(claim)) {
          return OptionalInt.of(i);
        }
        verified.add(claim);
      }
    }
    return OptionalInt.empty();
  }
}
