package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.store.etcd.testkit.EtcdServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What becomes of requests and of the watch when etcd, or this process, stops in between. */
class WatchFaultsTest {
  /** Calls before each request. */
  private record Told(Transport real, Before before) implements Transport {
    interface Before {
      void request(String path) throws EtcdFailure;
    }

    @Override
    public byte[] ask(Member member, String path, byte[] json, String token, Duration patience)
        throws EtcdFailure {
      before.request(path);
      return real.ask(member, path, json, token, patience);
    }

    @Override
    public Stream open(Member member, String path, byte[] json, String token, Duration patience)
        throws EtcdFailure {
      before.request(path);
      return real.open(member, path, json, token, patience);
    }

    @Override
    public void close() {
      real.close();
    }
  }

  @Test
  void aTransactionThatIsUnderWayAtTheEndIsInDoubt() throws Exception {
    EtcdSettings settings = EtcdSettings.parse("etcd://127.0.0.1:1");
    AtomicReference<EtcdClient> client = new AtomicReference<>();
    Told transport =
        new Told(
            Gateway.open(Optional.empty()),
            path -> {
              client.get().close();
              throw new EtcdFailure.Lost("told to be lost", null);
            });
    client.set(new EtcdClient(settings, transport, 10, Duration.ofSeconds(10)));
    assertThatThrownBy(() -> client.get().transact(List.of(), List.of(), List.of()))
        .isInstanceOf(EtcdFailure.Lost.class)
        .hasMessage("closed");
  }

  @Test
  void whatWasCommittedToAnEtcdThatWasPutBackBeforeTheWatchBeganAgainIsSeen() throws Exception {
    EtcdServer server = EtcdServer.own();
    EtcdSettings settings = server.settings();
    AtomicReference<Runnable> atWatch = new AtomicReference<>(() -> {});
    Told transport =
        new Told(
            Gateway.open(Optional.empty()),
            path -> {
              if (path.equals("watch")) {
                atWatch.getAndSet(() -> {}).run();
              }
            });
    EtcdTailnets.create(settings).close();
    try (EtcdTailnets place =
        EtcdTailnets.open(
            settings, new EtcdClient(settings, transport, 100, Duration.ofSeconds(10)), false)) {
      place.pass();
      var backup = server.backUp();
      place.pass();
      for (int i = 0; i < 20; i++) {
        server.put("/elsewhere", "" + i);
      }
      Cache.Mark mark = place.cache().mark();
      place.cache().advance(mark, server.revision());
      CountDownLatch done = new CountDownLatch(1);
      AtomicReference<Exception> failed = new AtomicReference<>();
      atWatch.set(
          () -> {
            try {
              backup.putBack();
              try (EtcdTailnets other = EtcdTailnets.at(settings)) {
                other.tailnet("missed").wipe();
                for (int i = 0; i < 30; i++) {
                  server.put("/elsewhere", "" + i);
                }
                other.tailnet("later").wipe();
              }
            } catch (Exception e) {
              failed.set(e);
            }
            done.countDown();
          });
      place.cache().restartWatch();
      assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
      place.pass();
      assertThat(failed.get()).isNull();
      assertThat(place.revisions()).containsKeys("missed", "later");
    } finally {
      server.delete();
    }
  }
}
