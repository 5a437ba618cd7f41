package dev.tka.signer.pkcs11.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.SigningException;
import dev.tka.signer.pkcs11.Pkcs11Uri;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A library that hangs is left behind once, and keeps nothing open. */
class PatienceTest {
  @Test
  void aLibraryThatHangsIsNotCalledAgainAndItsLateResultIsClosed() throws Exception {
    Pkcs11Uri uri = Pkcs11Uri.parse("token=t;object=o?module-path=/nowhere/hangs.so");
    CountDownLatch ends = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    CountDownLatch again = new CountDownLatch(1);
    assertThatThrownBy(
            () ->
                new Patience(uri, Duration.ofMillis(50))
                    .<AutoCloseable>call(
                        () -> {
                          ends.await();
                          return closed::countDown;
                        }))
        .isInstanceOf(SigningException.class)
        .hasMessageContaining("no answer in time");
    Patience other = new Patience(uri, Duration.ofSeconds(20));
    assertThatThrownBy(
            () ->
                other.call(
                    () -> {
                      again.countDown();
                      return 1;
                    }))
        .isInstanceOf(SigningException.class)
        .hasMessageContaining("no answer yet to an earlier call");
    assertThat(again.getCount()).isEqualTo(1);
    ends.countDown();
    closed.await();
  }
}
