package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.demo.AuthorityDemo;
import dev.tka.cli.demo.SyncDemo;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.SigningException;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.core.nodekey.AuthKeyException;
import dev.tka.store.KeyFile;
import dev.tka.store.sql.SqliteFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No private key and no disablement secret of the demo, in any form, is in anything that it prints,
 * logs, throws or writes, but for the one file of each key that only its owner can read.
 */
class SecretsTest {
  private static final int SECRET_SIZE = 32;
  private static final int PEOPLE = 6;

  /** The key and the disablement secret of the second demo, which have no file. */
  private static final int IN_MEMORY = 2;

  @TempDir Path folder;

  /** Remembers what it drew. */
  private static final class Recording extends SecureRandom {
    private final transient List<byte[]> secrets = new ArrayList<>();

    @Override
    public void nextBytes(byte[] bytes) {
      super.nextBytes(bytes);
      if (bytes.length == SECRET_SIZE) {
        secrets.add(bytes.clone());
      }
    }
  }

  @Test
  void theDemoKeepsItsSecrets() throws Exception {
    Recording random = new Recording();
    Map<String, byte[]> seen = new TreeMap<>();
    StringWriter out = new StringWriter();
    seen.put(
        "process output",
        capture(
            () -> {
              PrintWriter printer = new PrintWriter(out, true);
              try (SqliteFile control =
                  SqliteFile.create(folder.resolve("control.db"), Clock.systemUTC())) {
                new AuthorityDemo(folder, control, random, printer).run();
                new SyncDemo(folder, control, random, printer).run();
              }
            }));
    seen.put("output", bytes(out.toString()));
    List<byte[]> secrets = random.secrets;
    assertThat(secrets).hasSize(PEOPLE + 1 + IN_MEMORY);
    int keyFiles = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.toString().endsWith(".key")) {
          keyFiles++;
          assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
              .isEqualTo("rw-------");
          // Proves that the check would find a leak.
          assertThat(secrets).anyMatch(secret -> isIn(secret, content(file)));
        } else {
          seen.put(file.toString(), content(file));
        }
      }
    }
    assertThat(keyFiles).isEqualTo(PEOPLE);
    addTextsAndExceptions(secrets, seen);

    assertThat(seen).hasSizeGreaterThan(20);
    for (byte[] secret : secrets) {
      seen.forEach((where, what) -> assertThat(isIn(secret, what)).as(where).isFalse());
    }
  }

  @Test
  void anAuthKeyKeepsItsSecretsButInTheTextsThatAreAskedFor() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String authKey = "tskey-auth-kABC-" + "s3cretPart".repeat(3);
    byte[] authKeySecret = bytes(authKey.substring("tskey-auth-kABC-".length()));
    Path plain = tailnet.secretFile("plain", authKey);
    Recording random = new Recording();
    Cli.Result wrap =
        Cli.run(
            new Tka(new ByteArrayInputStream(new byte[0]), false, random),
            "authkey",
            "wrap",
            tailnet.directory(),
            plain,
            "--key-file",
            tailnet.keyFile("ann"));
    String text = wrap.out().strip();
    assertThat(random.secrets).hasSize(1);
    byte[] seed = random.secrets.get(0);
    // Proves that the check would find a leak.
    assertThat(isIn(seed, bytes(text))).isTrue();
    assertThat(isIn(authKeySecret, bytes(text))).isTrue();

    String nodeKey = "nodekey:" + "ab".repeat(32);
    Map<String, byte[]> seen = new TreeMap<>();
    seen.put("wrap", bytes(wrap.err()));
    seen.put("wrapped", bytes(AuthKey.parse(text) + " " + List.of(AuthKey.parse(text))));
    seen.put("plain", bytes(AuthKey.parse(authKey) + " " + List.of(AuthKey.parse(authKey))));
    for (Object[] command :
        List.of(
            new Object[] {"inspect", "-"},
            new Object[] {"inspect", "-", "--json"},
            new Object[] {"inspect", text},
            new Object[] {"unwrap", "-", "--node-key", nodeKey})) {
      Object[] all = new Object[command.length + 1];
      all[0] = "authkey";
      System.arraycopy(command, 0, all, 1, command.length);
      Cli.Result result = Cli.runWithInput(bytes(text), all);
      // An auth key is the expected output of unwrap.
      String out = result.out().replace(authKey + "\n", "");
      seen.put(List.of(command).toString(), bytes(out + result.err()));
    }
    for (int cut = 1; cut <= 90; cut++) {
      String damaged = text.substring(0, text.length() - cut);
      Cli.Result result = Cli.runWithInput(bytes(damaged), "authkey", "unwrap", "-");
      assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      StringWriter trace = new StringWriter();
      try {
        AuthKey.parse(damaged);
        throw new AssertionError("expected a refusal");
      } catch (AuthKeyException e) {
        e.printStackTrace(new PrintWriter(trace, true));
      }
      seen.put("damaged " + cut, bytes(trace + result.out() + result.err()));
    }
    tailnet.content().forEach((file, hex) -> seen.put(file, bytes(hex)));

    assertThat(seen).hasSizeGreaterThan(97);
    seen.forEach(
        (where, what) -> {
          assertThat(isIn(seed, what)).as(where).isFalse();
          assertThat(isIn(authKeySecret, what)).as(where).isFalse();
        });
  }

  /** Every toString of a secret's holder, and every exception that a damaged key file makes. */
  private void addTextsAndExceptions(List<byte[]> secrets, Map<String, byte[]> seen)
      throws Exception {
    for (int i = 0; i < secrets.size(); i++) {
      DisablementSecret secret = DisablementSecret.of(secrets.get(i));
      seen.put("disablement secret " + i, bytes(secret + " " + List.of(secret)));
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".key")).toList()) {
        LockPrivateKey key = KeyFile.read(file);
        seen.put("key of " + file, bytes(key + " " + List.of(key)));
        String text = Files.readString(file);
        for (String damaged :
            List.of(
                text.substring(0, 80),
                text.substring(7),
                text + text,
                text.strip() + "00",
                text.substring(0, 71) + "0".repeat(64),
                text.toUpperCase(Locale.ROOT),
                text.replace(':', '='))) {
          Files.writeString(file, damaged);
          StringWriter trace = new StringWriter();
          try {
            KeyFile.read(file);
            throw new AssertionError("expected a refusal of damaged key file " + file);
          } catch (SigningException e) {
            e.printStackTrace(new PrintWriter(trace, true));
          }
          Cli.Result result =
              Cli.run(
                  "add",
                  "sqlite:" + folder.resolve("control.db"),
                  "--tailnet",
                  "ann.example",
                  key.publicKey(),
                  "--key-file",
                  file);
          assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
          seen.put(
              "damaged " + file + damaged.length() + damaged.hashCode(),
              bytes(trace + result.out() + result.err()));
        }
      }
    }
  }

  /** Runs an action, and returns what this process printed and logged in the meantime. */
  static byte[] capture(Work work) throws Exception {
    PrintStream standardOut = System.out;
    PrintStream standardErr = System.err;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    PrintStream both = new PrintStream(captured, true, StandardCharsets.UTF_8);
    System.setOut(both);
    System.setErr(both);
    try {
      work.run();
    } finally {
      System.setOut(standardOut);
      System.setErr(standardErr);
    }
    return captured.toByteArray();
  }

  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] content(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Raw, in hexadecimal of either case, or in base64 of either alphabet, wherever it begins. */
  static boolean isIn(byte[] secret, byte[] content) {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    if (text.contains(new String(secret, StandardCharsets.ISO_8859_1))
        || text.toLowerCase(Locale.ROOT).contains(HexFormat.of().formatHex(secret))) {
      return true;
    }
    for (int shift = 0; shift < 3; shift++) {
      byte[] shifted = new byte[shift + secret.length];
      System.arraycopy(secret, 0, shifted, shift, secret.length);
      // Without the groups at the ends, which depend on the text beside the secret.
      String base64 = Base64.getEncoder().encodeToString(shifted);
      String inner = base64.substring(4, base64.length() - 4);
      if (text.contains(inner) || text.contains(inner.replace('+', '-').replace('/', '_'))) {
        return true;
      }
    }
    return false;
  }
}
