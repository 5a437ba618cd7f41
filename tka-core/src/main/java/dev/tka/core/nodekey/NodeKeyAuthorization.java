package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.authority.Authority;
import java.util.List;
import java.util.Optional;

/**
 * Whether a node-key signature makes a node key part of a tailnet (protocol, section 7), and if
 * not, at which layer and why. Layer 0 is the outermost signature; the one that it nests is layer
 * 1.
 */
public sealed interface NodeKeyAuthorization {
  /**
   * Decides whether a node key is signed by a key that is trusted now (protocol, section 7). A
   * degraded authority authorizes nobody. Never throws, whatever the bytes.
   *
   * @param signature the bytes received; empty for a node without a signature
   */
  static NodeKeyAuthorization of(Authority authority, NodeKey nodeKey, Bytes signature) {
    return authority.isDegraded()
        ? new Degraded()
        : new NodeKeyVerifier(SignatureVerifier.fastest())
            .authorize(authority.state(), nodeKey, signature, Optional.empty());
  }

  /**
   * The node key is signed.
   *
   * @param keyId the id of the trusted key on which it rests
   * @param rotation the rotation, if there was one; empty for a direct signature
   */
  record Authorized(Bytes keyId, Optional<Rotation> rotation) implements NodeKeyAuthorization {
    /** The signing key and the way to it, as a sentence without its subject and full stop. */
    public String reason() {
      int before = rotation.map(what -> what.previousNodeKeys().size()).orElse(0);
      boolean credential =
          rotation.filter(what -> what.initial().kind() == NodeKeySignature.CREDENTIAL).isPresent();
      return "signed by "
          + LockPublicKey.shortTextOf(keyId)
          + (credential ? ", through an auth key" : "")
          + (before == 0 ? "" : ", rotated " + before + (before == 1 ? " time" : " times"));
    }
  }

  /**
   * The effect of a valid rotation.
   *
   * @param previousNodeKeys newest first; each of them is obsolete
   * @param initial the innermost signature, a direct one or a credential
   */
  record Rotation(List<NodeKey> previousNodeKeys, NodeKeySignature initial) {
    /** Copies its list. */
    public Rotation {
      previousNodeKeys = List.copyOf(previousNodeKeys);
    }
  }

  /** The node key is not signed. Each kind of denial names the first rule that fails. */
  sealed interface Denied extends NodeKeyAuthorization {
    /** The layer in the nest; 0 is the outermost signature. */
    int layer();

    /** A stable identifier for programs, such as {@code untrusted-key}. */
    String kind();

    /** The problem, as a sentence without its capital letter and full stop. */
    String reason();
  }

  /**
   * The store is damaged: a missing AUM may be the one that took the key away (protocol, section
   * 9).
   */
  record Degraded() implements Denied {
    @Override
    public String kind() {
      return "degraded";
    }

    @Override
    public int layer() {
      return 0;
    }

    @Override
    public String reason() {
      return "the store is damaged, and a degraded authority authorizes nobody";
    }
  }

  /** The signature is empty. */
  record Unsigned() implements Denied {
    @Override
    public String kind() {
      return "unsigned";
    }

    @Override
    public int layer() {
      return 0;
    }

    @Override
    public String reason() {
      return "there is no signature";
    }
  }

  /**
   * The bytes are not a signature.
   *
   * @param problem the error of {@link NodeKeySignature#decode}
   */
  record Undecodable(String problem) implements Denied {
    @Override
    public String kind() {
      return "undecodable";
    }

    @Override
    public int layer() {
      return 0;
    }

    @Override
    public String reason() {
      return "the signature cannot be read: " + problem;
    }
  }

  /** A credential authorizes no node by itself; it only says who may sign rotations. */
  record CredentialAlone() implements Denied {
    @Override
    public String kind() {
      return "credential-alone";
    }

    @Override
    public int layer() {
      return 0;
    }

    @Override
    public String reason() {
      return "a credential authorizes no node by itself, only nested in a rotation";
    }
  }

  /** The innermost signature names no key. */
  record NamesNoKey(int layer) implements Denied {
    @Override
    public String kind() {
      return "names-no-key";
    }

    @Override
    public String reason() {
      return "the innermost signature names no key";
    }
  }

  /** The key on which all of it rests is not trusted now. */
  record UntrustedKey(int layer, Bytes keyId) implements Denied {
    @Override
    public String kind() {
      return "untrusted-key";
    }

    @Override
    public String reason() {
      return "the key that it rests on is not trusted: " + NodeKeySignature.lockKey(keyId);
    }
  }

  /** A signature has an unknown kind. */
  record UnknownKind(int layer, int found) implements Denied {
    @Override
    public String kind() {
      return "unknown-kind";
    }

    @Override
    public String reason() {
      return "expected a direct signature, a rotation or a credential, found kind " + found;
    }
  }

  /** A signature is for another node key. */
  record OtherNodeKey(int layer, NodeKey expected, Bytes found) implements Denied {
    @Override
    public String kind() {
      return "other-node-key";
    }

    @Override
    public String reason() {
      return "it is for another node key: expected "
          + expected
          + ", found "
          + NodeKeySignature.nodeKeyText(found);
    }
  }

  /** The node key of a nested signature does not have the form of one. */
  record MalformedNodeKey(int layer, Bytes found) implements Denied {
    @Override
    public String kind() {
      return "malformed-node-key";
    }

    @Override
    public String reason() {
      return "expected a node key of 2 letters and 32 bytes, found "
          + NodeKeySignature.brief(found);
    }
  }

  /** A rotation rotates nothing. */
  record NestsNothing(int layer) implements Denied {
    @Override
    public String kind() {
      return "nests-nothing";
    }

    @Override
    public String reason() {
      return "a rotation nests the signature that it rotates, and this one nests none";
    }
  }

  /** A direct signature or a credential nests another. */
  record NestsAnother(int layer, String kindName) implements Denied {
    @Override
    public String kind() {
      return "nests-another";
    }

    @Override
    public String reason() {
      return "a " + kindName + " nests no other signature, and this one does";
    }
  }

  /** Nothing below a rotation says which key may sign it. */
  record NoWrappingKey(int layer) implements Denied {
    @Override
    public String kind() {
      return "no-wrapping-key";
    }

    @Override
    public String reason() {
      return "what it rotates names no wrapping key, so that nobody may rotate it";
    }
  }

  /** The key that signs a rotation has the wrong length. */
  record WrappingKeyLength(int layer, int found) implements Denied {
    @Override
    public String kind() {
      return "wrapping-key-length";
    }

    @Override
    public String reason() {
      return "expected a wrapping key of " + LockPublicKey.SIZE + " bytes, found " + found;
    }
  }

  /** A signature does not verify. */
  record InvalidSignature(int layer, Bytes key) implements Denied {
    @Override
    public String kind() {
      return "invalid-signature";
    }

    @Override
    public String reason() {
      return "the signature does not verify with key " + NodeKeySignature.lockKey(key);
    }
  }
}
