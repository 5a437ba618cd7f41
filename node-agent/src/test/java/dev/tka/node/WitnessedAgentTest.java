package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.LogWork;
import dev.tka.core.Bytes;
import dev.tka.sync.rpc.Announcement;
import dev.tka.testkit.Chains;
import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An agent that looks at the log of a real control, which real witnesses cosigned. */
class WitnessedAgentTest {
  private static final int SELF = 3;

  @TempDir Path folder;

  private TestTailnet tailnet;

  /** The same authority at another control with the same key and witnesses: another view. */
  private TestTailnet other;

  private TestWitnesses witnesses;
  private AgentDirectory directory;
  private NodeAgent agent;

  @BeforeEach
  void open() throws Exception {
    tailnet = TestTailnet.locked(5);
    other = TestTailnet.locked(5);
    witnesses = new TestWitnesses(folder, tailnet.clock);
    directory = AgentDirectory.open(folder.resolve("node"), tailnet.clock);
    agent = NodeAgent.open(directory, TestTailnet.nodeKey(SELF), tailnet.clock.clocks());
  }

  @AfterEach
  void close() throws Exception {
    // Whatever was found, nobody was dropped but the one that is not signed.
    assertThat(agent.status().kept()).isEqualTo(3);
    assertThat(agent.status().dropped()).isEqualTo(1);
    directory.close();
    witnesses.close();
    tailnet.close();
    other.close();
  }

  private void follow() throws Exception {
    agent.follow(tailnet.announced(SELF), tailnet.transport(SELF));
    agent.fetchPeers(tailnet.transport(SELF));
  }

  private HeadWatch.Kind look(ControlTransport way) throws Exception {
    LogVerdict verdict = agent.lookAtLog(witnesses.watch, way);
    assertThat(agent.status().log()).contains(verdict);
    assertThat(verdict.at()).isEqualTo(tailnet.clock.instant());
    return verdict.outcome().kind();
  }

  private HeadWatch.Kind look() throws Exception {
    return look(tailnet.transport(SELF));
  }

  private void restart() throws Exception {
    directory.close();
    directory = AgentDirectory.open(folder.resolve("node"), tailnet.clock);
    agent = NodeAgent.open(directory, TestTailnet.nodeKey(SELF), tailnet.clock.clocks());
  }

  private ControlTransport changed(Function<byte[], byte[]> checkpoint) {
    return ask -> {
      CompletableFuture<ControlTransport.Reply> answer = tailnet.transport(SELF).send(ask);
      return ((ControlTransport.ReadLog) ask).path().equals("checkpoint")
          ? answer.thenApply(
              reply ->
                  ControlTransport.Reply.of(
                      200, Bytes.copyOf(checkpoint.apply(reply.body().toByteArray()))))
          : answer;
    };
  }

  @Test
  void anHonestLogIsFineAndThenStandsStill() throws Exception {
    witnesses.cosign(tailnet.service);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
    tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
    follow();
    LogWork.once(tailnet.service);
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
    tailnet.clock.advance(HeadWatch.USUAL_AGE.plusSeconds(1));
    assertThat(look()).isEqualTo(HeadWatch.Kind.FROZEN);
    // The alarm is there after a restart, and for who looks at the folder.
    restart();
    assertThat(agent.status().log().orElseThrow().outcome().kind())
        .isEqualTo(HeadWatch.Kind.FROZEN);
    assertThat(AgentDirectory.look(folder.resolve("node"), tailnet.clock.clocks()).status().log())
        .isEqualTo(agent.status().log());
  }

  @Test
  void aLogOfOtherHeadsThanThoseHereIsAnotherView() throws Exception {
    witnesses.cosign(other.service);
    for (int i = 0; i < 3; i++) {
      tailnet.commit(Chains.noOp(tailnet.head(), "here " + i, 1));
      other.commit(Chains.noOp(other.head(), "there " + i, 1));
      LogWork.once(other.service);
      follow();
      restart();
      follow();
      assertThat(look(other.transport(SELF)))
          .isEqualTo(i < 2 ? HeadWatch.Kind.FINE : HeadWatch.Kind.TWO_VIEWS);
      tailnet.clock.advance(Duration.ofHours(13));
      other.clock.advance(Duration.ofHours(13));
    }
  }

  @Test
  void anotherLogThatDoesNotFollowIsNoticedAlsoAfterARestart() throws Exception {
    witnesses.cosign(tailnet.service);
    witnesses.cosign(other.service);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
    restart();
    assertThat(look(other.transport(SELF))).isEqualTo(HeadWatch.Kind.REWRITTEN);
    // What was seen stays.
    assertThat(look(other.transport(SELF))).isEqualTo(HeadWatch.Kind.REWRITTEN);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
  }

  @Test
  void anAccusationStandsUntilALogIsShownAgain() throws Exception {
    witnesses.cosign(tailnet.service);
    follow();
    tailnet.clock.advance(HeadWatch.USUAL_AGE.plusSeconds(1));
    assertThat(look()).isEqualTo(HeadWatch.Kind.FROZEN);
    LogVerdict accused = agent.status().log().orElseThrow();
    ControlTransport silent =
        ask -> CompletableFuture.completedFuture(ControlTransport.Reply.of(404, Bytes.empty()));
    for (int i = 0; i < 3; i++) {
      tailnet.clock.advance(Duration.ofHours(1));
      restart();
      LogVerdict stands = agent.lookAtLog(witnesses.watch, silent);
      assertThat(stands.at()).isEqualTo(accused.at());
      assertThat(stands.outcome())
          .isEqualTo(
              new HeadWatch.Outcome(
                  HeadWatch.Kind.FROZEN,
                  accused.outcome().detail() + ", and no log was shown since"));
      assertThat(agent.status().log()).contains(stands);
    }
    tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
    LogWork.once(tailnet.service);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
  }

  @Test
  void aForgedCosignatureAndAMissingOneAreTold() throws Exception {
    witnesses.cosign(tailnet.service);
    follow();
    assertThat(
            look(
                changed(
                    note -> {
                      note[note.length - 10] ^= 1;
                      return note;
                    })))
        .isEqualTo(HeadWatch.Kind.FORGED);
    assertThat(
            look(
                changed(
                    note -> {
                      String text = new String(note, StandardCharsets.UTF_8).stripTrailing();
                      return text.substring(0, text.lastIndexOf('\n') + 1)
                          .getBytes(StandardCharsets.UTF_8);
                    })))
        .isEqualTo(HeadWatch.Kind.UNCOSIGNED);
  }

  @Test
  void aLogThatBeganAnewAfterARestoreIsToldOnce() throws Exception {
    witnesses.cosign(tailnet.service);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
    tailnet.clock.advance(Duration.ofSeconds(5));
    tailnet.service.restored(TestTailnet.NAME, true);
    LogWork.once(tailnet.service);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.BEGAN_ANEW);
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
  }

  @Test
  void aControlWithoutALogIsFollowedAllTheSame() throws Exception {
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.UNREACHABLE);
    assertThat(agent.status().log().orElseThrow().outcome().toString())
        .isEqualTo(
            "there is no log to look at: control keeps no log here; see whether control runs and"
                + " keeps a log");
    tailnet.commit(Chains.noOp(tailnet.head(), "one", 1));
    follow();
    assertThat(agent.status().last())
        .contains(new Followed.Agrees(tailnet.head().hash(), false, 0));
  }

  @Test
  void aNodeThatRefusesControlsHeadComparesNone() throws Exception {
    witnesses.cosign(other.service);
    follow();
    for (int i = 0; i < 4; i++) {
      other.commit(Chains.noOp(other.head(), "there " + i, 1));
      LogWork.once(other.service);
      // It says that the lock is off, and shows no secret.
      agent.follow(new Announcement.Disabled(), tailnet.transport(SELF));
      assertThat(look(other.transport(SELF))).isEqualTo(HeadWatch.Kind.FINE);
      assertThat(seen().strange()).isEmpty();
      tailnet.clock.advance(Duration.ofHours(13));
      other.clock.advance(Duration.ofHours(13));
    }
  }

  private HeadWatch.Seen seen() throws Exception {
    return LogNote.decode(directory.read(AgentFolder.File.LOG).orElseThrow())
        .orElseThrow()
        .seen()
        .orElseThrow();
  }

  @Test
  void aDamagedFileCountsAsNothingSeenUntilTheNextLook() throws Exception {
    witnesses.cosign(tailnet.service);
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
    Path file = folder.resolve("node").resolve("tka-log-seen");
    byte[] whole = Files.readAllBytes(file);
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 4;
      assertThat(LogNote.decode(Bytes.copyOf(damaged))).as("byte " + at).isEmpty();
      assertThat(LogNote.decode(Bytes.copyOf(whole, 0, at))).as("cut at " + at).isEmpty();
    }
    Files.write(file, Bytes.copyOf(whole, 0, whole.length / 2).toByteArray());
    restart();
    assertThat(agent.status().log()).isEmpty();
    assertThat(agent.status().problems())
        .containsExactly(
            "what was seen of control's log of heads is damaged: whether the log was rewritten"
                + " since then is not noticed");
    follow();
    assertThat(look()).isEqualTo(HeadWatch.Kind.FINE);
    assertThat(agent.status().problems()).isEmpty();
    assertThat(Files.readAllBytes(file)).isEqualTo(whole);
  }

  @Test
  void whatCannotBeKeptCountsUntilARestart() throws Exception {
    follow();
    Path file = folder.resolve("node").resolve("tka-log-seen");
    Files.createDirectories(file.resolve("in the way"));
    assertThatThrownBy(this::look).hasMessageContaining("tka-log-seen");
    assertThat(agent.status().log().orElseThrow().outcome().kind())
        .isEqualTo(HeadWatch.Kind.UNREACHABLE);
    Files.delete(file.resolve("in the way"));
    Files.delete(file);
  }

  @Test
  void junkAndSilenceCostLittle() throws Exception {
    witnesses.cosign(tailnet.service);
    follow();
    List<ControlTransport.ReadLog> asked = new ArrayList<>();
    for (int size : new int[] {0, 1, 500, 100_000}) {
      asked.clear();
      HeadWatch.Kind found =
          look(
              ask -> {
                ControlTransport.ReadLog read = (ControlTransport.ReadLog) ask;
                asked.add(read);
                return read.path().equals("checkpoint")
                    ? tailnet.transport(SELF).send(ask)
                    : CompletableFuture.completedFuture(
                        ControlTransport.Reply.of(200, Bytes.copyOf(new byte[size])));
              });
      assertThat(found).isIn(HeadWatch.Kind.REWRITTEN, HeadWatch.Kind.UNREACHABLE);
      assertThat(asked).hasSizeBetween(2, 20).doesNotHaveDuplicates();
      assertThat(asked).allMatch(each -> each.most() == HeadWatch.MOST_BYTES);
    }
    List<CompletableFuture<ControlTransport.Reply>> silent = new ArrayList<>();
    ServedLog log =
        new ServedLog(
            ask -> {
              silent.add(new CompletableFuture<>());
              return silent.get(silent.size() - 1);
            },
            Duration.ofMillis(20));
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> log.fetch("checkpoint"))
          .isInstanceOf(IOException.class)
          .hasMessage("control cannot be reached: its answers take too long");
    }
    assertThat(silent).hasSize(3).allMatch(CompletableFuture::isCancelled);
  }

  @Test
  void aNoteIsReadAsItWasWrittenWhateverControlSays() throws Exception {
    follow();
    LogVerdict verdict =
        new LogVerdict(
            tailnet.clock.instant().plusMillis(1),
            new HeadWatch.Outcome(
                HeadWatch.Kind.REWRITTEN, "it says\n \u001b[2J\u202e " + "x".repeat(1000)));
    assertThat(verdict.outcome().detail()).startsWith("it says? ?[2J? x").hasSize(300);
    for (LogNote note :
        List.of(
            LogNote.NONE,
            new LogNote(Optional.of(verdict), Optional.empty()),
            new LogNote(
                Optional.of(
                    new LogVerdict(
                        tailnet.clock.instant(), new HeadWatch.Outcome(HeadWatch.Kind.FINE, ""))),
                Optional.empty()))) {
      assertThat(LogNote.decode(note.encoded())).contains(note);
    }
    assertThat(LogNote.decode(Bytes.empty())).isEmpty();
  }
}
