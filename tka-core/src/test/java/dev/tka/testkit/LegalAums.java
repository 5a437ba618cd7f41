package dev.tka.testkit;

import dev.tka.core.Aum;
import dev.tka.core.DecodeException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/**
 * Canonical encodings of AUMs and node-key signatures, of every shape that decodes (protocol,
 * section 2): fields absent, null and empty, numbers of 64 bits, byte strings of odd lengths, any
 * Unicode. Few of them are well-formed. They are written by {@link Cbor}, so that the library's own
 * writer has nothing to do with them.
 */
public final class LegalAums {
  private static final int HASH_SIZE = 32;
  private static final int SIGNATURES_FIELD = 23;
  private static final int KEY_META_FIELD = 12;
  private static final int MAX_NKS_LEVELS = 16;

  /** Shorter encodings first, then bytewise: the order of text keys in a canonical map. */
  private static final Comparator<String> KEY_ORDER =
      Comparator.comparing(
          text -> text.getBytes(StandardCharsets.UTF_8),
          Comparator.<byte[]>comparingInt(utf8 -> utf8.length)
              .thenComparing(Arrays::compareUnsigned));

  private LegalAums() {}

  /** Encodings of AUMs. */
  public static Arbitrary<byte[]> encodings() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 255).map(kind -> new Cbor().uint(kind)),
            orNull(hashes()),
            keys().optional(),
            notEmptyBytes().optional(),
            states().optional(),
            numbers().map(votes -> new Cbor().uint(votes)).optional(),
            metas().optional(),
            arrays(signatures(), 1, 4).optional())
        .as(
            (kind, parent, key, keyId, state, votes, meta, signatures) ->
                new Fields()
                    .add(1, kind)
                    .add(2, parent)
                    .add(3, key)
                    .add(4, keyId)
                    .add(5, state)
                    .add(6, votes)
                    .add(7, meta)
                    .add(SIGNATURES_FIELD, signatures)
                    .toCbor()
                    .toByteArray())
        // The interesting values are listed below; all their combinations are too many to count.
        .withoutEdgeCases();
  }

  /** AUMs. */
  public static Arbitrary<Aum> aums() {
    return encodings()
        .map(
            encoding -> {
              try {
                return Aum.decode(encoding);
              } catch (DecodeException e) {
                throw new AssertionError("a legal AUM does not decode", e);
              }
            });
  }

  /** Encodings of node-key signatures, nested up to the limit (protocol, section 7). */
  public static Arbitrary<byte[]> nodeKeySignatures() {
    return nodeKeySignatureLevel()
        .list()
        .ofMinSize(1)
        .ofMaxSize(MAX_NKS_LEVELS)
        .map(
            levels -> {
              Optional<Cbor> nested = Optional.empty();
              for (List<Optional<Cbor>> level : levels) {
                nested =
                    Optional.of(
                        new Fields()
                            .add(1, level.get(0))
                            .add(2, level.get(1))
                            .add(3, level.get(2))
                            .add(4, level.get(3))
                            .add(5, nested)
                            .add(6, level.get(4))
                            .toCbor());
              }
              return nested.orElseThrow().toByteArray();
            })
        .withoutEdgeCases();
  }

  private static Arbitrary<List<Optional<Cbor>>> nodeKeySignatureLevel() {
    Arbitrary<Optional<Cbor>> field = notEmptyBytes().optional();
    Arbitrary<Optional<Cbor>> kind =
        Arbitraries.integers().between(0, 255).map(value -> Optional.of(new Cbor().uint(value)));
    return Combinators.combine(kind, field, field, field, field).as(List::of);
  }

  /** Numbers of 64 bits, often at the edges of an encoding's width. */
  public static Arbitrary<Long> numbers() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            0L,
            1L,
            23L,
            24L,
            255L,
            256L,
            4096L,
            65535L,
            65536L,
            (1L << 32) - 1,
            1L << 32,
            (1L << 32) + 1,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            -1L),
        Arbitraries.longs());
  }

  /** Text of any code points that have an encoding. */
  public static Arbitrary<String> texts() {
    return Combinators.combine(
            Arbitraries.of(0, 1, 2, 3, 10, 23, 24, 100),
            Arbitraries.integers().between(1, 4),
            seeds())
        .as(
            (length, width, seed) ->
                new Random(seed)
                    .ints(length, 0, 1 << (5 * width + 1))
                    .map(LegalAums::toCodePoint)
                    .collect(
                        StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString());
  }

  private static Arbitrary<Long> seeds() {
    return Arbitraries.longs().between(0, 1L << 40);
  }

  /** Folds a number into the code points, and those that have no encoding away. */
  private static int toCodePoint(int number) {
    int codePoint = number % (Character.MAX_CODE_POINT + 1);
    return codePoint <= Character.MAX_VALUE && Character.isSurrogate((char) codePoint)
        ? '?'
        : codePoint;
  }

  private static Arbitrary<Cbor> signatures() {
    return Combinators.combine(orNull(bytes()), orNull(bytes()))
        .as((keyId, signature) -> new Fields().add(1, keyId).add(2, signature).toCbor());
  }

  private static Arbitrary<Cbor> keys() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 255), numbers(), orNull(bytes()), metas().optional())
        .as(
            (kind, votes, publicKey, meta) ->
                new Fields()
                    .add(1, new Cbor().uint(kind))
                    .add(2, new Cbor().uint(votes))
                    .add(3, publicKey)
                    .add(KEY_META_FIELD, meta)
                    .toCbor());
  }

  private static Arbitrary<Cbor> states() {
    Arbitrary<Optional<Cbor>> ids =
        numbers().filter(id -> id != 0).map(id -> new Cbor().uint(id)).optional();
    return Combinators.combine(
            orNull(hashes()),
            orNull(arrays(orNull(bytes()), 0, 3)),
            orNull(arrays(keys(), 0, 3)),
            ids,
            ids)
        .as(
            (last, values, keys, id1, id2) ->
                new Fields()
                    .add(1, last)
                    .add(2, values)
                    .add(3, keys)
                    .add(4, id1)
                    .add(5, id2)
                    .toCbor());
  }

  private static Arbitrary<Cbor> metas() {
    return Arbitraries.maps(texts(), texts())
        .ofMinSize(1)
        .ofMaxSize(4)
        .map(
            meta -> {
              Cbor out = new Cbor().map(meta.size());
              meta.entrySet().stream()
                  .sorted(Map.Entry.comparingByKey(KEY_ORDER))
                  .forEach(pair -> out.text(pair.getKey()).text(pair.getValue()));
              return out;
            });
  }

  private static Arbitrary<Cbor> bytes() {
    return bytes(Arbitraries.of(0, 1, 2, 3, 23, 24, 31, 32, 32, 33, 34, 64, 64, 65, 255, 256, 300));
  }

  private static Arbitrary<Cbor> notEmptyBytes() {
    return bytes(Arbitraries.of(1, 2, 3, 23, 24, 31, 32, 32, 33, 34, 64, 64, 65, 255, 256, 300));
  }

  private static Arbitrary<Cbor> hashes() {
    return bytes(Arbitraries.just(HASH_SIZE));
  }

  private static Arbitrary<Cbor> bytes(Arbitrary<Integer> sizes) {
    // From a seed, because an arbitrary for every single byte is slow.
    return Combinators.combine(sizes, seeds())
        .as(
            (size, seed) -> {
              byte[] value = new byte[size];
              new Random(seed).nextBytes(value);
              return new Cbor().bytes(value);
            });
  }

  private static Arbitrary<Cbor> orNull(Arbitrary<Cbor> values) {
    return values.optional().map(value -> value.orElseGet(() -> new Cbor().nil()));
  }

  private static Arbitrary<Cbor> arrays(Arbitrary<Cbor> elements, int least, int most) {
    return elements
        .list()
        .ofMinSize(least)
        .ofMaxSize(most)
        .map(
            list -> {
              Cbor out = new Cbor().array(list.size());
              list.forEach(out::append);
              return out;
            });
  }

  /** A map under construction whose keys are small integers. */
  private static final class Fields {
    private final List<Integer> keys = new ArrayList<>();
    private final List<Cbor> values = new ArrayList<>();

    Fields add(int key, Cbor value) {
      keys.add(key);
      values.add(value);
      return this;
    }

    Fields add(int key, Optional<Cbor> value) {
      value.ifPresent(present -> add(key, present));
      return this;
    }

    Cbor toCbor() {
      Cbor out = new Cbor().map(keys.size());
      for (int i = 0; i < keys.size(); i++) {
        out.uint(keys.get(i)).append(values.get(i));
      }
      return out;
    }
  }
}
