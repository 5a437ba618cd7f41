package dev.tka.store.internal;

import dev.tka.core.TextException;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.StoreException;
import dev.tka.store.Progress;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import dev.tka.store.directory.NodeDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A node's directory: {@code dir:PATH}, or the path alone. */
public final class DirectoryKind implements StoreKind {
  public static final String SCHEME = "dir";

  private static final String TAILSCALED = "tailscaled";

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public String form() {
    return SCHEME + ":PATH";
  }

  @Override
  public StorePlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new Place(StoreKind.path(form(), rest));
  }

  private record Place(Path directory) implements StorePlace.OfOne {
    /** The path alone, where that is read as a path again. */
    @Override
    public String url() {
      String text = directory.toString();
      return text.indexOf(':') < 0 ? text : SCHEME + ":" + text;
    }

    /** Made by hand, as the one of a record takes some milliseconds of a short command. */
    @Override
    public String toString() {
      return url();
    }

    @Override
    public String noun() {
      return "directory";
    }

    @Override
    public Optional<Path> path() {
      return Optional.of(directory);
    }

    @Override
    public AumStore open(Clock clock) throws StoreException {
      return NodeDirectory.at(directory, clock);
    }

    @Override
    public AumStore create(Clock clock) throws StoreException {
      return NodeDirectory.create(directory, clock);
    }

    /** It takes no lock and looks at its directory only when it starts. */
    @Override
    public Optional<String> warning() {
      return ProcessHandle.allProcesses()
          .filter(Place::isTailscaled)
          .findFirst()
          .map(
              process ->
                  "tailscaled is running (process "
                      + process.pid()
                      + "); if this directory is its own, it will not see the change before it"
                      + " starts again");
    }

    private static boolean isTailscaled(ProcessHandle process) {
      Optional<Path> program = process.info().command().map(Path::of).map(Path::getFileName);
      return program.filter(name -> name.toString().contains(TAILSCALED)).isPresent();
    }

    @Override
    public Backup backup() {
      return new Backup.Offline(
          this::copyTo, "copy a directory with 'cp -a' while nothing writes to it");
    }

    @Override
    public Restore restore() {
      return new Restore.ByHand(
          "stop tailscaled, move the directory away, and put its copy back with 'cp -a'");
    }

    /** Copies files and folders with their times. */
    private StorePlace copyTo(Path target, Progress progress) throws StoreException, IOException {
      Path real = directory.toRealPath();
      List<Path> files;
      try (Stream<Path> walk = Files.walk(real)) {
        files = walk.filter(file -> !file.equals(real)).toList();
      }
      return DurableFiles.<StorePlace, StoreException>createWholeFolder(
          target,
          part -> {
            int copied = 0;
            for (Path file : files) {
              Files.copy(
                  file,
                  part.resolve(real.relativize(file).toString()),
                  StandardCopyOption.COPY_ATTRIBUTES,
                  LinkOption.NOFOLLOW_LINKS);
              copied++;
              progress.done(copied, files.size());
            }
            return new Place(target);
          });
    }
  }
}
