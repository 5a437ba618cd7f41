package dev.tka.cli.output;

import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Prints new node-key signatures. */
public final class SignatureOutput {
  @Option(names = "--json", description = "Print JSON, with the fields of a node in a peers file.")
  private boolean json;

  /** Whether JSON is asked for. */
  public boolean isJson() {
    return json;
  }

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

  /** Prints any number of signatures, each with its node key. */
  public void printAll(List<Signed> all, PrintWriter out) throws IOException {
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
    Json.print(out, object);
  }
}
