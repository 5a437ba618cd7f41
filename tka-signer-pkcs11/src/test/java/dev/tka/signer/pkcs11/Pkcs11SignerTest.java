package dev.tka.signer.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerKinds;
import dev.tka.signer.SignerPlace;
import dev.tka.signer.pkcs11.internal.Pkcs11Kind;
import dev.tka.signer.pkcs11.testkit.SoftHsm;
import dev.tka.signer.testkit.SignerContract;
import dev.tka.signer.testkit.SigningProgram;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A token of SoftHSM keeps to what every signer keeps to. */
class Pkcs11SignerTest extends SignerContract {
  private static final String PIN = "73819264";
  private static final int NUMBER = 7;

  @TempDir static Path shared;
  private static SoftHsm lasting;
  private static SoftHsm removable;

  @TempDir Path folder;
  private SoftHsm token;
  private String name;

  @BeforeAll
  static void makeTokens() throws Exception {
    lasting = SoftHsm.make(shared, PIN);
    removable = SoftHsm.make(shared, PIN);
  }

  @BeforeEach
  void makeKey() throws Exception {
    token = lasting.withPinIn(folder);
    name = "tka " + folder.getFileName();
    SigningProgram.make(folder, "key", NUMBER);
    token.add(folder.resolve("key.pem"), name, id(1));
  }

  /** Of each test and each key another one. */
  private String id(int key) {
    return HexFormat.of().toHexDigits(name.hashCode()) + HexFormat.of().toHexDigits((byte) key);
  }

  @Override
  protected SignerPlace sound() throws Exception {
    return place(token.url(name));
  }

  private static SignerPlace place(String url) throws TextException {
    return SignerKinds.installed().parse(url);
  }

  @Override
  protected LockPublicKey key() {
    return TestKeys.publicKey(NUMBER);
  }

  @Override
  protected List<byte[]> secrets() {
    return List.of(TestKeys.seed(NUMBER), PIN.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  protected Optional<SignerPlace> faulty(Fault fault) throws Exception {
    String url = token.url(name);
    String library = SoftHsm.library().orElseThrow().toString();
    return switch (fault) {
      case UNKNOWN_KEY -> Optional.of(place(token.url("other")));
      case REFUSES -> {
        Files.writeString(token.pinFile(), "7381926");
        yield Optional.of(place(url));
      }
      case NONSENSE ->
          Optional.of(
              place(
                  url.replace(library, Files.writeString(folder.resolve("l.so"), "x").toString())));
      case ABSENT -> Optional.of(place(url.replace(library, folder + "/none.so")));
      case HANGS_AT_ONCE ->
          hanging()
              .map(
                  other -> {
                    try {
                      return new Pkcs11Kind(Duration.ofMillis(300))
                          .parse(
                              "pkcs11", url.substring("pkcs11:".length()).replace(library, other));
                    } catch (TextException e) {
                      throw new AssertionError(e);
                    }
                  });
      default -> Optional.empty();
    };
  }

  /** A library whose functions never return; empty where there is no compiler. */
  private Optional<String> hanging() throws Exception {
    Path source =
        Files.writeString(
            folder.resolve("hanging.c"),
            """
            #include <unistd.h>
            static unsigned long hang(void) { for (;;) pause(); }
            static struct { unsigned char version[2]; void *functions[68]; } list = {{2, 40}};
            unsigned long C_GetFunctionList(void **to) {
              for (int i = 0; i < 68; i++) list.functions[i] = (void *) hang;
              *to = &list;
              return 0;
            }
            """);
    Path library = folder.resolve("hanging.so");
    try {
      Process compiler =
          new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
              .inheritIO()
              .start();
      return compiler.waitFor() == 0 ? Optional.of(library.toString()) : Optional.empty();
    } catch (IOException e) {
      System.out.println("No cc on the path: a token that hangs is left out.");
      return Optional.empty();
    }
  }

  private static void requireRefused(SignerPlace place, String why) {
    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(() -> place.open().close())
        .withMessageContaining(why)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain(PIN));
  }

  @Test
  void aWrongPinIsRefusedAndTheRightOneServesAfterwards() throws Exception {
    Files.writeString(token.pinFile(), "00000000");
    requireRefused(sound(), "wrong PIN");
    Files.writeString(token.pinFile(), PIN);
    sound().open().close();
  }

  @Test
  void aRemovedTokenIsMissed() throws Exception {
    removable.add(folder.resolve("key.pem"), name, id(1));
    try (OpenSigner signer = place(removable.url(name)).open()) {
      removable.remove();
      assertThatExceptionOfType(SigningException.class)
          .isThrownBy(() -> signer.signVerified(SIG_HASH))
          .withMessageContaining("the token or its key is gone");
    }
    requireRefused(place(removable.url(name)), "expected one such token, found 0");
  }

  @Test
  void aKeyOfAnotherTypeIsRefused() throws Exception {
    Path rsa = folder.resolve("rsa.pem");
    Process openssl =
        new ProcessBuilder("openssl", "genpkey", "-algorithm", "RSA", "-out", rsa.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(openssl.waitFor()).isZero();
    token.add(rsa, "rsa", id(3));
    requireRefused(place(token.url("rsa")), "expected an Ed25519 key, found one of another type");
  }

  @Test
  void aPinThatOthersCanReadIsRefused() throws Exception {
    Files.setPosixFilePermissions(token.pinFile(), PosixFilePermissions.fromString("rw-r-----"));
    requireRefused(sound(), "expected a file that only its owner can read");
  }

  @Test
  void aPinIsNeeded() throws Exception {
    Files.writeString(token.pinFile(), "\n");
    requireRefused(sound(), "expected a PIN, found nothing");
    requireRefused(
        place(token.url(name).replaceFirst("&pin-source=.*", "")), "add pin-source=PATH");
  }

  @Test
  void oneOfSeveralKeysIsNamedByItsId() throws Exception {
    SigningProgram.make(folder, "other", 8);
    token.add(folder.resolve("other.pem"), name, id(2));
    requireRefused(sound(), "expected one such private key, found 2");
    String one = token.url(name).replace("?", ";id=" + id(2).replaceAll("..", "%$0") + "?");
    try (OpenSigner signer = place(one).open()) {
      assertThat(signer.publicKey()).isEqualTo(TestKeys.publicKey(8));
      signer.signVerified(SIG_HASH);
    }
  }

  @Test
  void theTokenMakesAPairOnceAndKeepsThePrivateHalf() throws Exception {
    SignerPlace place = place(token.url("made here"));
    SignerPlace.Maker maker = ((SignerPlace.Making.Here) place.making()).maker();
    LockPublicKey made = maker.make(new SecureRandom());
    try (OpenSigner signer = place.open()) {
      assertThat(signer.publicKey()).isEqualTo(made);
      signer.signVerified(SIG_HASH);
    }
    assertThatExceptionOfType(FileAlreadyExistsException.class)
        .isThrownBy(() -> maker.make(new SecureRandom()))
        .withMessageContaining("such a key is there already");
  }
}
