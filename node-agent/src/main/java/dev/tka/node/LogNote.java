package dev.tka.node;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.tlog.heads.HeadWatch;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;

/**
 * What an agent keeps of control's log of heads.
 *
 * @param verdict what the last look found; empty if there was none
 * @param seen what was believed of the log, so that a later one that does not continue it is
 *     noticed
 */
record LogNote(Optional<LogVerdict> verdict, Optional<HeadWatch.Seen> seen) {
  static final LogNote NONE = new LogNote(Optional.empty(), Optional.empty());

  /** A line of the verdict, the lines of what was seen, and a checksum of all that. */
  Bytes encoded() {
    String text =
        verdict
                .map(
                    each ->
                        each.outcome().kind().code()
                            + " "
                            + each.at()
                            + " "
                            + each.outcome().detail())
                .orElse("")
            + "\n"
            + seen.map(HeadWatch.Seen::text).orElse("");
    return Bytes.copyOf((text + Checksum.of(text) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Reads what {@link #encoded} wrote; empty if it is anything else. */
  static Optional<LogNote> decode(Bytes encoded) {
    String all = new String(encoded.toByteArray(), StandardCharsets.UTF_8);
    int end = all.length() - Checksum.LENGTH - 1;
    String text = all.substring(0, Math.max(0, end));
    int line = text.indexOf('\n');
    if (line < 0 || !all.substring(end).equals(Checksum.of(text) + "\n")) {
      return Optional.empty();
    }
    String lines = text.substring(line + 1);
    try {
      return Optional.of(
          new LogNote(
              line == 0 ? Optional.empty() : Optional.of(verdict(text.substring(0, line))),
              lines.isEmpty() ? Optional.empty() : Optional.of(HeadWatch.Seen.parse(lines))));
    } catch (TextException | DateTimeException e) {
      return Optional.empty();
    }
  }

  private static LogVerdict verdict(String line) throws TextException {
    String[] words = line.split(" ", 3);
    Optional<HeadWatch.Kind> kind =
        Arrays.stream(HeadWatch.Kind.values())
            .filter(each -> each.code().equals(words[0]))
            .findFirst();
    if (kind.isEmpty() || words.length < 3) {
      throw new TextException.BadField("what a look found", "a word, a time, a line", "others");
    }
    return new LogVerdict(Instant.parse(words[1]), new HeadWatch.Outcome(kind.get(), words[2]));
  }
}
