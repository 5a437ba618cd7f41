package dev.tka.cli.input;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.Tailnets;
import dev.tka.store.directory.NodeDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which tailnet of a store a command is about. Opens stores, which {@link #close} closes. */
public final class TailnetOption {
  public static final String NAME = "--tailnet";

  /** So many names are listed in an error. */
  private static final int NAMED = 10;

  /** What Java puts where it does not understand the bytes of an argument. */
  private static final char REPLACEMENT = '\ufffd';

  @Option(
      names = NAME,
      paramLabel = "ID",
      description = "The tailnet, in a store that keeps several.")
  private @Nullable String name;

  private final List<Tailnets> opened = new ArrayList<>();

  public boolean isGiven() {
    return name != null;
  }

  /** For a shell: what tells another command of the same tailnet, or nothing. */
  String option(StoreUrl url) {
    return name == null || url instanceof StoreUrl.Directory
        ? ""
        : " " + NAME + " " + Texts.shellWord(name);
  }

  /**
   * Opens the tailnet of a store that is there.
   *
   * @throws StoreException.Absent if there is no such store
   * @throws CommandFailure if it has no such tailnet, or several and none was named
   */
  OpenStore open(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Directory directory) {
      requireNoName(directory);
      return openDirectory(directory);
    }
    Tailnets tailnets = closing(Stores.open(url));
    Set<String> names = tailnets.revisions().keySet();
    if (name != null) {
      if (!names.contains(requireName())) {
        throw new CommandFailure(
            ExitCode.NOT_FOUND,
            url + ": no tailnet " + name + " ('tka tailnets' lists those that are there)");
      }
      return open(url, name, tailnets);
    }
    if (names.isEmpty()) {
      throw new CommandFailure(ExitCode.NOT_FOUND, url + ": no tailnet was begun there yet");
    }
    if (names.size() > 1) {
      throw new CommandFailure(
          ExitCode.USAGE, url + " keeps " + names.size() + " tailnets, name one: " + list(names));
    }
    String only = names.iterator().next();
    return open(url, only, tailnets);
  }

  /**
   * Opens a node's store and control's. The tailnet that was named is that of each that keeps
   * several.
   *
   * @return both, in this order
   * @throws StoreException.Absent if there is no such store
   * @throws CommandFailure as for one of them
   */
  public List<OpenStore> openBoth(StoreUrl node, StoreUrl control)
      throws StoreException, CommandFailure {
    boolean one =
        name != null
            && (node instanceof StoreUrl.Directory != control instanceof StoreUrl.Directory);
    List<OpenStore> both = new ArrayList<>();
    for (StoreUrl url : List.of(node, control)) {
      both.add(
          one && url instanceof StoreUrl.Directory directory
              ? openDirectory(directory)
              : open(url));
    }
    return both;
  }

  private static OpenStore openDirectory(StoreUrl.Directory url)
      throws StoreException, CommandFailure {
    Path path = url.path();
    if (Files.isRegularFile(path)) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          path + ": expected a directory, found a file; a file of SQLite is sqlite:" + path);
    }
    return new OpenStore(url, Optional.empty(), "", NodeDirectory.at(path));
  }

  /**
   * The tailnet as it is before it is begun.
   *
   * @return empty if the store is not there yet, and can be made
   * @throws CommandFailure if it was not named and has to be, or was and may not be
   */
  public Optional<AumStore> openToBegin(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Directory directory) {
      requireNoName(directory);
      return Files.exists(directory.path())
          ? Optional.of(openDirectory(directory).aums())
          : Optional.empty();
    }
    String begun = requireName();
    try {
      return Optional.of(closing(Stores.open(url)).tailnet(begun));
    } catch (StoreException.Absent e) {
      if (url instanceof StoreUrl.Sqlite sqlite) {
        requireFolderFor(sqlite.path());
      }
      return Optional.empty();
    }
  }

  /**
   * The tailnet, to be begun; its store is made if there is none.
   *
   * @throws CommandFailure as {@link #openToBegin} does
   */
  public OpenStore create(StoreUrl url) throws StoreException, CommandFailure {
    if (url instanceof StoreUrl.Directory directory) {
      requireNoName(directory);
      NodeDirectory made = NodeDirectory.create(directory.path(), Clock.systemUTC());
      return new OpenStore(url, Optional.empty(), "", made);
    }
    String begun = requireName();
    return open(url, begun, closing(Stores.create(url)));
  }

  private OpenStore open(StoreUrl url, String tailnet, Tailnets tailnets) {
    return new OpenStore(url, Optional.of(tailnet), option(url), tailnets.tailnet(tailnet));
  }

  private static void requireFolderFor(Path path) throws CommandFailure {
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          "no such directory: " + Objects.requireNonNullElse(path.getParent(), folder));
    }
  }

  private void requireNoName(StoreUrl.Directory directory) throws CommandFailure {
    if (name != null) {
      throw new CommandFailure(
          ExitCode.USAGE, directory + ": a directory holds one tailnet, leave out " + NAME);
    }
  }

  private String requireName() throws CommandFailure {
    if (name == null) {
      throw new CommandFailure(ExitCode.USAGE, "a tailnet that is begun needs a name: " + NAME);
    }
    if (!Tailnets.isName(name)) {
      throw new CommandFailure(
          ExitCode.USAGE,
          NAME + ": expected " + Tailnets.NAME + ", found " + name.length() + " characters");
    }
    if (name.indexOf(REPLACEMENT) >= 0) {
      throw new CommandFailure(
          ExitCode.USAGE,
          NAME + ": expected text in the encoding of the locale, found other bytes");
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

  /** Closes what was opened, and may not be used any more. */
  public void close() {
    opened.forEach(Tailnets::close);
  }
}
