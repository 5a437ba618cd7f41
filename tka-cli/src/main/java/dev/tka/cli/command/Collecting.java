package dev.tka.cli.command;

import dev.tka.cli.input.OpenStore;
import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.StoreText;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.ControlSettings;
import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Thresholds;
import dev.tka.store.records.ProposalStatus;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Thresholds and proposals of one tailnet, at a running server or in control's store. */
interface Collecting extends AutoCloseable {
  Thresholds thresholds() throws ServerException, CommandFailure;

  /** Sets thresholds of some kinds; the others stay. */
  void set(Map<Thresholds.Kind, Long> changes) throws ServerException, CommandFailure;

  List<ProposalStatus> all() throws ServerException, CommandFailure;

  ProposalStatus get(String id) throws ServerException, CommandFailure;

  /** Proposes edits, or the end of the authority if there are none. */
  ProposalStatus propose(List<Aum> operations) throws ServerException, CommandFailure;

  ProposalStatus approve(String id, Bytes over, AumSignature signature)
      throws ServerException, CommandFailure;

  void withdraw(String id) throws ServerException, CommandFailure;

  @Override
  void close();

  /**
   * Opens it.
   *
   * @param opened the tailnet, at the same place
   * @throws CommandFailure if the place keeps nothing for a control server
   */
  static Collecting open(StoreArgument store, OpenStore opened)
      throws TkaException, ServerException, CommandFailure {
    String tailnet = opened.tailnet().orElse("");
    Optional<ServerPlace> running = ServedPeers.find(store.place());
    if (running.isPresent()) {
      return new Served(ServerClient.open(running.get().access()), tailnet);
    }
    if (opened.records().isEmpty()) {
      throw new CommandFailure(
          ExitCode.USAGE,
          opened.place().url()
              + ": expected control's store or a running server, found a "
              + opened.place().noun());
    }
    Clock clock = Clock.systemUTC();
    return new Own(
        ControlService.over(
            StoreText.requireMany(store.place()).open(clock), ControlSettings.DEFAULTS, clock),
        tailnet);
  }

  /** At a running server. */
  record Served(ServerClient client, String tailnet) implements Collecting {
    @Override
    public Thresholds thresholds() throws ServerException {
      return client.thresholds(tailnet);
    }

    @Override
    public void set(Map<Thresholds.Kind, Long> changes) throws ServerException {
      client.setThresholds(tailnet, changes);
    }

    @Override
    public List<ProposalStatus> all() throws ServerException {
      return client.proposals(tailnet);
    }

    @Override
    public ProposalStatus get(String id) throws ServerException {
      return client.proposal(tailnet, id);
    }

    @Override
    public ProposalStatus propose(List<Aum> operations) throws ServerException {
      return client.propose(tailnet, operations);
    }

    @Override
    public ProposalStatus approve(String id, Bytes over, AumSignature signature)
        throws ServerException {
      return client.approve(tailnet, id, over, signature);
    }

    @Override
    public void withdraw(String id) throws ServerException {
      client.withdraw(tailnet, id);
    }

    @Override
    public void close() {
      client.close();
    }
  }

  /** In control's store, by the rules of a server. */
  record Own(ControlService service, String tailnet) implements Collecting {
    private static final int MISSING = 404;
    private static final int CONFLICT = 409;
    private static final int UNAVAILABLE = 503;

    /** What is asked of the service. */
    @FunctionalInterface
    private interface Asking<T> {
      T ask() throws ControlException;
    }

    private static <T> T asked(Asking<T> asking) throws CommandFailure {
      try {
        return asking.ask();
      } catch (ControlException e) {
        throw new CommandFailure(
            switch (e.status()) {
              case MISSING -> ExitCode.NOT_FOUND;
              case CONFLICT -> ExitCode.CONFLICT;
              case UNAVAILABLE -> ExitCode.IO;
              default -> ExitCode.USAGE;
            },
            String.valueOf(e.getMessage()));
      }
    }

    @Override
    public Thresholds thresholds() throws CommandFailure {
      return asked(() -> service.thresholds(tailnet));
    }

    @Override
    public void set(Map<Thresholds.Kind, Long> changes) throws CommandFailure {
      boolean unused =
          asked(
              () -> {
                service.setThresholds(tailnet, changes);
                return true;
              });
    }

    @Override
    public List<ProposalStatus> all() throws CommandFailure {
      return asked(() -> service.proposals(tailnet));
    }

    @Override
    public ProposalStatus get(String id) throws CommandFailure {
      return asked(() -> service.proposal(tailnet, id));
    }

    @Override
    public ProposalStatus propose(List<Aum> operations) throws CommandFailure {
      return asked(
          () ->
              operations.isEmpty()
                  ? service.proposeDisable(tailnet)
                  : service.propose(tailnet, operations));
    }

    @Override
    public ProposalStatus approve(String id, Bytes over, AumSignature signature)
        throws CommandFailure {
      return asked(() -> service.approve(tailnet, id, over, signature));
    }

    @Override
    public void withdraw(String id) throws CommandFailure {
      ProposalStatus unused = asked(() -> service.withdraw(tailnet, id));
    }

    @Override
    public void close() {
      service.close();
    }
  }
}
