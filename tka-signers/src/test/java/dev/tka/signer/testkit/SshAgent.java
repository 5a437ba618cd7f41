package dev.tka.signer.testkit;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * A real ssh-agent of OpenSSH, and keys that its own programs make. Where they are not installed,
 * what needs them is left out.
 */
public final class SshAgent implements AutoCloseable {
  private static final AtomicBoolean SAID = new AtomicBoolean();
  private static final long WAIT_MILLIS = 60_000;

  private final Path folder;
  private final Path socket;
  private final Process process;

  private SshAgent(Path folder, Path socket, Process process) {
    this.folder = folder;
    this.socket = socket;
    this.process = process;
  }

  /**
   * Starts one.
   *
   * @param folder for its socket and the keys' files; its path is short
   */
  public static SshAgent start(Path folder) throws Exception {
    if (!Stream.of("ssh-agent", "ssh-add", "ssh-keygen").allMatch(SshAgent::isInstalled)) {
      String why =
          "No ssh-agent on the path: all tests of it are left out. Install the package"
              + " openssh-client.";
      if (!SAID.getAndSet(true)) {
        System.out.println(why);
      }
      throw new TestAbortedException(why);
    }
    Path socket = folder.resolve("agent");
    Process process =
        new ProcessBuilder("ssh-agent", "-D", "-a", socket.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS);
    while (!Files.exists(socket)) {
      if (System.nanoTime() > end || !process.isAlive()) {
        throw new IOException("ssh-agent does not start");
      }
      Thread.sleep(5);
    }
    return new SshAgent(folder, socket, process);
  }

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .anyMatch(each -> Files.isExecutable(Path.of(each, program)));
  }

  /** Its socket. */
  public Path socket() {
    return socket;
  }

  /**
   * Makes a key, and adds it.
   *
   * @param type as ssh-keygen names it
   */
  public Made add(String name, String type, String... options) throws Exception {
    Path file = folder.resolve(name);
    run("ssh-keygen", "-q", "-t", type, "-N", "", "-f", file.toString());
    String[] adding = Arrays.copyOf(new String[] {"ssh-add", "-q"}, 3 + options.length);
    System.arraycopy(options, 0, adding, 2, options.length);
    adding[adding.length - 1] = file.toString();
    run(adding);
    return new Made(file);
  }

  /** Takes all keys out. */
  public void removeAll() throws Exception {
    run("ssh-add", "-q", "-D");
  }

  private void run(String... command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectErrorStream(true);
    builder.environment().put("SSH_AUTH_SOCK", socket.toString());
    int exitCode = builder.start().waitFor();
    if (exitCode != 0) {
      throw new IOException(List.of(command) + ": exit status " + exitCode);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** A key in the files of OpenSSH. */
  public record Made(Path file) {
    private static final int SIZE = LockPublicKey.SIZE;

    /** The public half of one of Ed25519: the end of what its public file says. */
    public LockPublicKey publicKey() {
      byte[] blob = Base64.getDecoder().decode(read(Path.of(file + ".pub")).split(" ", -1)[1]);
      return new LockPublicKey(Bytes.copyOf(blob, blob.length - SIZE, blob.length));
    }

    /** Its seed, which stands before the last of the public halves. */
    public byte[] seed() {
      byte[] blob = Base64.getMimeDecoder().decode(read(file).replaceAll("-----[A-Z ]+-----", ""));
      byte[] last = publicKey().bytes().toByteArray();
      for (int at = blob.length - SIZE; at >= SIZE; at--) {
        if (Arrays.equals(blob, at, at + SIZE, last, 0, SIZE)) {
          return Arrays.copyOfRange(blob, at - SIZE, at);
        }
      }
      throw new AssertionError("no public half in " + file);
    }

    private static String read(Path file) {
      try {
        return Files.readString(file, StandardCharsets.US_ASCII);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
