package dev.tka.store.state;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.Notes;
import dev.tka.core.store.NotesCodec;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
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
import dev.tka.tlog.TreeHash;
import dev.tka.tlog.heads.HeadEntry;
import dev.tka.tlog.heads.HeadsLog;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The one form in JSON of what is kept of a tailnet, for stores that keep it as text. What reads a
 * {@link Row} takes its members, and leaves others to the caller, who ends it; everything that
 * reads throws {@link StoreException.Damaged}, which names the row's place, if a member is missing
 * or is none that this writes. Secrets are in it.
 */
public final class StateJson {
  private StateJson() {}

  // Records.

  /** A tailnet's record. */
  public static Row row(TailnetRecord record) {
    Row row = Row.empty();
    record.authority().ifPresent(name -> row.put("authority", row(name)));
    record.begun().ifPresent(begun -> row.put("begun", row(begun)));
    row.put("retired", record.retired().stream().map(StateJson::row).toList());
    record.support().ifPresent(secret -> row.put("support", secret.exposeText()));
    row.put("made", record.made());
    record.restored().ifPresent(at -> row.put("restored", at));
    putVotes(row, record);
    record.log().ifPresent(log -> row.put("log", row(log)));
    return row;
  }

  /** The votes that are asked of edits, the proposals, and the log of heads. */
  public static Row votes(TailnetRecord record) {
    Row row = Row.empty();
    putVotes(row, record);
    record.log().ifPresent(log -> row.put("log", row(log)));
    return row;
  }

  private static Row row(HeadsLog log) {
    return Row.empty()
        .put("origin", log.origin())
        .putTexts("past", log.past().stream().map(TreeHash::toString).toList())
        .putTexts(
            "entries",
            log.entries().stream()
                .map(each -> new String(each.bytes().toByteArray(), StandardCharsets.UTF_8))
                .toList());
  }

  /** Reads the log of heads, if there is one. */
  public static Optional<HeadsLog> headsLog(Row row) throws StoreException.Damaged {
    Optional<Row> kept = row.optionalRow("log");
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    Row log = kept.get();
    String origin = log.text("origin");
    List<TreeHash> past =
        log.values("past", "hashes in base64", text -> TreeHash.parse(text, "past"));
    List<HeadEntry> entries =
        log.values(
            "entries",
            "entries of a log of heads",
            text -> HeadEntry.parse(Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8))));
    log.end();
    try {
      return Optional.of(new HeadsLog(origin, past, entries));
    } catch (IllegalArgumentException e) {
      throw row.damaged("log", "a log of heads");
    }
  }

  private static void putVotes(Row row, TailnetRecord record) {
    Row votes = Row.empty();
    for (Thresholds.Kind kind : Thresholds.Kind.values()) {
      if (record.thresholds().of(kind) > 0) {
        votes.put(kind.toString(), record.thresholds().of(kind));
      }
    }
    row.put("thresholds", votes);
    row.put("proposals", record.proposals().stream().map(StateJson::row).toList());
  }

  /** Reads a tailnet's record. */
  public static TailnetRecord tailnetRecord(Row row) throws StoreException.Damaged {
    Optional<AuthorityName> authority = Optional.empty();
    Optional<Row> name = row.optionalRow("authority");
    if (name.isPresent()) {
      authority = Optional.of(authorityName(name.get()));
      name.get().end();
    }
    Optional<PendingInit> begun = Optional.empty();
    Optional<Row> init = row.optionalRow("begun");
    if (init.isPresent()) {
      begun = Optional.of(pendingInit(init.get()));
    }
    List<RetiredAuthority> retired = new ArrayList<>();
    for (Row each : row.rows("retired")) {
      retired.add(retiredAuthority(each));
    }
    return new TailnetRecord(
        authority,
        begun,
        retired,
        row.optional("support", SECRET, DisablementSecret::parse),
        row.flag("made"),
        row.optionalTime("restored"),
        thresholds(row),
        proposals(row),
        headsLog(row));
  }

  /** Reads the votes that are asked of edits. */
  public static Thresholds thresholds(Row row) throws StoreException.Damaged {
    Optional<Row> votes = row.optionalRow("thresholds");
    Thresholds thresholds = Thresholds.NONE;
    if (votes.isPresent()) {
      for (Thresholds.Kind kind : Thresholds.Kind.values()) {
        long number = votes.get().optionalNumber(kind.toString()).orElse(0L);
        if (number < 0 || number > Thresholds.MOST) {
          throw votes.get().damaged(kind.toString(), "0 to " + Thresholds.MOST);
        }
        thresholds = thresholds.with(kind, number);
      }
      votes.get().end();
    }
    return thresholds;
  }

  /** Reads the proposals. */
  public static List<Proposal> proposals(Row row) throws StoreException.Damaged {
    List<Proposal> proposals = new ArrayList<>();
    for (Row each : row.rows("proposals")) {
      proposals.add(proposal(each));
    }
    return proposals;
  }

  private static Row row(Proposal proposal) {
    Row row =
        Row.empty()
            .put("id", proposal.id())
            .put("at", proposal.at())
            .put("authority", row(proposal.authority()));
    if (proposal.subject() instanceof Proposal.Subject.Edits edits) {
      row.putTexts(
              "operations",
              edits.operations().stream().map(each -> Row.base64(each.encoded())).toList())
          .put("update", edits.update().encoded())
          .put("complete", edits.complete());
    }
    putKeys(row, "signers", proposal.signers());
    row.putTexts(
        "signatures",
        proposal.signatures().stream().map(each -> Row.base64(each.signatureBytes())).toList());
    putKeys(row, "before", proposal.before());
    if (proposal.outcome().isPresent()) {
      Proposal.Outcome outcome = proposal.outcome().get();
      row.put("endedAt", outcome.at());
      if (outcome instanceof Proposal.Outcome.Ended ended) {
        row.put("why", ended.why());
      } else {
        ((Proposal.Outcome.Done) outcome).update().ifPresent(hash -> row.put("done", hash));
      }
    }
    return row;
  }

  private static Proposal proposal(Row row) throws StoreException.Damaged {
    Row name = row.optionalRow("authority").orElseThrow(() -> row.damaged("authority", "a name"));
    AuthorityName authority = authorityName(name);
    name.end();
    Optional<Bytes> update = row.optionalBytes("update");
    List<Bytes> operations = row.values("operations", "AUMs in base64", Row::bytesOf);
    boolean complete = row.flag("complete");
    List<Aum> asked = new ArrayList<>();
    for (Bytes each : operations) {
      asked.add(aum(row, "operations", each));
    }
    List<Bytes> signers = keys(row, "signers");
    List<Bytes> made = row.values("signatures", "signatures in base64", Row::bytesOf);
    if (signers.size() != made.size()) {
      throw row.damaged("signatures", "one for each of \"signers\"");
    }
    List<AumSignature> signatures = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      signatures.add(AumSignature.of(signers.get(i), made.get(i)));
    }
    Optional<Instant> endedAt = row.optionalTime("endedAt");
    Optional<String> why = row.optionalText("why");
    Optional<AumHash> done = row.optionalHash("done");
    Proposal proposal =
        new Proposal(
            row.text("id"),
            authority,
            row.time("at"),
            update.isPresent()
                ? new Proposal.Subject.Edits(asked, aum(row, "update", update.get()), complete)
                : new Proposal.Subject.Disable(),
            signatures,
            keys(row, "before"),
            endedAt.map(
                at ->
                    why.isPresent()
                        ? new Proposal.Outcome.Ended(at, why.get())
                        : new Proposal.Outcome.Done(at, done)));
    row.end();
    return proposal;
  }

  private static Aum aum(Row row, String name, Bytes encoded) throws StoreException.Damaged {
    try {
      return Aum.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      throw row.damaged(name, "an AUM in base64");
    }
  }

  private static final String SECRET = "a disablement secret";

  private static Row row(AuthorityName name) {
    return Row.empty()
        .put("genesis", name.genesis())
        .put("stateId1", name.stateId1())
        .put("stateId2", name.stateId2());
  }

  private static AuthorityName authorityName(Row row) throws StoreException.Damaged {
    return new AuthorityName(row.hash("genesis"), row.number("stateId1"), row.number("stateId2"));
  }

  private static Row row(PendingInit begun) {
    Row row = Row.empty().put("at", begun.at());
    begun.by().ifPresent(node -> row.put("by", node));
    return row.put("genesis", begun.genesis().encoded());
  }

  private static PendingInit pendingInit(Row row) throws StoreException.Damaged {
    PendingInit begun =
        new PendingInit(aum(row, "genesis"), row.optionalNumber("by"), row.time("at"));
    row.end();
    return begun;
  }

  private static Row row(RetiredAuthority ended) {
    return row(ended.name())
        .put("at", ended.at())
        .put("secret", ended.secret().exposeText())
        .put("store", ended.store());
  }

  private static RetiredAuthority retiredAuthority(Row row) throws StoreException.Damaged {
    RetiredAuthority ended =
        new RetiredAuthority(
            authorityName(row),
            row.value("secret", SECRET, DisablementSecret::parse),
            row.time("at"),
            row.text("store"));
    row.end();
    return ended;
  }

  // Fences.

  /** A fence. */
  public static Row row(Fence fence) {
    Row row = Row.empty().put("epoch", fence.epoch());
    fence.move().ifPresent(move -> row.put("move", move));
    if (fence.standing() instanceof Fence.Standing.Fenced fenced) {
      row.put("standing", "fenced").put("since", fenced.since());
    } else if (fence.standing() instanceof Fence.Standing.Moved moved) {
      row.put("standing", "moved").put("to", moved.to()).put("at", moved.at());
      moved.server().ifPresent(server -> row.put("server", server.toString()));
    } else if (fence.standing() instanceof Fence.Standing.Shadow shadow) {
      row.put("standing", "copy").put("from", shadow.from());
      shadow.server().ifPresent(server -> row.put("server", server.toString()));
    } else {
      row.put("standing", "open");
    }
    return row;
  }

  /** Reads a fence. */
  public static Fence fence(Row row) throws StoreException.Damaged {
    String standing = row.text("standing");
    return new Fence(
        row.number("epoch"),
        row.optionalText("move"),
        switch (standing) {
          case "open" -> new Fence.Standing.Open();
          case "fenced" -> new Fence.Standing.Fenced(row.time("since"));
          case "moved" -> new Fence.Standing.Moved(row.text("to"), server(row), row.time("at"));
          case "copy" -> new Fence.Standing.Shadow(row.text("from"), server(row));
          default -> throw row.damaged("standing", "open, fenced, moved or copy");
        });
  }

  private static Optional<URI> server(Row row) throws StoreException.Damaged {
    return row.optional("server", "a URL", URI::create);
  }

  // Nodes.

  /** A node. */
  public static Row row(NodeRecord node) {
    Row row = Row.empty().put("node", node.id());
    node.name().ifPresent(name -> row.put("name", name));
    row.put("nodeKey", node.nodeKey().toString());
    node.rotationKey().ifPresent(key -> row.put("rotationKey", key.toString()));
    row.put("unsignedPeerApiOnly", node.unsignedPeerApiOnly()).put("mayInit", node.mayInit());
    if (node.told().isPresent()) {
      NodeRecord.Told told = node.told().get();
      if (told instanceof NodeRecord.Told.Retired retired) {
        row.put("toldRetired", retired.genesis());
      } else if (told instanceof NodeRecord.Told.CatchingUp catchingUp) {
        row.put("toldLast", catchingUp.last());
      }
    }
    node.signature()
        .ifPresent(
            signature ->
                row.put("signedUnder", signature.authority()).put("signature", signature.bytes()));
    return row;
  }

  /** Reads a node. */
  public static NodeRecord node(Row row) throws StoreException.Damaged {
    Optional<Bytes> bytes = row.optionalBytes("signature");
    Optional<AumHash> authority = row.optionalHash("signedUnder");
    if (bytes.isPresent() != authority.isPresent()) {
      throw row.damaged("signature", "it together with \"signedUnder\"");
    }
    Optional<AumHash> last = row.optionalHash("toldLast");
    Optional<AumHash> genesis = row.optionalHash("toldRetired");
    if (last.isPresent() && genesis.isPresent()) {
      throw row.damaged("toldLast", "it without \"toldRetired\"");
    }
    Optional<NodeRecord.Told> catchingUp = last.map(NodeRecord.Told.CatchingUp::new);
    long id = row.number("node");
    Optional<String> name = row.optionalText("name");
    if (id < 1) {
      throw row.damaged("node", "a number of 1 or more");
    }
    if (name.isPresent() && !NodeRecord.isName(name.get())) {
      throw row.damaged("name", "a node's name");
    }
    return new NodeRecord(
        id,
        row.value("nodeKey", "a node key", NodeKey::parse),
        row.optional("rotationKey", "a lock key", LockPublicKey::parse),
        bytes.map(each -> new NodeRecord.Signature(each, authority.orElseThrow())),
        name,
        row.flag("unsignedPeerApiOnly"),
        row.flag("mayInit"),
        catchingUp.or(() -> genesis.map(NodeRecord.Told.Retired::new)));
  }

  /** A sighting. */
  public static Row row(NodeSighting sighting) {
    Row row = Row.empty().put("node", sighting.node()).put("at", sighting.at());
    row.put("outcome", sighting.outcome()).put("detail", sighting.detail());
    sighting.head().ifPresent(hash -> row.put("head", hash));
    sighting.oldest().ifPresent(hash -> row.put("oldest", hash));
    return row;
  }

  /** Reads a sighting. */
  public static NodeSighting sighting(Row row) throws StoreException.Damaged {
    return new NodeSighting(
        row.number("node"),
        row.time("at"),
        row.optionalHash("head"),
        row.optionalHash("oldest"),
        row.text("outcome"),
        row.text("detail"));
  }

  /** A token. */
  public static Row row(NodeToken token) {
    return Row.empty()
        .put("tailnet", token.tailnet())
        .put("node", token.node())
        .put("made", token.made())
        .put("hash", token.hash());
  }

  /** Reads a token. */
  public static NodeToken token(Row row) throws StoreException.Damaged {
    return new NodeToken(
        row.bytes("hash"), row.text("tailnet"), row.number("node"), row.time("made"));
  }

  // AUMs.

  /** A stored AUM. */
  public static Row row(AumEntry entry, Bytes encoded) {
    return row(entry.hash(), entry.committedAt(), entry.facts(), encoded);
  }

  /** An AUM that a commit adds. */
  public static Row row(Commit.Addition addition) {
    return row(
        addition.aum().hash(), addition.committedAt(), addition.facts(), addition.aum().encoded());
  }

  private static Row row(
      AumHash hash, Instant committedAt, Optional<AumFacts> facts, Bytes encoded) {
    Row row = Row.empty().put("hash", hash).put("committedAt", committedAt);
    facts.ifPresent(
        noted -> {
          row.put("own", noted.own());
          noted.reference().ifPresent(time -> row.put("reference", time));
          putKeys(row, "signers", noted.signers());
          putChanges(row, noted.changes());
        });
    return row.put("aum", encoded);
  }

  /** Reads a stored AUM; its encoding must have the hash that is given. */
  public static AumIndex.Item<Bytes> item(Row row) throws StoreException.Damaged {
    Aum aum = aum(row, "aum");
    if (!aum.hash().equals(row.hash("hash"))) {
      throw row.damaged("aum", "the AUM that \"hash\" names");
    }
    Instant committedAt = row.time("committedAt");
    Optional<Instant> own = row.optionalTime("own");
    Optional<Instant> reference = row.optionalTime("reference");
    List<Bytes> signers = keys(row, "signers");
    List<KeyChange> changes = changes(row);
    return AumIndex.Item.of(
        new Commit.Addition(
            aum, committedAt, own.map(time -> new AumFacts(time, reference, changes, signers))));
  }

  private static Aum aum(Row row, String name) throws StoreException.Damaged {
    return row.value(name, "an AUM in base64", text -> Aum.decode(Row.bytesOf(text).toByteArray()));
  }

  private static void putKeys(Row row, String name, List<Bytes> keys) {
    row.putTexts(name, keys.stream().map(Row::base64).toList());
  }

  private static List<Bytes> keys(Row row, String name) throws StoreException.Damaged {
    return row.values(name, "keys in base64", Row::bytesOf);
  }

  private static void putChanges(Row row, List<KeyChange> changes) {
    if (!changes.isEmpty()) {
      row.put("changes", NotesCodec.encodeChanges(changes));
    }
  }

  private static List<KeyChange> changes(Row row) throws StoreException.Damaged {
    return row.optional(
            "changes", "key changes", text -> NotesCodec.decodeChanges(Row.bytesOf(text)))
        .orElse(List.of());
  }

  /** An entry of the trail. */
  public static Row row(TrailEntry entry) {
    Row row = Row.empty().put("hash", entry.hash());
    entry.parent().ifPresent(hash -> row.put("parent", hash));
    row.put("kind", (long) entry.kind().code()).put("committedAt", entry.committedAt());
    entry.own().ifPresent(time -> row.put("own", time));
    entry.reference().ifPresent(time -> row.put("reference", time));
    putKeys(row, "signers", entry.signers());
    putChanges(row, entry.changes());
    entry.checkpoint().ifPresent(encoded -> row.put("checkpoint", encoded));
    return row;
  }

  /** Reads an entry of the trail. */
  public static TrailEntry trailEntry(Row row) throws StoreException.Damaged {
    long kind = row.number("kind");
    if (kind < 0 || kind > 255) {
      throw row.damaged("kind", "a number from 0 to 255");
    }
    return new TrailEntry(
        row.hash("hash"),
        row.optionalHash("parent"),
        new AumKind((int) kind),
        row.time("committedAt"),
        row.optionalTime("own"),
        row.optionalTime("reference"),
        keys(row, "signers"),
        changes(row),
        row.optionalBytes("checkpoint"));
  }

  // Notes.

  /** Notes. */
  public static Row row(Notes notes) {
    Row row = Row.empty();
    OwnAums own = notes.ownAums();
    own.agreedAt().ifPresent(time -> row.put("agreedAt", time));
    notes
        .time()
        .ifPresent(
            time ->
                row.put(
                    "ownTime",
                    Row.empty()
                        .put("own", time.own())
                        .put("clock", time.clock())
                        .put("latestClock", time.latestClock())
                        .put("begun", time.begun())));
    List<Row> made = new ArrayList<>();
    new TreeMap<>(own.own()).forEach((hash, each) -> made.add(row(hash, each)));
    row.put("madeHere", made);
    row.putTexts(
        "elsewhere", new TreeSet<>(own.elsewhere()).stream().map(AumHash::toString).toList());
    row.put(
        "setAside",
        own.setAside().stream()
            .map(
                edit ->
                    Row.empty()
                        .put("at", edit.at())
                        .put("revocation", edit.revocation())
                        .put("aum", edit.aum().encoded()))
            .toList());
    List<Row> inherited = new ArrayList<>();
    new TreeMap<>(notes.inherited())
        .forEach(
            (hash, kept) ->
                inherited.add(
                    Row.empty().put("hash", hash).put("kept", NotesCodec.encodeInherited(kept))));
    return row.put("inherited", inherited);
  }

  private static Row row(AumHash hash, OwnAums.Own made) {
    Row row = Row.empty().put("hash", hash).put("revocation", made.revocation());
    made.acknowledged()
        .ifPresent(at -> row.put("acknowledgedAt", at.clock()).put("acknowledgedOwn", at.own()));
    return row;
  }

  /** Reads notes. */
  public static Notes notes(Row row) throws StoreException.Damaged {
    Map<AumHash, OwnAums.Own> made = new HashMap<>();
    for (Row each : row.rows("madeHere")) {
      AumHash hash = each.hash("hash");
      Optional<Instant> clock = each.optionalTime("acknowledgedAt");
      Optional<Instant> own = each.optionalTime("acknowledgedOwn");
      if (clock.isPresent() != own.isPresent()) {
        throw each.damaged("acknowledgedAt", "it together with \"acknowledgedOwn\"");
      }
      OwnAums.Own note =
          new OwnAums.Own(
              each.flag("revocation"),
              clock.map(time -> new OwnAums.Acknowledged(time, own.orElseThrow())));
      if (made.put(hash, note) != null) {
        throw each.damaged("hash", "each AUM once");
      }
      each.end();
    }
    Set<AumHash> elsewhere =
        new HashSet<>(row.values("elsewhere", "a list of hashes", AumHash::parse));
    List<OwnAums.SetAside> setAside = new ArrayList<>();
    for (Row each : row.rows("setAside")) {
      setAside.add(
          new OwnAums.SetAside(aum(each, "aum"), each.time("at"), each.flag("revocation")));
      each.end();
    }
    Map<AumHash, List<Inherited>> inherited = new HashMap<>();
    for (Row each : row.rows("inherited")) {
      AumHash hash = each.hash("hash");
      List<Inherited> kept =
          each.value(
              "kept",
              "what a rewrite keeps",
              text -> NotesCodec.decodeInherited(Row.bytesOf(text)));
      if (inherited.put(hash, kept) != null) {
        throw each.damaged("hash", "each AUM once");
      }
      each.end();
    }
    Optional<Row> time = row.optionalRow("ownTime");
    return new Notes(
        new OwnAums(made, elsewhere, row.optionalTime("agreedAt"), setAside),
        time.isPresent() ? Optional.of(ownTime(time.get())) : Optional.empty(),
        inherited);
  }

  private static OwnTime ownTime(Row row) throws StoreException.Damaged {
    OwnTime time =
        new OwnTime(row.time("own"), row.time("clock"), row.time("latestClock"), row.time("begun"));
    row.end();
    return time;
  }
}
