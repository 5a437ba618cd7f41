package example.folder;

import dev.tka.core.DecodeException;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.Optional;

/**
 * What the file of a commit holds.
 *
 * @param commit empty for a wipe
 */
record CommitFile(String tailnet, Optional<Commit> commit) {
  private static final int VERSION = 1;

  byte[] encode() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(VERSION);
    out.writeUTF(tailnet);
    Form.COMMIT.optional().write(commit, out);
    return bytes.toByteArray();
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
      return new CommitFile(in.readUTF(), Form.COMMIT.optional().read(in));
    } catch (IOException | DecodeException | IllegalArgumentException | DateTimeException e) {
      throw new StoreException.Damaged(file + ": " + e.getMessage());
    }
  }
}
