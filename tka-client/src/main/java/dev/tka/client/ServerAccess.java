package dev.tka.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How to talk to a server. It names files, and holds no secret.
 *
 * @param url where it listens
 * @param tokenFile a file whose first line is the bearer token; it is read anew for each request
 * @param caFile a file of certificates in PEM that are trusted instead of the JDK's
 * @param certificateFile a file with the client's certificate, those that lead to its authority,
 *     and its private key, in PEM
 * @param node the node in whose name a forwarder asks, at the forwarders' address (service, section
 *     10); empty for the operator
 * @param quiet how long the server may be silent: while connecting, before and within an answer
 * @param whole how long one answer may take as a whole
 */
public record ServerAccess(
    ServerUrl url,
    Optional<Path> tokenFile,
    Optional<Path> caFile,
    Optional<Path> certificateFile,
    Optional<Long> node,
    Duration quiet,
    Duration whole) {
  private static final Duration QUIET = Duration.ofSeconds(30);
  private static final Duration WHOLE = Duration.ofMinutes(5);

  /** Without a token, trusting the JDK's authorities, with 30 seconds and 5 minutes. */
  public static ServerAccess of(ServerUrl url) {
    return new ServerAccess(
        url, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), QUIET, WHOLE);
  }

  /** With a file that holds a token. */
  public ServerAccess withTokenFile(Path file) {
    return new ServerAccess(url, Optional.of(file), caFile, certificateFile, node, quiet, whole);
  }

  /** With a file of authorities. */
  public ServerAccess withCaFile(Path file) {
    return new ServerAccess(url, tokenFile, Optional.of(file), certificateFile, node, quiet, whole);
  }

  /** With a file of a client's certificate and its key. */
  public ServerAccess withCertificateFile(Path file) {
    return new ServerAccess(url, tokenFile, caFile, Optional.of(file), node, quiet, whole);
  }

  /** As a forwarder that asks in the name of a node. */
  public ServerAccess withNode(long number) {
    return new ServerAccess(
        url, tokenFile, caFile, certificateFile, Optional.of(number), quiet, whole);
  }

  /** With other time-outs. */
  public ServerAccess withPatience(Duration silence, Duration answer) {
    return new ServerAccess(url, tokenFile, caFile, certificateFile, node, silence, answer);
  }
}
