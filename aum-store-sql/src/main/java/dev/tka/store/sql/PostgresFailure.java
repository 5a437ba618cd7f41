package dev.tka.store.sql;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Why a connection to a server failed, in words that name the host and what to look at. The driver
 * often says no more than that the attempt failed.
 */
final class PostgresFailure {
  private static final String NO_CONNECTION = "08001";
  private static final String CONNECTION_LOST = "08006";
  private static final String NOT_UNDERSTOOD = "08P01";
  private static final String REJECTED = "08004";
  private static final String NO_DATABASE = "3D000";
  private static final String NO_ACCESS = "28000";
  private static final String WRONG_PASSWORD = "28P01";

  private static final Pattern REFUSED = Pattern.compile("Connection to (.+) refused\\..*");
  private static final String FATAL = "FATAL: ";

  private PostgresFailure() {}

  /** Empty if the failure is about something else, or says it by itself. */
  static Optional<Exception> explain(PostgresSettings settings, SQLException failure) {
    Optional<Exception> ofSocket = PostgresSocket.explain(settings, failure);
    if (ofSocket.isPresent()) {
      return ofSocket;
    }
    String message = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    Optional<String> what =
        switch (String.valueOf(failure.getSQLState())) {
          case NO_CONNECTION -> unconnected(settings, message, failure.getCause());
          case CONNECTION_LOST ->
              failure.getCause() instanceof SocketTimeoutException
                      && message.startsWith("SSL error: ")
                  ? Optional.of(another(settings))
                  : Optional.empty();
          case NOT_UNDERSTOOD -> Optional.of(another(settings));
          case REJECTED -> rejected(settings, message);
          case NO_DATABASE ->
              Optional.of(
                  message.replace(FATAL, "")
                      + " on the server: name another one, or have it made, such as by createdb");
          case WRONG_PASSWORD ->
              Optional.of(
                  message.replace(FATAL, "")
                      + ": it has another password there, or does not exist");
          case NO_ACCESS ->
              message.endsWith("no encryption") || message.endsWith("SSL off")
                  ? Optional.of(
                      message.replace(FATAL, "")
                          + ": it may demand an encrypted connection: set sslmode=require")
                  : Optional.empty();
          default -> Optional.empty();
        };
    return what.map(text -> new IOException(text, failure));
  }

  private static Optional<String> unconnected(
      PostgresSettings settings, String message, @Nullable Throwable cause) {
    String several =
        settings.hosts().size() > 1 ? "none of the hosts can be used; the last one tried: " : "";
    String reason = cause == null ? "" : String.valueOf(cause.getMessage());
    Matcher refused = REFUSED.matcher(message);
    if (cause instanceof UnknownHostException) {
      return Optional.of(
          several + "host " + reason.replaceFirst(":.*", "") + " does not resolve to an address");
    }
    if (refused.matches()) {
      return Optional.of(
          several
              + refused.group(1)
              + " refused the connection: no server listens there: check host and port, and that the"
              + " server listens on that address");
    }
    if (cause instanceof SocketTimeoutException) {
      return Optional.of(several + where(settings) + " does not answer");
    }
    if (cause instanceof EOFException) {
      return Optional.of(several + another(settings));
    }
    return cause instanceof ConnectException || cause instanceof SocketException
        ? Optional.of(several + where(settings) + " cannot be reached: " + reason)
        : Optional.empty();
  }

  private static Optional<String> rejected(PostgresSettings settings, String message) {
    if (message.contains("does not support SSL")) {
      return Optional.of(
          "the server does not encrypt connections (SSL), which sslmode="
              + settings.sslMode().orElse("require")
              + " demands");
    }
    return message.contains("no password was provided")
        ? Optional.of("the server asks for a password, and none is in PGPASSWORD or ~/.pgpass")
        : Optional.empty();
  }

  private static String another(PostgresSettings settings) {
    return "what listens at "
        + where(settings)
        + " does not answer as a PostgreSQL server: check host and port";
  }

  private static String where(PostgresSettings settings) {
    return settings
        .socket()
        .orElseGet(
            () ->
                IntStream.range(0, settings.hosts().size())
                    .mapToObj(i -> settings.hosts().get(i) + ":" + settings.ports().get(i))
                    .collect(Collectors.joining(" or ")));
  }
}
