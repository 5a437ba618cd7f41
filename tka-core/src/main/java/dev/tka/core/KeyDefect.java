package dev.tka.core;

import dev.tka.core.internal.ExactEd25519;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The reason why an Ed25519 public key must not be trusted (service, section 8). The verdict on
 * signatures does not depend on it, or chains would split: makers of AUMs and node-key signatures
 * refuse the key, and diagnosis raises an alarm.
 */
public enum KeyDefect {
  /**
   * A point of small order: any 64 bytes that are such a point and 32 zeros verify as its signature
   * over any message under ZIP-215 (protocol, section 1).
   */
  ANYBODY_CAN_SIGN(
      "anybody-can-sign", "anybody can sign for it, because it is a point of small order"),
  /** Not the encoding of a point of the curve: no signature ever verifies. */
  CAN_NEVER_SIGN("can-never-sign", "it can never sign, because it is not a point of the curve");

  /**
   * The last verdicts, each at a place that its key's hash decides. A tailnet asks about its few
   * keys at every update, and the curve takes longer to ask than all else that weighs their votes.
   */
  private static final AtomicReferenceArray<Verdict> VERDICTS = new AtomicReferenceArray<>(256);

  private record Verdict(Bytes publicKey, Optional<KeyDefect> defect) {}

  private final String kind;
  private final String reason;

  KeyDefect(String kind, String reason) {
    this.kind = kind;
    this.reason = reason;
  }

  /**
   * The defect of an Ed25519 public key; empty if the key is sound.
   *
   * @param publicKey 32 bytes; bytes of any other length are no key and have no defect here
   */
  public static Optional<KeyDefect> of(Bytes publicKey) {
    if (publicKey.size() != LockPublicKey.SIZE) {
      return Optional.empty();
    }
    int place = Math.floorMod(publicKey.hashCode(), VERDICTS.length());
    Verdict last = VERDICTS.get(place);
    if (last == null || !last.publicKey().equals(publicKey)) {
      last = new Verdict(publicKey, ofPoint(publicKey));
      VERDICTS.set(place, last);
    }
    return last.defect();
  }

  private static Optional<KeyDefect> ofPoint(Bytes publicKey) {
    return switch (ExactEd25519.orderOf(publicKey.toByteArray())) {
      case LARGE -> Optional.empty();
      case SMALL -> Optional.of(ANYBODY_CAN_SIGN);
      case NO_POINT -> Optional.of(CAN_NEVER_SIGN);
    };
  }

  /** A word for programs, which stays as it is. */
  public String kind() {
    return kind;
  }

  /** The reason for people, to follow the key and a colon. */
  public String reason() {
    return reason;
  }
}
