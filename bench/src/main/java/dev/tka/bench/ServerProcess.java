package dev.tka.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A {@code tka serve} of its own process, on loopback, with one token for control servers. */
final class ServerProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern TOTAL = Pattern.compile("Total\\s+\\d+\\s+(\\d+)");
  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  private final List<String> command = new ArrayList<>();
  private final Path log;
  private Process process;

  final int port;
  final String token;

  /**
   * Starts one.
   *
   * @param state the folder of its files
   * @param heap the most heap that it may take, as {@code -Xmx} takes it
   * @param options further options
   */
  ServerProcess(Path state, String heap, List<String> options)
      throws IOException, InterruptedException {
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Files.createDirectories(state);
    token = "load-" + "x".repeat(40);
    Path tokens = Files.writeString(state.resolve("tokens"), token + "\n");
    tokens.toFile().setReadable(false, false);
    tokens.toFile().setReadable(true, true);
    log = state.resolve("server.log");
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx" + heap,
            "-cp",
            System.getProperty("java.class.path"),
            "dev.tka.cli.Main",
            "serve",
            "--state=" + state,
            "--forwarder-listen=127.0.0.1:" + port,
            "--forwarder-token-file=" + tokens));
    start(options);
  }

  private void start(List<String> options) throws IOException, InterruptedException {
    List<String> whole = new ArrayList<>(command);
    whole.addAll(options);
    process =
        new ProcessBuilder(whole)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!answers()) {
      if (!process.isAlive() || System.nanoTime() - end > 0) {
        throw new IOException("the server did not start: " + Files.readString(log));
      }
      Thread.sleep(20);
    }
  }

  private boolean answers() {
    try {
      URL probe = new URL("http", "127.0.0.1", port, "/livez");
      return ((HttpURLConnection) probe.openConnection()).getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** Kills it and starts it again, with other options. */
  void restart(List<String> options) throws IOException, InterruptedException {
    process.destroyForcibly().waitFor();
    start(options);
  }

  /** How much processor time it has taken. */
  Duration cpu() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** How much memory it occupies, in bytes. */
  long resident() throws IOException {
    return number(
            RESIDENT, Files.readString(Path.of("/proc", Long.toString(process.pid()), "status")))
        * 1024;
  }

  /** The size of the objects that are in use, in bytes. */
  long heap() throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Process asking =
        new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), "GC.class_histogram")
            .redirectErrorStream(true)
            .start();
    StringBuilder text = new StringBuilder();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(asking.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        text.append(line).append('\n');
      }
    }
    asking.waitFor();
    return number(TOTAL, text.toString());
  }

  private static long number(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? Long.parseLong(found.group(1)) : -1;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
