package dev.tka.cli.command;

import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.core.LockPrivateKey;
import dev.tka.store.KeyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka keygen}: makes a signing key. */
@Command(
    name = "keygen",
    description = {
      "Makes a signing key.",
      "The private half goes into a new file that only its owner can read; the public half is"
          + " printed."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  tka keygen admin.key", "  tka keygen admin.key --json | jq -r .PublicKey"})
public final class KeygenCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description = "The file to make.")
  private StreamArgument file;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (file.isStandard()) {
      throw new ParameterException(
          spec.commandLine(), "a private key is written to a file, never to standard output");
    }
    PrintWriter out = spec.commandLine().getOut();
    LockPrivateKey key = LockPrivateKey.generate(tka.random());
    KeyFile.create(file.path(), key);
    tka.noteChange();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("PublicKey", key.publicKey().toString());
      Json.print(out, object);
    } else {
      out.println(key.publicKey());
    }
    return ExitCode.OK;
  }
}
