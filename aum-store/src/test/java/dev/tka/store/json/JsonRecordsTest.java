package dev.tka.store.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.store.Revision;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Changes;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import dev.tka.store.testkit.FenceContract;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records in a JSON file. */
class JsonRecordsTest extends FenceContract {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("store.json");
  }

  @Override
  protected Tailnets place() throws Exception {
    return JsonFile.create(file());
  }

  private Path copy() throws Exception {
    Path copy = directory.resolve("copy.json");
    JsonFile.copy(file(), copy);
    return copy;
  }

  @Test
  void aFileThatWasPutBackIsAnotherPlace() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    Path copy = copy();
    put(records, "t", node(2));
    Changes.Position position = records.position();
    Optional<Path> aside = JsonFile.restore(copy, file(), Clock.systemUTC(), (done, total) -> {});
    assertThat(JsonFile.at(aside.orElseThrow()).records().orElseThrow().node("t", 2)).isPresent();
    assertThat(records.node("t", 1)).contains(node(1));
    assertThat(records.node("t", 2)).isEmpty();
    Changes changes = records.changesAfter(position, 10);
    assertThat(changes.complete()).isFalse();
    assertThat(records.changesAfter(changes.position(), 10).complete()).isTrue();
  }

  @Test
  void aFileThatWasCopiedBackByHandIsAnotherPlaceForWhoeverKnewTheNewerOne() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    Path copy = copy();
    put(records, "t", node(2));
    Changes.Position position = records.position();
    Files.move(copy, file(), StandardCopyOption.ATOMIC_MOVE);
    assertThat(records.changesAfter(position, 10).complete()).isFalse();
    Changes.Position back = records.position();
    put(records, "t", node(3));
    put(records, "t", node(4));
    assertThat(records.changesAfter(position, 10).complete()).isFalse();
    assertThat(records.changesAfter(back, 10).complete()).isFalse();
    Changes.Position now = records.position();
    assertThat(records(opened()).changesAfter(now, 10).complete()).isTrue();
  }

  @Test
  void aFileThatWasPutBackByHandWhileNobodyRanIsAnotherPlaceFromItsNextChangeOn() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    Path copy = copy();
    put(records, "t", node(2));
    put(records, "t", node(3));
    Changes.Position position = records.position();
    Files.move(copy, file(), StandardCopyOption.ATOMIC_MOVE);
    ControlRecords next = records(opened());
    assertThat(next.changesAfter(position, 10).complete()).isFalse();
    for (int id = 4; id <= 7; id++) {
      put(next, "t", node(id));
      assertThat(next.changesAfter(position, 10).complete()).isFalse();
    }
    // It is one place again.
    Changes.Position now = next.position();
    put(records(opened()), "t", node(8));
    Changes changes = records(opened()).changesAfter(now, 10);
    assertThat(changes.complete()).isTrue();
    assertThat(changes.tailnets()).hasSize(1);
  }

  @Test
  void aTailnetThatWasMovedAwaySinceACopyStaysSo() throws Exception {
    ControlRecords records = records(opened());
    put(records, "t", node(1));
    Path copy = copy();
    Fence moved = fence(records, "t", MOVED);
    JsonFile.restore(copy, file(), Clock.systemUTC(), (done, total) -> {});
    assertThat(records.fence("t").standing()).isEqualTo(moved.standing());
    assertThat(records.fence("t").epoch()).isGreaterThan(moved.epoch());
  }

  @Test
  void aFileThatAPersonEditedHasRevisionsThatNobodyKnows() throws Exception {
    Tailnets place = opened();
    add(place, "t", "A B");
    put(records(place), "t", node(1).withName(Optional.of("before")));
    Revision revision = place.tailnet("t").read().revision();
    Changes.Position position = records(place).position();
    String text = Files.readString(file());
    Files.writeString(
        file(),
        text.replace("\"before\"", "\"after\"")
            .replaceFirst("\"checksum\": \"[0-9a-f]*\"", "\"checksum\": \"\""));
    assertThat(records(place).node("t", 1).orElseThrow().name()).contains("after");
    Revision edited = place.tailnet("t").read().revision();
    assertThat(edited).isNotEqualTo(revision);
    assertThat(records(place).changesAfter(position, 10).complete()).isFalse();
    Tailnets other = opened();
    assertThat(other.tailnet("t").read().revision()).as("for everybody").isEqualTo(edited);
    assertThat(records(other).position()).isEqualTo(records(place).position());
    add(other, "t", "C");
    assertThat(place.tailnet("t").read().entries()).hasSize(3);
    assertThat(Files.readString(file())).doesNotContain("\"checksum\": \"\"");
  }
}
