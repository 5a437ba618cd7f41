package dev.tka.store.internal;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/** A Unix socket at which a program listens: whoever can enter its folder may ask. */
public final class SocketFile {
  private SocketFile() {}

  /**
   * Makes the folder for its owner alone, unless it is there, and deletes the socket that a killed
   * program left.
   *
   * @param who what would listen there, as in "another broker"
   * @throws IOException if others can enter the folder, somebody listens at the socket, or it is
   *     something else
   */
  public static void makeRoom(Path socket, String who) throws IOException {
    Path folder = Objects.requireNonNullElse(socket.toAbsolutePath().getParent(), socket);
    DurableFiles.createFolder(folder);
    requireClosed(folder);
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    // Of what is known of a file, only a socket or a device is of another kind.
    if (!Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new IOException(socket + ": expected a socket or nothing, found something else");
    }
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      if (channel.connect(UnixDomainSocketAddress.of(socket))) {
        throw new IOException(socket + ": another " + who + " listens here");
      }
    } catch (SocketException e) {
      // Nobody listens: a killed program left it.
      Files.delete(socket);
    }
  }

  /** A group may be let in on purpose, and nobody else. */
  private static void requireClosed(Path folder) throws IOException {
    Set<PosixFilePermission> open = EnumSet.copyOf(Files.getPosixFilePermissions(folder));
    open.retainAll(
        EnumSet.of(
            PosixFilePermission.OTHERS_EXECUTE,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.GROUP_WRITE));
    if (!open.isEmpty()) {
      throw new IOException(
          folder
              + ": expected a folder that others cannot enter, since whoever can may ask; run chmod"
              + " 700, or 750 for a group that may");
    }
  }
}
