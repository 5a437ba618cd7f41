package dev.tka.cli;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.internal.CanonicalWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes the store of a golden case as a shipping node's directory. */
final class DirectoryOfAums {
  private static final long COMMITTED_AT = 1_700_000_000L;

  private DirectoryOfAums() {}

  static Path write(Map<String, Object> golden, Path directory) throws Exception {
    Map<?, ?> store = (Map<?, ?>) golden.get("store");
    for (Object encoded : (List<?>) store.get("aums")) {
      byte[] bytes = Bytes.parseHex((String) encoded).toByteArray();
      String name = Aum.decode(bytes).hash().toString();
      Path file = directory.resolve(name.substring(0, 2)).resolve(name);
      Files.createDirectories(file.getParent());
      Files.write(
          file,
          new CanonicalWriter(bytes.length)
              .map(2)
              .unsigned(2)
              .raw(bytes)
              .unsigned(3)
              .unsigned(COMMITTED_AT)
              .toByteArray());
    }
    return directory;
  }
}
