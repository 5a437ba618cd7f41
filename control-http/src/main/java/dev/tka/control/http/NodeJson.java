package dev.tka.control.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.control.Login;
import dev.tka.control.LoginAnswer;
import dev.tka.control.NodeEntry;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.store.records.NodeRecord;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Nodes and logins as JSON, with the names of service, section 10. */
final class NodeJson {
  private static final String NODE = "node";
  private static final String KEY = "nodeKey";
  private static final String SIGNATURE = "nodeKeySignature";
  private static final String ROTATION = "rotationKey";
  private static final String NAME = "name";
  private static final String PEER_API_ONLY = "unsignedPeerApiOnly";
  private static final String MAY_INIT = "mayInit";

  private NodeJson() {}

  /** The fields of a node or a login as they came. */
  private record Fields(Optional<Long> node, Optional<NodeKey> nodeKey, Login rest) {
    NodeEntry entry(long number) throws HttpFailure {
      return new NodeEntry(
          number,
          requiredKey(),
          rest.signature(),
          rest.rotationKey(),
          rest.name(),
          rest.unsignedPeerApiOnly().orElse(false),
          rest.mayInit().orElse(false));
    }

    Login login() throws HttpFailure {
      requiredKey();
      return rest;
    }

    private NodeKey requiredKey() throws HttpFailure {
      return nodeKey.orElseThrow(() -> HttpFailure.malformed("expected a nodeKey, found none"));
    }
  }

  /** Reads a login. */
  static Login login(byte[] body) throws IOException, HttpFailure {
    Fields fields = one(body);
    if (fields.node().isPresent()) {
      throw HttpFailure.malformed("a login has no field node: the path names the node");
    }
    return fields.login();
  }

  /**
   * Reads one node.
   *
   * @param number the path's
   */
  static NodeEntry node(byte[] body, long number) throws IOException, HttpFailure {
    Fields fields = one(body);
    if (fields.node().isPresent() && fields.node().get() != number) {
      throw HttpFailure.malformed("the body names another node than the path");
    }
    return fields.entry(number);
  }

  private static Fields one(byte[] body) throws IOException, HttpFailure {
    return Json.read(
        new ByteArrayInputStream(body),
        parser -> {
          parser.nextToken();
          Fields fields = fields(parser);
          Json.requireEnd(parser);
          return fields;
        });
  }

  /**
   * Reads a list of nodes: a JSON array, or one object after the other.
   *
   * @param most how many nodes a tailnet may have
   */
  static List<NodeEntry> nodes(InputStream in, int most) throws IOException, HttpFailure {
    return Json.read(in, parser -> nodes(parser, most));
  }

  private static List<NodeEntry> nodes(JsonParser parser, int most)
      throws IOException, HttpFailure {
    List<NodeEntry> nodes = new ArrayList<>();
    Set<Long> numbers = new HashSet<>();
    boolean inArray = parser.nextToken() == JsonToken.START_ARRAY;
    if (inArray) {
      parser.nextToken();
    }
    while (parser.currentToken() != null && parser.currentToken() != JsonToken.END_ARRAY) {
      Fields fields = fields(parser);
      long number =
          fields
              .node()
              .orElseThrow(
                  () -> HttpFailure.malformed("expected a node in each entry, found none"));
      if (!numbers.add(number)) {
        throw HttpFailure.malformed("node " + number + " is listed twice");
      }
      if (nodes.size() == most) {
        throw HttpFailure.tooLarge("a tailnet may have " + most + " nodes, and this lists more");
      }
      nodes.add(fields.entry(number));
      parser.nextToken();
    }
    if (inArray) {
      Json.require(JsonToken.END_ARRAY, parser, () -> "the end of the list of nodes");
      Json.requireEnd(parser);
    }
    return nodes;
  }

  private static Fields fields(JsonParser parser) throws IOException, HttpFailure {
    Json.require(JsonToken.START_OBJECT, parser, () -> "an object");
    Optional<Long> node = Optional.empty();
    Optional<NodeKey> nodeKey = Optional.empty();
    Optional<Bytes> signature = Optional.empty();
    Optional<LockPublicKey> rotationKey = Optional.empty();
    Optional<String> name = Optional.empty();
    Optional<Boolean> peerApiOnly = Optional.empty();
    Optional<Boolean> mayInit = Optional.empty();
    Set<String> seen = new HashSet<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      if (!seen.add(field)) {
        throw HttpFailure.malformed("a field is there twice");
      }
      if (parser.nextToken() == JsonToken.VALUE_NULL) {
        continue;
      }
      switch (field) {
        case NODE -> node = Optional.of(Numbers.node(text(field, parser)));
        case KEY -> nodeKey = Optional.of(nodeKey(text(field, parser)));
        case SIGNATURE -> signature = Optional.of(bytes(field, parser)).filter(b -> !b.isEmpty());
        case ROTATION -> rotationKey = Optional.of(rotationKey(bytes(field, parser)));
        case NAME -> name = Optional.of(name(text(field, parser)));
        case PEER_API_ONLY -> peerApiOnly = Optional.of(truth(field, parser));
        case MAY_INIT -> mayInit = Optional.of(truth(field, parser));
        default ->
            throw HttpFailure.malformed(
                "found an unknown field, expected only node, nodeKey, nodeKeySignature,"
                    + " rotationKey, name, unsignedPeerApiOnly and mayInit");
      }
    }
    NodeKey key = nodeKey.orElse(NO_KEY);
    return new Fields(
        node, nodeKey, new Login(key, signature, rotationKey, name, peerApiOnly, mayInit));
  }

  /** Stands for a key that is missing, until that is said. */
  private static final NodeKey NO_KEY = new NodeKey(Bytes.copyOf(new byte[NodeKey.SIZE]));

  private static String text(String field, JsonParser parser) throws IOException, HttpFailure {
    Json.require(JsonToken.VALUE_STRING, parser, () -> field + " as a text");
    return parser.getText();
  }

  private static boolean truth(String field, JsonParser parser) throws HttpFailure {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw HttpFailure.malformed("expected " + field + " as true or false");
    };
  }

  private static Bytes bytes(String field, JsonParser parser) throws IOException, HttpFailure {
    try {
      return Bytes.copyOf(Base64.getDecoder().decode(text(field, parser)));
    } catch (IllegalArgumentException e) {
      throw HttpFailure.malformed("expected " + field + " in padded base64");
    }
  }

  private static NodeKey nodeKey(String text) throws HttpFailure {
    try {
      return NodeKey.parse(text);
    } catch (TextException e) {
      throw HttpFailure.malformed("expected a nodeKey such as nodekey: and 64 hexadecimal digits");
    }
  }

  private static LockPublicKey rotationKey(Bytes bytes) throws HttpFailure {
    if (bytes.size() != LockPublicKey.SIZE) {
      throw HttpFailure.malformed("expected a rotationKey of 32 bytes, found " + bytes.size());
    }
    return new LockPublicKey(bytes);
  }

  private static String name(String text) throws HttpFailure {
    if (!NodeRecord.isName(text)) {
      throw HttpFailure.malformed(
          "expected a name of 1 to " + NodeRecord.LONGEST_NAME + " characters that can be kept");
    }
    return text;
  }

  /** Writes a node as its control server stored it. */
  static void write(NodeEntry node, JsonGenerator out) throws IOException {
    out.writeStartObject();
    writeFields(node, out);
    out.writeEndObject();
  }

  /** Writes the fields of a node into an object. */
  static void writeFields(NodeEntry node, JsonGenerator out) throws IOException {
    writeAsPeer(node, out);
    if (node.rotationKey().isPresent()) {
      out.writeStringField(ROTATION, base64(node.rotationKey().get().bytes()));
    }
    if (node.mayInit()) {
      out.writeBooleanField(MAY_INIT, true);
    }
  }

  /** Writes what others may know of a node. */
  static void writePeer(NodeEntry node, JsonGenerator out) throws IOException {
    out.writeStartObject();
    writeAsPeer(node, out);
    out.writeEndObject();
  }

  private static void writeAsPeer(NodeEntry node, JsonGenerator out) throws IOException {
    out.writeStringField(NODE, Long.toString(node.node()));
    out.writeStringField(KEY, node.nodeKey().toString());
    if (node.signature().isPresent()) {
      out.writeStringField(SIGNATURE, base64(node.signature().get()));
    }
    if (node.name().isPresent()) {
      out.writeStringField(NAME, node.name().get());
    }
    if (node.unsignedPeerApiOnly()) {
      out.writeBooleanField(PEER_API_ONLY, true);
    }
  }

  static byte[] answer(LoginAnswer answer) {
    return Json.bytes(
        out -> {
          out.writeStartObject();
          if (answer instanceof LoginAnswer.HandBack back) {
            out.writeStringField("handBack", base64(back.signature()));
          } else if (answer instanceof LoginAnswer.Stored stored && stored.refused().isPresent()) {
            out.writeStringField("refused", stored.refused().get());
          }
          out.writeEndObject();
        });
  }

  static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
