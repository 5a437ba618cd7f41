package dev.tka.client;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.SigningException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.RpcAnswer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One tailnet of a running server. Each reading asks the server, and verifies what it says. A
 * commit sends its AUMs as an edit of the operator (service, section 10), or of the node in whose
 * name a forwarder asks, to be judged there, and reads the tailnet again: what is not on the chain
 * then was not stored, whatever the server says. Where an answer is lost, the same AUMs are sent
 * again, which does no harm.
 *
 * <p>It takes AUMs that extend the chain or displace a part of it, and no other change: times,
 * purges and the trail are the server's own. Its tailnets begin by {@link #begin} and end by {@link
 * #end}.
 */
public final class ServedAums implements AumStore {
  /** How often something is sent whose answer is lost. */
  private static final int MOST_ATTEMPTS = 3;

  /** Codes by which a server says that it never stores a signature. */
  private static final Set<String> OF_SIGNATURES = Set.of("unknown-node", "refused", "malformed");

  private final ServedTailnets tailnets;
  private final String name;
  private volatile Optional<ServedSnapshot> last = Optional.empty();

  ServedAums(ServedTailnets tailnets, String name) {
    this.tailnets = tailnets;
    this.name = name;
  }

  @Override
  public AumSnapshot read() throws StoreException {
    ServedSnapshot read = ServedSnapshot.of(tailnets.read(name));
    last = Optional.of(read);
    return read;
  }

  /**
   * {@inheritDoc}
   *
   * @throws StoreException.Refused if the server takes none of it, for another reason than that
   *     somebody was first
   * @throws UnsupportedOperationException if it is more than AUMs after others
   */
  @Override
  public AumSnapshot commit(Commit commit) throws StoreException {
    ServedSnapshot base = last.orElseThrow(() -> new StoreException.Conflict("not read yet"));
    if (!base.revision().equals(commit.base())) {
      throw new StoreException.Conflict(commit.base(), base.revision());
    }
    if (base.entries().isEmpty() || !commit.purges().isEmpty() || commit.ownAums().isPresent()) {
      throw new UnsupportedOperationException(this + " takes only AUMs that follow others");
    }
    List<Aum> aums =
        commit.additions().stream()
            .map(Commit.Addition::aum)
            .filter(aum -> base.find(aum.hash()).isEmpty())
            .toList();
    return aums.isEmpty() ? base : send(base, aums);
  }

  private AumSnapshot send(ServedSnapshot base, List<Aum> aums) throws StoreException {
    requireSameHead(base, aums.get(0));
    AumHash made = aums.get(aums.size() - 1).hash();
    SyncSend send = new SyncSend(made, aums.stream().map(Aum::encoded).toList());
    for (int attempt = 1; ; attempt++) {
      Optional<SyncReceipt> receipt = Optional.empty();
      Optional<ServerException> doubt = Optional.empty();
      try {
        receipt = Optional.of(tailnets.client().send(name, send));
      } catch (ServerException e) {
        if (!e.mayHaveHappened()) {
          throw failedAt(attempt, e);
        }
        doubt = Optional.of(e);
      }
      ServedSnapshot now = readAfter(doubt);
      if (isOnChain(made, now)) {
        return now;
      }
      if (!now.revision().equals(base.revision())) {
        throw new StoreException.Conflict(base.revision(), now.revision());
      }
      if (receipt.isPresent()) {
        throw notTaken(receipt.get());
      }
      if (attempt == MOST_ATTEMPTS) {
        throw new StoreException.InDoubt(tailnets.url(), doubt.orElseThrow());
      }
    }
  }

  /** An attempt was not made; the ones before it, if any, may still take effect. */
  private StoreException failedAt(int attempt, ServerException why) {
    return attempt == 1 ? tailnets.failure(why) : new StoreException.InDoubt(tailnets.url(), why);
  }

  /**
   * The server decides on a rewrite by what it has then; its maker has agreed to undo what was
   * there when it was read, and no more.
   */
  private void requireSameHead(ServedSnapshot base, Aum first) throws StoreException {
    AumHash head = open(base).head();
    if (!first.parent().equals(Optional.of(head))) {
      Optional<AumHash> now = tailnets.head(name);
      if (!now.equals(Optional.of(head))) {
        throw new StoreException.Conflict("expected head " + head + ", found another");
      }
    }
  }

  private ServedSnapshot readAfter(Optional<ServerException> doubt) throws StoreException {
    try {
      return (ServedSnapshot) read();
    } catch (StoreException e) {
      throw new StoreException.InDoubt(
          tailnets.url(),
          doubt.isPresent() ? doubt.get() : e.getCause() == null ? e : e.getCause());
    }
  }

  /** The chain is as it was, though the server answered. */
  private StoreException notTaken(SyncReceipt receipt) {
    return receipt.refused().isEmpty()
        ? notShown()
        : new StoreException.Refused(receipt.refused().get(0).strip());
  }

  /** A replica that is behind shows it later; a server that lies never does. */
  private StoreException notShown() {
    return new StoreException.InDoubt(
        tailnets.url(),
        new ServerException.BadAnswer(
            tailnets.access().url(),
            "it says that the change was made, and shows the tailnet as before"));
  }

  private static boolean isOnChain(AumHash hash, ServedSnapshot snapshot) throws StoreException {
    return snapshot.find(hash).isPresent() && open(snapshot).isActive(hash);
  }

  private static Authority open(ServedSnapshot snapshot) throws StoreException {
    try {
      return Authority.open(snapshot);
    } catch (OpenException e) {
      throw new StoreException.Damaged("what the server sent does not open: " + e.getMessage());
    }
  }

  /** Signs the key of a node. */
  @FunctionalInterface
  public interface Signing {
    /** The signature, encoded; empty for a node that stays unsigned. */
    Optional<Bytes> of(RpcAnswer.NodeToSign node) throws SigningException;
  }

  /**
   * Begins an authority, and the tailnet if there is none. All its nodes are signed, before anybody
   * is told (protocol, section 8).
   *
   * @throws SigningException if a node cannot be signed; nothing was written
   * @throws StoreException.InDoubt if the server was lost, and it is not known whether it began
   * @throws StoreException if the server does not do it; nothing was written
   */
  public void begin(Aum genesis, Signing signing) throws SigningException, StoreException {
    if (!tailnets.has(name)) {
      var unused =
          tailnets.ask(
              server -> {
                server.create(name);
                return true;
              });
    }
    List<RpcAnswer.NodeToSign> nodes = nodesToSign(genesis);
    Map<Long, Bytes> signatures = new TreeMap<>();
    for (RpcAnswer.NodeToSign node : nodes) {
      signing.of(node).ifPresent(signature -> signatures.put(node.node(), signature));
    }
    repeatedly(
        server -> server.finishInit(name, signatures), now -> now.find(genesis.hash()).isPresent());
  }

  /** What is begun counts for nothing yet, so it may be begun again where an answer is lost. */
  private List<RpcAnswer.NodeToSign> nodesToSign(Aum genesis) throws StoreException {
    for (int attempt = 1; ; attempt++) {
      try {
        return tailnets.client().beginInit(name, genesis);
      } catch (ServerException e) {
        if (!e.mayHaveHappened() || attempt == MOST_ATTEMPTS) {
          throw tailnets.failure(e);
        }
      }
    }
  }

  /**
   * Ends the authority for good.
   *
   * @param head of the authority that is meant
   * @throws StoreException.InDoubt if the server was lost, and it is not known whether it ended
   * @throws StoreException if the server does not do it; nothing was written
   */
  public void end(AumHash head, DisablementSecret secret) throws StoreException {
    repeatedly(server -> server.disable(name, head, secret), now -> now.find(head).isEmpty());
  }

  /**
   * Gives control the signature of a node's key.
   *
   * @throws ServerException if it is not stored; after {@link ServerException#mayHaveHappened}, it
   *     may be stored
   */
  public void sign(Bytes signature) throws ServerException {
    Optional<ServerException> doubt = Optional.empty();
    for (int attempt = 1; ; attempt++) {
      try {
        tailnets.client().sign(name, signature);
        return;
      } catch (ServerException e) {
        if (!e.mayHaveHappened()) {
          // An attempt before may have taken effect, unless the server now says that none can.
          throw isOfSignature(e) ? e : doubt.orElse(e);
        }
        if (attempt == MOST_ATTEMPTS) {
          throw e;
        }
        doubt = Optional.of(e);
      }
    }
  }

  /** Whether a server says it of a node or a signature, and not of itself. */
  private static boolean isOfSignature(ServerException failure) {
    return failure instanceof ServerException.Refused refused
        && OF_SIGNATURES.contains(refused.code());
  }

  /** A request that may be sent twice. */
  @FunctionalInterface
  private interface Request {
    void to(ServerClient server) throws ServerException;
  }

  /** Whether a reading shows that it was done. */
  @FunctionalInterface
  private interface Done {
    boolean in(AumSnapshot now);
  }

  private void repeatedly(Request request, Done done) throws StoreException {
    for (int attempt = 1; ; attempt++) {
      Optional<ServerException> doubt = Optional.empty();
      try {
        request.to(tailnets.client());
      } catch (ServerException e) {
        if (!e.mayHaveHappened()) {
          throw failedAt(attempt, e);
        }
        doubt = Optional.of(e);
      }
      // From here on it may have happened, whatever keeps the server from showing it.
      if (done.in(readAfter(doubt))) {
        return;
      }
      if (doubt.isEmpty()) {
        throw notShown();
      }
      if (attempt == MOST_ATTEMPTS) {
        throw new StoreException.InDoubt(tailnets.url(), doubt.get());
      }
    }
  }

  @Override
  public void wipe() {
    throw new UnsupportedOperationException(this + " ends by its disablement secret");
  }

  /** For people. */
  @Override
  public String toString() {
    return tailnets.url() + ", tailnet \"" + name + "\"";
  }
}
