package dev.tka.core;

import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.VerificationException;
import dev.tka.core.nodekey.AuthKeyException;
import dev.tka.core.nodekey.DeepLinkException;
import dev.tka.core.nodekey.RotationException;
import dev.tka.core.nodekey.UnsoundKeyException;
import dev.tka.core.store.StoreException;

/**
 * Everything that can be wrong with data: what was decoded, verified, applied, opened, stored,
 * built or signed. Each class below names one violated rule and carries what was expected and what
 * was found; the message says both.
 *
 * <p>Checked, because bad data is not a bug of the caller. Bugs of this library, and arguments that
 * no caller may pass, are unchecked exceptions of the JDK.
 */
public abstract sealed class TkaException extends Exception
    permits TextException,
        DecodeException,
        IllFormedException,
        VerificationException,
        ApplyException,
        OpenException,
        InformException,
        StoreException,
        BuildException,
        SigningException,
        RotationException,
        UnsoundKeyException,
        AuthKeyException,
        DeepLinkException {

  private final String message;

  protected TkaException(String message) {
    super(message);
    this.message = message;
  }

  protected TkaException(String message, Throwable cause) {
    super(message, cause);
    this.message = message;
  }

  /** The problem, on one line: the rule, what was expected, what was found. */
  @Override
  public String getMessage() {
    return message;
  }
}
