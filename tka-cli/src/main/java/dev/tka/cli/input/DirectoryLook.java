package dev.tka.cli.input;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Texts;
import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.store.directory.NodeDirectory;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells a directory without AUMs from one that never held any: the lock is not enabled in the
 * first, and the second is not a tailnet's directory (protocol, section 9).
 */
final class DirectoryLook {
  /** The name of a folder that may hold AUMs. */
  private static final Pattern PREFIX = Pattern.compile("[A-Z2-7]{2}");

  /** From tailscaled's own directory, tailnets' directories are two levels down. */
  private static final int LEVELS = 2;

  /** The number of names listed in an error. */
  private static final int NAMED = 5;

  private DirectoryLook() {}

  /**
   * Returns if a path is a tailnet's directory, an empty one included.
   *
   * @throws CommandFailure if it is another directory: says what is there, and which directory
   *     nearby is a tailnet's
   */
  static void requireOfTailnet(Path directory) throws CommandFailure {
    List<String> names = names(directory);
    if (names.isEmpty() || isOfTailnet(directory, names)) {
      return;
    }
    if (names.stream().anyMatch(DirectoryLook::isHash)) {
      Path parent = directory.toAbsolutePath().normalize().getParent();
      String above = parent == null ? "/" : parent.toString();
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          directory + ": expected a tailnet's directory, found one of its folders",
          typed -> elsewhere(typed, directory, List.of(above)));
    }
    List<Path> below = below(directory, LEVELS);
    if (!below.isEmpty()) {
      throw new CommandFailure(
          ExitCode.NOT_FOUND,
          directory
              + ": expected a tailnet's directory, found one that holds "
              + (below.size() == 1 ? "such a directory" : "several")
              + ": "
              + list(below.stream().map(Path::toString).toList()),
          typed -> elsewhere(typed, directory, below.stream().map(Path::toString).toList()));
    }
    throw new CommandFailure(
        ExitCode.NOT_FOUND,
        directory
            + ": expected a tailnet's directory, which is empty or has folders of two letters with"
            + " AUMs, found "
            + list(names));
  }

  /** The command as it was typed, on each of the right directories. */
  private static List<Advice> elsewhere(List<String> typed, Path directory, List<String> right) {
    return right.stream()
        .limit(NAMED)
        .map(each -> Advice.otherDirectory(typed, word -> names(word, directory), each))
        .toList();
  }

  private static boolean names(String word, Path directory) {
    try {
      return Path.of(word).equals(directory);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static boolean isOfTailnet(Path directory, List<String> names) {
    return names.stream().anyMatch(name -> isOfTailnet(directory.resolve(name), name));
  }

  private static boolean isOfTailnet(Path path, String name) {
    if (PREFIX.matcher(name).matches()) {
      return Files.isDirectory(path);
    }
    return name.equals(NodeDirectory.LAST_ACTIVE_ANCESTOR)
        || (name.startsWith(NodeDirectory.OWN_FILES) && Files.isRegularFile(path));
  }

  private static List<Path> below(Path directory, int levels) {
    List<Path> found = new ArrayList<>();
    for (String name : names(directory)) {
      Path path = directory.resolve(name);
      if (!Files.isDirectory(path)) {
        continue;
      }
      if (isOfTailnet(path, names(path))) {
        found.add(path);
      } else if (levels > 1) {
        found.addAll(below(path, levels - 1));
      }
    }
    return found;
  }

  /** Sorted, without hidden ones; empty if there are none or they cannot be listed. */
  private static List<String> names(Path directory) {
    String @Nullable [] names = directory.toFile().list();
    return Optional.ofNullable(names).stream()
        .flatMap(Arrays::stream)
        .filter(name -> !name.startsWith("."))
        .sorted()
        .toList();
  }

  private static boolean isHash(String name) {
    try {
      AumHash.parse(name);
      return true;
    } catch (TextException e) {
      return false;
    }
  }

  private static String list(List<String> names) {
    return names.stream().limit(NAMED).map(Texts::shellWord).collect(Collectors.joining(", "))
        + (names.size() > NAMED ? ", ..." : "");
  }
}
