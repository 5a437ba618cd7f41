package dev.tka.node;

import dev.tka.control.ControlService;
import dev.tka.control.LogWork;
import dev.tka.control.WitnessTransport;
import dev.tka.testkit.FakeClock;
import dev.tka.tlog.LogPolicy;
import dev.tka.tlog.SignerKey;
import dev.tka.tlog.VerifierKey;
import dev.tka.tlog.heads.HeadWatch;
import dev.tka.witness.Witness;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** An operator's key for logs of heads, and two real witnesses, which are asked in this process. */
final class TestWitnesses implements AutoCloseable {
  final SignerKey key = SignerKey.generate("operator", VerifierKey.Kind.NOTE, new SecureRandom());
  final HeadWatch watch;
  private final LogPolicy policy;
  private final Map<String, Witness> witnesses = new TreeMap<>();

  TestWitnesses(Path folder, FakeClock clock) throws Exception {
    StringBuilder file = new StringBuilder("log " + key.verifier() + "\n");
    Path logs = Files.writeString(folder.resolve("logs"), file);
    for (String name : List.of("one", "two")) {
      Witness witness = Witness.open(folder.resolve(name), logs, name, clock);
      witnesses.put(name, witness);
      file.append("witness " + name + " " + witness.key() + " http://" + name + "\n");
    }
    file.append("group both all one two\nquorum both\n");
    policy = LogPolicy.parse(file.toString().getBytes(StandardCharsets.UTF_8));
    watch = new HeadWatch(policy, HeadWatch.USUAL_AGE);
  }

  /** Has a service keep a log, and work on it once. */
  void cosign(ControlService service) throws Exception {
    service.keepLogs(List.of(key), policy, this::post);
    LogWork.once(service);
  }

  private synchronized WitnessTransport.Reply post(String url, String path, byte[] body)
      throws IOException {
    Witness.Answer answer = witnesses.get(URI.create(url).getHost()).ask(body);
    if (answer instanceof Witness.Answer.Cosigned cosigned) {
      return reply(200, "text/plain", cosigned.signature().line());
    }
    return answer instanceof Witness.Answer.OtherSize other
        ? reply(409, "text/x.tlog.size", Long.toString(other.size()))
        : reply(((Witness.Answer.Refused) answer).status(), "text/plain", "refused");
  }

  private static WitnessTransport.Reply reply(int status, String type, String line) {
    return new WitnessTransport.Reply(status, type, (line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws IOException {
    for (Witness each : witnesses.values()) {
      each.close();
    }
  }
}
