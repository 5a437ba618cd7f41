package dev.tka.store.records;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A change for which signatures are collected (service, section 11, "Thresholds").
 *
 * @param id names it in its tailnet, and never another one
 * @param authority the authority that it changes
 * @param at when it was made
 * @param subject what it changes
 * @param signatures those that were collected, each verified, at most one of each key
 * @param before the keys that had signed before it was built again, and have not signed since
 * @param outcome how it ended; empty while it is open
 */
public record Proposal(
    String id,
    AuthorityName authority,
    Instant at,
    Subject subject,
    List<AumSignature> signatures,
    List<Bytes> before,
    Optional<Outcome> outcome) {
  /** The most proposals of a tailnet that are open at a time. */
  public static final int MOST_OPEN = 16;

  /** The most proposals of a tailnet that are kept, those that ended included. */
  public static final int MOST = 32;

  /**
   * The most bytes that the AUMs and signatures of all proposals of a tailnet have: they are read
   * and written with its record.
   */
  public static final int MOST_BYTES = 128 << 10;

  /** What approvals of an end begin with; no AUM and no node-key signature does. */
  private static final String APPROVAL = "tka: approve that this authority ends\n";

  /** What a proposal changes. */
  public sealed interface Subject {
    /**
     * Edits of the chain, in one AUM.
     *
     * @param operations what is asked for, each as an AUM without parent and signatures
     * @param update the AUM that does all of them on the head at which it was built, without
     *     signatures
     * @param complete whether there are enough signatures: then no more are taken, and every server
     *     lets in the same bytes
     */
    record Edits(List<Aum> operations, Aum update, boolean complete) implements Subject {
      /** Copies the list. */
      public Edits {
        operations = List.copyOf(operations);
      }
    }

    /** The end of the authority, which needs a secret and has no AUM. */
    record Disable() implements Subject {}
  }

  /** How a proposal ended. */
  public sealed interface Outcome {
    /** When. */
    Instant at();

    /**
     * It was made.
     *
     * @param update the AUM that was let in; empty if the authority ended
     */
    record Done(Instant at, Optional<AumHash> update) implements Outcome {}

    /**
     * It was not made.
     *
     * @param why the reason, as a sentence without its capital letter and full stop
     */
    record Ended(Instant at, String why) implements Outcome {}
  }

  /** Copies the lists. */
  public Proposal {
    signatures = List.copyOf(signatures);
    before = List.copyOf(before);
  }

  /** Whether it is open. */
  public boolean isOpen() {
    return outcome.isEmpty();
  }

  /** The keys whose signatures were collected. */
  public List<Bytes> signers() {
    return signatures.stream().map(AumSignature::signerId).toList();
  }

  /** Whether a key has signed it. */
  public boolean isSignedBy(Bytes key) {
    return signers().contains(key);
  }

  /**
   * The 32 bytes that are signed: the sig-hash of the AUM (protocol, section 1), or for the end of
   * the authority the BLAKE2s-256 of {@code tka: approve that this authority ends}, a line feed,
   * the two state ids (8 bytes each, little-endian), the time at which this was made (seconds,
   * likewise) and the id in ASCII. What an AUM's or a node-key signature's sig-hash is made of
   * begins with the first byte of a map in CBOR, and this with a letter: so none of the three can
   * stand for another.
   */
  public Bytes sigHash() {
    if (subject instanceof Subject.Edits edits) {
      return edits.update().sigHash();
    }
    byte[] text = APPROVAL.getBytes(StandardCharsets.US_ASCII);
    byte[] name = id.getBytes(StandardCharsets.US_ASCII);
    return AumHash.ofEncoding(
            Bytes.copyOf(
                ByteBuffer.allocate(text.length + 3 * Long.BYTES + name.length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .put(text)
                    .putLong(authority.stateId1())
                    .putLong(authority.stateId2())
                    .putLong(at.getEpochSecond())
                    .put(name)
                    .array()))
        .bytes();
  }

  /** The bytes of its AUMs and signatures. */
  public long size() {
    long size = (signatures.size() + before.size()) * (AumSignature.SIGNATURE_SIZE + 32L);
    if (subject instanceof Subject.Edits edits) {
      size += edits.update().encoded().size();
      size += edits.operations().stream().mapToLong(each -> each.encoded().size()).sum();
    }
    return size;
  }

  /** With one more signature. */
  public Proposal with(AumSignature signature) {
    List<AumSignature> more = new ArrayList<>(signatures);
    more.add(signature);
    List<Bytes> missing = new ArrayList<>(before);
    missing.remove(signature.signerId());
    return new Proposal(id, authority, at, subject, more, missing, outcome);
  }

  /** With another subject of the same kind, for which all who had signed are to sign again. */
  public Proposal rebuilt(Subject other) {
    List<Bytes> missing = new ArrayList<>(before);
    for (Bytes each : signers()) {
      if (!missing.contains(each)) {
        missing.add(each);
      }
    }
    return new Proposal(id, authority, at, other, List.of(), missing, outcome);
  }

  /** With enough signatures. */
  public Proposal completed() {
    return subject instanceof Subject.Edits edits
        ? new Proposal(
            id,
            authority,
            at,
            new Subject.Edits(edits.operations(), edits.update(), true),
            signatures,
            before,
            outcome)
        : this;
  }

  /** Ended. */
  public Proposal ended(Outcome how) {
    return new Proposal(id, authority, at, subject, signatures, before, Optional.of(how));
  }
}
