package dev.tka.control.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The OpenAPI document says what the code does, and the other way round. */
class OpenApiTest {
  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(Object value) {
    return (Map<String, Object>) value;
  }

  private static Map<String, Object> document() throws java.io.IOException {
    try (InputStream in = Surface.class.getResourceAsStream("openapi.json")) {
      return JSON.std.mapFrom(in);
    }
  }

  /** The operations, by route and method. */
  static Map<String, Map<String, Object>> operations() throws java.io.IOException {
    Map<String, Map<String, Object>> operations = new TreeMap<>();
    object(document().get("paths"))
        .forEach(
            (path, item) ->
                object(item)
                    .forEach(
                        (method, operation) -> {
                          Map<String, Object> copy = new TreeMap<>(object(operation));
                          copy.put("path", path);
                          operations.put(
                              copy.get("x-route") + " " + method.toUpperCase(Locale.ROOT), copy);
                        }));
    return operations;
  }

  @Test
  void eachRouteIsInTheDocumentWithItsMethodsPathRoleAndParametersAndNoOther()
      throws java.io.IOException {
    Map<String, Map<String, Object>> operations = operations();
    Set<String> expected = new TreeSet<>();
    for (Route route : Route.values()) {
      for (String method : route.methods()) {
        expected.add(route + " " + method);
        Map<String, Object> operation = operations.get(route + " " + method);
        assertThat(operation).as("%s", route).isNotNull();
        assertThat(operation)
            .containsEntry("path", route.template())
            .containsEntry("x-role", roles(route));
        assertThat(operation.containsKey("security")).isEqualTo(route.needsIdentity());
        assertThat(operation.containsKey("requestBody")).as("%s", route).isEqualTo(route.hasBody());
        Set<String> query = new TreeSet<>();
        Set<String> path = new TreeSet<>();
        for (Object each : (List<?>) operation.getOrDefault("parameters", List.of())) {
          Map<String, Object> parameter = object(each);
          ("query".equals(parameter.get("in")) ? query : path).add((String) parameter.get("name"));
        }
        assertThat(query).as("%s", route).isEqualTo(new TreeSet<>(route.parameters()));
        Set<String> inPath = new TreeSet<>();
        for (String segment : route.template().split("/", -1)) {
          if (segment.startsWith("{")) {
            inPath.add(segment.substring(1, segment.length() - 1));
          }
        }
        assertThat(path).as("%s", route).isEqualTo(inPath);
      }
    }
    assertThat(operations.keySet()).isEqualTo(expected);
  }

  private static String roles(Route route) {
    return route.roles().isEmpty()
        ? "anybody"
        : String.join(", ", route.roles().stream().map(Role::toString).toList());
  }

  /** Pairs of status and code that a route may answer with, by the document. */
  static Set<String> errors(Map<String, Object> operation) {
    Set<String> errors = new TreeSet<>();
    object(operation.get("responses"))
        .forEach(
            (status, response) -> {
              Object headers = object(response).get("headers");
              if (headers != null && object(headers).containsKey("Tka-Error")) {
                Map<String, Object> schema =
                    object(object(object(headers).get("Tka-Error")).get("schema"));
                for (Object code : (List<?>) schema.get("enum")) {
                  errors.add(status + " " + code);
                }
              }
            });
    return errors;
  }

  @Test
  void eachCodeOfTheSpecificationIsInTheDocumentAndNoOther() throws java.io.IOException {
    Set<String> codes = new TreeSet<>();
    for (Map<String, Object> operation : operations().values()) {
      errors(operation).forEach(error -> codes.add(error.split(" ", -1)[1]));
    }
    assertThat(codes).isEqualTo(new TreeSet<>(Kit.CODES));
  }

  /**
   * What the log of a test says was answered: {@code rpc=ROUTE} or the RPC's path. A route that
   * answers with what the document does not list is a fault of one of the two.
   */
  static void requireDocumented(List<String> log) throws java.io.IOException {
    Map<String, Set<String>> allowed = new TreeMap<>();
    operations()
        .forEach(
            (name, operation) ->
                allowed
                    .computeIfAbsent(
                        name.split(" ", -1)[0].toLowerCase(Locale.ROOT).replace('_', '-'),
                        none -> new TreeSet<>())
                    .addAll(errors(operation)));
    List<String> undocumented = new ArrayList<>();
    for (String line : log) {
      java.util.regex.Matcher found =
          java.util.regex.Pattern.compile(
                  "role=(\\S+) .* rpc=(\\S+) status=([0-9]+) outcome=(\\S+) ")
              .matcher(line);
      if (!found.find()
          || found.group(4).equals("ok")
          || Integer.parseInt(found.group(3)) < 305
          || found.group(2).matches("none|-")) {
        continue;
      }
      String rpc = found.group(2);
      if (!allowed.containsKey(rpc)) {
        rpc =
            switch (found.group(1)) {
              case "node" -> "own-rpc";
              case "operator" -> "admin-rpc";
              default -> "node-rpc";
            };
      }
      if (!allowed.get(rpc).contains(found.group(3) + " " + found.group(4))) {
        undocumented.add(line);
      }
    }
    assertThat(undocumented).isEmpty();
  }
}
