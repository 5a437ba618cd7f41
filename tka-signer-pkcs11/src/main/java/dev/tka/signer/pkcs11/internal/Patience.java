package dev.tka.signer.pkcs11.internal;

import dev.tka.core.SigningException;
import dev.tka.signer.pkcs11.Pkcs11Uri;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.xipki.pkcs11.wrapper.PKCS11Constants;
import org.xipki.pkcs11.wrapper.PKCS11Exception;
import org.xipki.pkcs11.wrapper.TokenException;

/**
 * Calls a token's library for bounded time, and says in plain words what it answers. Nothing ends a
 * call of native code: one that hangs is left behind, on a thread that does not keep Java alive.
 * While it hangs, its library is not called again, so that a broker leaves one thread and not one
 * for each request; what it makes after all is closed.
 */
final class Patience {
  /** What hangs, by the library. */
  private static final Map<Object, Thread> HANGING = new ConcurrentHashMap<>();

  private final Pkcs11Uri uri;
  private final Duration limit;

  Patience(Pkcs11Uri uri, Duration limit) {
    this.uri = uri;
    this.limit = limit;
  }

  /**
   * Makes a call.
   *
   * @throws SigningException if the token refuses, or does not answer in time
   * @throws IOException if a file does not exist or cannot be read
   */
  <T> T call(Callable<T> call) throws SigningException, IOException {
    @Nullable Thread earlier = HANGING.get(uri.module());
    if (earlier != null && earlier.isAlive() && earlier != Thread.currentThread()) {
      throw failure("no answer yet to an earlier call");
    }
    AtomicBoolean settled = new AtomicBoolean();
    FutureTask<T> task =
        new FutureTask<>(
            () -> {
              T made = call.call();
              if (!settled.compareAndSet(false, true) && made instanceof AutoCloseable late) {
                late.close();
              }
              return made;
            });
    Thread thread = new Thread(task, "PKCS #11");
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      HANGING.put(uri.module(), thread);
      if (!settled.compareAndSet(false, true)) {
        closeLate(task);
      }
      throw new SigningException(uri + ": no answer in time", new IOException(e));
    } catch (InterruptedException e) {
      if (!settled.compareAndSet(false, true)) {
        closeLate(task);
      }
      Thread.currentThread().interrupt();
      throw failure("interrupted");
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      if (cause instanceof SigningException known) {
        throw known;
      }
      if (cause instanceof IOException io) {
        throw io;
      }
      if (cause instanceof TokenException refused) {
        throw failure(describe(refused));
      }
      throw new SigningException(uri + ": its library failed", cause);
    }
  }

  /** Of a call that was done just when nobody waited any longer. */
  private static void closeLate(FutureTask<?> task) {
    try {
      if (task.get() instanceof AutoCloseable late) {
        late.close();
      }
    } catch (Exception e) {
      // Nobody waits for it, and the one who did is told that it came too late.
    }
  }

  SigningException failure(String what) {
    return new SigningException(uri + ": " + what);
  }

  /** Only the codes: a text of the library may hold anything. */
  private static String describe(TokenException refused) {
    if (!(refused instanceof PKCS11Exception coded)) {
      return "its library failed";
    }
    long code = coded.getErrorCode();
    if (Logins.isWrongPin(coded)) {
      return "wrong PIN; a token may lock itself after a few of them";
    }
    if (code == PKCS11Constants.CKR_PIN_LOCKED) {
      return "the PIN is locked";
    }
    if (code == PKCS11Constants.CKR_DEVICE_REMOVED
        || code == PKCS11Constants.CKR_TOKEN_NOT_PRESENT
        || code == PKCS11Constants.CKR_OBJECT_HANDLE_INVALID
        || code == PKCS11Constants.CKR_KEY_HANDLE_INVALID) {
      return "the token or its key is gone (" + coded.getErrorName() + ")";
    }
    return "the token refuses (" + coded.getErrorName() + ")";
  }
}
