package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tka.core.Bytes;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.CuttingProxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the gateway of a real etcd takes and says. */
class EtcdClientTest {
  private static final int PAGE = 7;

  private static Bytes bytes(String text) {
    return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Operation put(String key, String value) {
    return new Operation.Put(key, bytes(value));
  }

  private static Messages.Done put(EtcdClient client, String key, String value) throws EtcdFailure {
    return client.transact(List.of(), List.of(put(key, value)), List.of()).done();
  }

  @Test
  void aTransactionIsMadeOnlyWhereItsConditionsHold() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    String key = settings.prefix() + "a";
    try (EtcdClient client = EtcdClient.open(settings)) {
      assertThat(client.get(key)).isEmpty();
      Messages.Done first =
          client
              .transact(List.of(new Condition(key, 0)), List.of(put(key, "one")), List.of())
              .done();
      assertThat(first.held()).isTrue();
      Messages.Done second =
          client
              .transact(
                  List.of(new Condition(key, 0)),
                  List.of(put(key, "two")),
                  List.of(new Operation.Get(key), new Operation.Get(key + "none")))
              .done();
      assertThat(second.held()).isFalse();
      long revision = first.header().revision();
      assertThat(second.read())
          .containsExactly(
              Optional.of(new KeyValue(key, bytes("one"), revision)), Optional.empty());
      assertThat(put(client, key, "").header().revision()).isGreaterThan(revision);
      assertThat(client.get(key).orElseThrow().value()).isEqualTo(Bytes.empty());
      assertThat(client.get(key, revision).orElseThrow().value()).isEqualTo(bytes("one"));
      client.transact(List.of(), List.of(Operation.Delete.of(key)), List.of());
      assertThat(client.get(key)).isEmpty();
    }
  }

  @Test
  void aRangeIsReadInPagesAsItWasAtOneRevision() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    String prefix = settings.prefix();
    try (EtcdClient client =
        new EtcdClient(settings, Gateway.open(Optional.empty()), PAGE, Duration.ofSeconds(10))) {
      List<Operation> puts =
          IntStream.range(10, 60).mapToObj(i -> put(prefix + i, "" + i)).toList();
      client.transact(List.of(), puts, List.of());
      List<String> found = new ArrayList<>();
      client.readAll(
          prefix,
          Gateway.afterPrefix(prefix),
          0,
          each -> {
            if (found.size() == 3) {
              try {
                put(client, prefix + "99", "late");
              } catch (EtcdFailure e) {
                throw new AssertionError(e);
              }
            }
            found.add(each.key().substring(prefix.length()));
          });
      assertThat(found).isEqualTo(IntStream.range(10, 60).mapToObj(i -> "" + i).toList());
    }
  }

  @Test
  void aWatchTellsWhatIsCommittedFromARevisionOnInOrder() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    String prefix = settings.prefix();
    try (EtcdClient client = EtcdClient.open(settings)) {
      long first = put(client, prefix + "a", "0").header().revision();
      List<Operation> both = List.of(put(prefix + "b", "2"), Operation.Delete.of(prefix + "a"));
      try (EtcdClient.Watching watching =
          client.watch(prefix, Gateway.afterPrefix(prefix), first)) {
        long second = client.transact(List.of(), both, List.of()).done().header().revision();
        List<Messages.Event> events = new ArrayList<>();
        while (events.size() < 3) {
          events.addAll(watching.lines().next().orElseThrow().events());
        }
        assertThat(events)
            .containsExactly(
                new Messages.Event(false, new KeyValue(prefix + "a", bytes("0"), first)),
                new Messages.Event(false, new KeyValue(prefix + "b", bytes("2"), second)),
                new Messages.Event(true, new KeyValue(prefix + "a", Bytes.empty(), second)));
      }
    }
  }

  @Test
  void aLineOfAWatchThatIsLongComesInFragments() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    String prefix = settings.prefix();
    String large = "x".repeat(1_000_000);
    try (EtcdClient client = EtcdClient.open(settings)) {
      long first = put(client, prefix + "0", large).header().revision();
      for (int i = 1; i < 8; i++) {
        put(client, prefix + i, large);
      }
      int lines = 0;
      int events = 0;
      try (EtcdClient.Watching watching =
          client.watch(prefix, Gateway.afterPrefix(prefix), first)) {
        while (events < 8) {
          Messages.Told told = watching.lines().next().orElseThrow();
          events += told.events().size();
          lines += told.events().isEmpty() ? 0 : 1;
        }
      }
      assertThat(lines).isGreaterThan(2);
    }
  }

  @Test
  void aWatchOfWhatIsCompactedEndsAndSaysSo() throws Exception {
    EtcdServer server = EtcdServer.own();
    EtcdSettings settings = server.settings();
    String prefix = settings.prefix();
    try (EtcdClient client = EtcdClient.open(settings)) {
      long first = put(client, prefix + "a", "0").header().revision();
      put(client, prefix + "a", "1");
      server.compact();
      try (EtcdClient.Watching watching =
          client.watch(prefix, Gateway.afterPrefix(prefix), first)) {
        Messages.Told told = watching.lines().next().orElseThrow();
        assertThat(told.created()).isTrue();
        told = watching.lines().next().orElseThrow();
        assertThat(told.canceled()).isPresent();
        assertThat(told.compacted()).isEqualTo(first + 1);
      }
      EtcdFailure.Refused refused =
          catchThrowableOfType(EtcdFailure.Refused.class, () -> client.get(prefix + "a", first));
      assertThat(refused.isCompacted()).isTrue();
      EtcdFailure.Refused future =
          catchThrowableOfType(
              EtcdFailure.Refused.class, () -> client.get(prefix + "a", first + 100));
      assertThat(future.isFuture()).isTrue();
    } finally {
      server.delete();
    }
  }

  @Test
  void whatIsTooMuchForOneTransactionIsRefused() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    String prefix = settings.prefix();
    try (EtcdClient client = EtcdClient.open(settings)) {
      List<List<Operation>> tooMuch =
          List.of(
              IntStream.range(0, 129).mapToObj(i -> put(prefix + i, "")).toList(),
              List.of(put(prefix, "x".repeat(1_600_000))),
              List.of(put(prefix, "x".repeat(3_000_000))));
      for (List<Operation> each : tooMuch) {
        EtcdFailure.Refused refused =
            catchThrowableOfType(
                EtcdFailure.Refused.class, () -> client.transact(List.of(), each, List.of()));
        assertThat(refused.isTooLarge()).as(refused.getMessage()).isTrue();
      }
      assertThat(client.get(prefix + "0")).isEmpty();
    }
  }

  @Test
  void aNameAndItsPasswordAreAskedForAndTheTokenIsRenewed() throws Exception {
    EtcdServer server = EtcdServer.own("--auth-token-ttl=1");
    String user = EtcdServer.base64("/tka/");
    String end = EtcdServer.base64("/tka0");
    server.ask(0, "auth/user/add", "{\"name\":\"root\",\"password\":\"of root\"}");
    server.ask(0, "auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
    server.ask(0, "auth/user/add", "{\"name\":\"u\",\"password\":\"of u\"}");
    server.ask(0, "auth/role/add", "{\"name\":\"r\"}");
    server.ask(
        0,
        "auth/role/grant",
        "{\"name\":\"r\",\"perm\":{\"permType\":\"READWRITE\",\"key\":\""
            + user
            + "\",\"range_end\":\""
            + end
            + "\"}}");
    server.ask(0, "auth/user/grant", "{\"user\":\"u\",\"role\":\"r\"}");
    EtcdSettings named =
        EtcdSettings.parse(server.settings().toString().replace("etcd://", "etcd://u@"));
    try (EtcdClient client = EtcdClient.open(named.withPassword("of u"))) {
      put(client, "/tka/a", "before anybody is asked");
      server.ask(0, "auth/enable", "{}");
      put(client, "/tka/a", "1");
      Thread.sleep(2500);
      put(client, "/tka/a", "with another token");
      EtcdFailure.Refused forbidden =
          catchThrowableOfType(EtcdFailure.Refused.class, () -> put(client, "/elsewhere", ""));
      assertThat(forbidden.code()).isEqualTo(EtcdFailure.Refused.FORBIDDEN);
      try (EtcdClient.Watching watching = client.watch("/tka/", "/tka0", 1)) {
        assertThat(watching.lines().next().orElseThrow().canceled()).isEmpty();
      }
    }
    try (EtcdClient client = EtcdClient.open(named.withPassword("another"))) {
      EtcdFailure.Refused wrong =
          catchThrowableOfType(EtcdFailure.Refused.class, () -> client.get("/tka/a"));
      assertThat(wrong.isWrongPassword()).isTrue();
    }
    try (EtcdClient client = EtcdClient.open(server.settings())) {
      EtcdFailure.Refused nobody =
          catchThrowableOfType(EtcdFailure.Refused.class, () -> client.get("/tka/a"));
      assertThat(nobody.needsToken()).isTrue();
    } finally {
      server.delete();
    }
  }

  @Test
  void whereNobodyListensNothingWasExecutedAndThatIsKnownAtOnce() throws Exception {
    EtcdSettings settings = EtcdSettings.parse("etcd://127.0.0.1:1,127.0.0.1:2");
    long begun = System.nanoTime();
    try (EtcdClient client = EtcdClient.open(settings)) {
      assertThatThrownBy(() -> put(client, "/tka/a", ""))
          .isInstanceOf(EtcdFailure.Unreachable.class)
          .hasMessage("connection refused");
    }
    assertThat(System.nanoTime() - begun).isLessThan(2_000_000_000L);
  }

  @Test
  void anotherMemberIsAskedAndALostAnswerIsAskedForAgain() throws Exception {
    EtcdServer server = EtcdServer.own();
    String prefix = EtcdServer.newPrefix();
    EtcdSettings proxied = server.proxied(prefix);
    EtcdSettings settings =
        EtcdSettings.parse(proxied.toString().replace("etcd://", "etcd://127.0.0.1:1,"));
    String key = settings.prefix() + "a";
    try (EtcdClient client = EtcdClient.open(settings)) {
      put(client, key, "1");
      server.clients(0).cutAt("kv/txn", CuttingProxy.When.AFTER);
      EtcdClient.Transacted done =
          client.transact(
              List.of(new Condition(key, client.get(key).orElseThrow().modified())),
              List.of(put(key, "2")),
              List.of(new Operation.Get(key)));
      assertThat(done.repeated()).isTrue();
      assertThat(done.done().held()).isFalse();
      assertThat(done.done().read().get(0).orElseThrow().value()).isEqualTo(bytes("2"));
      server.clients(0).cutAt("kv/txn", CuttingProxy.When.BEFORE);
      assertThat(client.transact(List.of(), List.of(put(key, "3")), List.of()).repeated()).isTrue();
      assertThat(client.get(key).orElseThrow().value()).isEqualTo(bytes("3"));
    } finally {
      server.delete();
    }
  }
}
