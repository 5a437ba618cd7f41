package dev.tka.cli;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.internal.CanonicalWriter;
import dev.tka.core.store.Commit;
import dev.tka.store.directory.NodeDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;

/** Directories that a shipping node could have, of AUMs from elsewhere. */
final class DirectoryOfAums {
  private static final long COMMITTED_AT = 1_700_000_000L;

  private DirectoryOfAums() {}

  /** AUMs that came in so many days ago, each a second after the one before it. */
  static Path write(List<Aum> aums, int daysAgo, Path directory) throws Exception {
    NodeDirectory store = NodeDirectory.create(directory, Clock.systemUTC());
    Instant at = Instant.now().minus(Duration.ofDays(daysAgo)).truncatedTo(ChronoUnit.SECONDS);
    Commit.Builder commit = Commit.on(store.read().revision());
    for (int i = 0; i < aums.size(); i++) {
      commit.add(aums.get(i), at.plusSeconds(i));
    }
    store.commit(commit.build());
    return directory;
  }

  /** The store of a golden case. */
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
