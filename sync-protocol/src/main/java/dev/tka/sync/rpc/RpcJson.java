package dev.tka.sync.rpc;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.store.Limits;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Requests to control and its answers as JSON, with the names of the wire and Go's conventions
 * (protocol, section 8): null stands for a field that is absent, a list that is null is empty, the
 * last of two fields of one name counts, and unknown fields are skipped.
 *
 * <p>Reading takes memory in proportion to what was received and is kept, up to bounds: a message
 * that is longer, or deeper, than any honest one is refused.
 */
public final class RpcJson {
  /** The longest request, in bytes: {@link Limits#MAX_MESSAGE_BYTES} as text and its offer. */
  public static final int MAX_REQUEST_BYTES = 64 << 20;

  /** The longest answer, in bytes: what a shipping client reads (protocol, section 8). */
  public static final int MAX_ANSWER_BYTES = 512 << 20;

  /** The longest node-key signature, in bytes: 16 layers have about 4,000. */
  static final int MAX_SIGNATURE_BYTES = 1 << 16;

  /** The largest number of signatures, and of nodes to sign, in one message. */
  static final int MAX_NODES = 2_000_000;

  private static final int MAX_KEY_ID_BYTES = 1 << 16;
  private static final int MAX_SECRET_BYTES = 1024;
  private static final int MAX_REASON = 4096;

  private static final String VERSION = "Version";
  private static final String NODE_KEY = "NodeKey";
  private static final String GENESIS = "GenesisAUM";
  private static final String NEED_SIGNATURES = "NeedSignatures";
  private static final String NODE_ID = "NodeID";
  private static final String NODE_PUBLIC = "NodePublic";
  private static final String ROTATION_KEY = "RotationPubkey";
  private static final String SIGNATURES = "Signatures";
  private static final String SUPPORT = "SupportDisablement";
  private static final String HEAD = "Head";
  private static final String ANCESTORS = "Ancestors";
  private static final String MISSING = "MissingAUMs";
  private static final String INTERACTIVE = "Interactive";
  private static final String WANT_REFUSED = "WantRefused";
  private static final String REFUSED = "Refused";
  private static final String SECRET = "DisablementSecret";
  private static final String SIGNATURE = "Signature";
  private static final String KEY_ID = "KeyID";

  private static final JsonFactory FACTORY =
      JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

  private RpcJson() {}

  /**
   * Reads a request. What follows it is not read, apart from what was read ahead; the stream stays
   * open.
   *
   * @throws TextException if it is not such a request; the message names the field and what was
   *     expected and found, and quotes nothing
   * @throws IOException if the stream cannot be read
   */
  public static RpcRequest readRequest(Rpc rpc, InputStream in) throws TextException, IOException {
    RequestFields fields = new RequestFields(rpc);
    JsonFields.readObject(in, MAX_REQUEST_BYTES, fields);
    return fields.request();
  }

  /**
   * Reads an answer. What follows it is not read, apart from what was read ahead; the stream stays
   * open.
   *
   * @throws TextException if it is not such an answer; the message names the field and what was
   *     expected and found, and quotes nothing
   * @throws IOException if the stream cannot be read
   */
  public static RpcAnswer readAnswer(Rpc rpc, InputStream in) throws TextException, IOException {
    AnswerFields fields = new AnswerFields(rpc);
    JsonFields.readObject(in, MAX_ANSWER_BYTES, fields);
    return fields.answer();
  }

  /** Collects the fields of a request. */
  private static final class RequestFields implements JsonFields.Receiver {
    private final Rpc rpc;
    private int version;
    private Optional<NodeKey> nodeKey = Optional.empty();
    private Optional<Bytes> genesis = Optional.empty();
    private SortedMap<Long, Bytes> signatures = new TreeMap<>();
    private Optional<DisablementSecret> support = Optional.empty();
    private Optional<AumHash> head = Optional.empty();
    private List<AumHash> ancestors = List.of();
    private List<Bytes> missing = List.of();
    private boolean interactive;
    private boolean wantRefused;
    private Optional<DisablementSecret> secret = Optional.empty();
    private Optional<Bytes> signature = Optional.empty();
    private Optional<Bytes> keyId = Optional.empty();

    RequestFields(Rpc rpc) {
      this.rpc = rpc;
    }

    @Override
    public boolean field(String name, JsonFields in) throws TextException, IOException {
      if (name.equals(VERSION)) {
        version = in.integer(name);
        return true;
      }
      if (name.equals(NODE_KEY)) {
        nodeKey = in.nodeKey(name);
        return true;
      }
      return switch (rpc) {
        case INIT_BEGIN -> name.equals(GENESIS) && genesis(name, in);
        case INIT_FINISH -> finish(name, in);
        case BOOTSTRAP -> name.equals(HEAD) && head(name, in);
        case SYNC_OFFER -> offer(name, in);
        case SYNC_SEND -> send(name, in);
        case DISABLE -> disable(name, in);
        case SIGN -> name.equals(SIGNATURE) && signature(name, in);
        case AFFECTED_SIGS -> name.equals(KEY_ID) && keyId(name, in);
      };
    }

    private boolean genesis(String name, JsonFields in) throws TextException, IOException {
      genesis = in.bytes(name, Limits.MAX_AUM_BYTES);
      return true;
    }

    private boolean finish(String name, JsonFields in) throws TextException, IOException {
      switch (name) {
        case SIGNATURES -> signatures = in.signaturesByNode(name, MAX_NODES, MAX_SIGNATURE_BYTES);
        case SUPPORT -> support = in.secret(name, MAX_SECRET_BYTES);
        default -> {
          return false;
        }
      }
      return true;
    }

    private boolean head(String name, JsonFields in) throws TextException, IOException {
      head = in.hash(name);
      return true;
    }

    private boolean offer(String name, JsonFields in) throws TextException, IOException {
      switch (name) {
        case HEAD -> head = in.hash(name);
        case ANCESTORS -> ancestors = in.hashes(name, SyncOffer.MAX_ANCESTORS);
        default -> {
          return false;
        }
      }
      return true;
    }

    private boolean send(String name, JsonFields in) throws TextException, IOException {
      switch (name) {
        case HEAD -> head = in.hash(name);
        case MISSING -> missing = in.bytesList(name, Limits.MAX_MESSAGE_BYTES);
        case INTERACTIVE -> interactive = in.bool(name);
        case WANT_REFUSED -> wantRefused = in.bool(name);
        default -> {
          return false;
        }
      }
      return true;
    }

    private boolean disable(String name, JsonFields in) throws TextException, IOException {
      switch (name) {
        case HEAD -> head = in.hash(name);
        case SECRET -> secret = in.secret(name, MAX_SECRET_BYTES);
        default -> {
          return false;
        }
      }
      return true;
    }

    private boolean signature(String name, JsonFields in) throws TextException, IOException {
      signature = in.bytes(name, MAX_SIGNATURE_BYTES);
      return true;
    }

    private boolean keyId(String name, JsonFields in) throws TextException, IOException {
      keyId = in.bytes(name, MAX_KEY_ID_BYTES);
      return true;
    }

    RpcRequest request() throws TextException {
      return switch (rpc) {
        case INIT_BEGIN ->
            new RpcRequest.InitBegin(version, nodeKey, required(GENESIS, "an AUM", genesis));
        case INIT_FINISH -> new RpcRequest.InitFinish(version, nodeKey, signatures, support);
        case BOOTSTRAP -> new RpcRequest.Bootstrap(version, nodeKey, head);
        case SYNC_OFFER ->
            new RpcRequest.Offer(
                version, nodeKey, new SyncOffer(required(HEAD, "a hash", head), ancestors));
        case SYNC_SEND ->
            new RpcRequest.Send(
                version,
                nodeKey,
                new SyncSend(required(HEAD, "a hash", head), missing),
                interactive,
                wantRefused);
        case DISABLE ->
            new RpcRequest.Disable(version, nodeKey, head, required(SECRET, "a secret", secret));
        case SIGN ->
            new RpcRequest.Sign(version, nodeKey, required(SIGNATURE, "a signature", signature));
        case AFFECTED_SIGS ->
            new RpcRequest.AffectedSigs(version, nodeKey, required(KEY_ID, "a key id", keyId));
      };
    }
  }

  /** Collects the fields of an answer. */
  private static final class AnswerFields implements JsonFields.Receiver {
    private final Rpc rpc;
    private List<RpcAnswer.NodeToSign> nodes = List.of();
    private Optional<Bytes> genesis = Optional.empty();
    private Optional<DisablementSecret> secret = Optional.empty();
    private Optional<AumHash> head = Optional.empty();
    private List<AumHash> ancestors = List.of();
    private List<Bytes> missing = List.of();
    private Optional<List<String>> refused = Optional.empty();
    private List<Bytes> signatures = List.of();

    AnswerFields(Rpc rpc) {
      this.rpc = rpc;
    }

    @Override
    public boolean field(String name, JsonFields in) throws TextException, IOException {
      String place = rpc.path() + " " + name;
      switch (place) {
        case "init/begin " + NEED_SIGNATURES -> nodes = nodes(name, in);
        case "bootstrap " + GENESIS -> genesis = in.bytes(name, Limits.MAX_AUM_BYTES);
        case "bootstrap " + SECRET -> secret = in.secret(name, MAX_SECRET_BYTES);
        case "sync/offer " + HEAD, "sync/send " + HEAD -> head = in.hash(name);
        case "sync/offer " + ANCESTORS -> ancestors = in.hashes(name, SyncOffer.MAX_ANCESTORS);
        case "sync/offer " + MISSING -> missing = in.bytesList(name, Limits.MAX_MESSAGE_BYTES);
        case "sync/send " + REFUSED ->
            refused = in.texts(name, SyncReceipt.MOST_REFUSED, MAX_REASON);
        case "affected-sigs " + SIGNATURES -> signatures = in.bytesList(name, MAX_ANSWER_BYTES);
        default -> {
          return false;
        }
      }
      return true;
    }

    private static List<RpcAnswer.NodeToSign> nodes(String name, JsonFields in)
        throws TextException, IOException {
      List<RpcAnswer.NodeToSign> nodes = new ArrayList<>();
      in.eachObject(name, MAX_NODES, NodeFields::new, fields -> nodes.add(fields.node()));
      return nodes;
    }

    RpcAnswer answer() throws TextException {
      return switch (rpc) {
        case INIT_BEGIN -> new RpcAnswer.InitBegin(nodes);
        case INIT_FINISH -> new RpcAnswer.InitFinish();
        case BOOTSTRAP -> new RpcAnswer.Bootstrap(genesis, secret);
        case SYNC_OFFER ->
            new RpcAnswer.Offer(
                new SyncAnswer(new SyncOffer(required(HEAD, "a hash", head), ancestors), missing));
        case SYNC_SEND ->
            new RpcAnswer.Send(
                new SyncReceipt(required(HEAD, "a hash", head), refused.orElse(List.of())),
                refused.isPresent());
        case DISABLE -> new RpcAnswer.Disable();
        case SIGN -> new RpcAnswer.Sign();
        case AFFECTED_SIGS -> new RpcAnswer.AffectedSigs(signatures);
      };
    }
  }

  /** Collects the fields of a node to sign. */
  private static final class NodeFields implements JsonFields.Receiver {
    private long id;
    private Optional<NodeKey> nodeKey = Optional.empty();
    private Optional<LockPublicKey> rotationKey = Optional.empty();

    @Override
    public boolean field(String name, JsonFields in) throws TextException, IOException {
      switch (name) {
        case NODE_ID -> id = in.number(name);
        case NODE_PUBLIC -> nodeKey = in.nodeKey(name);
        case ROTATION_KEY -> rotationKey = in.lockKey(name);
        default -> {
          return false;
        }
      }
      return true;
    }

    RpcAnswer.NodeToSign node() throws TextException {
      return new RpcAnswer.NodeToSign(
          id, required(NODE_PUBLIC, "a node key", nodeKey), rotationKey);
    }
  }

  private static <T> T required(String field, String what, Optional<T> found) throws TextException {
    if (found.isEmpty()) {
      throw new TextException.BadField(field, what, "nothing");
    }
    return found.get();
  }

  /** Writes a request; the stream stays open. */
  public static void writeRequest(RpcRequest request, OutputStream out) throws IOException {
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberField(VERSION, request.version());
      if (request.nodeKey().isPresent()) {
        json.writeStringField(NODE_KEY, request.nodeKey().get().toString());
      }
      if (request instanceof RpcRequest.InitBegin begin) {
        write(GENESIS, begin.genesis(), json);
      } else if (request instanceof RpcRequest.InitFinish finish) {
        json.writeObjectFieldStart(SIGNATURES);
        for (Map.Entry<Long, Bytes> each : finish.signatures().entrySet()) {
          write(each.getKey().toString(), each.getValue(), json);
        }
        json.writeEndObject();
        write(SUPPORT, finish.support(), json);
      } else if (request instanceof RpcRequest.Bootstrap bootstrap) {
        json.writeStringField(HEAD, bootstrap.head().map(AumHash::toString).orElse(""));
      } else if (request instanceof RpcRequest.Offer offer) {
        write(offer.offer(), json);
      } else if (request instanceof RpcRequest.Send send) {
        json.writeStringField(HEAD, send.send().head().toString());
        write(MISSING, send.send().missing(), json);
        json.writeBooleanField(INTERACTIVE, send.interactive());
        if (send.wantRefused()) {
          json.writeBooleanField(WANT_REFUSED, true);
        }
      } else if (request instanceof RpcRequest.Disable disable) {
        json.writeStringField(HEAD, disable.head().map(AumHash::toString).orElse(""));
        write(SECRET, Optional.of(disable.secret()), json);
      } else if (request instanceof RpcRequest.Sign sign) {
        write(SIGNATURE, sign.signature(), json);
      } else if (request instanceof RpcRequest.AffectedSigs affected) {
        write(KEY_ID, affected.keyId(), json);
      }
      json.writeEndObject();
    }
  }

  /** Writes an answer; the stream stays open. */
  public static void writeAnswer(RpcAnswer answer, OutputStream out) throws IOException {
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      if (answer instanceof RpcAnswer.InitBegin begin) {
        json.writeArrayFieldStart(NEED_SIGNATURES);
        for (RpcAnswer.NodeToSign node : begin.nodes()) {
          write(node, json);
        }
        json.writeEndArray();
      } else if (answer instanceof RpcAnswer.Bootstrap bootstrap) {
        if (bootstrap.genesis().isPresent()) {
          write(GENESIS, bootstrap.genesis().get(), json);
        }
        write(SECRET, bootstrap.secret(), json);
      } else if (answer instanceof RpcAnswer.Offer offer) {
        write(offer.answer().offer(), json);
        if (offer.answer().missing().isEmpty()) {
          // As the reference's control writes it.
          json.writeNullField(MISSING);
        } else {
          write(MISSING, offer.answer().missing(), json);
        }
      } else if (answer instanceof RpcAnswer.Send send) {
        json.writeStringField(HEAD, send.receipt().head().toString());
        if (send.showsRefused()) {
          json.writeArrayFieldStart(REFUSED);
          for (String reason : send.receipt().refused()) {
            json.writeString(reason);
          }
          json.writeEndArray();
        }
      } else if (answer instanceof RpcAnswer.AffectedSigs affected) {
        write(SIGNATURES, affected.signatures(), json);
      }
      json.writeEndObject();
    }
  }

  /**
   * The length of the longest entry that a node has in an answer to {@link Rpc#INIT_BEGIN}, in
   * bytes.
   */
  public static int mostBytesOf(RpcAnswer.NodeToSign node) {
    return "{\"NodeID\":,\"NodePublic\":\"\"},".length()
        + Long.toString(node.node()).length()
        + node.nodeKey().toString().length()
        + (node.rotationKey().isPresent()
            ? ",\"RotationPubkey\":\"\"".length() + base64Length(LockPublicKey.SIZE)
            : 0);
  }

  /** The length of bytes as an element of a list, in bytes: in base64, quoted, with a comma. */
  public static long bytesOfElement(int size) {
    return base64Length(size) + 3L;
  }

  private static int base64Length(int size) {
    return (size + 2) / 3 * 4;
  }

  private static void write(RpcAnswer.NodeToSign node, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField(NODE_ID, node.node());
    json.writeStringField(NODE_PUBLIC, node.nodeKey().toString());
    if (node.rotationKey().isPresent()) {
      write(ROTATION_KEY, node.rotationKey().get().bytes(), json);
    }
    json.writeEndObject();
  }

  private static void write(SyncOffer offer, JsonGenerator json) throws IOException {
    json.writeStringField(HEAD, offer.headText());
    json.writeArrayFieldStart(ANCESTORS);
    for (AumHash ancestor : offer.ancestors()) {
      json.writeString(ancestor.toString());
    }
    json.writeEndArray();
  }

  private static void write(String field, List<Bytes> values, JsonGenerator json)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (Bytes value : values) {
      writeValue(value.toByteArray(), json);
    }
    json.writeEndArray();
  }

  private static void write(String field, Bytes value, JsonGenerator json) throws IOException {
    json.writeFieldName(field);
    writeValue(value.toByteArray(), json);
  }

  private static void write(String field, Optional<DisablementSecret> secret, JsonGenerator json)
      throws IOException {
    if (secret.isPresent()) {
      String text = secret.get().exposeText();
      byte[] bytes = HexFormat.of().parseHex(text.substring(text.indexOf(':') + 1));
      json.writeFieldName(field);
      writeValue(bytes, json);
      Arrays.fill(bytes, (byte) 0);
    }
  }

  private static void writeValue(byte[] value, JsonGenerator json) throws IOException {
    json.writeBinary(Base64Variants.MIME_NO_LINEFEEDS, value, 0, value.length);
  }
}
