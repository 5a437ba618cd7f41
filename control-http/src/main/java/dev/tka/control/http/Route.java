package dev.tka.control.http;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The paths of the surface (service, section 10), each with its methods, and with the role that
 * sees it. The OpenAPI document says the same, which a test compares.
 */
@SuppressWarnings("ImmutableEnumChecker") // Its sets and lists are unmodifiable.
enum Route {
  NODE_RPC(
      Role.FORWARDER,
      Set.of("GET", "POST"),
      "/v1/tailnets/{tailnet}/nodes/{node}/machine/tka/{rpc}",
      Set.of()),
  LOGIN(Role.FORWARDER, Set.of("POST"), "/v1/tailnets/{tailnet}/nodes/{node}/login", Set.of()),
  PUT_NODE(Role.FORWARDER, Set.of("PUT"), "/v1/tailnets/{tailnet}/nodes/{node}", Set.of()),
  DELETE_NODE(Role.FORWARDER, Set.of("DELETE"), "/v1/tailnets/{tailnet}/nodes/{node}", Set.of()),
  PUT_NODES(Role.FORWARDER, Set.of("PUT"), "/v1/tailnets/{tailnet}/nodes", Set.of()),
  NODES(Role.FORWARDER, Set.of("GET"), "/v1/tailnets/{tailnet}/nodes", Set.of("node")),
  ANNOUNCEMENT(
      Role.FORWARDER, Set.of("GET"), "/v1/tailnets/{tailnet}/announcement", Set.of("node", "wait")),
  WATCH_ALL(EnumSet.of(Role.FORWARDER, Role.OPERATOR), Set.of("GET"), "/v1/watch", Set.of("from")),
  WATCH(
      EnumSet.of(Role.FORWARDER, Role.OPERATOR),
      Set.of("GET"),
      "/v1/tailnets/{tailnet}/watch",
      Set.of("from")),
  HEADS(
      EnumSet.of(Role.FORWARDER, Role.OPERATOR),
      Set.of("GET"),
      "/v1/tailnets/{tailnet}/heads/{path}",
      Set.of()),

  OWN_RPC(Role.NODE, Set.of("GET", "POST"), "/v1/node/machine/tka/{rpc}", Set.of()),
  OWN_LOGIN(Role.NODE, Set.of("POST"), "/v1/node/login", Set.of()),
  OWN_ANNOUNCEMENT(Role.NODE, Set.of("GET"), "/v1/node/announcement", Set.of("wait")),
  OWN_PEERS(Role.NODE, Set.of("GET"), "/v1/node/peers", Set.of()),
  OWN_HEADS(Role.NODE, Set.of("GET"), "/v1/node/heads/{path}", Set.of()),

  ADMIN_RPC(Role.OPERATOR, Set.of("POST"), "/v1/tailnets/{tailnet}/machine/tka/{rpc}", Set.of()),
  TAILNETS(Role.OPERATOR, Set.of("GET"), "/v1/tailnets", Set.of()),
  STATUS(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}", Set.of()),
  CREATE(Role.OPERATOR, Set.of("PUT"), "/v1/tailnets/{tailnet}", Set.of()),
  DELETE(Role.OPERATOR, Set.of("DELETE"), "/v1/tailnets/{tailnet}", Set.of()),
  RESTORED(Role.OPERATOR, Set.of("PUT"), "/v1/tailnets/{tailnet}/restored", Set.of()),
  NOT_RESTORED(Role.OPERATOR, Set.of("DELETE"), "/v1/tailnets/{tailnet}/restored", Set.of()),
  LOG(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/log", Set.of("limit")),
  EXPORT(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/export", Set.of()),
  FLEET(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/fleet", Set.of()),
  MAY_INIT(Role.OPERATOR, Set.of("PUT"), "/v1/tailnets/{tailnet}/nodes/{node}/may-init", Set.of()),
  TOKENS(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/tokens", Set.of()),
  MAKE_TOKEN(Role.OPERATOR, Set.of("POST"), "/v1/tailnets/{tailnet}/nodes/{node}/tokens", Set.of()),
  REVOKE_TOKEN(Role.OPERATOR, Set.of("DELETE"), "/v1/tailnets/{tailnet}/tokens/{token}", Set.of()),
  THRESHOLDS(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/thresholds", Set.of()),
  SET_THRESHOLDS(Role.OPERATOR, Set.of("PUT"), "/v1/tailnets/{tailnet}/thresholds", Set.of()),
  PROPOSALS(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/proposals", Set.of()),
  PROPOSE(Role.OPERATOR, Set.of("POST"), "/v1/tailnets/{tailnet}/proposals", Set.of()),
  PROPOSAL(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/proposals/{proposal}", Set.of()),
  WITHDRAW(
      Role.OPERATOR, Set.of("DELETE"), "/v1/tailnets/{tailnet}/proposals/{proposal}", Set.of()),
  APPROVE(
      Role.OPERATOR,
      Set.of("POST"),
      "/v1/tailnets/{tailnet}/proposals/{proposal}/signatures",
      Set.of()),
  SUMMARY(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/summary", Set.of()),
  KEYS(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/keys", Set.of()),
  GRAPH(
      Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/graph", Set.of("from", "count", "at")),
  UPDATE(Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/updates/{update}", Set.of()),
  EXPLANATION(
      Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/nodes/{node}/explanation", Set.of()),
  REVOCATION(
      Role.OPERATOR, Set.of("GET"), "/v1/tailnets/{tailnet}/revocation", Set.of("key", "forkFrom")),
  METRICS(Role.OPERATOR, Set.of("GET"), "/metrics", Set.of()),

  PAGE(Role.OPERATOR, Set.of("GET"), "/", Set.of()),
  PAGE_FILE(Role.OPERATOR, Set.of("GET"), "/page/{file}", Set.of()),
  SESSION(Role.OPERATOR, Set.of("GET"), "/session", Set.of()),
  SIGN_IN(Role.OPERATOR, Set.of("POST"), "/session", Set.of()),
  SIGN_OUT(Role.OPERATOR, Set.of("DELETE"), "/session", Set.of()),

  LIVE(EnumSet.noneOf(Role.class), Set.of("GET"), "/livez", Set.of()),
  READY(EnumSet.noneOf(Role.class), Set.of("GET"), "/readyz", Set.of("verbose")),
  OPENAPI(EnumSet.noneOf(Role.class), Set.of("GET"), "/v1/openapi.json", Set.of());

  private static final String TAILNET = "{tailnet}";
  private static final String NODE = "{node}";
  private static final String TOKEN = "{token}";
  private static final String PROPOSAL_ID = "{proposal}";
  private static final String HASH = "{update}";
  private static final String FILE = "{file}";
  private static final String RPC = "{rpc}";
  private static final String PATH = "{path}";

  /** Variables that stand for all that follows, slashes included. */
  private static final Set<String> TAILS = Set.of(RPC, PATH);

  private final Set<Role> roles;
  private final Set<String> methods;
  private final String template;
  private final List<String> pattern;
  private final Set<String> parameters;

  Route(Role role, Set<String> methods, String template, Set<String> parameters) {
    this(EnumSet.of(role), methods, template, parameters);
  }

  Route(Set<Role> roles, Set<String> methods, String template, Set<String> parameters) {
    this.roles = roles;
    this.methods = methods;
    this.template = template;
    this.pattern = List.of(template.substring(1).split("/", -1));
    this.parameters = parameters;
  }

  /** The roles that see it; empty if everybody does. */
  Set<Role> roles() {
    return roles;
  }

  /** Whether one has to say who one is: not for probes, and not to get the page and to sign in. */
  boolean needsIdentity() {
    return switch (this) {
      case PAGE, PAGE_FILE, SESSION, SIGN_IN, SIGN_OUT -> false;
      default -> !roles.isEmpty();
    };
  }

  Set<String> methods() {
    return methods;
  }

  /** Its path, with the names of the variable segments in braces. */
  String template() {
    return template;
  }

  /** The parameters that its query may have. */
  Set<String> parameters() {
    return parameters;
  }

  /** Whether it changes anything, so that an operator who may only read is kept from it. */
  boolean changes() {
    return !methods.contains("GET");
  }

  /** Whether it has a body that is used. */
  boolean hasBody() {
    return switch (this) {
      case NODE_RPC,
          LOGIN,
          PUT_NODE,
          PUT_NODES,
          OWN_RPC,
          OWN_LOGIN,
          ADMIN_RPC,
          MAY_INIT,
          SET_THRESHOLDS,
          PROPOSE,
          APPROVE,
          SIGN_IN ->
          true;
      default -> false;
    };
  }

  /**
   * A path that was found.
   *
   * @param tailnet decoded; empty where the path names none
   * @param node decoded, as it came
   * @param rest the name of an RPC, a token, a proposal, an update, a file, or a path of a log
   */
  record Found(
      Route route, Optional<String> tailnet, Optional<String> node, Optional<String> rest) {}

  /**
   * Finds the route of a request.
   *
   * @param role the role of the listener
   * @throws HttpFailure if there is no such path, it is another role's, or it has other methods
   */
  static Found find(Role role, String method, List<String> segments) throws HttpFailure {
    List<Found> matching = new ArrayList<>();
    for (Route each : values()) {
      each.match(segments).ifPresent(matching::add);
    }
    if (matching.isEmpty()) {
      throw HttpFailure.notFound("there is no such path; the paths are in /v1/openapi.json");
    }
    Set<Role> others = EnumSet.noneOf(Role.class);
    Set<String> allowed = new TreeSet<>();
    for (Found each : matching) {
      Set<Role> only = each.route().roles();
      if (!only.isEmpty() && !only.contains(role)) {
        others.addAll(only);
      } else if (each.route().methods().contains(method)) {
        return each;
      } else {
        allowed.addAll(each.route().methods());
      }
    }
    if (allowed.isEmpty()) {
      throw HttpFailure.forbidden(
          "this listener serves the role "
              + role
              + ", and the path belongs to the role "
              + others.iterator().next()
              + "");
    }
    String allow = String.join(", ", allowed);
    throw HttpFailure.badMethod("this path takes " + allow + " and no other method", allow);
  }

  private Optional<Found> match(List<String> segments) {
    boolean hasTail = TAILS.contains(pattern.get(pattern.size() - 1));
    if (hasTail ? segments.size() < pattern.size() : segments.size() != pattern.size()) {
      return Optional.empty();
    }
    Optional<String> tailnet = Optional.empty();
    Optional<String> node = Optional.empty();
    Optional<String> rest = Optional.empty();
    for (int i = 0; i < pattern.size(); i++) {
      String segment = segments.get(i);
      switch (pattern.get(i)) {
        case TAILNET -> tailnet = Optional.of(segment);
        case NODE -> node = Optional.of(segment);
        case TOKEN, PROPOSAL_ID, HASH, FILE -> rest = Optional.of(segment);
        case RPC, PATH ->
            rest = Optional.of(String.join("/", segments.subList(i, segments.size())));
        default -> {
          if (!segment.equals(pattern.get(i))) {
            return Optional.empty();
          }
          continue;
        }
      }
      if (segment.isEmpty()) {
        return Optional.empty();
      }
    }
    return Optional.of(new Found(this, tailnet, node, rest));
  }
}
