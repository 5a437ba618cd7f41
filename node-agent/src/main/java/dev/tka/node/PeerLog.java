package dev.tka.node;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.store.StoreException;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The peers that control listed last, in a file to which changes are appended. Each line has the
 * checksum of the line before it and of itself, so a line that is damaged, missing or out of its
 * place is noticed. The file is written anew when most of it is out of date.
 *
 * <p>A part of a line at the end is what a crash left of a change that was not yet made known: the
 * peers before it count. For one thread.
 */
final class PeerLog {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final String BEGINNING = "{\"version\":1}";

  /** Lines that are out of date are left, up to as many as there are peers and some more. */
  private static final int ROOM = 100;

  private final AgentFolder folder;
  private String last;
  private int lines;

  private PeerLog(AgentFolder folder, String last, int lines) {
    this.folder = folder;
    this.last = last;
    this.lines = lines;
  }

  /**
   * A file and what it holds.
   *
   * @param peers by id; empty if the file is damaged
   */
  record Opened(PeerLog log, Optional<Map<String, KnownPeer>> peers, boolean exists) {}

  /**
   * Opens the file.
   *
   * @throws StoreException if it cannot be read
   */
  static Opened open(AgentFolder folder) throws StoreException {
    Optional<Bytes> content = folder.read(AgentFolder.File.PEERS);
    // The next change writes it anew.
    PeerLog fresh = new PeerLog(folder, "", Integer.MAX_VALUE);
    if (content.isEmpty()) {
      return new Opened(fresh, Optional.of(Map.of()), false);
    }
    String text = new String(content.get().toByteArray(), StandardCharsets.UTF_8);
    Map<String, KnownPeer> peers = new LinkedHashMap<>();
    String chain = "";
    int lines = 0;
    int from = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      String line = text.substring(from, end);
      from = end + 1;
      Optional<String> json = checked(chain, line);
      if (json.isEmpty() || !take(json.get(), lines, peers)) {
        return new Opened(fresh, Optional.empty(), true);
      }
      chain = line.substring(0, Checksum.LENGTH);
      lines++;
    }
    if (lines == 0) {
      return new Opened(fresh, Optional.empty(), true);
    }
    boolean whole = from == text.length();
    return new Opened(whole ? new PeerLog(folder, chain, lines) : fresh, Optional.of(peers), true);
  }

  private static Optional<String> checked(String before, String line) {
    if (line.length() <= Checksum.LENGTH + 1 || line.charAt(Checksum.LENGTH) != ' ') {
      return Optional.empty();
    }
    String json = line.substring(Checksum.LENGTH + 1);
    return line.startsWith(Checksum.of(before + json)) ? Optional.of(json) : Optional.empty();
  }

  private static boolean take(String json, int line, Map<String, KnownPeer> peers) {
    if (line == 0) {
      return json.equals(BEGINNING);
    }
    try (JsonParser in = FACTORY.createParser(json)) {
      in.nextToken();
      if (json.startsWith("{\"removed\"")) {
        in.nextToken();
        return peers.remove(in.nextTextValue()) != null;
      }
      KnownPeer peer = read(in);
      peers.put(peer.peer().id(), peer);
      return true;
    } catch (IOException | TextException | IllegalArgumentException e) {
      return false;
    }
  }

  private static KnownPeer read(JsonParser in) throws IOException, TextException {
    String id = "";
    NodeKey key = NodeKey.parse("nodekey:" + "0".repeat(2 * NodeKey.SIZE));
    Bytes signature = Bytes.empty();
    boolean peerApiOnly = false;
    Optional<String> name = Optional.empty();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      in.nextToken();
      switch (field) {
        case "id" -> id = in.getText();
        case "nodeKey" -> key = NodeKey.parse(in.getText());
        case "signature" -> signature = Bytes.copyOf(Base64.getDecoder().decode(in.getText()));
        case "unsignedPeerApiOnly" -> peerApiOnly = in.getBooleanValue();
        case "name" -> name = Optional.of(in.getText());
        default -> in.skipChildren();
      }
    }
    return new KnownPeer(new Peer(id, key, signature, peerApiOnly), name);
  }

  /**
   * Notes a change.
   *
   * @param upserts the peers that are new or different
   * @param gone the ids of those that are there no more
   * @param all the peers after the change
   * @throws StoreException if it cannot be written; the next change writes the file anew
   */
  void note(Collection<KnownPeer> upserts, Collection<String> gone, Collection<KnownPeer> all)
      throws StoreException {
    int changes = upserts.size() + gone.size();
    boolean anew = lines >= Integer.MAX_VALUE - changes || lines + changes > 2 * all.size() + ROOM;
    if (changes == 0 && !anew) {
      return;
    }
    StringBuilder text = new StringBuilder();
    String chain = anew ? line("", BEGINNING, text) : last;
    if (anew) {
      for (KnownPeer peer : all) {
        chain = line(chain, json(peer), text);
      }
    } else {
      for (String id : gone) {
        chain = line(chain, removal(id), text);
      }
      for (KnownPeer peer : upserts) {
        chain = line(chain, json(peer), text);
      }
    }
    Bytes content = Bytes.copyOf(text.toString().getBytes(StandardCharsets.UTF_8));
    int before = anew ? 1 + all.size() : lines + changes;
    lines = Integer.MAX_VALUE;
    if (anew) {
      folder.write(AgentFolder.File.PEERS, content);
    } else {
      folder.append(AgentFolder.File.PEERS, content);
    }
    lines = before;
    last = chain;
  }

  private static String line(String before, String json, StringBuilder out) {
    String checksum = Checksum.of(before + json);
    out.append(checksum).append(' ').append(json).append('\n');
    return checksum;
  }

  private interface Writing {
    void to(JsonGenerator out) throws IOException;
  }

  private static String object(Writing writing) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      out.writeStartObject();
      writing.to(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("a text in memory", e);
    }
    return text.toString();
  }

  private static String removal(String id) {
    return object(out -> out.writeStringField("removed", id));
  }

  private static String json(KnownPeer known) {
    Peer peer = known.peer();
    return object(
        out -> {
          out.writeStringField("id", peer.id());
          out.writeStringField("nodeKey", peer.nodeKey().toString());
          if (!peer.signature().isEmpty()) {
            out.writeStringField(
                "signature", Base64.getEncoder().encodeToString(peer.signature().toByteArray()));
          }
          if (peer.unsignedPeerApiOnly()) {
            out.writeBooleanField("unsignedPeerApiOnly", true);
          }
          if (known.name().isPresent()) {
            out.writeStringField("name", known.name().get());
          }
        });
  }
}
