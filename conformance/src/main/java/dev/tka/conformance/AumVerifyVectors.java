package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.MemoryAumStore;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** {@code aum-verify.jsonl}: one AUM against one state. */
final class AumVerifyVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    String op = golden.text("op");
    Optional<Bytes> genesis = golden.optionalHex("state_cbor");
    Bytes encoded = golden.hex("aum");
    boolean oddParent = golden.optionalFlag("odd_parent");
    boolean decodable = golden.flag("canonical") && !oddParent;
    boolean validToReference = golden.flag("valid");
    boolean valid = validToReference && decodable;
    golden.requireError("error", !validToReference);
    Mismatch.require(
        "resulting state present",
        validToReference,
        golden.optionalText("resulting_head").isPresent()
            && golden.optionalText("resulting_state").isPresent());
    Optional<Long> weight = golden.optionalUnsigned("weight");
    MemoryAumStore store = new MemoryAumStore();
    Optional<LiveAuthority> live =
        genesis.isPresent()
            ? Optional.of(begin(store, Golden.decode(genesis.get())))
            : Optional.empty();
    AumSnapshot before = store.read();
    Authority after;
    try {
      Aum aum = Aum.decode(encoded.toByteArray());
      if (!decodable) {
        throw new Mismatch("expected to be refused at decoding, decoded as " + aum);
      }
      if (live.isPresent() && weight.isPresent()) {
        Mismatch.require("weight", weight.get(), live.get().current().state().weightOf(aum));
      }
      after =
          switch (op) {
            case "inform" -> {
              if (live.isEmpty()) {
                throw new Mismatch("inform without a state");
              }
              yield live.get().inform(List.of(aum)).after();
            }
            case "bootstrap" -> bootstrap(store, aum).current();
            default -> throw new Mismatch("unknown op: " + op);
          };
    } catch (DecodeException e) {
      Mismatch.require("decodable (" + e.getMessage() + ")", decodable, false);
      return;
    } catch (TkaException e) {
      Mismatch.require("valid (" + e.getMessage() + ")", valid, false);
      Mismatch.require("revision after a refusal", before.revision(), store.read().revision());
      return;
    }
    Mismatch.require("valid", valid, true);
    Mismatch.require("resulting head", golden.text("resulting_head"), after.head().toString());
    Mismatch.require(
        "resulting state",
        golden.hex("resulting_state"),
        Golden.checkpointOf(after.state(), Optional.empty()).encoded());
  }

  private static LiveAuthority begin(MemoryAumStore store, Aum genesis) throws Mismatch {
    try {
      return bootstrap(store, genesis);
    } catch (TkaException e) {
      throw new Mismatch("the case's state is refused: " + e.getMessage());
    }
  }

  private static LiveAuthority bootstrap(MemoryAumStore store, Aum genesis) throws TkaException {
    return LiveAuthority.bootstrap(store, genesis, AdmissionPolicy.REFERENCE, Clock.systemUTC());
  }
}
