package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import java.io.File;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Failures while writing: one clear line, its exit status, and an unchanged store. */
class EditFailuresTest {
  @TempDir Path folder;
  private final List<Path> mounted = new ArrayList<>();

  @AfterEach
  void unmount() throws Exception {
    for (Path path : mounted) {
      assertThat(execute("umount", path.toString())).isZero();
    }
  }

  private static int execute(String... command) throws Exception {
    return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
  }

  @Test
  void initBesideADamagedFileNamesTheDirectory() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    String key = tailnet.newKey("ann");
    Path place = Files.createDirectories(tailnet.directory().resolve("AA"));
    Files.write(place.resolve("A".repeat(52)), new byte[1]);

    Cli.Result result =
        Cli.run(
            "init", tailnet.directory(), key, "--key-file", tailnet.keyFile("ann"), "--confirm");

    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.err())
        .endsWith(
            "tka: " + tailnet.directory() + ": expected an empty store; nothing was written\n");
  }

  @Test
  void aKeyFileThatOthersCanReadOrWrite() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    Object[] add = tailnet.editArguments("add", "ann", tailnet.newKey("bob"));
    for (String mode : List.of("rw-r--r--", "rw--w----", "rw------x", "rwxrwxrwx")) {
      Files.setPosixFilePermissions(tailnet.keyFile("ann"), PosixFilePermissions.fromString(mode));
      tailnet.requireRefused(ExitCode.BAD_INPUT, "found " + mode, add);
    }
  }

  @Test
  void aDamagedKeyFile() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    Path file = tailnet.keyFile("ann");
    String sound = Files.readString(file).strip();
    String seed = sound.substring(7, 71);
    Object[] add = tailnet.editArguments("add", "ann", tailnet.newKey("bob"));
    for (String damaged :
        List.of(
            "",
            "\n",
            sound.substring(0, 100),
            sound + "0",
            sound.replace("nlpriv", "nlpub"),
            sound.substring(0, 71) + "0".repeat(64),
            sound + "\n" + sound,
            "x".repeat(5000),
            "\0\u00ff",
            seed)) {
      Files.write(file, damaged.getBytes(StandardCharsets.ISO_8859_1));
      Cli.Result result = tailnet.requireRefused(ExitCode.BAD_INPUT, "ann.key", add);
      assertThat(result.err()).doesNotContain(seed.substring(0, 16), seed.substring(48));
    }
  }

  @Test
  void aKeyFileThatIsNotThereOrNoFile() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String bob = tailnet.newKey("bob");
    tailnet.requireRefused(
        ExitCode.NOT_FOUND, "none.key", tailnet.editArguments("add", "none", bob));
    tailnet.requireRefused(
        ExitCode.BAD_INPUT,
        "something else",
        "add",
        tailnet.directory(),
        bob,
        "--key-file",
        folder);
    tailnet.requireRefused(
        ExitCode.NOT_FOUND, "away", "keygen", folder.resolve("away").resolve("new.key"));
  }

  @Test
  void secretsThatNobodySawOpenNothing() throws Exception {
    Tailnet tailnet = Tailnet.in(folder);
    Object[] init = tailnet.editArguments("init", "ann", "--confirm", tailnet.newKey("ann"));
    Writer full = new FailingWriter("No space left on device");
    StringWriter err = new StringWriter();
    String[] arguments = Stream.of(init).map(Object::toString).toArray(String[]::new);
    int exitCode = Main.run(Cli.tka(new byte[0]), full, err, arguments);

    assertThat(exitCode).isEqualTo(ExitCode.IO);
    assertThat(err.toString()).contains("nothing was written").hasLineCount(1);
    assertThat(tailnet.directory()).doesNotExist();
  }

  @Test
  void aSignerThatIsNotTrusted() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String eve = tailnet.newKey("eve");
    tailnet.requireRefused(
        ExitCode.VERIFICATION_FAILED, eve, tailnet.editArguments("add", "eve", eve));
  }

  @Test
  void aDamagedDirectoryIsNotEdited() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    String bob = tailnet.newKey("bob");
    tailnet.edit("add", "ann", bob);
    String head = tailnet.authority().head().toString();
    Path file = tailnet.directory().resolve(head.substring(0, 2)).resolve(head);
    Files.write(file, new byte[] {1, 2, 3});
    Map<String, String> before = tailnet.content();

    Cli.Result result = Cli.run(tailnet.editArguments("remove", "ann", bob, "--re-sign=false"));
    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.err()).contains("tka: damaged: ", head, "nothing was written");
    assertThat(tailnet.content()).isEqualTo(before);
  }

  @Test
  void aFullDisk() throws Exception {
    Path small = mount("size=128k");
    Tailnet tailnet = Tailnet.of(small, "ann");
    String bob = tailnet.newKey("bob");
    Path ballast = small.resolve("ballast");
    byte[] block = new byte[4096];
    try {
      for (int i = 0; i < 64; i++) {
        Files.write(ballast, block, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      }
      throw new AssertionError("expected 128 KiB to be full");
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left");
    }
    tailnet.requireRefused(ExitCode.IO, "No space left", tailnet.editArguments("add", "ann", bob));

    Files.delete(ballast);
    tailnet.edit("add", "ann", bob);
    assertThat(tailnet.trusted()).hasSize(2);
    tailnet.requireSound();
  }

  @Test
  void aReadOnlyDirectory() throws Exception {
    Path disk = mount("size=1m");
    Tailnet tailnet = Tailnet.of(disk, "ann");
    String bob = tailnet.newKey("bob");
    assertThat(execute("mount", "-o", "remount,ro", disk.toString())).isZero();
    tailnet.requireRefused(ExitCode.IO, "Read-only", tailnet.editArguments("add", "ann", bob));
    assertThat(Cli.run("verify", tailnet.directory()).exitCode()).isEqualTo(ExitCode.OK);
  }

  private Path mount(String options) throws Exception {
    Path path = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(
        execute("mount", "-t", "tmpfs", "-o", options, "tmpfs", path.toString()) == 0,
        "this user may not mount a file system");
    mounted.add(path);
    return path;
  }

  /** The key is read after the directory, so what happens in between happens here. */
  private static InputStream whileItIsRead(Path keyFile, Runnable meanwhile) throws IOException {
    return new FilterInputStream(Files.newInputStream(keyFile)) {
      private boolean done;

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        if (!done) {
          done = true;
          meanwhile.run();
        }
        return super.read(bytes, offset, length);
      }
    };
  }

  private static Cli.Result runWhile(
      Tailnet tailnet, Runnable meanwhile, String verb, Object... arguments) throws IOException {
    InputStream key = whileItIsRead(tailnet.keyFile("ann"), meanwhile);
    List<Object> all = new ArrayList<>(List.of(verb, tailnet.directory()));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--key-file", "-"));
    return Cli.run(new Tka(key, false, new SecureRandom()), all.toArray());
  }

  @Test
  void anEditThatMeetsAnotherWriterIsMadeOnTheNewHead() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String carol = tailnet.newKey("carol");
    String dave = tailnet.newKey("dave");

    Cli.Result added =
        runWhile(tailnet, () -> tailnet.edit("add", "bob", dave), "add", carol, "--json");

    assertThat(added.exitCode()).as(added.err()).isEqualTo(ExitCode.OK);
    assertThat(added.json()).containsEntry("Head", tailnet.authority().head().toString());
    assertThat(tailnet.trusted()).hasSize(4).contains(carol + "?1", dave + "?1");
    Cli.Result removed =
        runWhile(
            tailnet,
            () -> tailnet.edit("update", "bob", carol + "?3"),
            "remove",
            dave,
            "--re-sign=false");
    assertThat(removed.exitCode()).as(removed.err()).isEqualTo(ExitCode.OK);
    Cli.Result updated =
        runWhile(tailnet, () -> tailnet.edit("add", "bob", dave), "update", carol + "?2");
    assertThat(updated.exitCode()).as(updated.err()).isEqualTo(ExitCode.OK);
    assertThat(tailnet.trusted()).hasSize(4).contains(carol + "?2", dave + "?1");
    tailnet.requireSound();
  }

  @Test
  void whatAnotherWriterHasDoneIsNotDoneTwice() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String carol = tailnet.newKey("carol");

    Cli.Result added = runWhile(tailnet, () -> tailnet.edit("add", "bob", carol), "add", carol);

    assertThat(added.exitCode()).as(added.err()).isEqualTo(ExitCode.OK);
    assertThat(added.err())
        .isEqualTo("tka: note: add key " + carol + ": another writer has just done it\n");
    assertThat(tailnet.trusted()).hasSize(3);
  }

  @Test
  void anEditOfAKeyThatAnotherWriterChangedIsRefused() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String carol = tailnet.newKey("carol");
    tailnet.edit("add", "ann", carol);

    Cli.Result updated =
        runWhile(
            tailnet,
            () -> tailnet.edit("remove", "bob", carol, "--re-sign=false"),
            "update",
            carol + "?3");

    assertThat(updated.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(updated.err())
        .startsWith(
            "tka: set votes of key "
                + carol
                + ": another writer changed the key in the meantime: it is not trusted now\n");
  }

  @Test
  void anEditThatIsNotToBeTriedAgainFailsWhenAnotherWriterIsFirst() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String carol = tailnet.newKey("carol");
    String dave = tailnet.newKey("dave");

    Cli.Result result =
        runWhile(tailnet, () -> tailnet.edit("add", "bob", dave), "add", carol, "--no-retry");

    assertThat(result.exitCode()).isEqualTo(ExitCode.CONFLICT);
    assertThat(result.err()).startsWith("tka: another writer changed the store").hasLineCount(1);
    assertThat(tailnet.trusted()).hasSize(3).contains(dave + "?1");
    tailnet.requireSound();
  }

  @Test
  void ofTwoProcessesAtOnceBothSucceed() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann", "bob");
    String first = tailnet.newKey("first");
    String second = tailnet.newKey("second");
    Process one = start(tailnet.editArguments("add", "ann", first));
    Process other = start(tailnet.editArguments("add", "bob", second));

    requireOk(one);
    requireOk(other);
    assertThat(tailnet.trusted()).hasSize(4).contains(first + "?1", second + "?1");
    tailnet.requireSound();
  }

  private static Process start(Object... arguments) throws IOException {
    return new ProcessBuilder(Cli.process(arguments)).start();
  }

  private static void requireOk(Process process) throws Exception {
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(err).isEqualTo(ExitCode.OK);
  }

  @Test
  void aRunningTailscaledIsWarnedOf() throws Exception {
    Tailnet tailnet = Tailnet.of(folder, "ann");
    Path sleep = Path.of("/bin/sleep");
    assumeTrue(Files.isExecutable(sleep), "no /bin/sleep here");
    Path program = Files.copy(sleep.toRealPath(), folder.resolve("tailscaled"));
    program.toFile().setExecutable(true);
    assumeTrue(isOneProgram(sleep), "sleep is one of many names of a program that looks at it");
    Process process = new ProcessBuilder(program.toString(), "600").start();
    try {
      Cli.Result result = tailnet.edit("add", "ann", tailnet.newKey("bob"));
      assertThat(result.err())
          .startsWith("tka: warning: tailscaled is running (process " + process.pid() + ")")
          .hasLineCount(1);
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertThat(tailnet.edit("add", "ann", tailnet.newKey("carol")).err()).isEmpty();
  }

  private static boolean isOneProgram(Path file) {
    try {
      return new File(file.toRealPath().toString()).getName().equals("sleep");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
