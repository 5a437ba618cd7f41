package dev.tka.store.etcd.testkit;

import dev.tka.core.TextException;
import dev.tka.store.etcd.EtcdSettings;
import dev.tka.store.testkit.Backup;
import dev.tka.store.testkit.CuttingProxy;
import dev.tka.testkit.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * A real etcd of one member or three on free local ports, from the program {@code etcd} on the path
 * or the one that the environment's {@code ETCD} names. Where there is none, what needs it is
 * skipped. Its data is in memory where the machine has a place for that. It is killed, and its data
 * deleted, when Java ends.
 *
 * <p>Each member stands behind two proxies: one for clients, and one for the other members.
 */
public final class EtcdServer {
  private static final String PROGRAM = "etcd";
  private static final int START_SECONDS = 60;
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static final AtomicBoolean SAID = new AtomicBoolean();
  private static final Pattern MEMBER_ID = Pattern.compile("\"member_id\":\"([0-9]+)\"");
  private static final Pattern LEADER = Pattern.compile("\"leader\":\"([0-9]+)\"");
  private static final Pattern REVISION = Pattern.compile("\"revision\":\"([0-9]+)\"");

  private final Path program;
  private final Path folder;
  private final List<String> options;
  private final List<Member> members = new ArrayList<>();
  private final AtomicInteger started = new AtomicInteger();

  private static final class Shared {
    static final EtcdServer SERVER = startUnchecked(1, List.of());
  }

  /** One member. */
  private static final class Member {
    final String name;
    final Path data;
    final int port;
    final CuttingProxy clients;
    final int securePort;
    final int peerPort;
    final CuttingProxy peers;
    Optional<Process> process = Optional.empty();

    Member(String name, Path data) throws IOException {
      this.name = name;
      this.data = data;
      this.port = FreePort.find();
      this.clients = new CuttingProxy(port);
      this.securePort = FreePort.find();
      this.peerPort = FreePort.find();
      this.peers = new CuttingProxy(peerPort);
    }

    String url() {
      return "http://127.0.0.1:" + port;
    }

    String peerUrl() {
      return "http://127.0.0.1:" + peers.port();
    }
  }

  private EtcdServer(Path program, Path folder, List<String> options) {
    this.program = program;
    this.folder = folder;
    this.options = options;
  }

  /** The program, if there is one. */
  public static Optional<Path> program() {
    Optional<String> named = Optional.ofNullable(System.getenv("ETCD"));
    if (named.isPresent()) {
      return named.map(Path::of).filter(Files::isExecutable);
    }
    return Stream.of(System.getenv("PATH").split(":", -1))
        .map(each -> Path.of(each, PROGRAM))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Path programOrSkip() {
    Optional<Path> found = program();
    if (found.isEmpty()) {
      String why =
          "No etcd on the path: all tests of etcd are left out."
              + " Install the package etcd-server, or name the program in ETCD.";
      if (!SAID.getAndSet(true)) {
        System.out.println(why);
      }
      throw new TestAbortedException(why);
    }
    return found.get();
  }

  /** One member, shared by all tests that leave it as it is. */
  public static EtcdServer shared() {
    programOrSkip();
    return Shared.SERVER;
  }

  /** One member of one's own. */
  public static EtcdServer own(String... options) {
    return startUnchecked(1, List.of(options));
  }

  /**
   * One member of one's own that is asked by TLS, too.
   *
   * @param certificate its certificate, in PEM
   * @param key its key, in PEM
   */
  public static EtcdServer secure(Path certificate, Path key) {
    return own("--cert-file=" + certificate, "--key-file=" + key);
  }

  /** Three members. */
  public static EtcdServer three() {
    return startUnchecked(3, List.of("--heartbeat-interval=50", "--election-timeout=500"));
  }

  private static EtcdServer startUnchecked(int count, List<String> options) {
    try {
      return start(count, options);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static EtcdServer start(int count, List<String> options)
      throws IOException, InterruptedException {
    Path program = programOrSkip();
    Path memory = Path.of("/dev/shm");
    Path folder =
        Files.isWritable(memory)
            ? Files.createTempDirectory(memory, "tka-etcd-")
            : Files.createTempDirectory("tka-etcd-");
    EtcdServer server = new EtcdServer(program, folder, options);
    Runtime.getRuntime().addShutdownHook(new Thread(server::delete));
    for (int i = 0; i < count; i++) {
      server.members.add(server.newMember());
    }
    for (int i = 0; i < count; i++) {
      server.begin(i, "new");
    }
    server.awaitAll();
    return server;
  }

  private Member newMember() throws IOException {
    String name = "m" + started.incrementAndGet();
    return new Member(name, folder.resolve(name));
  }

  private void begin(int index, String state) throws IOException {
    Member member = members.get(index);
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(
        List.of(
            "--name=" + member.name,
            "--data-dir=" + member.data,
            "--listen-client-urls="
                + member.url()
                + (isSecure() ? ",https://127.0.0.1:" + member.securePort : ""),
            "--advertise-client-urls=" + member.url(),
            "--listen-peer-urls=http://127.0.0.1:" + member.peerPort,
            "--initial-advertise-peer-urls=" + member.peerUrl(),
            "--initial-cluster="
                + members.stream()
                    .map(each -> each.name + "=" + each.peerUrl())
                    .collect(Collectors.joining(",")),
            "--initial-cluster-state=" + state,
            "--logger=zap",
            "--log-level=error"));
    command.addAll(options);
    member.process =
        Optional.of(
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                    ProcessBuilder.Redirect.appendTo(folder.resolve(member.name + ".log").toFile()))
                .start());
  }

  private boolean isSecure() {
    return options.stream().anyMatch(each -> each.startsWith("--cert-file"));
  }

  /** The port for TLS. */
  public int securePort() {
    return members.get(0).securePort;
  }

  /** Waits until all members that run answer. */
  public void awaitAll() throws IOException, InterruptedException {
    for (int i = 0; i < members.size(); i++) {
      if (members.get(i).process.filter(Process::isAlive).isPresent()) {
        await(i);
      }
    }
  }

  private void await(int index) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        ask(index, "kv/range", "{\"key\":\"eA==\"}");
        return;
      } catch (IOException e) {
        if (System.nanoTime() - end >= 0) {
          throw new IOException(
              "etcd does not answer: "
                  + Files.readString(folder.resolve(members.get(index).name + ".log")),
              e);
        }
        Thread.sleep(20);
      }
    }
  }

  /** Asks a member itself, past its proxy. */
  public String ask(int index, String path, String json) throws IOException {
    HttpURLConnection asking =
        (HttpURLConnection)
            URI.create(members.get(index).url() + "/v3/" + path)
                .toURL()
                .openConnection(Proxy.NO_PROXY);
    asking.setConnectTimeout(2000);
    asking.setReadTimeout(10_000);
    asking.setDoOutput(true);
    asking.getOutputStream().write(json.getBytes(StandardCharsets.UTF_8));
    boolean good = asking.getResponseCode() == HttpURLConnection.HTTP_OK;
    try (InputStream body = good ? asking.getInputStream() : asking.getErrorStream()) {
      String answer = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      if (!good) {
        throw new IOException(path + ": " + answer);
      }
      return answer;
    }
  }

  /** The number of members. */
  public int size() {
    return members.size();
  }

  /** A prefix that no other test has. */
  public static String newPrefix() {
    return "t" + ProcessHandle.current().pid() + "-" + PREFIXES.incrementAndGet();
  }

  /** The members by their own addresses, and a prefix that no other test has. */
  public EtcdSettings settings() {
    return settings(newPrefix());
  }

  /** The members by their own addresses. */
  public EtcdSettings settings(String prefix) {
    return settings(prefix, members.stream().map(each -> each.port).toList());
  }

  /** The members behind their proxies. */
  public EtcdSettings proxied(String prefix) {
    return settings(prefix, members.stream().map(each -> each.clients.port()).toList());
  }

  private static EtcdSettings settings(String prefix, List<Integer> ports) {
    try {
      return EtcdSettings.parse(
          "etcd://"
              + ports.stream().map(each -> "127.0.0.1:" + each).collect(Collectors.joining(","))
              + "/"
              + prefix);
    } catch (TextException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Where a member itself listens for clients. */
  public int port(int index) {
    return members.get(index).port;
  }

  /** What stands between clients and a member. */
  public CuttingProxy clients(int index) {
    return members.get(index).clients;
  }

  private CuttingProxy peers(int index) {
    return members.get(index).peers;
  }

  /** Has a member and the others hear nothing of one another; clients reach it all the same. */
  public void cutOff(int index) throws IOException, InterruptedException {
    String id = found(MEMBER_ID, ask(index, "maintenance/status", "{}")).orElseThrow();
    String from = "X-Server-From: " + Long.toHexString(Long.parseUnsignedLong(id));
    for (int each : indexes()) {
      if (each == index) {
        peers(each).freeze();
      } else {
        peers(each).freeze(from);
      }
    }
  }

  /** Has all members hear one another again. */
  public void joinAll() {
    members.forEach(each -> each.peers.thaw());
    members.forEach(each -> each.peers.cutAll());
  }

  /** Which member leads; waits until one does. */
  public int leader() throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      Map<String, Integer> byId = new TreeMap<>();
      List<String> leaders = new ArrayList<>();
      for (int i = 0; i < members.size(); i++) {
        try {
          String status = ask(i, "maintenance/status", "{}");
          byId.put(found(MEMBER_ID, status).orElse(""), i);
          found(LEADER, status).ifPresent(leaders::add);
        } catch (IOException e) {
          // It does not run.
        }
      }
      Optional<String> one = leaders.stream().filter(byId::containsKey).findFirst();
      if (one.isPresent()) {
        return byId.get(one.get());
      }
      if (System.nanoTime() - end >= 0) {
        throw new IOException("expected a leader, found none");
      }
      Thread.sleep(20);
    }
  }

  private static Optional<String> found(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /** Kills a member. */
  public void kill(int index) throws InterruptedException {
    Process process = members.get(index).process.orElseThrow();
    process.destroyForcibly();
    process.waitFor();
  }

  /** Starts a member again. */
  public void restart(int index) throws IOException, InterruptedException {
    begin(index, "existing");
    if (members.size() == 1) {
      await(index);
    }
  }

  /** Stops a member as if its machine hung. */
  public void pause(int index) throws IOException, InterruptedException {
    signal(index, "-STOP");
  }

  /** Has it go on. */
  public void resume(int index) throws IOException, InterruptedException {
    signal(index, "-CONT");
  }

  private void signal(int index, String signal) throws IOException, InterruptedException {
    long pid = members.get(index).process.orElseThrow().pid();
    new ProcessBuilder("kill", signal, Long.toString(pid)).start().waitFor();
  }

  /**
   * Replaces a member, whose data is lost, by a new one at the same addresses for clients: a member
   * of a new name joins.
   */
  public void replace(int index) throws IOException, InterruptedException {
    int other = (index + 1) % members.size();
    String list = ask(other, "cluster/member/list", "{}");
    Member old = members.get(index);
    Matcher id = Pattern.compile("\"ID\":\"([0-9]+)\",\"name\":\"" + old.name + "\"").matcher(list);
    if (!id.find()) {
      throw new IOException("expected member " + old.name + ", found " + list);
    }
    kill(index);
    insist(other, "cluster/member/remove", "{\"ID\":\"" + id.group(1) + "\"}");
    Member joining = newMember();
    insist(other, "cluster/member/add", "{\"peerURLs\":[\"" + joining.peerUrl() + "\"]}");
    old.clients.cutAll();
    members.set(index, joining);
    // Clients go on to know the address of the one before.
    old.clients.leadTo(joining.port);
    begin(index, "existing");
    await(index);
  }

  /** Asks until it is done: members that were away do not count as healthy at once. */
  private void insist(int index, String path, String json)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        ask(index, path, json);
        return;
      } catch (IOException e) {
        if (System.nanoTime() - end >= 0) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  /** The newest revision. */
  public long revision() throws IOException, InterruptedException {
    for (int i = 0; i < members.size(); i++) {
      try {
        return Long.parseLong(
            found(REVISION, ask(i, "kv/range", "{\"key\":\"eA==\"}")).orElseThrow());
      } catch (IOException e) {
        // Another one may answer.
      }
    }
    throw new IOException("no member answers");
  }

  /** Has etcd forget all revisions before the newest. */
  public void compact() throws IOException, InterruptedException {
    int leader = leader();
    try {
      ask(leader, "kv/compaction", "{\"revision\":\"" + revision() + "\",\"physical\":true}");
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("has been compacted")) {
        throw e;
      }
    }
  }

  /** Has a member give back the space of what was forgotten; it answers nobody meanwhile. */
  public void defragment(int index) throws IOException, InterruptedException {
    ask(index, "maintenance/defragment", "{}");
  }

  /** Puts a key. */
  public void put(String key, String value) throws IOException, InterruptedException {
    ask(0, "kv/put", "{\"key\":\"" + base64(key) + "\",\"value\":\"" + base64(value) + "\"}");
  }

  /** A text in base64. */
  public static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Copies the data of the one member aside; it is stopped for a moment. */
  public Backup backUp() throws IOException, InterruptedException {
    Member member = members.get(0);
    kill(0);
    Backup copied =
        Backup.ofFolder(member.data, folder.resolve("copy" + started.incrementAndGet()));
    restart(0);
    return () -> {
      kill(0);
      copied.putBack();
      restart(0);
    };
  }

  /** Kills all members and deletes their data. */
  public void delete() {
    members.forEach(each -> each.process.ifPresent(Process::destroyForcibly));
    try {
      for (Member each : members) {
        if (each.process.isPresent()) {
          each.process.get().waitFor();
        }
      }
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(each);
        }
      }
    } catch (IOException e) {
      // Deleted by the machine, some day.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The indexes of the members. */
  public List<Integer> indexes() {
    return IntStream.range(0, members.size()).boxed().toList();
  }
}
