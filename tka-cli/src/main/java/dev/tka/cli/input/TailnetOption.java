package dev.tka.cli.input;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The tailnet of a store that a command works on. Opens stores, which {@link #close} closes. */
public final class TailnetOption {
  public static final String NAME = "--tailnet";

  /** The number of names listed in an error. */
  private static final int NAMED = 10;

  /** Java's replacement for bytes of an argument that it cannot decode. */
  private static final char REPLACEMENT = '\ufffd';

  @Option(
      names = NAME,
      paramLabel = "ID",
      description = "The tailnet, in a store that holds several.")
  private @Nullable String name;

  @Mixin private ServerOption server;

  private final List<Tailnets> opened = new ArrayList<>();

  /** Selects a tailnet, for commands that go through all of them. */
  public void select(String tailnet) {
    name = tailnet;
  }

  public boolean isGiven() {
    return name != null;
  }

  /** A place with the options for servers, if it is one. */
  public StorePlace at(StorePlace place) {
    return server.of(place);
  }

  /**
   * For commands that change what is there by other means than edits.
   *
   * @throws CommandFailure if it takes none of that
   */
  public static void requireWritable(StorePlace place) throws CommandFailure {
    if (place.readOnly().isPresent()) {
      throw new CommandFailure(ExitCode.USAGE, place.url() + ": " + place.readOnly().get());
    }
  }

  /** For a shell: the option that names the same tailnet to another command, or nothing. */
  String option(StorePlace place) {
    return (name == null || place instanceof StorePlace.OfOne
            ? ""
            : " " + NAME + " " + Texts.shellWord(name))
        + server.words(place);
  }

  /**
   * Opens the tailnet of an existing store.
   *
   * @throws StoreException.Absent if there is no such store
   * @throws CommandFailure if it has no such tailnet, or several and none was named
   */
  OpenStore open(StorePlace place) throws StoreException, CommandFailure {
    if (place instanceof StorePlace.OfOne one) {
      requireNoName(one);
      return openExisting(one);
    }
    Tailnets tailnets = openMany(place);
    if (name != null) {
      if (!tailnets.has(requireName())) {
        throw noTailnet(place, name);
      }
      return open(place, name, tailnets);
    }
    Set<String> names = new TreeSet<>(tailnets.revisions().keySet());
    names.removeAll(ended(tailnets, names));
    if (names.isEmpty()) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          place.url() + ": no tailnet has been created there yet",
          Advice.begin(place));
    }
    if (names.size() > 1) {
      throw new CommandFailure(
          ExitCode.USAGE,
          place.url() + " holds " + names.size() + " tailnets, name one: " + list(names),
          typed -> List.of(Advice.nameTailnet(typed)));
    }
    String only = names.iterator().next();
    return open(place, only, tailnets);
  }

  /** The stores that keep authorities that were ended: nobody means them without naming them. */
  private static Set<String> ended(Tailnets tailnets, Set<String> names) throws StoreException {
    Set<String> ended = new TreeSet<>();
    Optional<ControlRecords> records = tailnets.records();
    if (records.isPresent() && names.stream().anyMatch(each -> each.indexOf('#') >= 0)) {
      for (String each : records.get().tailnets()) {
        records.get().tailnet(each).retired().forEach(retired -> ended.add(retired.store()));
      }
    }
    return ended;
  }

  /** For a store of many that does not hold the named one. */
  public static CommandFailure noTailnet(StorePlace place, String name) {
    return new CommandFailure(
        ExitCode.NOT_FOUND,
        place.url() + ": no tailnet " + TailnetName.printable(name),
        Advice.person(
            "'tka tailnets " + Texts.shellWord(place.url()) + "' lists the existing ones"));
  }

  /**
   * Opens a node's store and control's. The named tailnet applies to each store that holds several.
   *
   * @return both, in this order
   * @throws StoreException.Absent if there is no such store
   * @throws CommandFailure as for a single store
   */
  public List<OpenStore> openBoth(StorePlace node, StorePlace control)
      throws StoreException, CommandFailure {
    return List.of(openBeside(node, control), openBeside(control, node));
  }

  /**
   * Opens a store that is used together with another one. The named tailnet applies to each that
   * holds several.
   *
   * @throws StoreException.Absent if there is no such store
   * @throws CommandFailure as for a single store
   */
  public OpenStore openBeside(StorePlace place, StorePlace other)
      throws StoreException, CommandFailure {
    return place instanceof StorePlace.OfOne one && !(other instanceof StorePlace.OfOne)
        ? openExisting(one)
        : open(place);
  }

  /**
   * Opens control's store, and a node's that is to begin with control's authority: its directory is
   * made if there is none.
   *
   * @return both, the node's first
   * @throws StoreException.Absent if there is no such store
   * @throws CommandFailure as for a single store
   */
  public List<OpenStore> openToBootstrap(StorePlace node, StorePlace control)
      throws StoreException, CommandFailure {
    if (node instanceof StorePlace.OfOne one && one.path().filter(Files::exists).isEmpty()) {
      OpenStore other = open(control);
      return List.of(
          new OpenStore(node, Optional.empty(), "", one.create(Clock.systemUTC())), other);
    }
    return openBoth(node, control);
  }

  private static OpenStore openExisting(StorePlace.OfOne place)
      throws StoreException, CommandFailure {
    OpenStore store = openOne(place);
    if (place.path().isPresent()) {
      DirectoryLook.requireOfTailnet(place.path().get());
    }
    return store;
  }

  private static OpenStore openOne(StorePlace.OfOne place) throws StoreException, CommandFailure {
    try {
      return new OpenStore(place, Optional.empty(), "", place.open(Clock.systemUTC()));
    } catch (StoreException.Absent e) {
      String hint = StoreText.hint(place);
      if (hint.isEmpty()) {
        throw e;
      }
      throw new CommandFailure(ExitCode.NOT_FOUND, e.getMessage() + hint);
    }
  }

  /**
   * The tailnet before it is created.
   *
   * @return empty if the store does not exist yet, and can be made
   * @throws CommandFailure if it needs a name and has none, or has a name and may not
   */
  public Optional<AumStore> openToBegin(StorePlace place) throws StoreException, CommandFailure {
    if (place instanceof StorePlace.OfOne one) {
      requireNoName(one);
      try {
        return Optional.of(openOne(one).aums());
      } catch (StoreException.Absent e) {
        if (place.path().filter(Files::exists).isPresent()) {
          throw e;
        }
        return Optional.empty();
      }
    }
    String begun = requireNewName();
    try {
      return Optional.of(openMany(place).tailnet(begun));
    } catch (StoreException.Absent e) {
      if (place.path().isPresent()) {
        requireFolderFor(place.path().get());
      }
      return Optional.empty();
    }
  }

  /**
   * The tailnet, to be created; its store is made if there is none.
   *
   * @throws CommandFailure as {@link #openToBegin} does
   */
  public OpenStore create(StorePlace place) throws StoreException, CommandFailure {
    if (place instanceof StorePlace.OfOne one) {
      requireNoName(one);
      return new OpenStore(place, Optional.empty(), "", one.create(Clock.systemUTC()));
    }
    String begun = requireNewName();
    return open(place, begun, closing(StoreText.requireMany(at(place)).create(Clock.systemUTC())));
  }

  private Tailnets openMany(StorePlace place) throws StoreException, CommandFailure {
    return closing(StoreText.requireMany(at(place)).open(Clock.systemUTC()));
  }

  private OpenStore open(StorePlace place, String tailnet, Tailnets tailnets) {
    return new OpenStore(
        place, Optional.of(tailnet), option(place), tailnets.tailnet(tailnet), tailnets.records());
  }

  private static void requireFolderFor(Path path) throws CommandFailure {
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          "no such directory: " + Objects.requireNonNullElse(path.getParent(), folder));
    }
  }

  private void requireNoName(StorePlace.OfOne place) throws CommandFailure {
    if (name != null) {
      throw new CommandFailure(
          ExitCode.USAGE, place.url() + ": a " + place.noun() + " holds one tailnet: omit " + NAME);
    }
  }

  /** The name of a tailnet that may be there, also from a time before the rule for new names. */
  private String requireName() throws CommandFailure {
    String given = given();
    if (given.indexOf(REPLACEMENT) >= 0) {
      throw new CommandFailure(
          ExitCode.USAGE,
          NAME + ": expected text in the encoding of the locale, found other bytes: set LC_ALL");
    }
    if (!Tailnets.isName(given)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          NAME + ": expected " + Tailnets.NAME + ", found " + given.length() + " characters");
    }
    return given;
  }

  private String requireNewName() throws CommandFailure {
    return requireNewName(given());
  }

  /**
   * Checks the name of a tailnet that is to be made.
   *
   * @throws CommandFailure naming the rule that it breaks
   */
  public static String requireNewName(String name) throws CommandFailure {
    Optional<String> problem = TailnetName.problem(name);
    if (problem.isPresent()) {
      throw new CommandFailure(ExitCode.USAGE, NAME + ": " + problem.get());
    }
    return name;
  }

  private String given() throws CommandFailure {
    if (name == null) {
      throw new CommandFailure(ExitCode.USAGE, "a new tailnet needs a name: " + NAME);
    }
    return name;
  }

  private static String list(Set<String> names) {
    return names.stream().limit(NAMED).map(Texts::shellWord).collect(Collectors.joining(", "))
        + (names.size() > NAMED ? ", ..." : "");
  }

  private Tailnets closing(Tailnets tailnets) {
    opened.add(tailnets);
    return tailnets;
  }

  /** Closes the opened stores; this object must not be used afterwards. */
  public void close() {
    opened.forEach(Tailnets::close);
  }
}
