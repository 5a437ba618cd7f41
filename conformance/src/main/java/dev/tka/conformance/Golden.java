package dev.tka.conformance;

import dev.tka.compaction.CompactionPolicy;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.State;
import dev.tka.core.TextException;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.Commit;
import dev.tka.core.store.Limits;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import dev.tka.sync.SyncOffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The parts shared by several kinds of golden files: stores, keys and states. */
final class Golden {
  private Golden() {}

  static Aum decode(Bytes encoded) throws Mismatch {
    try {
      return Aum.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      throw new Mismatch("an AUM of the case does not decode: " + e.getMessage());
    }
  }

  static List<Aum> decodeAll(List<Bytes> encoded) throws Mismatch {
    List<Aum> aums = new ArrayList<>();
    for (Bytes one : encoded) {
      aums.add(decode(one));
    }
    return aums;
  }

  static Optional<AumHash> hash(Optional<String> text) throws Mismatch {
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(AumHash.parse(text.get()));
    } catch (TextException e) {
      throw new Mismatch("a hash of the case does not parse: " + e.getMessage());
    }
  }

  static List<LockPrivateKey> privateKeys(List<String> texts) throws Mismatch {
    List<LockPrivateKey> keys = new ArrayList<>();
    for (String text : texts) {
      try {
        keys.add(LockPrivateKey.parse(text));
      } catch (TextException e) {
        throw new Mismatch("a private key of the case does not parse: " + e.getMessage());
      }
    }
    return keys;
  }

  /**
   * The policy of a compaction.
   *
   * @throws IllegalArgumentException if there is no such policy
   */
  static CompactionPolicy compactionPolicy(GoldenCase golden) throws Mismatch {
    return new CompactionPolicy(
        Math.toIntExact(golden.unsigned("min_chain")),
        Duration.ofSeconds(golden.unsigned("min_age_seconds")));
  }

  /** A store as golden data describes it: AUMs in any order, and the record. */
  record Store(List<Aum> aums, Optional<AumHash> lastActiveAncestor) {
    static Store of(GoldenCase golden) throws Mismatch {
      return new Store(
          decodeAll(golden.hexes("aums")), hash(golden.optionalText("last_active_ancestor")));
    }

    MemoryAumStore inMemory() throws Mismatch {
      MemoryAumStore store = new MemoryAumStore();
      Commit.Builder commit = Commit.on(store.read().revision());
      aums.forEach(aum -> commit.add(aum, Limits.EARLIEST_COMMIT));
      lastActiveAncestor.ifPresent(commit::lastActiveAncestor);
      try {
        store.commit(commit.build());
      } catch (StoreException e) {
        throw new Mismatch("the store does not accept the case's AUMs: " + e.getMessage());
      }
      return store;
    }
  }

  /** The authority in a case's store. */
  static LiveAuthority live(MemoryAumStore store) throws Mismatch {
    try {
      return LiveAuthority.open(store, AdmissionPolicy.REFERENCE, Clock.systemUTC());
    } catch (TkaException e) {
      throw new Mismatch("the case's store does not open: " + e.getMessage());
    }
  }

  /** The authority that results from AUMs, oldest first from genesis on. */
  static Authority authority(List<Aum> aums) throws Mismatch {
    try {
      LiveAuthority live =
          LiveAuthority.bootstrap(
              new MemoryAumStore(), aums.get(0), AdmissionPolicy.REFERENCE, Clock.systemUTC());
      if (aums.size() > 1) {
        live.inform(aums.subList(1, aums.size()));
      }
      return live.current();
    } catch (TkaException e) {
      throw new Mismatch("the case's authority is refused: " + e.getMessage());
    }
  }

  /** An offer as golden data describes it: {@code head, ancestors}. */
  static SyncOffer offer(GoldenCase golden) throws Mismatch {
    try {
      return SyncOffer.parse(
          golden.text("head"), golden.optionalTexts("ancestors").orElse(List.of()));
    } catch (TextException e) {
      throw new Mismatch("an offer of the case does not parse: " + e.getMessage());
    }
  }

  static List<String> texts(List<AumHash> hashes) {
    return hashes.stream().map(AumHash::toString).toList();
  }

  /** Compares an authority with {@code head, oldest_ancestor, keys, state?} of a case. */
  static void requireAuthority(GoldenCase golden, Authority authority) throws Mismatch {
    Mismatch.require("head", golden.text("head"), authority.head().toString());
    Mismatch.require(
        "oldest ancestor", golden.text("oldest_ancestor"), authority.oldestAncestor().toString());
    requireKeys(golden, authority.state());
    // Optional in a stranger's data; if present, it is binding.
    if (golden.has("state")) {
      Mismatch.require(
          "state",
          golden.hex("state"),
          checkpointOf(authority.state(), Optional.of(authority.head())).encoded());
    }
  }

  /** Compares a state with the {@code keys} of a case. */
  static void requireKeys(GoldenCase golden, State state) throws Mismatch {
    List<Map<String, Object>> expected = new ArrayList<>();
    for (GoldenCase key : golden.optionalObjects("keys").orElse(List.of())) {
      expected.add(
          describe(
              key.text("id"),
              key.optionalUnsigned("votes").orElse(0L),
              key.optionalTextMap("meta").orElse(Map.of())));
    }
    List<Map<String, Object>> found = new ArrayList<>();
    for (Key key : state.keys()) {
      found.add(describe(key.id().toHex(), key.votes(), key.meta()));
    }
    Mismatch.require("keys", expected, found);
  }

  /** A state as golden data prints it: the body of an unsigned checkpoint. */
  static Aum checkpointOf(State state, Optional<AumHash> parent) {
    Aum.Builder builder = Aum.builder(AumKind.CHECKPOINT).state(state.withoutLastAumHash());
    parent.ifPresent(builder::parent);
    return builder.build();
  }

  static List<String> sortedHashes(AumSnapshot snapshot) {
    return snapshot.entries().stream().map(entry -> entry.hash().toString()).sorted().toList();
  }

  private static Map<String, Object> describe(String id, long votes, Map<String, String> meta) {
    Map<String, Object> key = new LinkedHashMap<>();
    key.put("id", id);
    key.put("votes", Long.toUnsignedString(votes));
    key.put("meta", meta);
    return key;
  }
}
