package dev.tka.store.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.PendingInit;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.RetiredAuthority;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.testkit.NotedStore;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadsLog;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

/** What is kept of a tailnet goes to JSON and back; any other text is refused in one line. */
@PropertyDefaults(edgeCases = EdgeCasesMode.NONE)
class StateJsonProperties {
  private final Chains chains = Chains.draw(List.of(TestKeys.key(1, 2)), "A -> B -> C");

  /** Reads a row as a store does. */
  private interface Reading<T> {
    T from(Row row) throws StoreException.Damaged;
  }

  private static <T> T again(Row row, Reading<T> reading) throws StoreException.Damaged {
    String text = row.toString();
    assertThat(text).doesNotContain("\n");
    Row parsed = Row.parse("a row", text);
    T read = reading.from(parsed);
    parsed.end();
    return read;
  }

  private static Arbitrary<Long> numbers() {
    return Arbitraries.frequencyOf(
        Tuple.of(3, Arbitraries.longs()),
        Tuple.of(1, Arbitraries.of(Long.MIN_VALUE, -1L, 0L, 1L, Long.MAX_VALUE)));
  }

  private static Arbitrary<Bytes> bytes(int size) {
    return Arbitraries.bytes().array(byte[].class).ofSize(size).map(Bytes::copyOf);
  }

  private static Arbitrary<AumHash> hashes() {
    return bytes(AumHash.SIZE).map(bytes -> AumHash.of(bytes.toByteArray()));
  }

  private static Arbitrary<Instant> times() {
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.longs().between(0, 4_000_000_000L).map(Instant::ofEpochSecond)),
        Tuple.of(1, Arbitraries.longs().between(0, 1L << 60).map(n -> Instant.EPOCH.plusNanos(n))),
        Tuple.of(1, Arbitraries.of(Instant.MIN, Instant.MAX, Instant.EPOCH)));
  }

  /** Texts that can be kept: of all characters, but no halves of pairs. */
  private static Arbitrary<String> texts() {
    return Arbitraries.strings()
        .ofMaxLength(30)
        .map(
            text ->
                new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)
                    .replace('\0', '?'));
  }

  private static Arbitrary<DisablementSecret> secrets() {
    return bytes(32).map(bytes -> DisablementSecret.of(bytes.toByteArray()));
  }

  private static Arbitrary<AuthorityName> authorities() {
    return Combinators.combine(hashes(), numbers(), numbers()).as(AuthorityName::new);
  }

  @Provide
  Arbitrary<TailnetRecord> records() {
    Arbitrary<PendingInit> begun =
        Combinators.combine(numbers().optional(), times())
            .as((by, at) -> new PendingInit(chains.get("A"), by, at));
    Arbitrary<RetiredAuthority> retired =
        Combinators.combine(authorities(), secrets(), times(), texts()).as(RetiredAuthority::new);
    return Combinators.combine(
            authorities().optional(),
            begun.optional(),
            retired.list().ofMaxSize(3),
            secrets().optional(),
            Arbitraries.of(true, false),
            times().optional(),
            thresholds(),
            proposals().list().ofMaxSize(3))
        .as(
            (authority, init, ended, support, made, restored, votes, proposed) ->
                new TailnetRecord(
                    authority,
                    init,
                    ended,
                    support,
                    made,
                    restored,
                    votes,
                    proposed,
                    Optional.empty()))
        .flatMap(record -> logs().optional().map(log -> log.map(record::withLog).orElse(record)));
  }

  private static Arbitrary<HeadsLog> logs() {
    Arbitrary<HeadEntry.Lock> locks =
        Combinators.combine(numbers(), numbers(), hashes(), Arbitraries.longs().between(0, 9))
            .as(HeadEntry.Lock::new);
    return Combinators.combine(
            locks.optional(),
            Arbitraries.longs().between(0, 4_000_000_000L).map(Instant::ofEpochSecond),
            hashes().optional())
        .as((lock, at, displaced) -> new HeadEntry(lock, at, displaced, Optional.of("before")))
        .list()
        .ofMinSize(1)
        .ofMaxSize(4)
        .map(entries -> new HeadsLog("origin", List.of(), entries));
  }

  private static Arbitrary<Thresholds> thresholds() {
    Arbitrary<Long> votes = Arbitraries.longs().between(0, Thresholds.MOST);
    return Combinators.combine(votes, votes, votes, votes).as(Thresholds::new);
  }

  private Arbitrary<Proposal> proposals() {
    Arbitrary<Proposal.Subject> edits =
        Combinators.combine(
                Arbitraries.of("A", "B").map(chains::get).list().ofMaxSize(2),
                Arbitraries.of(true, false))
            .as(
                (operations, complete) ->
                    new Proposal.Subject.Edits(operations, chains.get("B"), complete));
    Arbitrary<Proposal.Outcome> outcomes =
        Arbitraries.oneOf(
            Combinators.combine(times(), hashes().optional()).as(Proposal.Outcome.Done::new),
            Combinators.combine(times(), texts()).as(Proposal.Outcome.Ended::new));
    Arbitrary<AumSignature> signatures =
        Combinators.combine(bytes(32), bytes(64)).as(AumSignature::of);
    return Combinators.combine(
            texts(),
            authorities(),
            times(),
            Arbitraries.oneOf(edits, Arbitraries.just(new Proposal.Subject.Disable())),
            signatures.list().ofMaxSize(2),
            bytes(32).list().ofMaxSize(2),
            outcomes.optional())
        .as(Proposal::new);
  }

  @Property(tries = 100)
  void recordsGoThereAndBack(@ForAll("records") TailnetRecord record) throws Exception {
    assertThat(again(StateJson.row(record), StateJson::tailnetRecord)).isEqualTo(record);
  }

  @Provide
  Arbitrary<Fence> fences() {
    Arbitrary<Optional<URI>> servers =
        Arbitraries.of("https://tka.example:8443/a", "http://[::1]:80", "unix:/run/x")
            .map(URI::create)
            .optional();
    Arbitrary<Fence.Standing> standings =
        Arbitraries.oneOf(
            Arbitraries.just(new Fence.Standing.Open()),
            times().map(Fence.Standing.Fenced::new),
            Combinators.combine(texts(), servers, times()).as(Fence.Standing.Moved::new),
            Combinators.combine(texts(), servers)
                .as((from, server) -> new Fence.Standing.Shadow(from, server)));
    return Combinators.combine(numbers(), texts().optional(), standings).as(Fence::new);
  }

  @Property(tries = 100)
  void fencesGoThereAndBack(@ForAll("fences") Fence fence) throws Exception {
    assertThat(again(StateJson.row(fence), StateJson::fence)).isEqualTo(fence);
  }

  @Provide
  Arbitrary<NodeRecord> nodes() {
    Arbitrary<NodeRecord.Signature> signatures =
        Combinators.combine(
                Arbitraries.integers().between(0, 99).flatMap(StateJsonProperties::bytes), hashes())
            .as(NodeRecord.Signature::new);
    Arbitrary<NodeRecord.Told> told =
        Arbitraries.oneOf(
            hashes().map(NodeRecord.Told.Retired::new),
            hashes().map(NodeRecord.Told.CatchingUp::new));
    return Combinators.combine(
            numbers().map(number -> Math.max(1, number & Long.MAX_VALUE)),
            bytes(NodeKey.SIZE).map(NodeKey::new),
            bytes(LockPublicKey.SIZE).map(LockPublicKey::new).optional(),
            signatures.optional(),
            texts().filter(NodeRecord::isName).optional(),
            Arbitraries.of(true, false),
            Arbitraries.of(true, false),
            told.optional())
        .as(NodeRecord::new);
  }

  @Property(tries = 100)
  void nodesGoThereAndBack(@ForAll("nodes") NodeRecord node) throws Exception {
    assertThat(again(StateJson.row(node), StateJson::node)).isEqualTo(node);
  }

  @Provide
  Arbitrary<NodeSighting> sightings() {
    return Combinators.combine(
            numbers(),
            times().filter(time -> !time.equals(Instant.MIN)),
            hashes().optional(),
            hashes().optional(),
            texts(),
            texts())
        .as(NodeSighting::new);
  }

  @Property(tries = 100)
  void sightingsGoThereAndBack(@ForAll("sightings") NodeSighting sighting) throws Exception {
    assertThat(again(StateJson.row(sighting), StateJson::sighting)).isEqualTo(sighting);
  }

  @Provide
  Arbitrary<NodeToken> tokens() {
    return Combinators.combine(bytes(32), texts(), numbers(), times()).as(NodeToken::new);
  }

  @Property(tries = 100)
  void tokensGoThereAndBack(@ForAll("tokens") NodeToken token) throws Exception {
    assertThat(again(StateJson.row(token), StateJson::token)).isEqualTo(token);
  }

  @Property(tries = 100)
  void aumsTrailAndNotesGoThereAndBack(@ForAll long seed) throws Exception {
    AumSnapshot snapshot = new NotedStore().fill(new MemoryAumStore(), seed);
    for (AumEntry entry : snapshot.entries()) {
      Bytes encoded = snapshot.encoded(entry.hash());
      assertThat(again(StateJson.row(entry, encoded), StateJson::item))
          .isEqualTo(
              new AumIndex.Item<>(
                  entry.hash(),
                  entry.parent(),
                  entry.kind(),
                  entry.committedAt().getEpochSecond(),
                  entry.facts(),
                  entry.size(),
                  encoded));
    }
    for (TrailEntry entry : snapshot.trail().entries()) {
      assertThat(again(StateJson.row(entry), StateJson::trailEntry)).isEqualTo(entry);
    }
    assertThat(again(StateJson.row(snapshot.notes()), StateJson::notes))
        .isEqualTo(snapshot.notes());
  }

  private static final List<Reading<?>> READINGS =
      List.of(
          StateJson::tailnetRecord,
          StateJson::fence,
          StateJson::node,
          StateJson::sighting,
          StateJson::token,
          StateJson::item,
          StateJson::trailEntry,
          StateJson::notes);

  private static void requireOneLine(String text) {
    for (Reading<?> reading : READINGS) {
      try {
        Row row = Row.parse("a row", text);
        reading.from(row);
        row.end();
      } catch (StoreException.Damaged e) {
        assertThat(e.getMessage()).startsWith("a row: ").doesNotContain("\n").hasSizeLessThan(500);
      }
    }
  }

  @Property(tries = 150)
  void anyTextIsRefusedInOneLine(@ForAll String text) {
    requireOneLine(text);
    requireOneLine("{" + text + "}");
    requireOneLine("{\"" + text + "\":1}");
  }

  @Property(tries = 150)
  void anAlteredRowIsReadOrRefusedInOneLine(
      @ForAll("nodes") NodeRecord node,
      @ForAll("records") TailnetRecord record,
      @ForAll int place,
      @ForAll char other) {
    for (Row row : List.of(StateJson.row(node), StateJson.row(record))) {
      StringBuilder text = new StringBuilder(row.toString());
      int at = Math.floorMod(place, text.length());
      requireOneLine(text.substring(0, at));
      text.setCharAt(at, other);
      requireOneLine(text.toString());
    }
  }

  @Test
  void eachMistakeIsNamedByItsMember() {
    refused("{\"node\":1,\"node\":2}", "expected each member once, found \"node\" twice");
    refused("{\"node\":1.5}", "line 1: expected a text, a whole number");
    refused("{\"node\":\"1\"}", "\"node\": expected a whole number, found something else");
    refused("{\"node\":0}", "\"node\": expected a number of 1 or more, found something else");
    refused("{\"node\":99999999999999999999}", "expected JSON, found something else");
    refused("{\"node\":1}", "\"nodeKey\": expected a node key, found nothing");
    refused("{\"node\":1,\"nodeKey\":\"x\"}", "\"nodeKey\": expected a node key");
    refused("{\"node\":1,\"signature\":\"AA\"}", "\"signature\": expected bytes in base64");
    refused("{\"node\":1,\"signature\":\"AB==\"}", "\"signature\": expected bytes in base64");
    refused("{\"node\":1", "truncated: expected more, found the end");
    refused("{} {}", "expected the end of the text, found more");
    refused("[]", "expected an object in JSON");
    refused("{\"a\":".repeat(100), "expected at most 16 levels");
    refused("null", "expected an object in JSON");
    Row row = Row.empty().put("x\u202e", "y");
    assertThatThrownBy(() -> Row.parse("a row", row.toString()).end())
        .hasMessage("a row: expected no more members, found \"x\\u202e\"");
  }

  private static void refused(String text, String why) {
    assertThatThrownBy(() -> StateJson.node(Row.parse("a row", text)))
        .isInstanceOf(StoreException.Damaged.class)
        .hasMessageStartingWith("a row: ")
        .hasMessageContaining(why);
  }
}
