package dev.tka.tlog;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which logs and witnesses are believed, and which witnesses must agree (C2SP, tlog-policy): a file
 * of lines {@code log <key> [<URL>]}, {@code witness <name> <key> [<URL>]}, {@code group <name>
 * all|any|<number> <name>...} and {@code quorum <name>|none}. Without a line for the quorum it is
 * {@code none}.
 *
 * <p>The key of a log speaks for the origin that is its name, and for every origin below it: those
 * that begin with the name and a slash. So an operator with many logs has one line here, and two
 * while the key is being replaced; keys with one name are one operator's.
 *
 * @param logs keys of logs
 * @param witnesses the witnesses by their names in this file
 * @param quorum who must cosign; empty if nobody must
 */
public record LogPolicy(
    List<VerifierKey> logs, Map<String, Witness> witnesses, Optional<Quorum> quorum) {
  /** The most bytes of a file that is read. */
  public static final int MOST_BYTES = 256 << 10;

  private static final String WHAT = "policy";
  private static final String NONE = "none";

  /** Copies the collections. */
  public LogPolicy {
    logs = List.copyOf(logs);
    witnesses = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(witnesses));
  }

  /**
   * A witness.
   *
   * @param key for cosignatures
   * @param url where it is asked, if the file says so
   */
  public record Witness(VerifierKey key, Optional<String> url) {}

  /** Who must cosign. */
  public sealed interface Quorum {
    /** Whether it is enough that some witnesses have. */
    boolean isMetBy(Set<VerifierKey> witnesses);

    /** One witness. */
    record One(VerifierKey key) implements Quorum {
      @Override
      public boolean isMetBy(Set<VerifierKey> witnesses) {
        return witnesses.contains(key);
      }
    }

    /** Some of several. */
    record Some(int needed, List<Quorum> members) implements Quorum {
      /** Copies the list. */
      public Some {
        members = List.copyOf(members);
      }

      @Override
      public boolean isMetBy(Set<VerifierKey> witnesses) {
        return members.stream().filter(each -> each.isMetBy(witnesses)).count() >= needed;
      }
    }
  }

  /**
   * Reads a file.
   *
   * @throws TextException if it is not one; the message names the line
   */
  public static LogPolicy parse(byte[] file) throws TextException {
    if (file.length > MOST_BYTES) {
      throw NoteText.bad(WHAT, "at most " + MOST_BYTES + " bytes", "more");
    }
    Reading reading = new Reading();
    String[] lines = NoteText.utf8(file, WHAT).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      try {
        reading.take(lines[i]);
      } catch (TextException e) {
        throw new TextException.BadField("line " + (i + 1), e);
      }
    }
    return new LogPolicy(
        reading.logs,
        reading.witnesses,
        reading.quorum.isPresent() ? reading.quorum.get() : Optional.empty());
  }

  /** The keys that may sign for an origin, under its name; none if the log is not known. */
  public List<VerifierKey> keysOf(String origin) {
    List<VerifierKey> keys = new ArrayList<>();
    for (VerifierKey each : logs) {
      if (NoteText.isKeyName(origin)
          && (origin.equals(each.name()) || origin.startsWith(each.name() + "/"))) {
        keys.add(each.named(origin));
      }
    }
    return keys;
  }

  /** What was read so far. */
  private static final class Reading {
    private final List<VerifierKey> logs = new ArrayList<>();
    private final Map<String, Witness> witnesses = new LinkedHashMap<>();
    private final Map<String, Quorum> named = new LinkedHashMap<>();
    private final Set<Bytes> keys = new LinkedHashSet<>();
    private final Set<String> members = new LinkedHashSet<>();
    private Optional<Optional<Quorum>> quorum = Optional.empty();

    void take(String line) throws TextException {
      if (line.chars().anyMatch(c -> (c < 0x20 && c != '\t') || c == 0x7f)) {
        throw NoteText.bad(WHAT, "no control characters but tabs", "another one");
      }
      String text = line.replace('\t', ' ').strip();
      if (text.isEmpty() || text.startsWith("#")) {
        return;
      }
      String[] words = text.split(" +");
      switch (words[0]) {
        case "log" -> log(words);
        case "witness" -> witness(words);
        case "group" -> group(words);
        case "quorum" -> quorum(words);
        default -> throw NoteText.bad(WHAT, "log, witness, group or quorum", "another word");
      }
    }

    private static void require(boolean is, String expected) throws TextException {
      if (!is) {
        throw NoteText.bad(WHAT, expected, "another line");
      }
    }

    private VerifierKey key(String text, VerifierKey.Kind kind, String expected)
        throws TextException {
      VerifierKey key = VerifierKey.parse(text);
      require(key.kind() == kind, expected);
      require(keys.add(key.publicKey()), "each key once");
      return key;
    }

    private void log(String[] words) throws TextException {
      require(words.length == 2 || words.length == 3, "log <key> [<URL>]");
      logs.add(key(words[1], VerifierKey.Kind.NOTE, "a log's key, of type 1"));
    }

    private void witness(String[] words) throws TextException {
      require(words.length == 3 || words.length == 4, "witness <name> <key> [<URL>]");
      requireNew(words[1]);
      VerifierKey key = key(words[2], VerifierKey.Kind.COSIGNATURE, "a witness's key, of type 4");
      witnesses.put(
          words[1], new Witness(key, words.length == 4 ? Optional.of(words[3]) : Optional.empty()));
      named.put(words[1], new Quorum.One(key));
    }

    private void requireNew(String name) throws TextException {
      require(!name.equals(NONE) && !named.containsKey(name), "a name that is not taken");
    }

    private Quorum known(String name) throws TextException {
      Quorum found = named.get(name);
      if (found == null) {
        throw NoteText.bad(WHAT, "the name of a witness or group of a line before", "another");
      }
      return found;
    }

    private void group(String[] words) throws TextException {
      require(words.length >= 4, "group <name> all|any|<number> <name>...");
      requireNew(words[1]);
      List<Quorum> of = new ArrayList<>();
      for (int i = 3; i < words.length; i++) {
        of.add(known(words[i]));
        require(members.add(words[i]), "each name in one group, once");
      }
      long needed =
          switch (words[2]) {
            case "all" -> of.size();
            case "any" -> 1;
            default -> NoteText.number(words[2], WHAT);
          };
      require(needed >= 1 && needed <= of.size(), "a number of members that the group has");
      named.put(words[1], new Quorum.Some((int) needed, of));
    }

    private void quorum(String[] words) throws TextException {
      require(words.length == 2, "quorum <name>");
      require(quorum.isEmpty(), "one line for the quorum");
      quorum = Optional.of(words[1].equals(NONE) ? Optional.empty() : Optional.of(known(words[1])));
    }
  }
}
