package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Cases that no command handles: internal errors, and output that nobody reads. */
class MainTest {
  private static final Pattern REPORTED =
      Pattern.compile("tka: (?:internal error|out of memory), .*; the details are in (.*)\n");

  @Test
  void anInternalErrorIsOneLineAndAFileOfDetails() throws IOException {
    requireInternal(
        () -> {
          throw new IllegalStateException("two\nlines");
        },
        "two\nlines");
    requireInternal(
        () -> {
          throw new StackOverflowError();
        },
        "StackOverflowError");
    requireInternal(
        () -> {
          throw new ExceptionInInitializerError(new IllegalArgumentException("the cause"));
        },
        "IllegalArgumentException: the cause");
    // Last: where it escapes, it takes the test run with it.
    requireInternal(
        () -> {
          throw new OutOfMemoryError("no heap");
        },
        "OutOfMemoryError: no heap");
  }

  @Test
  void aReaderThatWentAwayIsNotReported() {
    StringWriter err = new StringWriter();

    int exitCode = help(new FailingWriter("Broken pipe"), err);

    assertThat(exitCode).isEqualTo(ExitCode.IO);
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void outputThatCannotBeWrittenIsReported() {
    StringWriter err = new StringWriter();

    int exitCode = help(new FailingWriter("No space left on device"), err);

    assertThat(exitCode).isEqualTo(ExitCode.IO);
    assertThat(err.toString()).isEqualTo("tka: the output could not be written\n");
  }

  private static int help(Writer out, Writer err) {
    return Main.run(Cli.tka(new byte[0]), out, err, "--help");
  }

  private static void requireInternal(Runnable failing, String message) throws IOException {
    InputStream in =
        new InputStream() {
          @Override
          public int read() {
            failing.run();
            return -1;
          }

          @Override
          public int read(byte[] target, int offset, int count) {
            return read();
          }
        };
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();

    int exitCode = Main.run(new Tka(in, false, new SecureRandom()), out, err, "inspect", "-");

    assertThat(exitCode).isEqualTo(ExitCode.INTERNAL);
    Matcher reported = REPORTED.matcher(err.toString());
    assertThat(reported.matches()).as(err.toString()).isTrue();
    Path details = Path.of(reported.group(1));
    try {
      assertThat(Files.readString(details)).contains(message, "MainTest");
      assertThat(Files.getPosixFilePermissions(details))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    } finally {
      Files.delete(details);
    }
    assertThat(out.toString()).isEmpty();
  }
}
