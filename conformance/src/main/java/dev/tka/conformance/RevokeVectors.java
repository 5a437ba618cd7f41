package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.core.store.MemoryAumStore;
import java.time.Clock;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code revoke.jsonl}: drafting, signing and accepting a retroactive revocation. Drafts are always
 * binding. If a signer is not trusted at the fork point, the reference signs an AUM that nobody
 * accepts; here signing is refused (protocol, section 4), and the reference's AUM is checked to be
 * useless.
 */
final class RevokeVectors implements Checker {
  private static final String QUIRK = "an AUM that nobody can accept is refused when it is made";

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      Mismatch.require("quirk", QUIRK, quirk.get());
    }
    MemoryAumStore store = Golden.Store.of(golden.object("store")).inMemory();
    try {
      LiveAuthority live = LiveAuthority.open(store, AdmissionPolicy.REFERENCE, Clock.systemUTC());
      Mismatch.require("head", golden.text("head"), live.current().head().toString());
      Optional<Aum> draft = draft(golden, live.current());
      Optional<List<String>> cosigners = golden.optionalTexts("cosigners");
      Mismatch.require("quirk without cosigners", false, quirk.isPresent() && cosigners.isEmpty());
      if (cosigners.isPresent()) {
        Aum unsigned = draft.orElseThrow(() -> new Mismatch("expected a draft, found none"));
        List<LockPrivateKey> signers = Golden.privateKeys(cosigners.get());
        Aum signed = sign(golden, live.current(), unsigned, signers, quirk.isPresent());
        checkEffect(golden.object("effect"), live, signed);
      }
    } catch (TkaException e) {
      throw new Mismatch("the reference does it, this build refuses it: " + e.getMessage());
    }
  }

  private static Optional<Aum> draft(GoldenCase golden, Authority authority)
      throws Mismatch, TkaException {
    Set<Bytes> keyIds = new LinkedHashSet<>(golden.hexes("remove"));
    LockPublicKey signer = new LockPublicKey(golden.hex("our_key"));
    Optional<AumHash> forkFrom = Golden.hash(golden.optionalText("fork_from"));
    boolean refused = golden.optionalText("error").isPresent();
    Optional<Bytes> expected = golden.optionalHex("aum");
    Optional<String> parent = golden.optionalText("parent");
    Optional<Aum> found;
    try {
      found =
          Optional.of(
              forkFrom.isPresent()
                  ? Revocation.draftAt(authority, keyIds, forkFrom.get())
                  : Revocation.draft(authority, keyIds, signer));
    } catch (BuildException e) {
      Mismatch.require("refused (" + e.getMessage() + ")", refused, true);
      found = Optional.empty();
    }
    Mismatch.require("refused", refused, found.isEmpty());
    Mismatch.require("draft", expected, found.map(Aum::encoded));
    Mismatch.require("parent", parent, found.flatMap(Aum::parent).map(AumHash::toString));
    return found;
  }

  /** The AUM that the reference signs; ours is the same if a peer can accept it. */
  private static Aum sign(
      GoldenCase golden,
      Authority authority,
      Aum draft,
      List<LockPrivateKey> signers,
      boolean quirk)
      throws Mismatch, TkaException {
    AumHash forkPoint = draft.parent().orElseThrow();
    boolean stored = authority.snapshot().find(forkPoint).isPresent();
    boolean anyRefused = false;
    Aum checked = draft;
    Aum blind = draft;
    for (Signer signer : signers) {
      blind = signer.sign(blind);
      boolean trusted = stored && authority.stateAt(forkPoint).trusts(signer.publicKey().bytes());
      try {
        checked = Revocation.sign(authority, checked, signer);
        Mismatch.require("signs (" + signer.publicKey() + ")", trusted, true);
      } catch (BuildException.UntrustedAtFork e) {
        Mismatch.require("signs (" + e.getMessage() + ")", trusted, false);
        requireNearestWorks(authority, draft, signer, e.nearest());
        anyRefused = true;
      } catch (BuildException.UnknownForkPoint e) {
        Mismatch.require("fork point stored", stored, false);
        anyRefused = true;
      }
    }
    Mismatch.require("a signer refused", quirk, anyRefused);
    Mismatch.require("signed", golden.hex("signed_aum"), blind.encoded());
    if (!anyRefused) {
      Mismatch.require("signed with checks", blind, checked);
    }
    return blind;
  }

  private static void requireNearestWorks(
      Authority authority, Aum draft, Signer signer, Optional<AumHash> nearest)
      throws TkaException {
    if (nearest.isPresent()) {
      Aum elsewhere =
          Aum.builder(draft.kind())
              .parent(nearest.get())
              .state(draft.state().orElseThrow())
              .build();
      Revocation.sign(authority, elsewhere, signer);
    }
  }

  private static void checkEffect(GoldenCase effect, LiveAuthority live, Aum signed)
      throws Mismatch, TkaException {
    boolean refused = effect.optionalText("error").isPresent();
    boolean takesEffect = effect.flag("takes_effect");
    try {
      Revocation.Effect predicted = Revocation.effect(live.current(), signed);
      Mismatch.require(
          "void, as predicted", refused, predicted.outcome() == Revocation.Outcome.VOID);
      Mismatch.require(
          "takes effect, as predicted",
          takesEffect,
          predicted.outcome() == Revocation.Outcome.TAKES_EFFECT);
    } catch (BuildException.UnknownForkPoint e) {
      Mismatch.require("refused (" + e.getMessage() + ")", refused, true);
    }
    try {
      live.inform(List.of(Golden.decode(signed.encoded())));
      Mismatch.require("refused", refused, false);
    } catch (TkaException e) {
      Mismatch.require("refused (" + e.getMessage() + ")", refused, true);
    }
    Mismatch.require("head", effect.text("head"), live.current().head().toString());
    Mismatch.require("takes effect", takesEffect, live.current().isActive(signed.hash()));
    Golden.requireKeys(effect, live.current().state());
  }
}
