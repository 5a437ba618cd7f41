package dev.tka.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.store.Tailnets;
import dev.tka.store.sql.SqlRevisions;
import dev.tka.store.sql.testkit.PostgresServer;
import dev.tka.store.testkit.History;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Eight writers in two processes on one tailnet, each process with its own cache: nothing is lost
 * or invented, no reader goes back, and the watch alone brings news of commits. The system property
 * {@code tka.seconds} sets the duration.
 */
class ConcurrencyTest {
  private static final int SECONDS = Integer.getInteger("tka.seconds", 3);

  private static final long MOST_SECONDS_TO_BEGIN = 120;

  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  @Test
  void writersOfSeveralProcessesLoseNothingOnSqlite() throws Exception {
    losesNothing("SQLite", directory.resolve("store.db").toString());
  }

  @Test
  void writersOfSeveralProcessesLoseNothingOnPostgres() throws Exception {
    losesNothing("PostgreSQL", PostgresServer.flushing().newDatabase().toString());
  }

  private void losesNothing(String kind, String place) throws Exception {
    History.Content begin;
    try (Tailnets opened = WritingProcess.open(place)) {
      AumStore store = opened.tailnet(WritingProcess.TAILNET);
      begin =
          content(
              store.commit(
                  Commit.on(store.read().revision())
                      .add(
                          Chains.genesis(List.of(TestKeys.key(1, 1)), 1),
                          Instant.EPOCH.plusSeconds(1))
                      .build()));
    }
    History history = History.parse(printedByProcesses(place));
    try (Tailnets opened = WritingProcess.open(place)) {
      AumSnapshot last = opened.tailnet(WritingProcess.TAILNET).read();
      assertThat(history.problems(begin, content(last))).isEmpty();
      ChainAudit audit = ChainAudit.of(last);
      assertThat(audit.problem()).isEmpty();
      assertThat(audit.verified()).isEqualTo(last.entries().size());
    }
    List<Long> delays = history.propagation();
    System.out.printf(
        "%s, 8 writers, %d s: %d and %d commits, %d lost their fork, %d conflicts, %d refused, %d in doubt,"
            + " %d heads seen, %d heard of;"
            + " propagation p50 %.0f ms, p99 %.0f ms%n",
        kind,
        SECONDS,
        count(history, "a", History.Kind.EXTENDED),
        count(history, "b", History.Kind.EXTENDED),
        count(history, "", History.Kind.LOST),
        count(history, "", History.Kind.CONFLICT),
        count(history, "", History.Kind.REFUSED),
        count(history, "", History.Kind.IN_DOUBT),
        count(history, "", History.Kind.SAW),
        count(history, "", History.Kind.HEARD),
        percentile(delays, 50),
        percentile(delays, 99));
    assertThat(delays).isNotEmpty().doesNotContain(Long.MAX_VALUE);
    for (String process : List.of("a", "b")) {
      assertThat(count(history, process, History.Kind.EXTENDED)).as(process).isPositive();
    }
    assertThat(count(history, "", History.Kind.CONFLICT)).as("real conflicts").isPositive();
  }

  private List<String> printedByProcesses(String place) throws Exception {
    Map<Path, Process> processes = new LinkedHashMap<>();
    List<String> lines = new ArrayList<>();
    try {
      for (String name : List.of("a", "b")) {
        Path output = directory.resolve(name);
        processes.put(output, WritingProcess.start(place, name, SECONDS, output));
      }
      await(processes, WritingProcess.READY, MOST_SECONDS_TO_BEGIN);
      say(processes, "begin");
      await(processes, WritingProcess.WRITTEN, SECONDS + 2L * WritingProcess.MOST_SECONDS_MORE);
      try (Tailnets opened = WritingProcess.open(place)) {
        AumSnapshot last = opened.tailnet(WritingProcess.TAILNET).read();
        say(processes, Long.toString(SqlRevisions.number(last.revision())));
      }
      for (Process process : processes.values()) {
        // It reports on its own if its readers, one after another, wait in vain.
        assertThat(process.waitFor(3L * WritingProcess.PATIENCE_SECONDS, TimeUnit.SECONDS))
            .isTrue();
        assertThat(process.exitValue()).isZero();
      }
      for (Path output : processes.keySet()) {
        Files.readAllLines(output).stream()
            .filter(line -> !line.startsWith("#"))
            .forEach(lines::add);
      }
    } finally {
      processes.values().forEach(Process::destroyForcibly);
    }
    return lines;
  }

  private static void await(Map<Path, Process> processes, String step, long seconds)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    for (Path output : processes.keySet()) {
      while (!Files.readString(output).contains(step)) {
        assertThat(processes.get(output).isAlive())
            .as(output + " is running until " + step)
            .isTrue();
        assertThat(System.nanoTime() - end).as(output + " in time for " + step).isNegative();
        Thread.sleep(50);
      }
    }
  }

  private static void say(Map<Path, Process> processes, String line) throws IOException {
    for (Process process : processes.values()) {
      process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    }
  }

  private static long count(History history, String process, History.Kind kind) {
    return history.events().stream()
        .filter(event -> event.thread().startsWith(process) && event.kind() == kind)
        .count();
  }

  private static double percentile(List<Long> sorted, int percent) {
    return sorted.get((sorted.size() - 1) * percent / 100) / 1000.0;
  }

  private static History.Content content(AumSnapshot snapshot) throws Exception {
    Set<AumHash> stored = new HashSet<>();
    for (AumEntry entry : snapshot.entries()) {
      stored.add(entry.hash());
    }
    List<AumHash> chain = new ArrayList<>(Authority.open(snapshot).newestFirst(Integer.MAX_VALUE));
    Collections.reverse(chain);
    return new History.Content(SqlRevisions.number(snapshot.revision()), stored, chain);
  }
}
