package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.SigningException;
import dev.tka.store.KeyFile;
import java.io.ByteArrayOutputStream;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A secret that a command works on: from a file that only its owner can read, from standard input,
 * or typed without echo. It is never an argument, because other processes can see arguments.
 */
public final class SecretInput {
  public static final String LABEL = "FILE";

  /** Far more than the length of any of these secrets. */
  private static final int MAX_SIZE = 64 * 1024;

  /** How long to wait for the next line of a paste. */
  private static final int PASTE_MILLIS = 50;

  /** An argument that is the secret itself, as 'tailscale lock' takes it. */
  private static final Pattern SECRET =
      Pattern.compile(
          "(tskey-|nlpriv:|disablement-secret:|tka-broker-token:).*|.*--TL.*|([0-9a-fA-F]{2}){16,}");

  private SecretInput() {}

  /**
   * Reads the secret, without surrounding white space.
   *
   * @param file the file, or - for standard input; null to ask for it
   * @param what its name in messages
   * @throws ParameterException if there is no terminal to ask on, or the secret itself is the
   *     argument
   * @throws SigningException if anyone but its owner can read or write the file
   * @throws CommandFailure if it is empty, too long, or not text
   */
  public static String read(@Nullable StreamArgument file, String what, Tka tka, CommandSpec spec)
      throws SigningException, IOException, CommandFailure {
    byte[] content = content(file, what, tka, spec);
    try {
      if (content.length > MAX_SIZE) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT, what + ": expected at most " + MAX_SIZE + " bytes, found more");
      }
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString().strip();
      if (text.isEmpty()) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT, what + ": expected one, found nothing but white space");
      }
      return text;
    } catch (CharacterCodingException e) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, what + ": expected UTF-8 text, found other bytes");
    } finally {
      Arrays.fill(content, (byte) 0);
    }
  }

  private static byte[] content(
      @Nullable StreamArgument file, String what, Tka tka, CommandSpec spec)
      throws SigningException, IOException {
    if (file == null) {
      return ask(what, tka, spec);
    }
    if (file.isStandard()) {
      return standardInput(what, tka, spec);
    }
    if (SECRET.matcher(file.text()).matches()) {
      throw new ParameterException(
          spec.commandLine(),
          "expected a file that holds the "
              + what
              + ", or - for standard input, found what looks like the secret itself: other"
              + " processes can see arguments, so consider it compromised");
    }
    Path path = file.path();
    KeyFile.requirePrivate(path, what + " file");
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(MAX_SIZE + 1);
    }
  }

  private static byte[] ask(String what, Tka tka, CommandSpec spec) throws IOException {
    if (!tka.canAsk()) {
      throw new ParameterException(
          spec.commandLine(),
          "missing argument "
              + LABEL
              + ", a file that holds the "
              + what
              + ", or - for standard"
              + " input");
    }
    return typed(what, tka, spec);
  }

  /**
   * A secret from standard input: all of it, or, where a person types it, one line without echo.
   *
   * @param what its name in the prompt
   */
  static byte[] standardInput(String what, Tka tka, CommandSpec spec) throws IOException {
    return tka.isTyped() ? typed(what, tka, spec) : tka.in().readNBytes(MAX_SIZE + 1);
  }

  @SuppressWarnings("try") // The echo is off for as long as the block runs.
  private static byte[] typed(String what, Tka tka, CommandSpec spec) throws IOException {
    String prompt = "tka: " + what + " (not shown): ";
    PrintWriter err = spec.commandLine().getErr();
    // Any other input replaces the terminal, and echoes nothing.
    if (tka.in() != System.in) {
      err.print(prompt);
      err.flush();
      return readLine(tka.in());
    }
    Optional<EchoOff> off = EchoOff.begin();
    if (off.isEmpty()) {
      return typed(System.console(), prompt);
    }
    try (EchoOff until = off.get()) {
      err.print(prompt);
      err.flush();
      byte[] lines = readPaste(tka.in());
      err.println();
      return lines;
    }
  }

  /** As Java hides it, which it does only where the output goes to the terminal, too. */
  private static byte[] typed(@Nullable Console console, String prompt) throws IOException {
    if (console == null) {
      throw new IOException(
          "what is typed cannot be hidden on this terminal: give the secret in a file");
    }
    char @Nullable [] line = console.readPassword("%s", prompt);
    if (line == null) {
      return new byte[0];
    }
    try {
      return new String(line).getBytes(StandardCharsets.UTF_8);
    } finally {
      Arrays.fill(line, '\0');
    }
  }

  /** One line, or all lines of a paste: what is left of it would go to the shell. */
  private static byte[] readPaste(InputStream in) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    do {
      all.writeBytes(readLine(in));
      all.write('\n');
    } while (moreCame(in) && all.size() <= MAX_SIZE);
    return all.toByteArray();
  }

  private static boolean moreCame(InputStream in) throws IOException {
    try {
      if (in.available() == 0) {
        Thread.sleep(PASTE_MILLIS);
      }
      return in.available() > 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static byte[] readLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (line.size() <= MAX_SIZE) {
        line.write(c);
      }
    }
    return line.toByteArray();
  }
}
