package dev.tka.store;

/** Is told how far long work has come. */
@FunctionalInterface
public interface Progress {
  /**
   * So much is done.
   *
   * @param of of how much; both count AUMs, or whatever the work counts
   */
  void done(long done, long of);
}
