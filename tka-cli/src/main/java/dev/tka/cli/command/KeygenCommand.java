package dev.tka.cli.command;

import dev.tka.cli.input.SignerOption;
import dev.tka.cli.input.SignerText;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.signer.SignerPlace;
import dev.tka.store.KeyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
          + " printed. With --signer pkcs11:..., the token makes the pair and keeps the private half.",
      "An agent's and a program's keys are made by other means, which the command names for each;"
          + " 'tka pubkey' prints the public half then."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {"  tka keygen admin.key", "  tka keygen admin.key --json | jq -r .PublicKey"})
public final class KeygenCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description = "The file to make.")
  private @Nullable StreamArgument file;

  @Mixin private SignerOption signer;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws SigningException, IOException, CommandFailure {
    if ((file == null) == signer.get().isEmpty()) {
      throw usage("expected the FILE to make, or --signer URL");
    }
    LockPublicKey made;
    if (file == null) {
      made = makeAt(signer.get().orElseThrow());
    } else if (file.isStandard()) {
      throw usage("a private key is written to a file, never to standard output");
    } else {
      LockPrivateKey key = LockPrivateKey.generate(tka.random());
      KeyFile.create(file.path(), key);
      made = key.publicKey();
    }
    tka.noteChange();
    print(made, json, spec.commandLine().getOut());
    return ExitCode.OK;
  }

  private LockPublicKey makeAt(SignerText named)
      throws SigningException, IOException, CommandFailure {
    SignerPlace.Making making = named.place().making();
    if (making instanceof SignerPlace.Making.Here here) {
      return here.maker().make(tka.random());
    }
    throw new CommandFailure(
        ExitCode.USAGE,
        named.place().url() + ": such a key is not made here",
        Advice.person(
            ((SignerPlace.Making.ByHand) making).how()
                + "; 'tka pubkey --signer "
                + Texts.shellWord(named.text())
                + "' prints its public half"));
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  /** Prints a public key as all verbs do that print one. */
  static void print(LockPublicKey key, boolean asJson, PrintWriter out) throws IOException {
    if (asJson) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("PublicKey", key.toString());
      Json.print(out, object);
    } else {
      out.println(key);
    }
  }
}
