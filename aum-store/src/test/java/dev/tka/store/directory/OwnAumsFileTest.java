package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.FakeClock;
import dev.tka.testkit.TestKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Protocol, section 10, "Unsent": how a node's directory keeps the notes on own AUMs. */
class OwnAumsFileTest {
  private static final Instant NOON = Instant.parse("2026-01-02T12:00:00Z");

  @TempDir Path directory;

  private final Chains chains =
      Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C[checkpoint]\n A -> X");
  private final OwnAums ownAums =
      new OwnAums(
          Map.of(
              hash("A"),
              Optional.of(NOON),
              hash("B"),
              Optional.empty(),
              hash("X"),
              Optional.of(NOON)),
          Optional.of(NOON.plusNanos(5)),
          List.of(
              new OwnAums.SetAside(chains.get("X"), NOON, false),
              new OwnAums.SetAside(chains.get("C"), NOON.minusSeconds(9), true)));

  private AumHash hash(String name) {
    return chains.get(name).hash();
  }

  private Path file() {
    return directory.resolve(OwnAumsFile.NAME);
  }

  private NodeDirectory store() throws StoreException {
    return NodeDirectory.at(directory, new FakeClock());
  }

  private AumSnapshot note(NodeDirectory store, OwnAums next) throws StoreException {
    return store.commit(Commit.on(store.read().revision()).ownAums(next).build());
  }

  @Test
  void everyFactIsAReadableLine() throws Exception {
    List<String> own = new ArrayList<>();
    own.add("acknowledged " + hash("A") + " at 2026-01-02T12:00:00Z");
    own.add("unsent " + hash("B"));
    own.add("acknowledged " + hash("X") + " at 2026-01-02T12:00:00Z");
    own.sort((one, other) -> hashIn(one).compareTo(hashIn(other)));
    List<String> expected = new ArrayList<>();
    expected.add("tka own AUMs 1");
    expected.add("agreed 2026-01-02T12:00:00.000000005Z");
    expected.addAll(own);
    expected.add("aside edit " + hash("X") + " at 2026-01-02T12:00:00Z as " + base64("X"));
    expected.add("aside revocation " + hash("C") + " at 2026-01-02T11:59:51Z as " + base64("C"));
    expected.add("end");

    note(store(), ownAums);

    assertThat(file()).hasContent(String.join("\n", expected) + "\n");
    assertThat(store().read().ownAums()).isEqualTo(ownAums);
  }

  private static AumHash hashIn(String line) {
    try {
      return AumHash.parse(line.split(" ", -1)[1]);
    } catch (TextException e) {
      throw new AssertionError(line, e);
    }
  }

  private String base64(String name) {
    return Base64.getEncoder().encodeToString(chains.get(name).encoded().toByteArray());
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

    Revision noted = note(store, ownAums).revision();
    String journal = Files.readString(directory.resolve(Journal.LAST));
    assertThat(Journal.parse(Journal.LAST, journal).moves())
        .extracting(move -> move.place().path())
        .containsExactly(OwnAumsFile.NAME);

    assertThat(note(store, ownAums).revision()).isEqualTo(noted);
    assertThat(directory.resolve(Journal.LAST)).hasContent(journal);
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

    assertThat(Journal.parse("", Files.readString(directory.resolve(Journal.LAST))).moves())
        .extracting(move -> move.place().path())
        .containsExactly(
            OwnAumsFile.NAME,
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
    Optional<String> temporary = next.map(any -> Journal.temporaryName(9, 0));
    Journal.Move move = Journal.Move.over(directory, temporary, Journal.Place.OWN_AUMS);
    if (next.isPresent()) {
      Files.write(
          directory.resolve(temporary.orElseThrow()),
          OwnAumsFile.of(next.get()).content().toByteArray());
    }
    Files.writeString(directory.resolve(Journal.PENDING), new Journal(9, List.of(move)).toText());
  }

  @Test
  void notesOfACrashedCommitCountAndAreMovedIntoPlace() throws Exception {
    OwnAums next = new OwnAums(Map.of(hash("C"), Optional.empty()), Optional.empty(), List.of());
    note(store(), ownAums);
    crash(Optional.of(next));

    assertThat(store().read().ownAums()).isEqualTo(next);
    store().commit(Commit.on(store().read().revision()).add(chains.get("A"), NOON).build());
    assertThat(store().read().ownAums()).isEqualTo(next);
    assertThat(directory.resolve(Journal.PENDING)).doesNotExist();
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
    String text = Files.readString(file());
    Files.writeString(file(), text.replaceFirst("agreed .*\n", ""));

    assertThatThrownBy(() -> store.commit(Commit.on(base).add(chains.get("A"), NOON).build()))
        .isInstanceOf(StoreException.Conflict.class);
    assertThat(store.read().ownAums())
        .isEqualTo(new OwnAums(ownAums.own(), Optional.empty(), ownAums.setAside()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "end\n",
        "tka own AUMs 1\n",
        "tka own AUMs 2\nend\n",
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
    byte[] content = OwnAumsFile.of(ownAums).content().toByteArray();
    for (int i = 0; i < content.length; i += 3) {
      byte[] changed = content.clone();
      changed[i] ^= (byte) 0x80;
      assertThatThrownBy(() -> OwnAumsFile.parse("notes", changed))
          .isInstanceOf(StoreException.Damaged.class)
          .hasMessageMatching("(?s)notes: line [1-9].*");
    }
  }

  @Test
  void aTruncatedFileIsRefused() throws Exception {
    byte[] content = OwnAumsFile.of(ownAums).content().toByteArray();
    for (int length = 0; length < content.length; length++) {
      byte[] piece = Arrays.copyOf(content, length);
      assertThatThrownBy(() -> OwnAumsFile.parse("notes", piece))
          .isInstanceOf(StoreException.Damaged.class);
    }
    assertThat(OwnAumsFile.parse("notes", content).ownAums()).isEqualTo(ownAums);
  }

  @Test
  void aFolderInItsPlaceIsRefused() throws Exception {
    Files.createDirectory(file());
    assertThatThrownBy(() -> store().read())
        .isInstanceOf(StoreException.Unavailable.class)
        .hasMessageContaining(OwnAumsFile.NAME);
  }

  @Test
  void notesThatCouldNotBeReadBackAreNotWritten() throws Exception {
    NodeDirectory store = store();
    note(store, ownAums);
    Aum large = Chains.noOp(chains.get("A"), "x".repeat(Limits.MAX_NOTES_BYTES / 60), 1);
    OwnAums.SetAside edit = new OwnAums.SetAside(large, NOON, false);
    OwnAums tooMuch =
        new OwnAums(Map.of(), Optional.empty(), Stream.generate(() -> edit).limit(50).toList());

    assertThatThrownBy(() -> note(store, tooMuch))
        .isInstanceOf(StoreException.OverLimit.class)
        .hasMessageContaining("notes on own AUMs");
    assertThat(store.read().ownAums()).isEqualTo(ownAums);
  }

  @Test
  void aJournalMayNameTheNotesAndNothingElse() throws Exception {
    String text = "tka journal 1\ncommit 1\ndelete PLACE over nothing\nend\n";
    assertThat(Journal.parse("", text.replace("PLACE", "tka-own")).moves()).hasSize(1);
    for (String place : List.of("tka-own2", "tka-owner", "./tka-own", "tka-lock", "AA/tka-own")) {
      assertThatThrownBy(() -> Journal.parse("", text.replace("PLACE", place)))
          .as(place)
          .isInstanceOf(StoreException.Damaged.class);
    }
  }
}
