package dev.tka.store.sql;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A row of a table, to be written or just read.
 *
 * @param table the table's name, for error messages
 * @param columns each a {@link Bytes}, a {@link Long}, a {@link String}, or empty
 */
record Row(String table, List<Optional<Object>> columns) {
  private static final byte[] NOTHING = new byte[0];

  /**
   * A row of values.
   *
   * @param values column values; also hashes, and optional values
   */
  static Row of(String table, Object... values) {
    List<Optional<Object>> columns = new ArrayList<>(values.length);
    for (Object value : values) {
      Optional<?> present = value instanceof Optional<?> optional ? optional : Optional.of(value);
      columns.add(present.map(each -> each instanceof AumHash hash ? hash.bytes() : each));
    }
    return new Row(table, columns);
  }

  /** The current row of a result. */
  static Row read(String table, ResultSet result) throws SQLException {
    return read(table, result, result.getMetaData().getColumnCount());
  }

  /** The current row of a result that has this many columns. */
  static Row read(String table, ResultSet result, int count) throws SQLException {
    List<Optional<Object>> columns = new ArrayList<>(count);
    for (int i = 1; i <= count; i++) {
      Object value = result.getObject(i);
      columns.add(value == null ? Optional.empty() : Optional.of(normal(value)));
    }
    return new Row(table, columns);
  }

  private static Object normal(Object read) {
    if (read instanceof byte[] bytes) {
      return Bytes.copyOf(bytes);
    }
    return read instanceof Integer number ? (Object) number.longValue() : read;
  }

  /** The columns of several rows, in one row. */
  static Row joined(List<Row> rows) {
    return joined(rows.get(0).table, rows);
  }

  /** The columns of several rows, in one row of a table. */
  static Row joined(String table, List<Row> rows) {
    List<Optional<Object>> columns = new ArrayList<>();
    rows.forEach(row -> columns.addAll(row.columns));
    return new Row(table, columns);
  }

  /** Some of the columns. */
  Row part(int from, int to) {
    return new Row(table, columns.subList(from, to));
  }

  /** This row with another column. */
  Row with(Object value) {
    return joined(List.of(this, of(table, value)));
  }

  /** This row with its checksum as another column. */
  Row withChecksum() {
    return with(checksum());
  }

  /** Requires a column to hold a checksum. */
  void requireChecksum(int column, long expected) throws StoreException.Damaged {
    if (number(column) != expected) {
      throw damaged(column, "checksum " + expected, Long.toString(number(column)));
    }
  }

  /** The approximate size of its columns, in bytes. */
  long size() {
    long size = 0;
    for (Optional<Object> column : columns) {
      size += column.orElse("") instanceof Bytes bytes ? Long.BYTES + bytes.size() : Long.BYTES;
    }
    return size;
  }

  /** Binds the columns to the first parameters of a statement. */
  void bind(PreparedStatement statement) throws SQLException {
    for (int i = 0; i < columns.size(); i++) {
      Object value = columns.get(i).orElse(null);
      statement.setObject(i + 1, value instanceof Bytes bytes ? bytes.toByteArray() : value);
    }
  }

  /** The CRC-32C over the columns, each with its type and length. */
  long checksum() {
    // One array for all: a listing of many tailnets makes tens of thousands of checksums.
    List<byte[]> contents = new ArrayList<>(columns.size());
    byte[] begin = table.getBytes(StandardCharsets.US_ASCII);
    int size = begin.length;
    for (Optional<Object> column : columns) {
      byte[] content = content(column.orElse(null));
      contents.add(content);
      size += 1 + Integer.BYTES + content.length;
    }
    ByteBuffer all = ByteBuffer.allocate(size).put(begin);
    for (int i = 0; i < contents.size(); i++) {
      byte[] content = contents.get(i);
      all.put(type(columns.get(i).orElse(null))).putInt(content.length).put(content);
    }
    CRC32C crc = new CRC32C();
    crc.update(all.array(), 0, size);
    return crc.getValue();
  }

  private static byte type(@Nullable Object value) {
    if (value == null) {
      return 0;
    }
    return (byte) (value instanceof Long ? 1 : value instanceof Bytes ? 2 : 3);
  }

  private static byte[] content(@Nullable Object value) {
    if (value == null) {
      return NOTHING;
    }
    if (value instanceof Long number) {
      return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }
    return value instanceof Bytes bytes
        ? bytes.toByteArray()
        : value.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** A column that holds a number. */
  long number(int column) throws StoreException.Damaged {
    return column(column, Long.class, "a number")
        .orElseThrow(() -> damaged(column, "a number", "nothing"));
  }

  /** A column that holds a number within a range. */
  int number(int column, int least, int most) throws StoreException.Damaged {
    long number = number(column);
    if (number < least || number > most) {
      throw damaged(column, least + " to " + most, Long.toString(number));
    }
    return (int) number;
  }

  /** A column that holds bytes. */
  Bytes bytes(int column) throws StoreException.Damaged {
    return optionalBytes(column).orElseThrow(() -> damaged(column, "bytes", "nothing"));
  }

  /** A column that may hold bytes. */
  Optional<Bytes> optionalBytes(int column) throws StoreException.Damaged {
    return column(column, Bytes.class, "bytes");
  }

  /** A column that may hold text. */
  Optional<String> optionalText(int column) throws StoreException.Damaged {
    return column(column, String.class, "text");
  }

  /** A column that holds a hash. */
  AumHash hash(int column) throws StoreException.Damaged {
    return optionalHash(column).orElseThrow(() -> damaged(column, "a hash", "nothing"));
  }

  /** A column that may hold a hash. */
  Optional<AumHash> optionalHash(int column) throws StoreException.Damaged {
    Optional<Bytes> bytes = optionalBytes(column);
    if (bytes.isPresent() && bytes.get().size() != AumHash.SIZE) {
      throw damaged(column, AumHash.SIZE + " bytes", Integer.toString(bytes.get().size()));
    }
    return bytes.map(each -> AumHash.of(each.toByteArray()));
  }

  private <T> Optional<T> column(int column, Class<T> type, String expected)
      throws StoreException.Damaged {
    Optional<Object> value = columns.get(column);
    if (value.isPresent() && !type.isInstance(value.get())) {
      throw damaged(column, expected, "another type");
    }
    return value.map(type::cast);
  }

  /** The exception for a column, counted from 0, with an unexpected value. */
  StoreException.Damaged damaged(int column, String expected, String found) {
    String key =
        columns.stream()
            .limit(2)
            .map(each -> each.map(Row::shown).orElse("null"))
            .toList()
            .toString();
    return new StoreException.Damaged(
        "table "
            + table
            + ", row "
            + key
            + ", column "
            + (column + 1)
            + ": expected "
            + expected
            + ", found "
            + found);
  }

  private static String shown(Object value) {
    String text = value.toString();
    int most = 64;
    return text.length() <= most ? text : text.substring(0, most) + "…";
  }
}
