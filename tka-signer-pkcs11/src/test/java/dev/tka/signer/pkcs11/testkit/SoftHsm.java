package dev.tka.signer.pkcs11.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * A token of a real SoftHSM 2. Where it is not installed, what needs it is left out. Its tokens are
 * beside the file that the environment's {@code SOFTHSM2_CONF} names, and those of an earlier run
 * are deleted. A process sees those tokens that were there when it loaded the library.
 *
 * @param label the token's label
 * @param pinFile the file that holds its PIN
 */
public record SoftHsm(String label, Path pinFile) {
  private static final List<String> LIBRARIES =
      List.of(
          "/usr/lib/softhsm/libsofthsm2.so",
          "/usr/lib64/pkcs11/libsofthsm2.so",
          "/usr/local/lib/softhsm/libsofthsm2.so",
          "/opt/homebrew/lib/softhsm/libsofthsm2.so");

  private static final String PROGRAM = "softhsm2-util";
  private static final AtomicBoolean SAID = new AtomicBoolean();
  private static final AtomicInteger COUNT = new AtomicInteger();

  private static final class Prepared {
    static final Path CONFIGURATION = prepare();
  }

  /**
   * Makes a token.
   *
   * @param folder for the file of its PIN
   */
  public static SoftHsm make(Path folder, String pin) throws Exception {
    Optional<Path> library = library();
    if (library.isEmpty() || System.getenv("SOFTHSM2_CONF") == null) {
      String why =
          "No SoftHSM is installed: all tests of PKCS #11 are left out. Install the package"
              + " softhsm2.";
      if (!SAID.getAndSet(true)) {
        System.out.println(why);
      }
      throw new TestAbortedException(why);
    }
    String label = "admin " + COUNT.incrementAndGet();
    Path pinFile = writePin(folder, pin);
    SoftHsm token = new SoftHsm(label, pinFile);
    token.run("--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "so-" + pin);
    return token;
  }

  private static Path writePin(Path folder, String pin) throws IOException {
    Path file = folder.resolve("pin " + COUNT.incrementAndGet());
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.writeString(file, pin + "\n");
  }

  /** The same token, with a file of its own for the PIN. */
  public SoftHsm withPinIn(Path folder) throws IOException {
    return new SoftHsm(label, writePin(folder, pin()));
  }

  private static Path prepare() {
    Path configuration = Path.of(System.getenv("SOFTHSM2_CONF"));
    Path tokens = configuration.resolveSibling("tokens");
    try {
      if (Files.exists(tokens)) {
        try (Stream<Path> files = Files.walk(tokens)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(file);
          }
        }
      }
      Files.createDirectories(tokens);
      return Files.writeString(
          configuration,
          "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The library, if it is installed. */
  public static Optional<Path> library() {
    return LIBRARIES.stream().map(Path::of).filter(Files::exists).findFirst();
  }

  /**
   * Puts a private key into the token.
   *
   * @param key a file of PKCS #8
   * @param id in hexadecimal
   */
  public void add(Path key, String name, String id) throws Exception {
    run("--import", key.toString(), "--token", label, "--label", name, "--id", id, "--pin", pin());
  }

  /** Takes the token away. */
  public void remove() throws Exception {
    run("--delete-token", "--token", label);
  }

  /** The PIN. */
  public String pin() throws IOException {
    return Files.readString(pinFile).strip();
  }

  /** The URL of a key in it. */
  public String url(String name) {
    return "pkcs11:token=" + encoded(label) + ";object=" + encoded(name) + "?" + query();
  }

  /** The part of a URL that says how to reach it. */
  public String query() {
    return "module-path=" + library().orElseThrow() + "&pin-source=" + encoded(pinFile.toString());
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
  }

  private void run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(PROGRAM));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SOFTHSM2_CONF", Prepared.CONFIGURATION.toString());
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(arguments[0] + " of " + PROGRAM + ": " + output);
    }
  }
}
