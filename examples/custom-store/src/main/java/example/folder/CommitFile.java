package example.folder;

import dev.tka.core.DecodeException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.util.Optional;

/**
 * What the file of a commit holds.
 *
 * @param base the revision that it follows
 * @param commit empty for a wipe
 */
record CommitFile(String tailnet, Revision base, Optional<Commit> commit) {
  private static final int VERSION = 1;

  byte[] encode() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(VERSION);
    out.writeUTF(tailnet);
    out.writeLong(base.value());
    Form.COMMIT.optional().write(commit, out);
    return bytes.toByteArray();
  }

  /**
   * The revision that it leads to: a part of its hash. As it names the one before, the hash stands
   * for the whole history; a number would be that of other commits, too, once a copy was put back.
   */
  Revision revision() throws IOException {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(encode());
      return new Revision(ByteBuffer.wrap(hash).getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads a file.
   *
   * @throws StoreException.Newer if a newer version wrote it
   * @throws StoreException.Damaged if it cannot be what was written
   */
  static CommitFile read(Path file) throws IOException, StoreException {
    byte[] bytes = Files.readAllBytes(file);
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readInt();
      if (version > VERSION) {
        throw new StoreException.Newer(file.toString(), VERSION, version);
      }
      return new CommitFile(
          in.readUTF(), new Revision(in.readLong()), Form.COMMIT.optional().read(in));
    } catch (IOException | DecodeException | IllegalArgumentException | DateTimeException e) {
      throw new StoreException.Damaged(file + ": " + e.getMessage());
    }
  }
}
