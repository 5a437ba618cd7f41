package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.ExitCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Messages are for people: every command fails in many ways, and none names a class or a query. */
class MessagesTest {
  /** Names of classes, of databases' codes, parts of statements, and lines of a stack. */
  private static final Pattern TECHNICAL =
      Pattern.compile(
          "\\b[a-z]+(\\.[a-z]+)+\\.[A-Z]\\w+|\\w+(Exception|Error)\\b|\\bat [a-z]+\\.[a-z]|SQLSTATE"
              + "|SQLITE_|(?i:\\b(select|insert into|update \\w+ set|delete from|create table)\\b)"
              + "|\\b(java|org|com)\\.|Hikari|Flyway|jdbc");

  /** STORE, FILE, STATE and KEYS stand for bad ones. */
  private static final List<String> COMMANDS =
      List.of(
          "serve --check --database STORE",
          "serve --check --config FILE",
          "status STORE",
          "log STORE",
          "verify STORE",
          "verify STORE --witness FILE --witness-seen FILE --witness-log unix:FILE",
          "verify STORE --all",
          "tailnets STORE",
          "fleet STORE",
          "fleet STORE --token-file FILE",
          "node token STORE --node 1",
          "node tokens STORE --ca-file FILE",
          "node revoke STORE aa",
          "restored STORE",
          "threshold STORE",
          "threshold STORE add-key=2",
          "propose STORE --add KEY",
          "propose STORE --disable",
          "proposals STORE",
          "proposals STORE --withdraw x",
          "approve STORE x --key-file GOOD --confirm",
          "inspect FILE",
          "keygen FILE/x",
          "keygen --signer file:FILE/x",
          "pubkey --key-file KEYS",
          "pubkey --signer file:KEYS",
          "init STORE tlpub:1 --key-file KEYS",
          "init STORE --tailnet n KEY --key-file GOOD --confirm",
          "add STORE KEY --key-file KEYS",
          "add STORE KEY --key-file GOOD",
          "remove STORE KEY --re-sign=false --key-file GOOD",
          "remove STORE KEY --peers FILE --key-file GOOD",
          "update STORE KEY?2 --key-file GOOD",
          "revoke-keys STORE KEY --plan --peers FILE",
          "revoke-keys STORE --finish FILE --confirm",
          "sign STORE NODE --key-file GOOD",
          "sign STORE --peers FILE --key-file GOOD --confirm",
          "resign FILE NODE --key-file KEYS",
          "peers STORE FILE",
          "explain STORE NODE --peers FILE",
          "authkey wrap STORE FILE --key-file GOOD",
          "authkey unwrap FILE",
          "authkey inspect FILE",
          "deeplink new STORE NODE KEY --device d --os o --login l",
          "deeplink verify STORE FILE",
          "disablement-kdf FILE",
          "disable STORE FILE --confirm",
          "edits STORE",
          "edits STORE --again --key-file GOOD",
          "offer STORE",
          "sync STORE STORE",
          "sync NODEDIR STORE --bootstrap",
          "sync STORE NODEDIR --bootstrap",
          "doctor STORE",
          "doctor NODEDIR STORE",
          "doctor NODEDIR --offer FILE",
          "doctor NODEDIR --peers FILE",
          "repair STORE --all --confirm",
          "repair STORE --meet FILE",
          "repair STORE --from NODEDIR --confirm",
          "repair NODEDIR --from STORE --confirm",
          "compact STORE --confirm",
          "backup STORE FILE",
          "backup STORE FILE/x",
          "delete STORE --tailnet nobody --no-export --confirm",
          "move STORE FILE --tailnet n",
          "move STORE STORE --all --plan",
          "mirror STORE sqlite:FILE/x --all --once",
          "restore FILE STORE --confirm",
          "restore STORE STORE --confirm",
          "export STORE FILE/x",
          "export STORE NEW",
          "import FILE STORE",
          "import EXPORT STORE",
          "serve --check --config FILE",
          "broker check FILE",
          "broker token FILE rule --state STATE",
          "broker voucher KEYS --tailnet n NODE",
          "broker log --state STATE",
          "broker waiting STORE",
          "witness run FILE --state FILE/x",
          "witness key --state FILE/x",
          "witness log-key STATE",
          "conformance FILE",
          "conformance STORE");

  @TempDir Path folder;
  private Tailnet tailnet;
  private final SoftAssertions softly = new SoftAssertions();
  private int count;

  @BeforeEach
  void begin() throws Exception {
    tailnet = Tailnet.of(folder, "ann");
    tailnet.run("export", tailnet.directory(), folder.resolve("export"));
  }

  private static Path write(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  private Path damaged(String name, String file, String content) throws Exception {
    Path directory = folder.resolve(name);
    TestFiles.copy(tailnet.directory(), directory);
    write(directory.resolve(file), content);
    return directory;
  }

  private String sqlite(String name, String statement) throws Exception {
    String store = "sqlite:" + folder.resolve(name);
    tailnet.run("import", folder.resolve("export"), store, "--tailnet", "one");
    try (Connection connection = DriverManager.getConnection("jdbc:" + store);
        Statement sql = connection.createStatement()) {
      sql.execute(statement);
    }
    return store;
  }

  private List<String> stores() throws Exception {
    String aum = "AA/" + "A".repeat(52);
    Path inPlace = folder.resolve("in-place");
    Files.createDirectories(inPlace.resolve(aum));
    List<String> stores = new ArrayList<>();
    for (Path path :
        List.of(
            folder.resolve("missing"),
            write(folder.resolve("file"), "x"),
            folder.resolve("file").resolve("below"),
            folder,
            inPlace,
            damaged("garbage", aum, "x"),
            damaged("notes", "tka-own", "x"),
            damaged("journal", "tka-journal", "x"),
            damaged("record", "last_active_ancestor", "x"))) {
      stores.add(path.toString());
    }
    stores.add("sqlite:" + folder.resolve("missing.db"));
    stores.add("sqlite:" + folder.resolve("missing/x.db"));
    stores.add("sqlite:" + folder.resolve("file"));
    stores.add("sqlite:" + folder.resolve("file").resolve("below"));
    stores.add("sqlite:" + folder);
    stores.add("sqlite:" + write(folder.resolve("not.db"), "no database".repeat(500)));
    stores.add(sqlite("dropped.db", "drop table aum"));
    stores.add(sqlite("bodies.db", "drop table aum_body"));
    stores.add(sqlite("changed.db", "update aum set parent = null, kind = 99"));
    stores.add(sqlite("null.db", "update aum_body set encoded = x'00'"));
    stores.add("postgresql://u@nowhere.invalid:1/x");
    stores.add("unix:" + folder.resolve("missing.sock"));
    stores.add("unix:" + folder.resolve("file"));
    stores.add("https://nowhere.invalid:1");
    stores.add("http://127.0.0.1:1");
    stores.add("https://user:pass@host/path");
    stores.add("postgresql://");
    stores.add("sqlite:");
    stores.add("json:");
    stores.add("json:" + folder);
    stores.add("json:" + folder.resolve("missing.json"));
    stores.add("json:" + folder.resolve("missing/x.json"));
    stores.add("json:" + write(folder.resolve("not.json"), "[1, 2"));
    stores.add("json:" + write(folder.resolve("others.json"), "{\"a\": 1}"));
    stores.add(
        "json:"
            + write(folder.resolve("newer.json"), "{\"format\":\"tka-tailnets\",\"version\":9}"));
    stores.add("");
    return stores;
  }

  private String[] arguments(String command, String store, String file) {
    // No folder of that name is made here.
    String below = file.equals("-") ? folder.toString() : file;
    List<String> words = new ArrayList<>();
    for (String word : command.split(" ", -1)) {
      words.add(
          switch (word) {
            case "STORE" -> store;
            case "FILE" -> file;
            case "KEYS" -> file;
            case "GOOD" -> tailnet.keyFile("ann").toString();
            case "KEY" -> tailnet.publicKey("ann");
            case "NODE" -> Nodes.nodeKey(1).toString();
            case "NODEDIR" -> tailnet.directory().toString();
            case "EXPORT" -> folder.resolve("export").toString();
            case "NEW" -> folder.resolve("new" + count).toString();
            case "STATE" -> below;
            default -> word.replace("FILE/", below + "/");
          });
    }
    return words.toArray(String[]::new);
  }

  private void check(String text, Object... arguments) {
    count++;
    softly
        .assertThat(TECHNICAL.matcher(text).find())
        .as("%s: %s", List.of(arguments), text)
        .isFalse();
  }

  private void run(String command, String store, String file) {
    Object[] arguments = (Object[]) arguments(command, store, file);
    Cli.Result result = Cli.run(arguments);
    check(result.err(), arguments);
    softly
        .assertThat(result.exitCode())
        .as("%s: %s", List.of(arguments), result.err())
        .isNotEqualTo(ExitCode.INTERNAL);
  }

  @Test
  void everyCommandIsDriven() {
    Set<String> driven = new LinkedHashSet<>();
    COMMANDS.forEach(command -> driven.add(command.split(" ", -1)[0]));
    for (CommandLine command : Main.commandLine(Cli.tka(new byte[0])).getSubcommands().values()) {
      if (!Set.of("demo", "generate-completion").contains(command.getCommandName())) {
        assertThat(driven).contains(command.getCommandName());
      }
    }
  }

  @Test
  void badStoresAreNamedInWordsForPeople() throws Exception {
    String sound = folder.resolve("export").toString();
    List<String> stores = stores();
    for (int i = 0; i < stores.size(); i++) {
      for (int k = 0; k < COMMANDS.size(); k++) {
        String command = COMMANDS.get(k);
        // Every second pair, to save time. A name that has to be looked up takes its own.
        if (command.contains("STORE")
            && (i + k) % 2 == 0
            && (!stores.get(i).contains("invalid") || command.startsWith("st"))) {
          run(command, stores.get(i), sound);
        }
      }
    }
    softly.assertAll();
    assertThat(count).isGreaterThan(300);
  }

  @Test
  void badFilesAreNamedInWordsForPeople() throws Exception {
    byte[] noText = {(byte) 0xff, (byte) 0xfe, 0};
    for (Path file :
        List.of(
            folder,
            folder.resolve("missing"),
            write(folder.resolve("empty"), ""),
            write(folder.resolve("braces"), "{\"Peers\": [{\"ID\": 1}, 2], "),
            write(folder.resolve("hex"), "a201"),
            Files.write(folder.resolve("bytes"), noText),
            folder.resolve("empty").resolve("below"),
            Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop")))) {
      for (String command : COMMANDS) {
        if (Stream.of("FILE", "KEYS", "STATE").anyMatch(command::contains)) {
          run(command, tailnet.directory().toString(), file.toString());
        }
      }
    }
    softly.assertAll();
    assertThat(count).isGreaterThan(100);
  }

  @Test
  void streamsThatFailAreNamedInWordsForPeople() {
    InputStream in =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException();
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            throw new IOException();
          }
        };
    Writer out =
        new Writer() {
          @Override
          public void write(char[] text, int offset, int length) throws IOException {
            throw new IOException();
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    for (String command : COMMANDS) {
      String[] arguments = arguments(command, tailnet.directory().toString(), "-");
      StringWriter err = new StringWriter();
      int exitCode = Main.run(new Tka(in, false, new SecureRandom()), out, err, arguments);
      check(err.toString(), (Object[]) arguments);
      softly.assertThat(exitCode).as(command).isNotEqualTo(ExitCode.INTERNAL);
    }
    softly.assertAll();
  }
}
