package dev.tka.signer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.internal.AgentKind;
import dev.tka.signer.testkit.FalseAgent;
import dev.tka.signer.testkit.SignerContract;
import dev.tka.signer.testkit.SshAgent;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An ssh-agent keeps to what every signer keeps to: OpenSSH's, and one with faults. */
class SshAgentTest extends SignerContract {
  private static final Duration SHORT = Duration.ofMillis(100);

  @TempDir Path folder;
  private SshAgent agent;
  private SshAgent.Made made;

  @BeforeEach
  void start() throws Exception {
    agent = SshAgent.start(folder);
    made = agent.add("ann", "ed25519");
  }

  @AfterEach
  void stop() {
    if (agent != null) {
      agent.close();
    }
  }

  @Override
  protected SignerPlace sound() throws Exception {
    return place("");
  }

  private SignerPlace place(String query) throws TextException {
    return SignerKinds.installed().parse("agent:" + agent.socket() + query);
  }

  @Override
  protected LockPublicKey key() {
    return made.publicKey();
  }

  @Override
  protected List<byte[]> secrets() {
    return List.of(made.seed());
  }

  @Override
  @SuppressWarnings("MustBeClosedChecker")
  protected Optional<SignerPlace> faulty(Fault fault) throws Exception {
    if (fault == Fault.UNKNOWN_KEY) {
      return Optional.of(place("?key=" + TestKeys.publicKey(9)));
    }
    Path socket = folder.resolve("false");
    if (fault != Fault.ABSENT) {
      FalseAgent.start(socket, 7, fault);
    }
    return Optional.of(new AgentKind(SHORT).parse("agent", socket.toString()));
  }

  @Test
  void oneOfSeveralKeysIsNamed() throws Exception {
    SshAgent.Made other = agent.add("bob", "ed25519");
    agent.add("rsa", "rsa");
    agent.add("curve", "ecdsa");

    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(() -> place("").open())
        .withMessageContaining("expected one Ed25519 key, found ")
        .withMessageContaining(made.publicKey().toString())
        .withMessageContaining(other.publicKey().toString())
        .withMessageContaining("?key=");
    for (LockPublicKey key : List.of(made.publicKey(), other.publicKey())) {
      try (OpenSigner signer = place("?key=" + key).open()) {
        assertThat(signer.publicKey()).isEqualTo(key);
        signer.signVerified(SIG_HASH);
      }
    }
  }

  @Test
  void anAgentThatLosesTheKeyDoesNotSign() throws Exception {
    try (OpenSigner signer = place("").open()) {
      agent.removeAll();
      assertThatExceptionOfType(SigningException.class)
          .isThrownBy(() -> signer.signVerified(SIG_HASH))
          .withMessageContaining("it did not sign");
    }
    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(() -> place("").open())
        .withMessageContaining("found no Ed25519 key");
  }

  @Test
  void anAgentThatDiedMeanwhileIsMissed() throws Exception {
    try (OpenSigner signer = place("").open()) {
      agent.close();
      assertThatExceptionOfType(SigningException.class)
          .isThrownBy(() -> signer.signVerified(SIG_HASH));
    }
  }

  @Test
  void aUrlWithSomethingElseIsRefused() {
    for (String query : List.of("?", "?key=", "?key=tlpub:00", "?pin=1234")) {
      assertThatExceptionOfType(TextException.BadUrl.class)
          .isThrownBy(() -> place(query))
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("1234"));
    }
  }
}
