package dev.tka.control.http;

import dev.tka.control.ControlService;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.store.NoteKeyFile;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the logs of heads are kept (service, section 11).
 *
 * @param keyFile the keys that sign them, made at the first start
 * @param policyFile the witnesses, with their URLs, and how many must cosign; empty for logs that
 *     nobody cosigns
 */
public record HeadsLogSettings(Path keyFile, Optional<Path> policyFile) {
  private static final String NEW_NAME = "tka-log";

  /**
   * Reads each file that is named, and keeps nothing of it. The key's may not be there yet.
   *
   * @throws IOException if one cannot be read or used; the message names it, and shows nothing of a
   *     key
   */
  public void requireFiles() throws IOException {
    LogPolicy unused = policy();
    if (Files.exists(keyFile, LinkOption.NOFOLLOW_LINKS)) {
      try {
        List<SignerKey> unusedToo = NoteKeyFile.read(keyFile, VerifierKey.Kind.NOTE);
      } catch (SigningException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }

  /**
   * Has a service keep the logs from now on. To be called once for a service.
   *
   * @return the way to the witnesses, to be closed after the service
   * @throws IOException as {@link #requireFiles}, and if the key cannot be made
   */
  public HttpWitnesses keep(ControlService service) throws IOException {
    LogPolicy policy = policy();
    List<SignerKey> keys;
    try {
      keys =
          NoteKeyFile.readOrCreate(
              keyFile, VerifierKey.Kind.NOTE, NoteKeyFile.randomName(NEW_NAME));
    } catch (SigningException e) {
      throw new IOException(e.getMessage(), e);
    }
    HttpWitnesses witnesses = HttpWitnesses.open();
    service.keepLogs(keys, policy, witnesses);
    return witnesses;
  }

  private LogPolicy policy() throws IOException {
    if (policyFile.isEmpty()) {
      return new LogPolicy(List.of(), Map.of(), Optional.empty());
    }
    Path file = policyFile.get();
    LogPolicy policy;
    try (InputStream in = Files.newInputStream(file)) {
      policy = LogPolicy.parse(in.readNBytes(LogPolicy.MOST_BYTES + 1));
    } catch (TextException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    if (policy.witnesses().isEmpty()) {
      throw new IOException(file + ": expected a line 'witness NAME KEY URL', found none");
    }
    for (LogPolicy.Witness each : policy.witnesses().values()) {
      Optional<String> problem = HttpWitnesses.problem(each);
      if (problem.isPresent()) {
        throw new IOException(file + ": " + problem.get());
      }
    }
    return policy;
  }
}
