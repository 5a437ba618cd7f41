package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands that only read a node's directory say the same where nothing can be written: to someone
 * who may only read, on a file system that is mounted to be read, and on a full disk; also when a
 * loss of power left a part of the last commit in the journal only.
 */
class ReadingNeedsNoWritingTest {
  private static final List<List<String>> COMMANDS =
      List.of(
          List.of("status", "STORE"),
          List.of("log", "STORE"),
          List.of("verify", "STORE"),
          List.of("doctor", "STORE"),
          List.of("offer", "STORE"),
          List.of("export", "STORE", "EXPORT"),
          List.of("edits", "STORE"),
          List.of("compact", "STORE", "--plan"),
          List.of("repair", "STORE"),
          List.of("peers", "STORE", "PEERS"));

  /** The file that shows that nothing can be written. */
  private static final String PROBE = "probe";

  @TempDir Path folder;

  private Path directory = Path.of("");
  private Path peers = Path.of("");
  private final List<Path> mounted = new ArrayList<>();

  /** What each command says, in a process of its own that may do less. */
  static final class Reader {
    private Reader() {}

    /** Runs the commands on a directory, with a peers file. */
    public static void main(String[] args) throws IOException {
      System.out.print(outputs(Path.of(args[0]), Path.of(args[1])));
      System.out.println(canWrite(Path.of(args[0])) ? "can write" : "cannot write");
    }

    private static boolean canWrite(Path directory) {
      try {
        Files.write(directory.resolve(PROBE), new byte[5000]);
        return true;
      } catch (IOException e) {
        return false;
      }
    }
  }

  private static String outputs(Path directory, Path peers) throws IOException {
    Path export = peers.resolveSibling("export.tka");
    Map<String, Path> places = Map.of("STORE", directory, "PEERS", peers, "EXPORT", export);
    StringBuilder all = new StringBuilder();
    for (List<String> command : COMMANDS) {
      Object[] arguments =
          command.stream()
              .map(word -> places.containsKey(word) ? places.get(word) : word)
              .toArray();
      Cli.Result result = Cli.run(arguments);
      all.append(command)
          .append(' ')
          .append(result.exitCode())
          .append('\n')
          .append(result.out())
          .append(result.err())
          .append('\n');
    }
    Files.delete(export);
    return all.toString().replace(directory.toString(), "DIRECTORY");
  }

  /** A directory after a loss of power: the newest AUM is in the journal only. */
  @BeforeEach
  void make() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "a", "b");
    tailnet.edit("add", "a", tailnet.newKey("c"));
    directory = tailnet.directory();
    peers = Files.writeString(folder.resolve("peers.json"), "{\"Peers\":[]}");
    String head = tailnet.authority().head().toString();
    Files.delete(directory.resolve(head.substring(0, 2)).resolve(head));
    assertThat(tailnet.authority().head()).hasToString(head);
  }

  @AfterEach
  void unmount() throws Exception {
    for (Path each : mounted) {
      assertThat(new ProcessBuilder("umount", each.toString()).start().waitFor()).isZero();
    }
    mounted.clear();
  }

  private Map<String, String> content() throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.endsWith(PROBE)) {
          content.put(
              file + " " + Files.getLastModifiedTime(file),
              new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
        }
      }
    }
    return content;
  }

  private void requireSame(String... before) throws Exception {
    String expected = outputs(directory, peers);
    Map<String, String> content = content();
    List<String> command = new ArrayList<>(List.of(before));
    command.addAll(StartedJava.words());
    command.addAll(List.of(Reader.class.getName(), directory.toString(), peers.toString()));
    Path out = folder.resolve("out");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(out)).isZero();

    assertThat(Files.readString(out)).isEqualTo(expected + "cannot write\n");
    assertThat(content()).isEqualTo(content);
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private static boolean works(String... command) throws Exception {
    try {
      return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Says what this machine cannot show. */
  private static boolean leftOut(boolean possible, String what) {
    if (!possible) {
      System.out.println("left out, because this user or machine cannot: " + what);
    }
    return !possible;
  }

  @Test
  void whoMayOnlyReadReadsTheSame() throws Exception {
    // Root may write anywhere, unless this capability is taken away.
    String[] asAnyUser = {"setpriv", "--bounding-set=-dac_override"};
    if (leftOut(!isRoot() || works("setpriv", "--bounding-set=-dac_override", "true"), "setpriv")) {
      return;
    }
    permit("r--------", "r-x------");
    try {
      requireSame(isRoot() ? asAnyUser : new String[0]);
    } finally {
      permit("rw-------", "rwx------");
    }
  }

  private void permit(String files, String folders) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path each : all.sorted(Comparator.naturalOrder()).toList()) {
        String permissions = Files.isDirectory(each) ? folders : files;
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString(permissions));
      }
    }
  }

  @Test
  void onAReadOnlyFileSystemEverybodyReadsTheSame() throws Exception {
    String target = directory.toString();
    if (leftOut(works("mount", "--bind", target, target), "a read-only mount")) {
      return;
    }
    mounted.add(directory);
    assertThat(works("mount", "-o", "remount,bind,ro", target)).isTrue();
    requireSame();
  }

  @Test
  void onAFullDiskEverybodyReadsTheSame() throws Exception {
    Path small = Files.createDirectory(folder.resolve("small"));
    if (leftOut(
        works("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small.toString()),
        "a full disk")) {
      return;
    }
    mounted.add(small);
    assertThat(works("cp", "-a", directory.toString(), small.toString())).isTrue();
    directory = small.resolve(directory.getFileName());
    works("dd", "if=/dev/zero", "of=" + small.resolve("ballast"), "bs=4096");
    assertThat(Files.getFileStore(small).getUsableSpace()).isZero();
    requireSame();
  }
}
