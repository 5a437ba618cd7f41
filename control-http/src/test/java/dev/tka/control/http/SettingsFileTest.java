package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.http.SettingsFile.Configuration;
import dev.tka.control.http.SettingsFile.InvalidException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFileTest {
  @TempDir Path folder;

  @Test
  void withoutConfigurationEverythingIsInTheStateFolder() throws Exception {
    Configuration here = SettingsFile.read(Optional.empty(), Map.of(), Map.of());
    assertThat(here.state()).isEqualTo(Path.of("tka-data"));
    assertThat(here.database()).isEqualTo("sqlite:tka-data/control.db");
    assertThat(here.server().listeners())
        .extracting(listener -> listener.role() + " " + listener.address())
        .containsExactly(
            "forwarder unix:tka-data/forwarder.sock", "operator unix:tka-data/operator.sock");

    Configuration systemd =
        SettingsFile.read(Optional.empty(), Map.of("STATE_DIRECTORY", "/var/lib/tka"), Map.of());
    assertThat(systemd.database()).isEqualTo("sqlite:/var/lib/tka/control.db");
  }

  @Test
  void aLogOfHeadsIsKeptWhenWitnessesOrItsKeyAreNamed() throws Exception {
    assertThat(SettingsFile.read(Optional.empty(), Map.of(), Map.of()).logs()).isEmpty();
    assertThat(
            SettingsFile.read(
                    Optional.empty(), Map.of("TKA_WITNESSES", "w"), Map.of("state", "here"))
                .logs())
        .contains(new HeadsLogSettings(Path.of("here/log.key"), Optional.of(Path.of("w"))));
    assertThat(SettingsFile.read(Optional.of(write("log-key = k\n")), Map.of(), Map.of()).logs())
        .contains(new HeadsLogSettings(Path.of("k"), Optional.empty()));
  }

  @Test
  void anOptionCountsBeforeTheEnvironmentAndThatBeforeTheFile() throws Exception {
    Path file = write("most-nodes = 1\n# a remark\n\nmost-aums=2\nnames = a.example, b.example\n");
    Configuration read =
        SettingsFile.read(
            Optional.of(file),
            Map.of("TKA_MOST_AUMS", "3", "TKA_STATE", "x"),
            Map.of("state", "y"));
    assertThat(read.control().mostNodes()).isEqualTo(1);
    assertThat(read.control().mostAums()).isEqualTo(3);
    assertThat(read.state()).isEqualTo(Path.of("y"));
    assertThat(read.server().names()).containsExactly("a.example", "b.example");
  }

  @Test
  void allThatIsWrongIsToldAtOnceWithItsLine() throws Exception {
    Path file =
        write(
            """
            most_nodes = 5
            what
            most-aums = many
            most-aums = 7
            forwarder-listen = nowhere
            create-tailnets = perhaps
            operator-token-file =
            """);
    assertThat(problems(Optional.of(file), Map.of(), Map.of()))
        .containsExactly(
            file + ":1: unknown key most_nodes, did you mean most-nodes?",
            file + ":2: expected key = value",
            file + ":4: most-aums is set twice",
            file + ":5: forwarder-listen expected unix:PATH or HOST:PORT, found nowhere",
            file + ":7: operator-token-file has no value",
            file + ":6: create-tailnets expected first-use or operator, found something else",
            file + ":3: most-aums expected a number of 1 to 999999999, found something else");
  }

  @Test
  void tcpNeedsATokenOrACertificateAndOffLoopbackTlsAsWell() throws Exception {
    assertThat(problems(Optional.empty(), Map.of(), Map.of("operator-listen", "127.0.0.1:1")))
        .singleElement()
        .asString()
        .contains("operator's listener 127.0.0.1:1 needs a token file or a client CA");
    Map<String, String> open =
        Map.of("forwarder-listen", "192.0.2.1:1", "forwarder-token-file", "tokens");
    assertThat(problems(Optional.empty(), Map.of(), open))
        .singleElement()
        .asString()
        .contains("is not on loopback and needs a certificate");
    assertThat(
            SettingsFile.read(Optional.empty(), Map.of("TKA_INSECURE_LISTEN", "true"), open)
                .server()
                .insecureListen())
        .isTrue();
    assertThat(problems(Optional.empty(), Map.of(), Map.of("node-listen", "unix:x")))
        .containsExactly("nodes come by TCP, expected HOST:PORT, found unix:x");
    assertThat(problems(Optional.empty(), Map.of(), Map.of("tls-key", "x")))
        .containsExactly("a certificate needs its key, and a key its certificate");
    assertThat(problems(Optional.empty(), Map.of(), Map.of("node-client-ca", "x")))
        .containsExactly("--node-client-ca: node-client-ca needs node-listen");
  }

  @Test
  void aConfigurationShowsNoPasswordAsAText() throws Exception {
    Configuration read =
        SettingsFile.read(
            Optional.empty(), Map.of("TKA_DATABASE", "postgresql://u:hunter2@h/d"), Map.of());
    assertThat(read.database()).contains("hunter2");
    assertThat(read.toString()).doesNotContain("hunter2");
  }

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("tka.conf"), text);
  }

  private static List<String> problems(
      Optional<Path> file, Map<String, String> environment, Map<String, String> options) {
    try {
      SettingsFile.read(file, environment, options);
      return List.of();
    } catch (InvalidException e) {
      return e.problems();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aFileThatIsNotThereIsAnError() {
    assertThatThrownBy(
            () -> SettingsFile.read(Optional.of(folder.resolve("none")), Map.of(), Map.of()))
        .isInstanceOf(IOException.class);
  }
}
