package example.folder;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.store.AumFacts;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Inherited;
import dev.tka.core.store.KeyChange;
import dev.tka.core.store.NotesCodec;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.OwnTime;
import dev.tka.core.store.Revision;
import dev.tka.core.store.TrailEntry;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How a value is written, and read again. */
record Form<T>(Writing<T> writing, Reading<T> reading) {
  @FunctionalInterface
  interface Writing<T> {
    void write(T value, DataOutputStream out) throws IOException;
  }

  @FunctionalInterface
  interface Reading<T> {
    T read(DataInputStream in) throws IOException, DecodeException;
  }

  void write(T value, DataOutputStream out) throws IOException {
    writing.write(value, out);
  }

  T read(DataInputStream in) throws IOException, DecodeException {
    return reading.read(in);
  }

  Form<Optional<T>> optional() {
    return new Form<>(
        (value, out) -> {
          out.writeBoolean(value.isPresent());
          if (value.isPresent()) {
            write(value.get(), out);
          }
        },
        in -> in.readBoolean() ? Optional.of(read(in)) : Optional.empty());
  }

  Form<List<T>> list() {
    return new Form<>(
        (values, out) -> {
          out.writeInt(values.size());
          for (T value : values) {
            write(value, out);
          }
        },
        in -> {
          List<T> values = new ArrayList<>();
          for (int left = in.readInt(); left > 0; left--) {
            values.add(read(in));
          }
          return values;
        });
  }

  Form<Map<AumHash, T>> byHash() {
    return new Form<>(
        (values, out) -> {
          out.writeInt(values.size());
          for (Map.Entry<AumHash, T> value : values.entrySet()) {
            HASH.write(value.getKey(), out);
            write(value.getValue(), out);
          }
        },
        in -> {
          Map<AumHash, T> values = new LinkedHashMap<>();
          for (int left = in.readInt(); left > 0; left--) {
            values.put(HASH.read(in), read(in));
          }
          return values;
        });
  }

  private static final Form<Bytes> BYTES =
      new Form<>(
          (bytes, out) -> {
            out.writeInt(bytes.size());
            out.write(bytes.toByteArray());
          },
          in -> Bytes.copyOf(in.readNBytes(in.readInt())));

  private static final Form<AumHash> HASH =
      new Form<>(
          (hash, out) -> out.write(hash.toByteArray()),
          in -> AumHash.of(in.readNBytes(AumHash.SIZE)));

  private static final Form<Instant> TIME =
      new Form<>(
          (time, out) -> {
            out.writeLong(time.getEpochSecond());
            out.writeInt(time.getNano());
          },
          in -> Instant.ofEpochSecond(in.readLong(), in.readInt()));

  private static final Form<Aum> AUM =
      new Form<>(
          (aum, out) -> BYTES.write(aum.encoded(), out),
          in -> Aum.decode(BYTES.read(in).toByteArray()));

  private static final Form<List<KeyChange>> CHANGES =
      new Form<>(
          (changes, out) -> BYTES.write(NotesCodec.encodeChanges(changes), out),
          in -> NotesCodec.decodeChanges(BYTES.read(in)));

  private static final Form<AumFacts> FACTS =
      new Form<>(
          (facts, out) -> {
            TIME.write(facts.own(), out);
            TIME.optional().write(facts.reference(), out);
            CHANGES.write(facts.changes(), out);
            BYTES.list().write(facts.signers(), out);
          },
          in ->
              new AumFacts(
                  TIME.read(in),
                  TIME.optional().read(in),
                  CHANGES.read(in),
                  BYTES.list().read(in)));

  private static final Form<Commit.Addition> ADDITION =
      new Form<>(
          (addition, out) -> {
            AUM.write(addition.aum(), out);
            TIME.write(addition.committedAt(), out);
            FACTS.optional().write(addition.facts(), out);
          },
          in -> new Commit.Addition(AUM.read(in), TIME.read(in), FACTS.optional().read(in)));

  private static final Form<TrailEntry> ENTRY =
      new Form<>(
          (entry, out) -> {
            HASH.write(entry.hash(), out);
            HASH.optional().write(entry.parent(), out);
            out.writeByte(entry.kind().code());
            TIME.write(entry.committedAt(), out);
            TIME.optional().write(entry.own(), out);
            TIME.optional().write(entry.reference(), out);
            BYTES.list().write(entry.signers(), out);
            CHANGES.write(entry.changes(), out);
            BYTES.optional().write(entry.checkpoint(), out);
          },
          in ->
              new TrailEntry(
                  HASH.read(in),
                  HASH.optional().read(in),
                  new AumKind(in.readUnsignedByte()),
                  TIME.read(in),
                  TIME.optional().read(in),
                  TIME.optional().read(in),
                  BYTES.list().read(in),
                  CHANGES.read(in),
                  BYTES.optional().read(in)));

  private static final Form<OwnAums.Acknowledged> ACKNOWLEDGED =
      new Form<>(
          (at, out) -> {
            TIME.write(at.clock(), out);
            TIME.write(at.own(), out);
          },
          in -> new OwnAums.Acknowledged(TIME.read(in), TIME.read(in)));

  private static final Form<OwnAums.Own> OWN =
      new Form<>(
          (made, out) -> {
            out.writeBoolean(made.revocation());
            ACKNOWLEDGED.optional().write(made.acknowledged(), out);
          },
          in -> new OwnAums.Own(in.readBoolean(), ACKNOWLEDGED.optional().read(in)));

  private static final Form<OwnAums.SetAside> EDIT =
      new Form<>(
          (edit, out) -> {
            AUM.write(edit.aum(), out);
            TIME.write(edit.at(), out);
            out.writeBoolean(edit.revocation());
          },
          in -> new OwnAums.SetAside(AUM.read(in), TIME.read(in), in.readBoolean()));

  private static final Form<OwnAums> OWN_AUMS =
      new Form<>(
          (ownAums, out) -> {
            OWN.byHash().write(ownAums.own(), out);
            HASH.list().write(List.copyOf(ownAums.elsewhere()), out);
            TIME.optional().write(ownAums.agreedAt(), out);
            EDIT.list().write(ownAums.setAside(), out);
          },
          in ->
              new OwnAums(
                  OWN.byHash().read(in),
                  new LinkedHashSet<>(HASH.list().read(in)),
                  TIME.optional().read(in),
                  EDIT.list().read(in)));

  private static final Form<OwnTime> OWN_TIME =
      new Form<>(
          (time, out) -> {
            TIME.write(time.own(), out);
            TIME.write(time.clock(), out);
            TIME.write(time.latestClock(), out);
            TIME.write(time.begun(), out);
          },
          in -> new OwnTime(TIME.read(in), TIME.read(in), TIME.read(in), TIME.read(in)));

  private static final Form<List<Inherited>> INHERITED =
      new Form<>(
          (inherited, out) -> BYTES.write(NotesCodec.encodeInherited(inherited), out),
          in -> NotesCodec.decodeInherited(BYTES.read(in)));

  static final Form<Commit> COMMIT =
      new Form<>(
          (commit, out) -> {
            out.writeLong(commit.base().value());
            ADDITION.list().write(commit.additions(), out);
            HASH.list().write(List.copyOf(commit.purges()), out);
            HASH.optional().write(commit.lastActiveAncestor(), out);
            HASH.optional().write(commit.trailCut(), out);
            ENTRY.list().write(commit.trail(), out);
            OWN_AUMS.optional().write(commit.ownAums(), out);
            OWN_TIME.optional().write(commit.time(), out);
            INHERITED.byHash().write(commit.inherited(), out);
          },
          in ->
              new Commit(
                  new Revision(in.readLong()),
                  ADDITION.list().read(in),
                  new LinkedHashSet<>(HASH.list().read(in)),
                  HASH.optional().read(in),
                  HASH.optional().read(in),
                  ENTRY.list().read(in),
                  OWN_AUMS.optional().read(in),
                  OWN_TIME.optional().read(in),
                  INHERITED.byHash().read(in)));
}
