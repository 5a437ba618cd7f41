package dev.tka.signer.pkcs11.internal;

import dev.tka.core.Bytes;
import dev.tka.core.SigningException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.xipki.pkcs11.wrapper.PKCS11Constants;
import org.xipki.pkcs11.wrapper.PKCS11Exception;
import org.xipki.pkcs11.wrapper.TokenException;

/**
 * The logins of this process to one token. A PIN that the token refused is not given to it again:
 * many tokens lock themselves for good after three wrong ones, and a broker would try one at each
 * request. One at a time logs in, so that many who begin at once give it one wrong PIN, too.
 */
final class Logins {
  private static final Map<String, Logins> BY_TOKEN = new ConcurrentHashMap<>();
  private static final byte[] SALT = new byte[32];

  static {
    new SecureRandom().nextBytes(SALT);
  }

  private final Set<Bytes> refused = new HashSet<>();

  /** Gives the token a PIN. */
  @FunctionalInterface
  interface Login {
    void with(char[] pin) throws TokenException;
  }

  /**
   * Those of a token.
   *
   * @param token names it among all tokens
   */
  static Logins to(String token) {
    return BY_TOKEN.computeIfAbsent(token, name -> new Logins());
  }

  /**
   * Logs in, unless the token refused this PIN before.
   *
   * @throws TokenException if the token refuses
   * @throws SigningException if it did so before
   */
  synchronized void logIn(Patience patience, char[] pin, Login login)
      throws TokenException, SigningException {
    Bytes hash = hash(pin);
    if (refused.contains(hash)) {
      throw patience.failure(
          "wrong PIN: the token refused it before, and it is not tried again, as the token may lock"
              + " itself; correct the PIN file, or start again");
    }
    try {
      login.with(pin);
    } catch (PKCS11Exception e) {
      if (isWrongPin(e)) {
        refused.add(hash);
      }
      throw e;
    }
  }

  /** Whether the token says that a PIN is not the right one. */
  static boolean isWrongPin(PKCS11Exception e) {
    long code = e.getErrorCode();
    return code == PKCS11Constants.CKR_PIN_INCORRECT
        || code == PKCS11Constants.CKR_PIN_INVALID
        || code == PKCS11Constants.CKR_PIN_LEN_RANGE;
  }

  /** Of a short PIN, this hides little; it keeps the PIN itself out of memory. */
  private static Bytes hash(char[] pin) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(SALT);
      for (char each : pin) {
        digest.update((byte) (each >> Byte.SIZE));
        digest.update((byte) each);
      }
      return Bytes.copyOf(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
