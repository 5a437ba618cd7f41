package dev.tka.bench;

import java.util.List;
import java.util.OptionalDouble;

/**
 * One line of the report: a benchmark of ours, the reference's figure for the same, and our target.
 *
 * @param benchmark class and method, and the parameter if there is one, as in {@code
 *     OpenBenchmark.memory length=100}
 * @param label a description for people
 * @param unit the unit of all numbers here
 * @param reference the reference's figure; empty if there is none
 * @param target the highest acceptable figure on the reference's machine; empty if there is none
 */
record Figure(
    String benchmark, String label, Unit unit, OptionalDouble reference, OptionalDouble target) {

  /** The prefix of the names of heap figures; the length of the chain follows. */
  static final String HEAP = "HeapOfAuthority ";

  private static final String TABLE =
      """
      CodecBenchmark.decode shape=ADD_KEY                     | decode an add-key                           | µs |   1.05 |   1.05
      CodecBenchmark.decode shape=CHECKPOINT_20               | decode a checkpoint of 20 keys              | µs |   5.8  |   5.8
      CodecBenchmark.decode shape=CHECKPOINT_512              | decode a checkpoint of 512 keys             | µs | 122    | 122
      CodecBenchmark.decodeStored shape=ADD_KEY               | decode from a store: add-key                | µs | -      | -
      CodecBenchmark.decodeStored shape=CHECKPOINT_20         | decode from a store: checkpoint of 20 keys  | µs | -      | -
      CodecBenchmark.decodeStored shape=CHECKPOINT_512        | decode from a store: checkpoint of 512 keys | µs | -      | -
      CodecBenchmark.build shape=ADD_KEY                      | encode and hash an add-key                  | µs |   0.84 | -
      CodecBenchmark.build shape=CHECKPOINT_20                | encode and hash a checkpoint of 20 keys     | µs |   3.6  | -
      CodecBenchmark.build shape=CHECKPOINT_512               | encode and hash a checkpoint of 512 keys    | µs |  69    | -
      CodecBenchmark.wellFormed shape=ADD_KEY                 | well-formedness: add-key                    | ns |   7    | -
      CodecBenchmark.wellFormed shape=CHECKPOINT_20           | well-formedness: checkpoint of 20 keys      | µs |   2.1  | -
      CodecBenchmark.wellFormed shape=CHECKPOINT_512          | well-formedness: checkpoint of 512 keys     | µs | 1200   |  60
      SignatureBenchmark.zip215 path=CORRETTO                 | ZIP-215, Corretto                           | µs |  36    | -
      SignatureBenchmark.zip215 path=BOUNCY_CASTLE            | ZIP-215, Bouncy Castle                      | µs |  36    | -
      SignatureBenchmark.zip215 path=EXACT                    | ZIP-215, exact equation                     | µs |  36    | -
      SignatureBenchmark.cofactorless path=CORRETTO           | cofactorless, Corretto                      | µs | -      | -
      SignatureBenchmark.cofactorless path=BOUNCY_CASTLE      | cofactorless, Bouncy Castle                 | µs | -      | -
      SignatureBenchmark.cofactorless path=EXACT              | cofactorless, exact equation                | µs | -      | -
      SignatureBenchmark.zip215SmallOrder path=CORRETTO       | ZIP-215, small order, Corretto              | µs | -      | -
      SignatureBenchmark.zip215SmallOrder path=BOUNCY_CASTLE  | ZIP-215, small order, Bouncy Castle         | µs | -      | -
      SignatureBenchmark.zip215SmallOrder path=EXACT          | ZIP-215, small order, exact equation        | µs | -      | -
      InformBenchmark.one length=1000                         | inform of 1, on 1,000                       | µs |  42.5  |  42.5
      InformBenchmark.one length=100000                       | inform of 1, on 100,000                     | µs | -      |  42.5
      InformBenchmark.batch size=10                           | inform of 10                                | µs | 418    | -
      InformBenchmark.batch size=100                          | inform of 100                               | ms |   4.40 |   2.64
      InformBenchmark.batch size=900                          | inform of 900                               | ms |  41.1  |  24.66
      InformBenchmark.known length=1900                       | inform of 25 that are known, of 1,900       | µs | 10400  |  50
      InformBenchmark.known length=100000                     | inform of 25 that are known, of 100,000     | µs | -      |  50
      EditBenchmark.build place=memory                        | sign and build an add-key, memory           | µs |  22    |  66
      EditBenchmark.build place=directory                     | sign and build an add-key, directory        | µs |  97    |  97
      EditBenchmark.directory size=1                          | inform of 1, directory                      | ms |   0.63 | -
      EditBenchmark.directory size=10                         | inform of 10, directory                     | ms |   5.3  | -
      EditBenchmark.directory size=100                        | inform of 100, directory                    | ms |  61    |  30.5
      EditBenchmark.directory size=900                        | inform of 900, directory                    | ms | 540    | 270
      EditBenchmark.oneByOne size=100                         | 100 files one by one, on this disk          | ms | -      | -
      EditBenchmark.oneByOne size=900                         | 900 files one by one, on this disk          | ms | -      | -
      OpenBenchmark.memory length=100                         | open from memory, 100 AUMs                  | ms |   0.527 |  0.264
      OpenBenchmark.memory length=1900                        | open from memory, 1,900 AUMs                | ms |  10.1  |   5.05
      OpenBenchmark.memory length=10000                       | open from memory, 10,000 AUMs               | ms | -      | -
      OpenBenchmark.memory length=100000                      | open from memory, 100,000 AUMs              | ms | -      | -
      OpenBenchmark.directory length=100                      | open a directory, 100 AUMs                  | ms |   2.6  |   1.82
      OpenBenchmark.directory length=1900                     | open a directory, 1,900 AUMs                | ms |  54    |  37.8
      OpenBenchmark.directory length=10000                    | open a directory, 10,000 AUMs               | ms | -      | 1000
      OpenBenchmark.directory length=100000                   | open a directory, 100,000 AUMs              | ms | -      | -
      SyncBenchmark.offer length=100                          | sync offer, of 100                          | µs |     95 |      5
      SyncBenchmark.offer length=1000                         | sync offer, of 1,000                        | µs |    974 |      5
      SyncBenchmark.offer length=1900                         | sync offer, of 1,900                        | µs |    990 |      5
      SyncBenchmark.offer length=10000                        | sync offer, of 10,000                       | µs |      - |     10
      SyncBenchmark.offer length=100000                       | sync offer, of 100,000                      | µs |      - |     10
      SyncBenchmark.missingEqual length=100                   | missing, heads equal, of 100                | µs |     94 |      1
      SyncBenchmark.missingEqual length=1000                  | missing, heads equal, of 1,000              | µs |    963 |      1
      SyncBenchmark.missingEqual length=10000                 | missing, heads equal, of 10,000             | µs |      - |      1
      SyncBenchmark.missingEqual length=100000                | missing, heads equal, of 100,000            | µs |      - |      1
      SyncBenchmark.missing1 length=100                       | missing, 1 behind, of 100                   | µs |    405 |      5
      SyncBenchmark.missing1 length=1000                      | missing, 1 behind, of 1,000                 | µs |   1100 |      5
      SyncBenchmark.missing1 length=10000                     | missing, 1 behind, of 10,000                | µs |      - |      5
      SyncBenchmark.missing1 length=100000                    | missing, 1 behind, of 100,000               | µs |      - |      5
      SyncBenchmark.missing50 length=100                      | missing, 50 behind, of 100                  | µs |    663 |     10
      SyncBenchmark.missing50 length=1000                     | missing, 50 behind, of 1,000                | µs |   1410 |     10
      SyncBenchmark.missing50 length=10000                    | missing, 50 behind, of 10,000               | µs |      - |     10
      SyncBenchmark.missing50 length=100000                   | missing, 50 behind, of 100,000              | µs |      - |     10
      SyncBenchmark.missing700 length=1000                    | missing, 700 behind, of 1,000               | µs |   5100 |     60
      SyncBenchmark.missing700 length=10000                   | missing, 700 behind, of 10,000              | µs |      - |     60
      SyncBenchmark.missing700 length=100000                  | missing, 700 behind, of 100,000             | µs |      - |     60
      SyncBenchmark.missingForked length=100                  | missing, forked 5 ago, of 100               | µs |    553 |     20
      SyncBenchmark.missingForked length=1000                 | missing, forked 5 ago, of 1,000             | µs |   1210 |     20
      SyncBenchmark.missingForked length=10000                | missing, forked 5 ago, of 10,000            | µs |      - |     20
      SyncBenchmark.missingForked length=100000               | missing, forked 5 ago, of 100,000           | µs |      - |     20
      SyncBenchmark.round length=100                          | whole round, node 1 behind, of 100          | ms |   1.72 |    0.3
      SyncBenchmark.round length=1000                         | whole round, node 1 behind, of 1,000        | ms |    7.9 |    0.3
      SyncBenchmark.round length=10000                        | whole round, node 1 behind, of 10,000       | ms |      - |    0.3
      SyncBenchmark.round length=100000                       | whole round, node 1 behind, of 100,000      | ms |      - |    0.3
      CompactBenchmark.memory length=100                      | compact in memory, 100 AUMs                 | ms |   0.135 |  0.0675
      CompactBenchmark.memory length=1000                     | compact in memory, 1,000 AUMs               | ms | -      | -
      CompactBenchmark.memory length=1900                     | compact in memory, 1,900 AUMs               | ms |   1.07 |  0.535
      CompactBenchmark.memory length=10000                    | compact in memory, 10,000 AUMs              | ms | -      | -
      CompactBenchmark.memory length=100000                   | compact in memory, 100,000 AUMs             | ms | -      | -
      CompactBenchmark.directory length=100                   | compact a directory, 100 AUMs               | ms |  26    |  13
      CompactBenchmark.directory length=1000                  | compact a directory, 1,000 AUMs             | ms | -      | -
      CompactBenchmark.directory length=1900                  | compact a directory, 1,900 AUMs             | ms | 1200   | 600
      CompactBenchmark.directory length=10000                 | compact a directory, 10,000 AUMs            | ms | -      | -
      CompactBenchmark.directory length=100000                | compact a directory, 100,000 AUMs           | ms | -      | -
      TrailBenchmark.one policy=REFERENCE                     | inform of 1, compacted, nothing remembered  | µs |   42.5 |   42.5
      TrailBenchmark.one policy=NODE                          | inform of 1, 100,000 remembered             | µs |   -    |   42.5
      TrailBenchmark.offer                                    | sync offer, 100,000 remembered              | µs |   -    |   10
      NodeKeyBenchmark.direct                                 | authorize a node key, direct                | µs |  37.8  |  37.8
      NodeKeyBenchmark.rotation depth=1                       | authorize a node key, 1 rotation            | µs | -      | -
      NodeKeyBenchmark.rotation depth=5                       | authorize a node key, 5 rotations           | µs | 238    | 238
      NodeKeyBenchmark.rotation depth=15                      | authorize a node key, 15 rotations          | µs | -      | -
      NodeKeyBenchmark.filter peers=1000                      | filter 1,000 peers                          | ms | -      |  22.68
      NodeKeyBenchmark.filter peers=10000                     | filter 10,000 peers                         | ms | -      | 226.8
      NodeKeyBenchmark.changed peers=1000                     | filter again, 1 of 1,000 changed            | µs | -      |  37.8
      NodeKeyBenchmark.changed peers=10000                    | filter again, 1 of 10,000 changed           | µs | -      |  37.8
      AgentBenchmark.start peers=1000                         | an agent's first decision, 1,000 peers      | ms | -      | -
      AgentBenchmark.start peers=10000                        | an agent's first decision, 10,000 peers     | ms | -      | -
      AgentBenchmark.access peers=10000                       | a decision about a packet, 10,000 peers     | ns | -      | -
      AgentBenchmark.delta peers=10000                        | one of 10,000 peers changed, noted on disk  | µs | -      | -
      HeapOfAuthority trail                                   | heap of a trail of 100,000 AUMs             | KB |   -    | -
      HeapOfAuthority 100                                     | heap of an open authority, 100 AUMs         | KB |  73    |  43.8
      HeapOfAuthority 750                                     | heap of an open authority, 750 AUMs         | KB | 507    | 304
      HeapOfAuthority 1900                                    | heap of an open authority, 1,900 AUMs       | KB | 1600   | 960
      HeapOfAuthority 10000                                   | heap of an open authority, 10,000 AUMs      | KB | -      | -
      """;

  /** All lines, in printing order. */
  static final List<Figure> ALL = TABLE.lines().map(Figure::parse).toList();

  /** The unit of a figure. */
  enum Unit {
    /** Nanoseconds. */
    NS("ns", 1e-3),
    /** Microseconds. */
    US("µs", 1),
    /** Milliseconds. */
    MS("ms", 1e3),
    /** Thousands of bytes. */
    KB("KB", 1);

    final String symbol;

    /** The size of this unit in the unit of measurements: microseconds, or thousands of bytes. */
    final double size;

    Unit(String symbol, double size) {
      this.symbol = symbol;
      this.size = size;
    }

    /** True if a faster machine makes the number smaller. */
    boolean isTime() {
      return this != KB;
    }

    private static Unit of(String symbol) {
      for (Unit unit : values()) {
        if (unit.symbol.equals(symbol)) {
          return unit;
        }
      }
      throw new IllegalArgumentException("no unit: " + symbol);
    }
  }

  /** True if it takes a minute to set up. */
  boolean isLong() {
    return benchmark.endsWith(".directory length=100000");
  }

  /** True if writing the files for one measurement takes longer than the measurement. */
  boolean writesManyFiles() {
    return benchmark.equals("CompactBenchmark.directory length=10000")
        || benchmark.equals("CompactBenchmark.directory length=100000");
  }

  private static Figure parse(String line) {
    String[] cells = line.split("\\|", -1);
    return new Figure(
        cells[0].strip(),
        cells[1].strip(),
        Unit.of(cells[2].strip()),
        number(cells[3].strip()),
        number(cells[4].strip()));
  }

  private static OptionalDouble number(String cell) {
    return cell.equals("-") ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(cell));
  }
}
