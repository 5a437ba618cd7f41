package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.authority.Authority;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One signature of the chain under a node key, for people who ask why a node is kept or dropped.
 *
 * @param signature the signature itself
 * @param verifies whether it was made by the key that it names
 * @param trusted that key, if it is trusted and not a rotation's
 */
public record SignatureLayer(NodeKeySignature signature, boolean verifies, Optional<Key> trusted) {
  /**
   * The chain of a signature, from the outermost to the one made by a trusted key; empty if the
   * bytes are not a signature.
   */
  public static List<SignatureLayer> of(Authority authority, Bytes encoded) {
    List<SignatureLayer> layers = new ArrayList<>();
    try {
      for (NodeKeySignature at : NodeKeySignature.decode(encoded.toByteArray()).layers()) {
        Optional<Key> trusted =
            at.kind() == NodeKeySignature.ROTATION
                ? Optional.empty()
                : at.signingKey().flatMap(id -> authority.state().findKey(id));
        layers.add(new SignatureLayer(at, at.isSigned(), trusted));
      }
    } catch (DecodeException e) {
      // The verdict says so.
      return List.of();
    }
    return layers;
  }

  /** Which layer of a chain fails first; empty if none does. */
  public static OptionalInt failing(PeerVerdict verdict) {
    return verdict instanceof PeerVerdict.Unauthorized unauthorized
            && !(unauthorized.denied() instanceof NodeKeyAuthorization.Degraded)
        ? OptionalInt.of(unauthorized.denied().layer())
        : OptionalInt.empty();
  }

  /** What it signs, who made it, and whether that counts, on one line. */
  public String describe() {
    String name = signature.nodeKey().map(key -> " " + key.toShortText()).orElse("");
    String signer =
        signature
            .signingKey()
            .map(
                key ->
                    ", signed by "
                        + LockPublicKey.shortTextOf(key)
                        + (verifies ? ": verifies" : ": does not verify"))
            .orElse(", signed by nobody");
    String trust =
        signature.kind() == NodeKeySignature.ROTATION || signature.signingKey().isEmpty()
            ? ""
            : trusted
                .map(
                    key ->
                        ", trusted with " + key.votes() + (key.votes() == 1 ? " vote" : " votes"))
                .orElse(", not trusted");
    return signature.kindName() + name + signer + trust;
  }
}
