package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.authority.Authority;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Limits;
import dev.tka.core.store.Notes;
import dev.tka.core.store.NotesCodec;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Protocol, section 10: how a node's directory keeps its notes. */
class NotesFileTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  @TempDir Path directory;

  private final Chains chains =
      Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C[checkpoint]\n A -> X");
  private static final OwnAums.Acknowledged ACKNOWLEDGED =
      new OwnAums.Acknowledged(NOON, NOON.plusSeconds(1));

  private final OwnAums ownAums =
      new OwnAums(
          Map.of(
              hash("A"),
              new OwnAums.Own(false, Optional.of(ACKNOWLEDGED)),
              hash("B"),
              new OwnAums.Own(true, Optional.empty()),
              hash("X"),
              new OwnAums.Own(true, Optional.of(ACKNOWLEDGED))),
          Set.of(hash("C")),
          Optional.of(NOON.plusNanos(5)),
          List.of(
              new OwnAums.SetAside(chains.get("X"), NOON, false),
              new OwnAums.SetAside(chains.get("C"), NOON.minusSeconds(9), true)));
  private final OwnTime time =
      new OwnTime(NOON, NOON.plusSeconds(1), NOON.plusSeconds(2), NOON.minusSeconds(3));
  private final List<Inherited> inherited =
      List.of(
          new Inherited(
              TestKeys.id(1),
              Instant.ofEpochSecond(7),
              true,
              Optional.of(new Inherited.Final(hash("A"), 0, 0)),
              Optional.empty(),
              Optional.empty(),
              Optional.of(
                  new Inherited.Standing(
                      hash("X"), 1, Duration.ofDays(3), NOON, Set.of(TestKeys.id(2)))),
              Optional.of(hash("A"))));

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private Path file() {
    return directory.resolve(NotesFile.NAME);
  }

  private static NotesFile file(OwnAums ownAums) throws StoreException {
    return NotesFile.of(Notes.NONE.with(ownAums), Map.of());
  }

  private NodeDirectory store() throws StoreException {
    return NodeDirectory.at(directory, new FakeClock());
  }

  private AumSnapshot note(NodeDirectory store, OwnAums next) throws StoreException {
    return store.commit(Commit.on(store.read().revision()).ownAums(next).build());
  }

  private static AumFacts facts(Aum aum, KeyChange... changes) {
    return AumFacts.of(aum, List.of(changes), NOON.plusSeconds(7), Optional.of(NOON));
  }

  private Commit.Builder adding(NodeDirectory store, String names) throws StoreException {
    Commit.Builder commit = Commit.on(store.read().revision());
    for (Aum aum : chains.list(names)) {
      commit.add(new Commit.Addition(aum, NOON, Optional.of(facts(aum))));
    }
    return commit;
  }

  @Test
  void everyFactIsAReadableLine() throws Exception {
    KeyChange change = new KeyChange(TestKeys.id(3), 2, 0);
    Commit.Addition b =
        new Commit.Addition(chains.get("B"), NOON, Optional.of(facts(chains.get("B"), change)));
    List<String> own = new ArrayList<>();
    own.add("acknowledged edit " + hash("A") + " at 2026-01-02T12:00:00Z own 2026-01-02T12:00:01Z");
    own.add("unsent revocation " + hash("B"));
    own.add(
        "acknowledged revocation "
            + hash("X")
            + " at 2026-01-02T12:00:00Z own 2026-01-02T12:00:01Z");
    own.sort(Comparator.comparing(line -> hashIn(line, 2)));
    List<String> changed = new ArrayList<>();
    for (Commit.Addition each : List.of(b, new Commit.Addition(chains.get("C"), NOON))) {
      changed.add(
          "changed "
              + each.aum().hash()
              + " at 2026-01-02T12:00:07Z reference 2026-01-02T12:00:00Z as "
              + base64(
                  NotesCodec.encodeChanges(each.facts().map(AumFacts::changes).orElse(List.of()))));
    }
    changed.sort(Comparator.comparing(line -> hashIn(line, 1)));
    List<String> expected = new ArrayList<>();
    expected.add("tka own AUMs 2");
    expected.add(
        "time 2026-01-02T12:00:00Z clock 2026-01-02T12:00:01Z latest 2026-01-02T12:00:02Z"
            + " begun 2026-01-02T11:59:57Z");
    expected.add("agreed 2026-01-02T12:00:00.000000005Z");
    expected.addAll(own);
    expected.add("elsewhere " + hash("C"));
    expected.add("aside edit " + hash("X") + " at 2026-01-02T12:00:00Z as " + base64("X"));
    expected.add("aside revocation " + hash("C") + " at 2026-01-02T11:59:51Z as " + base64("C"));
    expected.addAll(changed);
    expected.add("inherited " + hash("C") + " as " + base64(NotesCodec.encodeInherited(inherited)));
    CRC32C sum = new CRC32C();
    sum.update((String.join("\n", expected) + "\n").getBytes(StandardCharsets.US_ASCII));
    expected.add(String.format(Locale.ROOT, "end %08x", sum.getValue()));

    NodeDirectory store = store();
    store.commit(adding(store, "X").build());
    AumSnapshot noted =
        store.commit(
            Commit.on(store.read().revision())
                .add(b)
                .add(
                    new Commit.Addition(chains.get("C"), NOON, Optional.of(facts(chains.get("C")))))
                .ownAums(ownAums)
                .time(time)
                .inherits(hash("C"), inherited)
                .build());

    assertThat(file()).hasContent(String.join("\n", expected) + "\n");
    for (AumSnapshot read : List.of(noted, store().read())) {
      assertThat(read.notes())
          .isEqualTo(new Notes(ownAums, Optional.of(time), Map.of(hash("C"), inherited)));
      assertThat(read.find(hash("B")).orElseThrow().facts()).isEqualTo(b.facts());
      assertThat(read.find(hash("C")).orElseThrow().facts()).contains(facts(chains.get("C")));
      // It changes no votes, and is no rewrite.
      assertThat(read.find(hash("X")).orElseThrow().facts()).isEmpty();
    }
  }

  /** A note that reads well and says something else could let a removed key in. */
  @Test
  void noChangedCharacterPasses() throws Exception {
    NodeDirectory store = store();
    store.commit(adding(store, "A").ownAums(OwnAums.NONE.agreed(NOON)).time(time).build());
    byte[] whole = Files.readAllBytes(file());
    for (int i = 0; i < whole.length; i++) {
      for (char other : "0179Za \n".toCharArray()) {
        byte[] changed = whole.clone();
        changed[i] = (byte) other;
        if (!Arrays.equals(changed, whole)) {
          assertThatThrownBy(() -> NotesFile.parse("tka-own", changed))
              .isInstanceOf(StoreException.Damaged.class);
        }
      }
    }
  }

  private static AumHash hashIn(String line, int word) {
    try {
      return AumHash.parse(line.split(" ", -1)[word]);
    } catch (TextException e) {
      throw new AssertionError(line, e);
    }
  }

  private String base64(String name) {
    return base64(chains.get(name).encoded());
  }

  private static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  @Test
  void versionOneIsReadAndReplacedByTheNextNote() throws Exception {
    String acknowledged = "acknowledged " + hash("A") + " at 2026-01-02T12:00:00Z\n";
    String unsent = "unsent " + hash("B") + "\n";
    String own = hash("A").compareTo(hash("B")) < 0 ? acknowledged + unsent : unsent + acknowledged;
    String old =
        "tka own AUMs 1\nagreed 2026-01-02T12:00:00Z\n"
            + own
            + ("aside edit "
                + hash("X")
                + " at 2026-01-02T12:00:00Z as "
                + base64("X")
                + "\nend\n");
    Files.writeString(file(), old);
    OwnAums expected =
        OwnAums.NONE
            .made(Map.of(hash("A"), false, hash("B"), false))
            .acknowledged(List.of(hash("A")), new OwnAums.Acknowledged(NOON, NOON))
            .agreed(NOON)
            .aside(List.of(new OwnAums.SetAside(chains.get("X"), NOON, false)));
    NodeDirectory store = store();
    assertThat(store.read().notes()).isEqualTo(Notes.NONE.with(expected));

    store.commit(Commit.on(store.read().revision()).add(chains.get("A"), NOON).build());
    assertThat(file()).hasContent(old);
    store.commit(Commit.on(store.read().revision()).time(time).build());
    assertThat(Files.readString(file())).startsWith("tka own AUMs 2\ntime ");
    assertThat(store().read().notes()).isEqualTo(new Notes(expected, Optional.of(time), Map.of()));
  }

  /** B changes the votes of a key. */
  private Commit.Builder addingB(NodeDirectory store, Instant own) throws StoreException {
    List<KeyChange> changes = List.of(new KeyChange(TestKeys.id(3), 0, 1));
    return Commit.on(store.read().revision())
        .add(
            new Commit.Addition(
                chains.get("B"),
                NOON,
                Optional.of(AumFacts.of(chains.get("B"), changes, own, Optional.empty()))));
  }

  private Optional<Instant> ownTimeOfB(NodeDirectory store) throws StoreException {
    return store.read().find(hash("B")).orElseThrow().facts().map(AumFacts::own);
  }

  @Test
  void factsStayInTheTrailAndGoWithWhatIsForgotten() throws Exception {
    Instant later = NOON.plusSeconds(60);
    NodeDirectory store = store();
    store.commit(adding(store, "A").build());
    store.commit(addingB(store, NOON).build());
    AumSnapshot whole = store.commit(adding(store, "C").lastActiveAncestor(hash("A")).build());
    List<TrailEntry> entries = Authority.open(whole).entriesBefore(hash("C"));
    AumSnapshot purged =
        store.commit(
            Commit.on(whole.revision())
                .purge(List.of(hash("A"), hash("B")))
                .trail(entries)
                .lastActiveAncestor(hash("C"))
                .build());
    for (AumSnapshot read : List.of(purged, store().read())) {
      assertThat(read.trail().find(hash("B")).orElseThrow().own()).contains(NOON);
      assertThat(read.trail().find(hash("A")).orElseThrow().own()).contains(NOON.plusSeconds(7));
      assertThat(read.purged(hash("B")).orElseThrow().facts()).isPresent();
    }

    // What comes back has the facts that it comes back with, as in any store.
    store.commit(addingB(store, later).build());
    assertThat(ownTimeOfB(store)).contains(later);
    store.commit(Commit.on(store.read().revision()).purge(hash("B")).build());
    assertThat(Files.readString(file())).doesNotContain(hash("B").toString());
    store.commit(addingB(store, later).build());
    assertThat(ownTimeOfB(store())).contains(later);

    Files.delete(directory.resolve(DirectoryScan.placeOf(hash("B"))));
    Instant latest = later.plusSeconds(60);
    NodeDirectory again = store();
    again.commit(addingB(again, latest).build());
    assertThat(ownTimeOfB(store())).contains(latest);
  }

  @Test
  void aClockFromBefore1970NotesNothing() throws Exception {
    NodeDirectory store = store();
    for (Instant wrong : List.of(Instant.EPOCH.minusSeconds(1), Instant.MAX)) {
      Commit.Builder commit = Commit.on(store.read().revision());
      assertThatThrownBy(() -> commit.time(time.noted(NOON, wrong)).build())
          .isInstanceOf(StoreException.OverLimit.class)
          .hasMessageContaining("the clock is wrong");
    }
    assertThat(file()).doesNotExist();
  }

  @Test
  void aNoteOfOwnTimeWritesOneFile() throws Exception {
    NodeDirectory store = store();
    store.commit(adding(store, "A B").build());
    store.commit(Commit.on(store.read().revision()).time(time).build());
    assertThat(Journal.standing(directory).entries())
        .extracting(entry -> entry.place().path())
        .containsExactly(NotesFile.NAME);
    Commit other = Commit.on(store.read().revision()).add(chains.get("X"), NOON).build();
    assertThat(written(store, other)).containsExactly(DirectoryScan.placeOf(hash("X")));
  }

  /** The files that a commit without a journal writes. */
  private List<String> written(NodeDirectory store, Commit commit) throws Exception {
    Map<String, FileTime> before = times();
    store.commit(commit);
    Map<String, FileTime> after = times();
    after.entrySet().removeAll(before.entrySet());
    return List.copyOf(after.keySet());
  }

  private Map<String, FileTime> times() throws IOException {
    Map<String, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.endsWith(DirectoryLock.FILE) && !file.endsWith(DirectoryLock.NOTE_FILE)) {
          times.put(directory.relativize(file).toString(), Files.getLastModifiedTime(file));
        }
      }
    }
    return times;
  }

  @Test
  void thereIsNoFileUntilSomethingIsNoted() throws Exception {
    NodeDirectory store = store();
    store.commit(
        Commit.on(store.read().revision())
            .add(chains.get("A"), NOON)
            .ownAums(OwnAums.NONE)
            .build());

    assertThat(file()).doesNotExist();
    assertThat(store().read().ownAums()).isEqualTo(OwnAums.NONE);
  }

  @Test
  void notesAloneWriteOneFileAndUnchangedNotesNone() throws Exception {
    NodeDirectory store = store();
    store.commit(Commit.on(store.read().revision()).add(chains.get("A"), NOON).build());

    Commit noting = Commit.on(store.read().revision()).ownAums(ownAums).build();
    assertThat(written(store, noting)).containsExactly(NotesFile.NAME);
    Revision noted = store.read().revision();

    Commit again = Commit.on(noted).ownAums(ownAums).build();
    assertThat(written(store, again)).isEmpty();
    assertThat(store.read().revision()).isEqualTo(noted);
    assertThat(directory.resolve(Journal.NAME)).doesNotExist();
  }

  @Test
  void notesAreMovedBeforeTheAumsTheyAreAbout() throws Exception {
    NodeDirectory store = store();
    store.commit(Commit.on(store.read().revision()).add(chains.get("A"), NOON).build());
    store.commit(
        Commit.on(store.read().revision())
            .add(chains.get("B"), NOON)
            .purge(hash("A"))
            .lastActiveAncestor(hash("B"))
            .ownAums(ownAums)
            .build());

    assertThat(Journal.standing(directory).entries())
        .extracting(entry -> entry.place().path())
        .containsExactly(
            NotesFile.NAME,
            DirectoryScan.placeOf(hash("B")),
            NodeDirectory.LAST_ACTIVE_ANCESTOR,
            DirectoryScan.placeOf(hash("A")));
  }

  @Test
  void onlyTheOwnerCanReadThem() throws Exception {
    assumeTrue(Files.getFileStore(directory).supportsFileAttributeView("posix"));
    note(store(), ownAums);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  /** A crash right after the journal took effect: it replaces the notes, or deletes them. */
  private void crash(Optional<OwnAums> next) throws Exception {
    Optional<Bytes> content =
        next.isEmpty() ? Optional.empty() : Optional.of(file(next.get()).content());
    Journal.Entry entry = Journal.Entry.over(directory, Journal.Place.NOTES, content);
    Files.write(directory.resolve(Journal.NAME), new Journal(9, List.of(entry)).encode());
  }

  @Test
  void notesOfACrashedCommitCountAndAreMovedIntoPlace() throws Exception {
    OwnAums next = OwnAums.NONE.made(Map.of(hash("C"), false));
    note(store(), ownAums);
    crash(Optional.of(next));

    assertThat(store().read().ownAums()).isEqualTo(next);
    store().commit(Commit.on(store().read().revision()).add(chains.get("A"), NOON).build());
    assertThat(store().read().ownAums()).isEqualTo(next);
    assertThat(file()).hasBinaryContent(file(next).content().toByteArray());
  }

  @Test
  void notesOfACrashedWipeAreGone() throws Exception {
    note(store(), ownAums);
    crash(Optional.empty());

    assertThat(store().read().ownAums()).isEqualTo(OwnAums.NONE);
    store().wipe();
    assertThat(file()).doesNotExist();
  }

  @Test
  void aWipeDeletesThem() throws Exception {
    NodeDirectory store = store();
    note(store, ownAums);
    store.wipe();
    assertThat(file()).doesNotExist();
    assertThat(store.read().ownAums()).isEqualTo(OwnAums.NONE);
  }

  @Test
  void changedNotesAreAConflict() throws Exception {
    NodeDirectory store = store();
    Revision base = note(store, ownAums).revision();
    OwnAums others =
        new OwnAums(ownAums.own(), ownAums.elsewhere(), Optional.empty(), ownAums.setAside());
    // Another program's file, which has seen no commit of this one.
    Files.write(file(), NotesFile.of(Notes.NONE.with(others), Map.of()).content().toByteArray());

    assertThatThrownBy(() -> store.commit(Commit.on(base).add(chains.get("A"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(store.read().ownAums()).isEqualTo(others);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "end\n",
        "tka own AUMs 1\n",
        "tka own AUMs 3\nend\n",
        "tka own AUMs 1\nunsent edit HASH\nend\n",
        "tka own AUMs 1\nelsewhere HASH\nend\n",
        "tka own AUMs 1\nacknowledged HASH at 2026-01-02T12:00:00Z own 2026-01-02T12:00:00Z\nend\n",
        "tka own AUMs 1\nchanged HASH at 2026-01-02T12:00:00Z reference none as gA==\nend\n",
        "tka own AUMs 2\nunsent HASH\nend\n",
        "tka own AUMs 2\nacknowledged edit HASH at 2026-01-02T12:00:00Z\nend\n",
        "tka own AUMs 2\nelsewhere HASH\nelsewhere HASH\nend\n",
        "tka own AUMs 2\nchanged HASH at 2026-01-02T12:00:00Z reference never as gA==\nend\n",
        "tka own AUMs 2\nchanged HASH at 2026-01-02T12:00:00Z reference none as gQ==\nend\n",
        "tka own AUMs 2\ninherited HASH as gA==\nend\n",
        "tka own AUMs 2\ntime 2026-01-02T12:00:00Z\nend\n",
        "tka own AUMs 1\nend",
        "tka own AUMs 1\nend\n\n",
        "tka own AUMs 1\r\nend\r\n",
        "tka own AUMs 1\nend\nend\n",
        "tka own AUMs 1\n\nend\n",
        "tka own AUMs 1\nagreed\nend\n",
        "tka own AUMs 1\nagreed yesterday\nend\n",
        "tka own AUMs 1\nagreed 2026-01-02T12:00:00.0Z\nend\n",
        "tka own AUMs 1\nagreed 2026-01-02T12:00:00Z\nagreed 2026-01-02T12:00:00Z\nend\n",
        "tka own AUMs 1\nunsent X\nend\n",
        "tka own AUMs 1\nUNSENT HASH\nend\n",
        "tka own AUMs 1\nunsent HASH\nunsent HASH\nend\n",
        "tka own AUMs 1\nunsent HASH\nacknowledged HASH at 2026-01-02T12:00:00Z\nend\n",
        "tka own AUMs 1\nacknowledged HASH at 2026-01-02\nend\n",
        "tka own AUMs 1\nacknowledged HASH\nend\n",
        "tka own AUMs 1\nunsent HASH\nagreed 2026-01-02T12:00:00Z\nend\n",
        "tka own AUMs 1\naside edit HASH at 2026-01-02T12:00:00Z as \nend\n",
        "tka own AUMs 1\naside edit HASH at 2026-01-02T12:00:00Z as AAAA\nend\n",
        "tka own AUMs 1\naside edit HASH at 2026-01-02T12:00:00Z as !\nend\n",
        "tka own AUMs 1\naside edit OTHER at 2026-01-02T12:00:00Z as BODY\nend\n",
        "tka own AUMs 1\naside thing HASH at 2026-01-02T12:00:00Z as BODY\nend\n",
        "tka own AUMs 1\naside edit HASH at 2026-01-02T12:00:00Z as BODY \nend\n",
      })
  void anythingElseIsRefusedWithItsLineAndStays(String pattern) throws Exception {
    store().commit(Commit.on(store().read().revision()).add(chains.get("B"), NOON).build());
    String text =
        pattern
            .replace("HASH", hash("A").toString())
            .replace("OTHER", hash("B").toString())
            .replace("BODY", base64("A"));
    Files.writeString(file(), text);

    assertThatThrownBy(() -> store().read())
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageMatching("(?s)tka-own: line [1-9].*");
    assertThatThrownBy(() -> store().commit(Commit.on(new Revision(1)).build()))
        .isInstanceOf(StoreException.Damaged.class);
    assertThat(file()).hasContent(text);
  }

  @Test
  void bytesThatAreNotTextAreRefused() throws Exception {
    byte[] content = file(ownAums).content().toByteArray();
    for (int i = 0; i < content.length; i += 3) {
      byte[] changed = content.clone();
      changed[i] ^= (byte) 0x80;
      assertThatThrownBy(() -> NotesFile.parse("notes", changed))
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageMatching("(?s)notes: line [1-9].*");
    }
  }

  @Test
  void aTruncatedFileIsRefused() throws Exception {
    byte[] content = file(ownAums).content().toByteArray();
    for (int length = 0; length < content.length; length++) {
      byte[] piece = Arrays.copyOf(content, length);
      assertThatThrownBy(() -> NotesFile.parse("notes", piece))
          .isInstanceOf(StoreException.Damaged.class);
    }
    assertThat(NotesFile.parse("notes", content).notes().ownAums()).isEqualTo(ownAums);
  }

  @Test
  void aFolderInItsPlaceIsRefused() throws Exception {
    Files.createDirectory(file());
    assertThatThrownBy(() -> store().read())
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining(NotesFile.NAME);
  }

  @Test
  void notesThatCouldNotBeReadBackAreNotWritten() throws Exception {
    NodeDirectory store = store();
    note(store, ownAums);
    Aum large = Chains.noOp(chains.get("A"), "x".repeat(Limits.MAX_NOTES_BYTES / 60), 1);
    OwnAums.SetAside edit = new OwnAums.SetAside(large, NOON, false);
    OwnAums tooMuch =
        new OwnAums(
            Map.of(), Set.of(), Optional.empty(), Stream.generate(() -> edit).limit(50).toList());

    assertThatThrownBy(() -> note(store, tooMuch))
        .isInstanceOf(StoreException.OverLimit.class)
        .hasMessageContaining("notes on own AUMs");
    assertThat(store.read().ownAums()).isEqualTo(ownAums);
  }

  @Test
  void aJournalMayNameTheNotesAndNothingElse() throws Exception {
    Files.write(
        directory.resolve(Journal.NAME),
        JournalTest.text("tka journal 2", "commit 1", "delete tka-own over nothing"));
    assertThat(Journal.standing(directory).entries()).hasSize(1);
    for (String place : List.of("tka-own2", "tka-owner", "./tka-own", "tka-lock", "AA/tka-own")) {
      Files.write(
          directory.resolve(Journal.NAME),
          JournalTest.text("tka journal 2", "commit 1", "delete " + place + " over nothing"));
      assertThatThrownBy(() -> Journal.standing(directory))
          .as(place)
          .isInstanceOf(StoreException.Damaged.class);
    }
  }
}
