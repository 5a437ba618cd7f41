package dev.tka.node;

import dev.tka.core.Bytes;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import java.util.Optional;

/**
 * Where an agent keeps what it must know again after a restart. One agent uses a folder at a time.
 *
 * <p>Every write is durable and whole: after a crash, a file has its old content or its new one.
 * {@link #append} may leave a part of what was appended. What is read is checked by the agent, so a
 * folder need not notice damage.
 */
public interface AgentFolder {
  /** The files beside the AUMs. */
  enum File {
    /** Whether the lock is on, and which authority it is. */
    LOCK("tka-lock-note"),
    /** The peers that control listed last. */
    PEERS("tka-peers"),
    /** The node's key, for a program that is not told it at each start. */
    NODE_KEY("tka-node-key"),
    /** What was seen of control's log of heads, and what was found at the last look. */
    LOG("tka-log-seen"),
    /** What a running agent waits for, for people. Nothing is decided by it. */
    STATUS("tka-agent-status");

    private final String fileName;

    File(String fileName) {
      this.fileName = fileName;
    }

    /** Its name in a directory. */
    public String fileName() {
      return fileName;
    }
  }

  /**
   * The AUMs, empty at first.
   *
   * @throws StoreException if they cannot be reached
   */
  AumStore aums() throws StoreException;

  /**
   * Moves the AUMs out of the way, for a person to look at; {@link #aums} is empty then.
   *
   * @return where they are now, in words for people; empty if there were none
   * @throws StoreException if they cannot be moved; they are where they were
   */
  Optional<String> setAumsAside() throws StoreException;

  /**
   * Reads a file.
   *
   * @return empty if there is none
   * @throws StoreException if it cannot be read
   */
  Optional<Bytes> read(File file) throws StoreException;

  /**
   * Replaces a file, or makes it.
   *
   * @throws StoreException if it cannot be written; it is as it was
   */
  void write(File file, Bytes content) throws StoreException;

  /**
   * Appends to a file that is there.
   *
   * @throws StoreException if it cannot be written; a part may have been appended
   */
  void append(File file, Bytes content) throws StoreException;
}
