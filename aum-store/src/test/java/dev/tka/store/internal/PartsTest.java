package dev.tka.store.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.TkaException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever is made is there whole, or leaves nothing. */
class PartsTest {
  @TempDir Path folder;

  /** The ways to make something. */
  enum Way {
    FILE {
      @Override
      void make(Path target, Runnable halfway) throws IOException, TkaException {
        DurableFiles.<Path, TkaException>createWhole(
            target,
            part -> {
              Files.write(part, new byte[1000]);
              // As a database does.
              Files.write(part.resolveSibling(part.getFileName() + "-journal"), new byte[10]);
              halfway.run();
              Files.delete(part.resolveSibling(part.getFileName() + "-journal"));
              return part;
            });
      }
    },
    FOLDER {
      @Override
      void make(Path target, Runnable halfway) throws IOException, TkaException {
        DurableFiles.<Path, TkaException>createWholeFolder(
            target,
            part -> {
              Files.write(Files.createDirectory(part.resolve("AB")).resolve("file"), new byte[10]);
              halfway.run();
              return part;
            });
      }
    };

    abstract void make(Path target, Runnable halfway) throws IOException, TkaException;
  }

  /** A process that stays halfway. */
  static final class Making {
    private Making() {}

    /** Makes something in a way, at a target. */
    public static void main(String[] args) throws Exception {
      Way.valueOf(args[0])
          .make(
              Path.of(args[1]),
              () -> {
                System.out.println("halfway");
                System.out.flush();
                try {
                  TimeUnit.MINUTES.sleep(1);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
    }
  }

  private Process halfway(Way way, Path target) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Making.class.getName(),
                way.name(),
                target.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(process.inputReader().readLine()).isEqualTo("halfway");
    return process;
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSignalLeavesNothing(Way way) throws Exception {
    Process process = halfway(way, folder.resolve("made"));
    assertThat(files()).isNotEmpty();
    process.destroy();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(files()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void whatAKilledProcessLeftGoesWhenTheSameIsMadeAndWhatALivingOneMakesStays(Way way)
      throws Exception {
    Path target = folder.resolve("made");
    Process living = halfway(way, target);
    List<String> stays = files();
    Process killed = halfway(way, target);
    killed.destroyForcibly().waitFor();
    assertThat(files()).hasSize(2 * stays.size());

    way.make(target, () -> {});

    assertThat(files()).hasSize(stays.size() + 1).containsAll(stays).contains("made");
    living.destroy();
    living.waitFor();
    assertThat(files()).containsExactly("made");
    assertThatThrownBy(() -> way.make(target, () -> {}))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(files()).containsExactly("made");
  }

  @ParameterizedTest
  @EnumSource
  void anErrorLeavesNothingAndFilesWithSimilarNamesStay(Way way) throws Exception {
    List<String> others = List.of("made.1.part", "made.part", "made2.1-1.part", "other.1-1.part");
    for (String other : others) {
      Files.createFile(folder.resolve(other));
    }
    IllegalStateException error = new IllegalStateException("no more");
    assertThatThrownBy(
            () ->
                way.make(
                    folder.resolve("made"),
                    () -> {
                      throw error;
                    }))
        .isSameAs(error);
    assertThat(files()).containsExactlyInAnyOrderElementsOf(others);
  }
}
