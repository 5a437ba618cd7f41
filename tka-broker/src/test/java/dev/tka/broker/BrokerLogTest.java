package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log's chain (service, section 11). */
class BrokerLogTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("state/log.jsonl");
  }

  private static LogEntry entry(int number) {
    return new LogEntry(
        Scene.NOW.plusSeconds(number),
        new LogEntry.Decided(
            number % 2 == 0 ? LogEntry.Outcome.SIGNED : LogEntry.Outcome.REFUSED,
            Optional.of("expired"),
            Optional.of("ci"),
            Scene.TAILNET,
            Scene.node(number),
            Optional.empty(),
            Optional.of("a \"name\"\n"),
            List.of("tag:ci"),
            Optional.empty(),
            Optional.of("oidc:" + number),
            Optional.of(Bytes.copyOf(new byte[] {1, 2, (byte) number})),
            number % 4 == 0));
  }

  private void write(int from, int count) throws Exception {
    try (BrokerLog log = BrokerLog.open(file)) {
      for (int i = from; i < from + count; i++) {
        LogEntry entry = entry(i);
        assertThat(log.append(ledger -> Optional.of(entry))).isPresent();
      }
    }
  }

  private List<LogEntry> read() throws Exception {
    List<LogEntry> entries = new ArrayList<>();
    BrokerLog.verify(file, Set.of(), entries::add);
    return entries;
  }

  @Test
  void aLineThatIsAddedWhileTheLogIsVerifiedIsNotTakenForOneThatWasCut() throws Exception {
    write(0, 2);
    byte[] partOfALine = Scene.utf8("{\"n\":3");
    BrokerLog.Head head =
        BrokerLog.verify(
            file,
            Set.of(),
            entry -> {
              if (entry.equals(entry(0))) {
                try {
                  Files.write(file, partOfALine, StandardOpenOption.APPEND);
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              }
            });
    assertThat(head.lines()).isEqualTo(2);
    assertThatThrownBy(this::read).isInstanceOf(LogException.class).hasMessageContaining("was cut");
  }

  @Test
  void whatWasAddedIsThereAndOnlyItsOwnerCanReadIt() throws Exception {
    write(0, 2);
    write(2, 1);
    assertThat(read()).containsExactly(entry(0), entry(1), entry(2));
    assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    assertThat(Files.getPosixFilePermissions(file.getParent())).hasSize(3);
    try (BrokerLog log = BrokerLog.open(file)) {
      assertThat(log.ledger().used()).containsOnlyKeys("oidc:0", "oidc:2");
      assertThat(log.note()).isEmpty();
    }
  }

  @Test
  void anEditOfAnyByteIsDetected() throws Exception {
    write(0, 3);
    byte[] whole = Files.readAllBytes(file);
    for (int at = 0; at < whole.length; at++) {
      for (int bit : new int[] {0x01, 0x20}) {
        byte[] edited = whole.clone();
        edited[at] ^= (byte) bit;
        Files.write(file, edited);
        assertThatThrownBy(this::read).as("byte " + at).isInstanceOf(LogException.class);
      }
      byte[] shorter = new byte[whole.length - 1];
      System.arraycopy(whole, 0, shorter, 0, at);
      System.arraycopy(whole, at + 1, shorter, at, whole.length - at - 1);
      Files.write(file, shorter);
      assertThatThrownBy(this::read).as("without " + at).isInstanceOf(LogException.class);
    }
  }

  @Test
  void aLineThatIsMissingOrMovedOrPutInIsDetected() throws Exception {
    write(0, 4);
    List<String> lines = Files.readAllLines(file);
    for (List<Integer> order :
        List.of(
            List.of(1, 2, 3),
            List.of(0, 2, 3),
            List.of(0, 2, 1, 3),
            List.of(0, 1, 1, 2, 3),
            List.of(0, 1, 3))) {
      Files.write(file, order.stream().map(lines::get).toList());
      assertThatThrownBy(this::read)
          .as(order.toString())
          .isInstanceOf(LogException.class)
          .hasMessageContaining("a line is missing, or moved, or was put in");
      assertThatThrownBy(() -> BrokerLog.open(file)).isInstanceOf(LogException.class);
    }
  }

  @Test
  void aLineWhoseOwnHashWasMadeToFitIsDetectedAtTheNextLine() throws Exception {
    write(0, 3);
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    String open = lines.get(1).replace("expired", "rate");
    open = open.substring(0, open.lastIndexOf(",\"hash\""));
    lines.set(1, open + ",\"hash\":\"" + Hashes.of(open).toHex() + "\"}");
    Files.write(file, lines);
    assertThatThrownBy(this::read)
        .isInstanceOf(LogException.class)
        .hasMessageContaining("line 3: expected number 3 and the hash of the line before");
    Files.write(file, lines.subList(0, 2));
    assertThat(read()).as("nothing follows: only a hash kept elsewhere shows it").hasSize(2);
  }

  @Test
  void aHashThatWasKeptShowsLinesCutOffOrRewritten() throws Exception {
    write(0, 3);
    BrokerLog.Head head = BrokerLog.verify(file, Set.of(), entry -> {});
    write(3, 1);
    BrokerLog.verify(file, Set.of(head.hash()), entry -> {});
    List<String> lines = Files.readAllLines(file);
    Files.write(file, lines.subList(0, 2));
    assertThatThrownBy(() -> BrokerLog.verify(file, Set.of(head.hash()), entry -> {}))
        .isInstanceOf(LogException.class)
        .hasMessageContaining("lines were cut off or rewritten");
  }

  @Test
  void aLastLineThatWasCutIsCutOffUnlessItIsWhole() throws Exception {
    write(0, 2);
    byte[] whole = Files.readAllBytes(file);
    int second = Files.readAllLines(file).get(0).length() + 1;
    for (int length = second + 1; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(this::read).isInstanceOf(LogException.class).hasMessageContaining("cut");
      try (BrokerLog log = BrokerLog.open(file)) {
        boolean isWhole = length == whole.length - 1;
        assertThat(log.note().isPresent()).as("of " + length).isEqualTo(!isWhole);
        assertThat(log.head().lines()).isEqualTo(isWhole ? 2 : 1);
      }
      assertThat(Files.size(file)).isEqualTo(length == whole.length - 1 ? whole.length : second);
    }
  }

  /** Opens the log, to see what of it is on the disk. */
  private BrokerLog watched(AtomicReference<WatchedChannel> disk) throws Exception {
    return BrokerLog.open(
        file,
        channel -> {
          disk.set(new WatchedChannel(channel));
          return disk.get();
        });
  }

  @Test
  void everyLineIsOnTheDiskBeforeAnybodyIsToldOfIt() throws Exception {
    Scene scene = new Scene(folder);
    Policy policy = scene.policy(Scene.rule("tokens", Scene.TOKEN, Scene.AUTH_KEY, ""));
    NodeKey node = Scene.node(1);
    AtomicReference<WatchedChannel> disk = new AtomicReference<>();
    try (BrokerLog log = watched(disk)) {
      Broker broker =
          new Broker(policy, log, Scene.clock(), (second, request) -> Optional.empty(), false);
      BrokerToken token = BrokerToken.generate(Scene.RANDOM);
      List<Callable<?>> told =
          List.of(
              () -> Broker.start(log, policy.hash(Map.of()), Scene.NOW),
              () -> broker.ask(Scene.request(node, "no voucher")),
              () -> {
                Broker.issue(log, token.id(), "tokens", Scene.UNTIL, Scene.NOW);
                return token;
              },
              () ->
                  broker.ask(
                      Scene.request(node, token.vouch(Scene.TAILNET, node, Optional.empty()))));
      for (int i = 0; i < told.size(); i++) {
        assertThat(told.get(i).call()).isNotNull();
        assertThat(new String(disk.get().onDisk(), StandardCharsets.UTF_8)).hasLineCount(i + 1);
      }
    }
    assertThat(read()).hasSize(4);
  }

  @Test
  void whatAProcessThatWasKilledWroteIsOnTheDiskBeforeItCounts() throws Exception {
    write(0, 2);
    AtomicReference<WatchedChannel> disk = new AtomicReference<>();
    try (BrokerLog log = watched(disk)) {
      assertThat(log.ledger().used()).containsOnlyKeys("oidc:0");
      assertThat(disk.get().onDisk()).isEqualTo(Files.readAllBytes(file));
      write(2, 1);
      assertThat(log.ledger().used()).hasSize(2);
      assertThat(disk.get().onDisk()).isEqualTo(Files.readAllBytes(file));
    }
  }

  @Test
  void aLineThatTheDiskDidNotTakeDoesNotCountLater() throws Exception {
    AtomicReference<WatchedChannel> disk = new AtomicReference<>();
    try (BrokerLog log = watched(disk)) {
      disk.get().fails(true);
      assertThatThrownBy(() -> log.append(ledger -> Optional.of(entry(0))))
          .isInstanceOf(java.io.IOException.class);
      assertThat(Files.size(file)).isZero();
      disk.get().fails(false);
      assertThat(log.ledger().used()).isEmpty();
      assertThat(log.append(ledger -> Optional.of(entry(2)))).contains(1L);
    }
    assertThat(read()).containsExactly(entry(2));
  }

  @Test
  void nothingIsWrittenToALogThatWasMovedAway() throws Exception {
    try (BrokerLog log = BrokerLog.open(file)) {
      log.append(ledger -> Optional.of(entry(0)));
      Files.move(file, file.resolveSibling("log.1"));
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(log::ledger)
            .isInstanceOf(LogException.class)
            .hasMessageContaining("it was moved away");
        assertThatThrownBy(() -> log.append(ledger -> Optional.of(entry(2))))
            .isInstanceOf(LogException.class);
        Files.writeString(file, "");
      }
      Files.move(
          file.resolveSibling("log.1"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      assertThat(log.append(ledger -> Optional.of(entry(2)))).contains(2L);
    }
  }

  @Test
  void noLineIsOfATimeBeforeTheLineBefore() throws Exception {
    write(0, 1);
    try (BrokerLog log = BrokerLog.open(file)) {
      log.append(
          ledger ->
              Optional.of(
                  new LogEntry(
                      entry(0).at().minusSeconds(60),
                      new LogEntry.Settled(
                          Scene.TAILNET, Scene.node(1), "oidc:0", Optional.empty()))));
    }
    assertThat(read().get(1).at()).isEqualTo(entry(0).at());
  }

  @Test
  void twoWhoHaveOneLogOpenSeeWhatTheOtherAdds() throws Exception {
    try (BrokerLog one = BrokerLog.open(file);
        BrokerLog two = BrokerLog.open(file)) {
      one.append(ledger -> Optional.of(entry(0)));
      two.append(
          ledger -> {
            assertThat(ledger.used()).containsOnlyKeys("oidc:0");
            return Optional.of(entry(2));
          });
      assertThat(one.ledger().used()).hasSize(2);
      Files.writeString(file, "{}\n", StandardOpenOption.APPEND);
      assertThatThrownBy(() -> one.append(ledger -> Optional.of(entry(4))))
          .isInstanceOf(LogException.class)
          .hasMessageContaining("line 3");
      assertThatThrownBy(two::ledger).isInstanceOf(LogException.class);
    }
  }

  @Property
  void anyBytesAreNoLogOrRefusedInOneLine(@ForAll byte[] bytes) throws Exception {
    Path one = Files.createTempFile("log", ".jsonl");
    try {
      Files.write(one, bytes);
      if (bytes.length > 0) {
        assertThatThrownBy(() -> BrokerLog.verify(one, Set.of(), entry -> {}))
            .isInstanceOf(LogException.class)
            .message()
            .hasLineCount(1);
      }
    } finally {
      Files.delete(one);
    }
  }
}
