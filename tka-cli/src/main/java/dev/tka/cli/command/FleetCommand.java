package dev.tka.cli.command;

import dev.tka.cli.input.ServedPeers;
import dev.tka.cli.input.StoreArgument;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.cli.output.Json;
import dev.tka.cli.output.Texts;
import dev.tka.client.FleetNode;
import dev.tka.client.ServedTailnet;
import dev.tka.client.ServerClient;
import dev.tka.client.ServerException;
import dev.tka.client.ServerPlace;
import dev.tka.core.AumHash;
import dev.tka.core.TkaException;
import dev.tka.store.TailnetName;
import dev.tka.store.records.NodeSighting;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tka fleet}: how every node of a running server stands. */
@Command(
    name = "fleet",
    description = {
      "Shows how every node of a running server stands.",
      "Of each node: its last offer, how far behind it is, how its last round ended, and what to do.",
      "First come the totals, then each node as the server sees it: current; behind, and by how many"
          + " updates; apart, with a head that is not on control's chain; never-seen; locked-out,"
          + " without a signature that counts; refused, with a change of its own that control does"
          + " not take; retired, with an authority that was ended; stranded, which no answer of"
          + " control helps; or off, while the lock is.",
      "In a tailnet that was restored from a backup, nodes are awaited until they have given back"
          + " what they hold.",
      "What a node offered last may be lost when the server stops, and is then older than it could"
          + " be. Whether signatures are valid, 'tka peers STORE' verifies here.",
      "The exit status is 1 if a node is stranded."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExamples:%n",
    footer = {
      "  tka fleet unix:tka-data/operator.sock --tailnet example.com",
      "  tka fleet https://tka.example.com --token-file operator.token --tailnet example.com",
      "  tka fleet STORE --json | jq '.Fleet[] | select(.Condition == \"stranded\")'"
    })
public final class FleetCommand implements Callable<Integer> {
  private static final int CONDITION_WIDTH = 11;

  @Spec private CommandSpec spec;
  @Mixin private StoreArgument store;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws TkaException, IOException, CommandFailure, ServerException {
    ServerPlace place = ServedPeers.require(store.place());
    String tailnet = store.open().tailnet().orElseThrow();
    List<FleetNode> nodes = new ArrayList<>();
    Optional<AumHash> head;
    Optional<Instant> restored;
    try (ServerClient client = ServerClient.open(place.access())) {
      Optional<ServedTailnet> served = client.tailnet(tailnet);
      head = served.flatMap(ServedTailnet::head);
      restored = served.flatMap(ServedTailnet::restored);
      client.fleet(tailnet, nodes::add);
    }
    Map<String, Long> totals =
        nodes.stream()
            .collect(
                Collectors.groupingBy(FleetNode::condition, TreeMap::new, Collectors.counting()));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, toJson(tailnet, head, restored, totals, nodes));
    } else {
      out.println(
          TailnetName.printable(tailnet)
              + ": "
              + Texts.count(nodes.size(), "node")
              + totals.entrySet().stream()
                  .map(each -> each.getValue() + " " + Texts.printable(each.getKey()))
                  .collect(Collectors.joining(", ", nodes.isEmpty() ? "" : ": ", "")));
      out.println("head " + head.map(AumHash::toString).orElse("none: the lock is off"));
      restored.ifPresent(
          since ->
              out.println(
                  "restored from a backup, as was said at "
                      + since
                      + ": "
                      + Texts.count(nodes.stream().filter(FleetNode::awaited).count(), "node")
                      + " awaited"));
      nodes.forEach(node -> print(node, out));
    }
    return nodes.stream().anyMatch(FleetNode::isStranded)
        ? ExitCode.VERIFICATION_FAILED
        : ExitCode.OK;
  }

  /** Its title for people: name and number, or the number alone. */
  static String title(FleetNode node) {
    return title(node.name(), node.node());
  }

  /** The same, of a node that a store has. */
  static String title(Optional<String> named, long id) {
    String number = "node " + id;
    return Texts.printable(named.map(name -> name + " (" + number + ")").orElse(number));
  }

  private static void print(FleetNode node, PrintWriter out) {
    StringBuilder line = new StringBuilder(Texts.printable(node.condition()));
    while (line.length() < CONDITION_WIDTH) {
      line.append(' ');
    }
    line.append(' ').append(title(node));
    node.behind()
        .filter(behind -> behind > 0)
        .ifPresent(behind -> line.append(", ").append(behind).append(" behind"));
    line.append(node.last().map(FleetCommand::describe).orElse(", never came"));
    if (node.awaited()) {
      line.append(", awaited");
    }
    node.told().ifPresent(told -> line.append(", told apart: ").append(Texts.printable(told)));
    out.println(line);
    node.reason().ifPresent(why -> out.println("            why:   " + Texts.printable(why)));
    node.remedy().ifPresent(what -> out.println("            to do: " + Texts.printable(what)));
  }

  private static String describe(NodeSighting last) {
    return ", last "
        + last.at()
        + last.head().map(head -> " with head " + head).orElse("")
        + ": "
        + Texts.printable(last.outcome());
  }

  private static Map<String, Object> toJson(
      String tailnet,
      Optional<AumHash> head,
      Optional<Instant> restored,
      Map<String, Long> totals,
      List<FleetNode> nodes) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("SchemaVersion", Json.SCHEMA_VERSION);
    object.put("Tailnet", tailnet);
    head.ifPresent(hash -> object.put("Head", hash.toString()));
    restored.ifPresent(since -> object.put("Restored", since.toString()));
    object.put("Nodes", nodes.size());
    List<Map<String, Object>> conditions = new ArrayList<>();
    totals.forEach(
        (condition, count) -> {
          Map<String, Object> one = new LinkedHashMap<>();
          one.put("Condition", condition);
          one.put("Nodes", count);
          conditions.add(one);
        });
    object.put("Totals", conditions);
    object.put("Fleet", nodes.stream().map(FleetCommand::toJson).toList());
    return object;
  }

  private static Map<String, Object> toJson(FleetNode node) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Node", Long.toString(node.node()));
    node.name().ifPresent(name -> object.put("DNSName", name));
    object.put("NodeKey", node.nodeKey().toString());
    object.put("Signed", node.signed());
    object.put("Condition", node.condition());
    node.behind().ifPresent(behind -> object.put("Behind", behind));
    node.told().ifPresent(told -> object.put("Told", told));
    if (node.awaited()) {
      object.put("Awaited", true);
    }
    node.last().ifPresent(last -> object.put("Last", toJson(last)));
    node.reason().ifPresent(why -> object.put("Reason", why));
    node.remedy().ifPresent(what -> object.put("Remedy", what));
    return object;
  }

  private static Map<String, Object> toJson(NodeSighting last) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("At", last.at().toString());
    last.head().ifPresent(head -> object.put("Head", head.toString()));
    last.oldest().ifPresent(oldest -> object.put("Oldest", oldest.toString()));
    object.put("Outcome", last.outcome());
    if (!last.detail().isEmpty()) {
      object.put("Detail", last.detail());
    }
    return object;
  }
}
