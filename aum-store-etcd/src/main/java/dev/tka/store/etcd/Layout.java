package dev.tka.store.etcd;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys of a place below its prefix. A class is a letter and a slash; no key of one row begins
 * like that of another row, apart from its {@link Parts}.
 *
 * <p>The rows of a tailnet's AUMs are under a random name, which its root holds: so the store of an
 * authority that is ended gets another name without being copied, and a late writer finds nothing
 * to spoil.
 *
 * @param prefix begins and ends with a slash
 */
record Layout(String prefix) {
  /** The version of this layout. */
  static final int VERSION = 1;

  private static final String ROOTS = "r/";
  private static final String AUMS = "a/";
  private static final String TRAIL = "e/";
  private static final String NOTES = "o/";
  private static final String NODES = "n/";
  private static final String SIGHTINGS = "s/";
  private static final String TOKENS = "x/";
  private static final String TOKEN_NAMES = "k/";
  private static final String BATCHES = "p/";

  /** What stands for itself in a name, besides letters and digits. */
  private static final String PLAIN = "-._~";

  /** Everything that is ours, in the order of the keys. */
  private static final List<String> OURS =
      List.of(
          AUMS,
          TRAIL,
          TOKEN_NAMES,
          "last",
          NODES,
          NOTES,
          BATCHES,
          ROOTS,
          SIGHTINGS,
          "version",
          TOKENS);

  /** What a key is. */
  sealed interface Place {
    /** The version of the layout. */
    record Version() implements Place {}

    /** What every change puts. */
    record Last() implements Place {}

    /** What a tailnet, or the store of an authority that was ended, is now. */
    record OfRoot(String name) implements Place {}

    /**
     * A row of AUMs, of the trail, or the notes.
     *
     * @param kind the letter of its class
     * @param store the random name of its store
     * @param row the rest of its key
     */
    record OfStore(char kind, String store, String row) implements Place {}

    /**
     * A row of a node, its sighting or a token.
     *
     * @param kind the letter of its class
     * @param row the rest of its key
     */
    record OfTailnet(char kind, String tailnet, String row) implements Place {}

    /** Which tailnet has the token with a hash. */
    record OfToken(String hash) implements Place {}

    /** A piece of a large change, or its header, whose row is empty. */
    record OfBatch(String batch, String row) implements Place {}

    /** Somebody else's. */
    record Unknown() implements Place {}
  }

  String version() {
    return prefix + "version";
  }

  String last() {
    return prefix + "last";
  }

  String roots() {
    return prefix + ROOTS;
  }

  String root(String name) {
    return prefix + ROOTS + encode(name);
  }

  String aums(String store) {
    return prefix + AUMS + store + "/";
  }

  String aum(String store, AumHash hash) {
    return aums(store) + hash;
  }

  String trail(String store) {
    return prefix + TRAIL + store + "/";
  }

  String trail(String store, long index) {
    return trail(store) + number(index);
  }

  String notes(String store) {
    return prefix + NOTES + store;
  }

  String nodes(String tailnet) {
    return prefix + NODES + encode(tailnet) + "/";
  }

  String node(String tailnet, long id) {
    return nodes(tailnet) + number(id);
  }

  String sightings(String tailnet) {
    return prefix + SIGHTINGS + encode(tailnet) + "/";
  }

  String sighting(String tailnet, long node) {
    return sightings(tailnet) + number(node);
  }

  String tokens(String tailnet) {
    return prefix + TOKENS + encode(tailnet) + "/";
  }

  String token(String tailnet, Bytes hash) {
    return tokens(tailnet) + hash.toHex();
  }

  String tokenName(Bytes hash) {
    return prefix + TOKEN_NAMES + hash.toHex();
  }

  String batches() {
    return prefix + BATCHES;
  }

  String batch(String batch) {
    return prefix + BATCHES + batch;
  }

  String piece(String batch, int index) {
    return batch(batch) + "/" + number(index);
  }

  /** The ranges between what is ours, as pairs of the first key and the first one after it. */
  List<Operation.Any> gaps() {
    List<Operation.Any> gaps = new ArrayList<>();
    String from = prefix;
    for (String each : OURS) {
      String ours = prefix + each;
      gaps.add(new Operation.Any(from, ours));
      from = each.endsWith("/") ? Gateway.afterPrefix(ours) : ours + "\0";
    }
    gaps.add(new Operation.Any(from, Gateway.afterPrefix(prefix)));
    return List.copyOf(gaps);
  }

  private static String number(long number) {
    return String.format("%016x", number);
  }

  /** Reads a number of a key. */
  static Optional<Long> parseNumber(String text) {
    return text.matches("[0-7][0-9a-f]{15}")
        ? Optional.of(Long.parseLong(text, 16))
        : Optional.empty();
  }

  /** A name without slashes, in ASCII; no other name has the same. */
  static String encode(String name) {
    StringBuilder encoded = new StringBuilder();
    for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (each & 0xff);
      if (c < 128 && (Character.isLetterOrDigit(c) || PLAIN.indexOf(c) >= 0)) {
        encoded.append(c);
      } else {
        encoded.append(String.format("%%%02X", (int) c));
      }
    }
    return encoded.toString();
  }

  private static Optional<String> decode(String encoded) {
    byte[] bytes = new byte[encoded.length()];
    int size = 0;
    for (int i = 0; i < encoded.length(); i++) {
      char c = encoded.charAt(i);
      if (c == '%' && i + 2 < encoded.length()) {
        int value =
            Character.digit(encoded.charAt(i + 1), 16) * 16
                + Character.digit(encoded.charAt(i + 2), 16);
        bytes[size++] = (byte) value;
        i += 2;
      } else {
        bytes[size++] = (byte) c;
      }
    }
    String name = new String(bytes, 0, size, StandardCharsets.UTF_8);
    return encode(name).equals(encoded) ? Optional.of(name) : Optional.empty();
  }

  /** What a key is. */
  Place place(String key) {
    if (!key.startsWith(prefix)) {
      return new Place.Unknown();
    }
    String rest = key.substring(prefix.length());
    if (rest.equals("version")) {
      return new Place.Version();
    }
    if (rest.equals("last")) {
      return new Place.Last();
    }
    if (rest.length() < 3 || rest.charAt(1) != '/') {
      return new Place.Unknown();
    }
    char kind = rest.charAt(0);
    String[] parts = rest.substring(2).split("/", 2);
    String row = parts.length == 2 ? parts[1] : "";
    return switch (rest.substring(0, 2)) {
      case ROOTS ->
          parts.length == 1
              ? decode(parts[0]).<Place>map(Place.OfRoot::new).orElseGet(Place.Unknown::new)
              : new Place.Unknown();
      case AUMS, TRAIL, NOTES -> new Place.OfStore(kind, parts[0], row);
      case NODES, SIGHTINGS, TOKENS ->
          decode(parts[0])
              .<Place>map(name -> new Place.OfTailnet(kind, name, row))
              .orElseGet(Place.Unknown::new);
      case TOKEN_NAMES -> new Place.OfToken(parts[0]);
      case BATCHES -> new Place.OfBatch(parts[0], row);
      default -> new Place.Unknown();
    };
  }
}
