package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import java.util.Optional;

/** What to do about a peer that is dropped. */
public enum PeerRemedy {
  /** Sign it, with its rotation key if it has one. */
  SIGN("if the machine is yours, sign it where a trusted key is, and give control the signature"),
  /** Sign it without a rotation key. */
  SIGN_WITHOUT_ROTATION(
      "if this is the right machine: without the rotation key, which another machine has"),
  /** Mend the store: it is not the peer that lacks anything. */
  MEND_STORE(
      "to fetch what is missing or damaged from control's store, or from any other store that has"
          + " it; everything is verified"),
  /** Nothing, or a new node key. */
  NEW_NODE_KEY(
      "nothing, if the machine goes by another node key now; if not, it needs a new one"
          + " ('tailscale up --force-reauth' there), which is then signed");

  private final String why;

  PeerRemedy(String why) {
    this.why = why;
  }

  /** What it does and when it is right, without the full stop. */
  public String why() {
    return why;
  }

  /** What helps; empty if the peer is kept. */
  public static Optional<PeerRemedy> of(PeerVerdict verdict) {
    if (verdict instanceof PeerVerdict.Kept) {
      return Optional.empty();
    }
    if (verdict instanceof PeerVerdict.Unauthorized unauthorized) {
      return Optional.of(
          unauthorized.denied() instanceof NodeKeyAuthorization.Degraded ? MEND_STORE : SIGN);
    }
    return Optional.of(
        verdict instanceof PeerVerdict.Outrun || verdict instanceof PeerVerdict.Cloned
            ? SIGN_WITHOUT_ROTATION
            : NEW_NODE_KEY);
  }

  /**
   * The key with which a peer may rotate its node key: that which it named, or which its signature
   * names, if it is sound.
   *
   * @param signature as received
   */
  public static Optional<LockPublicKey> rotationKey(
      Optional<LockPublicKey> named, Bytes signature) {
    Optional<LockPublicKey> key = named;
    if (key.isEmpty()) {
      try {
        key =
            NodeKeySignature.decode(signature.toByteArray())
                .wrappingPublic()
                .filter(bytes -> bytes.size() == LockPublicKey.SIZE)
                .map(LockPublicKey::new);
      } catch (DecodeException e) {
        return Optional.empty();
      }
    }
    return key.filter(each -> KeyDefect.of(each.bytes()).isEmpty());
  }
}
