package dev.tka.store.json;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumIndex;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Notes;
import dev.tka.core.store.Revision;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.Trail;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.Tailnets;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import dev.tka.store.records.TailnetRecord;
import dev.tka.store.state.AumState;
import dev.tka.store.state.PlaceState;
import dev.tka.store.state.Row;
import dev.tka.store.state.StateJson;
import dev.tka.store.state.TailnetState;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The text of a file, for people as docs/command.md says ("A JSON file"). It ends with a checksum
 * of all before it, so that a text that was cut or damaged is never taken for a whole one. A person
 * who edits it empties the checksum.
 *
 * @param identity tells this file's positions from those of others
 */
record FileText(PlaceState state, String identity) {
  private static final String FORMAT = "tka-tailnets";
  private static final int VERSION = 1;
  private static final String SUM = "  \"checksum\": \"";
  private static final String END = "\"\n}\n";

  /** The members that a tailnet has with its AUMs alone. */
  private static final List<String> OF_AUMS =
      List.of("revision", "lastActiveAncestor", "notes", "aums", "trail");

  private static final Comparator<AumEntry> CHAIN_ORDER =
      Comparator.comparingInt(AumEntry::height).thenComparing(AumEntry::hash);

  // Writing.

  byte[] encode() {
    Row file =
        Row.empty()
            .put("format", FORMAT)
            .put("version", VERSION)
            .put("identity", identity)
            .put("position", state.position());
    List<Row> tailnets = new ArrayList<>();
    state.all().values().forEach(each -> tailnets.add(row(each)));
    file.put("tailnets", tailnets);
    List<Row> retired = new ArrayList<>();
    state
        .retired()
        .forEach(
            (name, each) -> {
              Row row = Row.empty().put("name", name).put("tailnet", each.tailnet());
              put(row, each.aums());
              retired.add(row);
            });
    file.put("retired", retired);
    String text = file.toLines(2);
    byte[] summed =
        (text.substring(0, text.length() - "\n}\n".length()) + ",\n")
            .getBytes(StandardCharsets.UTF_8);
    byte[] end = (SUM + sum(summed) + END).getBytes(StandardCharsets.UTF_8);
    byte[] whole = Arrays.copyOf(summed, summed.length + end.length);
    System.arraycopy(end, 0, whole, summed.length, end.length);
    return whole;
  }

  private static String sum(byte[] content) {
    return HexFormat.of().formatHex(digest(content));
  }

  private static byte[] digest(byte[] content) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Row row(TailnetState tailnet) {
    Row row = Row.empty().put("name", tailnet.name());
    row.put("changed", tailnet.changed()).put("switched", tailnet.switched());
    row.put("record", StateJson.row(tailnet.record()));
    if (!tailnet.fence().equals(Fence.NONE)) {
      row.put("fence", StateJson.row(tailnet.fence()));
    }
    tailnet.aums().ifPresent(aums -> put(row, aums));
    row.put(
        "nodes",
        tailnet.nodes().values().stream()
            .map(
                node -> {
                  Row each = StateJson.row(node);
                  tailnet.looked().find(node.id()).ifPresent(at -> each.put("changed", at));
                  return each;
                })
            .toList());
    row.put("sightings", tailnet.sightings().values().stream().map(StateJson::row).toList());
    row.put("tokens", tailnet.tokensInOrder().stream().map(StateJson::row).toList());
    return row;
  }

  private static void put(Row row, AumState aums) {
    AumSnapshot snapshot = aums.snapshot();
    row.put("revision", aums.revision().value());
    snapshot.lastActiveAncestor().ifPresent(hash -> row.put("lastActiveAncestor", hash));
    row.put("notes", StateJson.row(snapshot.notes()));
    List<AumEntry> entries = new ArrayList<>(snapshot.entries());
    entries.sort(CHAIN_ORDER);
    List<Row> rows = new ArrayList<>(entries.size());
    for (AumEntry each : entries) {
      rows.add(StateJson.row(each, body(snapshot, each.hash())));
    }
    row.put("aums", rows);
    row.put("trail", snapshot.trail().entries().stream().map(StateJson::row).toList());
  }

  private static Bytes body(AumSnapshot snapshot, AumHash hash) {
    try {
      return snapshot.encoded(hash);
    } catch (StoreException e) {
      throw new IllegalStateException("in memory", e);
    }
  }

  // Reading.

  /**
   * Reads a text.
   *
   * @param where names the file in errors
   * @param before a state that may share AUMs with this one
   * @throws StoreException.Damaged if it is not one that this writes
   * @throws StoreException.Newer if a newer version wrote it
   */
  static FileText decode(String where, byte[] content, PlaceState before) throws StoreException {
    Row file = parse(where, content);
    if (!file.optionalText("format").equals(Optional.of(FORMAT))) {
      throw new StoreException.Damaged(
          where
              + ": expected a file of tailnets, found other JSON (no \"format\": \""
              + FORMAT
              + "\")");
    }
    long version = file.number("version");
    if (version > VERSION) {
      throw new StoreException.Newer(where, VERSION, version);
    }
    if (version < 1) {
      throw file.damaged("version", "1 or more");
    }
    boolean isEdited = requireSum(where, content, file.text("checksum"));
    Reading reading = new Reading(isEdited ? Optional.of(digest(content)) : Optional.empty());
    return reading.file(file, before);
  }

  private static Row parse(String where, byte[] content) throws StoreException.Damaged {
    if (content.length == 0) {
      throw new StoreException.Damaged(
          where + ": empty: a file of tailnets never is; put a copy back, or delete it");
    }
    try {
      return Row.parse(
          where, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString());
    } catch (CharacterCodingException e) {
      throw new StoreException.Damaged(where + ": expected JSON in UTF-8, found other bytes");
    }
  }

  /** Whether a person edited the text. */
  private static boolean requireSum(String where, byte[] content, String sum)
      throws StoreException.Damaged {
    if (sum.isEmpty()) {
      return true;
    }
    byte[] end = (SUM + sum + END).getBytes(StandardCharsets.UTF_8);
    int summed = content.length - end.length;
    if (summed < 0
        || !Arrays.equals(content, summed, content.length, end, 0, end.length)
        || !sum(Arrays.copyOf(content, summed)).equals(sum)) {
      throw new StoreException.Damaged(
          where
              + ": not as it was written: its checksum is another. If a person edited it, set"
              + " \"checksum\" to \"\"; else put a copy back");
    }
    return false;
  }

  /**
   * Reads rows.
   *
   * @param edited a digest of a text that a person edited: what is shown of it has revisions and an
   *     identity that nobody knows yet, and everybody finds the same ones
   */
  private record Reading(Optional<byte[]> edited) {
    FileText file(Row file, PlaceState before) throws StoreException.Damaged {
      long position = file.number("position");
      String identity = file.text("identity");
      List<TailnetState> tailnets = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (Row row : file.rows("tailnets")) {
        String name = name(row, names);
        tailnets.add(tailnet(row, name, before));
        row.end();
      }
      Map<String, PlaceState.RetiredStore> retired = new LinkedHashMap<>();
      for (Row row : file.rows("retired")) {
        String name = name(row, names);
        String tailnet = row.text("tailnet");
        Optional<AumState> known = before.retired().find(name).map(PlaceState.RetiredStore::aums);
        retired.put(name, new PlaceState.RetiredStore(tailnet, aums(row, name, known)));
        row.end();
      }
      file.end();
      return new FileText(
          PlaceState.read(tailnets, retired, position),
          edited.isPresent() ? HexFormat.of().formatHex(edited.get(), 0, 8) : identity);
    }

    private static String name(Row row, Set<String> names) throws StoreException.Damaged {
      String name = row.text("name");
      if (!Tailnets.isName(name) || !names.add(name)) {
        throw row.damaged("name", "each tailnet once, by a name");
      }
      return name;
    }

    private TailnetState tailnet(Row row, String name, PlaceState before)
        throws StoreException.Damaged {
      TailnetState tailnet = TailnetState.none(name);
      if (row.has("revision")) {
        tailnet = tailnet.withAums(aums(row, name, before.tailnet(name).aums()), 0);
      }
      Optional<Row> record = row.optionalRow("record");
      if (record.isPresent()) {
        TailnetRecord read = StateJson.tailnetRecord(record.get());
        record.get().end();
        tailnet = tailnet.withRecord(read, 0);
      }
      Optional<Row> fence = row.optionalRow("fence");
      if (fence.isPresent()) {
        Fence read = StateJson.fence(fence.get());
        fence.get().end();
        tailnet = tailnet.withFence(read, 0);
      }
      Map<Long, Long> looked = new HashMap<>();
      for (Row each : row.rows("nodes")) {
        NodeRecord node = StateJson.node(each);
        if (tailnet.nodes().containsKey(node.id())) {
          throw each.damaged("node", "each node once");
        }
        each.optionalNumber("changed").ifPresent(at -> looked.put(node.id(), at));
        each.end();
        tailnet = tailnet.withNode(node, 0);
      }
      for (Row each : row.rows("sightings")) {
        NodeSighting sighting = StateJson.sighting(each);
        if (!tailnet.nodes().containsKey(sighting.node())
            || tailnet.sightings().containsKey(sighting.node())) {
          throw each.damaged("node", "a node of the tailnet, once");
        }
        each.end();
        tailnet = tailnet.withSighting(sighting);
      }
      for (Row each : row.rows("tokens")) {
        NodeToken token = StateJson.token(each);
        if (!token.tailnet().equals(name) || !tailnet.nodes().containsKey(token.node())) {
          throw each.damaged("node", "a node of the tailnet");
        }
        each.end();
        tailnet = tailnet.withToken(token);
      }
      return tailnet.withPositions(row.number("changed"), row.number("switched"), looked);
    }

    private AumState aums(Row row, String name, Optional<AumState> known)
        throws StoreException.Damaged {
      Revision revision = new Revision(row.number("revision"));
      if (edited.isEmpty() && known.isPresent() && known.get().revision().equals(revision)) {
        row.drop(OF_AUMS);
        return known.get();
      }
      List<AumIndex.Item<Bytes>> items = new ArrayList<>();
      Set<AumHash> hashes = new HashSet<>();
      for (Row each : row.rows("aums")) {
        AumIndex.Item<Bytes> item = StateJson.item(each);
        if (!hashes.add(item.hash())) {
          throw each.damaged("hash", "each AUM once");
        }
        each.end();
        items.add(item);
      }
      List<TrailEntry> trail = new ArrayList<>();
      for (Row each : row.rows("trail")) {
        trail.add(StateJson.trailEntry(each));
        each.end();
      }
      Notes notes = Notes.NONE;
      Optional<Row> noted = row.optionalRow("notes");
      if (noted.isPresent()) {
        notes = StateJson.notes(noted.get());
        noted.get().end();
      }
      return AumState.read(
          items,
          edited.isPresent() ? revisionOf(edited.get(), name) : revision,
          row.optionalHash("lastActiveAncestor"),
          Trail.EMPTY.extend(trail),
          notes,
          List.of());
    }

    private static Revision revisionOf(byte[] edited, String name) {
      byte[] digest =
          digest((HexFormat.of().formatHex(edited) + name).getBytes(StandardCharsets.UTF_8));
      return new Revision((ByteBuffer.wrap(digest).getLong() & Long.MAX_VALUE) | 1);
    }
  }
}
