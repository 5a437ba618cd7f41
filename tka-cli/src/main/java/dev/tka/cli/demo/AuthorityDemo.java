package dev.tka.cli.demo;

import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.Texts;
import dev.tka.core.Aum;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.Signer;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.ForkResolution;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.store.KeyFile;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The life of an authority in a store: created, edited, forked, robbed and recovered, then verified
 * from the store alone. Ann, Bob and Carol hold its keys; Mallory gets hold of Carol's.
 */
public final class AuthorityDemo {
  private static final String TAILNET = "ann.example";
  private static final Clock CLOCK = Clock.systemUTC();

  private final Path folder;
  private final Tailnets control;
  private final SecureRandom random;
  private final PrintWriter out;
  private final Map<Bytes, String> names = new HashMap<>();

  /** A demo that keeps its secret keys in a folder, and its authority in a store. */
  public AuthorityDemo(Path folder, Tailnets control, SecureRandom random, PrintWriter out) {
    this.folder = folder;
    this.control = control;
    this.random = random;
    this.out = out;
  }

  public void run() throws TkaException, IOException, CommandFailure {
    LockPrivateKey ann = newKey("ann");
    LockPrivateKey bob = newKey("bob");
    LockPrivateKey carol = newKey("carol");

    DemoCommand.title(out, "4. A new authority, from three keys to a fork");
    LiveAuthority live = create(ann, bob, carol);
    edit(live, bob);
    fork(live, ann, bob);

    DemoCommand.title(out, "5. A stolen key, revoked from before the theft");
    LockPublicKey mallory = steal(live, carol, bob);
    revoke(live, ann, bob, Set.of(carol.publicKey().bytes(), mallory.bytes()));

    DemoCommand.title(out, "6. The same authority, from the SQLite file alone");
    Authority reopened = Authority.open(control.tailnet(TAILNET));
    DemoCommand.requireEqual("head", live.current().head().toString(), reopened.head().toString());
    DemoCommand.show(reopened, out);
  }

  private LiveAuthority create(Signer ann, Signer bob, Signer carol) throws TkaException {
    DisablementSecret secret = DisablementSecret.generate(random);
    List<Key> keys =
        List.of(
            Key.of(ann.publicKey(), 1), Key.of(bob.publicKey(), 2), Key.of(carol.publicKey(), 1));
    Aum genesis = Genesis.create(List.of(secret.value()), keys, ann, random);
    say("Ann signs the genesis " + genesis.hash());
    return LiveAuthority.bootstrap(
        control.tailnet(TAILNET), genesis, AdmissionPolicy.REFERENCE, CLOCK);
  }

  private void edit(LiveAuthority live, Signer bob) throws TkaException, IOException {
    LockPublicKey dave = newKey("dave").publicKey();
    UpdateBuilder.Batch batch =
        new UpdateBuilder(live.current(), bob)
            .addKey(Key.of(dave, 1))
            .setMeta(dave.bytes(), Map.of("purpose", "build machine"))
            .build();
    live.inform(batch.updates());
    say("Bob, whose key has two votes, adds Dave, and notes the purpose of the key");
    sayTrusted(live.current());
  }

  private void fork(LiveAuthority live, Signer ann, Signer bob)
      throws TkaException, IOException, CommandFailure {
    Authority seen = live.current();
    Key erin = Key.of(newKey("erin").publicKey(), 1);
    Key dave = seen.state().keys().get(seen.state().keys().size() - 1);
    List<Aum> anns = new UpdateBuilder(seen, ann).addKey(erin).build().updates();
    List<Aum> bobs = new UpdateBuilder(seen, bob).removeKey(dave.id()).build().updates();
    live.inform(anns);
    InformResult second = live.inform(bobs);
    say("On one head, Ann adds Erin and Bob removes Dave: one vote against two, so Dave is gone");
    DemoCommand.requireEqual(
        "winner", bobs.get(0).hash().toString(), second.after().head().toString());
    sayTrusted(live.current());
  }

  private LockPublicKey steal(LiveAuthority live, Signer carol, Signer bob)
      throws TkaException, IOException {
    LockPublicKey mallory = newKey("mallory").publicKey();
    UpdateBuilder.Batch batch =
        new UpdateBuilder(live.current(), carol)
            .removeKey(bob.publicKey().bytes())
            .addKey(Key.of(mallory, 1))
            .build();
    live.inform(batch.updates());
    say("With Carol's key, Mallory removes Bob and adds a key");
    sayTrusted(live.current());
    return mallory;
  }

  private void revoke(LiveAuthority live, Signer ann, Signer bob, Set<Bytes> stolen)
      throws TkaException {
    Authority robbed = live.current();
    Aum signed = Revocation.sign(robbed, Revocation.draft(robbed, stolen, ann.publicKey()), ann);
    say("Ann revokes Carol and Mallory from the genesis on: " + outcome(robbed, signed));
    Aum cosigned = Revocation.sign(robbed, signed, bob);
    say("Bob, who was trusted there, co-signs: " + outcome(robbed, cosigned));
    live.inform(List.of(cosigned));
    sayTrusted(live.current());
    Key bobs = Key.of(bob.publicKey(), 1);
    live.inform(new UpdateBuilder(live.current(), ann).addKey(bobs).build().updates());
    say("Ann adds Bob again");
    sayTrusted(live.current());
  }

  private static String outcome(Authority authority, Aum revocation) throws TkaException {
    Revocation.Effect effect = Revocation.effect(authority, revocation);
    return Texts.count(effect.weight(), "vote")
        + " against "
        + effect.rival().map(ForkResolution.Contender::weight).orElse(0L)
        + (effect.outcome() == Revocation.Outcome.TAKES_EFFECT ? ", it wins" : ", not enough");
  }

  /** Writes a new key to a file of its own, and reads it back. */
  private LockPrivateKey newKey(String name) throws TkaException, IOException {
    Path file = folder.resolve(name + ".key");
    KeyFile.create(file, LockPrivateKey.generate(random));
    LockPrivateKey key = KeyFile.read(file);
    names.put(key.publicKey().bytes(), name);
    return key;
  }

  private void say(String what) {
    out.println("  " + what);
  }

  private void sayTrusted(Authority authority) {
    List<String> trusted =
        authority.state().keys().stream().map(key -> names.get(key.id())).toList();
    out.println("      trusted: " + String.join(", ", trusted));
  }
}
