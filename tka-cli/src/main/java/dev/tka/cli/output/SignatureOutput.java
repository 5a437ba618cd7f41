package dev.tka.cli.output;

import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Prints new node-key signatures. */
public final class SignatureOutput {
  @Option(names = "--json", description = "Print JSON, with the fields of a node in a peers file.")
  private boolean json;

  /** A node key with its new signature. */
  public record Signed(NodeKey nodeKey, NodeKeySignature signature) {
    private void put(Map<String, Object> object) {
      object.put("NodeKey", nodeKey.toString());
      object.put("NodeKeySignature", AumJson.nodeKeySignature(signature));
      object.put("Raw", AumJson.base64(signature.encoded()));
    }
  }

  /** Prints the signature of one node key alone. */
  public void print(Signed signed, PrintWriter out) throws IOException {
    if (!json) {
      out.println(signed.signature().encoded().toHex());
      return;
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    signed.put(object);
    Json.print(out, object);
  }

  /**
   * What was not signed.
   *
   * @param what the node, or what stands where one was expected
   * @param nodeKey its key, if it is known
   * @param reason on one line
   * @param outcome a stable word
   */
  public record NotSigned(String what, Optional<NodeKey> nodeKey, String reason, Outcome outcome) {
    /** The fields of JSON. */
    public Map<String, Object> toJson() {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("What", what);
      nodeKey.ifPresent(key -> object.put("NodeKey", key.toString()));
      object.put("Outcome", outcome.word());
      object.put("Reason", reason);
      return object;
    }
  }

  /** Why something was not signed. */
  public enum Outcome {
    /** It names no node, or one that is not signed. */
    BAD_INPUT,
    /** The signing key could not be used. */
    NOT_MADE,
    /** The server knows no node with this key. */
    UNKNOWN_NODE,
    /** The server did not take the signature. */
    REFUSED,
    /** The signature was not sent: the server was not there any more. */
    NOT_SENT,
    /** Whether the server took it is not known. */
    IN_DOUBT;

    /** As JSON shows it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** Whether it prints JSON. */
  public boolean isJson() {
    return json;
  }

  /** Prints any number of signatures, each with its node key; what was not signed only as JSON. */
  public void printAll(List<Signed> all, List<NotSigned> others, PrintWriter out)
      throws IOException {
    if (!json) {
      all.forEach(one -> out.println(one.nodeKey() + "\t" + one.signature().encoded().toHex()));
      return;
    }
    List<Map<String, Object>> list = new ArrayList<>();
    for (Signed one : all) {
      Map<String, Object> object = new LinkedHashMap<>();
      one.put(object);
      list.add(object);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Signed", list);
    object.put("NotSigned", others.stream().map(NotSigned::toJson).toList());
    Json.print(out, object);
  }
}
