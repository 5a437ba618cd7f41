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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * {@code chonk.jsonl}: a shipping node's directory, and what the reference sees in it before and
 * after it did something to it, which is done here, too: every file must be the reference's.
 */
final class ChonkVectors implements Checker {
  private static final String DAMAGE_QUIRK =
      "protocol.md section 9: sound parts open, damage is reported";

  private final DamageExpectations expectations = DamageExpectations.load();

  @Override
  public void check(GoldenCase golden) throws Mismatch, IOException {
    String name = golden.text("name");
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent()) {
      Mismatch.require("quirk", DAMAGE_QUIRK, quirk.get());
    }
    // The quirk of a case with an op is in the doing; its directory is sound.
    boolean damaged = quirk.isPresent() && !golden.has("op");
    if (damaged) {
      golden.informative("all_aums", "heads", "last_active_ancestor", "commit_times", "errors");
      golden.informative("open");
    }
    Map<String, String> mtimes = golden.optionalTextMap("mtimes").orElse(Map.of());
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      directory.write(golden, mtimes, golden.optionalTexts("dirs").orElse(List.of()));
      if (damaged) {
        requireDamage(name, directory.path());
      } else {
        requireView(golden, directory.path());
      }
    }
    Optional<GoldenCase> op = golden.optionalObject("op");
    if (op.isPresent()) {
      GoldenCase after = golden.object("after");
      try (TemporaryDirectory directory = TemporaryDirectory.create()) {
        directory.write(golden, mtimes, golden.optionalTexts("dirs").orElse(List.of()));
        run(op.get(), directory.path());
        Mismatch.require(
            "files",
            new TreeMap<>(after.optionalTextMap("files").orElse(Map.of())),
            directory.content());
        requireView(after, directory.path());
      }
    }
  }

  /** Does to a directory what the case says, at the time that it says. */
  private static void run(GoldenCase op, Path path) throws Mismatch {
    // What the reference cannot do, such as purging an unknown AUM, changes nothing here either.
    op.informative("error");
    Clock clock =
        Clock.fixed(Instant.ofEpochSecond(op.optionalUnsigned("now").orElse(0L)), ZoneOffset.UTC);
    try {
      NodeDirectory directory = NodeDirectory.at(path, clock);
      AumSnapshot before = directory.read();
      Commit.Builder commit = Commit.on(before.revision());
      switch (op.text("op")) {
        case "inform" ->
            LiveAuthority.open(directory, AdmissionPolicy.REFERENCE, clock)
                .inform(Golden.decodeAll(op.hexes("aums")));
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
        default -> throw new Mismatch("unknown op " + op.text("op"));
      }
    } catch (TkaException e) {
      throw new Mismatch(op.text("op") + ": " + e.getMessage());
    }
  }

  private static void requireView(GoldenCase view, Path path) throws Mismatch {
    view.informative("errors");
    GoldenCase open = view.object("open");
    open.informative("error");
    Optional<String> expectedHead = open.optionalText("head");
    AumSnapshot snapshot;
    try {
      snapshot = NodeDirectory.at(path).read();
    } catch (StoreException e) {
      // We refuse a directory with a damaged record whole, so there is no list to compare.
      GoldenCase errors = view.object("errors");
      Mismatch.require(
          "record damaged (" + e.getMessage() + ")", errors.has("last_active_ancestor"), true);
      errors.informative("last_active_ancestor");
      Mismatch.require("head", expectedHead, Optional.empty());
      view.informative("all_aums", "heads", "last_active_ancestor", "commit_times");
      return;
    }
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
   * What a damaged directory must come to: the sound AUMs are there, each damaged file is named,
   * and the authority is degraded or refused.
   */
  private void requireDamage(String name, Path path) throws Mismatch {
    DamageExpectations.Expected found;
    try {
      AumSnapshot snapshot = NodeDirectory.at(path).read();
      found =
          new DamageExpectations.Expected(
              snapshot.damage().stream().map(Damage::where).toList(), head(snapshot));
    } catch (StoreException e) {
      throw new Mismatch("the directory cannot be read at all: " + e.getMessage());
    }
    Optional<DamageExpectations.Expected> expected = expectations.find(name);
    if (expected.isPresent()) {
      Mismatch.require("damage and head", expected.get(), found);
    } else if (found.damaged().isEmpty() && found.head().isPresent()) {
      throw new Mismatch("the damage is not reported, and the authority opens as if all were well");
    }
  }

  private static Optional<String> head(AumSnapshot snapshot) throws StoreException {
    try {
      return Optional.of(Authority.open(snapshot).head().toString());
    } catch (OpenException e) {
      return Optional.empty();
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

  /** A case's files on disk, for as long as it is looked at. */
  private record TemporaryDirectory(Path path) implements AutoCloseable {
    static TemporaryDirectory create() throws IOException {
      return new TemporaryDirectory(Files.createTempDirectory("tka-conformance"));
    }

    void write(GoldenCase golden, Map<String, String> mtimes, List<String> emptyDirectories)
        throws Mismatch, IOException {
      for (String empty : emptyDirectories) {
        Files.createDirectories(inside(empty));
      }
      Map<String, String> files = golden.optionalTextMap("files").orElse(Map.of());
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

    /** Golden data may be a stranger's, and must not write elsewhere. */
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
