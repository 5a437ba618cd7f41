package dev.tka.tlog;

import dev.tka.core.TextException;
import java.util.Arrays;
import java.util.List;

/**
 * What a log says of itself: the text of a note (C2SP, tlog-checkpoint).
 *
 * @param origin names the log
 * @param size the number of entries
 * @param root the hash of the tree with that many entries
 * @param extensions lines of which the witnesses say nothing
 */
public record Checkpoint(String origin, long size, TreeHash root, List<String> extensions) {
  private static final String WHAT = "checkpoint";

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if a line is empty or has control characters, or the size is
   *     negative
   */
  public Checkpoint {
    extensions = List.copyOf(extensions);
    if (size < 0 || !isLine(origin) || !extensions.stream().allMatch(Checkpoint::isLine)) {
      throw new IllegalArgumentException("a checkpoint has lines that are not empty, and a size");
    }
  }

  /** A checkpoint without extensions. */
  public Checkpoint(String origin, long size, TreeHash root) {
    this(origin, size, root, List.of());
  }

  private static boolean isLine(String text) {
    return !text.isEmpty() && text.chars().noneMatch(c -> c < 0x20);
  }

  /**
   * Reads the text of a note.
   *
   * @throws TextException if it is no checkpoint
   */
  public static Checkpoint parse(String text) throws TextException {
    String[] lines = text.split("\n", -1);
    // After the last line feed is nothing.
    int last = lines.length - 1;
    if (last < 3 || !lines[last].isEmpty()) {
      throw NoteText.bad(WHAT, "an origin, a size and a root", "fewer lines");
    }
    List<String> extensions = Arrays.asList(lines).subList(3, last);
    if (!isLine(lines[0]) || !extensions.stream().allMatch(Checkpoint::isLine)) {
      throw NoteText.bad(WHAT, "lines that are not empty, without controls", "another one");
    }
    return new Checkpoint(
        lines[0], NoteText.number(lines[1], WHAT), TreeHash.parse(lines[2], WHAT), extensions);
  }

  /** The text of the note. */
  public String text() {
    StringBuilder text =
        new StringBuilder(origin).append('\n').append(size).append('\n').append(root).append('\n');
    extensions.forEach(each -> text.append(each).append('\n'));
    return text.toString();
  }
}
