package dev.tka.cli.output;

import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Prints a new node-key signature. */
public final class SignatureOutput {
  @Option(names = "--json", description = "Print JSON, with the fields of a node in a peers file.")
  private boolean json;

  public void print(NodeKey nodeKey, NodeKeySignature made, PrintWriter out) throws IOException {
    if (!json) {
      out.println(made.encoded().toHex());
      return;
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("NodeKey", nodeKey.toString());
    object.put("NodeKeySignature", AumJson.nodeKeySignature(made));
    object.put("Raw", AumJson.base64(made.encoded()));
    Json.print(out, object);
  }
}
