package dev.tka.witness;

import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.store.LogPolicyFile;
import dev.tka.store.NoteKeyFile;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.Checkpoint;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.MerkleTree;
import dev.tka.tlog.NoteSignature;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.TreeHash;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/**
 * Decides what is cosigned (C2SP, tlog-witness). A checkpoint is kept before its cosignature is
 * given, and the order of the two cannot be seen from outside: of one log, each request is decided
 * after the one before was kept. Safe for use by many threads.
 */
public final class Witness implements AutoCloseable {
  private static final String KEY = "witness.key";

  private final Logs logs;
  private final SignerKey key;
  private final Keeping last;
  private final Clock clock;

  /** Reads which logs are known. */
  @FunctionalInterface
  interface Logs {
    LogPolicy read() throws IOException;
  }

  /** Keeps the last checkpoint of each log, for good, and one after the other. */
  interface Keeping extends AutoCloseable {
    /** The last checkpoint of a log; empty if there is none. */
    Optional<LastCheckpoints.Last> of(String origin);

    /** Whether there is room for this log. */
    boolean hasRoomFor(String origin);

    /**
     * Keeps a checkpoint. When this returns, it is kept for good.
     *
     * @throws IOException if that is not known
     */
    void keep(String origin, LastCheckpoints.Last now) throws IOException;

    @Override
    void close() throws IOException;
  }

  Witness(Logs logs, SignerKey key, Keeping last, Clock clock) {
    this.logs = logs;
    this.key = key;
    this.last = last;
    this.clock = clock;
  }

  /** An answer. */
  public sealed interface Answer {
    /** A cosignature. */
    record Cosigned(NoteSignature signature) implements Answer {}

    /** The last checkpoint of the log has another size. */
    record OtherSize(long size) implements Answer {}

    /**
     * Nothing is cosigned.
     *
     * @param status of HTTP
     * @param why a sentence without its capital letter and full stop
     */
    record Refused(int status, String why) implements Answer {}
  }

  /**
   * Opens a witness, whose key is made at its first start.
   *
   * @param folder of its key and of what it cosigned last
   * @param logs the file of the logs that it knows, a {@link LogPolicy}; it is read anew for each
   *     request
   * @param name of a new key
   * @throws SigningException if the key's file is not one, or what was cosigned with it is gone
   * @throws IOException if a file cannot be read or made, or is not as it was written
   */
  public static Witness open(Path folder, Path logs, String name, Clock clock)
      throws SigningException, IOException {
    requireTogether(folder);
    LastCheckpoints last = LastCheckpoints.open(folder);
    boolean opened = false;
    try {
      Witness witness = new Witness(() -> known(logs), key(folder, name), last, clock);
      opened = true;
      return witness;
    } finally {
      if (!opened) {
        last.close();
      }
    }
  }

  /**
   * The public key of the witness of a folder, which is made if there is none.
   *
   * @throws SigningException as {@link #open}
   * @throws IOException as {@link #open}
   */
  public static VerifierKey keyOf(Path folder, String name) throws SigningException, IOException {
    if (!Files.exists(folder.resolve(KEY), LinkOption.NOFOLLOW_LINKS)) {
      try (Witness made = open(folder, folder, name, Clock.systemUTC())) {
        return made.key();
      }
    }
    return key(folder, name).verifier();
  }

  /** A key without what was cosigned with it could cosign another tree of the same size. */
  private static void requireTogether(Path folder) throws SigningException {
    if (Files.exists(folder.resolve(KEY), LinkOption.NOFOLLOW_LINKS)
        && !LastCheckpoints.isIn(folder)) {
      throw new SigningException(
          folder
              + ": expected the file "
              + LastCheckpoints.FILE
              + " beside the key, found none: what was cosigned is forgotten, so begin in another"
              + " folder, with a new key");
    }
  }

  private static SignerKey key(Path folder, String name) throws SigningException, IOException {
    List<SignerKey> keys =
        NoteKeyFile.readOrCreate(folder.resolve(KEY), VerifierKey.Kind.COSIGNATURE, name);
    if (keys.size() != 1) {
      throw new SigningException(folder.resolve(KEY) + ": expected one key, found two");
    }
    return keys.get(0);
  }

  /** Its public key. */
  public VerifierKey key() {
    return key.verifier();
  }

  /**
   * Answers a request.
   *
   * @throws IOException if the file of logs cannot be read, or the checkpoint could not be kept;
   *     nothing is cosigned
   */
  public Answer ask(byte[] body) throws IOException {
    AddCheckpoint asked;
    Checkpoint checkpoint;
    try {
      asked = AddCheckpoint.parse(body);
      checkpoint = Checkpoint.parse(asked.checkpoint().text());
    } catch (TextException e) {
      return new Answer.Refused(400, e.getMessage());
    }
    List<VerifierKey> keys = logs.read().keysOf(checkpoint.origin());
    if (keys.isEmpty()) {
      return new Answer.Refused(404, "the log is not known here");
    }
    if (!isSigned(asked.checkpoint(), keys)) {
      return new Answer.Refused(403, "no signature of the log's key");
    }
    if (asked.oldSize() > checkpoint.size()) {
      return new Answer.Refused(400, "expected an old size that is not above the new one");
    }
    return decide(asked, checkpoint);
  }

  private synchronized Answer decide(AddCheckpoint asked, Checkpoint checkpoint)
      throws IOException {
    Optional<LastCheckpoints.Last> before = last.of(checkpoint.origin());
    long size = before.map(LastCheckpoints.Last::size).orElse(0L);
    if (asked.oldSize() != size) {
      return new Answer.OtherSize(size);
    }
    TreeHash root = before.map(LastCheckpoints.Last::root).orElse(TreeHash.EMPTY);
    LastCheckpoints.Last now = new LastCheckpoints.Last(checkpoint.size(), checkpoint.root());
    if (size == checkpoint.size() && !root.equals(checkpoint.root())) {
      return new Answer.Refused(409, "this size was cosigned with another root");
    }
    if (!MerkleTree.isConsistent(size, root, checkpoint.size(), checkpoint.root(), asked.proof())) {
      return new Answer.Refused(422, "the proof does not show that the log only grew");
    }
    if (!before.equals(Optional.of(now))) {
      if (!last.hasRoomFor(checkpoint.origin())) {
        return new Answer.Refused(429, "there is no room for another log");
      }
      last.keep(checkpoint.origin(), now);
    }
    return new Answer.Cosigned(key.cosign(asked.checkpoint().text(), clock.instant()));
  }

  private static boolean isSigned(SignedNote note, List<VerifierKey> keys) {
    return note.signatures().stream()
        .anyMatch(each -> keys.stream().anyMatch(key -> key.verifies(note.text(), each)));
  }

  /** Whoever asks is not at fault if the file is wrong. */
  private static LogPolicy known(Path logs) throws IOException {
    try {
      return LogPolicyFile.read(logs);
    } catch (TextException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public void close() throws IOException {
    last.close();
  }

  /** The bytes of an answer's body. */
  static byte[] body(Answer answer) {
    String text;
    if (answer instanceof Answer.Cosigned cosigned) {
      text = cosigned.signature().line();
    } else if (answer instanceof Answer.OtherSize other) {
      text = Long.toString(other.size());
    } else {
      text = ((Answer.Refused) answer).why();
    }
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
