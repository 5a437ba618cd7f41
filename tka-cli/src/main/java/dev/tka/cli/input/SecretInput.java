package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.SigningException;
import dev.tka.store.KeyFile;
import java.io.ByteArrayOutputStream;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A secret text that a command works on: in a file that only its owner can read, on standard input,
 * or typed by a person, unseen. It is never an argument: other processes see those.
 */
public final class SecretInput {
  public static final String LABEL = "FILE";

  /** Far more than any of these secrets has. */
  private static final int MAX_SIZE = 64 * 1024;

  /** An argument that is a secret itself, as it is for 'tailscale lock'. */
  private static final Pattern SECRET =
      Pattern.compile("(tskey-|nlpriv:|disablement-secret:).*|.*--TL.*|([0-9a-fA-F]{2}){16,}");

  private SecretInput() {}

  /**
   * Reads the secret, without the white space around it.
   *
   * @param file where, or - for standard input; null to ask for it
   * @param what to call it
   * @throws ParameterException if nobody can be asked, or the secret itself is the argument
   * @throws SigningException if others than its owner can read or write the file
   * @throws CommandFailure if there is nothing, too much, or no text
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
      return tka.in().readNBytes(MAX_SIZE + 1);
    }
    if (SECRET.matcher(file.text()).matches()) {
      throw new ParameterException(
          spec.commandLine(),
          "expected a file that holds the "
              + what
              + ", or - for standard input, found what looks like the secret itself: other"
              + " processes see arguments, so think of it as seen");
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
    String prompt = "tka: " + what + " (not shown): ";
    // Any other input stands for the terminal, and echoes nothing.
    @Nullable Console console = tka.in() == System.in ? System.console() : null;
    if (console == null) {
      spec.commandLine().getErr().print(prompt);
      spec.commandLine().getErr().flush();
      return readLine(tka.in());
    }
    char @Nullable [] typed = console.readPassword("%s", prompt);
    if (typed == null) {
      return new byte[0];
    }
    try {
      return new String(typed).getBytes(StandardCharsets.UTF_8);
    } finally {
      Arrays.fill(typed, '\0');
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
