package dev.tka.store.etcd;

import org.jspecify.annotations.Nullable;

/** A request to etcd without a result. */
abstract sealed class EtcdFailure extends Exception {
  private static final long serialVersionUID = 1;

  private final String why;

  private EtcdFailure(String why, @Nullable Throwable cause) {
    super(why, cause);
    this.why = why;
  }

  /** Says why, as a part of a sentence. */
  String why() {
    return why;
  }

  /** No member could be asked: nothing was executed. */
  static final class Unreachable extends EtcdFailure {
    private static final long serialVersionUID = 1;

    Unreachable(String why, @Nullable Throwable cause) {
      super(why, cause);
    }
  }

  /** There is no answer: a change may have been made, and may still be made. */
  static final class Lost extends EtcdFailure {
    private static final long serialVersionUID = 1;

    Lost(String why, @Nullable Throwable cause) {
      super(why, cause);
    }
  }

  /** etcd does not do it; nothing was executed, unless it {@link #isNoSpace}. */
  static final class Refused extends EtcdFailure {
    private static final long serialVersionUID = 1;

    /** gRPC: the request is not one that etcd takes. */
    static final int INVALID = 3;

    /** gRPC: the user may not. */
    static final int FORBIDDEN = 7;

    /** gRPC: a limit was reached, such as that of the space on disk. */
    static final int EXHAUSTED = 8;

    /** gRPC: etcd is not in a state for it. */
    static final int UNSUITABLE = 9;

    /** gRPC: what was asked for is outside of what there is, such as a revision. */
    static final int OUT_OF_RANGE = 11;

    /** gRPC: the token is not valid, or no longer. */
    static final int UNAUTHENTICATED = 16;

    private final int code;

    /** Has a code of gRPC, and words of etcd. */
    Refused(int code, String message) {
      super(message, null);
      this.code = code;
    }

    int code() {
      return code;
    }

    private boolean says(String words) {
      return why().contains(words);
    }

    /** Whether a revision that was asked for is no longer there. */
    boolean isCompacted() {
      return code == OUT_OF_RANGE && says("has been compacted");
    }

    /** Whether a revision that was asked for is not there yet: etcd was put back. */
    boolean isFuture() {
      return code == OUT_OF_RANGE && says("future revision");
    }

    /**
     * Whether the disk, or what etcd may use of it, is full. A change that takes the last space may
     * have been executed all the same.
     */
    boolean isNoSpace() {
      return code == EXHAUSTED && says("space exceeded");
    }

    /** Whether the request has more bytes or operations than etcd takes. */
    boolean isTooLarge() {
      return says("request is too large") || says("too many operations") || says("larger than max");
    }

    /** Whether another token may help. */
    boolean needsToken() {
      return code == UNAUTHENTICATED
          || says("user name is empty")
          || says("revision of auth store is old");
    }

    /** Whether name or password are wrong. */
    boolean isWrongPassword() {
      return says("invalid user ID or password");
    }

    /** Whether etcd asks nobody for a password. */
    boolean isWithoutUsers() {
      return says("authentication is not enabled");
    }
  }
}
