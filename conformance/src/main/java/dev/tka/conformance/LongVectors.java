package dev.tka.conformance;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.MemoryAumStore;
import dev.tka.sync.Intersection;
import dev.tka.sync.SyncOffer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code long.jsonl}: one chain, built here by its recipe, opened and synced at lengths around the
 * reference's caps. Below the caps the data is binding. Above them the page decides, and a further
 * check is that the reference differs only because of its caps.
 */
final class LongVectors implements Checker {
  private static final String QUIRK = "no caps";

  /** How far back the reference walks for a head intersection and for an offer. */
  private static final int CAP = 1000;

  /** How far the reference walks to open a store. */
  private static final int OPENING_CAP = 2000;

  /** The maximum number of chains kept: a file has one, concatenated files have a few. */
  private static final int CHAINS = 4;

  /** The key that a chain adds and removes, by genesis: not every case names it. */
  private final Map<Bytes, KeyOnOff> keys = new ConcurrentHashMap<>();

  /** The chains built so far; each case is a prefix of the longest. */
  private final Map<Bytes, Recipe> recipes =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Recipe> eldest) {
          return size() > CHAINS;
        }
      };

  private record KeyOnOff(Bytes id, int votes) {}

  @Override
  public boolean looksAhead() {
    return true;
  }

  @Override
  public void lookAhead(GoldenCase golden) throws Mismatch {
    Optional<GoldenCase> key = golden.optionalObject("key");
    if (key.isPresent()) {
      keys.put(golden.hex("genesis"), new KeyOnOff(key.get().hex("id"), key.get().number("votes")));
    }
  }

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    golden.informative("recipe");
    Optional<String> quirk = golden.optionalText("quirk");
    Mismatch.require("quirk", QUIRK, quirk.orElse(QUIRK));
    try {
      if (golden.has("extend_head")) {
        Mismatch.require("quirk present", true, quirk.isPresent());
        checkInformPastTheCap(golden);
      } else {
        Mismatch.require("quirk present", true, quirk.isPresent() || golden.number("count") <= CAP);
        checkLength(golden);
      }
    } catch (TkaException e) {
      throw new Mismatch("a long chain was refused: " + e.getMessage());
    }
  }

  private void checkLength(GoldenCase golden) throws Mismatch, TkaException {
    int count = golden.number("count");
    List<Aum> chain = chain(golden, count);
    List<String> hashes = Golden.texts(chain.stream().map(Aum::hash).toList());
    Mismatch.require("last AUM", golden.text("last_aum"), hashes.get(count - 1));
    List<String> every = new ArrayList<>();
    for (int i = 0; i < count; i += golden.number("hash_every")) {
      every.add(hashes.get(i));
    }
    Mismatch.require("hashes", golden.optionalTexts("hashes"), Optional.of(every));
    Authority authority = holding(chain, 0, count).current();
    Mismatch.require("head", hashes.get(count - 1), authority.head().toString());
    Optional<String> opened = golden.optionalText("head");
    Mismatch.require(
        "opened by the reference",
        count <= OPENING_CAP ? Optional.of(hashes.get(count - 1)) : Optional.empty(),
        opened);
    golden.requireError("error", opened.isEmpty());
    List<Integer> checkpoints = golden.numbers("checkpoints_at");
    List<String> named = new ArrayList<>(checkpoints.stream().map(hashes::get).toList());
    Collections.reverse(named);
    SyncOffer offer = SyncOffer.of(authority);
    Mismatch.require("checkpoints offered", named, offer.ancestorTexts());
    Optional<GoldenCase> offered = golden.optionalObject("offer");
    if (offered.isPresent()) {
      requireOffer(offered.get(), offer, count);
      for (GoldenCase sync : golden.optionalObjects("sync").orElse(List.of())) {
        checkSync(sync, chain, authority, count, checkpoints, Golden.offer(offered.get()));
      }
    }
  }

  /**
   * The reference's offer equals ours or, for a chain longer than its cap, the part above the cap.
   */
  private static void requireOffer(GoldenCase golden, SyncOffer ours, int length) throws Mismatch {
    SyncOffer reference = Golden.offer(golden);
    Mismatch.require("offered head", reference.head(), ours.head());
    if (length <= CAP) {
      Mismatch.require("offer", reference, ours);
    } else {
      int above = reference.ancestors().size() - 1;
      Mismatch.require(
          "offer above the cap",
          reference.ancestors().subList(0, above),
          ours.ancestors().subList(0, above));
      Mismatch.require(
          "offer's end",
          reference.ancestors().get(above),
          ours.ancestors().get(ours.ancestors().size() - 1));
    }
  }

  private static void checkSync(
      GoldenCase golden,
      List<Aum> chain,
      Authority control,
      int count,
      List<Integer> checkpoints,
      SyncOffer referenceOffer)
      throws Mismatch, TkaException {
    Mismatch.require("length", count, golden.number("control_holds_first"));
    int from = golden.number("node_holds_from");
    int first = golden.number("node_holds_first");
    GoldenCase offered = golden.object("node_offer");
    SyncOffer nodeOffer = Golden.offer(offered);
    boolean bare = nodeOffer.ancestors().isEmpty();
    String what = "node of AUMs " + from + " to " + first + ": ";

    // The AUMs that the node lacks: by the page, from its head or, if unknown, its one ancestor.
    int after = first < 0 ? from + 1 : first;
    Intersection found = Intersection.find(control, nodeOffer);
    List<AumHash> toNode = MissingVectors.missing(control, found);
    Mismatch.require(
        what + "to the node", chain.subList(after, count).stream().map(Aum::hash).toList(), toNode);
    boolean capped = first >= 0 && count - first >= CAP;
    boolean refused = golden.optionalText("error").isPresent();
    Mismatch.require(what + "no intersection by the reference", capped && bare, refused);
    // Above its cap the reference falls back to the newest ancestor that the offer names.
    int sentByReference =
        refused ? 0 : capped ? count - 1 - newestNamed(nodeOffer, chain) : toNode.size();
    Mismatch.require(what + "number to the node", golden.number("to_node"), sentByReference);
    Optional<String> firstSent =
        sentByReference == 0
            ? Optional.empty()
            : Optional.of(chain.get(count - sentByReference).hash().toString());
    Mismatch.require(what + "first to the node", golden.optionalText("first_to_node"), firstSent);
    Mismatch.require(
        what + "last to the node",
        golden.optionalText("last_to_node"),
        firstSent.map(any -> chain.get(count - 1).hash().toString()));

    if (first < 0 || bare) {
      Mismatch.require(what + "to control", golden.number("to_control"), 0);
      golden.requireError("node_error", false);
      return;
    }
    Authority node = holding(chain, from, first).current();
    requireOffer(offered, SyncOffer.of(node), first - from);
    // The AUMs that control lacks: for the reference's capped offer as it says, and by the page for
    // ours.
    boolean nodeRefused = golden.optionalText("node_error").isPresent();
    Intersection byReference = Intersection.find(node, referenceOffer);
    Mismatch.require(
        what + "no intersection at the node",
        nodeRefused,
        byReference instanceof Intersection.None);
    Mismatch.require(
        what + "to control, for the reference's offer",
        golden.number("to_control"),
        MissingVectors.missing(node, byReference).size());
    int newestCheckpoint =
        checkpoints.stream().filter(at -> at < first).reduce((older, newer) -> newer).orElse(0);
    Mismatch.require(
        what + "to control, for our offer",
        first == count ? 0 : first - 1 - newestCheckpoint,
        MissingVectors.missing(node, Intersection.find(node, SyncOffer.of(control))).size());
  }

  private static int newestNamed(SyncOffer offer, List<Aum> chain) {
    List<AumHash> hashes = chain.stream().map(Aum::hash).toList();
    return offer.ancestors().stream()
        .mapToInt(hashes::indexOf)
        .filter(at -> at >= 0)
        .findFirst()
        .orElse(-1);
  }

  private void checkInformPastTheCap(GoldenCase golden) throws Mismatch, TkaException {
    int before = 1999;
    int extended = golden.number("extend_stored");
    // The reference's head after its failure is the one from before.
    Mismatch.require(
        "head after the failure", golden.text("extend_head"), golden.text("slow_head"));
    List<Aum> chain = chain(golden, extended + 1);
    LiveAuthority live = holding(chain, 0, before);
    live.inform(chain.subList(before, extended));
    Mismatch.require(
        "refused by the reference", Optional.empty(), golden.optionalText("extend_error"));
    Mismatch.require("head", golden.text("extend_head"), live.current().head().toString());
    Mismatch.require("stored", extended, live.current().snapshot().entries().size());
    live.inform(List.of(chain.get(extended), chain.get(extended - 1)));
    Mismatch.require("head", chain.get(extended).hash(), live.current().head());
    Mismatch.require(
        "stored", golden.number("slow_stored"), live.current().snapshot().entries().size());
    Mismatch.require(
        "head after opening again",
        live.current().head(),
        Authority.open(live.current().snapshot()).head());
    Mismatch.require(
        "refused by the reference",
        true,
        golden.optionalText("slow_error").isPresent()
            && golden.optionalText("reopen_error").isPresent());
  }

  /** An authority over a section of a chain. */
  private static LiveAuthority holding(List<Aum> chain, int from, int to) throws Mismatch {
    return Golden.live(new Golden.Store(chain.subList(from, to), Optional.empty()).inMemory());
  }

  private List<Aum> chain(GoldenCase golden, int count) throws Mismatch, TkaException {
    Bytes genesis = golden.hex("genesis");
    LockPrivateKey signer = Golden.privateKeys(List.of(golden.text("signer"))).get(0);
    Optional<GoldenCase> named = golden.optionalObject("key");
    KeyOnOff key =
        named.isPresent()
            ? new KeyOnOff(named.get().hex("id"), named.get().number("votes"))
            : Optional.ofNullable(keys.get(genesis))
                .orElseThrow(() -> new Mismatch("no case of the file names the chain's key"));
    Recipe recipe;
    synchronized (recipes) {
      recipe = recipes.computeIfAbsent(genesis, any -> new Recipe());
    }
    return recipe.grow(Golden.decode(genesis), signer, key, count);
  }

  /** A chain by its recipe: a key is added, removed, added again, each in its own batch. */
  private static final class Recipe {
    private final List<Aum> chain = new ArrayList<>();

    synchronized List<Aum> grow(Aum genesis, LockPrivateKey signer, KeyOnOff keyOnOff, int count)
        throws Mismatch, TkaException {
      Key key = new Key(Key.KIND_25519, keyOnOff.votes(), Optional.of(keyOnOff.id()), Map.of());
      if (chain.isEmpty()) {
        LiveAuthority.bootstrap(
            new MemoryAumStore(), genesis, AdmissionPolicy.REFERENCE, Clock.systemUTC());
        chain.add(genesis);
      }
      if (chain.size() < count) {
        LiveAuthority live = holding(chain, 0, chain.size());
        while (chain.size() < count) {
          UpdateBuilder builder = new UpdateBuilder(live.current(), signer);
          if (live.current().state().trusts(key.id())) {
            builder.removeKey(key.id());
          } else {
            builder.addKey(key);
          }
          List<Aum> updates = builder.build().updates();
          live.inform(updates);
          chain.addAll(updates);
        }
      }
      return List.copyOf(chain.subList(0, count));
    }
  }
}
