package dev.tka.signer;

import dev.tka.core.LockPublicKey;
import dev.tka.signer.testkit.SignerContract;
import dev.tka.store.KeyFile;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

/** A key file keeps to what every signer keeps to. */
class FileSignerTest extends SignerContract {
  @TempDir Path folder;

  @Override
  protected SignerPlace sound() throws Exception {
    return file("sound");
  }

  private SignerPlace file(String name) throws Exception {
    Path file = folder.resolve(name);
    KeyFile.create(file, TestKeys.privateKey(7));
    return SignerKinds.installed().parse("file:" + file);
  }

  @Override
  protected LockPublicKey key() {
    return TestKeys.publicKey(7);
  }

  @Override
  protected List<byte[]> secrets() {
    return List.of(TestKeys.seed(7));
  }

  @Override
  protected Optional<SignerPlace> faulty(Fault fault) throws Exception {
    SignerPlace place = file(fault.name());
    Path file = folder.resolve(fault.name());
    String text = Files.readString(file);
    switch (fault) {
      case OTHER_KEY -> Files.writeString(file, text.substring(0, 71) + "0".repeat(64));
      case MORE_BYTES -> Files.writeString(file, text.strip() + "00");
      case FEWER_BYTES -> Files.writeString(file, text.substring(0, 100));
      case NONSENSE -> Files.writeString(file, text.replace("nlpriv", "tlpub"));
      case REFUSES ->
          Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
      case ABSENT -> Files.delete(file);
      default -> {
        return Optional.empty();
      }
    }
    return Optional.of(place);
  }
}
