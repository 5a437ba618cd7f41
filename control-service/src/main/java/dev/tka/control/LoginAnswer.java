package dev.tka.control;

import dev.tka.core.Bytes;
import java.util.Optional;

/** What became of a login (service, section 10). */
public sealed interface LoginAnswer {
  /**
   * The login is stored.
   *
   * @param refused why the signature that it brought is not, on one line
   */
  record Stored(Optional<String> refused) implements LoginAnswer {}

  /**
   * Nothing is stored: the node comes back with a rotation of a signature for another key.
   *
   * @param signature the encoded signature to put into the register response
   */
  record HandBack(Bytes signature) implements LoginAnswer {}
}
