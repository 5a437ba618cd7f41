package dev.tka.testkit;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * AUMs for tests: one by one, signed by numbered {@link TestKeys}, or as a drawing.
 *
 * <pre>{@code
 * Chains chains = Chains.draw(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), """
 *     A -> B -> C[add:3*1] -> D[checkpoint]
 *     B -> X(2) -> Y(1,2)
 *     X -> Z[remove:1](2)
 *     """);
 * Aum fork = chains.get("X");
 * }</pre>
 *
 * <p>The first name is the genesis, a checkpoint of the given keys. Any other is a no-op, or what
 * stands in brackets where it is first drawn: {@code add:KEY*VOTES}, {@code remove:KEY}, {@code
 * update:KEY*VOTES}, {@code checkpoint} of the state there, or {@code revoke:KEY}, a checkpoint of
 * the state there without a key. Numbers in parentheses are the keys that sign; without them key 1
 * does. A no-op carries its name, so that no two are the same AUM.
 */
public final class Chains {
  private static final Pattern NODE =
      Pattern.compile(
          "([A-Za-z]\\w*)(?:\\[([a-z]+)(?::(\\d+))?(?:\\*(\\d+))?])?(?:\\(([\\d,]+)\\))?");

  private static final int MOST_DRAWINGS = 1000;

  private final Map<String, Aum> aums = new LinkedHashMap<>();
  private final Map<String, State> states = new LinkedHashMap<>();
  private final String salt;

  private Chains(String salt) {
    this.salt = salt;
  }

  /** The AUMs of a drawing. */
  public static Chains draw(List<Key> genesisKeys, String drawing) {
    return draw(genesisKeys, drawing, "");
  }

  /**
   * The AUMs of a drawing, whose no-ops carry more than their names: whatever makes the hashes
   * suit.
   *
   * @param suits true for hashes as a test needs them; a few dozen drawings must be enough
   */
  public static Chains drawUntil(List<Key> genesisKeys, String drawing, Predicate<Chains> suits) {
    for (int salt = 0; salt < MOST_DRAWINGS; salt++) {
      Chains chains = draw(genesisKeys, drawing, "#" + salt);
      if (suits.test(chains)) {
        return chains;
      }
    }
    throw new IllegalArgumentException("no drawing suits");
  }

  private static Chains draw(List<Key> genesisKeys, String drawing, String salt) {
    Chains chains = new Chains(salt);
    for (String line : drawing.lines().filter(line -> !line.isBlank()).toList()) {
      String parent = "";
      for (String text : line.split("->", -1)) {
        parent = chains.node(genesisKeys, parent, text.strip());
      }
    }
    return chains;
  }

  /** The AUM of a name that was drawn. */
  public Aum get(String name) {
    return require(aums, name);
  }

  /** The state at the AUM of a name that was drawn. */
  public State stateAt(String name) {
    return require(states, name);
  }

  /** The AUMs of several names, in that order; the names are separated by blanks. */
  public List<Aum> list(String names) {
    List<Aum> list = new ArrayList<>();
    for (String name : names.split(" ", -1)) {
      list.add(get(name));
    }
    return list;
  }

  /** Every AUM in the order of the drawing, so each parent before its children. */
  public List<Aum> all() {
    return List.copyOf(aums.values());
  }

  /** True when one AUM has the lower hash: it wins a tie. */
  public boolean isLower(String one, String other) {
    return get(one).hash().compareTo(get(other).hash()) < 0;
  }

  /** The name of an AUM, for assertions that read like the drawing; else its hash. */
  public String nameOf(AumHash hash) {
    return aums.entrySet().stream()
        .filter(entry -> entry.getValue().hash().equals(hash))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(hash.toString());
  }

  private String node(List<Key> genesisKeys, String parent, String text) {
    Matcher node = NODE.matcher(text);
    if (!node.matches()) {
      throw new IllegalArgumentException("no node: " + text);
    }
    String name = node.group(1);
    if (aums.containsKey(name)) {
      return name;
    }
    String by = node.group(5) == null ? "1" : node.group(5);
    int[] signers = Pattern.compile(",").splitAsStream(by).mapToInt(Integer::parseInt).toArray();
    if (aums.isEmpty()) {
      Aum genesis = genesis(genesisKeys, signers);
      aums.put(name, genesis);
      states.put(name, stateOf(genesisKeys).standingAt(genesis.hash()));
      return name;
    }
    Aum at = get(parent);
    String kind = node.group(2) == null ? "" : node.group(2);
    int key = node.group(3) == null ? 0 : Integer.parseInt(node.group(3));
    int votes = node.group(4) == null ? 1 : Integer.parseInt(node.group(4));
    Aum aum =
        switch (kind) {
          case "" -> noOp(at, name + salt, signers);
          case "add" -> addKey(at, TestKeys.key(key, votes), signers);
          case "remove" -> removeKey(at, TestKeys.id(key), signers);
          case "update" -> updateVotes(at, TestKeys.id(key), votes, signers);
          case "checkpoint" -> checkpoint(at, stateAt(parent), signers);
          case "revoke" -> checkpoint(at, without(stateAt(parent), TestKeys.id(key)), signers);
          default -> throw new IllegalArgumentException("no kind of node: " + text);
        };
    try {
      states.put(name, stateAt(parent).apply(aum));
    } catch (ApplyException e) {
      throw new IllegalArgumentException(text + " does not apply", e);
    }
    aums.put(name, aum);
    return name;
  }

  private static <T> T require(Map<String, T> drawn, String name) {
    T value = drawn.get(name);
    if (value == null) {
      throw new IllegalArgumentException("nobody drew " + name);
    }
    return value;
  }

  private static State without(State state, Bytes keyId) {
    return stateOf(state.keys().stream().filter(key -> !key.id().equals(keyId)).toList());
  }

  /** A state of these keys, with one disablement value and fixed state ids. */
  public static State stateOf(List<Key> keys) {
    return State.of(List.of(Bytes.copyOf(new byte[State.DISABLEMENT_VALUE_SIZE])), keys, 7, 8);
  }

  /** The first AUM of an authority. */
  public static Aum genesis(List<Key> keys, int... signers) {
    return sign(Aum.builder(AumKind.CHECKPOINT).state(stateOf(keys)), signers);
  }

  /** A no-op that differs from others by a label. */
  public static Aum noOp(Aum parent, String label, int... signers) {
    return sign(child(AumKind.NO_OP, parent).meta(Map.of("name", label)), signers);
  }

  /** An AUM that adds a key. */
  public static Aum addKey(Aum parent, Key key, int... signers) {
    return sign(child(AumKind.ADD_KEY, parent).key(key), signers);
  }

  /** An AUM that removes a key. */
  public static Aum removeKey(Aum parent, Bytes keyId, int... signers) {
    return sign(child(AumKind.REMOVE_KEY, parent).keyId(keyId), signers);
  }

  /** An AUM that sets the votes of a key. */
  public static Aum updateVotes(Aum parent, Bytes keyId, long votes, int... signers) {
    return sign(child(AumKind.UPDATE_KEY, parent).keyId(keyId).votes(votes), signers);
  }

  /** An AUM that replaces the meta of a key. */
  public static Aum updateMeta(Aum parent, Bytes keyId, Map<String, String> meta, int... signers) {
    return sign(child(AumKind.UPDATE_KEY, parent).keyId(keyId).meta(meta), signers);
  }

  /** A checkpoint of a state. */
  public static Aum checkpoint(Aum parent, State state, int... signers) {
    return sign(child(AumKind.CHECKPOINT, parent).state(state.withoutLastAumHash()), signers);
  }

  private static Aum.Builder child(AumKind kind, Aum parent) {
    return Aum.builder(kind).parent(parent.hash());
  }

  private static Aum sign(Aum.Builder unsigned, int... signers) {
    return TestKeys.sign(unsigned.build(), signers);
  }
}
