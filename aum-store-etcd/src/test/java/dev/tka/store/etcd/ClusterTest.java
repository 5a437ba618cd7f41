package dev.tka.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ChainAudit;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.History;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
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
 * Eight writers in two processes on one tailnet in an etcd of three members, to which everything
 * happens that may: nothing is lost or invented, and no reader goes back. The system property
 * {@code tka.seconds} sets for how long at least; each trouble comes once.
 */
class ClusterTest {
  private static final int SECONDS = Integer.getInteger("tka.seconds", 3);
  private static final long PAUSE_MILLIS = 500;

  @TempDir(factory = TempDirFactory.Standard.class)
  Path directory;

  private interface Trouble {
    void make(EtcdServer server) throws Exception;
  }

  private static Map<String, Trouble> troubles() {
    Map<String, Trouble> troubles = new LinkedHashMap<>();
    troubles.put(
        "leader killed",
        server -> {
          int leader = server.leader();
          server.kill(leader);
          Thread.sleep(PAUSE_MILLIS);
          server.restart(leader);
        });
    troubles.put(
        "leader paused",
        server -> {
          int leader = server.leader();
          server.pause(leader);
          Thread.sleep(3 * PAUSE_MILLIS);
          server.resume(leader);
        });
    troubles.put(
        "another paused",
        server -> {
          int other = (server.leader() + 1) % server.size();
          server.pause(other);
          Thread.sleep(3 * PAUSE_MILLIS);
          server.resume(other);
        });
    troubles.put(
        "clients cut off from a member, frozen and broken",
        server -> {
          int other = (server.leader() + 2) % server.size();
          server.clients(other).freeze();
          Thread.sleep(3 * PAUSE_MILLIS);
          server.clients(other).thaw();
          server.clients(other).cutAll();
        });
    troubles.put(
        "leader cut off from the others",
        server -> {
          int leader = server.leader();
          server.cutOff(leader);
          Thread.sleep(3 * PAUSE_MILLIS);
          server.joinAll();
        });
    troubles.put(
        "compacted and defragmented",
        server -> {
          server.awaitAll();
          for (int each : server.indexes()) {
            server.clients(each).cutAll();
            server.compact();
            server.defragment(each);
          }
        });
    troubles.put(
        "member replaced",
        server -> {
          server.awaitAll();
          Thread.sleep(PAUSE_MILLIS);
          server.replace((server.leader() + 1) % server.size());
        });
    return troubles;
  }

  @Test
  void writersOfTwoProcessesLoseNothingWhateverHappensToTheMembers() throws Exception {
    EtcdServer server = EtcdServer.three();
    try {
      EtcdSettings settings = server.proxied(EtcdServer.newPrefix());
      History.Content begin;
      try (Tailnets place = EtcdTailnets.create(settings)) {
        AumStore store = place.tailnet(ClusterWriter.TAILNET);
        begin =
            content(
                store.commit(
                    Commit.on(store.read().revision())
                        .add(
                            Chains.genesis(List.of(TestKeys.key(1, 1)), 1),
                            Instant.EPOCH.plusSeconds(1))
                        .build()));
      }
      History history = History.parse(write(server, settings));
      try (Tailnets place = EtcdTailnets.at(settings)) {
        AumSnapshot last = place.tailnet(ClusterWriter.TAILNET).read();
        assertThat(history.problems(begin, content(last))).isEmpty();
        ChainAudit audit = ChainAudit.of(last);
        assertThat(audit.problem()).isEmpty();
        assertThat(audit.verified()).isEqualTo(last.entries().size());
      }
      report(history);
    } finally {
      server.delete();
    }
  }

  private List<String> write(EtcdServer server, EtcdSettings settings) throws Exception {
    Map<Path, Process> processes = new LinkedHashMap<>();
    List<String> lines = new ArrayList<>();
    try {
      for (String name : List.of("a", "b")) {
        Path output = directory.resolve(name);
        processes.put(output, ClusterWriter.start(settings.toString(), name, output));
      }
      for (Path output : processes.keySet()) {
        while (!Files.readString(output).contains(ClusterWriter.READY)) {
          assertThat(processes.get(output).isAlive()).isTrue();
          Thread.sleep(20);
        }
      }
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
      do {
        for (Trouble each : troubles().values()) {
          Thread.sleep(PAUSE_MILLIS);
          each.make(server);
        }
      } while (System.nanoTime() - end < 0);
      server.awaitAll();
      Thread.sleep(PAUSE_MILLIS);
      for (Process each : processes.values()) {
        each.getOutputStream().write("stop\n".getBytes(StandardCharsets.UTF_8));
        each.getOutputStream().flush();
      }
      for (Map.Entry<Path, Process> each : processes.entrySet()) {
        assertThat(each.getValue().waitFor(90, TimeUnit.SECONDS)).isTrue();
        assertThat(each.getValue().exitValue()).isZero();
        Files.readAllLines(each.getKey()).stream()
            .filter(line -> !line.startsWith("#"))
            .forEach(lines::add);
      }
    } finally {
      processes.values().forEach(Process::destroyForcibly);
    }
    return lines;
  }

  private static void report(History history) {
    List<Long> commits =
        history.events().stream()
            .filter(each -> each.kind() == History.Kind.EXTENDED)
            .map(History.Event::micros)
            .sorted()
            .toList();
    long gap = 0;
    for (int i = 1; i < commits.size(); i++) {
      gap = Math.max(gap, commits.get(i) - commits.get(i - 1));
    }
    List<Long> delays = history.propagation();
    System.out.printf(
        "etcd of 3 members, 8 writers in 2 processes, %.0f s, %d troubles: %d commits, %d conflicts,"
            + " %d refused, %d in doubt, longest gap %.1f s; propagation p50 %.0f ms, p99 %.0f"
            + " ms%n",
        (commits.get(commits.size() - 1) - commits.get(0)) / 1e6,
        troubles().size(),
        commits.size(),
        count(history, History.Kind.CONFLICT),
        count(history, History.Kind.REFUSED),
        count(history, History.Kind.IN_DOUBT),
        gap / 1e6,
        delays.get(delays.size() / 2) / 1e3,
        delays.get((delays.size() - 1) * 99 / 100) / 1e3);
    assertThat(commits.size()).isGreaterThan(50);
    assertThat(delays).doesNotContain(Long.MAX_VALUE);
  }

  private static long count(History history, History.Kind kind) {
    return history.events().stream().filter(each -> each.kind() == kind).count();
  }

  private static History.Content content(AumSnapshot snapshot) throws Exception {
    Set<AumHash> stored = new HashSet<>();
    for (AumEntry each : snapshot.entries()) {
      stored.add(each.hash());
    }
    List<AumHash> chain = new ArrayList<>(Authority.open(snapshot).newestFirst(Integer.MAX_VALUE));
    Collections.reverse(chain);
    return new History.Content(stored.size(), stored, chain);
  }
}
