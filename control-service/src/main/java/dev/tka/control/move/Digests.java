package dev.tka.control.move;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.StoreException;
import dev.tka.store.export.AumExport;
import dev.tka.store.records.NodeRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** Digests of what is compared and may be large. */
final class Digests {
  private Digests() {}

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** All that is kept of a node; none of it is secret. */
  static Bytes of(NodeRecord node) {
    return Bytes.copyOf(sha256().digest(node.toString().getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * The export of a store; of one without an authority that could be exported, its bodies.
   *
   * @throws StoreException if a body cannot be read
   */
  static Bytes ofExport(AumSnapshot snapshot) throws StoreException {
    MessageDigest digest = sha256();
    try (OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
      AumExport.write(snapshot, "", 0, out, (done, total) -> {});
    } catch (OpenException e) {
      return ofBodies(snapshot);
    } catch (IOException e) {
      throw new UncheckedIOException("a digest takes every byte", e);
    }
    return Bytes.copyOf(digest.digest());
  }

  private static Bytes ofBodies(AumSnapshot snapshot) throws StoreException {
    MessageDigest digest = sha256();
    List<AumHash> hashes = snapshot.entries().stream().map(each -> each.hash()).sorted().toList();
    for (BodyReader reader = new BodyReader(snapshot, hashes); reader.hasNext(); ) {
      digest.update(reader.encoded().toByteArray());
    }
    return Bytes.copyOf(digest.digest());
  }
}
