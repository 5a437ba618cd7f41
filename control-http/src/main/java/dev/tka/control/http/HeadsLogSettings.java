package dev.tka.control.http;

import dev.tka.control.ControlService;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.store.LogPolicyFile;
import dev.tka.store.NoteKeyFile;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
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
  /**
   * Reads each file that is named, and keeps nothing of it. The key's may not be there yet.
   *
   * @throws SettingsFile.InvalidException if one makes no sense; the message names it, and shows
   *     nothing of a key
   * @throws IOException if one cannot be read
   */
  public void requireFiles() throws SettingsFile.InvalidException, IOException {
    LogPolicy unused = policy();
    if (Files.exists(keyFile, LinkOption.NOFOLLOW_LINKS)) {
      try {
        List<SignerKey> unusedToo = NoteKeyFile.read(keyFile, VerifierKey.Kind.NOTE);
      } catch (SigningException e) {
        throw wrong(e.getMessage());
      }
    }
  }

  private static SettingsFile.InvalidException wrong(String problem) {
    return new SettingsFile.InvalidException(List.of(problem));
  }

  /**
   * Has a service keep the logs from now on. To be called once for a service.
   *
   * @return the way to the witnesses, to be closed after the service
   * @throws SettingsFile.InvalidException as {@link #requireFiles}
   * @throws IOException as {@link #requireFiles}, and if the key cannot be made
   */
  public HttpWitnesses keep(ControlService service)
      throws SettingsFile.InvalidException, IOException {
    LogPolicy policy = policy();
    List<SignerKey> keys;
    try {
      keys = NoteKeyFile.readOrCreateLogKeys(keyFile);
    } catch (SigningException e) {
      throw wrong(e.getMessage());
    }
    HttpWitnesses witnesses = HttpWitnesses.open();
    service.keepLogs(keys, policy, witnesses);
    return witnesses;
  }

  private LogPolicy policy() throws SettingsFile.InvalidException, IOException {
    if (policyFile.isEmpty()) {
      return new LogPolicy(List.of(), Map.of(), Optional.empty());
    }
    Path file = policyFile.get();
    LogPolicy policy;
    try {
      policy = LogPolicyFile.read(file);
    } catch (TextException e) {
      throw wrong(e.getMessage());
    }
    if (policy.witnesses().isEmpty()) {
      throw wrong(file + ": expected a line 'witness NAME KEY URL', found none");
    }
    if (policy.quorum().isEmpty()) {
      throw wrong(
          file
              + ": expected a line 'quorum NAME' of a witness or a group, found none: nothing would"
              + " say how many must cosign");
    }
    for (LogPolicy.Witness each : policy.witnesses().values()) {
      Optional<String> problem = HttpWitnesses.problem(each);
      if (problem.isPresent()) {
        throw wrong(file + ": " + problem.get());
      }
    }
    return policy;
  }
}
