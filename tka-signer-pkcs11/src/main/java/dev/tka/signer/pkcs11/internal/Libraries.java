package dev.tka.signer.pkcs11.internal;

import dev.tka.core.SigningException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xipki.pkcs11.wrapper.Logger;
import org.xipki.pkcs11.wrapper.PKCS11Constants;
import org.xipki.pkcs11.wrapper.PKCS11Exception;
import org.xipki.pkcs11.wrapper.PKCS11Module;
import org.xipki.pkcs11.wrapper.StaticLogger;
import org.xipki.pkcs11.wrapper.TokenException;

/**
 * The libraries of tokens, each loaded once and never unloaded: all of a process share one state of
 * a library.
 */
final class Libraries {
  private static final Map<Path, PKCS11Module> LOADED = new HashMap<>();

  static {
    // It would print what it does to standard output.
    StaticLogger.setLogger(new Silence());
  }

  private Libraries() {}

  /**
   * Loads one.
   *
   * @throws NoSuchFileException if there is none
   * @throws SigningException if it is no such library
   */
  static PKCS11Module load(Path file) throws IOException, SigningException, TokenException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    Path path = file.toRealPath();
    synchronized (LOADED) {
      @Nullable PKCS11Module known = LOADED.get(path);
      if (known != null) {
        return known;
      }
    }
    PKCS11Module module;
    try {
      module = PKCS11Module.getInstance(path.toString());
    } catch (IOException | UnsatisfiedLinkError e) {
      throw new SigningException(file + ": expected the library of a token, which it is not", e);
    }
    try {
      module.initialize();
    } catch (PKCS11Exception e) {
      // Another part of this process uses it.
      if (e.getErrorCode() != PKCS11Constants.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        throw e;
      }
    }
    synchronized (LOADED) {
      @Nullable PKCS11Module other = LOADED.putIfAbsent(path, module);
      return other == null ? module : other;
    }
  }

  private static final class Silence implements Logger {
    @Override
    public void info(String format, Object... arguments) {}

    @Override
    public void warn(String format, Object... arguments) {}

    @Override
    public void error(String format, Object... arguments) {}

    @Override
    public void debug(String format, Object... arguments) {}

    @Override
    public void trace(String format, Object... arguments) {}

    @Override
    public boolean isDebugEnabled() {
      return false;
    }

    @Override
    public boolean isInfoEnabled() {
      return false;
    }

    @Override
    public boolean isWarnEnabled() {
      return false;
    }

    @Override
    public boolean isTraceEnabled() {
      return false;
    }
  }
}
