package dev.tka.cli;

import dev.tka.cli.input.Tka;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs what short commands run, so that a JDK which keeps loaded classes in an archive keeps
 * theirs: the launcher calls it once for each JDK. It prints nothing and leaves nothing behind.
 */
public final class Rehearsal {
  private Rehearsal() {}

  /** Runs it. */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createTempDirectory("tka-rehearsal");
    try {
      run(folder);
    } finally {
      delete(folder);
    }
    // The archive is written as the program ends.
    System.exit(0);
  }

  private static void run(Path folder) throws IOException {
    Main.loadAhead();
    Path key = folder.resolve("key");
    tka("keygen", key);
    String seed = Files.readString(key).strip();
    String publicKey = "tlpub:" + seed.substring(seed.length() - 64);
    for (List<String> store :
        List.of(
            List.of(folder.resolve("dir").toString()),
            List.of("sqlite:" + folder.resolve("db"), "--tailnet", "example.com"))) {
      Object[] words = store.toArray();
      tka(with(words, "init", publicKey, "--key-file", key, "--confirm"));
      tka(with(words, "update", publicKey + "?2", "--key-file", key, "--json"));
      for (String verb : List.of("status", "log", "verify", "doctor", "offer")) {
        tka(with(words, verb));
      }
      tka(with(words, "status", "--json"));
    }
    tka("demo");
    tka("--help");
    tka("--version");
    tka("no-such-verb");
    for (Verbs.Verb verb : Verbs.ALL) {
      tka(verb.name(), "--help");
    }
  }

  /** The verb, the words that name a store, and the rest. */
  private static Object[] with(Object[] store, Object verb, Object... rest) {
    return Stream.of(Stream.of(verb), Stream.of(store), Stream.of(rest))
        .flatMap(words -> words)
        .toArray();
  }

  private static void tka(Object... words) {
    Tka tka = Main.tka(InputStream.nullInputStream(), OutputStream.nullOutputStream(), false);
    String[] args = Stream.of(words).map(Object::toString).toArray(String[]::new);
    Main.run(tka, Writer.nullWriter(), Writer.nullWriter(), args);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted((one, other) -> other.compareTo(one)).toList()) {
        Files.delete(file);
      }
    }
  }
}
