package dev.tka.cli.campaign;

import dev.tka.cli.ServeProcess;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.NodeKey;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Sends requests to any of a place's servers, to another where one does not answer, and records
 * each attempt. For one thread.
 */
final class Client {
  static final int VERSION = 148;

  private static final Duration MOST = Duration.ofSeconds(90);
  private static final int PAUSE_MILLIS = 20;

  private final String who;
  private final History history;
  private final Random random;
  private final BooleanSupplier over;
  private final Optional<Replica> only;
  private int operations;

  /**
   * A client.
   *
   * @param over whether to give up what has no answer yet
   */
  Client(String who, History history, long seed, BooleanSupplier over) {
    this(who, history, seed, over, Optional.empty());
  }

  private Client(
      String who, History history, long seed, BooleanSupplier over, Optional<Replica> only) {
    this.who = who;
    this.history = history;
    this.random = new Random(seed);
    this.over = over;
    this.only = only;
  }

  /** One that asks one server whatever that says, and gives up where it is sent elsewhere. */
  static Client stubborn(String who, History history, BooleanSupplier over, Replica only) {
    return new Client(who, history, 0, over, Optional.of(only));
  }

  /** A request to a server. */
  interface Request {
    ServeProcess.Reply to(ServeProcess server) throws IOException, InterruptedException;
  }

  /** What a line says about an attempt, beside its answer. */
  private record About(String what, String parent, String hash, String head) {}

  /**
   * Sends until somebody answers.
   *
   * @param head what the line says was answered, if it was
   * @return empty if it was given up; then it may still have its effect
   */
  private Optional<ServeProcess.Reply> untilAnswered(
      Tailnet tailnet, About about, Request request, Function<ServeProcess.Reply, String> head)
      throws InterruptedException {
    String op = who + "/" + operations++;
    long end = System.nanoTime() + MOST.toNanos();
    while (true) {
      Place place = tailnet.place();
      Replica replica =
          only.orElseGet(() -> place.replicas().get(random.nextInt(place.replicas().size())));
      long begun = System.nanoTime();
      Optional<ServeProcess.Reply> reply = Optional.empty();
      try {
        reply = Optional.of(request.to(replica.server));
      } catch (IOException e) {
        // Whether it had its effect is not known.
      }
      boolean moved = reply.filter(Client::isMoved).isPresent();
      String answer = moved ? Verdict.MOVED : reply.map(Client::answer).orElse(Call.NONE);
      history.add(
          new Call(
              op,
              who,
              replica.name,
              tailnet.name,
              moved ? Verdict.MOVED : about.what,
              begun,
              System.nanoTime(),
              answer,
              about.parent,
              about.hash,
              switch (answer) {
                case Call.OK -> head.apply(reply.orElseThrow());
                case Verdict.MOVED -> about.what;
                case Call.NONE -> about.head;
                default -> reply.orElseThrow().code();
              }));
      if (moved && only.isPresent()) {
        return Optional.empty();
      } else if (moved) {
        tailnet.leave(place);
      } else if (!answer.equals(Call.NONE)) {
        return reply;
      }
      if (over.getAsBoolean() || System.nanoTime() > end) {
        return Optional.empty();
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** Nothing was done: it lives elsewhere. */
  private static boolean isMoved(ServeProcess.Reply reply) {
    return reply.code().equals(Verdict.MOVED);
  }

  private static String answer(ServeProcess.Reply reply) {
    return switch (reply.status()) {
      case 200 -> Call.OK;
      case 404 -> "refused";
      case 409 -> reply.code().equals("conflict") ? "conflict" : "refused";
      case 429, 502, 503, 504 -> Call.NONE;
      default -> throw new AssertionError(reply.status() + " " + reply.text());
    };
  }

  /** What came of an edit. */
  enum Outcome {
    MADE,
    REFUSED,
    UNKNOWN
  }

  private static Outcome outcome(Optional<ServeProcess.Reply> reply) {
    return reply
        .map(each -> each.status() == 200 ? Outcome.MADE : Outcome.REFUSED)
        .orElse(Outcome.UNKNOWN);
  }

  /**
   * Sends AUMs as somebody who waits for the answer.
   *
   * @param what edit, revoke or theft
   * @param parent of the first
   */
  Outcome send(
      Tailnet tailnet,
      int node,
      NodeKey key,
      String what,
      AumHash parent,
      AumHash last,
      SyncSend send,
      boolean interactive)
      throws InterruptedException {
    RpcRequest request = new RpcRequest.Send(VERSION, Optional.of(key), send, interactive, false);
    return outcome(
        untilAnswered(
            tailnet,
            new About(what, parent.toString(), last.toString(), ""),
            server -> server.forward(tailnet.name, node, request),
            reply -> ""));
  }

  /** A node sends what control lacks, as the second half of a round. */
  Optional<ServeProcess.Reply> giveBack(Tailnet tailnet, int node, RpcRequest.Send request)
      throws InterruptedException {
    List<Bytes> aums = request.send().missing();
    Request sending = server -> server.forward(tailnet.name, node, request);
    if (aums.isEmpty()) {
      return call(tailnet, sending);
    }
    return untilAnswered(
        tailnet,
        new About(
            "giveBack",
            aum(aums.get(0)).parent().map(AumHash::toString).orElse(""),
            aum(aums.get(aums.size() - 1)).hash().toString(),
            ""),
        sending,
        reply -> receipt(request, reply).head().toString());
  }

  private static Aum aum(Bytes encoded) {
    try {
      return Aum.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      throw new AssertionError(e);
    }
  }

  /** What control says of what it was sent. */
  static SyncReceipt receipt(RpcRequest request, ServeProcess.Reply reply) {
    try {
      return ((RpcAnswer.Send) ServeProcess.answer(request, reply)).receipt();
    } catch (Exception e) {
      throw new AssertionError(reply.text(), e);
    }
  }

  /** A read of the head. */
  Optional<SyncAnswer> offer(Tailnet tailnet, int node, RpcRequest.Offer request)
      throws InterruptedException {
    return untilAnswered(
            tailnet,
            new About("offer", "", "", ""),
            server -> server.forward(tailnet.name, node, request),
            reply -> answered(request, reply).offer().head().toString())
        .filter(reply -> reply.status() == 200)
        .map(reply -> answered(request, reply));
  }

  private static SyncAnswer answered(RpcRequest request, ServeProcess.Reply reply) {
    try {
      return ((RpcAnswer.Offer) ServeProcess.answer(request, reply)).answer();
    } catch (Exception e) {
      throw new AssertionError(reply.text(), e);
    }
  }

  /** What is not judged. */
  Optional<ServeProcess.Reply> call(Tailnet tailnet, Request request) throws InterruptedException {
    return untilAnswered(tailnet, new About("other", "", "", ""), request, any -> "");
  }

  /** What is not judged: it must succeed. */
  void require(Tailnet tailnet, Request request) throws InterruptedException {
    Optional<ServeProcess.Reply> reply = call(tailnet, request);
    if (reply.filter(each -> each.status() == 200).isEmpty()) {
      throw new AssertionError("not done: " + reply.map(ServeProcess.Reply::text));
    }
  }

  /** A node logs in with a key. */
  Outcome logIn(Tailnet tailnet, int node, NodeKey key) throws InterruptedException {
    return outcome(
        untilAnswered(
            tailnet,
            new About("login", Integer.toString(node), key.toString(), ""),
            server -> server.post(loginPath(tailnet.name, node), login(node, key)),
            reply -> ""));
  }

  static String loginPath(String tailnet, int node) {
    return "/v1/tailnets/" + tailnet + "/nodes/" + node + "/login";
  }

  static String login(int node, NodeKey key) {
    return "{\"nodeKey\":\"" + key + "\",\"mayInit\":" + (node == 1) + "}";
  }

  /** A trusted key signs a node. */
  Outcome sign(Tailnet tailnet, int asking, NodeKey as, int node, NodeKey key, Bytes by)
      throws InterruptedException {
    String text = text(by);
    RpcRequest request = new RpcRequest.Sign(VERSION, Optional.of(as), by);
    return outcome(
        untilAnswered(
            tailnet,
            new About("sign", Integer.toString(node), key.toString(), text),
            server -> server.forward(tailnet.name, asking, request),
            reply -> text));
  }

  static String text(Bytes signature) {
    return Base64.getEncoder().encodeToString(signature.toByteArray());
  }

  /** What a server says about the nodes of a tailnet, one line of JSON each. */
  Optional<List<String>> nodes(Tailnet tailnet) throws InterruptedException {
    return untilAnswered(
            tailnet,
            new About("nodes", "", "", ""),
            server -> server.get("/v1/tailnets/" + tailnet.name + "/nodes"),
            reply -> "")
        .map(reply -> reply.text().lines().toList());
  }
}
