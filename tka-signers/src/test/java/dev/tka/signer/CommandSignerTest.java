package dev.tka.signer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.internal.CommandKind;
import dev.tka.signer.testkit.SignerContract;
import dev.tka.signer.testkit.SigningProgram;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program keeps to what every signer keeps to. */
class CommandSignerTest extends SignerContract {
  private static final Duration SHORT = Duration.ofMillis(400);

  @TempDir Path folder;
  private SigningProgram program;

  @BeforeEach
  void make() throws Exception {
    program = SigningProgram.make(folder, "kms", 7);
  }

  @Override
  protected SignerPlace sound() throws Exception {
    return SignerKinds.installed().parse("command:" + program.file());
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
    String sound = "'" + program.file() + "' ";
    Path script =
        switch (fault) {
          case UNKNOWN_KEY -> script("exit 1", "exit 1");
          case OTHER_BYTES ->
              script(
                  sound + "public-key", print(TestKeys.signature(7, Bytes.copyOf(new byte[32]))));
          case OTHER_KEY -> script("echo " + TestKeys.publicKey(8), sound + "sign");
          case HANGS_AT_ONCE -> script("sleep 100", "exit 1");
          case HANGS -> script(sound + "public-key", "sleep 100 & wait");
          case DIES -> script(sound + "public-key", sound + "sign | head -c 30; kill -9 $$");
          case REFUSES -> script(sound + "public-key", sound + "sign; exit 3");
          case MORE_BYTES -> script(sound + "public-key", sound + "sign; cat /dev/zero");
          case FEWER_BYTES -> script(sound + "public-key", sound + "sign | head -c 63");
          case NONSENSE -> script("echo what?", "echo what?");
          case ABSENT -> folder.resolve("nowhere");
        };
    return Optional.of(new CommandKind(SHORT).parse("command", script.toString()));
  }

  private static String print(Bytes bytes) {
    return "echo " + Base64.getEncoder().encodeToString(bytes.toByteArray()) + " | base64 -d";
  }

  private Path script(String publicKey, String sign) throws Exception {
    return SigningProgram.script(
        folder,
        "faulty",
        "case $1 in",
        "public-key) " + publicKey + " ;;",
        "sign) " + sign + " ;;",
        "esac");
  }

  @Test
  void argumentsArePassedAsTheyAreAndTheActionComesLast() throws Exception {
    Path seen = folder.resolve("seen");
    Path script =
        SigningProgram.script(
            folder,
            "with spaces",
            "for each; do printf '<%s>' \"$each\" >> '" + seen + "'; done",
            "echo " + TestKeys.publicKey(7));
    SignerKinds.installed()
        .parse("command:'" + script + "' --key  \"a b\" $HOME 'c'd *")
        .open()
        .close();

    assertThat(Files.readString(seen)).isEqualTo("<--key><a b><$HOME><cd><*><public-key>");
  }

  @Test
  void aProgramThatHangsIsEndedWithWhatItStarted() throws Exception {
    Path started = folder.resolve("started");
    Files.createFile(started);
    Path script = script("sleep 100 & echo $! > '" + started + "'; wait", "exit 1");
    // A slow machine may need longer until the program has started anything.
    for (Duration limit = SHORT; Files.size(started) == 0; limit = limit.multipliedBy(2)) {
      CommandKind kind = new CommandKind(limit);
      assertThat(limit).isLessThan(Duration.ofSeconds(60));
      assertThatExceptionOfType(SigningException.class)
          .isThrownBy(() -> kind.parse("command", script.toString()).open())
          .withMessageContaining("did not end in time");
    }
    long child = Long.parseLong(Files.readString(started).strip());
    // It may take the system a moment to bury it.
    Optional<ProcessHandle> handle = ProcessHandle.of(child);
    if (handle.isPresent()) {
      handle.get().onExit().get(60, java.util.concurrent.TimeUnit.SECONDS);
    }
    assertThat(ProcessHandle.of(child).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void itsArgumentsAreInNoMessage() throws Exception {
    SignerPlace place = SignerKinds.installed().parse("command:/nowhere/kms --pin 1234");
    assertThat(place.url() + place).contains("/nowhere/kms").doesNotContain("1234");
    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(place::open)
        .satisfies(e -> assertThat(e.getMessage() + e.getCause()).doesNotContain("1234"));
  }

  @Test
  void aUrlWithoutAProgramIsRefused() {
    for (String rest : List.of("", "  ", "''", "kms 'a", "\"kms")) {
      assertThatExceptionOfType(TextException.BadUrl.class)
          .isThrownBy(() -> SignerKinds.installed().parse("command:" + rest));
    }
  }

  @Test
  void aTextOfNoKindIsRefusedAndNotRepeated() {
    for (String text : List.of("nlpriv:1234", "1234", "", ":1234", "https://u:1234@host")) {
      assertThatExceptionOfType(TextException.BadUrl.class)
          .isThrownBy(() -> SignerKinds.installed().parse(text))
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("1234"))
          .withMessageContaining(
              "agent:[SOCKET][?key=tlpub:...], 'command:PROGRAM ARGUMENTS' or file:PATH");
    }
  }
}
