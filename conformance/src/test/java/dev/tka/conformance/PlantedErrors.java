package dev.tka.conformance;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Errors for golden cases: a verdict turned, a character, a number or the order changed, an element
 * left out or repeated, an error text that comes or goes. Planted in the fields that bind only,
 * which is said here field by field from the golden data's README, and not taken from the checkers.
 */
final class PlantedErrors {
  /** Texts of which only the presence binds. */
  private static final Set<String> ERROR_TEXTS =
      Set.of(
          "error",
          "decode_error",
          "static_error",
          "inform_error",
          "op_errors[]",
          "extend_error",
          "slow_error",
          "reopen_error",
          "node_error");

  /** Objects whose entries bind as the elements of a list do. */
  private static final Set<String> MAPS = Set.of("files", "commit_times", "errors", "meta");

  private PlantedErrors() {}

  /** One way to spoil one value. */
  enum Mutation {
    TURN,
    ADD_ONE,
    CHANGE_CHARACTER,
    REMOVE_TEXT,
    GIVE_TEXT,
    DROP_FIRST,
    DROP_LAST,
    REPEAT,
    SWAP
  }

  /**
   * An error that can be planted.
   *
   * @param pattern the field, with {@code []} for any element of a list
   * @param path the field: names and indexes
   */
  record Planted(String pattern, List<Object> path, Mutation mutation) {
    /** The case with the error. */
    String in(String line) throws IOException {
      Map<String, Object> root = JSON.std.mapFrom(line);
      Object at = root;
      for (Object step : path.subList(0, path.size() - 1)) {
        at = step instanceof Integer index ? list(at).get(index) : map(at).get(step);
      }
      Object last = path.get(path.size() - 1);
      if (last instanceof Integer index) {
        list(at).set(index, spoil(list(at).get(index)));
      } else {
        map(at).put((String) last, spoil(map(at).get(last)));
      }
      return write(root);
    }

    private @Nullable Object spoil(@Nullable Object value) {
      return switch (mutation) {
        case TURN -> !Boolean.TRUE.equals(value);
        case ADD_ONE -> ((Number) require(value)).longValue() + 1;
        case CHANGE_CHARACTER -> changed((String) require(value));
        case REMOVE_TEXT -> null;
        case GIVE_TEXT -> "00";
        case DROP_FIRST -> without(require(value), true);
        case DROP_LAST -> without(require(value), false);
        case REPEAT -> {
          List<Object> repeated = new ArrayList<>(list(require(value)));
          repeated.add(repeated.get(0));
          yield repeated;
        }
        case SWAP -> {
          List<Object> swapped = new ArrayList<>(list(require(value)));
          swapped.set(0, swapped.set(swapped.size() - 1, swapped.get(0)));
          yield swapped;
        }
      };
    }

    private static Object without(Object value, boolean first) {
      if (value instanceof Map<?, ?> map) {
        Map<Object, Object> left = new LinkedHashMap<>(map);
        List<Object> keys = new ArrayList<>(left.keySet());
        left.remove(keys.get(first ? 0 : keys.size() - 1));
        return left;
      }
      List<Object> left = new ArrayList<>(list(value));
      left.remove(first ? 0 : left.size() - 1);
      return left;
    }

    /** Another digit in the middle, so that hexadecimal and base32 stay valid. */
    private static String changed(String text) {
      if (text.isEmpty()) {
        return "22";
      }
      int middle = text.length() / 2;
      char other = text.charAt(middle) == '2' ? '3' : '2';
      return text.substring(0, middle) + other + text.substring(middle + 1);
    }
  }

  /** A case as it is written here, without an error. */
  static String rewritten(String line) throws IOException {
    return write(JSON.std.mapFrom(line));
  }

  private static String write(Map<String, Object> root) throws IOException {
    return JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES).asString(root);
  }

  /** Every error that can be planted in a case. */
  static List<Planted> of(String kind, String line) throws IOException {
    Map<String, Object> root = JSON.std.mapFrom(line);
    List<Planted> errors = new ArrayList<>();
    root.forEach((name, value) -> walk(kind, root, name, List.of(name), value, errors));
    return errors;
  }

  private static void walk(
      String kind,
      Map<String, Object> root,
      String pattern,
      List<Object> path,
      @Nullable Object value,
      List<Planted> errors) {
    String name = pattern.substring(pattern.lastIndexOf('.') + 1);
    if (binds(kind, root, pattern, path)) {
      for (Mutation mutation : mutations(name, value)) {
        // A weight may be left out, and in a node-key signature nothing and no bytes are one value.
        boolean optional = name.equals("weight") || (kind.equals("nks") && "".equals(value));
        if (!optional || mutation != Mutation.REMOVE_TEXT) {
          errors.add(new Planted(pattern, path, mutation));
        }
      }
    }
    if (value instanceof Map<?, ?> map) {
      // The names in these are data.
      String any = MAPS.contains(name) ? ".*" : null;
      map.forEach(
          (key, nested) ->
              walk(
                  kind,
                  root,
                  pattern + (any == null ? "." + key : any),
                  with(path, key),
                  nested,
                  errors));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        walk(kind, root, pattern + "[]", with(path, i), list.get(i), errors);
      }
    }
  }

  private static List<Object> with(List<Object> path, Object step) {
    List<Object> longer = new ArrayList<>(path);
    longer.add(step);
    return longer;
  }

  private static List<Mutation> mutations(String name, @Nullable Object value) {
    if (ERROR_TEXTS.contains(name)) {
      return List.of(value == null ? Mutation.GIVE_TEXT : Mutation.REMOVE_TEXT);
    }
    if (value instanceof Boolean) {
      return List.of(Mutation.TURN);
    }
    if (value instanceof Number) {
      return List.of(Mutation.ADD_ONE);
    }
    if (value instanceof String) {
      return List.of(Mutation.CHANGE_CHARACTER, Mutation.REMOVE_TEXT);
    }
    if (value instanceof List<?> list && !list.isEmpty()) {
      List<Mutation> mutations =
          new ArrayList<>(List.of(Mutation.DROP_FIRST, Mutation.DROP_LAST, Mutation.REPEAT));
      if (!Objects.equals(list.get(0), list.get(list.size() - 1))) {
        mutations.add(Mutation.SWAP);
      }
      return mutations;
    }
    if (value instanceof Map<?, ?> map && MAPS.contains(name) && !map.isEmpty()) {
      return List.of(Mutation.DROP_FIRST, Mutation.DROP_LAST);
    }
    return value == null ? List.of(Mutation.GIVE_TEXT) : List.of();
  }

  /** Whether a field binds in a case. */
  private static boolean binds(
      String kind, Map<String, Object> root, String pattern, List<Object> path) {
    boolean quirk = root.containsKey("quirk");
    String field = pattern.replaceAll("[.\\[].*", "");
    boolean error = ERROR_TEXTS.contains(pattern.substring(pattern.lastIndexOf('.') + 1));
    return switch (kind) {
      case "admission" -> pattern.matches("steps\\[\\]\\.(head|outcome|barred|error)\\b.*");
      case "aum" -> bindsForAum(root, pattern, field);
      case "aum-verify" -> bindsForVerification(root, field);
      case "authkey" ->
          !quirk && Set.of("authkey", "wrapped", "credential", "private").contains(field);
      case "build" -> bindsForBuilding(quirk, pattern, field);
      case "chonk" -> !quirk && bindsForDirectory(root, pattern, field);
      case "compact" ->
          Set.of("head", "oldest_ancestor_before", "after").contains(field)
              || (!quirk && Set.of("retained", "last_active_ancestor", "error").contains(field));
      case "deeplink" ->
          !quirk
              && (error
                  || (root.get("op").equals("new")
                      ? field.equals("link")
                      : Set.of("valid", "parsed").contains(field)));
      case "disablement" -> field.equals("value");
      case "ed25519" -> Set.of("zip215", "go_strict").contains(field);
      case "inform" ->
          Set.of("ok", "error", "head_before", "head", "oldest_ancestor", "keys", "stored")
                  .contains(field)
              || isState(root, field);
      case "long" ->
          Set.of("checkpoints_at", "last_aum", "hashes", "head", "error", "offer").contains(field)
              || Set.of("extend_error", "extend_head", "extend_stored").contains(field)
              || Set.of("slow_error", "slow_head", "slow_stored", "reopen_error").contains(field)
              || Set.of(
                      "sync[].to_node",
                      "sync[].first_to_node",
                      "sync[].last_to_node",
                      "sync[].error",
                      "sync[].to_control",
                      "sync[].node_error")
                  .contains(pattern);
      case "missing" -> !quirk && Set.of("head", "missing", "error").contains(field);
      case "nks" -> bindsForNodeKeySignature(root, field);
      case "nks-credential" -> !quirk && Set.of("nks", "error").contains(field);
      case "nks-resign" ->
          !quirk
              && Set.of("new", "new_decodes", "error").contains(field)
              && verifies((String) root.get("old"));
      case "nks-verify" ->
          Set.of("authorized", "canonical", "error").contains(field)
              || (Boolean.TRUE.equals(root.get("canonical"))
                  && (Set.of("authorizing_key_id", "wrapping_public").contains(field)
                      || (field.equals("rotation") && root.get("rotation") != null)));
      case "offer" -> Set.of("head", "ancestors", "legacy_ancestors").contains(field);
      case "open" ->
          !quirk
              && (Set.of("head", "oldest_ancestor", "keys", "error").contains(field)
                  || isState(root, field));
      case "peers" -> field.equals("kept");
      case "revoke" ->
          Set.of("head", "aum", "parent", "error", "signed_aum", "effect").contains(field);
      case "round" -> bindsForRound(quirk, pattern, path, field);
      case "text" ->
          !quirk
              && (Set.of("valid", "error", "printed", "printed_for_people", "public")
                      .contains(field)
                  || (field.equals("bytes") && !root.get("type").equals("node-short")));
      default -> throw new IllegalArgumentException(kind);
    };
  }

  /** The state may be left out; where it is told, it binds. */
  private static boolean isState(Map<String, Object> root, String field) {
    return field.equals("state") && root.get("head") != null;
  }

  private static boolean bindsForAum(Map<String, Object> root, String pattern, String field) {
    boolean odd = Boolean.TRUE.equals(root.get("odd_parent"));
    boolean accepted = Boolean.TRUE.equals(root.get("canonical")) && !odd;
    return switch (field) {
      case "canonical", "decodes", "decode_error", "static_error", "static_valid" -> true;
      case "hash", "hash_hex" -> true;
      case "sig_hash" -> !odd;
      // Nothing and an empty list are one value here; the hashes tell them apart.
      case "fields" ->
          accepted
              && (!pattern.matches(
                      "fields\\.(meta|signatures|state\\.keys|state\\.disablement_values)"
                          + "|fields\\.(key|state\\.keys\\[\\])\\.meta|fields\\.state\\.disablement_values\\[\\]")
                  || valueAt(root, pattern) != null);
      default -> false;
    };
  }

  private static @Nullable Object valueAt(Map<String, Object> root, String pattern) {
    Object at = root;
    for (String step : pattern.split("\\.", -1)) {
      at = at instanceof Map<?, ?> map ? map.get(step) : null;
    }
    return at;
  }

  private static boolean bindsForVerification(Map<String, Object> root, String field) {
    boolean odd = Boolean.TRUE.equals(root.get("odd_parent"));
    boolean canonical = Boolean.TRUE.equals(root.get("canonical"));
    return switch (field) {
      case "valid", "error" -> true;
      case "canonical" -> !odd;
      case "odd_parent" -> canonical;
      case "weight", "resulting_head", "resulting_state" -> canonical && !odd;
      default -> false;
    };
  }

  /** After a quirk the next batch begins where the reference stands, so that heads bind. */
  private static boolean bindsForBuilding(boolean quirk, String pattern, String field) {
    return switch (field) {
      case "head", "keys", "reopened" -> true;
      case "genesis" -> false;
      case "error" -> !quirk;
      case "results" -> !quirk || pattern.equals("results[].head");
      default -> false;
    };
  }

  private static boolean bindsForDirectory(Map<String, Object> root, String pattern, String field) {
    // A directory without a readable record is refused whole.
    boolean recorded = !map(root.get("errors")).containsKey("last_active_ancestor");
    if (pattern.equals("op.error")) {
      return map(root.get("op")).get("op").equals("inform");
    }
    // The texts of errors; and which there are is told by what is null.
    if (pattern.endsWith("errors.*")) {
      return false;
    }
    return switch (field) {
      case "all_aums", "heads", "commit_times", "last_active_ancestor" -> recorded;
      case "errors", "open", "after" -> true;
      default -> false;
    };
  }

  private static boolean bindsForNodeKeySignature(Map<String, Object> root, String field) {
    return switch (field) {
      case "canonical", "decodes", "decode_error", "sig_hash" -> true;
      case "authorizing_key_id", "wrapping_public", "fields" -> true;
      // It quotes error texts.
      case "string" -> !String.valueOf(root.get("string")).contains("<error");
      default -> false;
    };
  }

  private static boolean bindsForRound(
      boolean quirk, String pattern, List<Object> path, String field) {
    if (pattern.endsWith("errors.*")) {
      return false;
    }
    return switch (field) {
      case "converged", "legacy" -> true;
      case "node_stored_after", "control_stored_after" -> !quirk;
      case "rounds" ->
          path.size() > 2
              && (!quirk
                  || (pattern.matches("rounds\\[\\]\\.(node|control)_offer.*")
                      && path.get(1).equals(0)));
      default -> false;
    };
  }

  private static boolean verifies(String hex) {
    try {
      return NaiveNodeKeys.verifies(Bytes.parseHex(hex));
    } catch (TextException e) {
      return false;
    }
  }

  private static Object require(@Nullable Object value) {
    if (value == null) {
      throw new IllegalStateException("nothing to spoil");
    }
    return value;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(@Nullable Object value) {
    return (Map<String, Object>) require(value);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(@Nullable Object value) {
    return (List<Object>) require(value);
  }
}
