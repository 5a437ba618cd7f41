package dev.tka.cli.input;

import dev.tka.core.TextException;
import dev.tka.signer.SignerKinds;
import dev.tka.signer.SignerPlace;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A signer as named by an option: a URL of any installed kind.
 *
 * @param text as given
 * @param place what it names
 */
public record SignerText(String text, SignerPlace place) {
  /** The kind that is not in the command's jar, since it brings native libraries. */
  private static final String OPTIONAL = "pkcs11";

  /** Looked for when a text is read, which the help does not do. */
  private static final class Kinds {
    static final SignerKinds INSTALLED = SignerKinds.installed();
  }

  /** Reads the URL. */
  static final class Reader implements ITypeConverter<SignerText> {
    /**
     * Reads it.
     *
     * @throws TypeConversionException if it names no signer; its message does not repeat what may
     *     be a secret
     */
    @Override
    public SignerText convert(String text) {
      if (text.toLowerCase(Locale.ROOT).startsWith(OPTIONAL + ":")
          && !Kinds.INSTALLED.has(OPTIONAL)) {
        throw new TypeConversionException(
            "keys in a token need tka-signer-pkcs11, which this tka was built without: see"
                + " docs/command.md, 'Signers'");
      }
      try {
        return new SignerText(text, Kinds.INSTALLED.parse(text));
      } catch (TextException.BadUrl e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
