package dev.tka.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.cli.output.ExitCode;
import dev.tka.client.testkit.FakeServer;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.authority.Authority;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import dev.tka.tlog.heads.HeadsLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tka verify --witness} with every kind of log that a server can show. */
class VerifyWitnessTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final SignerKey KEY = SignerKey.generate("log", VerifierKey.Kind.NOTE, RANDOM);
  private static final SignerKey ANN = witness("ann.example");
  private static final SignerKey BOB = witness("bob.example");
  private static final Instant NOW = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private static final String TAILNET = ServedTailnet.NAME;

  @TempDir Path folder;

  private Tailnet tailnet;
  private ServedTailnet server;
  private Path policy;
  private Path seen;

  private static SignerKey witness(String name) {
    return SignerKey.generate(name, VerifierKey.Kind.COSIGNATURE, RANDOM);
  }

  @BeforeEach
  void serve() throws Exception {
    tailnet = Tailnet.of(folder, "ann");
    server = ServedTailnet.of(folder, tailnet);
    policy = policy("policy", "witness ann " + ANN.verifier(), "quorum ann");
    seen = folder.resolve("seen");
  }

  @AfterEach
  void close() {
    server.close();
  }

  private Path policy(String name, String... lines) throws Exception {
    List<String> all = new ArrayList<>(List.of("log " + KEY.verifier()));
    all.addAll(List.of(lines));
    return Files.write(folder.resolve(name), all);
  }

  private Optional<HeadEntry.Lock> here() throws Exception {
    Authority authority = tailnet.authority();
    return Optional.of(
        new HeadEntry.Lock(
            authority.state().stateId1(),
            authority.state().stateId2(),
            authority.head(),
            authority.length()));
  }

  private static HeadEntry entry(Optional<HeadEntry.Lock> lock, Duration ago, String... follows) {
    return new HeadEntry(
        lock, NOW.minus(ago), Optional.empty(), Arrays.stream(follows).findFirst());
  }

  private static Optional<HeadEntry.Lock> another() {
    return Optional.of(
        new HeadEntry.Lock(1, 2, AumHash.ofEncoding(Bytes.copyOf(new byte[] {1})), 3));
  }

  private static HeadsLog log(String origin, HeadEntry... entries) {
    HeadsLog log = HeadsLog.begin(origin, entries[0]);
    for (HeadEntry each : List.of(entries).subList(1, entries.length)) {
      log = log.with(each);
    }
    return log;
  }

  private HeadsLog usual() throws Exception {
    return log("log/1", entry(here(), Duration.ofDays(3)));
  }

  private void show(HeadsLog log, Duration cosigned) throws Exception {
    show(TAILNET, log, cosigned);
  }

  private void show(String name, HeadsLog log, Duration cosigned) throws Exception {
    String text = log.checkpoint().text();
    SignedNote note =
        new SignedNote(
            text, List.of(KEY.sign(log.origin(), text), ANN.cosign(text, NOW.minus(cosigned))));
    serve(name, "checkpoint", note.encode());
    TilePath bundle = TilePath.ofEntry(0, log.size());
    serve(name, bundle.toString(), log.tile(bundle).orElseThrow());
    String tile = bundle.toString().replace("entries", "0");
    serve(name, tile, log.tile(TilePath.parse(tile)).orElseThrow());
  }

  private void serve(String name, String path, byte[] bytes) {
    server.putAt(
        "/v1/tailnets/" + name + "/heads/" + path, out -> FakeServer.answer(out, 200, "", bytes));
  }

  private Cli.Result verify(Object... more) {
    List<Object> all =
        new ArrayList<>(List.of("verify", server.url(), "--tailnet", TAILNET, "--witness", policy));
    all.addAll(List.of(more));
    return Cli.run(all.toArray());
  }

  private void assertAccuses(Cli.Result result, String outcome, String line) {
    assertThat(result.out())
        .contains("verified        ")
        .endsWith("log             " + outcome + "\n");
    assertThat(result.err()).startsWith("tka: " + line);
    assertThat(result.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
  }

  @Test
  void aLogThatWitnessesSawIsFineAndWhatWasSeenIsKept() throws Exception {
    show(usual(), Duration.ofHours(1));
    Cli.Result first = verify("--witness-seen", seen);
    assertThat(first.err()).isEmpty();
    assertThat(first.out()).endsWith("log             fine\n");
    assertThat(first.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(Files.getPosixFilePermissions(seen))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    HeadWatch.Seen kept = HeadWatch.Seen.parse(Files.readString(seen));
    assertThat(kept.origin()).isEqualTo("log/1");
    assertThat(kept.size()).isEqualTo(1);

    // A head that is not there yet is remembered.
    show(log("log/1", entry(another(), Duration.ofDays(1))), Duration.ZERO);
    Files.delete(seen);
    Path link = Files.createSymbolicLink(folder.resolve("link"), seen);
    Cli.Result second = verify("--witness-seen", seen, "--json");
    assertThat(second.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(second.json().get("Log"))
        .isEqualTo(
            Map.of(
                "Outcome",
                "fine",
                "Accuses",
                false,
                "Line",
                "the log is in order: the head that is here is on its way into it; nothing to do"));
    assertThat(HeadWatch.Seen.parse(Files.readString(seen)).strange().orElseThrow().looks())
        .isEqualTo(1);
    verify("--witness-seen", link);
    assertThat(link).isSymbolicLink();
    assertThat(HeadWatch.Seen.parse(Files.readString(seen)).strange().orElseThrow().looks())
        .isEqualTo(2);
  }

  @Test
  void eachLieHasItsWordAndTheStatusOfAFailedVerification() throws Exception {
    show(usual(), Duration.ofHours(25));
    assertAccuses(
        verify("--witness-seen", seen),
        "frozen",
        "the log stands still: expected cosignatures since 20");
    assertThat(verify("--witness-seen", seen, "--witness-age", "48h").exitCode())
        .isEqualTo(ExitCode.OK);

    show(log("log/2", entry(here(), Duration.ofHours(1))), Duration.ZERO);
    assertAccuses(verify("--witness-seen", seen), "rewritten", "the log was rewritten: ");

    show(
        log("log/1", entry(here(), Duration.ofDays(3)), entry(another(), Duration.ofDays(2))),
        Duration.ZERO);
    assertAccuses(verify(), "two-views", "control shows two views: ");

    show(usual(), Duration.ZERO);
    policy = policy("both", "witness bob " + BOB.verifier(), "quorum bob");
    assertAccuses(verify(), "uncosigned", "too few known witnesses cosigned the log: ");

    policy =
        Files.write(
            folder.resolve("other key"),
            List.of(
                "log " + SignerKey.generate("log", VerifierKey.Kind.NOTE, RANDOM).verifier(),
                "witness ann " + ANN.verifier(),
                "quorum ann"));
    assertAccuses(verify(), "forged", "a signature is forged, or of another checkpoint: ");
    // Damage alone has another status.
    Path damaged =
        Cli.materialize(Cli.golden("chonk", "chonk-truncated-head"), folder.resolve("damaged"));
    assertThat(Cli.run("verify", damaged).exitCode()).isEqualTo(ExitCode.BAD_INPUT);
    Cli.Result both =
        Cli.run(
            "verify",
            damaged,
            "--witness",
            policy,
            "--witness-log",
            server.url(),
            "--tailnet",
            TAILNET);
    assertThat(both.err()).contains("tka: damaged: ", "tka: a signature is forged");
    assertThat(both.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    Map<String, Object> json = verify("--json").json();
    assertThat(json).containsEntry("Verified", 1);
    assertThat(String.valueOf(json.get("Log"))).contains("Outcome=forged", "Accuses=true");
  }

  @Test
  void aLogThatBeganAnewIsAWarningOnce() throws Exception {
    show(usual(), Duration.ZERO);
    assertThat(verify("--witness-seen", seen).exitCode()).isEqualTo(ExitCode.OK);
    show(log("log/2", entry(here(), Duration.ofHours(1), "log/1")), Duration.ZERO);
    Cli.Result anew = verify("--witness-seen", seen);
    assertThat(anew.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(anew.out()).endsWith("log             began-anew\n");
    assertThat(anew.err())
        .hasLineCount(1)
        .startsWith("tka: warning: the log began anew: at ")
        .contains(", after log/1; ask the operator");
    Cli.Result again = verify("--witness-seen", seen);
    assertThat(again.err()).isEmpty();
    assertThat(again.out()).endsWith("log             fine\n");
  }

  @Test
  void whatCannotBeAskedHasAnotherStatusAndTheChainIsVerifiedAllTheSame() throws Exception {
    server.put(
        "/heads/checkpoint", out -> FakeServer.refuse(out, 404, "not-found", "there is nothing"));
    Cli.Result none = verify("--witness-seen", seen);
    assertThat(none.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(none.out())
        .contains("verified        1 AUM\n")
        .endsWith("log             unreachable\n");
    assertThat(none.err())
        .isEqualTo(
            "tka: there is no log to look at: control keeps no log here; see whether control runs"
                + " and keeps a log\n");
    assertThat(seen).doesNotExist();

    server.put(
        "/heads/checkpoint",
        out -> FakeServer.refuse(out, 403, "forbidden", "not with this token"));
    Cli.Result refused = verify("--witness-seen", seen);
    assertThat(refused.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(refused.err()).contains(server.url() + ": the server says: not with this token");

    server.put("/heads/checkpoint", out -> FakeServer.answer(out, 200, "", new byte[1 << 20]));
    Cli.Result endless = verify("--witness-seen", seen);
    assertThat(endless.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(endless.err()).contains("expected an answer of at most 524800 bytes");

    Cli.Result down =
        Cli.run(
            "verify",
            tailnet.directory(),
            "--witness",
            policy,
            "--witness-log",
            "unix:" + folder.resolve("nobody"),
            "--tailnet",
            TAILNET,
            "--json");
    assertThat(down.exitCode()).isEqualTo(ExitCode.IO);
    assertThat(down.json()).containsEntry("Head", tailnet.authority().head().toString());
    assertThat(String.valueOf(down.json().get("Log")))
        .contains("Outcome=unreachable", "Accuses=false");
    assertThat(down.err()).contains("there is no such socket");
  }

  @Test
  void aStoreWithoutALogIsComparedWithThatOfAServer() throws Exception {
    show(usual(), Duration.ZERO);
    Cli.Result fine =
        Cli.run(
            "verify",
            tailnet.directory(),
            "--witness",
            policy,
            "--witness-log",
            server.url(),
            "--witness-seen",
            seen,
            "--tailnet",
            TAILNET);
    assertThat(fine.err()).isEmpty();
    assertThat(fine.out()).endsWith("log             fine\n");
    assertThat(fine.exitCode()).isEqualTo(ExitCode.OK);
    // Where the server has several, one must be named.
    Cli.Result several =
        Cli.run("verify", tailnet.directory(), "--witness", policy, "--witness-log", server.url());
    assertThat(several.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(several.err()).contains("holds 2 tailnets, name one");
    // A node whose head was followed by another one long ago.
    show(
        log("log/1", entry(here(), Duration.ofDays(3)), entry(another(), Duration.ofDays(2))),
        Duration.ZERO);
    Cli.Result behind =
        Cli.run(
            "verify",
            tailnet.directory(),
            "--witness",
            policy,
            "--witness-log",
            server.url(),
            "--tailnet",
            TAILNET);
    assertAccuses(behind, "two-views", "control shows two views: ");
    assertThat(behind.err()).hasLineCount(1);
    show(usual(), Duration.ZERO);
    assertThat(verify().err())
        .isEqualTo(
            "tka: note: without --witness-seen FILE, it is not noticed if the log was rewritten, or"
                + " never gets this head\n");
  }

  @Test
  void aLockThatIsOffIsComparedToo() throws Exception {
    String off = "off.example.com";
    show(off, log("log/3", entry(here(), Duration.ofDays(3))), Duration.ZERO);
    Object[] words = {
      "verify", server.url(), "--tailnet", off, "--witness", policy, "--witness-seen", seen
    };
    Cli.Result without = Cli.run("verify", server.url(), "--tailnet", off);
    Cli.Result first = Cli.run(words);
    assertThat(first.exitCode()).isEqualTo(without.exitCode());
    assertThat(first.err()).isEqualTo(without.err());
    HeadWatch.Seen kept = HeadWatch.Seen.parse(Files.readString(seen));
    assertThat(kept.strange().orElseThrow().heads()).containsExactly("-");
    // After three looks within more than a day, it is another view.
    Files.writeString(
        seen,
        new HeadWatch.Seen(
                kept.origin(),
                kept.size(),
                kept.root(),
                Optional.of(new HeadWatch.Strange(NOW.minus(Duration.ofDays(2)), 2, List.of("-"))))
            .text());
    Cli.Result third = Cli.run(words);
    assertThat(third.exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
    assertThat(third.err()).startsWith("tka: control shows two views: ").contains("no lock");
  }

  @Test
  void whatCannotBeKeptHidesNoAccusation() throws Exception {
    show(log("log/1", entry(another(), Duration.ofDays(1))), Duration.ZERO);
    assertThat(verify("--witness-seen", seen).exitCode()).isEqualTo(ExitCode.OK);
    // There is no room beside it for the name of a file that is to replace it.
    Path longest = Files.copy(seen, folder.resolve("s".repeat(255)));
    Cli.Result fine = verify("--witness-seen", longest);
    assertThat(fine.out()).contains("\nlog             fine: ");
    assertThat(fine.err()).startsWith("tka: " + longest + ": ").hasLineCount(1);
    assertThat(fine.exitCode()).isEqualTo(ExitCode.IO);

    HeadWatch.Seen kept = HeadWatch.Seen.parse(Files.readString(longest));
    List<String> heads = kept.strange().orElseThrow().heads();
    Files.writeString(
        longest,
        new HeadWatch.Seen(
                kept.origin(),
                kept.size(),
                kept.root(),
                Optional.of(new HeadWatch.Strange(NOW.minus(Duration.ofDays(2)), 5, heads)))
            .text());
    Cli.Result accuses = verify("--witness-seen", longest);
    assertAccuses(accuses, "two-views", "control shows two views: ");
    assertThat(accuses.err())
        .endsWith("tka: " + longest + ": what was seen of the log cannot be kept\n");
  }

  @Test
  void whatMakesNoSenseIsSaidInOneLine() throws Exception {
    show(usual(), Duration.ZERO);
    requireRefused(ExitCode.USAGE, "--witness-age needs --witness POLICY", "--witness-age", "1h");
    requireRefused(ExitCode.USAGE, "--witness-seen needs --witness", "--witness-seen", seen);
    requireRefused(ExitCode.USAGE, "--witness-log needs --witness", "--witness-log", server.url());
    requireRefused(
        ExitCode.USAGE, "expected more than no time", "--witness", policy, "--witness-age", "0h");
    requireRefused(
        ExitCode.USAGE, "with a unit, as in", "--witness", policy, "--witness-age", "1 day");
    requireRefused(
        ExitCode.USAGE,
        "expected a running server",
        "--witness",
        policy,
        "--witness-log",
        tailnet.directory());
    requireRefused(ExitCode.NOT_FOUND, "none: no such file", "--witness", folder.resolve("none"));
    requireRefused(
        ExitCode.BAD_INPUT,
        "quorum NAME",
        "--witness",
        policy("p1", "witness a " + ANN.verifier()));
    requireRefused(ExitCode.BAD_INPUT, "quorum NAME", "--witness", policy("p2", "quorum none"));
    requireRefused(
        ExitCode.BAD_INPUT,
        "expected a line 'log KEY'",
        "--witness",
        Files.writeString(folder.resolve("p3"), "witness a " + ANN.verifier() + "\nquorum a\n"));
    requireRefused(ExitCode.BAD_INPUT, "line 2: ", "--witness", policy("p4", "nonsense"));
    requireRefused(
        ExitCode.BAD_INPUT,
        "expected what --witness-seen wrote",
        "--witness",
        policy,
        "--witness-seen",
        Files.writeString(seen, "nonsense"));
    assertThat(seen).hasContent("nonsense");
    Cli.Result all = Cli.run("verify", server.url(), "--all", "--witness", policy);
    assertThat(all.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(all.err()).contains("name one with --tailnet");
    Cli.Result directory = Cli.run("verify", tailnet.directory(), "--witness", policy);
    assertThat(directory.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(directory.err())
        .contains("has no log: name the server that has it with --witness-log");
  }

  private void requireRefused(int exitCode, String why, Object... options) {
    List<Object> all = new ArrayList<>(List.of("verify", server.url(), "--tailnet", TAILNET));
    all.addAll(List.of(options));
    Cli.Result result = Cli.run(all.toArray());
    assertThat(result.err()).contains(why).hasLineCount(1);
    assertThat(result.exitCode()).isEqualTo(exitCode);
    assertThat(result.out()).isEmpty();
  }
}
