package dev.tka.cli.command;

import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.ProgressBar;
import dev.tka.cli.output.Texts;
import dev.tka.control.move.Copied;
import dev.tka.control.move.Mirror;
import dev.tka.control.move.MoveException;
import dev.tka.control.move.MoveListener;
import dev.tka.core.TkaException;
import dev.tka.core.store.StoreException;
import dev.tka.store.TailnetName;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka mirror}: keeps a copy in another store that follows. */
@Command(
    name = "mirror",
    description = {
      "Keeps a copy of a tailnet of control in another store, and compares the two.",
      "The copy follows until the command is interrupted; nobody else sees it or writes to it. A"
          + " difference that copying did not make is said on standard error, and mended. 'tka move'"
          + " takes the copy over, 'tka move --undo' deletes it.",
      "With --once, the exit status is 0 if the copy is equal."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka mirror sqlite:control.db postgresql://tka@db/tka --tailnet example.com",
      "  tka mirror sqlite:control.db postgresql://tka@db/tka --all --once",
    })
public final class MirrorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private MovePlaces places;

  @Option(names = "--once", description = "Copy and compare once, and end.")
  private boolean once;

  @Option(names = "--json", description = "Print JSON; needs --once.")
  private boolean json;

  /** Says what goes wrong, of one tailnet. */
  private final class Telling implements MoveListener {
    private final String name;

    Telling(String name) {
      this.name = name;
    }

    @Override
    public void differs(String how) {
      tell("the copy differed and is made anew: " + how);
    }

    @Override
    public void failed(Exception why) {
      tell(String.valueOf(why.getMessage()));
    }

    private void tell(String what) {
      PrintWriter err = spec.commandLine().getErr();
      err.println("tka: " + TailnetName.printable(name) + ": " + Texts.printable(what));
      err.flush();
    }
  }

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, InterruptedException {
    if (json && !once) {
      throw new ParameterException(spec.commandLine(), "--json needs --once");
    }
    try (MovePlaces.Opened opened = places.open(spec, true, MovePlaces.Goal.MIRROR)) {
      Map<String, Mirror> mirrors = new LinkedHashMap<>();
      for (String name : opened.names()) {
        mirrors.put(
            name,
            Mirror.of(
                opened.source(),
                opened.target(),
                name,
                Clock.systemUTC(),
                new SecureRandom(),
                new Telling(name)));
      }
      if (once) {
        return once(mirrors);
      }
      spec.commandLine()
          .getOut()
          .println("Copying " + Texts.count(mirrors.size(), "tailnet") + " until interrupted.");
      spec.commandLine().getOut().flush();
      Mirror.follow(opened.source(), List.copyOf(mirrors.values()));
      return ExitCode.CONFLICT;
    } catch (MoveException e) {
      throw new CommandFailure(MovePlaces.exitCode(e), e.getMessage());
    }
  }

  private int once(Map<String, Mirror> mirrors)
      throws IOException, StoreException, CommandFailure, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<Map<String, Object>> list = new ArrayList<>();
    int exitCode = ExitCode.OK;
    try (ProgressBar bar = ProgressBar.of(spec, "copying")) {
      for (Map.Entry<String, Mirror> each : mirrors.entrySet()) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("Name", each.getKey());
        try {
          Copied copied = each.getValue().once();
          tka.noteChange();
          object.put("Aums", copied.aums());
          object.put("Nodes", copied.nodes());
          object.put("Retired", copied.retired());
          if (!json) {
            out.println(
                TailnetName.printable(each.getKey())
                    + ": equal; copied "
                    + MoveCommand.describe(copied));
          }
        } catch (MoveException | StoreException e) {
          if (!places.isAll()) {
            if (e instanceof MoveException refusal) {
              throw places.failure(refusal, each.getKey());
            }
            throw (StoreException) e;
          }
          object.put("Problem", String.valueOf(e.getMessage()));
          new Telling(each.getKey()).failed(e);
          exitCode = exitCode == ExitCode.OK ? MoveCommand.exitCode(e) : exitCode;
        }
        list.add(object);
        bar.done(list.size(), mirrors.size());
      }
    }
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("SchemaVersion", Json.SCHEMA_VERSION);
      object.put("Tailnets", list);
      Json.print(out, object);
    }
    return exitCode;
  }
}
