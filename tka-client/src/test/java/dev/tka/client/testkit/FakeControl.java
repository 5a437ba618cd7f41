package dev.tka.client.testkit;

import dev.tka.core.TkaException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.store.export.AumExport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Answers that are in order, by their paths; whatever else is asked for is not there. */
public final class FakeControl implements FakeServer.Answering {
  /** An answer's body. */
  @FunctionalInterface
  public interface Body {
    void to(OutputStream out) throws Exception;
  }

  private final Map<String, Body> bodies = new ConcurrentHashMap<>();
  private final Map<String, String> statuses = new TreeMap<>();

  /** Sets an answer, in place of one that was set before. */
  public FakeControl put(String path, Body body) {
    bodies.put(path, body);
    return this;
  }

  /** Sets an answer of lines. */
  public FakeControl lines(String path, Collection<String> lines) {
    String[] all = lines.toArray(String[]::new);
    return put(path, out -> FakeServer.lines(out, all));
  }

  /** Adds a tailnet, whose name is plain ASCII. */
  public FakeControl tailnet(String name, AumSnapshot snapshot, int length, String head)
      throws TkaException, IOException {
    ByteArrayOutputStream export = new ByteArrayOutputStream();
    AumExport.write(snapshot, name, 0, export, (done, total) -> {});
    put(
        "/v1/tailnets/" + name + "/export",
        out -> FakeServer.answer(out, 200, "", export.toByteArray()));
    return status(name, "\"lock\":\"on\",\"head\":\"" + head + "\",\"length\":" + length);
  }

  /** Adds a tailnet whose lock is off. */
  public FakeControl unlocked(String name) {
    put(
        "/v1/tailnets/" + name + "/export",
        out -> FakeServer.refuse(out, 409, "lock-off", "tailnet lock is not enabled"));
    return status(name, "\"lock\":\"off\",\"length\":0");
  }

  private FakeControl status(String name, String fields) {
    String line =
        "{\"tailnet\":\"" + name + "\"," + fields + ",\"keys\":1,\"nodes\":2,\"new\":[[]]}";
    statuses.put(name, line);
    List<String> all = new ArrayList<>(statuses.values());
    lines("/v1/tailnets", all);
    return lines("/v1/tailnets/" + name, List.of(line));
  }

  @Override
  public void to(FakeServer.Asked request, OutputStream out) throws Exception {
    Body body = bodies.get(request.path());
    if (body == null) {
      body = bodies.get(request.method() + " " + request.path());
    }
    if (body == null) {
      boolean tailnet = request.path().matches("/v1/tailnets/[^/]+(/.*)?");
      FakeServer.refuse(
          out, 404, tailnet ? "unknown-tailnet" : "not-found", "there is no such tailnet");
    } else {
      body.to(out);
    }
  }
}
