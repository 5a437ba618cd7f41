package dev.tka.cli.command;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.input.FolderArgument;
import dev.tka.cli.input.KeyArgument;
import dev.tka.cli.input.NodeControlOption;
import dev.tka.cli.input.WitnessOption;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Clocks;
import dev.tka.core.store.OwnAums;
import dev.tka.core.store.StoreException;
import dev.tka.node.AgentDirectory;
import dev.tka.node.AgentEvent;
import dev.tka.node.AgentFolder;
import dev.tka.node.AgentListener;
import dev.tka.node.AgentLook;
import dev.tka.node.AgentPool;
import dev.tka.node.AgentRunner;
import dev.tka.node.AgentStatus;
import dev.tka.node.ControlFailure;
import dev.tka.node.Followed;
import dev.tka.node.HttpConnections;
import dev.tka.node.HttpTransport;
import dev.tka.node.JudgedPeer;
import dev.tka.node.LogVerdict;
import dev.tka.node.NodeAgent;
import dev.tka.tlog.heads.HeadWatch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tka node run} and the commands about its folder: a node's agent (service, section 9). */
final class NodeAgentCommands {
  private static final String SERVER = "The server's address for nodes, https://HOST:PORT.";

  private NodeAgentCommands() {}

  private static Clocks clocks() {
    return Clocks.of(Clock.systemUTC());
  }

  /** The node's key, which its folder remembers. */
  static final class NodeKeyOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
        names = "--node-key",
        paramLabel = "NODEKEY",
        description =
            "The node's key, nodekey:..., as control has it. The folder remembers it, so it is needed"
                + " at the first start and when it changes.")
    private @Nullable String nodeKey;

    private NodeKeyOption() {}

    NodeKey of(AgentFolder folder) throws StoreException {
      Optional<NodeKey> kept = remembered(folder.read(AgentFolder.File.NODE_KEY));
      if (nodeKey == null) {
        return kept.orElseThrow(
            () ->
                new ParameterException(
                    spec.commandLine(),
                    "missing --node-key: this folder does not hold the node's key yet"));
      }
      NodeKey given = KeyArgument.parse(NodeKey::parse, nodeKey, spec);
      if (!kept.equals(Optional.of(given))) {
        folder.write(
            AgentFolder.File.NODE_KEY,
            Bytes.copyOf((given + "\n").getBytes(StandardCharsets.US_ASCII)));
      }
      return given;
    }

    private static Optional<NodeKey> remembered(Optional<Bytes> content) {
      try {
        return content.isPresent()
            ? Optional.of(
                NodeKey.parse(
                    new String(content.get().toByteArray(), StandardCharsets.UTF_8).strip()))
            : Optional.empty();
      } catch (TextException e) {
        return Optional.empty();
      }
    }
  }

  /** {@code tka node run}: keeps a folder in step with control. */
  @Command(
      name = "run",
      description = {
        "Keeps a node's folder in step with a running server, and says which peers it may talk to.",
        "It joins the authority, follows every change, disables only with a verified secret, and keeps"
            + " the last good peers in the folder: after a restart it knows them before it asks"
            + " anybody. It prints a line for each change, and runs until it is stopped. Under systemd"
            + " it says when it is ready, and what it waits for. While it runs, 'tka node peers' and"
            + " 'tka node status' look at the folder.",
        "With --witness, it also looks at control's log of heads, and says what that shows. That"
            + " changes nothing about peers."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka node run /var/lib/tka-node https://tka.example.com:8443 --token-file node7.token --node-key nodekey:...",
        "  tka node run /var/lib/tka-node https://tka.example.com:8443 --token-file node7.token --json",
        "  tka node run /var/lib/tka-node https://tka.example.com:8443 --token-file node7.token --witness policy"
      })
  static final class Run implements Callable<Integer> {
    private static final Duration LAST_ROUND = Duration.ofSeconds(20);

    /** One agent needs one round at a time. */
    private static final int THREADS = 1;

    @Spec private CommandSpec spec;
    @Mixin private FolderArgument folder;

    @Parameters(index = "1", paramLabel = "URL", description = SERVER)
    private String url;

    @Mixin private NodeControlOption control;
    @Mixin private NodeKeyOption key;
    @Mixin private WitnessOption witness;

    @Option(names = "--json", description = "Print a line of JSON for each change.")
    private boolean json;

    private Run() {}

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      PrintWriter out = spec.commandLine().getOut();
      PrintWriter err = spec.commandLine().getErr();
      Optional<HeadWatch> watch = witness.watch();
      HttpConnections connections = control.connections();
      HttpTransport transport = control.transport(url, connections);
      AgentDirectory kept = AgentDirectory.open(folder.path(), Clock.systemUTC());
      NodeAgent agent;
      try {
        agent = NodeAgent.open(kept, key.of(kept), clocks());
      } catch (StoreException | RuntimeException e) {
        kept.close();
        throw e;
      }
      Teller teller = new Teller(kept, ServiceManager.ofProcess(), json, out, err);
      teller.started(agent.status());
      AgentPool pool = AgentPool.of(THREADS);
      AgentRunner runner = AgentRunner.start(agent, transport, pool, teller, watch);
      Foreground.atEnd(() -> stop(runner, teller, kept));
      return Foreground.untilTold();
    }

    private static void stop(AgentRunner runner, Teller teller, AgentDirectory kept) {
      teller.stopping();
      try {
        runner.stop().get(LAST_ROUND.toSeconds(), TimeUnit.SECONDS);
        kept.close();
      } catch (InterruptedException | ExecutionException | TimeoutException | StoreException e) {
        // A round that is cut off leaves nothing to mend.
      }
    }
  }

  /** Says what becomes of an agent: lines, the folder's note, and the service manager. */
  private static final class Teller implements AgentListener {
    private final AgentFolder folder;
    private final ServiceManager manager;
    private final boolean json;
    private final PrintWriter out;
    private final PrintWriter err;
    private String trouble = "";

    Teller(
        AgentFolder folder,
        ServiceManager manager,
        boolean json,
        PrintWriter out,
        PrintWriter err) {
      this.folder = folder;
      this.manager = manager;
      this.json = json;
      this.out = out;
      this.err = err;
    }

    private static Instant now() {
      return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }

    void started(AgentStatus status) {
      line(
          "started",
          "lock "
              + status.lock()
              + ", "
              + NodeAgentText.counts(status)
              + ", as this node knew it last",
          status);
      report(manager.ready());
    }

    void stopping() {
      report(manager.stopping());
      note("nothing: it was stopped");
    }

    @Override
    public void changed(AgentEvent event) {
      line(event.kind().toString(), event.line(), event.status());
    }

    @Override
    public void waits(String what) {
      report(manager.status("waits for " + what));
      note(what);
    }

    private void line(String change, String line, AgentStatus status) {
      Instant at = now();
      String printable = Texts.printable(line);
      String text = at + " " + change + ": " + printable;
      if (json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("SchemaVersion", Json.SCHEMA_VERSION);
        object.put("At", at.toString());
        object.put("Change", change);
        object.put("Line", printable);
        NodeAgentText.put(status, object);
        try {
          text = JSON.std.asString(object);
        } catch (IOException e) {
          throw new IllegalStateException("texts and numbers", e);
        }
      }
      out.println(text);
      out.flush();
    }

    /** From the runner, or as the last thing of the process. */
    private synchronized void note(String waits) {
      try {
        folder.write(
            AgentFolder.File.STATUS,
            new NodeAgentText.Running(
                    now().toString(), ProcessHandle.current().pid(), Texts.printable(waits))
                .encoded());
      } catch (StoreException | IOException e) {
        report(Optional.of(String.valueOf(e.getMessage())));
      }
    }

    /** What is in vain, once. */
    private synchronized void report(Optional<String> why) {
      if (why.isPresent() && !why.get().equals(trouble)) {
        trouble = why.get();
        err.println("tka: " + Texts.printable(trouble));
        err.flush();
      }
    }
  }

  /** {@code tka node once}: follows once. */
  @Command(
      name = "once",
      description = {
        "Brings a node's folder in step with a running server once.",
        "The exit status is 0 if the node agrees with control about the lock, and 1 if not; then the"
            + " line says why, and the node keeps to what it knew.",
        "With --witness, it also looks at control's log of heads: the exit status is 1 if what control"
            + " shows is not what its witnesses saw, and 6 if there is no log to look at. That changes"
            + " nothing about peers."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka node once /var/lib/tka-node https://tka.example.com:8443 --token-file node7.token --node-key nodekey:..."
      })
  static final class Once implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private FolderArgument folder;

    @Parameters(index = "1", paramLabel = "URL", description = SERVER)
    private String url;

    @Mixin private NodeControlOption control;
    @Mixin private NodeKeyOption key;
    @Mixin private WitnessOption witness;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    private Once() {}

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      PrintWriter out = spec.commandLine().getOut();
      Optional<HeadWatch> watch = witness.watch();
      try (HttpConnections connections = control.connections()) {
        HttpTransport transport = control.transport(url, connections);
        try (AgentDirectory kept = AgentDirectory.open(folder.path(), Clock.systemUTC())) {
          NodeAgent agent = NodeAgent.open(kept, key.of(kept), clocks());
          Followed followed = AgentRunner.once(agent, transport);
          Optional<LogVerdict> log = Optional.empty();
          Optional<StoreException> unkept = Optional.empty();
          if (watch.isPresent()) {
            try {
              log = Optional.of(agent.lookAtLog(watch.get(), transport));
            } catch (StoreException e) {
              // What was found is said all the same.
              log = agent.status().log();
              unkept = Optional.of(e);
            }
          }
          AgentStatus status = agent.status();
          if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("SchemaVersion", Json.SCHEMA_VERSION);
            object.put("Agrees", NodeAgentText.exitCode(followed) == ExitCode.OK);
            object.put("Outcome", followed.kind());
            object.put("Reason", Texts.printable(followed.reason()));
            NodeAgentText.put(status, object);
            object.put("Problems", status.problems());
            Json.print(out, object);
          } else {
            out.println(Texts.capitalized(Texts.printable(followed.reason())));
            out.println(NodeAgentText.counts(status));
            log.ifPresent(found -> out.println("log: " + NodeAgentText.line(found)));
            status.problems().forEach(each -> out.println("problem: " + Texts.printable(each)));
          }
          int exitCode = NodeAgentText.exitCode(followed);
          if (exitCode == ExitCode.OK) {
            exitCode = log.map(found -> LogText.exitCode(found.outcome())).orElse(exitCode);
          }
          if (unkept.isPresent()) {
            if (exitCode == ExitCode.OK) {
              throw unkept.get();
            }
            spec.commandLine().getErr().println("tka: " + unkept.get().getMessage());
          }
          return exitCode;
        }
      } catch (ControlFailure e) {
        throw NodeAgentText.failure(Texts.printable(url), e);
      }
    }
  }

  /** {@code tka node peers}: the last good peers. */
  @Command(
      name = "peers",
      description = {
        "Shows which peers a node keeps, which it drops, and why, from its folder alone.",
        "These are the peers that control listed last, judged by what the node knows of the lock."
            + " Control is not asked, and an agent may use the folder meanwhile. The exit status is "
            + ExitCode.PEER_DROPPED
            + " if a peer is dropped."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka node peers /var/lib/tka-node",
        "  tka node peers /var/lib/tka-node --json | jq '.Peers[] | select(.Kept | not)'"
      })
  static final class Peers implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private FolderArgument folder;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    private Peers() {}

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      PrintWriter out = spec.commandLine().getOut();
      AgentLook look = AgentDirectory.look(folder.existing(), clocks());
      AgentStatus status = look.status();
      if (json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("SchemaVersion", Json.SCHEMA_VERSION);
        NodeAgentText.put(status, object);
        List<Map<String, Object>> list = new ArrayList<>();
        look.peers().forEach(peer -> list.add(NodeAgentText.toJson(peer, status)));
        object.put("Peers", list);
        object.put("Problems", status.problems());
        Json.print(out, object);
      } else {
        for (JudgedPeer peer : look.peers()) {
          out.printf(
              "%-7s  %-7s  %s: %s%n",
              NodeAgentText.isKept(peer) ? "kept" : "dropped",
              peer.known().peer().nodeKey().toShortText(),
              NodeAgentText.title(peer),
              NodeAgentText.reason(peer, status));
        }
        out.println(NodeAgentText.counts(status));
      }
      PrintWriter err = spec.commandLine().getErr();
      status.problems().forEach(each -> err.println("tka: " + Texts.printable(each)));
      return status.dropped() > 0 ? ExitCode.PEER_DROPPED : ExitCode.OK;
    }
  }

  /** {@code tka node status}: how a node stands. */
  @Command(
      name = "status",
      description = {
        "Shows how a node stands, from its folder alone: the lock, the peers, what a running agent"
            + " waits for, what it found last of control's log of heads, problems, and own edits that"
            + " were set aside.",
        "Control is not asked, and an agent may use the folder meanwhile. The exit status is 3 if"
            + " what the folder holds is damaged, and else 1 if what control showed was not what its"
            + " witnesses saw, when an agent looked last."
      },
      mixinStandardHelpOptions = true,
      footerHeading = "%nExamples:%n",
      footer = {
        "  tka node status /var/lib/tka-node",
        "  tka node status /var/lib/tka-node --json | jq -r .WaitsFor"
      })
  static final class Status implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private FolderArgument folder;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    private Status() {}

    @Override
    public Integer call() throws TkaException, IOException, CommandFailure {
      PrintWriter out = spec.commandLine().getOut();
      Path path = folder.existing();
      AgentStatus status = AgentDirectory.look(path, clocks()).status();
      Optional<NodeAgentText.Running> run = NodeAgentText.Running.read(path);
      Optional<NodeKey> nodeKey =
          NodeKeyOption.remembered(AgentDirectory.look(path, AgentFolder.File.NODE_KEY));
      List<OwnAums.SetAside> aside =
          status
              .authority()
              .map(authority -> authority.snapshot().ownAums().setAside())
              .orElse(List.of());
      if (json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("SchemaVersion", Json.SCHEMA_VERSION);
        nodeKey.ifPresent(key -> object.put("NodeKey", key.toString()));
        NodeAgentText.put(status, object);
        object.put("Running", run.filter(NodeAgentText.Running::isAlive).isPresent());
        run.ifPresent(last -> object.put("WaitsFor", last.waits()));
        run.ifPresent(last -> object.put("At", last.at()));
        object.put("Problems", status.problems());
        object.put("SetAside", aside.stream().map(edit -> edit.aum().hash().toString()).toList());
        Json.print(out, object);
      } else {
        nodeKey.ifPresent(key -> out.println("Node key:  " + key));
        out.println(
            "Lock:      "
                + (status.lock().equals("unknown")
                    ? "unknown until control answers: nobody is let in"
                    : status.lock()));
        status
            .authority()
            .map(Authority::head)
            .ifPresent(head -> out.println("Head:      " + head));
        out.println("Peers:     " + NodeAgentText.counts(status));
        out.println(
            "Waits for: "
                + run.map(Status::describe)
                    .orElse("nothing: 'tka node run' has not run with this folder"));
        status
            .log()
            .ifPresent(
                found ->
                    out.println(
                        "Log:       " + NodeAgentText.line(found) + " (at " + found.at() + ")"));
        status.problems().forEach(each -> out.println("Problem:   " + Texts.printable(each)));
        aside.forEach(edit -> out.println("Set aside: " + Texts.edit(edit)));
      }
      if (!status.problems().isEmpty()) {
        return ExitCode.BAD_INPUT;
      }
      return status.log().filter(found -> found.outcome().kind().accuses()).isPresent()
          ? ExitCode.VERIFICATION_FAILED
          : ExitCode.OK;
    }

    private static String describe(NodeAgentText.Running last) {
      return Texts.printable(
          last.isAlive()
              ? last.waits() + " (process " + last.process() + ", since " + last.at() + ")"
              : "nothing: the last run ended; at " + last.at() + " it waited for " + last.waits());
    }
  }
}
