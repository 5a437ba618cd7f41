package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.MemoryAumStore;
import java.util.List;

/** {@code inform.jsonl}: a store is opened and given updates in one call. */
final class InformVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    MemoryAumStore store = Golden.Store.of(golden.object("store")).inMemory();
    List<Aum> updates = Golden.decodeAll(golden.hexes("updates"));
    boolean ok = golden.flag("ok");
    golden.requireError("error", !ok);
    LiveAuthority live = Golden.live(store);
    Mismatch.require("head before", golden.text("head_before"), live.current().head().toString());
    try {
      live.inform(updates);
      Mismatch.require("accepted", ok, true);
    } catch (TkaException e) {
      Mismatch.require("accepted (" + e.getMessage() + ")", ok, false);
    }
    Golden.requireAuthority(golden, live.current());
    Mismatch.require(
        "stored",
        golden.optionalTexts("stored").orElse(List.of()),
        Golden.sortedHashes(store.read()));
    try {
      // Informing and opening the store must give the same authority.
      Golden.requireAuthority(golden, Authority.open(store));
    } catch (TkaException e) {
      throw new Mismatch("the store does not open again: " + e.getMessage());
    }
  }
}
