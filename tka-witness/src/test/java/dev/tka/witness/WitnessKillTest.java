package dev.tka.witness;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.store.NoteKeyFile;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A witness is killed, for real and at random moments, while clients race to have it cosign two
 * histories of each log: there are never two trees of one size, and nothing that was answered is
 * forgotten. {@code -Dtka.kills} makes it longer.
 */
class WitnessKillTest {
  private static final int KILLS = Integer.getInteger("tka.kills", 5);
  private static final int MOST_MILLIS = 150;
  private static final int CLIENTS = 4;

  @TempDir Path folder;

  private static SignerKey key(Path folder) throws Exception {
    return NoteKeyFile.readOrCreate(
            folder.resolve("log.key"), VerifierKey.Kind.NOTE, ForkingLog.OPERATOR)
        .get(0);
  }

  private static Witness open(Path folder) throws Exception {
    return Witness.open(
        folder.resolve("state"), folder.resolve("logs"), "witness.example", Clock.systemUTC());
  }

  private static ForkingLog log(SignerKey key, String number) {
    return new ForkingLog(
        key, ForkingLog.OPERATOR + "/" + number, Math.floorMod(number.hashCode(), 6));
  }

  /** A process whose clients ask for ever, and print what was cosigned. */
  static final class Asked {
    private Asked() {}

    public static void main(String[] args) throws Exception {
      Path folder = Path.of(args[0]);
      SignerKey key = key(folder);
      PrintStream out = System.out;
      Witness witness = open(folder);
      for (int client = 0; client < CLIENTS; client++) {
        int fork = client % 2;
        Random random = new Random(client);
        new Thread(
                () -> {
                  try {
                    for (int number = 0; ; number++) {
                      ask(witness, log(key, args[1] + "." + number), fork, random, out);
                    }
                  } catch (Exception e) {
                    e.printStackTrace();
                    Runtime.getRuntime().halt(1);
                  }
                })
            .start();
      }
    }

    private static void ask(
        Witness witness, ForkingLog log, int fork, Random random, PrintStream out)
        throws Exception {
      long old = 0;
      for (int i = 0; i < 8; i++) {
        long size = old + random.nextInt(3);
        Witness.Answer answer = witness.ask(log.request(fork, old, size));
        if (answer instanceof Witness.Answer.Cosigned) {
          String line = log.origin() + " " + size + " " + log.root(fork, size) + "\n";
          synchronized (out) {
            out.print(line);
            out.flush();
          }
          old = size;
        } else if (answer instanceof Witness.Answer.OtherSize other) {
          old = other.size();
        }
      }
    }
  }

  @Test
  void aKilledWitnessNeverCosignsTwoTreesOfOneSize() throws Exception {
    SignerKey key = key(folder);
    ForkingLog.list(folder.resolve("logs"), key);
    open(folder).close();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<String, String> roots = new HashMap<>();
    int cosignatures = 0;
    int forks = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      String as = "kill " + kill + " of seed " + seed;
      List<String> said = killed(kill, random.nextInt(MOST_MILLIS));
      Map<String, Long> largest = new HashMap<>();
      for (String each : said) {
        String[] words = each.split(" ", -1);
        String before = roots.putIfAbsent(words[0] + " " + words[1], words[2]);
        assertThat(before == null || before.equals(words[2])).as(as + ": " + each).isTrue();
        largest.merge(words[0], Long.parseLong(words[1]), Math::max);
        cosignatures++;
      }
      try (Witness witness = open(folder)) {
        for (Map.Entry<String, Long> each : largest.entrySet()) {
          String origin = each.getKey();
          ForkingLog log = log(key, origin.substring(ForkingLog.OPERATOR.length() + 1));
          long size = each.getValue();
          for (int fork = 0; fork < 2; fork++) {
            Witness.Answer again = witness.ask(log.request(fork, size, size));
            boolean isSame = log.root(fork, size).toString().equals(roots.get(origin + " " + size));
            if (again instanceof Witness.Answer.OtherSize other) {
              assertThat(other.size()).as(as + ": " + origin).isGreaterThan(size);
            } else {
              assertThat(again instanceof Witness.Answer.Cosigned)
                  .as(as + ": " + origin)
                  .isEqualTo(isSame);
              forks += isSame ? 0 : 1;
            }
          }
        }
      }
    }
    System.out.printf(
        "%d kills of a witness, seed %d: %d cosignatures given, of %d trees, one of each size of a"
            + " log; %d times another tree of the last size was refused after a kill%n",
        KILLS, seed, cosignatures, roots.size(), forks);
    assertThat(cosignatures).isPositive();
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
                Asked.class.getName(),
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
