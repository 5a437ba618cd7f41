package dev.tka.store.etcd;

import dev.tka.core.store.StoreException;
import java.io.IOException;

/** Says in the words of stores what etcd did not do. */
final class Failures {
  private Failures() {}

  /** The place cannot be read, or was not changed. */
  static StoreException.Unavailable unavailable(String place, EtcdFailure failure) {
    return new StoreException.Unavailable(place, new IOException(words(failure), failure));
  }

  /** The place was not changed by what others see. */
  static StoreException unchanged(String place, EtcdFailure failure) {
    return failure instanceof EtcdFailure.Refused refused && refused.isTooLarge()
        ? new StoreException.OverLimit(place + ": more than etcd takes at once: " + refused.why())
        : unavailable(place, failure);
  }

  private static String words(EtcdFailure failure) {
    if (!(failure instanceof EtcdFailure.Refused refused)) {
      return failure.why();
    }
    if (refused.isNoSpace()) {
      return "etcd has no space left; compact and defragment it, or raise its quota, and disarm its"
          + " alarm";
    }
    if (refused.isWrongPassword()) {
      return "the user or the password is wrong";
    }
    if (refused.needsToken()) {
      return "etcd asks for a user and a password";
    }
    return refused.code() == EtcdFailure.Refused.FORBIDDEN
        ? "the user may not read and write these keys"
        : refused.why();
  }
}
