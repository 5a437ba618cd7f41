package dev.tka.store.etcd;

import dev.tka.core.Bytes;
import dev.tka.core.store.StoreException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * Changes that are larger than what etcd takes in one transaction.
 *
 * <p>All of it is written in pieces, below a header. Then one transaction replaces the tailnet's
 * root by one that names the header: that is the commit, and whoever reads the rows lays the pieces
 * over them. Only then the rows come into their places, in as many transactions as it takes, each
 * of which may be repeated; and one that takes the name from the root and deletes the pieces ends
 * it. Whoever is to change the tailnet next does so first, if the writer did not come to it.
 */
final class Batches {
  /** The most operations of one transaction; etcd takes 128. */
  static final int MOST_OPERATIONS = 120;

  /** The most bytes of the operations of one transaction. */
  static final int MOST_BYTES = 1_000_000;

  /**
   * The most bytes of one transaction with its conditions, of which one is the root as it was; etcd
   * takes 1.5 MiB, with names and numbers.
   */
  private static final int MOST_OF_REQUEST = 1_480_000;

  private static final int PUT = 1;
  private static final int DELETE = 2;

  private Batches() {}

  static int size(Operation operation) {
    if (operation instanceof Operation.Put put) {
      return 32 + put.key().length() + put.value().size();
    }
    return operation instanceof Operation.Delete delete
        ? 32 + delete.from().length() + delete.end().length()
        : 0;
  }

  /** Whether a change fits into one transaction, with some room for what belongs to each. */
  static boolean fits(List<Operation> operations, List<Condition> conditions) {
    return operations.size() <= MOST_OPERATIONS
        && operations.stream().mapToLong(Batches::size).sum() <= mostBytes(conditions);
  }

  /** The most bytes of the operations of a transaction with conditions. */
  static long mostBytes(List<Condition> conditions) {
    return Math.min(
        MOST_BYTES, MOST_OF_REQUEST - conditions.stream().mapToLong(Condition::size).sum());
  }

  /** Divides operations into transactions that etcd takes, in order, each with a condition. */
  static List<List<Operation>> divide(List<Operation> operations, Condition condition) {
    long most = mostBytes(List.of(condition));
    List<List<Operation>> all = new ArrayList<>();
    List<Operation> one = new ArrayList<>();
    long bytes = 0;
    for (Operation each : operations) {
      if (!one.isEmpty() && (one.size() == MOST_OPERATIONS || bytes + size(each) > most)) {
        all.add(one);
        one = new ArrayList<>();
        bytes = 0;
      }
      one.add(each);
      bytes += size(each);
    }
    all.add(one);
    return all;
  }

  /** The pieces of a change. */
  static List<Bytes> pieces(List<Operation> operations) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Operation each : operations) {
        if (each instanceof Operation.Put put) {
          out.writeByte(PUT);
          write(out, put.key().getBytes(StandardCharsets.ISO_8859_1));
          write(out, put.value().toByteArray());
        } else if (each instanceof Operation.Delete delete) {
          out.writeByte(DELETE);
          write(out, delete.from().getBytes(StandardCharsets.ISO_8859_1));
          write(out, delete.end().getBytes(StandardCharsets.ISO_8859_1));
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    byte[] whole = bytes.toByteArray();
    List<Bytes> pieces = new ArrayList<>();
    for (int from = 0; from < whole.length; from += MOST_BYTES) {
      pieces.add(Bytes.copyOf(whole, from, Math.min(whole.length, from + MOST_BYTES)));
    }
    return pieces;
  }

  private static void write(DataOutputStream out, byte[] text) throws IOException {
    out.writeInt(text.length);
    out.write(text);
  }

  /**
   * Reads the operations of a change.
   *
   * @param at the revision of which to read its pieces, at which a root names it; 0 for the newest,
   *     where there may be none any more
   */
  static List<Operation> read(
      EtcdClient client, Layout layout, Values values, String batch, long at)
      throws EtcdFailure, StoreException.Damaged {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    String under = layout.batch(batch) + "/";
    client.readAll(
        under,
        Gateway.afterPrefix(under),
        at,
        each -> whole.writeBytes(each.value().toByteArray()));
    if (whole.size() == 0 && at != 0) {
      throw withoutPieces(layout, values, batch);
    }
    return operations(layout, values, batch, Bytes.copyOf(whole.toByteArray()));
  }

  /**
   * The operations of a change.
   *
   * @param pieces all of its pieces, joined
   */
  static List<Operation> operations(Layout layout, Values values, String batch, Bytes pieces)
      throws StoreException.Damaged {
    List<Operation> operations = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(pieces.toByteArray()))) {
      while (in.available() > 0) {
        int kind = in.readByte();
        String key = new String(text(in), StandardCharsets.ISO_8859_1);
        byte[] rest = text(in);
        operations.add(
            kind == PUT
                ? new Operation.Put(key, Bytes.copyOf(rest))
                : new Operation.Delete(key, new String(rest, StandardCharsets.ISO_8859_1)));
      }
    } catch (IOException e) {
      throw values.damaged(layout.batch(batch), "expected a large change, found a part of one");
    }
    return operations;
  }

  /** A root names a change of which there is nothing. */
  static StoreException.Damaged withoutPieces(Layout layout, Values values, String batch) {
    return values.damaged(layout.batch(batch), "expected a large change, found none");
  }

  private static byte[] text(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new EOFException();
    }
    return in.readNBytes(length);
  }

  /**
   * Lays a change over rows.
   *
   * @param modified the revision of the change
   */
  static void lay(List<Operation> operations, SortedMap<String, KeyValue> rows, long modified) {
    for (Operation each : operations) {
      if (each instanceof Operation.Put put) {
        rows.put(put.key(), new KeyValue(put.key(), put.value(), modified));
      } else if (each instanceof Operation.Delete delete) {
        rows.subMap(delete.from(), delete.end()).clear();
      }
    }
  }
}
