package dev.tka.core.nodekey;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.nodekey.NodeKeyAuthorization.Authorized;
import dev.tka.testkit.Chains;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import dev.tka.testkit.TestStores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

/** Protocol, section 7: what a signature authorizes, for how long, and what re-signing makes. */
class NodeKeyProperties {
  private static final int SIGNER = 1;
  private static final int FIRST_WRAPPING = 11;

  private static final Authority AUTHORITY = NodeKeySignatures.trusting(SIGNER);

  /**
   * How a valid chain is made: the node keys from 0 up, each but the first by a rotation, and at
   * which of these the wrapping key is handed over.
   */
  private record Recipe(boolean credential, int signer, List<Boolean> rotations) {
    NodeKeySignature chain() {
      int wrapping = FIRST_WRAPPING;
      NodeKeySignature chain =
          credential
              ? NodeKeySignatures.credential(signer, wrapping)
              : NodeKeySignatures.direct(0, signer, wrapping);
      for (int i = 0; i < rotations.size(); i++) {
        if (rotations.get(i)) {
          chain = NodeKeySignatures.rotationTo(chain, i + 1, wrapping, wrapping + 1);
          wrapping++;
        } else {
          chain = NodeKeySignatures.rotation(chain, i + 1, wrapping);
        }
      }
      return chain;
    }

    NodeKey nodeKey() {
      return NodeKeySignatures.nodeKey(rotations.size());
    }
  }

  private static Arbitrary<Recipe> recipes(Arbitrary<Integer> signers) {
    return Combinators.combine(
            Arbitraries.of(true, false),
            signers,
            Arbitraries.frequency(Tuple.of(4, false), Tuple.of(1, true)).list().ofMaxSize(15))
        .as(Recipe::new)
        .filter(recipe -> !recipe.credential() || !recipe.rotations().isEmpty());
  }

  @Provide
  Arbitrary<Recipe> validChains() {
    return recipes(Arbitraries.just(SIGNER));
  }

  /** One byte of an encoding is another, or more, or fewer. */
  private record Mutation(int how, int position, byte value) {
    byte[] applyTo(byte[] input) {
      int at = Math.floorMod(position, input.length);
      byte[] changed =
          switch (how) {
            case 0 -> input.clone();
            case 1 -> Arrays.copyOf(input, input.length + 1);
            default -> Arrays.copyOf(input, input.length - 1);
          };
      if (how == 0) {
        changed[at] ^= value;
      } else if (how == 1) {
        System.arraycopy(input, at, changed, at + 1, input.length - at);
        changed[at] = value;
      } else {
        System.arraycopy(input, at + 1, changed, at, input.length - at - 1);
      }
      return changed;
    }
  }

  @Provide
  Arbitrary<Mutation> mutations() {
    return Combinators.combine(
            Arbitraries.frequency(Tuple.of(8, 0), Tuple.of(1, 1), Tuple.of(1, 2)),
            Arbitraries.integers().between(0, 4000),
            Arbitraries.bytes().filter(value -> value != 0))
        .as(Mutation::new)
        .withoutEdgeCases();
  }

  @Property
  void mutatedSignatureNeverAuthorizes(
      @ForAll("validChains") Recipe recipe, @ForAll("mutations") Mutation mutation) {
    byte[] encoded = recipe.chain().encoded().toByteArray();
    byte[] mutated = mutation.applyTo(encoded);
    // One more byte of a run, or one fewer, may be the same bytes.
    boolean same = Arrays.equals(encoded, mutated);

    assertThat(NodeKeyAuthorization.of(AUTHORITY, recipe.nodeKey(), Bytes.copyOf(encoded)))
        .isInstanceOf(Authorized.class);
    assertThat(
            NodeKeyAuthorization.of(AUTHORITY, recipe.nodeKey(), Bytes.copyOf(mutated))
                instanceof Authorized)
        .isEqualTo(same);
  }

  /** As the property, of one chain whole. */
  @Test
  void noBitOfSignatureMayChange() {
    Recipe recipe = new Recipe(false, SIGNER, List.of(true, false));
    byte[] encoded = recipe.chain().encoded().toByteArray();
    for (int bit = 0; bit < 8 * encoded.length; bit++) {
      byte[] flipped = encoded.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));

      assertThat(NodeKeyAuthorization.of(AUTHORITY, recipe.nodeKey(), Bytes.copyOf(flipped)))
          .as("bit %d", bit)
          .isInstanceOf(NodeKeyAuthorization.Denied.class);
    }
  }

  /** What an edit does to one of the keys 1 to 3; key 4 signs it and stays. */
  private record Edit(int key, int what) {
    Aum on(Aum parent, State state) {
      Bytes id = TestKeys.id(key);
      if (what == 0) {
        return Chains.noOp(parent, "nothing", 4);
      }
      if (what == 1) {
        return Chains.checkpoint(parent, state, 4);
      }
      if (!state.trusts(id)) {
        return Chains.addKey(parent, TestKeys.key(key, 1), 4);
      }
      return what == 2 ? Chains.updateVotes(parent, id, 7, 4) : Chains.removeKey(parent, id, 4);
    }
  }

  @Provide
  Arbitrary<List<Edit>> edits() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 3), Arbitraries.integers().between(0, 3))
        .as(Edit::new)
        .list()
        .ofMaxSize(8);
  }

  @Provide
  Arbitrary<List<Recipe>> chainsOfSeveral() {
    return recipes(Arbitraries.of(1, 2, 3)).list().ofMinSize(1).ofMaxSize(3);
  }

  @Property
  void authorizedChainStaysSoUntilItsKeyIsRemoved(
      @ForAll("chainsOfSeveral") List<Recipe> recipes, @ForAll("edits") List<Edit> edits)
      throws TkaException {
    List<Aum> aums = new ArrayList<>();
    aums.add(
        Chains.genesis(
            List.of(TestKeys.key(1, 1), TestKeys.key(2, 1), TestKeys.key(3, 1), TestKeys.key(4, 9)),
            4));
    Authority authority = Authority.open(TestStores.holding(aums));
    Map<Recipe, Bytes> signatures = new HashMap<>();
    recipes.forEach(recipe -> signatures.put(recipe, recipe.chain().encoded()));
    PeerFilter filter = new PeerFilter(authority);
    List<Peer> peers = new ArrayList<>();
    for (Recipe recipe : signatures.keySet()) {
      peers.add(
          new Peer(
              recipe.toString(),
              recipe.nodeKey(),
              signatures.getOrDefault(recipe, Bytes.empty()),
              false));
    }
    filter.apply(PeerChange.whole(peers));
    for (Edit edit : edits) {
      aums.add(edit.on(aums.get(aums.size() - 1), authority.state()));
      authority = Authority.open(TestStores.holding(aums));
      filter.follow(authority);

      assertThat(authority.head()).isEqualTo(aums.get(aums.size() - 1).hash());
      for (Peer peer : peers) {
        Recipe recipe =
            recipes.stream().filter(r -> r.toString().equals(peer.id())).findFirst().orElseThrow();
        boolean trusted = authority.state().trusts(TestKeys.id(recipe.signer()));

        assertThat(
                NodeKeyAuthorization.of(authority, peer.nodeKey(), peer.signature())
                    instanceof Authorized)
            .isEqualTo(trusted);
        assertThat(filter.verdict(peer.id()).orElseThrow() instanceof PeerVerdict.Unauthorized)
            .isEqualTo(!trusted);
      }
    }
  }

  /**
   * What befalls a chain: it is rotated with the key that it names, or another; by hand, to hand
   * the wrapping key over; or a layer is spoilt.
   */
  private record Turn(int what, int nodeKey, int layer) {}

  @Provide
  Arbitrary<List<Turn>> turns() {
    return Combinators.combine(
            Arbitraries.frequency(Tuple.of(20, 0), Tuple.of(3, 1), Tuple.of(1, 2), Tuple.of(1, 3)),
            Arbitraries.integers().between(0, 60),
            Arbitraries.integers().between(0, 15))
        .as(Turn::new)
        .list()
        .ofMaxSize(40);
  }

  @Property
  void theResultOfRotateDecodesAndVerifies(
      @ForAll boolean credential, @ForAll("turns") List<Turn> turns) throws TkaException {
    int wrapping = FIRST_WRAPPING;
    boolean spoilt = false;
    NodeKeySignature chain =
        credential
            ? NodeKeySignatures.credential(SIGNER, wrapping)
            : NodeKeySignatures.direct(0, SIGNER, wrapping);
    for (Turn turn : turns) {
      NodeKey nodeKey = NodeKeySignatures.nodeKey(turn.nodeKey());
      switch (turn.what()) {
        case 1 -> {
          if (chain.layers().size() < NodeKeySignature.MAX_LAYERS) {
            int next = FIRST_WRAPPING + turn.layer() % 3;
            chain = NodeKeySignatures.rotationTo(chain, turn.nodeKey(), wrapping, next);
            wrapping = next;
          }
        }
        case 2 -> {
          // A second time would mend it.
          if (!spoilt) {
            chain = NodeKeySignatures.spoil(chain, turn.layer() % chain.layers().size());
            spoilt = true;
          }
        }
        default -> {
          int by = turn.what() == 0 ? wrapping : FIRST_WRAPPING + 5;
          NodeKeySignature old = chain;
          try {
            NodeKeySignature made = NodeKeySigning.rotate(old, nodeKey, TestKeys.privateKey(by));
            assertThat(spoilt).isFalse();
            assertIsRotation(made, old, nodeKey);
            chain = made;
          } catch (RotationException e) {
            assertMayBeRefused(e, old, by == wrapping, spoilt);
          }
        }
      }
    }
  }

  private static void assertIsRotation(
      NodeKeySignature made, NodeKeySignature old, NodeKey nodeKey) {
    Bytes encoded = made.encoded();
    assertThat(NodeKeyAuthorization.of(AUTHORITY, nodeKey, encoded))
        .isInstanceOfSatisfying(
            Authorized.class,
            authorized -> {
              if (made.equals(old)) {
                return;
              }
              List<NodeKey> previous = authorized.rotation().orElseThrow().previousNodeKeys();
              Optional<NodeKey> newest = previous.stream().findFirst();
              // So that the one that was replaced is obsolete.
              assertThat(newest).isEqualTo(old.nodeKey());
              assertThat(authorized.rotation().orElseThrow().initial())
                  .isEqualTo(old.layers().get(old.layers().size() - 1));
            });
  }

  private static void assertMayBeRefused(
      RotationException refused, NodeKeySignature old, boolean byItsKey, boolean spoilt) {
    if (refused instanceof RotationException.TooManyLayers) {
      assertThat(old.layers()).hasSize(NodeKeySignature.MAX_LAYERS);
    } else if (refused instanceof RotationException.OtherWrappingKey) {
      assertThat(byItsKey).isFalse();
    } else {
      assertThat(refused).isInstanceOf(RotationException.NeverVerifies.class);
      assertThat(spoilt).isTrue();
    }
  }
}
