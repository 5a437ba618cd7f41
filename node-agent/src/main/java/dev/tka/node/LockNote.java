package dev.tka.node;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.core.TextException;
import dev.tka.core.authority.Authority;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What an agent notes of the lock beside the AUMs, so that AUMs that are lost or damaged are not
 * taken for a lock that is off.
 *
 * @param pin the authority that is on here; empty if the lock is off
 * @param disallowed the authorities that this node does not join
 * @param rejoining whether the node has lost what it knew of the authority and has not yet come to
 *     control's head again: until then nobody is let in
 */
record LockNote(Optional<Pin> pin, SortedSet<StateIds> disallowed, boolean rejoining) {
  private static final int VERSION = 1;
  private static final JsonFactory FACTORY = new JsonFactory();

  LockNote {
    disallowed = new TreeSet<>(disallowed);
  }

  /**
   * An authority, by what does not change, and what is needed to end it.
   *
   * @param known an AUM of it that control keeps for ever
   * @param fromGenesis whether that is its first one
   * @param values the disablement values
   */
  record Pin(AumHash known, boolean fromGenesis, StateIds ids, List<Bytes> values) {
    Pin {
      values = List.copyOf(values);
    }

    static Pin of(Authority authority) {
      AumHash oldest = authority.oldestAncestor();
      boolean first =
          authority.snapshot().find(oldest).filter(entry -> entry.parent().isEmpty()).isPresent();
      State state = authority.state();
      return new Pin(oldest, first, StateIds.of(state), state.disablementValues());
    }

    static Pin ofGenesis(Aum genesis, State state) {
      return new Pin(
          genesis.hash(),
          genesis.parent().isEmpty(),
          StateIds.of(state),
          state.disablementValues());
    }

    /** The same authority, with the disablement values that it has now. */
    Pin with(List<Bytes> now) {
      return new Pin(known, fromGenesis, ids, now);
    }
  }

  static LockNote off() {
    return new LockNote(Optional.empty(), new TreeSet<>(), false);
  }

  /** In step with an authority, or with none. */
  LockNote withPin(Optional<Pin> other) {
    return new LockNote(other, disallowed, false);
  }

  LockNote rejoining(Pin lost) {
    return new LockNote(Optional.of(lost), disallowed, true);
  }

  LockNote disallowing(StateIds ids) {
    SortedSet<StateIds> more = new TreeSet<>(disallowed);
    more.add(ids);
    return new LockNote(Optional.empty(), more, false);
  }

  /** One line of JSON, and one with its checksum. */
  Bytes encoded() {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      out.writeStartObject();
      out.writeNumberField("version", VERSION);
      if (pin.isPresent()) {
        out.writeStringField("known", pin.get().known().toString());
        out.writeBooleanField("fromGenesis", pin.get().fromGenesis());
        out.writeStringField("stateIds", pin.get().ids().toString());
        out.writeArrayFieldStart("disablementValues");
        for (Bytes value : pin.get().values()) {
          out.writeString(value.toHex());
        }
        out.writeEndArray();
      }
      if (rejoining) {
        out.writeBooleanField("rejoining", true);
      }
      out.writeArrayFieldStart("disallowed");
      for (StateIds ids : disallowed) {
        out.writeString(ids.toString());
      }
      out.writeEndArray();
      out.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("a text in memory", e);
    }
    String json = text.toString();
    return Bytes.copyOf((json + '\n' + Checksum.of(json) + '\n').getBytes(StandardCharsets.UTF_8));
  }

  /** Reads what {@link #encoded} wrote; empty if it is anything else. */
  static Optional<LockNote> decode(Bytes encoded) {
    String text = new String(encoded.toByteArray(), StandardCharsets.UTF_8);
    int end = text.indexOf('\n');
    if (end < 0 || !text.substring(end + 1).equals(Checksum.of(text.substring(0, end)) + '\n')) {
      return Optional.empty();
    }
    try (JsonParser in = FACTORY.createParser(text.substring(0, end))) {
      return Optional.of(read(in));
    } catch (IOException | TextException e) {
      return Optional.empty();
    }
  }

  private static LockNote read(JsonParser in) throws IOException, TextException {
    Optional<AumHash> known = Optional.empty();
    boolean fromGenesis = false;
    boolean rejoining = false;
    Optional<StateIds> ids = Optional.empty();
    List<Bytes> values = new ArrayList<>();
    SortedSet<StateIds> disallowed = new TreeSet<>();
    in.nextToken();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      in.nextToken();
      switch (field) {
        case "version" -> {
          if (in.getIntValue() != VERSION) {
            // A later version may mean something else by the same fields.
            throw new TextException.BadField("version", "1", "another");
          }
        }
        case "fromGenesis" -> fromGenesis = in.getBooleanValue();
        case "rejoining" -> rejoining = in.getBooleanValue();
        case "known" -> known = Optional.of(AumHash.parse(in.getText()));
        case "stateIds" -> ids = Optional.of(StateIds.parse(in.getText()));
        case "disablementValues" -> {
          while (in.nextToken() == JsonToken.VALUE_STRING) {
            values.add(Bytes.parseHex(in.getText()));
          }
        }
        case "disallowed" -> {
          while (in.nextToken() == JsonToken.VALUE_STRING) {
            disallowed.add(StateIds.parse(in.getText()));
          }
        }
        default -> in.skipChildren();
      }
    }
    Optional<Pin> pin =
        known.isPresent() && ids.isPresent()
            ? Optional.of(new Pin(known.get(), fromGenesis, ids.get(), values))
            : Optional.empty();
    return new LockNote(pin, disallowed, rejoining);
  }
}
