package dev.tka.store.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The text of a journal. */
class JournalTest {
  @TempDir Path directory;

  /** A journal's lines, and their checksum. */
  static byte[] text(String... lines) {
    String text = String.join("\n", lines) + "\n";
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.US_ASCII));
    return (text + String.format(Locale.ROOT, "end %08x\n", crc.getValue()))
        .getBytes(StandardCharsets.US_ASCII);
  }

  private Journal read(byte[] content) throws IOException, StoreException {
    Files.write(directory.resolve(Journal.NAME), content);
    return Journal.standing(directory);
  }

  private Journal some() throws IOException {
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B");
    AumFile file = new AumFile(chains.get("A"), Instant.now().getEpochSecond(), Optional.of(7L));
    return new Journal(
        12,
        List.of(
            Journal.Entry.over(directory, file),
            Journal.Entry.over(
                directory, Journal.Place.NOTES, Optional.of(Bytes.copyOf(new byte[] {1, 2}))),
            Journal.Entry.over(directory, Journal.Place.LAST_ACTIVE_ANCESTOR, Optional.empty())));
  }

  @Test
  void itIsReadAsItWasWritten() throws Exception {
    assertThat(Journal.standing(directory)).isEqualTo(Journal.NONE);
    Files.write(directory.resolve(Journal.Place.LAST_ACTIVE_ANCESTOR.path()), new byte[32]);
    Journal journal = some();
    assertThat(read(journal.encode())).isEqualTo(journal);
  }

  @Test
  void aChangedOrMissingByteIsFoundAndTheMessageSaysHowToGoOn() throws Exception {
    byte[] sound = some().encode();
    for (int i = 0; i < sound.length; i++) {
      byte[] changed = sound.clone();
      changed[i] ^= 1;
      byte[] cut = Arrays.copyOf(sound, i);
      for (byte[] wrong : List.of(changed, cut)) {
        if (Arrays.equals(
            Arrays.copyOf(wrong, sound.length - 1), Arrays.copyOf(sound, sound.length - 1))) {
          // Only the last line break.
          continue;
        }
        assertThatThrownBy(() -> read(wrong))
            .as("byte %d of %d", i, sound.length)
            .isInstanceOf(StoreException.Damaged.class)
            .hasMessageContaining("move tka-journal away to continue");
      }
    }
  }

  @Test
  void anAumsFileHoldsThatAum() throws Exception {
    Chains chains = Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B");
    String other = DirectoryScan.placeOf(chains.get("B").hash());
    String line =
        new String(some().encode(), StandardCharsets.US_ASCII)
            .lines()
            .skip(2)
            .findFirst()
            .orElseThrow()
            .replaceFirst("write \\S+", "write " + other);
    assertThatThrownBy(() -> read(text("tka journal 2", "commit 1", line)))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageContaining("line 3: expected the file of " + chains.get("B").hash());
  }
}
