package dev.tka.core.authority;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An AUM that is not made, because no peer would accept it or because it would do irreversible harm
 * (protocol, section 4, "Building updates" and "Retroactive revocation"). The message begins with
 * the operation. Nothing was changed.
 */
public abstract sealed class BuildException extends TkaException {
  private final String operation;

  private BuildException(String operation, String why) {
    super(operation + ": " + why);
    this.operation = operation;
  }

  private BuildException(String operation, String why, Throwable cause) {
    super(operation + ": " + why, cause);
    this.operation = operation;
  }

  /** The requested operation, in words: {@code remove key tlpub:…}. */
  public String operation() {
    return operation;
  }

  /** The signer is not trusted in the state that the AUM would apply to. */
  public static final class UntrustedSigner extends BuildException {
    private final LockPublicKey signer;

    UntrustedSigner(String operation, LockPublicKey signer) {
      super(operation, "expected a signer that is trusted there, found " + signer);
      this.signer = signer;
    }

    /** The public key of the intended signer. */
    public LockPublicKey signer() {
      return signer;
    }
  }

  /**
   * The AUM would be ill-formed or would not apply, or a signature that it already has does not
   * verify; the cause names the rule.
   */
  public static final class Refused extends BuildException {
    Refused(String operation, Aum refused, TkaException cause) {
      super(operation, withoutHash(refused, cause.getMessage()), cause);
    }

    /** The hash of an AUM that was never made helps nobody. */
    private static String withoutHash(Aum refused, String message) {
      String prefix = refused.hash() + ": ";
      return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    }
  }

  /** The key could never sign: its public half does not have 32 bytes. */
  public static final class UnusableKey extends BuildException {
    UnusableKey(String operation, Key key) {
      super(
          operation,
          "expected a public key of " + LockPublicKey.SIZE + " bytes, found " + key.id().size());
    }
  }

  /** Anybody can sign for the key, or nobody ever can (service, section 8). */
  public static final class UnsoundKey extends BuildException {
    private final LockPublicKey key;
    private final KeyDefect defect;

    UnsoundKey(String operation, LockPublicKey key, KeyDefect defect) {
      super(operation, key + ": " + defect.reason());
      this.key = key;
      this.defect = defect;
    }

    /**
     * Checks a key that is to be trusted, or is to get votes.
     *
     * @param keyId of any length; only one of 32 bytes can be unsound
     */
    static void requireSound(String operation, Bytes keyId) throws UnsoundKey {
      Optional<KeyDefect> defect = KeyDefect.of(keyId);
      if (defect.isPresent()) {
        throw new UnsoundKey(operation, new LockPublicKey(keyId), defect.get());
      }
    }

    /** The key that is not sound. */
    public LockPublicKey key() {
      return key;
    }

    /** What is wrong with it. */
    public KeyDefect defect() {
      return defect;
    }
  }

  /** The state is full: a checkpoint cannot hold another key. */
  public static final class TooManyKeys extends BuildException {
    TooManyKeys(String operation, int found) {
      super(operation, "expected fewer than " + State.MAX_KEYS + " trusted keys, found " + found);
    }
  }

  /** Metadata cannot be cleared: the wire has no empty map. */
  public static final class EmptyMeta extends BuildException {
    EmptyMeta(String operation) {
      super(operation, "expected metadata, found none: it can be replaced but not cleared");
    }
  }

  /** The AUM is not an edit of one key; only those can be made again. */
  public static final class NotAnEdit extends BuildException {
    NotAnEdit(Aum found) {
      super(
          "make " + found.hash() + " again",
          "expected an add-key, remove-key or update-key, found a " + found.kind());
    }
  }

  /**
   * Another writer changed the same key in the meantime, and not as this edit would: its author has
   * to look again.
   */
  public static final class Overtaken extends BuildException {
    private final Optional<Key> found;

    Overtaken(String operation, Optional<Key> found) {
      super(
          operation,
          "another writer changed the key in the meantime: "
              + found
                  .map(
                      key ->
                          "it is trusted with votes="
                              + Long.toUnsignedString(key.votes())
                              + (key.meta().isEmpty() ? "" : " and metadata"))
                  .orElse("it is not trusted now"));
      this.found = found;
    }

    /** The key as it is trusted now; empty if it is not. */
    public Optional<Key> found() {
      return found;
    }
  }

  /** Revoking these keys would leave no trusted key. */
  public static final class RevokesEveryKey extends BuildException {
    RevokesEveryKey() {
      super("revoke", "expected to leave at least one trusted key, found that all would go");
    }
  }

  /** None of the keys to revoke is trusted now, and no fork point is given. */
  public static final class RevokesNothing extends BuildException {
    RevokesNothing() {
      super("revoke", "expected a key that is trusted now, found none: give the fork point");
    }
  }

  /** The AUM to co-sign is not a revocation, which is today's state without some keys. */
  public static final class NotARevocation extends BuildException {
    NotARevocation(Aum found, String expected, String why) {
      super("revocation " + found.hash(), "expected " + expected + ", found " + why);
    }
  }

  /** The revocation forks off an AUM that is not stored, so its effect cannot be determined. */
  public static final class UnknownForkPoint extends BuildException {
    private final AumHash forkPoint;

    UnknownForkPoint(Aum revocation, AumHash forkPoint) {
      super(
          "revocation " + revocation.hash(),
          "expected a fork point that is stored, found " + forkPoint);
      this.forkPoint = forkPoint;
    }

    /** The hash of the AUM that is not stored. */
    public AumHash forkPoint() {
      return forkPoint;
    }
  }

  /**
   * The signer is not trusted where the revocation forks off: every peer would refuse the whole
   * AUM.
   */
  public static final class UntrustedAtFork extends BuildException {
    private final LockPublicKey signer;
    private final AumHash forkPoint;
    private final Optional<AumHash> nearest;

    UntrustedAtFork(
        Aum revocation, LockPublicKey signer, AumHash forkPoint, Optional<AumHash> nearest) {
      super(
          "sign revocation " + revocation.hash(),
          "expected a signer that is trusted at the fork point "
              + forkPoint
              + ", found "
              + signer
              + nearest
                  .map(hash -> "; the nearest fork point where it is trusted is " + hash)
                  .orElse("; it is trusted at no other fork point either"));
      this.signer = signer;
      this.forkPoint = forkPoint;
      this.nearest = nearest;
    }

    /** The public key of the intended signer. */
    public LockPublicKey signer() {
      return signer;
    }

    /** The AUM off which the revocation forks. */
    public AumHash forkPoint() {
      return forkPoint;
    }

    /**
     * The nearest fork point at which the signer could sign: the latest ancestor of the fork point
     * that trusts it or, failing that, the first AUM after the fork point on the active chain. The
     * latter would leave in place whatever lies between.
     */
    public Optional<AumHash> nearest() {
      return nearest;
    }
  }

  /**
   * The signer would bar the revocation from displacing anything: its key was since taken away or
   * lowered (protocol, section 10, "Who may not rewrite"). Control would refuse the whole AUM.
   */
  public static final class BarredSigner extends BuildException {
    private final LockPublicKey signer;
    private final List<Bar> bars;

    BarredSigner(Aum revocation, LockPublicKey signer, List<Bar> bars) {
      super(
          "sign revocation " + revocation.hash(),
          "expected a signer that does not bar it, found "
              + signer
              + ": "
              + bars.stream().map(Bar::cause).collect(Collectors.joining("; "))
              + "; its votes do not count there, have other keys sign");
      this.signer = signer;
      this.bars = List.copyOf(bars);
    }

    /** The public key of the intended signer. */
    public LockPublicKey signer() {
      return signer;
    }

    /** The reasons, one or more. */
    public List<Bar> bars() {
      return bars;
    }
  }
}
