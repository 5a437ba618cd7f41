package dev.tka.client.testkit;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.Key;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TkaException;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Genesis;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.Revocation;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.NodeKeySigning;
import dev.tka.core.store.MemoryAumStore;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A tailscaled with a real authority inside, and a control server that follows the reference's
 * rules. The daemon hears of a change at the next map, as a real one does: at once after a change
 * that it made, unless a test holds the maps back.
 */
public final class FakeDaemon implements AutoCloseable {
  private static final String LOCK = "/localapi/v0/tka/";

  /** A node of the tailnet, as control has it. */
  public record Node(
      int number, String name, NodeKey nodeKey, Optional<NodeKeySignature> signature) {}

  /** Answers in the place of the daemon. */
  @FunctionalInterface
  public interface Instead {
    /** Returns false to let the daemon answer, after whatever this did. */
    boolean to(OutputStream out) throws Exception;
  }

  private final FakeServer server;
  private final LockPrivateKey key;
  private final Map<Integer, Node> nodes = new ConcurrentHashMap<>();
  private final Map<String, Instead> instead = new ConcurrentHashMap<>();
  private final Map<String, Runnable> after = new ConcurrentHashMap<>();
  private final List<String> secrets = new CopyOnWriteArrayList<>();

  /** Control's authority, and the node's; none while the lock is off. */
  private @Nullable LiveAuthority control;

  private @Nullable LiveAuthority here;
  private boolean loggedIn = true;
  private boolean mapsHeld;

  /** A daemon of node 1, whose lock is off. */
  public FakeDaemon(Path socket, LockPrivateKey key, NodeKey nodeKey) throws IOException {
    this.key = key;
    nodes.put(1, new Node(1, "own", nodeKey, Optional.empty()));
    server = FakeServer.on(socket, this::answer);
  }

  /**
   * Enables the lock with trusted keys; the signer's signature begins it, and the secret of a value
   * ends it.
   */
  public synchronized FakeDaemon enable(LockPrivateKey signer, Bytes disablement, Key... keys)
      throws TkaException {
    Aum genesis = Genesis.create(List.of(disablement), List.of(keys), signer, new SecureRandom());
    control = begin(genesis);
    here = begin(genesis);
    return this;
  }

  private static LiveAuthority begin(Aum genesis) throws TkaException {
    return LiveAuthority.bootstrap(
        new MemoryAumStore(), genesis, AdmissionPolicy.REFERENCE, Clock.systemUTC());
  }

  /** Adds a node, or puts it in the place of the one with this number. */
  public FakeDaemon node(Node node) {
    nodes.put(node.number(), node);
    return this;
  }

  /** The nodes as control has them. */
  public Node node(int number) {
    return nodes.get(number);
  }

  /** Has a call answered otherwise, or something done before it. */
  public FakeDaemon instead(String call, Instead answer) {
    instead.put(call, answer);
    return this;
  }

  /** Has something done after a call was made, and before it is answered. */
  public FakeDaemon after(String call, Runnable what) {
    after.put(call, what);
    return this;
  }

  /** An error as the daemon writes it. */
  public static Instead error(int status, String text) {
    return out -> {
      FakeServer.answer(out, status, "", (text + "\n").getBytes(StandardCharsets.UTF_8));
      return true;
    };
  }

  /** Has no map come until {@link #map}. */
  public synchronized FakeDaemon holdMaps() {
    mapsHeld = true;
    return this;
  }

  /** Has a map come, and all that follow. */
  public synchronized void map() {
    mapsHeld = false;
    deliver();
  }

  public synchronized FakeDaemon logOut() {
    loggedIn = false;
    control = null;
    here = null;
    return this;
  }

  /** Control's authority. */
  public synchronized Authority control() {
    return live(control).current();
  }

  /** Whether control has one. */
  public synchronized boolean isEnabled() {
    return control != null;
  }

  /** The requests that came. */
  public List<FakeServer.Asked> asked() {
    return server.asked();
  }

  /** The private keys and disablement secrets that came, as texts. */
  public List<String> secrets() {
    return List.copyOf(secrets);
  }

  /** Gives control AUMs that another node made on its own head; returns them. */
  public synchronized List<Aum> elsewhere(LockPrivateKey signer, Key added) {
    return elsewhere(live(control).current(), signer, added);
  }

  /** The same, made on what this daemon has: control may then have another head. */
  public synchronized List<Aum> elsewhereOnSameHead(LockPrivateKey signer, Key added) {
    return elsewhere(live(here).current(), signer, added);
  }

  /** Gives control AUMs that are made already. */
  public synchronized FakeDaemon inform(List<Aum> aums) throws TkaException {
    live(control).inform(aums);
    return this;
  }

  private List<Aum> elsewhere(Authority base, LockPrivateKey signer, Key added) {
    try {
      List<Aum> made = new UpdateBuilder(base, signer).addKey(added).build().updates();
      live(control).inform(made);
      return made;
    } catch (TkaException e) {
      throw new IllegalStateException(e);
    }
  }

  private static LiveAuthority live(@Nullable LiveAuthority authority) {
    if (authority == null) {
      throw new IllegalStateException("the lock is off");
    }
    return authority;
  }

  private void deliver() {
    if (mapsHeld) {
      return;
    }
    try {
      if (control == null) {
        here = null;
      } else if (here == null) {
        Authority there = control.current();
        here = begin(there.snapshot().get(there.oldestAncestor()));
      }
      if (control != null && here != null) {
        List<Aum> all = new ArrayList<>();
        for (AumHash hash : oldestFirst(control.current())) {
          all.add(control.current().snapshot().get(hash));
        }
        here.inform(all);
      }
    } catch (TkaException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<AumHash> oldestFirst(Authority authority) throws TkaException {
    Set<AumHash> left = new LinkedHashSet<>();
    authority.snapshot().entries().forEach(entry -> left.add(entry.hash()));
    List<AumHash> hashes = new ArrayList<>();
    while (!left.isEmpty()) {
      for (AumHash hash : List.copyOf(left)) {
        Optional<AumHash> parent = authority.snapshot().get(hash).parent();
        if (parent.isEmpty() || !left.contains(parent.get())) {
          left.remove(hash);
          hashes.add(hash);
        }
      }
    }
    return hashes;
  }

  private synchronized void answer(FakeServer.Asked request, OutputStream out) throws Exception {
    String path = request.path().replaceFirst("\\?.*", "");
    String call = path.startsWith(LOCK) ? path.substring(LOCK.length()) : path;
    Instead replaced = instead.get(call);
    if (replaced != null && replaced.to(out)) {
      return;
    }
    byte[] answer;
    int status = 200;
    try {
      answer = made(call, request.body().toByteArray());
    } catch (Failed e) {
      status = e.status;
      answer = (e.text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (TkaException e) {
      status = 500;
      answer =
          ("request returned (400): " + e.getMessage() + "\n\n").getBytes(StandardCharsets.UTF_8);
    }
    Runnable then = after.get(call);
    if (then != null) {
      then.run();
    }
    deliver();
    FakeServer.answer(out, status == 200 && call.equals("modify") ? 204 : status, "", answer);
  }

  /** An error. */
  private static final class Failed extends Exception {
    private final int status;
    private final String text;

    Failed(int status, String text) {
      super(text);
      this.status = status;
      this.text = text;
    }
  }

  private byte[] made(String call, byte[] body) throws TkaException, IOException, Failed {
    return switch (call) {
      case "status" -> json(status());
      case "/localapi/v0/status" ->
          json(
              Map.of(
                  "Self",
                  loggedIn ? Map.of("ID", stableId(1), "DNSName", node(1).name()) : Map.of()));
      case "init" -> {
        Map<String, @Nullable Object> before = status();
        init(JSON.std.mapFrom(body));
        yield json(before);
      }
      case "log" -> json(log(requireHere("reading log failed: ")));
      case "modify" -> {
        modify(JSON.std.mapFrom(body));
        yield new byte[0];
      }
      case "sign" -> {
        sign(JSON.std.mapFrom(body));
        yield new byte[0];
      }
      case "affected-sigs" -> json(affected(Bytes.copyOf(body)));
      case "generate-recovery-aum" -> generate(JSON.std.mapFrom(body)).encoded().toByteArray();
      case "cosign-recovery-aum" -> cosign(Aum.decode(body)).encoded().toByteArray();
      case "submit-recovery-aum" -> {
        requireHere("");
        live(control).inform(List.of(Aum.decode(body)));
        yield new byte[0];
      }
      case "wrap-preauth-key" -> wrap(JSON.std.mapFrom(body)).getBytes(StandardCharsets.UTF_8);
      case "disable" -> {
        disable(DisablementSecret.of(body));
        yield new byte[0];
      }
      default -> throw new Failed(404, "404 page not found");
    };
  }

  private void disable(DisablementSecret secret) throws Failed {
    secrets.add(secret.exposeText());
    if (!requireHere("tailnet-lock disable failed: ").state().isDisabledBy(secret)) {
      throw new Failed(400, "tailnet-lock disable failed: incorrect disablement secret");
    }
    control = null;
  }

  private Authority requireHere(String prefix) throws Failed {
    if (here == null) {
      throw new Failed(
          prefix.contains("disable") ? 400 : 500, prefix + "tailnet-lock is not active");
    }
    return here.current();
  }

  private static byte[] json(@Nullable Object value) throws IOException {
    return JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES).asBytes(value);
  }

  private static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static Bytes bytes(Object base64) {
    return Bytes.copyOf(Base64.getDecoder().decode(String.valueOf(base64)));
  }

  private static List<Integer> numbers(AumHash hash) {
    List<Integer> numbers = new ArrayList<>();
    for (byte each : hash.toByteArray()) {
      numbers.add(each & 0xff);
    }
    return numbers;
  }

  private static String stableId(int number) {
    return "n" + number + "CNTRL";
  }

  private Map<String, @Nullable Object> status() throws TkaException {
    Map<String, @Nullable Object> status = new LinkedHashMap<>();
    Node own = node(1);
    status.put("Enabled", here != null);
    status.put("Head", here == null ? null : numbers(here.current().head()));
    status.put("PublicKey", loggedIn ? key.publicKey().toWireText() : "nlpub:" + "0".repeat(64));
    status.put("NodeKey", loggedIn ? own.nodeKey().toString() : null);
    if (here == null) {
      status.put("StateID", 0);
      return status;
    }
    Authority authority = here.current();
    status.put("NodeKeySigned", isKept(authority, own));
    status.put("NodeKeySignature", signature(own.signature()));
    status.put(
        "StateID", new java.math.BigInteger(Long.toUnsignedString(authority.state().stateId1())));
    List<Object> visible = new ArrayList<>();
    List<Object> filtered = new ArrayList<>();
    for (Node node : nodes.values()) {
      if (node.number() != 1) {
        (isKept(authority, node) ? visible : filtered).add(peer(node));
      }
    }
    status.put("VisiblePeers", visible.isEmpty() ? null : visible);
    status.put("FilteredPeers", filtered.isEmpty() ? null : filtered);
    return status;
  }

  private static boolean isKept(Authority authority, Node node) {
    return node.signature().isPresent()
        && NodeKeyAuthorization.of(authority, node.nodeKey(), node.signature().get().encoded())
            instanceof NodeKeyAuthorization.Authorized;
  }

  private static Map<String, @Nullable Object> peer(Node node) {
    Map<String, @Nullable Object> peer = new LinkedHashMap<>();
    peer.put("Name", node.name());
    peer.put("ID", node.number());
    peer.put("StableID", stableId(node.number()));
    peer.put("TailscaleIPs", List.of("100.64.0." + node.number()));
    peer.put("NodeKey", node.nodeKey().toString());
    peer.put("NodeKeySignature", signature(node.signature()));
    return peer;
  }

  private static Map<String, @Nullable Object> signature(Optional<NodeKeySignature> made) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("SigKind", made.map(NodeKeySignature::kind).orElse(0));
    fields.put("Pubkey", made.map(NodeKeySignature::pubkey).map(FakeDaemon::orNull).orElse(null));
    fields.put("KeyID", made.map(NodeKeySignature::keyId).map(FakeDaemon::orNull).orElse(null));
    fields.put(
        "Signature", made.map(NodeKeySignature::signature).map(FakeDaemon::orNull).orElse(null));
    fields.put(
        "Nested",
        made.flatMap(NodeKeySignature::nested)
            .map(Optional::of)
            .map(FakeDaemon::signature)
            .orElse(null));
    fields.put(
        "WrappingPubkey",
        made.map(NodeKeySignature::wrappingPubkey).map(FakeDaemon::orNull).orElse(null));
    return fields;
  }

  private static @Nullable String orNull(Bytes bytes) {
    return bytes.isEmpty() ? null : base64(bytes);
  }

  private static List<Object> log(Authority authority) throws TkaException {
    List<Object> entries = new ArrayList<>();
    for (AumHash hash : authority.newestFirst(Integer.MAX_VALUE)) {
      Aum aum = authority.snapshot().get(hash);
      entries.add(
          Map.of(
              "Hash", numbers(hash),
              "Change", aum.kind().toString(),
              "Raw", base64(aum.encoded())));
    }
    return entries;
  }

  private static List<Key> keys(@Nullable Object list) {
    List<Key> keys = new ArrayList<>();
    if (list instanceof List<?> known) {
      for (Object each : known) {
        Map<?, ?> fields = (Map<?, ?>) each;
        Map<String, String> meta = new LinkedHashMap<>();
        if (fields.get("Meta") instanceof Map<?, ?> pairs) {
          pairs.forEach((name, value) -> meta.put(String.valueOf(name), String.valueOf(value)));
        }
        keys.add(
            Key.of(
                    new LockPublicKey(bytes(fields.get("Public"))),
                    ((Number) fields.get("Votes")).intValue())
                .withMeta(meta));
      }
    }
    return keys;
  }

  private void init(Map<String, Object> request) throws TkaException, Failed {
    if (!loggedIn) {
      throw new Failed(403, "Tailnet Lock is not supported on your pricing plan");
    }
    if (control != null) {
      throw new Failed(
          500,
          "initialization failed: tka init-begin RPC: request returned (409): tailnet lock is"
              + " already enabled\n");
    }
    List<Bytes> values = new ArrayList<>();
    ((List<?>) request.get("DisablementValues")).forEach(value -> values.add(bytes(value)));
    control = begin(Genesis.create(values, keys(request.get("Keys")), key, new SecureRandom()));
    for (Node node : List.copyOf(nodes.values())) {
      nodes.put(node.number(), signed(node.nodeKey(), Optional.empty()));
    }
  }

  private void modify(Map<String, Object> request) throws TkaException, Failed {
    String prefix = "tailnet-lock modify failed: modify tailnet-lock keys: ";
    if (!loggedIn) {
      throw new Failed(500, prefix + "no node-key: is tailscale logged in?");
    }
    Authority authority = requireHere(prefix);
    if (!authority.state().trusts(key.publicKey().bytes())) {
      throw new Failed(500, prefix + "this node does not have a trusted tailnet lock key");
    }
    UpdateBuilder builder = new UpdateBuilder(authority, key);
    for (Key added : keys(request.get("AddKeys"))) {
      if (authority.state().trusts(added.id())) {
        throw new Failed(
            500,
            prefix + "cannot add key " + LockPublicKey.textOf(added.id()) + ": already exists");
      }
      builder.addKey(added);
    }
    for (Key removed : keys(request.get("RemoveKeys"))) {
      if (!authority.state().trusts(removed.id())) {
        throw new Failed(
            500, prefix + "failed reading key " + removed.id().toHex() + ": key not found");
      }
      builder.removeKey(removed.id());
    }
    List<Aum> updates = builder.build().updates();
    if (!updates.isEmpty()) {
      live(control).inform(updates);
      if (!live(control).current().head().equals(updates.get(updates.size() - 1).hash())) {
        throw new Failed(500, prefix + "central tka head differs from submitted AUM, try again");
      }
    }
  }

  private void sign(Map<String, Object> request) throws TkaException, Failed {
    Authority authority = requireHere("signing failed: ");
    if (!authority.state().trusts(key.publicKey().bytes())) {
      throw new Failed(500, "signing failed: this node is not trusted by Tailnet Lock");
    }
    NodeKey nodeKey = NodeKey.parse(String.valueOf(request.get("NodeKey")));
    Optional<LockPublicKey> rotation =
        Optional.ofNullable(request.get("RotationPublic"))
            .map(text -> new LockPublicKey(bytes(text)));
    nodes.replaceAll(
        (number, node) -> {
          try {
            return node.nodeKey().equals(nodeKey) ? signed(nodeKey, rotation) : node;
          } catch (TkaException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private Node signed(NodeKey nodeKey, Optional<LockPublicKey> rotation) throws TkaException {
    Node node =
        nodes.values().stream()
            .filter(each -> each.nodeKey().equals(nodeKey))
            .findFirst()
            .orElseThrow();
    return new Node(
        node.number(),
        node.name(),
        nodeKey,
        Optional.of(NodeKeySigning.direct(nodeKey, rotation, key)));
  }

  private @Nullable List<String> affected(Bytes keyId) throws Failed {
    Authority authority = requireHere("");
    List<String> found =
        nodes.values().stream()
            .filter(node -> isKept(authority, node))
            .map(node -> node.signature().orElseThrow())
            .filter(made -> made.authorizingKeyId().equals(Optional.of(keyId)))
            .map(made -> base64(made.encoded()))
            .toList();
    return found.isEmpty() ? null : found;
  }

  private Aum generate(Map<String, Object> request) throws TkaException, Failed {
    Authority authority = requireHere("");
    Set<Bytes> revoked = new LinkedHashSet<>();
    ((List<?>) request.get("Keys")).forEach(text -> revoked.add(bytes(text)));
    if (revoked.stream().noneMatch(authority.state()::trusts)) {
      throw new Failed(500, "no provided key is currently trusted");
    }
    String from = String.valueOf(request.get("ForkFrom"));
    Aum draft =
        from.isEmpty()
            ? Revocation.draft(authority, revoked, key.publicKey())
            : Revocation.draftAt(authority, revoked, AumHash.parse(from));
    return cosign(draft);
  }

  private Aum cosign(Aum update) throws TkaException, Failed {
    requireHere("");
    List<AumSignature> all = new ArrayList<>(update.signatures());
    if (all.stream().anyMatch(made -> made.signerId().equals(key.publicKey().bytes()))) {
      throw new Failed(500, "this node has already signed this recovery AUM");
    }
    all.add(
        new AumSignature(
            Optional.of(key.publicKey().bytes()), Optional.of(key.sign(update.sigHash()))));
    return update.withSignatures(all);
  }

  private String wrap(Map<String, Object> request) throws TkaException, Failed {
    requireHere("");
    String text = String.valueOf(request.get("TKAKey"));
    secrets.add(text);
    AuthKey plain = AuthKey.parse(String.valueOf(request.get("TSKey")));
    return ((AuthKey.Plain) plain)
        .wrap(LockPrivateKey.parse(text), new SecureRandom())
        .exposeText();
  }

  @Override
  public void close() {
    server.close();
  }
}
