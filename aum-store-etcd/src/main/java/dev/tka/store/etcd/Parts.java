package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Rows that are longer than what etcd takes for one key: the row's own key then says how many parts
 * there are, and each has a key below it.
 */
final class Parts {
  /** The longest value of one key. */
  static final int LONGEST = 400_000;

  /** No other value of ours begins so. */
  private static final char MARK = '*';

  private Parts() {}

  /**
   * A row, of all of its parts.
   *
   * @param modified the revision of the change that put it
   */
  record Row(Bytes value, long modified) {}

  private static Bytes ascii(String text) {
    return Bytes.copyOf(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String part(String key, int number) {
    return key + String.format("/%04x", number);
  }

  /** Puts a row where there is none, or one that may have had parts. */
  static List<Operation> put(String key, Bytes value, boolean mayHaveParts) {
    List<Operation> operations = new ArrayList<>();
    int parts = 0;
    if (value.size() <= LONGEST) {
      operations.add(new Operation.Put(key, value));
    } else {
      byte[] whole = value.toByteArray();
      for (int from = 0; from < whole.length; from += LONGEST) {
        int to = Math.min(whole.length, from + LONGEST);
        operations.add(new Operation.Put(part(key, parts), Bytes.copyOf(whole, from, to)));
        parts++;
      }
      operations.add(new Operation.Put(key, ascii(MARK + Integer.toString(parts))));
    }
    if (mayHaveParts) {
      operations.add(new Operation.Delete(part(key, parts), key + "0"));
    }
    return operations;
  }

  /** Deletes a row with all parts. */
  static Operation delete(String key) {
    // After the slash comes the zero; no other key of ours is in between.
    return new Operation.Delete(key, key + "0");
  }

  /**
   * Puts parts together.
   *
   * @param depth the number of slashes in a row's own key
   * @return the rows by their keys, in order; empty for one that is not whole
   */
  static SortedMap<String, Optional<Row>> join(SortedMap<String, KeyValue> values, int depth) {
    SortedMap<String, Optional<Row>> rows = new TreeMap<>();
    for (Map.Entry<String, KeyValue> each : values.entrySet()) {
      if (slashes(each.getKey()) == depth) {
        rows.put(each.getKey(), row(each.getValue(), values));
      }
    }
    return rows;
  }

  static int slashes(String key) {
    return (int) key.chars().filter(c -> c == '/').count();
  }

  private static Optional<Row> row(KeyValue first, SortedMap<String, KeyValue> values) {
    Bytes value = first.value();
    if (value.isEmpty() || value.get(0) != MARK) {
      return Optional.of(new Row(value, first.modified()));
    }
    String count = new String(value.toByteArray(), StandardCharsets.ISO_8859_1).substring(1);
    if (!count.matches("[0-9]{1,5}")) {
      return Optional.empty();
    }
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (int i = 0; i < Integer.parseInt(count); i++) {
      KeyValue part = values.get(part(first.key(), i));
      if (part == null) {
        return Optional.empty();
      }
      whole.writeBytes(part.value().toByteArray());
    }
    return Optional.of(new Row(Bytes.copyOf(whole.toByteArray()), first.modified()));
  }
}
