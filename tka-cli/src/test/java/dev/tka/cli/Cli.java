package dev.tka.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.input.Tka;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.testkit.GoldenData;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs the command in this process, on streams of its own. */
public final class Cli {
  private Cli() {}

  /** The output of a run, and its exit status. */
  public record Result(int exitCode, String out, String err) {
    Map<String, Object> json() {
      return parse(out);
    }
  }

  /** Runs it without input. */
  public static Result run(Object... arguments) {
    return runWithInput(new byte[0], arguments);
  }

  static Result runWithInput(byte[] input, Object... arguments) {
    return run(tka(input), arguments);
  }

  /** A person who types at a terminal. */
  static Result runAnswering(String answer, Object... arguments) {
    InputStream in = new ByteArrayInputStream((answer + "\n").getBytes(StandardCharsets.UTF_8));
    return run(new Tka(in, true, new SecureRandom()), arguments);
  }

  static Tka tka(byte[] input) {
    return new Tka(new ByteArrayInputStream(input), false, new SecureRandom());
  }

  static Result run(Tka tka, Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] texts = List.of(arguments).stream().map(Object::toString).toArray(String[]::new);
    int exitCode = Main.run(tka, out, err, texts);
    return new Result(exitCode, out.toString(), err.toString());
  }

  /** What starts the command as a process of its own. */
  public static List<String> process(Object... arguments) {
    List<String> command = new ArrayList<>(StartedJava.words());
    command.add(Main.class.getName());
    List.of(arguments).forEach(argument -> command.add(argument.toString()));
    return command;
  }

  /** The fields of an object. */
  public static Map<String, Object> parse(String json) {
    try {
      return JSON.std.mapFrom(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The cases of a golden file. */
  static List<Map<String, Object>> golden(String name) {
    return GoldenData.lines(name).stream().map(Cli::parse).toList();
  }

  /** One case of a golden file. */
  static Map<String, Object> golden(String name, String caseName) {
    return golden(name).stream()
        .filter(golden -> caseName.equals(golden.get("name")))
        .findFirst()
        .orElseThrow();
  }

  /** Writes the {@code files} of a golden case below a folder. */
  static Path materialize(Map<String, Object> golden, Path folder) {
    try {
      for (Map.Entry<?, ?> file : ((Map<?, ?>) golden.get("files")).entrySet()) {
        Path path = folder.resolve((String) file.getKey());
        Files.createDirectories(path.getParent());
        Files.write(path, Bytes.parseHex((String) file.getValue()).toByteArray());
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (TextException e) {
      throw new AssertionError(e);
    }
  }
}
