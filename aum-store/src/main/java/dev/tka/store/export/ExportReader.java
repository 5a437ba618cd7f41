package dev.tka.store.export;

import dev.tka.core.Bytes;
import dev.tka.core.internal.Blake2s;
import dev.tka.core.store.Limits;
import dev.tka.core.store.StoreException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * Splits a CBOR sequence into items without interpreting them, and computes the checksum of their
 * bytes. An item takes as much memory as it has bytes, at most {@link
 * Limits#MAX_EXPORT_ITEM_BYTES}, whatever lengths it claims.
 */
final class ExportReader {
  private static final int MAJOR_TYPE_SHIFT = 5;
  private static final int ADDITIONAL = 0x1f;
  private static final int ONE_BYTE_FOLLOWS = 24;
  private static final int EIGHT_BYTES_FOLLOW = 27;
  private static final int BYTES = 2;
  private static final int TEXT = 3;
  private static final int ARRAY = 4;
  private static final int MAP = 5;
  private static final int TAG = 6;
  private static final int SIMPLE = 7;
  private static final int NULL = 22;

  private final InputStream in;
  private Blake2s sum = new Blake2s();
  private long itemStart;
  private long position;

  ExportReader(InputStream in) {
    this.in = new BufferedInputStream(in);
  }

  /** The next item; empty at the end of the sequence. */
  Optional<byte[]> next() throws IOException, StoreException.Damaged {
    itemStart = position;
    ByteArrayOutputStream item = new ByteArrayOutputStream();
    int first = in.read();
    if (first < 0) {
      return Optional.empty();
    }
    item.write(first);
    position++;
    // The number of nested items still to come.
    long pending = value(first, item);
    while (pending > 0) {
      pending += value(read(item), item) - 1;
    }
    return Optional.of(item.toByteArray());
  }

  /** Reads the rest of an initial byte's item; returns how many nested items are still to come. */
  private long value(int initial, ByteArrayOutputStream item)
      throws IOException, StoreException.Damaged {
    int additional = initial & ADDITIONAL;
    if (additional > EIGHT_BYTES_FOLLOW) {
      throw damaged("expected a definite length, found an indefinite or reserved one");
    }
    long argument = additional;
    if (additional >= ONE_BYTE_FOLLOWS) {
      argument = 0;
      for (int left = 1 << (additional - ONE_BYTE_FOLLOWS); left > 0; left--) {
        argument = argument << 8 | read(item);
      }
    }
    int type = initial >> MAJOR_TYPE_SHIFT;
    boolean sized = type >= BYTES && type <= MAP;
    if (sized && (argument < 0 || argument > Limits.MAX_EXPORT_ITEM_BYTES - item.size())) {
      throw damaged(
          "expected an item of at most " + Limits.MAX_EXPORT_ITEM_BYTES + " bytes, found more");
    }
    switch (type) {
      case BYTES, TEXT -> {
        byte[] content = in.readNBytes((int) argument);
        item.writeBytes(content);
        position += content.length;
        if (content.length < argument) {
          throw truncated();
        }
      }
      case ARRAY -> {
        return argument;
      }
      case MAP -> {
        return 2 * argument;
      }
      case TAG -> throw damaged("expected no tag, found one");
      case SIMPLE -> {
        if (argument != NULL || additional != NULL) {
          throw damaged("expected null, found another simple value or a float");
        }
      }
      default -> {
        // An integer is complete.
      }
    }
    return 0;
  }

  private int read(ByteArrayOutputStream item) throws IOException, StoreException.Damaged {
    int next = in.read();
    if (next < 0) {
      throw truncated();
    }
    position++;
    if (item.size() >= Limits.MAX_EXPORT_ITEM_BYTES) {
      throw damaged(
          "expected an item of at most " + Limits.MAX_EXPORT_ITEM_BYTES + " bytes, found more");
    }
    item.write(next);
    return next;
  }

  /** Adds an item to the checksum. */
  void count(byte[] item) {
    sum.update(item);
  }

  /** The checksum of the items that were counted; the next item begins a new one. */
  Bytes finishSum() {
    Bytes finished = Bytes.copyOf(sum.finish());
    sum = new Blake2s();
    return finished;
  }

  /** An exception about the item that was read last. */
  StoreException.Damaged damaged(String what) {
    return new StoreException.Damaged(
        itemStart == 0
            ? "export: expected an export of 'tka export', found something else: " + what
            : "export: item at byte " + itemStart + ": " + what);
  }

  /** An exception because the sequence ends too early. */
  StoreException.Damaged truncated() {
    return new StoreException.Damaged(
        "export: truncated: expected more, found its end at byte " + position);
  }
}
