package dev.tka.tlog;

import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a log asks a witness (C2SP, tlog-witness): to cosign a checkpoint, which it proves to
 * continue the last one that the witness cosigned.
 *
 * @param oldSize the size of that last one; 0 if there is none
 * @param proof from that size to the checkpoint's
 * @param checkpoint with the log's signature
 */
public record AddCheckpoint(long oldSize, List<TreeHash> proof, SignedNote checkpoint) {
  /** Where it is sent, below the witness's URL, by POST. */
  public static final String PATH = "add-checkpoint";

  /** The media type of a size, which answers a request that starts from another one. */
  public static final String SIZE_TYPE = "text/x.tlog.size";

  /** The most bytes of a request. */
  public static final int MOST_BYTES = SignedNote.MOST_BYTES + (8 << 10);

  private static final String WHAT = "request to a witness";
  private static final String OLD = "old ";

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if the size is negative, or the proof has too many hashes
   */
  public AddCheckpoint {
    proof = List.copyOf(proof);
    if (oldSize < 0 || proof.size() > MerkleTree.MOST_HASHES) {
      throw new IllegalArgumentException("no size, or no proof");
    }
  }

  /**
   * Reads a request.
   *
   * @throws TextException if it is not one
   */
  public static AddCheckpoint parse(byte[] body) throws TextException {
    if (body.length > MOST_BYTES) {
      throw NoteText.bad(WHAT, "at most " + MOST_BYTES + " bytes", "more");
    }
    String text = NoteText.utf8(body, WHAT);
    int gap = text.indexOf("\n\n");
    String[] lines = gap < 0 ? new String[0] : text.substring(0, gap).split("\n", -1);
    if (lines.length == 0 || !lines[0].startsWith(OLD)) {
      throw NoteText.bad(WHAT, "\"old\" and a size, a proof, an empty line, a checkpoint", "less");
    }
    long oldSize = NoteText.number(lines[0].substring(OLD.length()), WHAT);
    if (lines.length - 1 > MerkleTree.MOST_HASHES) {
      throw NoteText.bad(WHAT, "at most " + MerkleTree.MOST_HASHES + " hashes", "more");
    }
    List<TreeHash> proof = new ArrayList<>();
    for (int i = 1; i < lines.length; i++) {
      proof.add(TreeHash.parse(lines[i], WHAT));
    }
    return new AddCheckpoint(
        oldSize, proof, SignedNote.parse(NoteText.utf8(text.substring(gap + 2))));
  }

  /** The bytes of the request. */
  public byte[] encode() {
    StringBuilder head = new StringBuilder(OLD).append(oldSize).append('\n');
    proof.forEach(each -> head.append(each).append('\n'));
    head.append('\n');
    byte[] first = NoteText.utf8(head.toString());
    byte[] note = checkpoint.encode();
    byte[] body = java.util.Arrays.copyOf(first, first.length + note.length);
    System.arraycopy(note, 0, body, first.length, note.length);
    return body;
  }

  /**
   * Reads the answer of a witness that cosigned.
   *
   * @throws TextException if it is not signature lines
   */
  public static List<NoteSignature> parseAnswer(byte[] body) throws TextException {
    if (body.length > SignedNote.MOST_BYTES) {
      throw NoteText.bad("answer of a witness", "signature lines", "more than a note has");
    }
    return SignedNote.signatures(NoteText.utf8(body, "answer of a witness"));
  }

  /**
   * Reads the answer of a witness whose last checkpoint has another size.
   *
   * @throws TextException if it is no size and line feed
   */
  public static long parseSize(byte[] body) throws TextException {
    String text = NoteText.utf8(body, "size");
    if (!text.endsWith("\n")) {
      throw NoteText.bad("size", "a number and a line feed", "another text");
    }
    return NoteText.number(text.substring(0, text.length() - 1), "size");
  }
}
