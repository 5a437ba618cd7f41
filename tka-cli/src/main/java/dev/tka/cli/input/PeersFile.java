package dev.tka.cli.input;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.Peer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.rpc.OfferJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a network, as docs/peers-file.md describes them: the output of {@code tailscale lock
 * status --json}, or a file written by hand. Read entry by entry; a broken one is named on standard
 * error and left out.
 *
 * @param self the node whose view this is, if the file says
 * @param peers the others, in the order of the file, no two with one id
 * @param sound false if an entry was left out
 */
public record PeersFile(Optional<Entry> self, List<Entry> peers, boolean sound) {
  /** Longer than the text of any readable signature: sixteen layers are 4 KiB. */
  static final int MAX_TEXT = 1 << 16;

  /** Deeper than any valid input; skipping costs little per level. */
  private static final int MAX_NESTING = 100_000;

  private static final Set<String> LISTS = Set.of("Peers", "VisiblePeers", "FilteredPeers");
  private static final String SELF = "self";

  /** The names of kinds, each at its number; a kind without a name is written with its number. */
  private static final List<String> KINDS = List.of("invalid", "direct", "rotation", "credential");

  private static final Pattern OTHER_KIND = Pattern.compile("Sig\\?<([0-9]{1,3})>");

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(MAX_TEXT + 1)
                  .maxNameLength(MAX_TEXT + 1)
                  .maxNestingDepth(MAX_NESTING)
                  .build())
          .build();

  /** Copies the list. */
  public PeersFile {
    peers = List.copyOf(peers);
  }

  /**
   * A node.
   *
   * @param peer the filter's input
   * @param name for people, if it has one
   * @param rotationKey the key with which it may rotate its node key, if the file says
   * @param lastOffer the offer that it made when it last synced, if the file says
   */
  public record Entry(
      Peer peer,
      Optional<String> name,
      Optional<LockPublicKey> rotationKey,
      Optional<SyncOffer> lastOffer) {
    /** Its title for people: name and id, or the id alone. */
    public String title() {
      return Texts.printable(
          name.filter(given -> !given.equals(peer.id()))
              .map(given -> given + " (" + peer.id() + ")")
              .orElse(peer.id()));
    }

    /**
     * Whether its name, whole or up to the first dot, fits a pattern, in which * stands for any
     * characters.
     */
    public boolean isNamed(String pattern) {
      Pattern wanted =
          Pattern.compile(
              Stream.of(bare(pattern).split("\\*", -1))
                  .map(Pattern::quote)
                  .collect(Collectors.joining(".*")),
              Pattern.DOTALL);
      return name.filter(
              given ->
                  wanted.matcher(bare(given)).matches()
                      || wanted.matcher(firstLabel(given)).matches())
          .isPresent();
    }
  }

  /** The ways in which a person names a node, the most exact first. */
  private static final List<BiPredicate<Entry, String>> NAMES =
      List.of(
          (entry, text) -> entry.peer().nodeKey().toString().equalsIgnoreCase(text),
          (entry, text) -> entry.peer().id().equals(text),
          (entry, text) -> entry.name().filter(name -> bare(name).equals(bare(text))).isPresent(),
          (entry, text) ->
              entry.name().filter(name -> firstLabel(name).equals(bare(text))).isPresent(),
          (entry, text) ->
              !entry.peer().nodeKey().isZero()
                  && entry.peer().nodeKey().toShortText().equals("[" + text + "]"));

  /**
   * The nodes that a text names, the node itself included: by its node key, which clones share; by
   * its id; by its name, whole or the part before the first dot; or by the short form of its node
   * key.
   *
   * @return empty if there is none
   */
  public List<Entry> find(String text) {
    String given = Pasted.clean(text);
    for (BiPredicate<Entry, String> isNamed : NAMES) {
      List<Entry> found =
          Stream.concat(self.stream(), peers.stream())
              .filter(entry -> isNamed.test(entry, given))
              .toList();
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  /** A name as people write it: without the dot at its end, in either case. */
  private static String bare(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  private static String firstLabel(String name) {
    int dot = name.indexOf('.');
    return bare(dot < 0 ? name : name.substring(0, dot));
  }

  /** For a file of which entries were left out, each of which was named. */
  public static Advice correctIt() {
    return Advice.person(
        "correct the peers file as docs/peers-file.md describes it, or take the output of"
            + " 'tailscale lock status --json'");
  }

  /** The exit status for the entries that were left out. */
  public int exitCode() {
    return sound ? ExitCode.OK : ExitCode.BAD_INPUT;
  }

  /**
   * Reads a file, or standard input for {@code -}. Each broken entry gets a line on {@code err}.
   *
   * @throws CommandFailure if it does not begin like a peers file
   */
  public static PeersFile read(StreamArgument argument, Tka tka, PrintWriter err)
      throws IOException, CommandFailure {
    if (!argument.isStandard() && Files.isDirectory(argument.path())) {
      throw new CommandFailure(
          ExitCode.BAD_INPUT, argument + ": expected a peers file, found a directory");
    }
    try (InputStream in = argument.open(tka)) {
      return new Reading(in, argument.toString(), err).all();
    }
  }

  /** An invalid value; its entry is left out. */
  private static final class Broken extends Exception {
    private final String message;

    Broken(String message) {
      super(message);
      this.message = message;
    }

    static Broken expected(String expected, JsonParser parser) {
      return new Broken("expected " + expected + ", found " + describe(parser.currentToken()));
    }

    @Override
    public String getMessage() {
      return message;
    }

    private static String describe(@Nullable JsonToken token) {
      if (token == null) {
        return "nothing";
      }
      return switch (token) {
        case START_OBJECT -> "an object";
        case START_ARRAY -> "a list";
        case VALUE_STRING -> "a text";
        case VALUE_NULL -> "null";
        case VALUE_TRUE, VALUE_FALSE -> "true or false";
        default -> "a number";
      };
    }
  }

  /** The fields of an entry read so far; they come in any order. */
  private static final class Draft {
    private Optional<String> id = Optional.empty();
    private Optional<String> name = Optional.empty();
    private Optional<NodeKey> nodeKey = Optional.empty();
    private Bytes signature = Bytes.empty();
    private boolean unsignedPeerApiOnly;
    private Optional<LockPublicKey> rotationKey = Optional.empty();
    private Optional<SyncOffer> lastOffer = Optional.empty();
    private Optional<String> problem = Optional.empty();

    void problem(String what) {
      if (problem.isEmpty()) {
        problem = Optional.of(what);
      }
    }

    Entry build() throws Broken {
      if (problem.isPresent()) {
        throw new Broken(problem.get());
      }
      String given = id.orElseThrow(() -> new Broken("ID is missing"));
      NodeKey key = nodeKey.orElseThrow(() -> new Broken("NodeKey is missing"));
      return new Entry(
          new Peer(given, key, signature, unsignedPeerApiOnly), name, rotationKey, lastOffer);
    }
  }

  /** One reading of a stream. */
  private static final class Reading {
    private final JsonParser parser;
    private final String source;
    private final PrintWriter err;
    private final List<Entry> peers = new ArrayList<>();
    private final Map<String, String> places = new HashMap<>();
    private boolean sound = true;

    /** The entry that is being read. */
    private Optional<String> inside = Optional.empty();

    Reading(InputStream in, String source, PrintWriter err) throws IOException {
      this.parser =
          FACTORY.createParser(
              new ShortTexts(new InputStreamReader(in, StandardCharsets.UTF_8), MAX_TEXT));
      this.source = source;
      this.err = err;
    }

    PeersFile all() throws IOException, CommandFailure {
      Draft self = new Draft();
      boolean lists = false;
      try {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw new CommandFailure(
              ExitCode.BAD_INPUT,
              source + ": " + Broken.expected("an object with Peers", parser).getMessage());
        }
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String field = parser.currentName();
          parser.nextToken();
          if (LISTS.contains(field)) {
            list(field);
            lists = true;
          } else {
            field(field, self);
          }
        }
        if (parser.nextToken() != null) {
          report("expected the end after the object, found more");
        }
      } catch (JsonProcessingException e) {
        // The rest of the file can no longer be read.
        report(
            inside.map(place -> place + ": ").orElse("")
                + "line "
                + parser.currentLocation().getLineNr()
                + ": not JSON; the rest was not read: "
                + e.getOriginalMessage());
        lists = true;
      }
      if (!lists) {
        report("expected one of " + String.join(", ", LISTS.stream().sorted().toList()));
      }
      return new PeersFile(self(self), peers, sound);
    }

    private Optional<Entry> self(Draft draft) {
      if (draft.nodeKey.isEmpty() && draft.problem.isEmpty()) {
        return Optional.empty();
      }
      try {
        draft.id = draft.id.or(() -> Optional.of(SELF));
        return Optional.of(draft.build());
      } catch (Broken e) {
        report("the node itself: " + e.getMessage());
        return Optional.empty();
      }
    }

    private void list(String field) throws IOException {
      if (parser.currentToken() == JsonToken.VALUE_NULL) {
        return;
      }
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        report(field + ": " + Broken.expected("a list", parser).getMessage());
        parser.skipChildren();
        return;
      }
      for (int i = 0; parser.nextToken() != JsonToken.END_ARRAY; i++) {
        String place = field + "[" + i + "]";
        inside = Optional.of(place);
        if (parser.currentToken() == JsonToken.START_OBJECT) {
          entry(place);
        } else {
          report(place + ": " + Broken.expected("an object", parser).getMessage());
          parser.skipChildren();
        }
        inside = Optional.empty();
      }
    }

    private void entry(String place) throws IOException {
      Draft draft = new Draft();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String field = parser.currentName();
        parser.nextToken();
        field(field, draft);
      }
      try {
        Entry entry = draft.build();
        @Nullable String other = places.putIfAbsent(entry.peer().id(), place);
        if (other != null) {
          throw new Broken("ID: duplicate of " + other);
        }
        peers.add(entry);
      } catch (Broken e) {
        String title = draft.id.or(() -> draft.name).map(id -> " (" + id + ")").orElse("");
        report(place + title + ": " + e.getMessage());
      }
    }

    private void report(String what) {
      err.println(Texts.printable("tka: " + source + ": " + what));
      sound = false;
    }

    /** Reads one field; the parser is at its value, and at its end afterwards. */
    private void field(String field, Draft draft) throws IOException {
      JsonStreamContext entry = parser.getParsingContext();
      if (parser.currentToken().isStructStart()) {
        entry = entry.getParent();
      }
      try {
        if (parser.currentToken() != JsonToken.VALUE_NULL) {
          value(field, draft);
        }
      } catch (Broken | TextException e) {
        draft.problem(field + ": " + e.getMessage());
        while (parser.getParsingContext() != entry) {
          parser.nextToken();
        }
      }
    }

    private void value(String field, Draft draft) throws IOException, Broken, TextException {
      switch (field) {
        case "ID" -> draft.id = Optional.of(id());
        case "DNSName" -> draft.name = Optional.of(text());
        case "NodeKey" -> draft.nodeKey = Optional.of(NodeKey.parse(text()));
        case "NodeKeySignature" -> draft.signature = signature();
        case "UnsignedPeerAPIOnly" -> draft.unsignedPeerApiOnly = flag();
        case "RotationPubkey" -> draft.rotationKey = Optional.of(LockPublicKey.parse(text()));
        case "LastOffer" -> draft.lastOffer = Optional.of(OfferJson.read(parser));
        default -> parser.skipChildren();
      }
    }

    private String id() throws IOException, Broken {
      String id = parser.currentToken() == JsonToken.VALUE_NUMBER_INT ? parser.getText() : text();
      if (id.isBlank()) {
        throw new Broken("expected text, found an empty one");
      }
      return id;
    }

    private String text() throws IOException, Broken {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw Broken.expected("a text", parser);
      }
      if (parser.getTextLength() > MAX_TEXT) {
        throw new Broken("expected at most " + MAX_TEXT + " characters, found more");
      }
      return parser.getText();
    }

    private boolean flag() throws Broken {
      return switch (parser.currentToken()) {
        case VALUE_TRUE -> true;
        case VALUE_FALSE -> false;
        default -> throw Broken.expected("true or false", parser);
      };
    }

    /**
     * Either its bytes as text, or its fields as {@code tailscale lock status --json} prints them.
     */
    private Bytes signature() throws IOException, Broken, TextException {
      return parser.currentToken() == JsonToken.START_OBJECT ? nested(1).encoded() : bytes(text());
    }

    private NodeKeySignature nested(int layer) throws IOException, Broken, TextException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw Broken.expected("an object", parser);
      }
      if (layer > NodeKeySignature.MAX_LAYERS) {
        throw new Broken(
            "expected at most " + NodeKeySignature.MAX_LAYERS + " nested signatures, found more");
      }
      int kind = 0;
      Bytes pubkey = Bytes.empty();
      Bytes keyId = Bytes.empty();
      Bytes signature = Bytes.empty();
      Bytes wrapping = Bytes.empty();
      Optional<NodeKeySignature> inner = Optional.empty();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "SigKind" -> kind = kind(text());
          case "PublicKey" -> pubkey = key(text());
          case "KeyID" -> keyId = key(text());
          case "Signature" -> signature = base64(text());
          case "WrappingPublicKey" -> wrapping = key(text());
          case "Nested" -> inner = Optional.of(nested(layer + 1));
          default -> throw new Broken("expected the fields of a signature, found " + field);
        }
      }
      return new NodeKeySignature(kind, pubkey, keyId, signature, inner, wrapping);
    }

    private static int kind(String name) throws Broken {
      int named = KINDS.indexOf(name);
      if (named >= 0) {
        return named;
      }
      Matcher other = OTHER_KIND.matcher(name);
      int kind = other.matches() ? Integer.parseInt(other.group(1)) : -1;
      if (kind < 0 || kind > 255) {
        throw new Broken(
            "expected a kind such as direct, rotation or credential, found an unknown one");
      }
      return kind;
    }

    /** A key of any length in its form for people; a signature may name one. */
    private static Bytes key(String text) throws Broken, TextException {
      if (!text.startsWith("tlpub:") && !text.startsWith("nlpub:")) {
        throw new Broken("expected to begin with tlpub: or nlpub:");
      }
      return Bytes.parseHex(text.substring("tlpub:".length()));
    }

    /** The base64 of a signature begins with a letter that is not a hexadecimal digit. */
    private static Bytes bytes(String text) throws Broken, TextException {
      return text.chars().allMatch(HexFormat::isHexDigit) ? Bytes.parseHex(text) : base64(text);
    }

    private static Bytes base64(String text) throws Broken {
      try {
        String standard = text.replace('-', '+').replace('_', '/');
        return Bytes.copyOf(Base64.getDecoder().decode(standard));
      } catch (IllegalArgumentException e) {
        throw new Broken("expected base64, found other text of " + text.length() + " characters");
      }
    }
  }
}
