package dev.tka.cli.command;

import dev.tka.cli.input.InspectInput;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.ItemPrinter;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.NodeKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.State;
import dev.tka.core.internal.CborReader;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka inspect}: shows every field of AUMs and node-key signatures. */
@Command(
    name = "inspect",
    description = {
      "Shows every field of AUMs and node-key signatures.",
      "Reads raw CBOR, hexadecimal or base64, one value or several; also shows hashes and signers."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka inspect genesis.cbor",
      "  echo a2010302f6 | tka inspect -",
      "  tailscale lock log --json | jq -r '.Messages[].Raw' | tka inspect - --json"
    })
public final class InspectCommand implements Callable<Integer> {
  /** For a few signatures, loading native code would cost more time than it saves. */
  private static final SignatureVerifier VERIFIER =
      SignatureVerifier.on(SignatureVerifier.Path.BOUNCY_CASTLE).orElseThrow();

  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;

  @Parameters(
      paramLabel = "FILE",
      converter = StreamArgument.File.class,
      description = "The file, or - for standard input.")
  private StreamArgument file;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException, CommandFailure {
    if (!file.isStandard() && Files.isDirectory(file.path())) {
      throw new CommandFailure(ExitCode.BAD_INPUT, file + ": expected a file, found a directory");
    }
    try (InputStream in = file.open(tka)) {
      return inspectAll(InspectInput.of(in));
    }
  }

  /** Prints each value as it is read: values before a broken one are sound and still wanted. */
  private int inspectAll(InspectInput input) throws IOException, CommandFailure {
    PrintWriter out = spec.commandLine().getOut();
    Optional<byte[]> value = input.next();
    Map<String, Object> item = describe(input, value.orElse(new byte[0]));
    try (ItemPrinter printer = json ? ItemPrinter.json(out) : ItemPrinter.text(out)) {
      while (value.isPresent()) {
        printer.print(item);
        value = input.next();
        if (value.isPresent()) {
          item = describe(input, value.get());
        }
      }
    }
    return ExitCode.OK;
  }

  private static Map<String, Object> describe(InspectInput input, byte[] value)
      throws CommandFailure {
    try {
      return describe(value);
    } catch (DecodeException e) {
      throw input.failure(
          isOutOfADirectory(value)
              ? "this looks like a file from a node's directory, which holds more than an AUM:"
                  + " run 'tka log DIR' on the directory"
              : e.getMessage());
    }
  }

  /** True for a map whose field 2 is a map, the AUM. No other value has a map there. */
  private static boolean isOutOfADirectory(byte[] value) {
    try (CborReader in = new CborReader(value)) {
      in.advance("file");
      in.beginMap("file");
      while (in.nextKey("file")) {
        boolean aum = in.key("file").equals("2");
        in.advance("file");
        if (aum) {
          in.beginMap("AUM");
          return true;
        }
        in.skipRaw("file");
      }
    } catch (DecodeException e) {
      return false;
    }
    return false;
  }

  /** An AUM if it is one, otherwise a node-key signature; the error is that of the closer match. */
  private static Map<String, Object> describe(byte[] value) throws DecodeException {
    DecodeException notAnAum;
    try {
      return describe(Aum.decode(value));
    } catch (DecodeException e) {
      notAnAum = e;
    }
    try {
      return describe(NodeKeySignature.decode(value));
    } catch (DecodeException notASignature) {
      throw notASignature.offset() > notAnAum.offset() ? notASignature : notAnAum;
    }
  }

  private static Map<String, Object> describe(Aum aum) {
    Map<String, Object> item = new LinkedHashMap<>();
    item.put("Type", "AUM");
    item.put("Hash", aum.hash().toString());
    item.put("HashHex", aum.hash().bytes().toHex());
    item.put("SigHash", aum.sigHash().toHex());
    item.put("Size", aum.encoded().size());
    String illFormed = "";
    try {
      aum.requireWellFormed();
    } catch (IllFormedException e) {
      illFormed = e.getMessage();
    }
    item.put("WellFormed", illFormed.isEmpty());
    if (!illFormed.isEmpty()) {
      item.put("IllFormed", illFormed);
    }
    item.put("AUM", AumJson.aumWithTexts(aum));
    item.put("Signers", signers(aum));
    item.put("Raw", AumJson.base64(aum.encoded()));
    return item;
  }

  /**
   * The signers, whether each signature verifies, and, for a checkpoint, whether it trusts them.
   */
  private static List<Map<String, Object>> signers(Aum aum) {
    List<Map<String, Object>> signers = new ArrayList<>();
    for (AumSignature signature : aum.signatures()) {
      Map<String, Object> signer = new LinkedHashMap<>();
      Bytes keyId = signature.signerId();
      signer.put("KeyID", Texts.keyId(keyId));
      signer.put(
          "Verifies",
          VERIFIER.verifyZip215(
              new SignatureVerifier.Claim(keyId, aum.sigHash(), signature.signatureBytes())));
      Optional<State> state = aum.state();
      if (state.isPresent()) {
        Optional<Key> key = state.get().findKey(keyId);
        signer.put("TrustedByItsOwnState", key.isPresent());
      }
      signers.add(signer);
    }
    return signers;
  }

  private static Map<String, Object> describe(NodeKeySignature signature) {
    Map<String, Object> item = new LinkedHashMap<>();
    item.put("Type", "NodeKeySignature");
    item.put("SigHash", signature.sigHash().toHex());
    item.put("Size", signature.encoded().size());
    signature.nodeKey().map(NodeKey::toString).ifPresent(key -> item.put("NodeKey", key));
    signature
        .authorizingKeyId()
        .ifPresent(keyId -> item.put("AuthorizingKeyID", Texts.keyId(keyId)));
    signature
        .wrappingPublic()
        .ifPresent(keyId -> item.put("EffectiveWrappingKey", Texts.keyId(keyId)));
    item.put("NodeKeySignature", AumJson.nodeKeySignature(signature));
    item.put("Raw", AumJson.base64(signature.encoded()));
    return item;
  }
}
