package dev.tka.cli.demo;

import dev.tka.cli.command.SyncRun;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.AumEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import dev.tka.sync.Intersection;
import dev.tka.sync.SyncOffer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The case that this project was made for: a node that compacted and was then away for a long time.
 * The AUMs that it kept fall between the samples of a legacy offer. An offer now names every
 * checkpoint, and the node always keeps one of them.
 */
public final class SyncDemo {
  private static final int SEEN_BY_NODE = 130;
  private static final int BEHIND = 1500;
  private static final int BATCH = 10;
  private static final Duration BETWEEN_BATCHES = Duration.ofDays(3);
  private static final int COLUMNS = 72;

  private static final String TAILNET = "away.example";

  private final Path folder;
  private final Tailnets tailnets;
  private final SecureRandom random;
  private final PrintWriter out;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  public SyncDemo(Path folder, Tailnets tailnets, SecureRandom random, PrintWriter out) {
    this.folder = folder;
    this.tailnets = tailnets;
    this.random = random;
    this.out = out;
  }

  public void run() throws TkaException, CommandFailure {
    DemoCommand.title(out, "7. A node that compacted, then was away for a long time");
    LockPrivateKey ann = LockPrivateKey.generate(random);
    Aum genesis = genesis(ann);
    LiveAuthority control =
        LiveAuthority.bootstrap(
            tailnets.tailnet(TAILNET), genesis, AdmissionPolicy.CONTROL, clock());
    NodeDirectory directory = NodeDirectory.create(folder.resolve("node"), clock());
    LiveAuthority node = grow(control, ann, directory, genesis);
    compact(node, directory);
    Authority before = node.current();
    Authority all = control.current();
    List<AumHash> chain = all.newestFirst(all.length());
    out.println(
        "control has   "
            + Texts.count(all.length(), "AUM")
            + ", in the same file as "
            + Texts.count(tailnets.revisions().size() - 1, "other tailnet"));
    out.println(
        "the node has  "
            + Texts.count(before.length(), "AUM")
            + ", "
            + (all.length() - 1 - height(all, before.head()))
            + " behind");
    out.println();
    out.println("                 genesis" + " ".repeat(COLUMNS - 11) + "head");
    draw("control holds", all, chain, '-');
    draw("node holds", all, before.newestFirst(before.length()), '=');
    SyncOffer legacy = SyncOffer.legacy(all);
    SyncOffer offer = SyncOffer.of(all);
    draw("legacy offer", all, legacy.ancestors(), '^');
    draw("offer", all, offer.ancestors(), '^');
    out.println();
    explain("legacy offer, " + Texts.count(legacy.ancestors().size(), "ancestor"), before, legacy);
    explain("offer, " + Texts.count(offer.ancestors().size(), "ancestor"), before, offer);
    if (!(Intersection.find(before, legacy) instanceof Intersection.None)) {
      throw new CommandFailure(ExitCode.VERIFICATION_FAILED, "the demo's legacy offer was found");
    }
    out.println();
    SyncRun run = SyncRun.of(node, control);
    int moved =
        run.rounds().stream().mapToInt(round -> round.answer().missing().hashes().size()).sum();
    out.println(
        Texts.count(run.rounds().size(), "round")
            + ", "
            + Texts.count(moved, "AUM")
            + " sent. "
            + Texts.capitalized(run.outcome().reason()));
    DemoCommand.requireEqual(
        "head",
        control.current().head().toString(),
        Authority.open(NodeDirectory.at(folder.resolve("node"))).head().toString());
  }

  private Aum genesis(LockPrivateKey ann) throws TkaException {
    DisablementSecret secret = DisablementSecret.generate(random);
    return Genesis.create(
        List.of(secret.value()), List.of(Key.of(ann.publicKey(), 1)), ann, random);
  }

  /** Control's chain; the node follows for a while. */
  private LiveAuthority grow(
      LiveAuthority control, LockPrivateKey ann, NodeDirectory directory, Aum genesis)
      throws TkaException {
    LiveAuthority node = LiveAuthority.bootstrap(directory, genesis, AdmissionPolicy.NODE, clock());
    while (control.current().length() < SEEN_BY_NODE + BEHIND) {
      now = now.plus(BETWEEN_BATCHES);
      UpdateBuilder builder = new UpdateBuilder(control.current(), ann);
      int left = SEEN_BY_NODE + BEHIND - control.current().length();
      for (int i = 0; i < Math.min(BATCH, left); i++) {
        builder.setVotes(ann.publicKey().bytes(), 1 + i % 2);
      }
      List<Aum> updates = builder.build().updates();
      control.inform(updates);
      if (control.current().length() <= SEEN_BY_NODE) {
        node.inform(updates);
      }
    }
    return node;
  }

  private void compact(LiveAuthority node, NodeDirectory directory) throws TkaException {
    CompactionPlan plan = CompactionPlan.of(node.current(), CompactionPolicy.DEFAULT, now);
    if (plan instanceof CompactionPlan.Decided decided) {
      decided.applyTo(directory, AdmissionPolicy.NODE);
    }
    node.refresh();
  }

  private void explain(String what, Authority node, SyncOffer offer) {
    out.println(what + ":");
    out.println("  the node finds " + Intersection.find(node, offer).reason());
  }

  /** A line of the picture: control's chain from left to right, with the marked part. */
  private void draw(String label, Authority all, Collection<AumHash> meant, char mark) {
    char[] line = new char[COLUMNS];
    Arrays.fill(line, ' ');
    for (AumHash hash : meant) {
      line[(int) ((long) height(all, hash) * (COLUMNS - 1) / (all.length() - 1))] = mark;
    }
    out.println(String.format("%-15s  %s", label, new String(line).stripTrailing()));
  }

  private static int height(Authority all, AumHash hash) {
    return all.snapshot().find(hash).map(AumEntry::height).orElseThrow();
  }

  private Clock clock() {
    return new Clock() {
      @Override
      public Instant instant() {
        return now;
      }

      @Override
      public ZoneOffset getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        return this;
      }
    };
  }
}
