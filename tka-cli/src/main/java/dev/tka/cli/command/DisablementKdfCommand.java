package dev.tka.cli.command;

import dev.tka.cli.input.SecretInput;
import dev.tka.cli.input.SecretTexts;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.core.DisablementSecret;
import dev.tka.core.TkaException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka disablement-kdf}: prints the value of a disablement secret. */
@Command(
    name = "disablement-kdf",
    description = {
      "Prints the value of a disablement secret, disablement:..., for 'tka init'.",
      "The secret is read from a file that only its owner can read or from standard input (-), or"
          + " typed without echo. It is never an argument, unlike in 'tailscale lock"
          + " disablement-kdf': other processes can see arguments, and shells remember them."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka disablement-kdf secret.txt",
      "  openssl rand -hex 32 | tee secret.txt | tka disablement-kdf -"
    })
public final class DisablementKdfCommand implements Callable<Integer> {
  private static final String PREFIX = "disablement:";

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      arity = "0..1",
      paramLabel = SecretInput.LABEL,
      converter = StreamArgument.File.class,
      description = {
        "The file that holds the secret, disablement-secret:... or its hexadecimal digits alone,"
            + " or - for standard input; by default, the secret is asked for."
      })
  private @Nullable StreamArgument file;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    String text = SecretInput.read(file, "disablement secret", tka, spec);
    List<DisablementSecret> secrets =
        text.indexOf(':') < 0 ? List.of(DisablementSecret.parseHex(text)) : SecretTexts.in(text);
    if (secrets.size() > 1) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, "expected one disablement secret, found " + secrets.size());
    }
    DisablementSecret secret = secrets.get(0);
    String value = PREFIX + secret.value().toHex();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("DisablementValue", value);
      Json.print(spec.commandLine().getOut(), object);
    } else {
      spec.commandLine().getOut().println(value);
    }
    return ExitCode.OK;
  }
}
