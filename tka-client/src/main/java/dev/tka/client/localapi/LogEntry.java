package dev.tka.client.localapi;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import java.io.IOException;
import java.util.Optional;

/**
 * An AUM of a daemon's active chain, as its log has it. Nothing of it is verified.
 *
 * @param hash what the daemon says is its hash
 * @param raw its encoding, signatures included
 */
record LogEntry(Optional<AumHash> hash, Bytes raw) {
  /** The fields, which come in any order. */
  private static final class Draft {
    private Optional<AumHash> hash = Optional.empty();
    private Bytes raw = Bytes.empty();
  }

  static LogEntry read(GoJson in) throws IOException {
    Draft draft = new Draft();
    in.object(
        field -> {
          switch (field) {
            case "hash" -> draft.hash = in.hash();
            case "raw" -> draft.raw = in.base64();
            default -> in.skip();
          }
        });
    return new LogEntry(draft.hash, draft.raw);
  }
}
