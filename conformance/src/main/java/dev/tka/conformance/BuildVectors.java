package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.AumEntry;
import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.core.store.StoreException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code build.jsonl}: creating an authority, and building updates. Every batch starts from the
 * reference's authority, so that batches after a quirk are binding again. Binding or not, every
 * batch must be the one that {@link NaiveBuilding} computes.
 */
final class BuildVectors implements Checker {
  private static final Set<String> QUIRKS =
      Set.of(
          "what would never be accepted is refused by the builder",
          "protocol.md section 4, building");

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    Optional<String> quirk = golden.optionalText("quirk");
    if (quirk.isPresent() && !QUIRKS.contains(quirk.get())) {
      throw new Mismatch("unknown quirk: " + quirk.get());
    }
    List<LockPrivateKey> privateKeys =
        Golden.privateKeys(golden.optionalTexts("private_keys").orElse(List.of()));
    try {
      Optional<GoldenCase> create = golden.optionalObject("create");
      if (create.isPresent()) {
        checkCreation(golden, create.get(), privateKeys);
      } else {
        checkBatches(golden, quirk.isPresent(), privateKeys);
      }
    } catch (TkaException e) {
      throw new Mismatch("the reference accepts it, this build refuses it: " + e.getMessage());
    }
  }

  private static void checkCreation(
      GoldenCase golden, GoldenCase create, List<LockPrivateKey> privateKeys)
      throws Mismatch, TkaException {
    boolean accepted = golden.optionalText("error").isEmpty();
    Optional<Bytes> expected = golden.optionalHex("genesis").filter(bytes -> !bytes.isEmpty());
    List<Key> keys = new ArrayList<>();
    boolean usable = true;
    for (GoldenCase key : create.optionalObjects("keys").orElse(List.of())) {
      Bytes id = key.hex("id");
      usable &= id.size() == LockPublicKey.SIZE;
      keys.add(
          new Key(
              Key.KIND_25519,
              key.optionalUnsigned("votes").orElse(0L),
              Optional.of(id),
              key.optionalTextMap("meta").orElse(Map.of())));
    }
    State state =
        State.of(
            create.optionalTexts("disablement_values").isPresent()
                ? create.hexes("disablement_values")
                : List.of(),
            keys,
            create.optionalUnsigned("state_id1").orElseThrow(),
            create.optionalUnsigned("state_id2").orElseThrow());
    Signer signer = privateKeys.get(index(golden, "signer"));
    Optional<Aum> created = Optional.empty();
    try {
      created = Optional.of(Genesis.create(state, signer));
    } catch (BuildException.UnusableKey e) {
      Mismatch.require("usable (" + e.getMessage() + ")", usable, false);
    } catch (BuildException e) {
      Mismatch.require("created (" + e.getMessage() + ")", accepted, false);
    }
    Mismatch.require("created", accepted && usable, created.isPresent());
    if (accepted) {
      // The reference makes a key that could never sign; this build reads it, and refuses to make
      // it
      // (protocol, section 3).
      Aum genesis = signer.sign(Golden.checkpointOf(state, Optional.empty()));
      Mismatch.require("genesis", expected, Optional.of(genesis.encoded()));
      Mismatch.require("genesis", genesis, created.orElse(genesis));
      begin(genesis);
    } else {
      Mismatch.require("genesis", expected, Optional.empty());
    }
  }

  private static void checkBatches(
      GoldenCase golden, boolean quirk, List<LockPrivateKey> privateKeys)
      throws Mismatch, TkaException {
    LiveAuthority live = begin(Golden.decode(golden.hex("genesis")));
    if (golden.has("before")) {
      live.inform(Golden.decodeAll(golden.hexes("before")));
    }
    List<GoldenCase> batches = golden.optionalObjects("batches").orElse(List.of());
    List<GoldenCase> results = golden.optionalObjects("results").orElse(List.of());
    Mismatch.require("results", batches.size(), results.size());
    boolean anyRefused = false;
    for (int i = 0; i < batches.size(); i++) {
      try {
        Batch batch = build(batches.get(i), live.current(), privateKeys);
        anyRefused |= !check(batch, results.get(i), live);
      } catch (Mismatch e) {
        throw new Mismatch("batch " + i + ": " + e.getMessage());
      }
    }
    Mismatch.require("unmarked quirk", false, anyRefused && !quirk);
    Mismatch.require("head", golden.text("head"), live.current().head().toString());
    Golden.requireKeys(golden, live.current().state());
    GoldenCase reopened = golden.object("reopened");
    reopened.requireError("error", false);
    Golden.requireAuthority(reopened, Authority.open(live.current().snapshot()));
  }

  /** This build's result for a batch: whether each operation is accepted, and the AUMs. */
  private record Batch(
      List<Boolean> accepted, List<Aum> aums, NaiveBuilding.Checkpoint checkpoint) {}

  private static Batch build(
      GoldenCase golden, Authority authority, List<LockPrivateKey> privateKeys)
      throws Mismatch, StoreException {
    int number = index(golden, "signer");
    Signer signer = number < 0 ? new AbsentSigner(privateKeys.get(0)) : privateKeys.get(number);
    UpdateBuilder builder = new UpdateBuilder(authority, signer);
    NaiveBuilding naive =
        new NaiveBuilding(authority, number < 0 ? Bytes.empty() : signer.publicKey().bytes());
    List<Boolean> accepted = new ArrayList<>();
    List<Boolean> expected = new ArrayList<>();
    for (GoldenCase op : golden.optionalObjects("ops").orElse(List.of())) {
      Bytes keyId = privateKeys.get(index(op, "key")).publicKey().bytes();
      long votes = op.optionalUnsigned("votes").orElse(0L);
      Map<String, String> meta = op.optionalTextMap("meta").orElse(Map.of());
      Key key = new Key(Key.KIND_25519, votes, Optional.of(keyId), meta);
      try {
        switch (op.text("op")) {
          case "add-key" -> {
            expected.add(naive.addKey(key));
            builder.addKey(key);
          }
          case "remove-key" -> {
            expected.add(naive.removeKey(keyId));
            builder.removeKey(keyId);
          }
          case "set-votes" -> {
            expected.add(naive.setVotes(keyId, votes));
            builder.setVotes(keyId, votes);
          }
          case "set-meta" -> {
            expected.add(naive.setMeta(keyId, meta));
            builder.setMeta(keyId, meta);
          }
          default -> throw new Mismatch("unknown op: " + op.text("op"));
        }
        accepted.add(true);
      } catch (BuildException | SigningException e) {
        accepted.add(false);
      }
    }
    Mismatch.require("operations accepted, by the page", expected, accepted);
    UpdateBuilder.Batch built;
    try {
      built = builder.build();
    } catch (SigningException e) {
      // Only a checkpoint is signed here, and the page says that there must not be one.
      Mismatch.require(
          "checkpoint, by the page (" + e.getMessage() + ")",
          naive.checkpoint(),
          NaiveBuilding.Checkpoint.PUT_OFF);
      return new Batch(accepted, List.of(), NaiveBuilding.Checkpoint.PUT_OFF);
    }
    boolean appended =
        !built.updates().isEmpty()
            && built.updates().get(built.updates().size() - 1).kind().equals(AumKind.CHECKPOINT);
    NaiveBuilding.Checkpoint checkpoint =
        appended
            ? NaiveBuilding.Checkpoint.APPENDED
            : built.checkpointPutOff().isPresent()
                ? NaiveBuilding.Checkpoint.PUT_OFF
                : NaiveBuilding.Checkpoint.NOT_DUE;
    Mismatch.require("checkpoint, by the page", naive.checkpoint(), checkpoint);
    int operations = (int) accepted.stream().filter(one -> one).count();
    Mismatch.require("AUMs", operations + (appended ? 1 : 0), built.updates().size());
    return new Batch(accepted, built.updates(), checkpoint);
  }

  /**
   * Compares a batch with the reference's, and leaves the authority where the reference's is.
   *
   * @return true if the reference's batch was built and accepted, so that it is binding
   */
  private static boolean check(Batch batch, GoldenCase result, LiveAuthority live)
      throws Mismatch, TkaException {
    List<Boolean> golden = result.nulls("op_errors");
    Optional<String> notBuilt = result.optionalText("error");
    Optional<String> notTakenIn = result.optionalText("inform_error");
    boolean binds = notBuilt.isEmpty() && notTakenIn.isEmpty();
    List<String> aums = result.optionalTexts("aums").orElse(List.of());
    if (!batch.aums().isEmpty()) {
      // A peer accepts every batch after a trip over the wire.
      peerOf(live.current().snapshot()).inform(overTheWire(batch.aums()));
    }
    if (binds) {
      Mismatch.require("operations accepted", golden, batch.accepted());
      Mismatch.require(
          "AUMs", aums, batch.aums().stream().map(aum -> aum.encoded().toHex()).toList());
      if (!batch.aums().isEmpty()) {
        live.inform(overTheWire(batch.aums()));
      }
    } else {
      boolean refusesMore = !golden.equals(batch.accepted());
      boolean putOff = batch.checkpoint() == NaiveBuilding.Checkpoint.PUT_OFF;
      Mismatch.require("refused or postponed", true, refusesMore || putOff);
      requireRefused(live, aums.isEmpty() ? List.of() : Golden.decodeAll(result.hexes("aums")));
    }
    Mismatch.require("head", result.text("head"), live.current().head().toString());
    return binds;
  }

  private static void requireRefused(LiveAuthority live, List<Aum> aums) throws Mismatch {
    if (aums.isEmpty()) {
      return;
    }
    try {
      live.inform(aums);
    } catch (TkaException expected) {
      return;
    }
    throw new Mismatch("expected the reference's batch to be refused, found it accepted");
  }

  private static List<Aum> overTheWire(List<Aum> aums) throws Mismatch {
    return Golden.decodeAll(aums.stream().map(Aum::encoded).toList());
  }

  private static LiveAuthority begin(Aum genesis) throws TkaException {
    return LiveAuthority.bootstrap(
        new MemoryAumStore(), genesis, AdmissionPolicy.REFERENCE, Clock.systemUTC());
  }

  private static LiveAuthority peerOf(AumSnapshot snapshot) throws Mismatch, TkaException {
    List<Aum> aums = new ArrayList<>();
    for (AumEntry entry : snapshot.entries()) {
      aums.add(snapshot.get(entry.hash()));
    }
    return LiveAuthority.open(
        new Golden.Store(aums, snapshot.lastActiveAncestor()).inMemory(),
        AdmissionPolicy.REFERENCE,
        Clock.systemUTC());
  }

  private static int index(GoldenCase golden, String field) throws Mismatch {
    return Math.toIntExact(
        golden.optionalUnsigned(field).orElseThrow(() -> new Mismatch(field + " is missing")));
  }

  /** The reference builds without a signer; the nearest thing here is a signer that cannot sign. */
  private record AbsentSigner(LockPrivateKey key) implements Signer {
    @Override
    public LockPublicKey publicKey() {
      return key.publicKey();
    }

    @Override
    public Bytes sign(Bytes sigHash) throws SigningException {
      throw new SigningException("there is no signer");
    }
  }
}
