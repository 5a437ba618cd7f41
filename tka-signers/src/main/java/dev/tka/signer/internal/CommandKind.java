package dev.tka.signer.internal;

import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerKind;
import dev.tka.signer.SignerPlace;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that signs: {@code command:PROGRAM ARGUMENTS}, without a shell. It is run with one more
 * argument: {@code public-key} has it print the public key as text, {@code tlpub:...}; {@code sign}
 * has it read 32 bytes from standard input and write the 64 bytes of the signature to standard
 * output. Exit status 0 means that it did. What it writes to standard error goes to ours.
 */
public final class CommandKind implements SignerKind {
  private static final String SCHEME = "command";

  /** A word, or a part of it between quotes, which may hold spaces. */
  private static final Pattern WORD = Pattern.compile("(?:[^\\s'\"]|'[^']*'|\"[^\"]*\")+");

  /** A cloud may be slow, or a person may have to confirm. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Duration limit;

  /** For the loader of services. */
  public CommandKind() {
    this(LIMIT);
  }

  /** With another time limit for each run. */
  public CommandKind(Duration limit) {
    this.limit = limit;
  }

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public String form() {
    return "'" + SCHEME + ":PROGRAM ARGUMENTS'";
  }

  @Override
  public SignerPlace parse(String scheme, String rest) throws TextException.BadUrl {
    List<String> words = new ArrayList<>();
    int end = 0;
    for (Matcher word = WORD.matcher(rest); word.find(); end = word.end()) {
      requireBlank(rest.substring(end, word.start()));
      words.add(word.group().replaceAll("'([^']*)'|\"([^\"]*)\"", "$1$2"));
    }
    requireBlank(rest.substring(end));
    if (words.isEmpty() || words.get(0).isEmpty()) {
      throw new TextException.BadUrl(form(), "no program");
    }
    return new Place(new Program(words, limit));
  }

  private void requireBlank(String between) throws TextException.BadUrl {
    if (!between.isBlank()) {
      throw new TextException.BadUrl(form(), "a quote without its end");
    }
  }

  private record Place(Program program) implements SignerPlace {
    @Override
    public String url() {
      return SCHEME + ":" + program;
    }

    @Override
    public OpenSigner open() throws SigningException {
      return new CommandSigner(program, publicKey());
    }

    private LockPublicKey publicKey() throws SigningException {
      byte[] text = program.run("public-key", new byte[0], Program.MAX_TEXT);
      try {
        return LockPublicKey.parse(new String(text, StandardCharsets.ISO_8859_1).strip());
      } catch (TextException e) {
        throw new SigningException(program + " public-key: " + e.getMessage());
      }
    }

    @Override
    public Making making() {
      return new Making.ByHand(
          "the program's own means make the key, such as the console of a cloud's KMS");
    }
  }

  private record CommandSigner(Program program, LockPublicKey publicKey) implements OpenSigner {
    @Override
    public Bytes sign(Bytes sigHash) throws SigningException {
      SigHashes.require(sigHash);
      byte[] made = program.run("sign", sigHash.toByteArray(), AumSignature.SIGNATURE_SIZE);
      if (made.length != AumSignature.SIGNATURE_SIZE) {
        throw new SigningException(
            program
                + " sign: expected "
                + AumSignature.SIGNATURE_SIZE
                + " bytes on its standard output, found "
                + made.length);
      }
      return Bytes.copyOf(made);
    }

    @Override
    public void close() {}
  }
}
