package dev.tka.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.NodeKey;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker is killed, for real and at random moments, while it decides: no decision is given
 * without its line in the log (service, section 11). {@code -Dtka.kills} makes it longer.
 */
class BrokerKillTest {
  private static final int KILLS = Integer.getInteger("tka.kills", 5);
  private static final int MOST_MILLIS = 200;

  @TempDir Path folder;

  /** A process that decides for ever, and prints each decision. */
  static final class Deciding {
    private Deciding() {}

    public static void main(String[] args) throws Exception {
      Path folder = Path.of(args[0]);
      PrintStream out = System.out;
      int first = Integer.parseInt(args[1]) * 100_000;
      Policy policy = Policy.read(folder.resolve("policy.json"));
      try (BrokerLog log = BrokerLog.open(folder.resolve("log.jsonl"))) {
        Broker broker =
            new Broker(policy, log, Scene.clock(), (second, request) -> Optional.empty(), false);
        for (int i = first; ; i++) {
          BrokerToken token = BrokerToken.generate(Scene.RANDOM);
          Broker.issue(log, token.id(), "tokens", Scene.UNTIL, Scene.NOW);
          NodeKey node = Scene.node(i);
          String voucher = token.vouch(Scene.TAILNET, node, Optional.empty());
          for (int twice = 0; twice < 2; twice++) {
            Broker.Answer answer = broker.ask(Scene.request(node, voucher));
            out.println(
                answer.line()
                    + " "
                    + (answer instanceof Broker.Answer.Signed signed
                        ? signed.signature().toHex()
                        : "refused"));
            out.flush();
          }
        }
      }
    }
  }

  @Test
  void noDecisionIsGivenWithoutItsLineInTheLog() throws Exception {
    Scene scene = new Scene(folder);
    scene.policy(
        Scene.rule("tokens", Scene.TOKEN, Scene.AUTH_KEY, "").replace(":1000", ":1000000"));
    Path file = folder.resolve("log.jsonl");
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int decisions = 0;
    int cut = 0;
    Set<String> vouchers = new HashSet<>();
    for (int kill = 0; kill < KILLS; kill++) {
      String as = "kill " + kill + " of seed " + seed;
      List<String> said = killed(kill, random.nextInt(MOST_MILLIS));
      try (BrokerLog log = BrokerLog.open(file)) {
        cut += log.note().isPresent() ? 1 : 0;
      }
      Map<Long, String> logged = new HashMap<>();
      long[] line = {0};
      BrokerLog.verify(
          file,
          Set.of(),
          entry -> {
            line[0]++;
            if (entry.what() instanceof LogEntry.Decided decided) {
              logged.put(
                  line[0], decided.signature().map(bytes -> bytes.toHex()).orElse("refused"));
              if (decided.counts() && line[0] > 0) {
                vouchers.add(decided.voucher().orElseThrow());
              }
            }
          });
      for (String each : said) {
        String[] words = each.split(" ", -1);
        assertThat(logged.get(Long.parseLong(words[0]))).as(as).isEqualTo(words[1]);
        decisions++;
      }
      assertThat(logged.values().stream().filter(each -> !each.equals("refused")).count())
          .as("a voucher serves once, " + as)
          .isEqualTo(vouchers.size());
    }
    System.out.printf(
        "%d kills of a broker, seed %d: %d decisions given, each with its line; %d lines cut%n",
        KILLS, seed, decisions, cut);
    assertThat(decisions).isPositive();
  }

  private List<String> killed(int number, int millis) throws Exception {
    Path said = folder.resolve("said");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Deciding.class.getName(),
                folder.toString(),
                String.valueOf(number))
            .redirectOutput(said.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      while (Files.size(said) == 0 && process.isAlive()) {
        Thread.sleep(1);
      }
      Thread.sleep(millis);
      assertThat(process.isAlive()).as("runs until it is killed").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String all = Files.readString(said);
    // A line without its end does not count.
    return all.substring(0, all.lastIndexOf('\n') + 1).lines().toList();
  }
}
