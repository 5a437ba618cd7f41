package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.MemoryFolders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentDirectoryTest {
  private static final int WRITES = 100;

  @TempDir(factory = MemoryFolders.class)
  Path folder;

  private static AgentDirectory open(Path directory) throws StoreException {
    return AgentDirectory.open(directory, new FakeClock());
  }

  /** Another process, which tries to use a folder. */
  static final class Other {
    private Other() {}

    public static void main(String[] arguments) throws Exception {
      try (AgentDirectory used = open(Path.of(arguments[0]))) {
        System.out.println("opened " + (used != null));
      } catch (StoreException.Busy e) {
        System.out.println("busy");
      }
    }

    static String tries(Path directory) throws Exception {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Other.class.getName(),
                  directory.toString())
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return output.strip();
    }
  }

  private static void requireBusy(Path directory) {
    assertThatThrownBy(() -> open(directory).close())
        .isInstanceOf(StoreException.Busy.class)
        .hasMessage(directory + ": another agent uses this folder");
  }

  @Test
  void whoIsRefusedInOneProcessDoesNotGiveUpTheLockOfTheFirst() throws Exception {
    Path directory = folder.resolve("node");
    try (AgentDirectory first = open(directory)) {
      assertThat(first).isNotNull();
      requireBusy(directory);
      requireBusy(Files.createSymbolicLink(folder.resolve("link"), directory));
      assertThat(Other.tries(directory)).isEqualTo("busy");
    }
    open(directory).close();
  }

  @Test
  void whoClosesTwiceDoesNotLetAThirdIn() throws Exception {
    AgentDirectory first = open(folder);
    first.close();
    try (AgentDirectory second = open(folder)) {
      first.close();
      requireBusy(folder);
      assertThat(second).isNotNull();
    }
  }

  @Test
  void twoThreadsMayWriteOneFile() throws Exception {
    try (AgentDirectory directory = open(folder)) {
      List<CompletableFuture<Void>> writers = new ArrayList<>();
      for (String content : List.of("one", "another")) {
        Bytes bytes = Bytes.copyOf(content.getBytes(StandardCharsets.UTF_8));
        writers.add(
            CompletableFuture.runAsync(
                () -> {
                  try {
                    for (int i = 0; i < WRITES; i++) {
                      directory.write(AgentFolder.File.STATUS, bytes);
                    }
                  } catch (StoreException e) {
                    throw new AssertionError(e);
                  }
                }));
      }
      for (CompletableFuture<Void> each : writers) {
        each.get(60, TimeUnit.SECONDS);
      }
      assertThat(directory.read(AgentFolder.File.STATUS)).isPresent();
    }
  }
}
