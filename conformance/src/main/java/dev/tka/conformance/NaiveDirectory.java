package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * "The on-disk format of shipping nodes" (protocol, section 9) exactly as the page describes it,
 * over a list of names and contents. A second opinion on the content of a directory and its damage;
 * a few lines of its own code read the envelopes.
 */
final class NaiveDirectory {
  private static final String RECORD = "last_active_ancestor";
  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  private static final int HASH_LENGTH = 52;

  private final List<Aum> aums = new ArrayList<>();
  private final SortedMap<AumHash, SortedSet<String>> damaged = new TreeMap<>();
  private boolean degraded;
  private boolean recordReadable = true;
  private boolean recordEmpty;
  private Optional<AumHash> record = Optional.empty();

  private NaiveDirectory() {}

  /**
   * Reads a directory.
   *
   * @param files contents in hexadecimal by name, a slash between folder and file
   * @param directories the names of empty directories
   */
  static NaiveDirectory read(Map<String, String> files, Collection<String> directories)
      throws Mismatch {
    NaiveDirectory read = new NaiveDirectory();
    SortedMap<String, Optional<Bytes>> entries = new TreeMap<>();
    for (Map.Entry<String, String> file : files.entrySet()) {
      try {
        put(entries, file.getKey(), Optional.of(Bytes.parseHex(file.getValue())));
      } catch (TextException e) {
        throw new Mismatch("file " + file.getKey() + ": " + e.getMessage());
      }
    }
    directories.forEach(name -> put(entries, name, Optional.empty()));
    Optional<Bytes> recorded = entries.getOrDefault(RECORD, Optional.empty());
    if (entries.containsKey(RECORD)) {
      read.recordEmpty = recorded.filter(bytes -> bytes.size() == 0).isPresent();
      read.recordReadable =
          read.recordEmpty || recorded.filter(bytes -> bytes.size() == AumHash.SIZE).isPresent();
      read.record =
          recorded
              .filter(bytes -> bytes.size() == AumHash.SIZE)
              .map(bytes -> AumHash.of(bytes.toByteArray()));
    }
    entries.forEach((name, content) -> read.look(name, content, entries));
    return read;
  }

  /** The stored AUMs, in the order of their names. */
  List<Aum> aums() {
    return aums;
  }

  /** The hashes without a sound file, with the names of the damaged files. */
  SortedMap<AumHash, SortedSet<String>> damaged() {
    return damaged;
  }

  /** True if a missing AUM may be the winning child. */
  boolean isDegraded() {
    return degraded;
  }

  /** False when the record of the last-active ancestor has neither 32 bytes nor none. */
  boolean isRecordReadable() {
    return recordReadable;
  }

  /** True when the record has no content, as a crash leaves it: the reference refuses the store. */
  boolean isRecordEmpty() {
    return recordEmpty;
  }

  /** The head of the sound AUMs; empty if they are refused. */
  Optional<AumHash> head() {
    return NaiveOpening.head(aums, record);
  }

  /** Records a name; anything deeper than a file in a folder makes it a directory. */
  private static void put(
      Map<String, Optional<Bytes>> entries, String name, Optional<Bytes> content) {
    String[] parts = name.split("/", -1);
    if (parts[0].equals(RECORD)) {
      entries.put(RECORD, parts.length == 1 ? content : Optional.empty());
    } else if (parts.length > 2) {
      entries.put(parts[0] + "/" + parts[1], Optional.empty());
    } else {
      entries.put(name, content);
    }
  }

  private void look(String name, Optional<Bytes> content, Map<String, Optional<Bytes>> entries) {
    String[] parts = name.split("/", -1);
    if (parts.length != 2 || !isNamedLikeAnAum(parts[1])) {
      return;
    }
    // The spare bits of the last character: a sloppy name means the hash without them.
    int last = BASE32.indexOf(parts[1].charAt(HASH_LENGTH - 1));
    String text = parts[1].substring(0, HASH_LENGTH - 1) + BASE32.charAt(last & 0x10);
    String home = text.substring(0, 2) + "/" + text;
    AumHash hash = parse(text);
    if (!name.equals(home)) {
      damaged.computeIfAbsent(hash, any -> new TreeSet<>()).add(name);
      degraded |= !entries.containsKey(home);
      return;
    }
    NaiveEnvelope envelope;
    try {
      envelope = NaiveEnvelope.read(content.orElseThrow(NaiveEnvelope.Unreadable::new));
      if (envelope.aum().isPresent()) {
        Aum aum = Aum.decode(envelope.aum().get().toByteArray());
        if (!aum.hash().equals(hash)) {
          throw new NaiveEnvelope.Unreadable();
        }
        if (envelope.purgedAt() <= 0) {
          aums.add(aum);
        }
      }
    } catch (NaiveEnvelope.Unreadable | DecodeException e) {
      damaged.computeIfAbsent(hash, any -> new TreeSet<>()).add(name);
      degraded = true;
    }
  }

  private static boolean isNamedLikeAnAum(String name) {
    Set<Character> alphabet = new HashSet<>();
    BASE32.chars().forEach(c -> alphabet.add((char) c));
    return name.length() == HASH_LENGTH && name.chars().allMatch(c -> alphabet.contains((char) c));
  }

  private static AumHash parse(String text) {
    try {
      return AumHash.parse(text);
    } catch (TextException e) {
      throw new IllegalStateException("52 characters without spare bits are a hash", e);
    }
  }
}
