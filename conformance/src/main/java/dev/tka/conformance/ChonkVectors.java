package dev.tka.conformance;

import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.store.directory.NodeDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * {@code chonk.jsonl}: a shipping node's directory, as the reference sees it before and after an
 * operation. The same operation runs here, and every file must equal the reference's. Where the
 * reference gives up, the naive models apply the page to the directory.
 */
final class ChonkVectors implements Checker {
  private static final String DAMAGE_QUIRK =
      "protocol.md section 9: sound parts open, damage is reported";

  @Override
  public void check(GoldenCase golden) throws Mismatch, IOException {
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      Mismatch.require("quirk", DAMAGE_QUIRK, quirk.get());
    }
    Map<String, String> mtimes = golden.optionalTextMap("mtimes").orElse(Map.of());
    List<String> dirs = golden.optionalTexts("dirs").orElse(List.of());
    Map<String, String> files = golden.optionalTextMap("files").orElse(Map.of());
    Optional<GoldenCase> op = golden.optionalObject("op");
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      directory.write(files, mtimes, dirs);
      NaiveDirectory naive = NaiveDirectory.read(files, dirs);
      requireNaiveView(naive, directory.path());
      // The quirk of a case with an op is in the operation; its directory is sound.
      if ((quirk.isEmpty() || op.isPresent()) && !naive.isRecordEmpty()) {
        requireView(golden, directory.path());
      } else {
        Mismatch.require(
            "damage or refusal, by the page",
            true,
            !naive.damaged().isEmpty()
                || naive.head().isEmpty()
                || !naive.isRecordReadable()
                || naive.isRecordEmpty());
        if (naive.isRecordEmpty()) {
          golden.object("errors").requireError("last_active_ancestor", true);
        } else {
          golden.informative("errors");
        }
        golden.informative("all_aums", "heads", "last_active_ancestor", "commit_times", "open");
      }
    }
    if (op.isPresent()) {
      GoldenCase after = golden.object("after");
      try (TemporaryDirectory directory = TemporaryDirectory.create()) {
        directory.write(files, mtimes, dirs);
        Optional<AumHash> head = NaiveDirectory.read(files, dirs).head();
        run(op.get(), directory.path());
        SortedMap<String, String> content = directory.content();
        NaiveDirectory naive = NaiveDirectory.read(content, dirs);
        requireNaiveView(naive, directory.path());
        if (quirk.isPresent()) {
          requireNothingLost(op.get(), files, head, content, naive);
          golden.informative("after");
          after.informative("files", "all_aums", "heads", "last_active_ancestor", "commit_times");
          after.informative("errors", "open");
        } else {
          SortedMap<String, String> expected =
              new TreeMap<>(after.optionalTextMap("files").orElse(Map.of()));
          Mismatch.require("files", expected, content);
          Mismatch.require(
              "files after an error",
              true,
              op.get().optionalText("error").isEmpty() || expected.equals(new TreeMap<>(files)));
          requireView(after, directory.path());
        }
      }
    }
  }

  /** Where the reference stops halfway: files stay, and compacting leaves the head. */
  private static void requireNothingLost(
      GoldenCase op,
      Map<String, String> files,
      Optional<AumHash> head,
      SortedMap<String, String> content,
      NaiveDirectory after)
      throws Mismatch {
    Mismatch.require("all files exist", true, content.keySet().containsAll(files.keySet()));
    if (op.text("op").equals("compact")) {
      Mismatch.require("head after compacting", head, after.head());
    }
  }

  /** Runs the case's operations on a directory, at the case's times. */
  private static void run(GoldenCase op, Path path) throws Mismatch {
    // An impossible operation, such as purging an unknown AUM, changes nothing here either.
    boolean refusedByReference = op.optionalText("error").isPresent();
    Clock clock =
        Clock.fixed(Instant.ofEpochSecond(op.optionalUnsigned("now").orElse(0L)), ZoneOffset.UTC);
    try {
      NodeDirectory directory = NodeDirectory.at(path, clock);
      AumSnapshot before = directory.read();
      Commit.Builder commit = Commit.on(before.revision());
      switch (op.text("op")) {
        case "inform" -> {
          LiveAuthority.open(directory, AdmissionPolicy.REFERENCE, clock)
              .inform(Golden.decodeAll(op.hexes("aums")));
          Mismatch.require("refused", refusedByReference, false);
        }
        case "commit" -> {
          for (Aum aum : Golden.decodeAll(op.hexes("aums"))) {
            commit.add(aum, clock.instant());
          }
          directory.commit(commit.build());
        }
        case "purge" -> {
          for (String hash : op.optionalTexts("hashes").orElse(List.of())) {
            commit.purge(AumHash.parse(hash));
          }
          directory.commit(commit.build());
        }
        case "compact" -> {
          Authority authority = Authority.open(before);
          CompactionPolicy policy = Golden.compactionPolicy(op);
          if (CompactionPlan.of(authority, policy, clock.instant())
              instanceof CompactionPlan.Decided plan) {
            plan.applyTo(directory, AdmissionPolicy.REFERENCE);
          }
        }
        default -> throw new Mismatch("unknown op: " + op.text("op"));
      }
    } catch (TkaException e) {
      // Both may refuse; the caller compares the files afterwards.
      Mismatch.require(
          op.text("op") + " refused (" + e.getMessage() + ")", refusedByReference, true);
    }
  }

  private static void requireView(GoldenCase view, Path path) throws Mismatch {
    GoldenCase errors = view.object("errors");
    GoldenCase open = view.object("open");
    Optional<String> expectedHead = open.optionalText("head");
    open.requireError("error", expectedHead.isEmpty());
    errors.requireError("all_aums", view.optionalTexts("all_aums").isEmpty());
    errors.requireError("heads", view.optionalTexts("heads").isEmpty());
    AumSnapshot snapshot;
    try {
      snapshot = NodeDirectory.at(path).read();
    } catch (StoreException e) {
      // We refuse the whole directory if its record is damaged, so there is no list to compare.
      errors.requireError("last_active_ancestor", true);
      Mismatch.require("head", expectedHead, Optional.empty());
      view.informative("all_aums", "heads", "last_active_ancestor", "commit_times");
      return;
    }
    errors.requireError("last_active_ancestor", false);
    Mismatch.require("AUMs", view.optionalTexts("all_aums"), allAums(snapshot));
    Mismatch.require("heads", view.optionalTexts("heads"), heads(snapshot));
    Mismatch.require(
        "last active ancestor",
        view.optionalText("last_active_ancestor"),
        snapshot.lastActiveAncestor().map(Object::toString));
    Map<String, String> times = new TreeMap<>();
    for (AumEntry entry : snapshot.entries()) {
      times.put(entry.hash().toString(), Long.toString(entry.committedAt().getEpochSecond()));
    }
    Mismatch.require(
        "commit times",
        new TreeMap<>(view.optionalTextMap("commit_times").orElse(Map.of())),
        times);
    Mismatch.require(
        "damage", List.of(), snapshot.damage().stream().filter(Damage::degrades).toList());
    try {
      Authority authority = Authority.open(snapshot);
      Mismatch.require("head", expectedHead, Optional.of(authority.head().toString()));
      Golden.requireAuthority(open, authority);
    } catch (TkaException e) {
      Mismatch.require("head (" + e.getMessage() + ")", expectedHead, Optional.empty());
    }
  }

  /**
   * Applies the page to a directory, damaged or not: the sound AUMs are found, each damaged file is
   * named, and the authority is degraded or refused.
   */
  private static void requireNaiveView(NaiveDirectory naive, Path path) throws Mismatch {
    AumSnapshot snapshot;
    try {
      snapshot = NodeDirectory.at(path).read();
    } catch (StoreException e) {
      Mismatch.require(
          "record readable, by the page (" + e.getMessage() + ")", naive.isRecordReadable(), false);
      return;
    }
    Mismatch.require("record readable, by the page", naive.isRecordReadable(), true);
    Mismatch.require(
        "AUMs, by the page",
        naive.aums().stream().map(aum -> aum.hash().toString()).sorted().toList(),
        Golden.sortedHashes(snapshot));
    List<AumHash> damaged = new ArrayList<>();
    for (Damage damage : snapshot.damage()) {
      AumHash hash = damage.hash().orElseThrow(() -> new Mismatch("damage: " + damage));
      damaged.add(hash);
      SortedSet<String> places = naive.damaged().getOrDefault(hash, new TreeSet<>());
      if (!places.contains(damage.where())) {
        throw new Mismatch(
            "damage, by the page: expected one of " + places + ", found " + damage.where());
      }
    }
    Mismatch.require(
        "damage, by the page",
        List.copyOf(naive.damaged().keySet()),
        damaged.stream().sorted().toList());
    Mismatch.require(
        "degraded, by the page",
        naive.isDegraded(),
        snapshot.damage().stream().anyMatch(Damage::degrades));
    try {
      Authority authority = Authority.open(snapshot);
      Mismatch.require("head, by the page", naive.head(), Optional.of(authority.head()));
      Mismatch.require(
          "authority degraded, by the page", naive.isDegraded(), authority.isDegraded());
    } catch (OpenException e) {
      Mismatch.require(
          "head, by the page (" + e.getMessage() + ")", naive.head(), Optional.empty());
    } catch (StoreException e) {
      throw new Mismatch("an AUM cannot be read: " + e.getMessage());
    }
  }

  private static Optional<List<String>> allAums(AumSnapshot snapshot) {
    return Optional.of(Golden.sortedHashes(snapshot));
  }

  private static Optional<List<String>> heads(AumSnapshot snapshot) {
    return Optional.of(
        snapshot.entries().stream()
            .filter(entry -> snapshot.children(entry.hash()).isEmpty())
            .map(entry -> entry.hash().toString())
            .sorted()
            .toList());
  }

  /** A case's files on disk, for the duration of its check. */
  private record TemporaryDirectory(Path path) implements AutoCloseable {
    static TemporaryDirectory create() throws IOException {
      return new TemporaryDirectory(Files.createTempDirectory("tka-conformance"));
    }

    void write(Map<String, String> files, Map<String, String> mtimes, List<String> emptyDirectories)
        throws Mismatch, IOException {
      for (String empty : emptyDirectories) {
        Files.createDirectories(inside(empty));
      }
      for (Map.Entry<String, String> file : files.entrySet()) {
        Path target = inside(file.getKey());
        Files.createDirectories(target.getParent());
        try {
          Files.write(target, Bytes.parseHex(file.getValue()).toByteArray());
        } catch (TextException e) {
          throw new Mismatch("file " + file.getKey() + ": " + e.getMessage());
        }
        String mtime = mtimes.get(file.getKey());
        if (mtime != null) {
          Files.setLastModifiedTime(
              target, FileTime.from(Instant.ofEpochSecond(Long.parseLong(mtime))));
        }
      }
    }

    /** Every file that the reference would have, in hexadecimal; it has no files of ours. */
    SortedMap<String, String> content() throws IOException {
      SortedMap<String, String> content = new TreeMap<>();
      try (Stream<Path> files = Files.walk(path)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          String name = path.relativize(file).toString();
          if (!name.startsWith(NodeDirectory.OWN_FILES)) {
            content.put(name, Bytes.copyOf(Files.readAllBytes(file)).toHex());
          }
        }
      }
      return content;
    }

    /** Golden data may come from a stranger, and must not write elsewhere. */
    private Path inside(String name) throws Mismatch {
      return TemporaryFiles.inside(path, name)
          .orElseThrow(() -> new Mismatch("file " + name + ": not inside the directory"));
    }

    @Override
    public void close() throws IOException {
      TemporaryFiles.delete(path);
    }
  }
}
