package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.List;

/**
 * A text and signatures of it (C2SP, signed-note). That there is a signature says nothing before it
 * was verified ({@link VerifierKey}).
 *
 * @param text ends with a line feed, and has no other control characters than line feeds
 * @param signatures at least one
 */
public record SignedNote(String text, List<NoteSignature> signatures) {
  /** The most bytes of a note that is read. */
  public static final int MOST_BYTES = 256 << 10;

  /** The most signatures of a note that is read. */
  public static final int MOST_SIGNATURES = 64;

  private static final String WHAT = "note";

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if the text is not as a note's must be
   */
  public SignedNote {
    if (!isText(text)) {
      throw new IllegalArgumentException("a note's text is lines, without control characters");
    }
    signatures = List.copyOf(signatures);
  }

  private static boolean isText(String text) {
    return text.endsWith("\n") && text.chars().noneMatch(c -> c < 0x20 && c != '\n');
  }

  /**
   * Reads a note.
   *
   * @throws TextException if it is not one
   */
  public static SignedNote parse(byte[] bytes) throws TextException {
    if (bytes.length > MOST_BYTES) {
      throw NoteText.bad(WHAT, "at most " + MOST_BYTES + " bytes", bytes.length + " bytes");
    }
    String all = NoteText.utf8(bytes, WHAT);
    int gap = all.lastIndexOf("\n\n");
    if (gap < 0) {
      throw NoteText.bad(WHAT, "an empty line before its signatures", "none");
    }
    String text = all.substring(0, gap + 1);
    if (!isText(text)) {
      throw NoteText.bad(WHAT, "a text without control characters", "some");
    }
    return new SignedNote(text, signatures(all.substring(gap + 2)));
  }

  /**
   * Reads signature lines, each with its line feed.
   *
   * @throws TextException if there is none, or another line
   */
  public static List<NoteSignature> signatures(String lines) throws TextException {
    if (!lines.endsWith("\n")) {
      throw NoteText.bad(WHAT, "signature lines that end with a line feed", "another end");
    }
    List<NoteSignature> signatures = new ArrayList<>();
    for (String line : lines.substring(0, lines.length() - 1).split("\n", -1)) {
      if (signatures.size() == MOST_SIGNATURES) {
        throw NoteText.bad(WHAT, "at most " + MOST_SIGNATURES + " signatures", "more");
      }
      signatures.add(NoteSignature.parse(line));
    }
    return signatures;
  }

  /** The bytes of the note. */
  public byte[] encode() {
    StringBuilder all = new StringBuilder(text).append('\n');
    for (NoteSignature each : signatures) {
      all.append(each.line()).append('\n');
    }
    return NoteText.utf8(all.toString());
  }

  /** What is signed: the text. */
  public Bytes signedBytes() {
    return Bytes.copyOf(NoteText.utf8(text));
  }

  /** With more signatures; one that replaces another of the same key comes in its place. */
  public SignedNote with(List<NoteSignature> more) {
    List<NoteSignature> all = new ArrayList<>(signatures);
    for (NoteSignature each : more) {
      all.removeIf(old -> old.name().equals(each.name()) && old.keyId() == each.keyId());
      all.add(each);
    }
    return new SignedNote(text, all);
  }
}
