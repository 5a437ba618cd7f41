package dev.tka.core.nodekey;

import dev.tka.core.LockPublicKey;
import dev.tka.core.TkaException;

/**
 * A node-key signature that cannot be rotated: the result would never verify (protocol, section 7).
 */
public abstract sealed class RotationException extends TkaException {

  private RotationException(String message) {
    super(message);
  }

  /** The signature is not a credential, which is what an auth key wraps. */
  public static final class NotACredential extends RotationException {

    NotACredential(String found) {
      super("wrapped signature: expected a credential, found kind " + found);
    }
  }

  /** The node key is the zero key, which stands for none. */
  public static final class NoNodeKey extends RotationException {

    NoNodeKey() {
      super("node key: expected one, found the zero key, which stands for none");
    }
  }

  /** The key at hand is not the one that may sign the rotation. */
  public static final class OtherWrappingKey extends RotationException {

    OtherWrappingKey(String expected, LockPublicKey found) {
      super("rotation: expected to be signed by " + expected + ", found " + found);
    }
  }

  /** There are as many layers as can be read, and none that this key may leave out. */
  public static final class TooManyLayers extends RotationException {

    TooManyLayers(int layers) {
      super(
          "rotation: "
              + layers
              + " layers are all that can be read, and they were signed by keys that this one"
              + " cannot sign for; sign the node key anew");
    }
  }

  /** The signature to be rotated does not verify itself, so no rotation of it would. */
  public static final class NeverVerifies extends RotationException {
    private final NodeKeyAuthorization.Denied denied;

    NeverVerifies(NodeKeyAuthorization.Denied denied) {
      super("rotation: no node would accept it: layer " + denied.layer() + ": " + denied.reason());
      this.denied = denied;
    }

    /**
     * The layer and the reason: of the signature that would have been made or, if that needs fewer
     * layers than there are, of the signature to be rotated.
     */
    public NodeKeyAuthorization.Denied denied() {
      return denied;
    }
  }
}
