package dev.tka.witness;

import dev.tka.core.Bytes;
import dev.tka.tlog.AddCheckpoint;
import dev.tka.tlog.Checkpoint;
import dev.tka.tlog.MerkleTree;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.Subtree;
import dev.tka.tlog.TreeHash;
import dev.tka.tlog.VerifierKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;

/**
 * A log that lies: it has two sequences of entries, which are the same up to a place.
 *
 * @param common how many entries both have
 */
record ForkingLog(SignerKey key, String origin, int common) {
  static final String OPERATOR = "operator.example";

  static SignerKey newKey() {
    return SignerKey.generate(OPERATOR, VerifierKey.Kind.NOTE, new SecureRandom());
  }

  /** Writes a file of logs that knows one key. */
  static Path list(Path file, SignerKey key) throws Exception {
    return Files.writeString(file, "log " + key.verifier() + "\n");
  }

  private TreeHash entry(int fork, long index) {
    String text = origin + " " + index + " " + (index < common ? 0 : fork);
    return TreeHash.ofEntry(Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8)));
  }

  private TreeHash hash(int fork, Subtree part) {
    return part.level() == 0
        ? entry(fork, part.index())
        : TreeHash.of(
            hash(fork, new Subtree(part.level() - 1, part.index() * 2)),
            hash(fork, new Subtree(part.level() - 1, part.index() * 2 + 1)));
  }

  private List<TreeHash> hashes(int fork, List<Subtree> parts) {
    return parts.stream().map(each -> hash(fork, each)).toList();
  }

  TreeHash root(int fork, long size) {
    return MerkleTree.root(size, parts -> hashes(fork, parts));
  }

  /** A request for a size of one of the sequences, with the proof that this one has. */
  byte[] request(int fork, long oldSize, long size) {
    String text = new Checkpoint(origin, size, root(fork, size)).text();
    return new AddCheckpoint(
            oldSize,
            oldSize > size
                ? List.of()
                : MerkleTree.consistency(oldSize, size, parts -> hashes(fork, parts)),
            new SignedNote(text, List.of(key.sign(origin, text))))
        .encode();
  }
}
