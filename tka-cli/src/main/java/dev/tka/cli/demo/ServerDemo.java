package dev.tka.cli.demo;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.output.CommandFailure;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.control.http.ControlServer;
import dev.tka.control.http.Listener;
import dev.tka.control.http.Role;
import dev.tka.control.http.ServerSettings;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.store.MemoryTailnets;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A server and two nodes that reach it over HTTP, at a Unix socket: they log in, one switches the
 * lock on and adds a key, and the other is told of it (service, sections 3, 4 and 10).
 */
public final class ServerDemo {
  private static final String TAILNET = "dave.example";
  private static final Clock CLOCK = Clock.systemUTC();

  private final Path socket;
  private final SecureRandom random;
  private final PrintWriter out;

  /** A demo whose server listens at a socket in a folder. */
  public ServerDemo(Path folder, SecureRandom random, PrintWriter out) {
    this.socket = folder.resolve("forwarder.sock");
    this.random = random;
    this.out = out;
  }

  public void run() throws TkaException, IOException, CommandFailure {
    DemoCommand.title(out, "8. A server, two nodes, and a change that is pushed");
    MemoryTailnets place = new MemoryTailnets();
    try (ControlService service = ControlService.over(place, ControlSettings.DEFAULTS, CLOCK);
        ControlServer server =
            ControlServer.start(
                new ControlServer.Parts(
                    service, place, line -> {}, ControlSettings.DEFAULTS.mostNodes()),
                ServerSettings.of(Listener.of(Role.FORWARDER, new Listener.Address.Unix(socket))));
        DemoHttp http = DemoHttp.at(socket)) {
      say("a server listens at " + server.address(Role.FORWARDER).orElseThrow());
      converse(
          new DemoNode(http, TAILNET, 1, "laptop", random),
          new DemoNode(http, TAILNET, 2, "phone", random),
          http);
    }
  }

  private void converse(DemoNode laptop, DemoNode phone, DemoHttp http)
      throws TkaException, IOException, CommandFailure {
    laptop.login(true);
    phone.login(false);
    say("laptop and phone log in; laptop may switch the lock on");
    AumHash genesis = init(laptop);
    say("laptop signs both nodes and the genesis " + genesis);
    LiveAuthority laptops = bootstrap(laptop);
    LiveAuthority phones = bootstrap(phone);
    say("both bootstrap: their head is " + phones.current().head());
    try (BufferedReader watch = http.lines("/v1/tailnets/" + TAILNET + "/watch")) {
      requireLine(watch, "resync");
      AumHash added = addKey(laptop, laptops, phone);
      long accepted = System.nanoTime();
      say("laptop adds phone's key: the server's head is " + added);
      Map<String, Object> pushed = requireLine(watch, "announcement");
      long millis = (System.nanoTime() - accepted) / 1_000_000;
      DemoCommand.requireEqual(
          "pushed announcement",
          Map.of("Head", added.toString()).toString(),
          String.valueOf(pushed.get("announcement")));
      say("pushed to whoever watches, " + millis + " ms later: " + JSON.std.asString(pushed));
    }
    say("phone syncs: " + phone.sync(phones).reason());
    say("laptop syncs: " + laptop.sync(laptops).reason());
    AumHash head = laptops.current().head();
    DemoCommand.requireEqual("head", head.toString(), phones.current().head().toString());
    say("both trust " + phones.current().state().keys().size() + " keys on head " + head);
  }

  private AumHash init(DemoNode laptop) throws TkaException, IOException {
    DisablementSecret secret = DisablementSecret.generate(random);
    Aum genesis =
        Genesis.create(
            List.of(secret.value()),
            List.of(Key.of(laptop.lockKey().publicKey(), 1)),
            laptop.lockKey(),
            random);
    RpcAnswer.InitBegin begun =
        (RpcAnswer.InitBegin)
            laptop.ask(new RpcRequest.InitBegin(0, laptop.nodeKey(), genesis.encoded()));
    Map<Long, Bytes> signatures = new HashMap<>();
    for (RpcAnswer.NodeToSign node : begun.nodes()) {
      signatures.put(
          node.node(),
          NodeKeySigning.direct(node.nodeKey(), node.rotationKey(), laptop.lockKey()).encoded());
    }
    laptop.ask(
        new RpcRequest.InitFinish(
            0, laptop.nodeKey(), new TreeMap<>(signatures), Optional.empty()));
    return genesis.hash();
  }

  private static LiveAuthority bootstrap(DemoNode node) throws TkaException, IOException {
    RpcAnswer.Bootstrap answer =
        (RpcAnswer.Bootstrap)
            node.ask(new RpcRequest.Bootstrap(0, node.nodeKey(), Optional.empty()));
    return LiveAuthority.bootstrap(
        new MemoryAumStore(),
        Aum.decode(answer.genesis().orElseThrow().toByteArray()),
        AdmissionPolicy.NODE,
        CLOCK);
  }

  /** Sends an edit, as a node does while a person waits, and returns the server's head after it. */
  private static AumHash addKey(DemoNode laptop, LiveAuthority live, DemoNode phone)
      throws TkaException, IOException {
    List<Aum> updates =
        new UpdateBuilder(live.current(), laptop.lockKey())
            .addKey(Key.of(phone.lockKey().publicKey(), 1))
            .build()
            .updates();
    SyncSend send =
        new SyncSend(live.current().head(), updates.stream().map(Aum::encoded).toList());
    RpcAnswer.Send answer =
        (RpcAnswer.Send) laptop.ask(new RpcRequest.Send(0, laptop.nodeKey(), send, true, true));
    return answer.receipt().head();
  }

  private static Map<String, Object> requireLine(BufferedReader watch, String field)
      throws IOException {
    for (String line = watch.readLine(); line != null; line = watch.readLine()) {
      Map<String, Object> fields = JSON.std.mapFrom(line);
      if (fields.containsKey(field)) {
        return fields;
      }
    }
    throw new IOException("the demo's server ended the watch");
  }

  private void say(String what) {
    out.println("  " + what);
  }
}
