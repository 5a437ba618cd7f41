package dev.tka.cli.command;

import dev.tka.cli.input.Confirmation;
import dev.tka.cli.input.SigningKeyOption;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.input.TailnetOption;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.HashText;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.Editing;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.OwnAums;
import dev.tka.sync.rpc.AumJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code tka edits}: local edits that control did not accept. */
@Command(
    name = "edits",
    description = {
      "Lists local edits that were set aside because control did not accept them.",
      "--again makes them again on the current head, one by one, if they still apply; the others"
          + " stay listed, and the exit status is 1. Checkpoints are not made again; a new one is"
          + " added when due.",
      "Control follows nobody else: edits in its store are never set aside.",
      StoreArgument.RULES
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka edits DIR",
      "  tka edits DIR --again --key-file admin.key         all of them",
      "  tka edits DIR --again HASH --key-file admin.key",
      "  tka edits DIR --drop HASH --confirm                no longer wanted",
    })
public final class EditsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private Tka tka;
  @Mixin private StoreArgument store;

  @Parameters(
      arity = "0..*",
      index = "1..*",
      paramLabel = "HASH",
      converter = HashText.class,
      description = "The edits to make again or to drop.")
  private List<AumHash> hashes = List.of();

  @Option(names = "--again", description = "Make the named edits again, or all of them.")
  private boolean again;

  @Option(names = "--drop", description = "Remove the named edits from the list.")
  private boolean drop;

  @Mixin private SigningKeyOption signingKey;
  @Mixin private RetryOption retry;
  @Mixin private Confirmation confirmation;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure {
    if (again && drop) {
      throw usage("--again cannot be combined with --drop");
    }
    if (!again && !drop && !hashes.isEmpty()) {
      throw usage("HASH needs --again or --drop");
    }
    if (drop && hashes.isEmpty()) {
      throw usage("--drop needs the HASH of an edit");
    }
    if (again || drop) {
      TailnetOption.requireWritable(store.place());
    }
    PrintWriter err = spec.commandLine().getErr();
    if (again) {
      return makeAgain(StoreEdit.begin(store, err));
    }
    if (drop) {
      return drop(StoreEdit.begin(store, err));
    }
    return list(StoreEdit.look(store, err).authority());
  }

  private int list(Authority authority) throws IOException {
    List<OwnAums.SetAside> listed = listed(authority);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = begin(authority);
      object.put("SetAside", listed.stream().map(AumJson::setAside).toList());
      Json.print(out, object);
    } else if (listed.isEmpty()) {
      out.println("No edits have been set aside.");
    } else {
      listed.forEach(edit -> out.println(edit.at() + " " + Texts.edit(edit)));
    }
    return ExitCode.OK;
  }

  private int makeAgain(StoreEdit edit) throws TkaException, IOException, CommandFailure {
    List<OwnAums.SetAside> wanted = wanted(edit.authority());
    Signer signer = signingKey.read(tka.in(), spec);
    Set<AumHash> checkpoints = new LinkedHashSet<>();
    List<Aum> edits = new ArrayList<>();
    for (OwnAums.SetAside one : wanted) {
      if (one.aum().kind().isCheckpoint() && !one.revocation()) {
        // The builder added it, and adds one again when it is due.
        checkpoints.add(one.aum().hash());
      } else {
        edits.add(one.aum());
      }
    }
    Set<AumHash> made = new LinkedHashSet<>();
    Map<AumHash, BuildException> left = new LinkedHashMap<>();
    Editing steps =
        edit.editing(signer, builder -> make(builder, edits, made, left), retry.patience());
    List<Aum> updates;
    Optional<Authority> stored;
    do {
      updates = steps.build().updates();
      Set<AumHash> gone = new LinkedHashSet<>(made);
      gone.addAll(checkpoints);
      stored = edit.store(steps, gone);
    } while (stored.isEmpty());
    tka.noteChange();
    Authority after = stored.get();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = begin(after);
      object.put("MadeAgain", texts(made));
      object.put("Checkpoints", texts(checkpoints));
      object.put("Messages", updates.stream().map(AumJson::message).toList());
      object.put("NotMade", left.entrySet().stream().map(EditsCommand::notMade).toList());
      Json.print(out, object);
    } else {
      made.forEach(hash -> out.println("Made again: " + hash));
      checkpoints.forEach(hash -> out.println("Checkpoint, not needed again: " + hash));
    }
    left.forEach(
        (hash, why) ->
            spec.commandLine()
                .getErr()
                .println("tka: " + hash + " stays set aside: " + why.getMessage()));
    Advice.print(adviceOnLeft(left.values()), "tka: ", spec.commandLine().getErr());
    return left.isEmpty() ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
  }

  /** What helps with edits that could not be made again: each kind of advice once. */
  private List<Advice> adviceOnLeft(Collection<BuildException> reasons) {
    List<Advice> all = new ArrayList<>();
    if (reasons.stream().anyMatch(BuildException.UntrustedSigner.class::isInstance)) {
      all.add(
          Advice.makeAgain(
              store.words(), "the signer is not trusted there; to go on with another trusted key"));
    }
    if (!reasons.stream().allMatch(BuildException.UntrustedSigner.class::isInstance)) {
      all.add(
          Advice.person(
              "'tka edits " + store.words() + " --drop HASH' forgets one that is not wanted now"));
    }
    return all;
  }

  /** What cannot be made on a head is left out there, and stays listed. */
  private static void make(
      UpdateBuilder builder, List<Aum> edits, Set<AumHash> made, Map<AumHash, BuildException> left)
      throws SigningException {
    made.clear();
    left.clear();
    for (Aum edit : edits) {
      try {
        builder.again(edit);
        made.add(edit.hash());
      } catch (BuildException e) {
        left.put(edit.hash(), e);
      }
    }
  }

  private int drop(StoreEdit edit) throws TkaException, IOException, CommandFailure {
    List<OwnAums.SetAside> wanted = wanted(edit.authority());
    confirmation.require(
        "This drops " + Texts.count(wanted.size(), "edit") + " that control did not accept.",
        tka,
        false,
        spec.commandLine().getErr());
    edit.dropSetAside(Set.copyOf(hashes));
    tka.noteChange();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = begin(edit.authority());
      object.put("Dropped", texts(hashes));
      Json.print(out, object);
    } else {
      wanted.forEach(one -> out.println("Dropped: " + Texts.edit(one)));
    }
    return ExitCode.OK;
  }

  private static List<OwnAums.SetAside> listed(Authority authority) {
    return authority.snapshot().ownAums().setAside();
  }

  /** The named edits, or all of them; oldest first. */
  private List<OwnAums.SetAside> wanted(Authority authority) throws CommandFailure {
    List<OwnAums.SetAside> listed = listed(authority);
    if (listed.isEmpty()) {
      throw new CommandFailure(ExitCode.NOT_FOUND, "no edits have been set aside");
    }
    if (hashes.isEmpty()) {
      return listed;
    }
    List<OwnAums.SetAside> wanted = new ArrayList<>(listed);
    wanted.removeIf(edit -> !hashes.contains(edit.aum().hash()));
    for (AumHash hash : hashes) {
      if (wanted.stream().noneMatch(edit -> edit.aum().hash().equals(hash))) {
        throw new CommandFailure(
            ExitCode.NOT_FOUND,
            "not an edit that was set aside: " + hash,
            Advice.person("'tka edits " + store.words() + "' lists them"));
      }
    }
    return wanted;
  }

  private static Map<String, Object> begin(Authority authority) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Head", authority.head().toString());
    return object;
  }

  private static Map<String, Object> notMade(Map.Entry<AumHash, BuildException> left) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Hash", left.getKey().toString());
    object.put("Reason", left.getValue().getMessage());
    return object;
  }

  private static List<String> texts(Iterable<AumHash> hashes) {
    List<String> texts = new ArrayList<>();
    hashes.forEach(hash -> texts.add(hash.toString()));
    return texts;
  }

  private ParameterException usage(String what) {
    return new ParameterException(spec.commandLine(), what);
  }
}
