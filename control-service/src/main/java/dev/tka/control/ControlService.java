package dev.tka.control;

import dev.tka.store.Tailnets;
import dev.tka.store.records.NodeToken;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.sync.rpc.RpcRequest;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Control's part in the lock of any number of tailnets, without a transport (service, sections 2 to
 * 4 and 10). Safe for use by many threads; several services, in several processes, may use one
 * place. Each method may be called twice with the same effect and answer.
 */
@SuppressWarnings({"DoNotCallSuggester", "UnusedVariable"})
public final class ControlService implements AutoCloseable {
  private ControlService() {}

  /**
   * A service over a place, which it closes when it is closed.
   *
   * @param clock tells when AUMs are committed, and when nodes came
   * @throws IllegalArgumentException if the place keeps nothing beside AUMs ({@link
   *     Tailnets#records})
   */
  public static ControlService over(Tailnets place, ControlSettings settings, Clock clock) {
    return over(place, settings, clock, ControlListener.NONE);
  }

  /** A service over a place that tells a listener what happens. */
  public static ControlService over(
      Tailnets place, ControlSettings settings, Clock clock, ControlListener listener) {
    throw new UnsupportedOperationException("" + place + settings + clock + listener);
  }

  /** Answers a request. */
  public RpcAnswer call(Caller caller, RpcRequest request) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Notes a registration that control accepts (service, section 10). */
  public LoginAnswer login(String tailnet, long node, Login login) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Stores one node as given; a signature is kept if its key stays and none is given. */
  public void putNode(String tailnet, NodeEntry node) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Removes a node, with its tokens; has no effect if there is none. */
  public void deleteNode(String tailnet, long node) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Replaces the whole list, or changes nothing. */
  public void replaceNodes(String tailnet, List<NodeEntry> nodes) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads nodes as they go into everybody's map, in the order of their numbers.
   *
   * @param some the numbers of those to read, of which unknown ones are left out; empty for all
   */
  public void nodes(String tailnet, Optional<Collection<Long>> some, Consumer<NodeEntry> reading)
      throws ControlException {
    throw new UnsupportedOperationException();
  }

  /**
   * What is announced (service, section 4).
   *
   * @param node a node, or empty for what most nodes are told
   */
  public Announcement announcement(String tailnet, Optional<Long> node) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** All tailnets, by name. */
  public List<TailnetStatus> tailnets() throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** How a tailnet stands. */
  public TailnetStatus status(String tailnet) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Makes a tailnet; has no effect if there is one. */
  public void create(String tailnet) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Reads how every node stands, in the order of their numbers. */
  public void fleet(String tailnet, Consumer<FleetEntry> reading) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Deletes a tailnet with everything that is kept of it; has no effect if there is none. */
  public void delete(String tailnet) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /**
   * Makes a token that stands for a node (service, section 5). Only its hash is kept.
   *
   * @return {@code tka-node-} and 32 random bytes in base64url
   */
  public String makeToken(String tailnet, long node) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** The tokens of a tailnet's nodes, by node and then by time. */
  public List<NodeToken> tokens(String tailnet) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /**
   * Revokes a token; has no effect if there is none.
   *
   * @param hash the hash of the token, see {@link NodeToken}
   */
  public void revokeToken(String tailnet, dev.tka.core.Bytes hash) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** The node that a token stands for, if it was made and not revoked. */
  public Optional<NodeToken> authenticate(String token) throws ControlException {
    throw new UnsupportedOperationException();
  }

  /** Writes what is noted in memory, and closes the place. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
