package dev.tka.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.control.NodeEntry;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Clocks;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.core.store.StoreException;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.sync.SyncOutcome;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.Rpc;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.testkit.Chains;
import dev.tka.testkit.MemoryFolders;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Service, section 9, and protocol, section 8, "Node behaviour": one test for each rule. */
class NodeAgentTest {
  /** Of five nodes, this is the one whose agent is tested; nodes 1 and 2 are signed, 5 is not. */
  private static final int SELF = 3;

  private static final int UNSIGNED = 5;

  @TempDir(factory = MemoryFolders.class)
  Path directory;

  private TestTailnet tailnet;
  private AgentDirectory folder;
  private NodeAgent agent;

  @BeforeEach
  void open() throws Exception {
    tailnet = TestTailnet.locked(UNSIGNED);
    folder = AgentDirectory.open(directory, tailnet.clock);
    agent = reopened();
  }

  @AfterEach
  void close() throws Exception {
    folder.close();
    tailnet.close();
  }

  /** The agent as it is after a restart. */
  private NodeAgent reopened() throws StoreException {
    // An open directory does not notice a file that is overwritten in place.
    folder.close();
    folder = AgentDirectory.open(directory, tailnet.clock);
    return NodeAgent.open(folder, TestTailnet.nodeKey(SELF), clocks());
  }

  private Clocks clocks() {
    return new Clocks(
        tailnet.clock,
        () -> Duration.between(dev.tka.testkit.FakeClock.START, tailnet.clock.instant()));
  }

  private Followed follow() throws Exception {
    return follow(tailnet.announced(SELF));
  }

  private Followed follow(Announcement announcement) throws Exception {
    Followed followed = agent.follow(announcement, tailnet.transport(SELF));
    assertThat(followed.reason()).matches("[ -~]{10,400}");
    return followed;
  }

  /** Follows, and asks for all peers. */
  private Followed keepUp() throws Exception {
    Followed followed = follow();
    agent.fetchPeers(tailnet.transport(SELF));
    return followed;
  }

  private static PeerAccess access(NodeAgent agent, int node) {
    return agent.access(TestTailnet.nodeKey(node));
  }

  /** What the agent allows with each node, 1 to 5. */
  private static List<PeerAccess> table(NodeAgent agent) {
    List<PeerAccess> table = new ArrayList<>();
    for (int node = 1; node <= UNSIGNED; node++) {
      table.add(access(agent, node));
    }
    return table;
  }

  private static final List<PeerAccess> SIGNED_ONES =
      List.of(PeerAccess.FULL, PeerAccess.FULL, PeerAccess.NONE, PeerAccess.FULL, PeerAccess.NONE);
  private static final List<PeerAccess> NOBODY =
      List.of(PeerAccess.NONE, PeerAccess.NONE, PeerAccess.NONE, PeerAccess.NONE, PeerAccess.NONE);

  private Aum edit(int number) {
    return Chains.addKey(tailnet.head(), TestKeys.key(10 + number, 1), 1);
  }

  @Test
  void aNewNodeLetsNobodyInUntilControlHasAnswered() throws Exception {
    agent.fetchPeers(tailnet.transport(SELF));

    assertThat(table(agent)).isEqualTo(NOBODY);
    assertThat(agent.status().lock()).isEqualTo("unknown");
    assertThat(table(reopened())).isEqualTo(NOBODY);
  }

  @Test
  void aNodeJoinsAndFollowsAndKnowsItsPeersAfterARestartWithControlDown() throws Exception {
    assertThat(keepUp()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), true, 0));
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);

    tailnet.commit(edit(1));
    assertThat(keepUp()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), false, 0));

    NodeAgent after = reopened();
    assertThat(table(after)).isEqualTo(SIGNED_ONES);
    assertThat(after.authority().orElseThrow().current().head()).isEqualTo(tailnet.head().hash());
    assertThat(after.peers().get(0).known().name()).contains("node1");
    assertThat(after.status().problems()).isEmpty();
  }

  @Test
  void anAnnouncementOfTheOwnHeadCostsNoRequest() throws Exception {
    keepUp();
    int before = tailnet.asked.get();

    follow();
    follow();

    assertThat(tailnet.asked.get()).isEqualTo(before);
  }

  @Test
  void peersWhoseKeyIsRemovedAreDroppedAtOnce() throws Exception {
    tailnet.commit(edit(1));
    tailnet.commit(Chains.addKey(tailnet.head(), TestKeys.key(30, 3), 1));
    keepUp();
    tailnet.commit(Chains.removeKey(tailnet.head(), TestKeys.id(1), 30));

    follow();

    assertThat(table(agent)).isEqualTo(NOBODY);
    assertThat(table(reopened())).isEqualTo(NOBODY);
  }

  @Test
  void theLockEndsOnlyWithASecretThatIsVerified() throws Exception {
    keepUp();
    tailnet.disable();

    assertThat(keepUp()).isEqualTo(new Followed.Ended(TestTailnet.genesis(1).hash()));

    assertThat(agent.authority()).isEmpty();
    assertThat(access(agent, UNSIGNED)).isEqualTo(PeerAccess.FULL);
    assertThat(access(reopened(), UNSIGNED)).isEqualTo(PeerAccess.FULL);
    assertThat(follow()).isEqualTo(new Followed.LockOff());
  }

  /** What a control that lies answers to a bootstrap. */
  private ControlTransport showing(Optional<DisablementSecret> secret) {
    return ask -> {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try {
        RpcJson.writeAnswer(new RpcAnswer.Bootstrap(Optional.empty(), secret), out);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return CompletableFuture.completedFuture(
          ControlTransport.Reply.of(200, Bytes.copyOf(out.toByteArray())));
    };
  }

  @Test
  void aControlThatOnlySaysThatTheLockIsOffDoesNotSwitchItOff() throws Exception {
    keepUp();
    DisablementSecret wrong = DisablementSecret.of("wrong".getBytes(StandardCharsets.UTF_8));
    for (Announcement said : List.of(new Announcement.Disabled(), new Announcement.Never())) {
      for (Optional<DisablementSecret> shown :
          List.of(Optional.<DisablementSecret>empty(), Optional.of(wrong))) {
        Followed followed = agent.follow(said, showing(shown));

        assertThat(followed).isInstanceOf(Followed.Unproven.class);
        assertThat(followed.isSettled()).isFalse();
        assertThat(table(agent)).isEqualTo(SIGNED_ONES);
      }
    }
    assertThat(table(reopened())).isEqualTo(SIGNED_ONES);
  }

  @Test
  void whatWasDisabledHereIsNotJoinedAgainAlsoAfterARestart() throws Exception {
    keepUp();

    StateIds ids = agent.disableHere().orElseThrow();

    assertThat(access(agent, UNSIGNED)).isEqualTo(PeerAccess.FULL);
    assertThat(follow()).isEqualTo(new Followed.Disallowed(ids));
    agent = reopened();
    assertThat(follow()).isEqualTo(new Followed.Disallowed(ids));
    assertThat(access(agent, UNSIGNED)).isEqualTo(PeerAccess.FULL);

    tailnet.disable();
    follow();
    tailnet.lock(2, 2);
    assertThat(keepUp()).isInstanceOf(Followed.Agrees.class);
  }

  @Test
  void aNodeThatSleptThroughDisableAndInitGetsTheNewAuthority() throws Exception {
    keepUp();
    tailnet.disable();
    tailnet.lock(2, 2);

    // Its offer shows control which authority it holds.
    Followed lost = follow();
    assertThat(lost).isInstanceOf(Followed.Apart.class);
    assertThat(((Followed.Apart) lost).outcome()).isInstanceOf(SyncOutcome.NoCommonGround.class);
    assertThat(follow()).isInstanceOf(Followed.Ended.class);
    assertThat(keepUp()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), true, 0));
    assertThat(access(agent, 2)).isEqualTo(PeerAccess.FULL);
    assertThat(access(agent, 4)).isEqualTo(PeerAccess.NONE);
  }

  @Test
  void anEditThatControlNeverSawDoesNotKeepTheLockFromEnding() throws Exception {
    for (boolean anew : List.of(false, true)) {
      keepUp();
      LiveAuthority live = agent.authority().orElseThrow();
      live.edit(TestKeys.privateKey(1), builder -> builder.addKey(TestKeys.key(40, 1)));
      tailnet.disable();
      if (anew) {
        tailnet.lock(3, 2);
        follow();
      }

      assertThat(follow()).isInstanceOf(Followed.Ended.class);
      if (!anew) {
        tailnet.lock(2, 2);
      }
    }
  }

  @Test
  void aNodeFollowsUntilItHasAllThatControlHas() throws Exception {
    keepUp();
    tailnet.commit(120, 50);

    assertThat(follow()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), false, 0));
  }

  @Test
  void anEditThatIsMadeHereReachesControl() throws Exception {
    keepUp();
    LiveAuthority live = agent.authority().orElseThrow();
    live.edit(TestKeys.privateKey(1), builder -> builder.addKey(TestKeys.key(40, 1)));

    Followed followed = follow();

    assertThat(followed).isInstanceOf(Followed.Agrees.class);
    assertThat(tailnet.announced(SELF)).isEqualTo(new Announcement.Enabled(live.current().head()));
  }

  @Test
  void anEditThatIsMadeHereDecidesAboutPeersAtOnce() throws Exception {
    keepUp();
    LiveAuthority live = agent.authority().orElseThrow();
    live.edit(TestKeys.privateKey(2), builder -> builder.removeKey(TestKeys.id(1)));
    agent.refresh();

    assertThat(access(agent, 2)).isEqualTo(PeerAccess.NONE);
  }

  @Test
  void whatRoundsBringIsTold() throws Exception {
    keepUp();
    LiveAuthority live = agent.authority().orElseThrow();
    live.edit(TestKeys.privateKey(2), builder -> builder.addKey(TestKeys.key(40, 1)));
    AumHash own = live.current().head();
    tailnet.commit(Chains.addKey(tailnet.head(), TestKeys.key(41, 1), 1));
    List<AumHash> setAside = new ArrayList<>();

    agent.follow(
        tailnet.announced(SELF),
        tailnet.transport(SELF),
        round -> round.notices().setAside().forEach(edit -> setAside.add(edit.aum().hash())));

    assertThat(setAside).containsExactly(own);
  }

  @Test
  void anEditThatLosesIsSetAsideAndRemembered() throws Exception {
    keepUp();
    LiveAuthority live = agent.authority().orElseThrow();
    live.edit(TestKeys.privateKey(2), builder -> builder.addKey(TestKeys.key(40, 1)));
    AumHash own = live.current().head();
    tailnet.commit(edit(1));

    assertThat(follow()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), false, 0));

    assertThat(reopened().authority().orElseThrow().current().snapshot().ownAums().setAside())
        .singleElement()
        .satisfies(edit -> assertThat(edit.aum().hash()).isEqualTo(own));
  }

  @Test
  void whatControlHasLongHadIsCompactedAway() throws Exception {
    keepUp();
    tailnet.commit(120, 30);
    follow();
    tailnet.clock.advance(Duration.ofDays(60));
    tailnet.commit(Chains.noOp(tailnet.head(), "the last", 1));

    Followed followed = follow();

    assertThat(((Followed.Agrees) followed).forgotten()).isPositive();
    assertThat(reopened().authority().orElseThrow().current().head())
        .isEqualTo(tailnet.head().hash());
  }

  /** The files of the folder but for those of a lock, which hold nothing. */
  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(Files::isRegularFile)
          .filter(path -> !path.getFileName().toString().endsWith("lock"))
          .sorted()
          .toList();
    }
  }

  /** Ways to damage a file. */
  private enum Damage {
    CUT,
    FLIPPED,
    EMPTY,
    DELETED;

    void to(Path file, Random random) throws IOException {
      byte[] bytes = Files.readAllBytes(file);
      int at = bytes.length == 0 ? 0 : random.nextInt(bytes.length);
      if (this == DELETED) {
        Files.delete(file);
        return;
      }
      if (this == FLIPPED && bytes.length > 0) {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
      }
      Files.write(
          file, this == EMPTY ? new byte[0] : this == CUT ? Arrays.copyOf(bytes, at) : bytes);
    }
  }

  @Test
  void aFolderDamagedAnywhereLetsNobodyInWhoIsNotSignedAndControlMendsIt() throws Exception {
    long seed = Long.getLong("tka.seed", System.nanoTime());
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    keepUp();
    tailnet.commit(3, 2);
    keepUp();
    Map<Path, byte[]> sound = new HashMap<>();
    for (Path file : files()) {
      sound.put(file, Files.readAllBytes(file));
    }
    for (Path file : files()) {
      for (Damage damage : Damage.values()) {
        damage.to(file, random);
        String what = damage + " " + directory.relativize(file) + ", seed " + seed;

        agent = reopened();
        for (int node = 1; node <= UNSIGNED; node++) {
          assertThat(access(agent, node))
              .as("node %d, %s", node, what)
              .isIn(PeerAccess.NONE, SIGNED_ONES.get(node - 1));
        }
        assertThat(keepUp()).as(what).isInstanceOf(Followed.Agrees.class);
        assertThat(table(agent)).as(what).isEqualTo(SIGNED_ONES);
        agent = reopened();
        assertThat(table(agent)).as(what).isEqualTo(SIGNED_ONES);
        restore(sound);
      }
    }
  }

  private void restore(Map<Path, byte[]> sound) throws IOException {
    for (Path file : files()) {
      Files.delete(file);
    }
    for (Map.Entry<Path, byte[]> each : sound.entrySet()) {
      Files.createDirectories(each.getKey().getParent());
      Files.write(each.getKey(), each.getValue());
    }
  }

  @Test
  void damagedAumsThatNothingCanBeBuiltOnAreSetAsideForAPerson() throws Exception {
    keepUp();
    tailnet.commit(3, 2);
    keepUp();
    Path damaged = aum(tailnet.chain.get(0).hash());
    Files.write(damaged, new byte[] {1, 2, 3});

    agent = reopened();
    assertThat(table(agent)).isEqualTo(NOBODY);

    assertThat(keepUp()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), true, 0));
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);
    assertThat(agent.status().problems())
        .singleElement()
        .asString()
        .contains("set aside, for a person: " + directory.resolve("aums-damaged-"));
  }

  private Path aum(AumHash hash) throws IOException {
    return files().stream()
        .filter(path -> path.getFileName().toString().equals(hash.toString()))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aNodeThatLostItsAumsBeginsOnlyWithTheAuthorityThatItHad() throws Exception {
    keepUp();
    NodeDirectory.at(directory.resolve("aums")).wipe();
    agent = reopened();
    assertThat(table(agent)).isEqualTo(NOBODY);

    try (TestTailnet liar = TestTailnet.locked(UNSIGNED)) {
      liar.disable();
      liar.lock(7, UNSIGNED);
      Followed followed = agent.follow(liar.announced(SELF), liar.transport(SELF));
      assertThat(followed).isInstanceOf(Followed.NotJoined.class);
      agent.fetchPeers(liar.transport(SELF));
      assertThat(table(agent)).isEqualTo(NOBODY);
      assertThat(agent.follow(new Announcement.Never(), showing(Optional.empty())))
          .isInstanceOf(Followed.Unproven.class);
      assertThat(table(agent)).isEqualTo(NOBODY);
    }

    assertThat(keepUp()).isInstanceOf(Followed.Agrees.class);
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);
  }

  /** Answers a bootstrap with a genesis, and everything else as this control does. */
  private ControlTransport beginningWith(Aum genesis) {
    return ask -> {
      if (!(ask instanceof ControlTransport.Call call) || call.rpc() != Rpc.BOOTSTRAP) {
        return tailnet.transport(SELF).send(ask);
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try {
        RpcJson.writeAnswer(
            new RpcAnswer.Bootstrap(Optional.of(genesis.encoded()), Optional.empty()), out);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return CompletableFuture.completedFuture(
          ControlTransport.Reply.of(200, Bytes.copyOf(out.toByteArray())));
    };
  }

  @Test
  void aNodeThatLostItsAumsIsNotGivenAnotherAuthorityWithTheSameIds() throws Exception {
    keepUp();
    NodeDirectory.at(directory.resolve("aums")).wipe();
    agent = reopened();
    Aum liars = TestTailnet.genesis(1, 9, TestKeys.key(9, 5));

    Followed followed = agent.follow(new Announcement.Enabled(liars.hash()), beginningWith(liars));

    assertThat(followed).isInstanceOf(Followed.NotJoined.class);
    agent.peers(
        PeerChange.whole(
            List.of(
                new Peer(
                    "x",
                    TestTailnet.nodeKey(44),
                    NodeKeySignatures.direct(44, 9).encoded(),
                    false))),
        Map.of());
    assertThat(access(agent, 44)).isEqualTo(PeerAccess.NONE);
    assertThat(keepUp()).isInstanceOf(Followed.Agrees.class);
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);
  }

  @Test
  void whereTheGenesisIsNotKnownTheChainMustHoldWhatTheNodeHad() throws Exception {
    // The folder came without a note, and begins with a later checkpoint.
    tailnet.commit(3, 2);
    Aum later = tailnet.chain.get(2);
    LiveAuthority.bootstrap(
        NodeDirectory.create(directory.resolve("aums"), tailnet.clock),
        later,
        AdmissionPolicy.NODE,
        clocks());
    agent = reopened();
    keepUp();
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);
    NodeDirectory.at(directory.resolve("aums")).wipe();
    Aum liars = TestTailnet.genesis(1, 9, TestKeys.key(9, 5));
    try (TestTailnet liar = TestTailnet.locked(SELF, liars, 0)) {
      agent = reopened();
      assertThat(agent.follow(liar.announced(SELF), liar.transport(SELF)))
          .isInstanceOf(Followed.NotJoined.class);
      assertThat(table(agent)).isEqualTo(NOBODY);
      agent = reopened();
      assertThat(table(agent)).isEqualTo(NOBODY);
    }

    assertThat(keepUp()).isInstanceOf(Followed.Agrees.class);
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);
  }

  @Test
  void whileANodeCatchesUpAgainNobodyIsLetInByKeysThatWereRemoved() throws Exception {
    tailnet.commit(Chains.addKey(tailnet.head(), TestKeys.key(30, 3), 1));
    tailnet.commit(Chains.removeKey(tailnet.head(), TestKeys.id(1), 30));
    keepUp();
    assertThat(table(agent)).isEqualTo(NOBODY);
    NodeDirectory.at(directory.resolve("aums")).wipe();
    agent = reopened();
    ControlTransport bootstrapOnly =
        ask ->
            ask instanceof ControlTransport.Call call && call.rpc() == Rpc.BOOTSTRAP
                ? tailnet.transport(SELF).send(ask)
                : CompletableFuture.completedFuture(ControlTransport.Reply.of(503, Bytes.empty()));

    assertThatThrownBy(() -> agent.follow(tailnet.announced(SELF), bootstrapOnly))
        .isInstanceOf(ControlFailure.Refused.class);

    assertThat(table(agent)).isEqualTo(NOBODY);
    agent = reopened();
    assertThat(table(agent)).isEqualTo(NOBODY);
    assertThat(keepUp()).isEqualTo(new Followed.Agrees(tailnet.head().hash(), false, 0));
    tailnet.service.putNode(
        TestTailnet.NAME,
        new NodeEntry(
            4,
            TestTailnet.nodeKey(4),
            Optional.of(NodeKeySignatures.direct(4, 30).encoded()),
            Optional.empty(),
            Optional.empty(),
            false,
            false));
    keepUp();
    assertThat(access(agent, 4)).isEqualTo(PeerAccess.FULL);
  }

  @Test
  void damagedAumsWithoutANoteAreNotEndedByAWord() throws Exception {
    keepUp();
    Files.write(aum(tailnet.chain.get(0).hash()), new byte[] {1, 2, 3});
    Files.delete(directory.resolve(AgentFolder.File.LOCK.fileName()));
    agent = reopened();

    assertThat(agent.follow(new Announcement.Disabled(), showing(Optional.of(TestTailnet.SECRET))))
        .isInstanceOf(Followed.Unproven.class);

    assertThat(table(agent)).isEqualTo(NOBODY);
  }

  @Test
  void aNoteOfALaterVersionDoesNotSayThatTheLockIsOff() throws Exception {
    String later = "{\"version\":2,\"disallowed\":[]}";
    String text = later + '\n' + Checksum.of(later) + '\n';

    assertThat(LockNote.decode(Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8)))).isEmpty();
    assertThat(LockNote.decode(LockNote.off().encoded())).contains(LockNote.off());
  }

  @Test
  void aNodeThatLostItsAumsEndsTheLockWithTheSecretThatEndedIt() throws Exception {
    keepUp();
    tailnet.disable();
    NodeDirectory.at(directory.resolve("aums")).wipe();
    agent = reopened();

    assertThat(follow()).isInstanceOf(Followed.Ended.class);
    assertThat(access(agent, UNSIGNED)).isEqualTo(PeerAccess.FULL);
  }

  @Test
  void aFolderThatAnotherProgramMadeIsTakenAsItIs() throws Exception {
    Aum genesis = TestTailnet.genesis(1);
    LiveAuthority.bootstrap(
        NodeDirectory.create(directory.resolve("aums"), tailnet.clock),
        genesis,
        AdmissionPolicy.NODE,
        clocks());
    agent = reopened();
    assertThat(agent.status().lock()).isEqualTo("on");
    assertThat(keepUp()).isEqualTo(new Followed.Agrees(genesis.hash(), false, 0));
  }

  @Test
  void oneAgentUsesAFolder() {
    assertThatThrownBy(() -> AgentDirectory.open(directory, tailnet.clock))
        .isInstanceOf(StoreException.Busy.class)
        .hasMessageContaining("another agent");
  }

  @Test
  void deltasAndWholeListsComeToTheSameAlsoAfterARestart() throws Exception {
    follow();
    Peer signed =
        new Peer("a", TestTailnet.nodeKey(21), NodeKeySignatures.direct(21, 1).encoded(), false);
    Peer other =
        new Peer("b", TestTailnet.nodeKey(22), NodeKeySignatures.direct(22, 1).encoded(), false);
    Peer unsigned = new Peer("c", TestTailnet.nodeKey(23), Bytes.empty(), true);
    agent.peers(PeerChange.upserts(List.of(signed, other, unsigned)), Map.of());
    agent.peers(PeerChange.removal("b"), Map.of());

    for (NodeAgent each : List.of(agent, reopened())) {
      assertThat(access(each, 21)).isEqualTo(PeerAccess.FULL);
      assertThat(access(each, 22)).isEqualTo(PeerAccess.NONE);
      assertThat(access(each, 23)).isEqualTo(PeerAccess.PEER_API);
    }
    agent.peers(PeerChange.whole(List.of(other)), Map.of());
    for (NodeAgent each : List.of(agent, reopened())) {
      assertThat(access(each, 21)).isEqualTo(PeerAccess.NONE);
      assertThat(access(each, 22)).isEqualTo(PeerAccess.FULL);
      assertThat(access(each, 23)).isEqualTo(PeerAccess.NONE);
    }
  }

  @Test
  void aRefusalOfControlIsToldInItsWordsAndChangesNothing() throws Exception {
    keepUp();
    tailnet.commit(edit(1));
    ControlTransport refusing =
        ask ->
            CompletableFuture.completedFuture(
                ControlTransport.Reply.of(
                    503,
                    Bytes.copyOf("come later\u001b[2J\nmore".getBytes(StandardCharsets.UTF_8))));

    assertThatThrownBy(() -> agent.follow(tailnet.announced(SELF), refusing))
        .isInstanceOf(ControlFailure.Refused.class)
        .hasMessage("control answers 503: come later?[2J");
    assertThat(table(agent)).isEqualTo(SIGNED_ONES);
  }

  private static ControlTransport answering(String body) {
    return ask ->
        CompletableFuture.completedFuture(
            ControlTransport.Reply.of(200, Bytes.copyOf(body.getBytes(StandardCharsets.UTF_8))));
  }

  private static ControlCalls calls(String body) {
    return new ControlCalls(answering(body), TestTailnet.nodeKey(SELF));
  }

  @Test
  void whatControlSaysStaysOnOneLine() throws Exception {
    AumHash head = tailnet.head().hash();
    ControlCalls refusing =
        calls("{\"Head\":\"" + head + "\",\"Refused\":[\"x\\nSTOPPING=1\",\"\\u2028y\"]}");
    assertThat(refusing.send(new SyncSend(head, List.of())).refused())
        .containsExactly("x?STOPPING=1", "?y");
    assertThat(
            calls("{\"refused\":\"x\\nSTOPPING=1\"}")
                .login(TestTailnet.nodeKey(SELF), Optional.empty(), Optional.empty())
                .refused())
        .contains("x?STOPPING=1");
  }

  @Test
  void aPeerHasANumberAndNothingElse() throws Exception {
    String rest = "\",\"nodeKey\":\"" + TestTailnet.nodeKey(9) + "\"}";
    for (String bad : List.of("", "0", "01", "-1", "x", "1\\n", "1\\nSTOPPING=1", "1".repeat(20))) {
      assertThatThrownBy(() -> calls("{\"node\":\"" + bad + rest).peers(Optional.empty()))
          .as(bad)
          .hasMessage(
              "control's answer cannot be used: node: expected a number from 1, found other text");
    }
    assertThat(
            calls("{\"node\":\"9223372036854775807" + rest)
                .peers(Optional.empty())
                .orElseThrow()
                .names())
        .isEmpty();
  }
}
