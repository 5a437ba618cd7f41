package dev.tka.tlog.heads;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.tlog.Checkpoint;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignedNote;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.TilePath;
import dev.tka.tlog.Tiles;
import dev.tka.tlog.TreeHash;
import dev.tka.tlog.VerifierKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a look at a log costs whoever looks, whatever control serves. */
class LookBoundsTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final SignerKey LOG = SignerKey.generate("log", VerifierKey.Kind.NOTE, RANDOM);
  private static final SignerKey WITNESS =
      SignerKey.generate("w", VerifierKey.Kind.COSIGNATURE, RANDOM);
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String ORIGIN = "log/1";

  private final List<String> asked = new ArrayList<>();

  private static HeadWatch watch() throws TextException {
    String policy = "log " + LOG.verifier() + "\nwitness w " + WITNESS.verifier() + "\nquorum w\n";
    return new HeadWatch(
        LogPolicy.parse(policy.getBytes(StandardCharsets.UTF_8)), HeadWatch.USUAL_AGE);
  }

  private static SignedNote cosigned(Checkpoint checkpoint) {
    String text = checkpoint.text();
    return new SignedNote(
        text, List.of(LOG.sign(ORIGIN, text), WITNESS.cosign(text, NOW.minusSeconds(1))));
  }

  private static Optional<HeadEntry.Lock> lock(int number) {
    return Optional.of(
        new HeadEntry.Lock(
            1, 1, AumHash.ofEncoding(Bytes.copyOf(new byte[] {(byte) number})), number));
  }

  private static HeadEntry entry(int number, Duration ago) {
    return new HeadEntry(lock(number), NOW.minus(ago), Optional.empty(), Optional.empty());
  }

  private void assertFewAndEachOnce(int most) {
    assertThat(asked).hasSizeLessThanOrEqualTo(most).doesNotHaveDuplicates();
  }

  @Test
  void aLogThatSaysThatItIsAsLargeAsCanBeIsAskedForAFewTiles() throws Exception {
    TreeHash root = TreeHash.ofEntry(Bytes.empty());
    for (long size : List.of(Long.MAX_VALUE, 1L << 62, (1L << 62) - 1)) {
      asked.clear();
      HeadWatch.Source junk =
          path -> {
            asked.add(path);
            if (path.equals("checkpoint")) {
              return Optional.of(cosigned(new Checkpoint(ORIGIN, size, root)).encode());
            }
            try {
              TilePath tile = TilePath.parse(path);
              return Optional.of(
                  tile.level().isPresent()
                      ? new byte[32 * tile.width()]
                      : Tiles.bundle(
                          Collections.nCopies(
                              tile.width(), entry(1, Duration.ofHours(1)).bytes())));
            } catch (TextException e) {
              throw new IOException(e);
            }
          };
      HeadWatch.Seen before = new HeadWatch.Seen(ORIGIN, size / 2 - 1, root, Optional.empty());
      HeadWatch.Result result =
          watch().look(junk, Optional.of(before), Optional.of(new HeadWatch.Held(lock(1))), NOW);
      assertThat(result.outcome().kind()).isEqualTo(HeadWatch.Kind.REWRITTEN);
      assertFewAndEachOnce(20);
    }
  }

  @Test
  void aLogOfNothingButHeadsThatWereStrangeIsReadOnce() throws Exception {
    HeadsLog log = HeadsLog.begin(ORIGIN, entry(1, Duration.ofHours(30)));
    for (int i = 1; i < HeadsLog.MOST; i++) {
      log = log.with(entry(1 + i % 2, Duration.ofHours(1)));
    }
    HeadsLog served = log;
    HeadWatch.Source source =
        path -> {
          asked.add(path);
          try {
            return path.equals("checkpoint")
                ? Optional.of(cosigned(served.checkpoint()).encode())
                : served.tile(TilePath.parse(path));
          } catch (TextException e) {
            throw new IOException(e);
          }
        };
    List<String> heads =
        List.of(1, 2).stream().map(each -> lock(each).orElseThrow().head().toString()).toList();
    HeadWatch.Seen before =
        new HeadWatch.Seen(
            ORIGIN,
            log.size() - 1,
            root(log.size() - 1),
            Optional.of(new HeadWatch.Strange(NOW.minus(Duration.ofDays(2)), 9, heads)));
    HeadWatch.Result result =
        watch().look(source, Optional.of(before), Optional.of(new HeadWatch.Held(lock(9))), NOW);
    assertThat(result.outcome().toString())
        .isEqualTo(
            "the log is in order: the head that is here is on its way into it; nothing to do");
    assertFewAndEachOnce(20);
  }

  private static TreeHash root(long size) {
    HeadsLog log = HeadsLog.begin(ORIGIN, entry(1, Duration.ofHours(30)));
    for (int i = 1; i < size; i++) {
      log = log.with(entry(1 + i % 2, Duration.ofHours(1)));
    }
    return log.checkpoint().root();
  }
}
