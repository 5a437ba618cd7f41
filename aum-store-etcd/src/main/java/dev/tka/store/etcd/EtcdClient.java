package dev.tka.store.etcd;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * The requests that a store makes to etcd, at whichever member answers. Safe for use by many
 * threads.
 *
 * <p>A read is repeated until there is an answer, or patience ends. So is a transaction, although
 * it may have been executed already: see {@link #transact}.
 */
final class EtcdClient implements AutoCloseable {
  /** How long to wait for an answer of one member. */
  private static final Duration ANSWER = Duration.ofSeconds(3);

  /** How long a request is repeated. It is longer than an election takes. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final int FIRST_PAGE = 64;
  private static final int LARGEST_PAGE = 4096;
  private static final long SMALL_PAGE_BYTES = 256 << 10;
  private static final long LARGE_PAGE_BYTES = 2 << 20;

  /** Codes of gRPC for what another member, or another try, may do. */
  private static final List<Integer> TEMPORARY = List.of(0, 1, 2, 4, 10, 13, 14);

  private static final String EXHAUSTED_FOR_NOW = "too many requests";

  private final List<Member> members;
  private final Optional<String> user;
  private final Optional<String> password;
  private final Transport transport;
  private final Duration patience;
  private final int mostInPage;

  /** The member that answered last. */
  private volatile int preferred;

  private volatile String token = "";
  private volatile boolean closed;

  /**
   * A client, which asks nobody yet.
   *
   * @param transport is closed with it
   * @param mostInPage the most keys to read at once
   * @param patience how long a request is repeated
   */
  EtcdClient(EtcdSettings settings, Transport transport, int mostInPage, Duration patience) {
    this.members = settings.members();
    this.user = settings.user();
    this.password = settings.password();
    this.transport = transport;
    this.patience = patience;
    this.mostInPage = mostInPage;
  }

  /**
   * A client, which asks nobody yet.
   *
   * @throws IOException if the file of authorities cannot be read
   */
  static EtcdClient open(EtcdSettings settings) throws IOException {
    return new EtcdClient(settings, Gateway.open(settings.authorities()), LARGEST_PAGE, PATIENCE);
  }

  /** What is to be done with the answer of a member. */
  private interface Reader<T> {
    T read(byte[] answer) throws IOException;
  }

  /** One try at one member. */
  private interface Try<T> {
    T at(Member member) throws EtcdFailure;
  }

  /** The newest value of a key, at a moment after this was called. */
  Optional<KeyValue> get(String key) throws EtcdFailure {
    return get(key, 0);
  }

  /** The value of a key at a revision. */
  Optional<KeyValue> get(String key, long revision) throws EtcdFailure {
    return read(Messages.get(key, revision)).found().stream().findFirst();
  }

  /** The value of a key at a revision, or the newest if that is 0, and the state of etcd. */
  Messages.Range range(String key, long revision) throws EtcdFailure {
    return read(Messages.get(key, revision));
  }

  private Messages.Range read(byte[] json) throws EtcdFailure {
    return repeat(member -> parsed(ask(member, "kv/range", json), Messages::readRange)).answer();
  }

  /**
   * Reads a range of keys as it is at one moment, page by page.
   *
   * @param revision the moment; 0 for a moment after this was called
   * @return the header of the first page; its revision is the moment
   */
  Messages.Header readAll(String from, String end, long revision, Consumer<KeyValue> reading)
      throws EtcdFailure {
    int limit = Math.min(FIRST_PAGE, mostInPage);
    Messages.Range page = read(Messages.range(from, end, revision, limit));
    Messages.Header header = page.header();
    long at = revision == 0 ? header.revision() : revision;
    while (true) {
      page.found().forEach(reading);
      if (!page.more() || page.found().isEmpty()) {
        return header;
      }
      limit = nextLimit(limit, page.found());
      String next = page.found().get(page.found().size() - 1).key() + "\0";
      page = read(Messages.range(next, end, at, limit));
    }
  }

  /** Reads the keys of a range as {@link #readAll} does, without their values. */
  void readKeys(String from, String end, long revision, Consumer<KeyValue> reading)
      throws EtcdFailure {
    String next = from;
    while (true) {
      Messages.Range page = read(Messages.keys(next, end, revision, mostInPage));
      page.found().forEach(reading);
      if (!page.more() || page.found().isEmpty()) {
        return;
      }
      next = page.found().get(page.found().size() - 1).key() + "\0";
    }
  }

  /** Pages have a size that fits, as etcd limits only the number of keys. */
  private int nextLimit(int limit, List<KeyValue> found) {
    long bytes = 0;
    for (KeyValue each : found) {
      bytes += each.key().length() + each.value().size();
    }
    if (bytes > LARGE_PAGE_BYTES) {
      return Math.max(1, limit / 2);
    }
    return bytes < SMALL_PAGE_BYTES ? Math.min(mostInPage, limit * 2) : limit;
  }

  /**
   * What became of a transaction.
   *
   * @param repeated whether it was asked for more than once: then conditions that did not hold may
   *     not have held because it was executed already
   */
  record Transacted(Messages.Done done, boolean repeated) {}

  /**
   * Makes a transaction. It is repeated when the answer is lost, so it must be one that does no
   * harm when it is executed twice, or late: its conditions no longer hold when it was executed, or
   * it puts the same again.
   *
   * @param conditions the revisions of keys
   * @param then what is done if they hold
   * @param otherwise what is done if they do not
   * @throws EtcdFailure.Lost if it may have been executed, or may still be
   */
  Transacted transact(List<Condition> conditions, List<Operation> then, List<Operation> otherwise)
      throws EtcdFailure {
    byte[] json = Messages.transaction(conditions, then, otherwise);
    Repeated<Messages.Done> done =
        repeat(member -> parsed(ask(member, "kv/txn", json), Messages::readTransaction));
    return new Transacted(done.answer(), done.lost());
  }

  /**
   * Watches a range of keys, at the member that answered last.
   *
   * @param start the first revision to report
   */
  Watching watch(String from, String end, long start) throws EtcdFailure {
    byte[] json = Messages.watch(from, end, start);
    Transport.Stream stream =
        repeat(
                member -> {
                  authenticate(member);
                  return transport.open(member, "watch", json, token, ANSWER);
                })
            .answer();
    return new Watching(stream, new Messages.Lines(stream.body()));
  }

  /** A watch that was begun. */
  record Watching(Transport.Stream stream, Messages.Lines lines) implements AutoCloseable {
    /** Lets it be silent from now on: it was begun, and has nothing to tell. */
    void allowSilence() throws IOException {
      stream.silence().allow();
    }

    /** Ends it; who waits for its next line gets an exception. */
    @Override
    public void close() {
      stream.close();
    }
  }

  /** Has the next request be made to another member: this one seems to be cut off. */
  void avoid() {
    preferred = (preferred + 1) % members.size();
  }

  /** Has the next request ask for another token. */
  void forgetToken() {
    token = "";
  }

  private static <T> T parsed(byte[] answer, Reader<T> reader) throws EtcdFailure {
    try {
      return reader.read(answer);
    } catch (IOException e) {
      throw new EtcdFailure.Lost("an answer that is not etcd's", e);
    }
  }

  private byte[] ask(Member member, String path, byte[] json) throws EtcdFailure {
    authenticate(member);
    return transport.ask(member, path, json, token, ANSWER);
  }

  private void authenticate(Member member) throws EtcdFailure {
    if (!token.isEmpty() || user.isEmpty()) {
      return;
    }
    byte[] json = Messages.authenticate(user.get(), password.orElse(""));
    try {
      token =
          parsed(transport.ask(member, "auth/authenticate", json, "", ANSWER), Messages::readToken);
    } catch (EtcdFailure.Refused e) {
      if (!e.isWithoutUsers()) {
        throw e;
      }
    } catch (EtcdFailure.Lost e) {
      // Nothing of the request itself was sent.
      throw new EtcdFailure.Unreachable(e.why(), e);
    }
  }

  private record Repeated<T>(T answer, boolean lost) {}

  private <T> Repeated<T> repeat(Try<T> one) throws EtcdFailure {
    long end = System.nanoTime() + patience.toNanos();
    boolean lost = false;
    boolean renewed = false;
    // How often nobody was reached in a row.
    int refusing = 0;
    for (int round = 0; true; round++) {
      if (closed) {
        IOException why = new IOException("closed");
        throw lost
            ? new EtcdFailure.Lost("closed", why)
            : new EtcdFailure.Unreachable("closed", why);
      }
      int member = preferred;
      EtcdFailure failure;
      try {
        return new Repeated<>(one.at(members.get(member)), lost);
      } catch (EtcdFailure.Refused e) {
        if (e.needsToken() && user.isPresent() && !renewed) {
          renewed = true;
          token = "";
          continue;
        }
        if (!isTemporary(e)) {
          throw lost ? new EtcdFailure.Lost(e.why(), e) : e;
        }
        lost = true;
        refusing = 0;
        failure = e;
      } catch (EtcdFailure.Lost e) {
        lost = true;
        refusing = 0;
        failure = e;
      } catch (EtcdFailure.Unreachable e) {
        refusing++;
        failure = e;
      }
      if (preferred == member) {
        preferred = (member + 1) % members.size();
      }
      // A connection that is refused takes no time: who asks all members twice knows.
      if (System.nanoTime() - end >= 0
          || Thread.currentThread().isInterrupted()
          || refusing >= 2 * members.size()) {
        throw lost
            ? new EtcdFailure.Lost(failure.why(), failure)
            : new EtcdFailure.Unreachable(failure.why(), failure);
      }
      pause(round);
    }
  }

  private static boolean isTemporary(EtcdFailure.Refused refused) {
    return TEMPORARY.contains(refused.code()) || refused.why().contains(EXHAUSTED_FOR_NOW);
  }

  /** Waits before another try, longer each time; not before the next member is asked at first. */
  private void pause(int round) {
    int times = (round + 1) / members.size();
    if (times == 0) {
      return;
    }
    long most = Math.min(400, 20L << Math.min(times, 5));
    try {
      Thread.sleep(most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    transport.close();
  }
}
