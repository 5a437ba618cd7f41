package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One clear line, the exit status that goes with it, and nothing written. */
class BadInputTest {
  @TempDir Path folder;

  @Test
  void anEmptyFile() throws IOException {
    Path file = Files.createFile(folder.resolve("empty"));

    requireFailure(Cli.run("inspect", file), ExitCode.BAD_INPUT, "the input is empty");
  }

  @Test
  void aFileThatIsNone() {
    requireFailure(Cli.run("inspect", folder.resolve("none")), ExitCode.NOT_FOUND, "no such file");
    requireFailure(Cli.run("inspect", folder), ExitCode.BAD_INPUT, "found a directory");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "log", "verify", "conformance"})
  void aDirectoryThatIsNone(String command) {
    requireFailure(
        Cli.run(command, folder.resolve("none")), ExitCode.NOT_FOUND, "no such directory");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "log", "verify"})
  void aFileInPlaceOfADirectory(String command) throws IOException {
    Path file = Files.createFile(folder.resolve("file"));

    requireFailure(
        Cli.run(command, file), ExitCode.NOT_FOUND, "expected a directory, found a file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "log", "verify", "inspect", "conformance"})
  void aNameThatNoFileHas(String command) {
    requireFailure(Cli.run(command, "a\0b"), ExitCode.USAGE, "a\ufffdb");
  }

  @Test
  void aFileFromADirectoryIsNotAnAum() throws IOException {
    String name = "4T7RGTXFBLZOLZJVYHF7E65TGMQ57ERRVRNZLRMW7OKMAWTN3G4Q";
    Path file = sound().resolve("4T").resolve(name);

    requireFailure(Cli.run("inspect", file), ExitCode.BAD_INPUT, "tka log DIR");
    requireFailure(
        inspect("a103a0".getBytes(StandardCharsets.US_ASCII)),
        ExitCode.BAD_INPUT,
        "value 1: byte 3: AUM: field 1 (kind) is missing");
  }

  @Test
  void aTruncatedAum() throws Exception {
    byte[] genesis = genesis();

    requireFailure(
        inspect(Arrays.copyOf(genesis, genesis.length - 1)),
        ExitCode.BAD_INPUT,
        "value 1: byte 557: CBOR: the input ends too early");
  }

  @Test
  void aSoundAumBeforeABrokenOneIsStillShown() throws Exception {
    byte[] genesis = genesis();
    byte[] both = Arrays.copyOf(genesis, genesis.length + 2);
    both[genesis.length] = (byte) 0xa1;
    both[genesis.length + 1] = 0x01;

    Cli.Result truncated = inspect(both);
    both[genesis.length] = (byte) 0x81;
    Cli.Result wrong = inspect(both);

    assertThat(truncated.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(truncated.err()).contains("value 2: ").contains("the input ends too early");
    assertThat(truncated.out()).contains("Type: AUM");
    assertThat(wrong.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(wrong.err()).contains("value 2: ").contains("expected a map, found an array");
    assertThat(wrong.out()).contains("Type: AUM");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5b4000000000000000", // a byte string that claims 2^62 bytes
        "a101035b4000000000000000",
        "9b4000000000000000", // an array that claims 2^62 elements
        "bb4000000000000000", // a map that claims 2^62 pairs
        "7b4000000000000000", // a text that claims 2^62 bytes
        "a2010302783fffffff",
        "5a7fffffff00"
      })
  void aClaimOfMoreThanThereIs(String hex) throws Exception {
    Cli.Result result = inspect(Bytes.parseHex(hex).toByteArray());

    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).contains("byte ");
  }

  @ParameterizedTest
  @ValueSource(ints = {0x81, 0xa1})
  void nestingOfTenThousand(int container) {
    byte[] bomb = new byte[10_000];
    for (int i = 0; i < bomb.length; i++) {
      bomb[i] = container == 0xa1 && i % 2 == 1 ? 1 : (byte) container;
    }

    requireFailure(inspect(bomb), ExitCode.BAD_INPUT, "levels of nesting: more than 16");
  }

  @Test
  void aStreamOfAHundredMegabytesIsNotReadToItsEnd() {
    CountingZeros zeros = new CountingZeros(100_000_000);
    StringWriter err = new StringWriter();

    int exitCode =
        Main.run(
            new Tka(zeros, false, new SecureRandom()), new StringWriter(), err, "inspect", "-");

    assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).contains("longer than 16 MiB");
    assertThat(zeros.read).isLessThan(20_000_000);
  }

  @Test
  void manyValuesTakeNoMoreMemoryThanTheirBytes() {
    // The smallest AUM there is, many times; the last one is broken.
    byte[] smallest = {(byte) 0xa2, 1, 3, 2, (byte) 0xf6};
    byte[] many = new byte[1_000_001];
    for (int i = 0; i + smallest.length <= many.length; i += smallest.length) {
      System.arraycopy(smallest, 0, many, i, smallest.length);
    }
    CountingLines out = new CountingLines();
    StringWriter err = new StringWriter();

    int exitCode = Main.run(Cli.tka(many), out, err, "inspect", "-");

    assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(err.toString()).startsWith("tka: value 200001: ");
    assertThat(out.values).isEqualTo(200_000);
  }

  @Test
  void textThatIsNeitherHexNorBase64() {
    for (String text :
        List.of("this is not an AUM!", "hello world", "this is a README", "hel", "h\u00e9llo\n")) {
      requireFailure(
          inspect(text.getBytes(StandardCharsets.UTF_8)),
          ExitCode.BAD_INPUT,
          "found text that is neither hexadecimal nor base64");
    }
    assertThat(inspect("this is not an AUM!".getBytes(StandardCharsets.US_ASCII)).err())
        .contains("at byte 18");
  }

  @ParameterizedTest
  @CsvSource({
    "a2010302f, an odd number: 9",
    "ogEDAvY= ogEDAvY=x, 'word 2: expected base64'",
    "ogEDAvY= ogED=, 'word 2: expected base64'",
    "ogEDAvY= ogEDA, 'word 2: expected base64'",
    "a2010302f6 a20103, 'value 2: byte 8: CBOR: the input ends too early'",
    "ogEDAvY= ogEDAg==, 'value 2: byte 9: CBOR: the input ends too early'"
  })
  void textThatIsBroken(String text, String message) {
    Cli.Result result = inspect(text.getBytes(StandardCharsets.US_ASCII));

    assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).contains(message);
  }

  @Test
  void aFileOfAWrongHashInADirectory() throws Exception {
    requireDegraded("chonk-other-aum-under-name", ExitCode.BAD_INPUT, "its content hashes to");
  }

  @Test
  void aTruncatedFileInADirectory() throws Exception {
    requireDegraded("chonk-truncated-head", ExitCode.BAD_INPUT, "the input ends too early");
  }

  @Test
  void anUnreadableFileInADirectory() throws Exception {
    Path directory = sound();
    // A link to itself cannot be read, not even by root.
    String name = "A".repeat(52);
    Path link = Files.createDirectories(directory.resolve("AA")).resolve(name);
    Files.createSymbolicLink(link, link);

    for (String command : new String[] {"status", "log", "verify"}) {
      Cli.Result result = Cli.run(command, directory);
      assertThat(result.exitCode()).isEqualTo(ExitCode.IO);
      assertThat(result.err()).contains("AA/" + name + ": cannot be read");
      assertThat(result.out()).contains("4T7RGTXFBLZOLZJVYHF7E65TGMQ57ERRVRNZLRMW7OKMAWTN3G4Q");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "log", "verify"})
  void aDirectoryOfNothingButDamage(String command) throws IOException {
    String name = "A".repeat(52);
    Path directory = folder.resolve("node");
    Path file = Files.createDirectories(directory.resolve("AA")).resolve(name);
    Files.write(file, new byte[] {(byte) 0xa1});

    requireUnopened(Cli.run(command, directory), ExitCode.BAD_INPUT, "AA/" + name + ": ");

    Files.delete(file);
    Files.createSymbolicLink(file, file);
    requireUnopened(Cli.run(command, directory), ExitCode.IO, "AA/" + name + ": cannot be read");
  }

  @Test
  void aDirectoryWhoseGenesisIsDamaged() throws IOException {
    Path directory = Cli.materialize(Cli.golden("chonk", "chonk-truncated-head"), folder);
    String name = "4T7RGTXFBLZOLZJVYHF7E65TGMQ57ERRVRNZLRMW7OKMAWTN3G4Q";
    Path genesis = directory.resolve("4T").resolve(name);
    assertThat(genesis).exists();
    Files.write(genesis, new byte[] {(byte) 0xa1});

    for (String command : new String[] {"status", "log"}) {
      Cli.Result result = Cli.run(command, directory);
      assertThat(result.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
      assertThat(result.err()).contains("tka: damaged: 4T/" + name, "without the damaged AUMs");
      assertThat(result.out()).isEmpty();
    }
    Cli.Result verify = Cli.run("verify", directory);
    assertThat(verify.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(verify.err())
        .contains("tka: damaged: 4T/" + name, "an authority begins with a checkpoint");
    assertThat(verify.out()).startsWith("head            none");
  }

  private static void requireUnopened(Cli.Result result, int exitCode, String damaged) {
    assertThat(result.exitCode()).isEqualTo(exitCode);
    assertThat(result.err().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("tka: damaged: " + damaged),
            line ->
                assertThat(line).contains("no authority can be opened without the damaged AUMs"));
    assertThat(result.out()).isEmpty();
  }

  @Test
  void aSignatureThatIsWrongIsNamed() throws Exception {
    Map<String, Object> golden = Cli.golden("open", "open-stored-broken-signature-still-weighs");
    Path directory = DirectoryOfAums.write(golden, folder.resolve("broken"));

    Cli.Result result = Cli.run("verify", directory);

    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(result.err()).contains("signature 0: does not verify with key");
    assertThat(result.out()).contains("before the first invalid one");
    assertThat(Cli.run("status", directory).exitCode()).isEqualTo(ExitCode.OK);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "open-winning-child-cannot-apply",
        "open-oldest-is-not-a-checkpoint",
        "open-genesis-remove-key"
      })
  void aChainThatBreaksARule(String name) throws Exception {
    Path directory = DirectoryOfAums.write(Cli.golden("open", name), folder.resolve("node"));

    for (String command : new String[] {"status", "log"}) {
      requireFailure(Cli.run(command, directory), ExitCode.VERIFICATION_FAILED, "");
    }
    Cli.Result verify = Cli.run("verify", directory);
    assertThat(verify.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(verify.err().lines()).hasSize(1);
    assertThat(verify.out()).contains("head            none", "before the first invalid one");
  }

  @Test
  void theFirstThingWrongIsNamedWhereTheChainCannotBeOpened() throws Exception {
    Map<String, Object> golden = Cli.golden("open", "open-stored-add-of-present-key");
    Path directory = DirectoryOfAums.write(golden, folder.resolve("node"));

    List<?> aums = (List<?>) ((Map<?, ?>) golden.get("store")).get("aums");
    Aum second = Aum.decode(Bytes.parseHex((String) aums.get(1)).toByteArray());

    Map<String, Object> json = Cli.run("verify", directory, "--json").json();

    assertThat((String) json.get("Problem"))
        .startsWith(second.hash() + ": adds key")
        .contains("which is trusted already");
    assertThat(json.get("Verified")).isEqualTo(1);
    assertThat(json).doesNotContainKeys("Head", "OldestAncestor");
  }

  @Test
  void aFileOutOfPlaceThatIsAlsoInPlaceIsOnlyNoted() throws Exception {
    Path directory =
        Cli.materialize(Cli.golden("chonk", "chonk-copy-in-wrong-prefix"), folder.resolve("copy"));
    for (String command : new String[] {"status", "log", "verify"}) {
      Cli.Result result = Cli.run(command, directory);
      assertThat(result.exitCode()).isEqualTo(ExitCode.OK);
      assertThat(result.err()).startsWith("tka: note: ").doesNotContain("degraded", "damaged");
    }
  }

  @Test
  void aRecordOfTheWrongLength() throws Exception {
    Path directory = sound();
    Files.write(directory.resolve("last_active_ancestor"), new byte[31]);

    requireFailure(
        Cli.run("status", directory),
        ExitCode.BAD_INPUT,
        "last_active_ancestor: expected 32 bytes, found 31");
  }

  @Test
  void aCommandLineThatMakesNoSense() {
    requireFailure(Cli.run("frob"), ExitCode.USAGE, "frob");
    requireFailure(Cli.run("status"), ExitCode.USAGE, "STORE");
    requireFailure(Cli.run("log", folder, "--limit", "0"), ExitCode.USAGE, "--limit");
    requireFailure(
        Cli.run("log", folder, "--graph", "--json"), ExitCode.USAGE, "cannot be combined");
  }

  private void requireDegraded(String name, int exitCode, String problem) throws IOException {
    Path directory = Cli.materialize(Cli.golden("chonk", name), folder.resolve(name));
    String before = listing(directory);
    for (String command : new String[] {"status", "log", "verify"}) {
      Cli.Result result = Cli.run(command, directory);
      assertThat(result.exitCode()).isEqualTo(exitCode);
      assertThat(result.err()).contains("tka: damaged: ", problem, "degraded");
      assertThat(result.out()).isNotEmpty();
    }
    assertThat(listing(directory)).isEqualTo(before);
  }

  private Path sound() {
    return Cli.materialize(Cli.golden("chonk", "chonk-after-bootstrap"), folder.resolve("sound"));
  }

  private static String listing(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      return paths
          .map(
              path -> {
                try {
                  return path
                      + " "
                      + Files.getLastModifiedTime(path)
                      + (Files.isRegularFile(path)
                          ? " " + Bytes.copyOf(Files.readAllBytes(path))
                          : "");
                } catch (IOException e) {
                  return path + " " + e;
                }
              })
          .sorted()
          .reduce("", (a, b) -> a + "\n" + b);
    }
  }

  private static Cli.Result inspect(byte[] input) {
    return Cli.runWithInput(input, "inspect", "-");
  }

  private static byte[] genesis() throws Exception {
    return Bytes.parseHex((String) Cli.golden("aum", "real-genesis-2025-11-07").get("cbor"))
        .toByteArray();
  }

  private static void requireFailure(Cli.Result result, int exitCode, String message) {
    assertThat(result.exitCode()).isEqualTo(exitCode);
    assertThat(result.err()).startsWith("tka: ").contains(message);
    assertThat(Tailnet.withoutAdvice(result.err()).lines()).hasSize(1);
    assertThat(result.out()).isEmpty();
  }

  /** Keeps only the number of AUMs printed. */
  private static final class CountingLines extends Writer {
    private int values;

    @Override
    public void write(char[] buffer, int offset, int length) {
      if (new String(buffer, offset, length).equals("Type: AUM")) {
        values++;
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  /** A long stream that counts the bytes read from it. */
  private static final class CountingZeros extends InputStream {
    private final int length;
    private int read;

    CountingZeros(int length) {
      this.length = length;
    }

    @Override
    public int read() {
      return read++ < length ? 0 : -1;
    }

    @Override
    public int read(byte[] target, int offset, int count) {
      read += count;
      return read < length ? count : -1;
    }
  }
}
