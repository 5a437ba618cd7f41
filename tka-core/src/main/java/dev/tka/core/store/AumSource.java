package dev.tka.core.store;

/** A readable source of AUMs. */
public interface AumSource {
  /**
   * Reads the current content.
   *
   * @throws StoreException if it cannot be read
   */
  AumSnapshot read() throws StoreException;
}
