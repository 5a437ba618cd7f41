package dev.tka.signer.testkit;

import dev.tka.core.LockPublicKey;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * A shell script that signs with OpenSSL, as a script for a cloud's KMS does.
 *
 * @param file the script
 * @param publicKey its key
 */
public record SigningProgram(Path file, LockPublicKey publicKey) {
  /** What PKCS #8 has before the seed of an Ed25519 key. */
  private static final String PREFIX = "302e020100300506032b657004220420";

  /**
   * Makes one.
   *
   * @param number the number of its key
   */
  public static SigningProgram make(Path folder, String name, int number) throws IOException {
    Path key = folder.resolve(name + ".pem");
    byte[] encoded =
        HexFormat.of().parseHex(PREFIX + HexFormat.of().formatHex(TestKeys.seed(number)));
    Files.writeString(
        key,
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getEncoder().encodeToString(encoded)
            + "\n-----END PRIVATE KEY-----\n");
    // OpenSSL has to know the size of what it signs: a file, not a pipe.
    Path script =
        script(
            folder,
            name,
            "set -eu",
            "case $1 in",
            "public-key) echo " + TestKeys.publicKey(number) + " ;;",
            "sign)",
            "  message=$(mktemp)",
            "  trap 'rm -f \"$message\"' EXIT",
            "  cat > \"$message\"",
            "  openssl pkeyutl -sign -rawin -inkey '" + key + "' -in \"$message\"",
            "  ;;",
            "esac");
    return new SigningProgram(script, TestKeys.publicKey(number));
  }

  /** Makes a shell script of these lines. */
  public static Path script(Path folder, String name, String... lines) throws IOException {
    Path script = folder.resolve(name);
    Files.writeString(script, "#!/bin/sh\n" + String.join("\n", List.of(lines)) + "\n");
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }
}
