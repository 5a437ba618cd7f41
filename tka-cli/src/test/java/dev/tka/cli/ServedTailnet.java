package dev.tka.cli;

import dev.tka.client.testkit.FakeControl;
import dev.tka.client.testkit.FakeServer;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeySignature;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A running server with one locked tailnet, {@code example.com}, and one without a lock. */
final class ServedTailnet implements AutoCloseable {
  static final String NAME = "example.com";
  static final String TOKEN = "tka-node-0123456789abcdef0123456789abcdef0123456789a";
  private static final String PATH = "/v1/tailnets/" + NAME;

  private final FakeControl control = new FakeControl();
  private final List<String> tokens = new CopyOnWriteArrayList<>();
  private final FakeServer server;

  private ServedTailnet(Path folder, Tailnet tailnet) throws Exception {
    Authority authority = tailnet.authority();
    control.tailnet(NAME, authority.snapshot(), authority.length(), authority.head().toString());
    control.unlocked("off.example.com");
    control.lines("/v1/tailnets/off.example.com/fleet", List.of());
    NodeKeySignature signature = Nodes.direct(1, tailnet.keyFile("ann"));
    String head = authority.head().toString();
    control.lines(
        PATH + "/fleet",
        List.of(
            fleet(
                1,
                "laptop",
                "current",
                "\"behind\":0," + signature(signature) + "," + last(head, "ok", "")),
            fleet(
                2,
                "phone",
                "stranded",
                "\"told\":\"disabled\",\"awaited\":true,\"reason\":\"its branch is gone\","
                    + "\"remedy\":\"log it out and in\","
                    + last("A".repeat(52), "on-displaced-branch", "too old"))));
    tokens.add("ab".repeat(32));
    control.put("POST " + PATH + "/machine/tka/sign", out -> FakeServer.lines(out, "{}"));
    control.put(PATH + "/tokens", this::listTokens);
    control.put("POST " + PATH + "/nodes/2/tokens", this::makeToken);
    control.put("DELETE " + PATH + "/tokens/" + "cd".repeat(32), this::revokeToken);
    server = FakeServer.on(folder.resolve("operator.sock"), control);
  }

  static ServedTailnet of(Path folder, Tailnet tailnet) throws Exception {
    return new ServedTailnet(folder, tailnet);
  }

  private static String signature(NodeKeySignature made) {
    String text = Base64.getEncoder().encodeToString(made.encoded().toByteArray());
    return "\"nodeKeySignature\":\"" + text + "\"";
  }

  private static String fleet(int number, String name, String condition, String more) {
    return "{\"node\":\""
        + number
        + "\",\"nodeKey\":\""
        + Nodes.nodeKey(number)
        + "\",\"name\":\""
        + name
        + "\",\"signed\":true,\"condition\":\""
        + condition
        + "\","
        + more
        + "}";
  }

  private static String last(String head, String outcome, String detail) {
    return "\"last\":{\"at\":\"2026-01-02T03:04:05Z\",\"head\":\""
        + head
        + "\",\"oldest\":\""
        + head
        + "\",\"outcome\":\""
        + outcome
        + "\",\"detail\":\""
        + detail
        + "\"}";
  }

  private void listTokens(OutputStream out) throws Exception {
    List<String> lines = new ArrayList<>();
    for (String id : tokens) {
      lines.add("{\"id\":\"" + id + "\",\"node\":\"2\",\"made\":\"2026-01-02T03:04:05Z\"}");
    }
    FakeServer.lines(out, lines.toArray(String[]::new));
  }

  private void makeToken(OutputStream out) throws Exception {
    tokens.add("cd".repeat(32));
    FakeServer.lines(out, "{\"token\":\"" + TOKEN + "\"}");
  }

  private void revokeToken(OutputStream out) throws Exception {
    tokens.removeIf("cd".repeat(32)::equals);
    FakeServer.answer(out, 204, "", new byte[0]);
  }

  /** Has an answer replaced. */
  void put(String rest, FakeControl.Body body) {
    putAt(PATH + rest, body);
  }

  /** Has the answer at a whole path replaced. */
  void putAt(String path, FakeControl.Body body) {
    control.put(path, body);
  }

  String url() {
    return server.url();
  }

  List<FakeServer.Asked> asked() {
    return server.asked();
  }

  /** Bytes that are no answer of ours. */
  static byte[] garbage() {
    return "<html>".getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void close() {
    server.close();
  }
}
