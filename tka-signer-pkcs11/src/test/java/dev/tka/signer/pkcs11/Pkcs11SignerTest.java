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
import org.opentest4j.TestAbortedException;

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
    return compiled(
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
  }

  /**
   * SoftHSM, with a file that gets the letter of each login, each end of a session, and each
   * signature; these wait while there is a file {@code wait}. Empty where there is no compiler.
   */
  private Optional<String> noting() throws Exception {
    return compiled(
        """
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <unistd.h>
        typedef unsigned long rv;
        struct list { unsigned char version[2]; void *functions[68]; };
        static struct list *real, mine;
        static void note(char what) {
          int file = open("FOLDER/notes", O_WRONLY | O_CREAT | O_APPEND, 0600);
          if (write(file, &what, 1)) {}
          close(file);
        }
        static rv log_in(rv session, rv user, void *pin, rv length) {
          note('L');
          return ((rv (*)(rv, rv, void *, rv)) real->functions[18])(session, user, pin, length);
        }
        static rv close_session(rv session) {
          note('C');
          return ((rv (*)(rv)) real->functions[13])(session);
        }
        static rv sign(rv session, void *data, rv size, void *to, rv *length) {
          note('S');
          while (!access("FOLDER/wait", F_OK)) usleep(1000);
          return ((rv (*)(rv, void *, rv, void *, rv *)) real->functions[43])(
              session, data, size, to, length);
        }
        rv C_GetFunctionList(struct list **to) {
          void *library = dlopen("LIBRARY", RTLD_NOW);
          ((rv (*)(struct list **)) dlsym(library, "C_GetFunctionList"))(&real);
          mine = *real;
          mine.functions[18] = log_in;
          mine.functions[13] = close_session;
          mine.functions[43] = sign;
          *to = &mine;
          return 0;
        }
        """
            .replace("FOLDER", folder.toString())
            .replace("LIBRARY", SoftHsm.library().orElseThrow().toString()));
  }

  private Optional<String> compiled(String program) throws Exception {
    Path source = Files.writeString(folder.resolve("library.c"), program);
    Path library = folder.resolve("library.so");
    try {
      Process compiler =
          new ProcessBuilder(
                  "cc", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl")
              .inheritIO()
              .start();
      return compiler.waitFor() == 0 ? Optional.of(library.toString()) : Optional.empty();
    } catch (IOException e) {
      System.out.println("No cc on the path: a token that hangs is left out.");
      return Optional.empty();
    }
  }

  private String notes() throws IOException {
    Path notes = folder.resolve("notes");
    // A signature is asked for in one call, or in two: its length first.
    return Files.exists(notes) ? Files.readString(notes).replaceAll("S+", "S") : "";
  }

  /** The key, by a library that notes what it is asked. */
  private SignerPlace noted(String library, Duration limit) throws Exception {
    return new Pkcs11Kind(limit)
        .parse(
            "pkcs11",
            token
                .url(name)
                .substring("pkcs11:".length())
                .replace(SoftHsm.library().orElseThrow().toString(), library));
  }

  @Test
  void aPinThatWasRefusedIsNotGivenToTheTokenAgain() throws Exception {
    String library = noting().orElseThrow(() -> new TestAbortedException("no cc"));
    SignerPlace place = noted(library, Duration.ofSeconds(60));
    Files.writeString(token.pinFile(), "11111111");
    requireRefused(place, "wrong PIN; a token may lock itself");
    for (int i = 0; i < 5; i++) {
      requireRefused(place, "wrong PIN: the token refused it before, and it is not tried again");
    }
    assertThat(notes()).containsOnlyOnce("L");
    Files.writeString(token.pinFile(), PIN);
    place.open().close();
    assertThat(notes().replace("C", "")).isEqualTo("LL");
  }

  @Test
  void aSessionInWhichASignatureHangsIsNotUsedAgainAndEndsWithIt() throws Exception {
    String library = noting().orElseThrow(() -> new TestAbortedException("no cc"));
    Path wait = Files.createFile(folder.resolve("wait"));
    OpenSigner signer = noted(library, Duration.ofSeconds(2)).open();
    assertThatExceptionOfType(SigningException.class)
        .isThrownBy(() -> signer.sign(SIG_HASH))
        .withMessageContaining("no answer in time");
    signer.close();
    assertThat(notes()).isEqualTo("LS");
    Files.delete(wait);
    while (!notes().endsWith("C")) {
      Thread.sleep(5);
    }
    signer.close();
    assertThatExceptionOfType(SigningException.class).isThrownBy(() -> signer.sign(SIG_HASH));
    assertThat(notes()).isEqualTo("LSC");
    try (OpenSigner other = noted(library, Duration.ofSeconds(60)).open()) {
      other.signVerified(SIG_HASH);
    }
    assertThat(notes()).isEqualTo("LSCLSC");
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
