package dev.tka.control;

import static dev.tka.control.TestControl.TAILNET;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.authority.Authority;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadWatch;
import dev.tka.tlog.heads.HeadsLog;
import dev.tka.witness.Witness;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Control's log of heads with real witnesses, which are asked in this process. */
class HeadsLogsTest {
  private static final SignerKey KEY =
      SignerKey.generate("operator", VerifierKey.Kind.NOTE, new SecureRandom());

  @TempDir Path folder;
  private final Map<String, Witness> witnesses = new TreeMap<>();
  private final Set<String> down = new HashSet<>();
  private final List<String> asked = new ArrayList<>();
  private TestControl control;
  private LogPolicy policy;

  private final Aum genesis = TestControl.genesis(1);
  private final Aum add3 = Chains.addKey(genesis, TestKeys.key(3, 1), 1);
  private final Aum add4 = Chains.addKey(add3, TestKeys.key(4, 1), 1);

  @BeforeEach
  void begin() throws Exception {
    control = TestControl.locked(2);
    StringBuilder file = new StringBuilder("log " + KEY.verifier() + "\n");
    Path logs = Files.writeString(folder.resolve("logs"), file);
    for (String name : List.of("one", "two")) {
      Witness witness = Witness.open(folder.resolve(name), logs, name, control.clock);
      witnesses.put(name, witness);
      file.append("witness " + name + " " + witness.key() + " http://" + name + "\n");
    }
    file.append("group both all one two\nquorum both\n");
    policy = LogPolicy.parse(file.toString().getBytes(StandardCharsets.UTF_8));
    control.service.keepLogs(List.of(KEY), policy, this::post);
  }

  @AfterEach
  void end() throws Exception {
    control.close();
    for (Witness each : witnesses.values()) {
      each.close();
    }
  }

  private synchronized WitnessTransport.Reply post(String url, String path, byte[] body)
      throws IOException {
    String name = URI.create(url).getHost();
    asked.add(name);
    assertThat(path).isEqualTo("add-checkpoint");
    if (down.contains(name)) {
      throw new IOException("it is down");
    }
    Witness.Answer answer = witnesses.get(name).ask(body);
    if (answer instanceof Witness.Answer.Cosigned cosigned) {
      return reply(200, cosigned.signature().line());
    }
    return answer instanceof Witness.Answer.OtherSize other
        ? new WitnessTransport.Reply(
            409, "text/x.tlog.size", (other.size() + "\n").getBytes(StandardCharsets.US_ASCII))
        : reply(((Witness.Answer.Refused) answer).status(), "refused");
  }

  private static WitnessTransport.Reply reply(int status, String line) {
    return new WitnessTransport.Reply(
        status, "text/plain", (line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private HeadsLog log() throws Exception {
    return control.place.records().orElseThrow().tailnet(TAILNET).log().orElseThrow();
  }

  private HeadWatch.Source source(ControlService service) {
    return path -> {
      try {
        return service.log(TAILNET, path);
      } catch (ControlException e) {
        throw new IOException(e.getMessage(), e);
      }
    };
  }

  private Optional<HeadWatch.Held> held() throws Exception {
    Authority authority = control.service.cache().live(TAILNET, Duration.ZERO).current();
    return Optional.of(
        new HeadWatch.Held(
            Optional.of(
                new HeadEntry.Lock(
                    authority.state().stateId1(),
                    authority.state().stateId2(),
                    authority.head(),
                    0))));
  }

  private HeadWatch.Result look(Optional<HeadWatch.Seen> before) throws Exception {
    return new HeadWatch(policy, Duration.ofHours(1))
        .look(source(control.service), before, held(), control.clock.instant());
  }

  private static List<AumHash> heads(HeadsLog log) {
    return log.entries().stream().map(each -> each.lock().orElseThrow().head()).toList();
  }

  @Test
  void aCommitIsInTheLogAndCosignedAtTheNextLook() throws Exception {
    control.service.workOnLogs();
    HeadWatch.Result first = look(Optional.empty());
    assertThat(first.outcome().kind())
        .as(first.outcome().toString())
        .isEqualTo(HeadWatch.Kind.FINE);
    assertThat(log().origin()).startsWith("operator/").doesNotContain(TAILNET);
    control.call(1, TestControl.edit(1, genesis.hash(), add3, add4));
    assertThat(look(first.seen()).outcome().toString()).contains("on its way");
    control.service.workOnLogs();
    // Each head that nodes may have had is there.
    assertThat(heads(log())).containsExactly(genesis.hash(), add3.hash(), add4.hash());
    HeadWatch.Result second = look(first.seen());
    assertThat(second.outcome().kind()).isEqualTo(HeadWatch.Kind.FINE);
    assertThat(second.seen().orElseThrow().size()).isEqualTo(3);
    asked.clear();
    control.service.workOnLogs();
    assertThat(asked).isEmpty();
    control.nanos.addAndGet(HeadsLogs.REFRESH.toNanos());
    control.service.workOnLogs();
    assertThat(asked).containsExactlyInAnyOrder("one", "two");
  }

  @Test
  void aWitnessThatIsDownIsLeftAloneForLongerAndLonger() throws Exception {
    down.add("two");
    control.service.workOnLogs();
    assertThat(look(Optional.empty()).outcome().kind()).isEqualTo(HeadWatch.Kind.UNCOSIGNED);
    asked.clear();
    for (int second = 0; second < 600; second++) {
      control.nanos.addAndGet(Duration.ofSeconds(1).toNanos());
      control.service.workOnLogs();
    }
    assertThat(asked.stream().filter("two"::equals).count()).isBetween(4L, 12L);
    assertThat(control.failed).singleElement().asString().contains("witness two", "it is down");
    assertThat(control.service.witnessSilences().get("two")).isEqualTo(Duration.ofMinutes(10));
    down.clear();
    control.nanos.addAndGet(Duration.ofMinutes(6).toNanos());
    control.service.workOnLogs();
    assertThat(look(Optional.empty()).outcome().kind()).isEqualTo(HeadWatch.Kind.FINE);
    assertThat(control.service.witnessSilences())
        .containsOnlyKeys("one", "two")
        .containsEntry("two", Duration.ZERO);
  }

  /** A part of the quorum's cosignatures would look like a lie. */
  @Test
  void whatTheQuorumCosignedStaysWhileOneOfItIsDown() throws Exception {
    control.service.workOnLogs();
    HeadWatch.Result before = look(Optional.empty());
    down.add("two");
    control.nanos.addAndGet(HeadsLogs.REFRESH.toNanos());
    control.service.workOnLogs();
    assertThat(look(before.seen()).outcome().kind()).isEqualTo(HeadWatch.Kind.FINE);
    control.call(1, TestControl.edit(1, genesis.hash(), add3));
    control.service.workOnLogs();
    HeadWatch.Result meanwhile = look(before.seen());
    assertThat(meanwhile.outcome().toString()).contains("on its way");
    down.clear();
    control.nanos.addAndGet(Duration.ofSeconds(5).toNanos());
    control.service.workOnLogs();
    HeadWatch.Result after = look(meanwhile.seen());
    assertThat(after.outcome().detail()).isEmpty();
    assertThat(after.seen().orElseThrow().size()).isEqualTo(2);
  }

  @Test
  void twoServicesKeepOneLog() throws Exception {
    ControlService other =
        ControlService.over(
            new SharedPlace(control.place), ControlSettings.DEFAULTS, control.clock);
    other.keepLogs(List.of(KEY), policy, this::post);
    control.service.workOnLogs();
    other.workOnLogs();
    control.call(1, TestControl.edit(1, genesis.hash(), add3));
    other.workOnLogs();
    control.service.workOnLogs();
    assertThat(heads(log())).containsExactly(genesis.hash(), add3.hash());
    HeadWatch.Result there =
        new HeadWatch(policy, Duration.ofHours(1))
            .look(source(other), Optional.empty(), held(), control.clock.instant());
    assertThat(there.outcome().kind()).isEqualTo(HeadWatch.Kind.FINE);
    assertThat(look(there.seen()).outcome().kind()).isEqualTo(HeadWatch.Kind.FINE);
    other.close();
  }

  @Test
  void aLogThatIsShorterThanWhatWitnessesSawBeginsAnew() throws Exception {
    control.service.workOnLogs();
    TailnetRecord backup = control.place.records().orElseThrow().tailnet(TAILNET);
    control.call(1, TestControl.edit(1, genesis.hash(), add3));
    control.service.workOnLogs();
    HeadWatch.Result before = look(Optional.empty());
    control.clock.advance(HeadsLogs.ANEW_AT_MOST.plusMinutes(1));
    control.call(1, TestControl.edit(1, add3.hash(), add4));
    TailnetRecord now = control.place.records().orElseThrow().tailnet(TAILNET);
    control.place.records().orElseThrow().commit(TAILNET, RecordsChange.ofTailnet(now, backup));
    for (int i = 0; i < 3; i++) {
      control.nanos.addAndGet(Duration.ofMinutes(6).toNanos());
      control.service.workOnLogs();
    }
    assertThat(log().entries().get(0).follows()).contains(backup.log().orElseThrow().origin());
    HeadWatch.Result after = look(before.seen());
    assertThat(after.outcome().kind()).isEqualTo(HeadWatch.Kind.BEGAN_ANEW);
    assertThat(look(after.seen()).outcome().kind()).isEqualTo(HeadWatch.Kind.FINE);
  }

  @Test
  void aTailnetThatWasRestoredGetsANewLog() throws Exception {
    control.service.workOnLogs();
    HeadWatch.Result before = look(Optional.empty());
    String origin = log().origin();
    control.clock.advance(Duration.ofSeconds(5));
    control.service.restored(TAILNET, true);
    control.service.workOnLogs();
    assertThat(log().origin()).isNotEqualTo(origin);
    control.service.workOnLogs();
    assertThat(log().size()).isEqualTo(1);
    assertThat(look(before.seen()).outcome().kind()).isEqualTo(HeadWatch.Kind.BEGAN_ANEW);
  }

  @Test
  void theEndOfTheLockIsInTheLog() throws Exception {
    control.service.workOnLogs();
    control.call(1, TestControl.disable(1, genesis.hash(), TestControl.SECRET));
    control.service.workOnLogs();
    assertThat(log().last().lock()).isEmpty();
    assertThat(log().size()).isEqualTo(2);
  }
}
