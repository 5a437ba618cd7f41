package dev.tka.core.store;

/** A place where AUMs are kept, for reading. */
public interface AumSource {
  /**
   * What is stored now.
   *
   * @throws StoreException if it cannot be read
   */
  AumSnapshot read() throws StoreException;
}
