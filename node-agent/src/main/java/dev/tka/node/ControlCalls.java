package dev.tka.node;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerChange;
import dev.tka.sync.NodeSync;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.AnnouncementJson;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcJson;
import dev.tka.sync.rpc.RpcRequest;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a node asks control, and what control answers, as messages of their own. */
final class ControlCalls implements NodeSync.Control<ControlFailure> {
  /**
   * As clients number themselves that read 10 MiB of an answer (protocol, section 8): rounds go on
   * until the node has all, so there is no need for longer ones.
   */
  static final int VERSION = 142;

  private static final int MIB = 1 << 20;
  private static final int LONGEST_ANSWER = 10 * MIB;
  private static final int LONGEST_SHORT_ANSWER = MIB;

  /** 100,000 nodes of some 600 bytes each: a signature of one rotation has 350 in base64. */
  private static final int LONGEST_LIST = 64 * MIB;

  private static final int MOST_PEERS = 100_000;
  private static final int OK = 200;
  private static final int NOT_MODIFIED = 304;
  private static final Set<Integer> CANNOT_TAKE_IN = Set.of(400, 409);

  private static final Duration FOR_EVER = Duration.ofDays(365);

  /** The fields that are read; others may come, and are not kept. */
  private static final Set<String> LOGGED_IN = Set.of("handBack", "refused");

  private static final Pattern NODE = Pattern.compile("[1-9][0-9]{0,18}");
  private static final Set<String> PEER =
      Set.of("node", "nodeKey", "nodeKeySignature", "unsignedPeerApiOnly", "name");

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private final ControlTransport transport;
  private final Optional<NodeKey> self;
  private Optional<AumHash> controlHead = Optional.empty();

  ControlCalls(ControlTransport transport, NodeKey self) {
    this.transport = transport;
    this.self = Optional.of(self);
  }

  private static ControlTransport.Reply await(CompletableFuture<ControlTransport.Reply> answer)
      throws ControlFailure {
    try {
      // As long as the transport lets it.
      return await(answer, FOR_EVER);
    } catch (CancellationException e) {
      throw new ControlFailure.Unreachable("the call was ended here");
    }
  }

  /**
   * Waits for an answer, but not for ever.
   *
   * @param most how long
   * @throws CancellationException if somebody else ended the call
   */
  static ControlTransport.Reply await(
      CompletableFuture<ControlTransport.Reply> answer, Duration most) throws ControlFailure {
    try {
      return answer.get(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new ControlFailure.Unreachable("its answers take too long");
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new ControlFailure.Unreachable("interrupted while waiting for an answer");
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    }
  }

  /** What a transport failed with. */
  static ControlFailure failure(@Nullable Throwable cause) {
    return cause instanceof ControlFailure failure
        ? failure
        : new ControlFailure.Unreachable(
            cause == null ? "no reason is given" : cause.getClass().getSimpleName());
  }

  /** Reads an answer. */
  @FunctionalInterface
  private interface Reading<T> {
    T from(InputStream in) throws IOException, TextException;
  }

  private static <T> T read(ControlTransport.Reply reply, Reading<T> reading)
      throws ControlFailure {
    if (reply.status() != OK) {
      throw new ControlFailure.Refused(reply);
    }
    try {
      return reading.from(new BytesInput(reply.body()));
    } catch (TextException e) {
      throw new ControlFailure.BadAnswer(String.valueOf(e.getMessage()));
    } catch (JsonProcessingException | CharConversionException e) {
      throw new ControlFailure.BadAnswer("expected JSON, found something else");
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory", e);
    }
  }

  private RpcAnswer call(RpcRequest request, int most) throws ControlFailure {
    return read(
        await(transport.send(new ControlTransport.Call(request.rpc(), json(request), most))),
        in -> RpcJson.readAnswer(request.rpc(), in));
  }

  private static Bytes json(RpcRequest request) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      RpcJson.writeRequest(request, out);
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory", e);
    }
    return Bytes.copyOf(out.toByteArray());
  }

  /**
   * Asks how the authority begins, or what ended the one that the node has.
   *
   * @param head an AUM of the node's authority; empty if it has none
   */
  RpcAnswer.Bootstrap bootstrap(Optional<AumHash> head) throws ControlFailure {
    return (RpcAnswer.Bootstrap)
        call(new RpcRequest.Bootstrap(VERSION, self, head), LONGEST_SHORT_ANSWER);
  }

  @Override
  public SyncAnswer offer(SyncOffer offer) throws ControlFailure {
    RpcAnswer.Offer answer =
        (RpcAnswer.Offer) call(new RpcRequest.Offer(VERSION, self, offer), LONGEST_ANSWER);
    controlHead = Optional.of(answer.answer().offer().head());
    return answer.answer();
  }

  @Override
  public SyncReceipt send(SyncSend send) throws ControlFailure {
    try {
      RpcAnswer.Send answer =
          (RpcAnswer.Send)
              call(new RpcRequest.Send(VERSION, self, send, false, true), LONGEST_SHORT_ANSWER);
      SyncReceipt receipt = answer.receipt();
      return new SyncReceipt(
          receipt.head(), receipt.refused().stream().map(PlainLine::of).toList());
    } catch (ControlFailure.Refused e) {
      if (CANNOT_TAKE_IN.contains(e.status()) && controlHead.isPresent()) {
        return new SyncReceipt(controlHead.get(), List.of(e.line()));
      }
      throw e;
    }
  }

  /** Ends the authority. */
  void disable(AumHash head, DisablementSecret secret) throws ControlFailure {
    call(new RpcRequest.Disable(VERSION, self, Optional.of(head), secret), LONGEST_SHORT_ANSWER);
  }

  /**
   * What control tells the node about the lock.
   *
   * @param announcement empty if that did not change
   */
  record Told(Optional<Announcement> announcement, Optional<String> etag) {}

  /** Waits until control tells something else than the node knows. */
  static CompletableFuture<ControlTransport.Reply> awaitTold(
      ControlTransport transport, Optional<String> known, Duration patience) {
    return transport.send(
        new ControlTransport.Announced(known, patience, AnnouncementJson.MAX_BYTES));
  }

  /** What control tells the node now. */
  static Told told(ControlTransport transport) throws ControlFailure {
    return told(await(awaitTold(transport, Optional.empty(), Duration.ZERO)));
  }

  static Told told(ControlTransport.Reply reply) throws ControlFailure {
    if (reply.status() == NOT_MODIFIED) {
      return new Told(Optional.empty(), reply.etag());
    }
    return new Told(Optional.of(read(reply, AnnouncementJson::read)), reply.etag());
  }

  /**
   * What control makes of a login.
   *
   * @param handedBack the signature to rotate; empty if the login is stored
   * @param refused why the signature that it brought is not
   */
  record LoggedIn(Optional<Bytes> handedBack, Optional<String> refused) {}

  /**
   * Tells control the node's key.
   *
   * @param signature of that key, encoded
   */
  LoggedIn login(NodeKey nodeKey, Optional<Bytes> signature, Optional<LockPublicKey> rotationKey)
      throws ControlFailure {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      out.writeStartObject();
      out.writeStringField("nodeKey", nodeKey.toString());
      if (signature.isPresent()) {
        out.writeStringField("nodeKeySignature", base64(signature.get()));
      }
      if (rotationKey.isPresent()) {
        out.writeStringField("rotationKey", base64(rotationKey.get().bytes()));
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("a text in memory", e);
    }
    Bytes body = Bytes.copyOf(text.toString().getBytes(StandardCharsets.UTF_8));
    return read(
        await(transport.send(new ControlTransport.LogIn(body, LONGEST_SHORT_ANSWER))),
        in -> {
          try (JsonParser parser = FACTORY.createParser(in)) {
            Map<String, String> texts = texts(parser, LOGGED_IN, new HashSet<>());
            return new LoggedIn(
                bytes("handBack", texts),
                Optional.ofNullable(texts.get("refused")).map(PlainLine::of));
          }
        });
  }

  private static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static Optional<Bytes> bytes(String field, Map<String, String> texts)
      throws TextException {
    String text = texts.get(field);
    try {
      return text == null
          ? Optional.empty()
          : Optional.of(Bytes.copyOf(Base64.getDecoder().decode(text)));
    } catch (IllegalArgumentException e) {
      throw new TextException.BadField(field, "base64", "other text");
    }
  }

  /** Reads the texts of some fields of one object, and which of them are true. */
  static Map<String, String> texts(JsonParser in, Set<String> fields, Set<String> flags)
      throws IOException, TextException {
    if (in.currentToken() == null) {
      in.nextToken();
    }
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw new TextException.BadJson("an object", "something else");
    }
    Map<String, String> texts = new HashMap<>();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      if (!fields.contains(field)) {
        in.skipChildren();
        continue;
      }
      switch (value) {
        case VALUE_STRING -> texts.put(field, in.getText());
        case VALUE_TRUE -> flags.add(field);
        default -> in.skipChildren();
      }
    }
    return texts;
  }

  /**
   * A node's peers.
   *
   * @param names by id, of those that have one
   * @param etag names the list, if control has a name for it
   */
  record Peers(PeerChange change, Map<String, String> names, Optional<String> etag) {}

  /**
   * All peers of the node, as control lists them.
   *
   * @param known the tag of a list
   * @return empty if it is the same list
   */
  Optional<Peers> peers(Optional<String> known) throws ControlFailure {
    ControlTransport.Reply reply =
        await(transport.send(new ControlTransport.ListPeers(known, LONGEST_LIST)));
    if (reply.status() == NOT_MODIFIED && known.isPresent()) {
      return Optional.empty();
    }
    return Optional.of(peers(reply));
  }

  private static Peers peers(ControlTransport.Reply reply) throws ControlFailure {
    return read(
        reply,
        in -> {
          List<Peer> peers = new ArrayList<>();
          Map<String, String> names = new HashMap<>();
          Set<String> ids = new HashSet<>();
          try (JsonParser parser = FACTORY.createParser(in)) {
            while (parser.nextToken() != null) {
              if (peers.size() == MOST_PEERS) {
                throw new TextException.TooMany("peers", MOST_PEERS, MOST_PEERS + 1);
              }
              Set<String> flags = new HashSet<>();
              Map<String, String> texts = texts(parser, PEER, flags);
              Peer peer = peer(texts, flags.contains("unsignedPeerApiOnly"));
              if (!ids.add(peer.id())) {
                throw new TextException.BadField("node", "each number once", "one twice");
              }
              peers.add(peer);
              String name = texts.get("name");
              if (name != null) {
                names.put(peer.id(), name);
              }
            }
          }
          return new Peers(PeerChange.whole(peers), names, reply.etag());
        });
  }

  private static Peer peer(Map<String, String> texts, boolean peerApiOnly) throws TextException {
    String id = texts.get("node");
    String key = texts.get("nodeKey");
    if (id == null || key == null) {
      throw new TextException.BadJson("node and nodeKey in each object", "one without");
    }
    if (!NODE.matcher(id).matches()) {
      throw new TextException.BadField("node", "a number from 1", "other text");
    }
    return new Peer(
        id,
        NodeKey.parse(key),
        bytes("nodeKeySignature", texts).orElse(Bytes.empty()),
        peerApiOnly);
  }
}
