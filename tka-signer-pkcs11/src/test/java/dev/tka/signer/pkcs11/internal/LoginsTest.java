package dev.tka.signer.pkcs11.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.SigningException;
import dev.tka.signer.pkcs11.Pkcs11Uri;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.xipki.pkcs11.wrapper.PKCS11Constants;
import org.xipki.pkcs11.wrapper.PKCS11Exception;
import org.xipki.pkcs11.wrapper.TokenException;

/** No token gets a wrong PIN twice. */
class LoginsTest {
  @Test
  void ofManyWhoBeginAtOnceOneGivesTheTokenAWrongPin() throws Exception {
    Patience patience =
        new Patience(Pkcs11Uri.parse("object=o?module-path=/none.so"), Duration.ofSeconds(60));
    Logins logins = Logins.to("one of this test");
    AtomicInteger given = new AtomicInteger();
    Callable<String> login =
        () -> {
          try {
            logins.logIn(
                patience,
                "1234".toCharArray(),
                pin -> {
                  given.incrementAndGet();
                  throw new PKCS11Exception(PKCS11Constants.CKR_PIN_INCORRECT);
                });
            return "";
          } catch (TokenException e) {
            return "refused";
          } catch (SigningException e) {
            return e.getMessage();
          }
        };
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<String> said = new ArrayList<>();
      for (Future<String> each : threads.invokeAll(Collections.nCopies(8, login))) {
        said.add(each.get());
      }
      assertThat(given).hasValue(1);
      assertThat(said).filteredOn("refused"::equals).hasSize(1);
      assertThat(said).filteredOn(text -> text.contains("not tried again")).hasSize(7);
      assertThat(String.join("", said)).doesNotContain("1234");
    } finally {
      threads.shutdownNow();
    }
    logins.logIn(patience, "5678".toCharArray(), pin -> given.incrementAndGet());
    Logins.to("another").logIn(patience, "1234".toCharArray(), pin -> given.incrementAndGet());
    assertThat(given).hasValue(3);
  }
}
