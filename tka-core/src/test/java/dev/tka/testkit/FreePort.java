package dev.tka.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A local port for a server of another process, which may be stopped and started again. It is below
 * those that systems give to whoever makes a connection: one of these may be taken by the time that
 * the server listens.
 */
public final class FreePort {
  private static final int FIRST = 20_000;
  private static final int LAST = 32_000;
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private FreePort() {}

  /**
   * A port on which nobody listens, and that this process was not given before.
   *
   * @throws IOException if none is found
   */
  public static int find() throws IOException {
    for (int i = 0; i < LAST - FIRST; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      if (GIVEN.add(port) && isFree(port)) {
        return port;
      }
    }
    throw new IOException("no port is free");
  }

  private static boolean isFree(int port) {
    try (ServerSocket any = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort() == port;
    } catch (IOException e) {
      return false;
    }
  }
}
