package dev.tka.store;

/** Receives the progress of long work. */
@FunctionalInterface
public interface Progress {
  /**
   * Called as the work proceeds.
   *
   * @param done how much is done: AUMs, or whatever the work counts
   * @param total how much there is to do, in the same unit
   */
  void done(long done, long total);
}
