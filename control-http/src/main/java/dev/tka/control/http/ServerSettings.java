package dev.tka.control.http;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a {@link ControlServer} serves.
 *
 * @param listeners where and for whom; at most one for each role
 * @param certificate the server's certificate in PEM, with those that lead to its authority; with
 *     it, all TCP listeners speak TLS
 * @param key the certificate's key in PEM
 * @param names what a request may give as its {@code Host}, beside the names of loopback and a
 *     listener's own address
 * @param insecureListen whether TCP listeners that other machines reach may do without TLS
 * @param metricsTailnets the tailnets that metrics name
 * @param limits what one tailnet and one connection may cost
 */
public record ServerSettings(
    List<Listener> listeners,
    Optional<Path> certificate,
    Optional<Path> key,
    List<String> names,
    boolean insecureListen,
    Set<String> metricsTailnets,
    Limits limits) {

  /** Copies the lists. */
  public ServerSettings {
    listeners = List.copyOf(listeners);
    names = List.copyOf(names);
    metricsTailnets = Set.copyOf(metricsTailnets);
  }

  /** Plain listeners, with the limits of {@link Limits#STANDARD}. */
  public static ServerSettings of(Listener... listeners) {
    return new ServerSettings(
        List.of(listeners),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        false,
        Set.of(),
        Limits.STANDARD);
  }

  /** With a certificate and its key. */
  public ServerSettings withCertificate(Path file, Path keyFile) {
    return new ServerSettings(
        listeners,
        Optional.of(file),
        Optional.of(keyFile),
        names,
        insecureListen,
        metricsTailnets,
        limits);
  }

  /** With other limits. */
  public ServerSettings withLimits(Limits other) {
    return new ServerSettings(
        listeners, certificate, key, names, insecureListen, metricsTailnets, other);
  }

  /**
   * What keeps these settings from being served, each as one sentence without its end; empty if
   * nothing does (service, section 5).
   */
  public List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (certificate.isPresent() != key.isPresent()) {
      problems.add("a certificate needs its key, and a key its certificate");
    }
    for (Listener each : listeners) {
      problems.addAll(problems(each));
    }
    return problems;
  }

  /**
   * Reads each file that is named, and keeps nothing of it.
   *
   * @throws IOException if one cannot be read or used; the message names it, and quotes nothing
   */
  public void requireFiles() throws IOException {
    for (Listener each : listeners) {
      for (Optional<Path> tokens : List.of(each.tokenFile(), each.readTokenFile())) {
        if (tokens.isPresent()) {
          TokenFile.read(tokens.get());
        }
      }
      if (each.clientCa().isPresent()) {
        Pem.trusted(each.clientCa().get());
      }
    }
    if (certificate.isPresent() && key.isPresent()) {
      Pem.identity(certificate.get(), key.get());
    }
  }

  private List<String> problems(Listener listener) {
    List<String> problems = new ArrayList<>();
    if (listener.address() instanceof Listener.Address.Tcp tcp) {
      boolean tls = certificate.isPresent();
      if (listener.role() != Role.NODE
          && listener.tokenFile().isEmpty()
          && listener.readTokenFile().isEmpty()
          && listener.clientCa().isEmpty()) {
        problems.add(
            "the "
                + listener.role()
                + "'s listener "
                + tcp
                + " needs a token file or a client CA: any local program and any web page could"
                + " use it otherwise");
      }
      if (!tcp.isLoopback() && !tls && !insecureListen) {
        problems.add(
            "the "
                + listener.role()
                + "'s listener "
                + tcp
                + " is not on loopback and needs a certificate: set tls-certificate and tls-key,"
                + " or insecure-listen = true if something in front of it speaks TLS");
      }
      if (!tls && listener.clientCa().isPresent()) {
        problems.add(
            "the " + listener.role() + "'s client CA needs a certificate of the server's own");
      }
    } else {
      if (listener.role() == Role.NODE) {
        problems.add("nodes come by TCP, expected HOST:PORT, found " + listener.address());
      }
      if (listener.clientCa().isPresent()) {
        problems.add("a client CA is for TCP, and " + listener.address() + " is a Unix socket");
      }
    }
    return problems;
  }

  /**
   * What one tailnet and one connection may cost (service, section 6).
   *
   * @param requestsPerSecond requests of one tailnet in a second, on average
   * @param requestBurst requests of one tailnet at once, after a pause
   * @param bytesPerSecond bytes of one tailnet's requests and their answers in a second, on average
   * @param running requests of one tailnet that are worked on at one time
   * @param waiting requests of one tailnet that wait for their turn
   * @param patience how long one waits for its turn
   * @param largestBody the largest body of a request, in bytes, except for those that send all
   *     nodes
   * @param largestList the largest body that sends all nodes or all signatures, in bytes
   * @param idle how long a connection may be silent between two requests
   * @param slowest the rate at which a body must arrive at least, in bytes a second
   * @param head how long the head of a request may take to arrive
   * @param connections connections at one time
   */
  public record Limits(
      int requestsPerSecond,
      int requestBurst,
      long bytesPerSecond,
      int running,
      int waiting,
      Duration patience,
      int largestBody,
      int largestList,
      Duration idle,
      int slowest,
      Duration head,
      int connections) {
    /** For tailnets of up to 100,000 nodes on a machine with a few cores. */
    public static final Limits STANDARD =
        new Limits(
            2_000,
            100_000,
            32 << 20,
            Math.max(2, Runtime.getRuntime().availableProcessors()),
            20_000,
            Duration.ofSeconds(20),
            16 << 20,
            96 << 20,
            Duration.ofMinutes(3),
            4_096,
            Duration.ofSeconds(15),
            50_000);

    /** With other rates and another number of requests at one time. */
    public Limits with(int requestsEachSecond, long bytesEachSecond, int atOneTime) {
      return new Limits(
          requestsEachSecond,
          (int) Math.min(Integer.MAX_VALUE, requestsEachSecond * 50L),
          bytesEachSecond,
          atOneTime,
          waiting,
          patience,
          largestBody,
          largestList,
          idle,
          slowest,
          head,
          connections);
    }
  }
}
