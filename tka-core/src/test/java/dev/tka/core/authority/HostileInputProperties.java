package dev.tka.core.authority;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.tka.core.Aum;
import dev.tka.core.DecodeException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.testkit.LegalAums;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * Protocol, section 2: any bytes either are the canonical encoding of what they decode to, or are
 * refused with a {@link DecodeException} that names one of them, in time and memory that grow with
 * the input.
 */
class HostileInputProperties {
  private static final long ALLOCATED_PER_BYTE = 64;
  private static final long ALLOCATED_AT_LEAST = 1 << 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** What the two types have in common here. */
  @FunctionalInterface
  private interface Decoder {
    /** Decodes, and encodes again. */
    byte[] roundTrip(byte[] input) throws DecodeException;
  }

  private static byte[] aumRoundTrip(byte[] input) throws DecodeException {
    Aum aum = Aum.decode(input);
    return aum.withSignatures(aum.signatures()).encoded().toByteArray();
  }

  private static byte[] nodeKeySignatureRoundTrip(byte[] input) throws DecodeException {
    return NodeKeySignature.decode(input).encoded().toByteArray();
  }

  private static void assertCanonicalOrRefused(byte[] input, Decoder decoder) {
    byte[] original = input.clone();
    try {
      assertThat(decoder.roundTrip(input)).isEqualTo(original);
    } catch (DecodeException e) {
      assertThat(e.offset()).isBetween(0L, (long) input.length);
      assertThat(e).hasMessageStartingWith("byte " + e.offset() + ": ");
      assertThat(e.getMessage()).hasSizeLessThan(400).matches("[ -~]*");
    }
    assertThat(input).isEqualTo(original);
  }

  @Provide
  Arbitrary<byte[]> randomBytes() {
    return Arbitraries.bytes().array(byte[].class).ofMaxSize(300);
  }

  /** Pieces of CBOR in any order: much of it parses some way before it is refused. */
  @Provide
  Arbitrary<byte[]> tokens() {
    Arbitrary<byte[]> heads =
        Combinators.combine(Arbitraries.integers().between(0, 7), LegalAums.numbers())
            .as(
                (major, argument) -> {
                  byte[] head = new byte[9];
                  head[0] = (byte) (major << 5 | 27);
                  for (int i = 0; i < 8; i++) {
                    head[8 - i] = (byte) (argument >>> (8 * i));
                  }
                  return head;
                });
    Arbitrary<byte[]> single = Arbitraries.bytes().map(value -> new byte[] {value});
    Arbitrary<byte[]> chunk =
        Arbitraries.of(
            new byte[] {(byte) 0xa2, 1, 3, 2, (byte) 0xf6},
            new byte[] {(byte) 0xa3, 1, 3, 2, (byte) 0xf6},
            new byte[] {(byte) 0xd9, 1, 0},
            new byte[] {(byte) 0xd8, 25},
            new byte[] {(byte) 0xa1},
            new byte[] {(byte) 0x81},
            new byte[] {(byte) 0xbf},
            new byte[] {(byte) 0x9f},
            new byte[] {(byte) 0xff},
            new byte[] {(byte) 0xc2},
            new byte[] {(byte) 0xfb, 0, 0, 0, 0, 0, 0, 0, 0},
            new byte[] {23},
            new byte[] {0x41, 0},
            new byte[] {0x61, 'k'});
    return Arbitraries.frequencyOf(Tuple.of(1, heads), Tuple.of(4, single), Tuple.of(6, chunk))
        .list()
        .ofMaxSize(60)
        .map(HostileInputProperties::join);
  }

  private static byte[] join(List<byte[]> parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    parts.forEach(out::writeBytes);
    return out.toByteArray();
  }

  /**
   * One change to an encoding: flip, replace, insert, delete, cut, append or splice. A position
   * that does not fit is folded into the length.
   */
  private record Mutation(int how, int position, int other, byte value) {
    byte[] applyTo(byte[] input) {
      if (input.length == 0) {
        return new byte[] {value};
      }
      int at = Math.floorMod(position, input.length);
      int from = Math.floorMod(other, input.length);
      byte[] before = Arrays.copyOf(input, at);
      byte[] after = Arrays.copyOfRange(input, at, input.length);
      return switch (how) {
        case 0 -> with(input, at, (byte) (input[at] ^ 1 << (value & 7)));
        case 1 -> with(input, at, value);
        case 2 -> join(List.of(before, new byte[] {value}, after));
        case 3 -> join(List.of(before, Arrays.copyOfRange(after, 1, after.length)));
        case 4 -> before;
        case 5 -> join(List.of(input, new byte[] {value}));
        default -> {
          int to = Math.min(input.length, from + 1 + (value & 0x3f));
          yield join(List.of(before, Arrays.copyOfRange(input, from, to), after));
        }
      };
    }

    private static byte[] with(byte[] input, int at, byte value) {
      byte[] changed = input.clone();
      changed[at] = value;
      return changed;
    }
  }

  private static Arbitrary<byte[]> mutated(Arbitrary<byte[]> encodings) {
    Arbitrary<Mutation> mutation =
        Combinators.combine(
                Arbitraries.integers().between(0, 6),
                Arbitraries.integers().between(0, 2000),
                Arbitraries.integers().between(0, 2000),
                Arbitraries.bytes())
            .as(Mutation::new);
    return Combinators.combine(encodings, mutation.list().ofMinSize(1).ofMaxSize(3))
        .as(
            (encoding, mutations) -> {
              byte[] changed = encoding;
              for (Mutation next : mutations) {
                changed = next.applyTo(changed);
              }
              return changed;
            })
        .withoutEdgeCases();
  }

  @Provide
  Arbitrary<byte[]> mutatedAums() {
    return mutated(LegalAums.encodings());
  }

  @Provide
  Arbitrary<byte[]> mutatedNodeKeySignatures() {
    return mutated(LegalAums.nodeKeySignatures());
  }

  @Property(tries = 5000)
  void randomBytesAreCanonicalOrRefused(@ForAll("randomBytes") byte[] input) {
    assertCanonicalOrRefused(input, HostileInputProperties::aumRoundTrip);
    assertCanonicalOrRefused(input, HostileInputProperties::nodeKeySignatureRoundTrip);
  }

  @Property(tries = 10_000)
  void randomTokensAreCanonicalOrRefused(@ForAll("tokens") byte[] input) {
    assertCanonicalOrRefused(input, HostileInputProperties::aumRoundTrip);
    assertCanonicalOrRefused(input, HostileInputProperties::nodeKeySignatureRoundTrip);
  }

  @Property(tries = 10_000)
  void mutatedAumsAreCanonicalOrRefused(@ForAll("mutatedAums") byte[] input) {
    assertCanonicalOrRefused(input, HostileInputProperties::aumRoundTrip);
  }

  @Property(tries = 5000)
  void mutatedNodeKeySignaturesAreCanonicalOrRefused(
      @ForAll("mutatedNodeKeySignatures") byte[] input) {
    assertCanonicalOrRefused(input, HostileInputProperties::nodeKeySignatureRoundTrip);
  }

  /**
   * Long inputs of one pattern behind a beginning that leads the decoder into every field: many
   * small values, deep nesting, and lengths that are claimed and not there.
   */
  @Provide
  Arbitrary<byte[]> longInputs() {
    Arbitrary<byte[]> beginning =
        Arbitraries.of(
            new byte[0],
            bytes(0xa3, 1, 3, 2, 0xf6, 3),
            bytes(0xa3, 1, 3, 2, 0xf6, 4),
            bytes(0xa3, 1, 3, 2, 0xf6, 5, 0xa3, 1, 0xf6, 2),
            bytes(0xa3, 1, 3, 2, 0xf6, 5, 0xa3, 1, 0xf6, 2, 0xf6, 3),
            bytes(0xa3, 1, 3, 2, 0xf6, 6),
            bytes(0xa3, 1, 3, 2, 0xf6, 7),
            bytes(0xa3, 1, 3, 2, 0xf6, 23),
            bytes(0xd9, 1, 0, 0xa3, 1, 3, 2, 0xf6, 7),
            bytes(0xd9, 1, 0, 0xa3, 1, 3, 2, 0xf6, 23));
    Arbitrary<byte[]> head =
        Arbitraries.of(
            new byte[0],
            bytes(0x99, 0x10, 0),
            bytes(0xb9, 4, 0),
            bytes(0x9f),
            bytes(0xbf),
            bytes(0x5f),
            bytes(0x7f),
            bytes(0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
            bytes(0x5a, 0x7f, 0xff, 0xff, 0xff),
            bytes(0x7a, 0x7f, 0xff, 0xff, 0xff),
            bytes(0x9b, 0x40, 0, 0, 0, 0, 0, 0, 0),
            bytes(0xbb, 0x40, 0, 0, 0, 0, 0, 0, 0),
            bytes(0xc2, 0x59, 0xff, 0xff),
            bytes(0x59, 0xff, 0xff),
            bytes(0x79, 0xff, 0xff));
    Arbitrary<byte[]> pattern =
        Arbitraries.oneOf(
            Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(8),
            Arbitraries.of(
                bytes(0xa2, 1, 0xf6, 2, 0xf6),
                bytes(0xa3, 1, 1, 2, 1, 3, 0xf6),
                bytes(0xf6),
                bytes(0x40),
                bytes(0x60),
                bytes(0x81),
                bytes(0xa1),
                bytes(0x41, 0),
                bytes(0x61, 'k'),
                bytes(0x5a, 0, 0xff, 0xff, 0xff),
                bytes(0xd8, 25, 0),
                bytes(0xa2, 1, 0xd8, 25, 0, 2, 0xf6)));
    return Combinators.combine(beginning, head, pattern, Arbitraries.integers().between(0, 1 << 15))
        .as(
            (first, second, repeated, length) -> {
              byte[] tail = new byte[length];
              for (int i = 0; i < length; i++) {
                tail[i] = repeated[i % repeated.length];
              }
              return join(List.of(first, second, tail));
            });
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Property(tries = 5000)
  void decodingAllocatesInProportionToTheInput(@ForAll("longInputs") byte[] input) {
    assertAllocationIsBounded(input, HostileInputProperties::aumRoundTrip);
    assertAllocationIsBounded(input, HostileInputProperties::nodeKeySignatureRoundTrip);
  }

  @Property(tries = 1000)
  void decodingWhatIsLegalAllocatesInProportion(@ForAll("mutatedAums") byte[] input) {
    assertAllocationIsBounded(input, HostileInputProperties::aumRoundTrip);
  }

  private static void assertAllocationIsBounded(byte[] input, Decoder decoder) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    long allocated;
    try {
      byte[] canonical = decoder.roundTrip(input);
      allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      assertThat(canonical).isEqualTo(input);
    } catch (DecodeException e) {
      allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    }
    assertThat(allocated)
        .as("allocated for %d bytes", input.length)
        .isLessThan(ALLOCATED_PER_BYTE * input.length + ALLOCATED_AT_LEAST);
  }
}
