package dev.tka.cli.campaign;

import dev.tka.cli.ServeProcess;
import dev.tka.testkit.FreePort;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A server of the campaign, with listeners for control servers, operators and nodes. */
final class Replica implements AutoCloseable {
  /** Clients that wait longer would do little else while something stands still. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final String OPERATOR = "operator-of-the-campaign-0123456789";
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  final String name;
  final ServeProcess server;
  private final String operatorUrl;
  private final String nodeUrl;

  /**
   * Starts one.
   *
   * @param environment what its environment has beside that of this process
   * @param database its URL
   */
  Replica(Path folder, String name, Map<String, String> environment, String database)
      throws Exception {
    this.name = name;
    Path state = Files.createDirectories(folder.resolve(name));
    Path tokens = Files.writeString(folder.resolve(name + ".operator"), OPERATOR + "\n");
    tokens.toFile().setReadable(false, false);
    tokens.toFile().setReadable(true, true);
    operatorUrl = "127.0.0.1:" + FreePort.find();
    nodeUrl = "127.0.0.1:" + FreePort.find();
    List<String> options =
        new ArrayList<>(
            List.of(
                "--database=" + database,
                "--requests-per-second=100000",
                "--operator-listen=" + operatorUrl,
                "--operator-token-file=" + tokens,
                "--node-listen=" + nodeUrl));
    server = new ServeProcess(environment, state, options.toArray(new String[0]));
    server.answerWithin(PATIENCE);
  }

  String nodeUrl() {
    return "http://" + nodeUrl;
  }

  /** A node's token for this and every other server of the same database, in a file. */
  Path token(String tailnet, int node, Path file) throws IOException, InterruptedException {
    HttpResponse<String> made =
        CLIENT.send(
            HttpRequest.newBuilder(
                    URI.create(
                        "http://"
                            + operatorUrl
                            + "/v1/tailnets/"
                            + tailnet
                            + "/nodes/"
                            + node
                            + "/tokens"))
                .header("Authorization", "Bearer " + OPERATOR)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (made.statusCode() / 100 != 2) {
      throw new IOException(made.statusCode() + " " + made.body());
    }
    return Files.writeString(
        file, made.body().replaceAll(".*\"token\":\"([^\"]+)\".*", "$1").strip());
  }

  @Override
  public void close() {
    server.close();
  }

  @Override
  public String toString() {
    return name;
  }
}
