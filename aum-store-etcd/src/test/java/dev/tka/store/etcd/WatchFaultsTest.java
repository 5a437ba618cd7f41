package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.store.StoreException;
import dev.tka.store.etcd.testkit.EtcdServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of requests and of the watch when etcd, or this process, stops in between. */
@Timeout(120)
class WatchFaultsTest {
  private static final String CREATED = "{\"result\":{\"created\":true}}\n";

  private static final Duration SHORT = Duration.ofMillis(200);

  private static EtcdTailnets opened(EtcdSettings settings, Transport transport)
      throws StoreException {
    return EtcdTailnets.open(
        settings, new EtcdClient(settings, transport, 2, Duration.ofSeconds(10)), false);
  }

  @Test
  void aTransactionThatIsUnderWayAtTheEndIsInDoubt() throws Exception {
    EtcdSettings settings = EtcdSettings.parse("etcd://127.0.0.1:1");
    AtomicReference<EtcdClient> client = new AtomicReference<>();
    BentTransport transport = new BentTransport();
    transport.doing =
        (asking, path, json) -> {
          client.get().close();
          throw new EtcdFailure.Lost("told to be lost", null);
        };
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
    BentTransport transport = new BentTransport();
    transport.opening =
        asking -> {
          atWatch.getAndSet(() -> {}).run();
          return asking.ask();
        };
    EtcdTailnets.create(settings).close();
    try (EtcdTailnets place = opened(settings, transport)) {
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
      // As the heartbeat does: a watch that is being opened just then stays.
      do {
        place.cache().restartWatch();
      } while (!done.await(100, TimeUnit.MILLISECONDS));
      place.pass();
      assertThat(failed.get()).isNull();
      assertThat(place.revisions()).containsKeys("missed", "later");
    } finally {
      server.delete();
    }
  }

  @Test
  void aRequestThatAMemberDoesNotTakeIsNotSentOnForEver() throws Exception {
    // More than the system keeps for a member that reads nothing.
    byte[] large = new byte[16 << 20];
    try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Transport gateway = Gateway.open(Optional.empty())) {
      Member member = new Member(false, "127.0.0.1", deaf.getLocalPort());
      assertThatThrownBy(() -> gateway.ask(member, "kv/txn", large, "", SHORT))
          .isInstanceOf(EtcdFailure.Lost.class)
          .hasRootCauseMessage("the member takes no more");
    }
  }

  /** A member that begins to answer, and goes on as it is told. */
  private static void answering(ServerSocket listening, String... lines) {
    Thread thread =
        new Thread(
            () -> {
              try (Socket socket = listening.accept()) {
                OutputStream out = socket.getOutputStream();
                out.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
                for (String each : lines) {
                  out.write(
                      (Integer.toHexString(each.length()) + "\r\n" + each + "\r\n")
                          .getBytes(StandardCharsets.US_ASCII));
                  Thread.sleep(2 * SHORT.toMillis());
                }
                socket.getInputStream().readAllBytes();
              } catch (IOException | InterruptedException e) {
                // The test is over.
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  @Test
  void aWatchMayBeSilentOnceItWasBegunAndNotBefore() throws Exception {
    for (boolean begun : List.of(false, true)) {
      try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          Transport gateway = Gateway.open(Optional.empty())) {
        answering(listening, begun ? new String[] {CREATED, CREATED} : new String[0]);
        Member member = new Member(false, "127.0.0.1", listening.getLocalPort());
        Transport.Stream stream = gateway.open(member, "watch", new byte[0], "", SHORT);
        Messages.Lines lines = new Messages.Lines(stream.body());
        if (begun) {
          assertThat(lines.next()).isPresent();
          stream.silence().allow();
          assertThat(lines.next()).isPresent();
        } else {
          assertThatThrownBy(lines::next).isInstanceOf(SocketTimeoutException.class);
        }
      }
    }
  }

  @Test
  void aWatchIsAllowedToBeSilentWhenEtcdSaysThatItHasBegun() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets.create(settings).close();
    CountDownLatch allowed = new CountDownLatch(1);
    BentTransport transport = new BentTransport();
    transport.opening =
        asking -> {
          Transport.Stream stream = asking.ask();
          return new Transport.Stream(
              stream.body(),
              () -> {
                allowed.countDown();
                stream.silence().allow();
              },
              stream::close);
        };
    try (EtcdTailnets place = opened(settings, transport)) {
      assertThat(allowed.await(30, TimeUnit.SECONDS)).isTrue();
      try (EtcdTailnets other = EtcdTailnets.at(settings)) {
        other.tailnet("t").wipe();
      }
      assertThat(place.revisions()).containsKey("t");
    }
  }

  @Test
  void aWatchThatIsCanceledAgainAndAgainIsBegunMoreAndMoreSeldom() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets.create(settings).close();
    int many = 6;
    List<Long> begun = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch all = new CountDownLatch(many);
    BentTransport transport = new BentTransport();
    transport.opening =
        asking -> {
          begun.add(System.nanoTime());
          all.countDown();
          byte[] lines =
              (CREATED + "{\"result\":{\"canceled\":true,\"compact_revision\":\"7\"}}\n")
                  .getBytes(StandardCharsets.US_ASCII);
          return new Transport.Stream(new ByteArrayInputStream(lines), () -> {}, () -> {});
        };
    EtcdTailnets place = opened(settings, transport);
    try {
      assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      place.close();
    }
    // It waits twice as long each time, from 20 ms on.
    assertThat(begun.get(many - 1) - begun.get(0))
        .isGreaterThan(TimeUnit.MILLISECONDS.toNanos(20 * ((1 << (many - 1)) - 1)));
  }

  @Test
  void aThreadThatMeetsAnErrorGoesOnAndNobodyWaitsForItInVain() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    EtcdTailnets.create(settings).close();
    List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    BentTransport transport = new BentTransport();
    Error ofWatch = new LinkageError("told to be an error of the watch");
    Error ofBarrier = new LinkageError("told to be an error of the barrier");
    AtomicReference<Error> next = new AtomicReference<>(ofWatch);
    transport.opening =
        asking -> {
          if (next.compareAndSet(ofWatch, null)) {
            throw ofWatch;
          }
          return asking.ask();
        };
    transport.doing =
        (asking, path, json) -> {
          if (Thread.currentThread().getName().equals("tka-etcd-barrier")
              && next.compareAndSet(ofBarrier, null)) {
            throw ofBarrier;
          }
          return asking.ask();
        };
    try {
      Thread.setDefaultUncaughtExceptionHandler((thread, error) -> errors.add(error));
      try (EtcdTailnets place = opened(settings, transport);
          EtcdTailnets other = EtcdTailnets.at(settings)) {
        other.tailnet("one").wipe();
        assertThat(place.revisions()).containsKey("one");
        next.set(ofBarrier);
        long asked = System.nanoTime();
        assertThatThrownBy(place::revisions)
            .isInstanceOf(StoreException.Unavailable.class)
            .hasMessageEndingWith("a failure");
        assertThat(System.nanoTime() - asked).isLessThan(TimeUnit.SECONDS.toNanos(20));
        other.tailnet("two").wipe();
        assertThat(place.revisions()).containsKeys("one", "two");
      }
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    assertThat(errors).containsExactly(ofWatch, ofBarrier);
  }

  @Test
  void choresAreDoneOnlyWhileTheWatchKeepsUp() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    BentTransport transport = new BentTransport();
    Layout layout = new Layout(settings.prefix());
    Values values = new Values("here");
    AtomicInteger chores = new AtomicInteger();
    AtomicInteger requests = new AtomicInteger();
    transport.doing =
        (asking, path, json) -> {
          requests.incrementAndGet();
          return asking.ask();
        };
    try (EtcdTailnets other = EtcdTailnets.create(settings);
        EtcdClient client = new EtcdClient(settings, transport, 9, Duration.ofSeconds(10));
        Cache cache = new Cache(client, layout, values, () -> {});
        Barrier barrier =
            new Barrier(
                client, layout, values, cache, Duration.ofMillis(20), chores::incrementAndGet)) {
      cache.begin();
      barrier.begin();
      barrier.pass();
      awaitMore(chores, 2);
      transport.frozen = true;
      other.tailnet("t").wipe();
      awaitMore(requests, 2);
      int before = chores.get();
      awaitMore(requests, 5);
      assertThat(chores).hasValue(before);
    }
  }

  private static void awaitMore(AtomicInteger count, int more) throws InterruptedException {
    int end = count.get() + more;
    while (count.get() < end) {
      Thread.sleep(1);
    }
  }

  @Test
  void anAnswerFromBeforeOthersWereReadIsReachedByReadingThem() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    Layout layout = new Layout(settings.prefix());
    try (EtcdTailnets other = EtcdTailnets.create(settings);
        EtcdClient client = EtcdClient.open(settings);
        Cache cache = new Cache(client, layout, new Values("here"), () -> {})) {
      Cache.Mark answered = other.pass();
      other.tailnet("t").wipe();
      cache.begin();
      assertThat(cache.mark()).isNotEqualTo(answered);
      long readings = cache.readings();
      assertThat(
              cache.hasReached(
                  new Cache.Answered(answered, System.nanoTime(), answered.revision())))
          .isTrue();
      assertThat(cache.readings()).isEqualTo(readings);
    }
  }

  @Test
  void anEtcdThatForgetsWhileAPlaceIsOpenedIsReadAgain() throws Exception {
    EtcdServer server = EtcdServer.own();
    EtcdSettings settings = server.settings();
    BentTransport transport = new BentTransport();
    AtomicInteger pages = new AtomicInteger();
    try (EtcdTailnets other = EtcdTailnets.create(settings)) {
      for (String each : List.of("a", "b", "c", "d")) {
        other.tailnet(each).wipe();
      }
      transport.doing =
          (asking, path, json) -> {
            // The second page is asked for at the revision of the first.
            if (json.matches(".*\"revision\":\"?[1-9].*") && pages.incrementAndGet() == 1) {
              try {
                other.tailnet("e").wipe();
                server.compact();
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            }
            return asking.ask();
          };
      try (EtcdTailnets place = opened(settings, transport)) {
        assertThat(pages).hasPositiveValue();
        assertThat(place.revisions()).containsOnlyKeys("a", "b", "c", "d", "e");
      }
    } finally {
      server.delete();
    }
  }
}
