package dev.tka.core;

import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.internal.CborReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A key that may sign, with its weight (protocol, section 2). A key that decodes may still be
 * ill-formed; {@link #requireWellFormed} tells.
 *
 * @param kind 0 to 255; 1 is Ed25519, the only one with a meaning
 * @param votes how much a signature of this key weighs; all 64 bits count, unsigned
 * @param publicKey the public key, of any length; empty when it is null on the wire
 * @param meta anything, as text; iterates in the order of the wire
 */
public record Key(int kind, long votes, Optional<Bytes> publicKey, Map<String, String> meta) {
  /** The kind of Ed25519 keys. */
  public static final int KIND_25519 = 1;

  /** The most votes that a well-formed key has (protocol, section 3). */
  public static final int MAX_VOTES = 4096;

  /**
   * The most bytes that the keys and values of a well-formed key's meta have (protocol, section 3).
   */
  public static final int MAX_META_BYTES = 512;

  // Fields of the wire.
  private static final int KIND = 1;
  private static final int VOTES = 2;
  private static final int PUBLIC = 3;
  private static final int META = 12;

  /** CTAP2 order: a text key's encoding begins with its length, so the shorter one comes first. */
  private static final Comparator<String> WIRE_ORDER =
      (one, other) -> {
        byte[] a = one.getBytes(StandardCharsets.UTF_8);
        byte[] b = other.getBytes(StandardCharsets.UTF_8);
        return a.length == b.length ? Arrays.compareUnsigned(a, b) : a.length - b.length;
      };

  /**
   * Checks what the wire cannot carry.
   *
   * @throws IllegalArgumentException if the kind is not one byte, or a text of meta has no UTF-8
   */
  public Key {
    if (kind < 0 || kind > 255) {
      throw new IllegalArgumentException("a key kind is 0 to 255, not " + kind);
    }
    meta = inWireOrder(meta);
  }

  /** An Ed25519 key without metadata. */
  public static Key of(LockPublicKey publicKey, int votes) {
    return new Key(KIND_25519, votes, Optional.of(publicKey.bytes()), Map.of());
  }

  /** What signatures and updates call the key by: its public bytes, none when they are null. */
  public Bytes id() {
    return publicKey.orElse(Bytes.empty());
  }

  /** The name of the kind, as people see it: {@code 25519}, or {@code unknown(9)}. */
  public String kindName() {
    return kind == KIND_25519 ? "25519" : "unknown(" + kind + ")";
  }

  /**
   * True when its owner, and nobody else, can sign with this key: it is Ed25519, of 32 bytes, and
   * has no {@link #defect}. A key that cannot sign is trusted all the same (protocol, section 3).
   */
  public boolean canSign() {
    return kind == KIND_25519 && id().size() == LockPublicKey.SIZE && defect().isEmpty();
  }

  /**
   * Why nobody should trust this key, if it is Ed25519 and of 32 bytes (service, section 8); empty
   * if it is sound, and for any other key.
   */
  public Optional<KeyDefect> defect() {
    return kind == KIND_25519 ? KeyDefect.of(id()) : Optional.empty();
  }

  /** The same key with other votes. */
  public Key withVotes(long newVotes) {
    return new Key(kind, newVotes, publicKey, meta);
  }

  /** The same key with other metadata, replaced whole. */
  public Key withMeta(Map<String, String> newMeta) {
    return new Key(kind, votes, publicKey, newMeta);
  }

  /**
   * Checks protocol section 3's rules for a key.
   *
   * @throws IllFormedException naming the first that is broken
   */
  public void requireWellFormed() throws IllFormedException {
    if (kind != KIND_25519) {
      throw new IllFormedException("key kind", Integer.toString(KIND_25519), "" + kind);
    }
    if (votes == 0 || Long.compareUnsigned(votes, MAX_VOTES) > 0) {
      throw new IllFormedException("key votes", "1 to " + MAX_VOTES, Long.toUnsignedString(votes));
    }
    int metaBytes = 0;
    for (Map.Entry<String, String> pair : meta.entrySet()) {
      metaBytes += utf8Length(pair.getKey()) + utf8Length(pair.getValue());
    }
    if (metaBytes > MAX_META_BYTES) {
      throw new IllFormedException(
          "key meta", "at most " + MAX_META_BYTES + " bytes", metaBytes + " bytes");
    }
  }

  void writeTo(CanonicalWriter out) {
    out.map(meta.isEmpty() ? 3 : 4);
    out.unsigned(KIND).unsigned(kind);
    out.unsigned(VOTES).unsigned(votes);
    out.unsigned(PUBLIC);
    publicKey.ifPresentOrElse(out::bytes, out::nil);
    if (!meta.isEmpty()) {
      out.unsigned(META);
      writeMeta(out, meta);
    }
  }

  static Key read(CborReader in) throws DecodeException {
    in.beginMap("key");
    int kind = 0;
    long votes = 0;
    Optional<Bytes> publicKey = Optional.empty();
    Map<String, String> meta = Map.of();
    int field = -1;
    while (in.nextKey("key")) {
      field = in.intKey("key", field);
      switch (field) {
        case KIND -> kind = in.unsignedByte("key kind");
        case VOTES -> votes = in.unsigned("key votes");
        case PUBLIC -> publicKey = in.bytesOrNull("public key");
        case META -> meta = readMeta(in, "key meta");
        default -> throw new DecodeException.UnknownField(in.offset(), "key", "" + field);
      }
    }
    return new Key(kind, votes, publicKey, meta);
  }

  static void writeMeta(CanonicalWriter out, Map<String, String> meta) {
    out.map(meta.size());
    meta.forEach((key, value) -> out.text(key).text(value));
  }

  static Map<String, String> readMeta(CborReader in, String where) throws DecodeException {
    in.beginMap(where);
    Map<String, String> meta = new LinkedHashMap<>();
    while (in.nextKey(where)) {
      String key = in.requireUnicode(where, in.key(where));
      if (meta.size() == CborReader.MAX_PAIRS) {
        throw new DecodeException.LimitExceeded(
            in.offset(), where + ": pairs", CborReader.MAX_PAIRS);
      }
      long offset = in.offset();
      in.advance(where);
      if (meta.put(key, in.text(where)) != null) {
        throw new DecodeException.Malformed(offset, where + ": one key is there twice");
      }
    }
    return meta;
  }

  /** An unmodifiable copy that iterates as the wire does. */
  static Map<String, String> inWireOrder(Map<String, String> meta) {
    if (meta.isEmpty()) {
      return Map.of();
    }
    if (meta.size() > CborReader.MAX_PAIRS) {
      throw new IllegalArgumentException(
          "meta has at most " + CborReader.MAX_PAIRS + " pairs, not " + meta.size());
    }
    Map<String, String> ordered = new LinkedHashMap<>();
    meta.keySet().stream()
        .sorted(WIRE_ORDER)
        .forEach(
            key -> {
              String value = meta.get(key);
              if (value == null || !CborReader.isUnicode(key) || !CborReader.isUnicode(value)) {
                throw new IllegalArgumentException("meta must be Unicode text");
              }
              ordered.put(key, value);
            });
    return Collections.unmodifiableMap(ordered);
  }

  private static int utf8Length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
