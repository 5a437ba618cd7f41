package example.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.TextException;
import dev.tka.store.StoreKinds;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command opens a folder by its URL, with this module on its class path. */
class FolderCommandTest {
  @TempDir Path folder;

  private String tka(int status, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.tka.cli.Main"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isEqualTo(status);
    return printed;
  }

  @Test
  void aTailnetLivesInAFolder() throws Exception {
    String key = tka(0, "keygen", "admin.key").strip();
    tka(0, "init", "folder:lock", "--tailnet", "t", "--key-file", "admin.key", "--confirm", key);

    assertThat(tka(0, "status", "folder:lock"))
        .startsWith("Tailnet Lock is ENABLED.\n")
        .contains(key);
    assertThat(Files.isDirectory(folder.resolve("lock"))).isTrue();
    assertThat(tka(0, "verify", "folder:lock", "--all")).startsWith("t\t1 AUM verified, head ");
  }

  /** Nothing here has the optional part. */
  @Test
  void aTokenNeedsAPartOfItsOwn() throws Exception {
    assertThat(tka(2, "pubkey", "--signer", "pkcs11:object=tka?pin-value=1234"))
        .startsWith("tka: Invalid value for option '--signer': keys in a token need")
        .contains("tka-signer-pkcs11", "docs/command.md, 'Signers'")
        .doesNotContain("1234")
        .hasLineCount(1);
  }

  @Test
  void whatIsWrongWithAFolderIsSaid() throws Exception {
    assertThat(tka(4, "status", "folder:none"))
        .startsWith("tka: none: no such folder\ntka: to do: ");
    assertThat(tka(2, "backup", "folder:none", "copy")).contains("copy a folder with 'cp -a'");
    StoreKinds kinds = StoreKinds.installed();
    assertThatThrownBy(() -> kinds.parse("folder:"))
        .isInstanceOf(TextException.BadUrl.class)
        .hasMessage("expected folder:PATH, found no path");
    assertThatThrownBy(() -> kinds.parse("folders:x"))
        .hasMessageStartingWith("expected DIR, dir:PATH, ")
        .hasMessageContaining(", folder:PATH, ");
  }
}
