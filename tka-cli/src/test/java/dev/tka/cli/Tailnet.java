package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.store.directory.NodeDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A directory and the key files of its admins, made and changed by the command. */
final class Tailnet {
  /**
   * The secret of locks that some test ends, for whose value all of them wait together: to derive
   * it takes long, on purpose.
   */
  static final DisablementSecret SECRET = DisablementSecret.generate(new SecureRandom());

  /** What begins such a lock. */
  static final List<String> OF_SECRET =
      List.of("--gen-disablements=0", "disablement:" + SECRET.value().toHex());

  private static final Pattern ADVICE = Pattern.compile("^tka: (to do|run): ");

  private final Path folder;
  private final Path directory;

  private Tailnet(Path folder) {
    this.folder = folder;
    this.directory = folder.resolve("tka");
  }

  /** Without an authority yet. */
  static Tailnet in(Path folder) {
    return new Tailnet(folder);
  }

  /** An authority of some keys, {@code name} or {@code name?votes}; the first one signs. */
  static Tailnet of(Path folder, String... keys) {
    Tailnet tailnet = new Tailnet(folder);
    List<Object> trusted = new ArrayList<>(OF_SECRET);
    trusted.add("--confirm");
    for (String key : keys) {
      String name = nameOf(key);
      trusted.add(tailnet.newKey(name) + key.substring(name.length()));
    }
    tailnet.edit("init", nameOf(keys[0]), trusted.toArray());
    return tailnet;
  }

  private static String nameOf(String key) {
    return key.replaceFirst("\\?.*", "");
  }

  /** As {@link #of}, of keys that are there, and in a store of many. */
  void begin(String store, String tailnet, String... keys) {
    List<Object> words = new ArrayList<>(List.of("init", store, "--tailnet", tailnet));
    words.addAll(OF_SECRET);
    for (String key : keys) {
      String name = nameOf(key);
      words.add(publicKey(name) + key.substring(name.length()));
    }
    words.addAll(List.of("--key-file", keyFile(nameOf(keys[0])), "--confirm"));
    run(words.toArray());
  }

  Path directory() {
    return directory;
  }

  Path keyFile(String name) {
    return folder.resolve(name + ".key");
  }

  String newKey(String name) {
    return run("keygen", keyFile(name)).out().strip();
  }

  /** A file beside the directory that only its owner can read. */
  Path secretFile(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.writeString(file, content);
  }

  /** The public half of a key, as text for people. */
  String publicKey(String name) {
    try {
      String text = Files.readString(keyFile(name)).strip();
      return "tlpub:" + text.substring(text.length() - 64);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a command that has to succeed. */
  Cli.Result run(Object... arguments) {
    Cli.Result result = Cli.run(arguments);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.OK);
    return result;
  }

  /** Runs an edit that has to succeed. */
  Cli.Result edit(String verb, String signer, Object... arguments) {
    return run(editArguments(verb, signer, arguments));
  }

  Object[] editArguments(String verb, String signer, Object... arguments) {
    List<Object> all = new ArrayList<>(List.of(verb, directory));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--key-file", keyFile(signer)));
    return all.toArray();
  }

  /**
   * Runs a command that has to fail with one line besides advice, and leave the directory as it
   * was.
   */
  Cli.Result requireRefused(int exitCode, String why, Object... arguments) throws IOException {
    Map<String, String> before = content();
    Cli.Result result = Cli.run(arguments);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("tka: ").contains(why);
    assertThat(withoutAdvice(result.err())).hasLineCount(1);
    assertThat(content()).isEqualTo(before);
    return result;
  }

  /** The lines of standard error besides advice. */
  static String withoutAdvice(String err) {
    return err.lines()
        .filter(line -> !ADVICE.matcher(line).find())
        .collect(Collectors.joining("\n"));
  }

  Authority authority() throws TkaException {
    return Authority.open(NodeDirectory.at(directory));
  }

  /** The ids of the trusted keys with their votes, in the order of the state. */
  List<String> trusted() throws TkaException {
    List<Key> keys = authority().state().keys();
    return keys.stream().map(key -> Texts.keyId(key.id()) + "?" + key.votes()).toList();
  }

  void requireSound() throws TkaException {
    ChainAudit audit = ChainAudit.of(authority().snapshot());
    assertThat(audit.problem()).isEmpty();
  }

  /** Every file of the directory, with its content; locks and journals that are done left out. */
  Map<String, String> content() throws IOException {
    Map<String, String> content = new TreeMap<>();
    if (!Files.exists(directory)) {
      return content;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = directory.relativize(file).toString();
        if (!name.equals("tka-lock") && !name.equals("tka-commits")) {
          content.put(name, HexFormat.of().formatHex(Files.readAllBytes(file)));
        }
      }
    }
    return content;
  }
}
