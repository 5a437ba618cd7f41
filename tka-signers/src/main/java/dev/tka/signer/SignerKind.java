package dev.tka.signer;

import dev.tka.core.TextException;
import java.util.List;

/**
 * A kind of signer, known by the scheme of its URLs. An implementation is listed as a service (in
 * {@code module-info}, and in {@code META-INF/services} for the class path); the command then signs
 * with its URLs like with any other. It has a public constructor without arguments, which loads
 * nothing heavy: all kinds are asked for their schemes, and most of them for nothing else.
 */
public interface SignerKind {
  /** The schemes of its URLs, in lower case. No other kind may have any of them. */
  List<String> schemes();

  /** The form of its URLs, for errors and help, such as {@code file:PATH}. */
  String form();

  /**
   * Reads a URL. Nothing is opened, and the key need not be there.
   *
   * @param scheme one of {@link #schemes}
   * @param rest what follows the colon
   * @throws TextException.BadUrl if it names no key; its message does not quote what may be a
   *     secret
   */
  SignerPlace parse(String scheme, String rest) throws TextException.BadUrl;
}
