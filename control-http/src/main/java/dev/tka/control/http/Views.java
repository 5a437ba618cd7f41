package dev.tka.control.http;

import dev.tka.control.ControlException;
import dev.tka.control.ControlService;
import dev.tka.control.FleetEntry;
import dev.tka.control.NodeEntry;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.Bar;
import dev.tka.core.authority.ChainLayout;
import dev.tka.core.authority.KeyBudget;
import dev.tka.core.authority.RevocationPlan;
import dev.tka.core.authority.Weakness;
import dev.tka.core.nodekey.KeyAlarm;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.Peer;
import dev.tka.core.nodekey.PeerFilter;
import dev.tka.core.nodekey.PeerForecast;
import dev.tka.core.nodekey.PeerRemedy;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.core.nodekey.SignatureLayer;
import dev.tka.core.store.BodyReader;
import dev.tka.core.store.Damage;
import dev.tka.core.store.StoreException;
import dev.tka.core.store.TrailEntry;
import dev.tka.store.records.NodeSighting;
import dev.tka.sync.CannotFollow;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.rpc.AumJson;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What operators read of one tailnet that has to be worked out first, as maps for JSON (the OpenAPI
 * document names the fields). Everything is decided below, where the command has it decided, too.
 */
final class Views {
  /** The most rows of a graph at once. */
  static final int MOST_ROWS = 1_000;

  /** The most nodes that a plan names. */
  private static final int MOST_NODES = 1_000;

  private static final SignatureVerifier VERIFIER = SignatureVerifier.fastest();

  private Views() {}

  /** A map that leaves out what is not there. */
  private static final class Fields extends LinkedHashMap<String, Object> {
    private static final long serialVersionUID = 1;

    Fields with(String name, Object value) {
      put(name, value);
      return this;
    }

    Fields with(String name, Optional<?> value) {
      value.ifPresent(each -> put(name, each));
      return this;
    }
  }

  /** How many nodes stand how, and what is wrong or risky. */
  static Map<String, Object> summary(ControlService service, String tailnet, Optional<Authority> on)
      throws ControlException {
    Map<String, Long> conditions = new TreeMap<>();
    long[] nodes = new long[1];
    long[] behind = new long[1];
    service.fleet(
        tailnet,
        (FleetEntry entry) -> {
          nodes[0]++;
          behind[0] += entry.behind().orElse(0) > 0 ? 1 : 0;
          conditions.merge(entry.condition(), 1L, Long::sum);
        });
    List<Object> totals = new ArrayList<>();
    conditions.forEach(
        (condition, count) ->
            totals.add(new Fields().with("condition", condition).with("nodes", count)));
    return new Fields()
        .with("tailnet", tailnet)
        .with("head", on.map(Authority::head))
        .with("nodes", nodes[0])
        .with("behind", behind[0])
        .with("conditions", totals)
        .with("alarms", on.map(Views::alarms).orElse(List.of()))
        .with("risks", on.map(each -> Weakness.of(each).size()).orElse(0));
  }

  /** What is wrong: each a word and a sentence. */
  private static List<Object> alarms(Authority on) {
    List<Object> alarms = new ArrayList<>();
    for (Damage damage : on.snapshot().damage()) {
      alarms.add(new Fields().with("kind", "damaged").with("text", damage.toString()));
    }
    for (Weakness fault : Weakness.faultsOf(on.state())) {
      alarms.add(new Fields().with("kind", fault.kind()).with("text", fault.text()));
    }
    return alarms;
  }

  /** The trusted keys, what depends on each, and what is wrong or risky. */
  static Map<String, Object> keys(Authority on, Commands commands) {
    State state = on.state();
    KeyBudget budget = new KeyBudget(state);
    KeyBudget signers = KeyBudget.ofSigners(state);
    List<Object> keys = new ArrayList<>();
    for (Key key : state.keys()) {
      Optional<KeyBudget.Loss> loss = signers.lossOf(key.id());
      keys.add(
          key(key)
              .with("canSign", key.canSign())
              .with("defect", key.defect().map(defect -> defect.reason()))
              .with("othersVotes", loss.map(KeyBudget.Loss::votesLeft))
              .with("canBeOutvoted", loss.map(KeyBudget.Loss::canBeOutvoted)));
    }
    List<Object> findings = new ArrayList<>();
    for (Damage damage : on.snapshot().damage()) {
      findings.add(
          new Fields()
              .with("problem", true)
              .with("kind", "damaged")
              .with("text", damage.toString())
              .with("command", commands.doctor()));
    }
    Weakness.faultsOf(state).forEach(each -> findings.add(finding(true, each, commands)));
    Weakness.of(on).forEach(each -> findings.add(finding(false, each, commands)));
    return new Fields()
        .with("head", on.head())
        .with("oldestAncestor", on.oldestAncestor())
        .with("length", on.length())
        .with(
            "stateIds",
            List.of(
                Long.toUnsignedString(state.stateId1()), Long.toUnsignedString(state.stateId2())))
        .with("keysUsed", budget.keysUsed())
        .with("mostKeys", State.MAX_KEYS)
        .with("disablementValues", budget.disablementValuesUsed())
        .with("mostDisablementValues", State.MAX_DISABLEMENT_VALUES)
        .with("degraded", on.isDegraded())
        .with("keys", keys)
        .with("findings", findings)
        .with("doctor", commands.doctor());
  }

  private static Fields finding(boolean problem, Weakness weakness, Commands commands) {
    return new Fields()
        .with("problem", problem)
        .with("kind", weakness.kind())
        .with("text", weakness.text())
        .with("toDo", weakness.why())
        .with("command", commands.against(weakness));
  }

  private static Fields key(Key key) {
    return new Fields()
        .with("key", LockPublicKey.textOf(key.id()))
        .with("votes", AumJson.unsigned(key.votes()))
        .with("meta", new TreeMap<>(key.meta()));
  }

  private static List<Object> keys(List<Key> keys) {
    return keys.stream().<Object>map(Views::key).toList();
  }

  private static List<String> ids(List<Bytes> ids) {
    return ids.stream().map(LockPublicKey::textOf).toList();
  }

  /**
   * Rows of the drawing of the chain.
   *
   * @param from the first row
   * @param count how many
   */
  static Map<String, Object> graph(
      Authority on, List<ChainLayout.Row> rows, int from, int count, Optional<Integer> at)
      throws StoreException {
    List<ChainLayout.Row> shown =
        rows.subList(Math.min(from, rows.size()), (int) Math.min((long) from + count, rows.size()));
    BodyReader aums =
        new BodyReader(on.snapshot(), shown.stream().map(row -> row.entry().hash()).toList());
    List<Object> list = new ArrayList<>();
    for (ChainLayout.Row row : shown) {
      list.add(row(on, row, aums.aum()));
    }
    return new Fields()
        .with("head", on.head())
        .with("length", on.length())
        .with("rows", rows.size())
        .with("purged", on.snapshot().trail().entries().size())
        .with("lanes", rows.stream().mapToInt(row -> row.lane() + 1).max().orElse(0))
        .with("from", Math.min(from, rows.size()))
        .with("at", at)
        .with("updates", list);
  }

  private static Fields row(Authority on, ChainLayout.Row row, Aum aum) {
    AumHash hash = row.entry().hash();
    List<String> labels = new ArrayList<>();
    if (hash.equals(on.head())) {
      labels.add("head");
    }
    if (hash.equals(on.oldestAncestor())) {
      labels.add("oldest ancestor");
    }
    return new Fields()
        .with("hash", hash)
        .with("kind", aum.kind())
        .with("summary", aum.summary())
        .with("committedAt", row.entry().committedAt())
        .with("lane", row.lane())
        .with("tip", row.tip())
        .with(
            "below",
            switch (row.below()) {
              case GOES_ON -> "goes-on";
              case JOINS -> "joins";
              case ENDS -> "ends";
            })
        .with("active", on.isActive(hash))
        .with("labels", labels);
  }

  /** All of an AUM, with who signed it. */
  static Map<String, Object> update(Authority on, Aum aum) throws TkaException {
    Fields fields = new Fields();
    fields
        .with("hash", aum.hash())
        .with("hashHex", aum.hash().bytes().toHex())
        .with("sigHash", aum.sigHash().toHex())
        .with("size", aum.encoded().size())
        .with("summary", aum.summary())
        .with("active", on.isActive(aum.hash()))
        .with("head", aum.hash().equals(on.head()))
        .with("committedAt", on.snapshot().find(aum.hash()).map(entry -> entry.committedAt()))
        .with(
            "children",
            on.snapshot().children(aum.hash()).stream()
                .map(entry -> entry.hash().toString())
                .sorted()
                .toList());
    try {
      aum.requireWellFormed();
    } catch (IllFormedException e) {
      fields.with("illFormed", String.valueOf(e.getMessage()));
    }
    return fields
        .with("aum", AumJson.aumWithTexts(aum))
        .with("signers", signers(aum, judging(on, aum)))
        .with("raw", AumJson.base64(aum.encoded()))
        .with("command", Commands.inspect(aum));
  }

  /** The state that says whose signatures count: the parent's, or that of a genesis itself. */
  private static Optional<State> judging(Authority on, Aum aum) throws TkaException {
    if (aum.parent().isEmpty()) {
      return aum.state();
    }
    // Below the oldest AUM that is stored, states are not known.
    return on.snapshot().find(aum.parent().get()).isPresent()
        ? Optional.of(on.stateAt(aum.parent().get()))
        : Optional.empty();
  }

  private static List<Object> signers(Aum aum, Optional<State> judging) {
    List<Object> signers = new ArrayList<>();
    for (AumSignature signature : aum.signatures()) {
      Bytes id = signature.signerId();
      Optional<Key> key = judging.flatMap(state -> state.findKey(id));
      signers.add(
          new Fields()
              .with("key", LockPublicKey.textOf(id))
              .with(
                  "verifies",
                  VERIFIER.verifyZip215(
                      new SignatureVerifier.Claim(id, aum.sigHash(), signature.signatureBytes())))
              .with("trusted", judging.map(state -> key.isPresent()))
              .with("votes", key.map(each -> AumJson.unsigned(each.votes())))
              .with("meta", key.map(each -> new TreeMap<>(each.meta()))));
    }
    return signers;
  }

  /** Why a node is kept or dropped by its peers. */
  static Map<String, Object> explanation(
      Authority on, List<NodeEntry> nodes, NodeEntry node, Commands commands) {
    String id = Long.toString(node.node());
    Map<String, PeerVerdict> verdicts =
        PeerFilter.filter(on, nodes.stream().map(Views::peer).toList());
    PeerVerdict verdict = verdicts.getOrDefault(id, new PeerVerdict.Kept(Optional.empty()));
    Bytes signature = node.signature().orElse(Bytes.empty());
    List<Object> layers = new ArrayList<>();
    int failing = SignatureLayer.failing(verdict).orElse(-1);
    for (SignatureLayer layer : SignatureLayer.of(on, signature)) {
      layers.add(
          new Fields()
              .with("text", layer.describe())
              .with("signedBy", layer.signature().signingKey().map(LockPublicKey::textOf))
              .with("verifies", layer.verifies())
              .with(
                  "trusted",
                  layer.signature().kind() == NodeKeySignature.ROTATION
                      ? Optional.empty()
                      : Optional.of(layer.trusted().isPresent()))
              .with("fails", layers.size() == failing));
    }
    Optional<PeerRemedy> remedy = PeerRemedy.of(verdict);
    return new Fields()
        .with("node", id)
        .with("kept", verdict instanceof PeerVerdict.Kept)
        .with("verdict", verdict.kind())
        .with("reason", verdict.detailedReason())
        .with("layers", layers)
        .with(
            "alarms",
            KeyAlarm.ofNode(node.name().orElse("node " + id), signature).stream()
                .map(KeyAlarm::text)
                .toList())
        .with("toDo", remedy.map(PeerRemedy::why))
        .with("help", remedy.flatMap(each -> commands.help(each, node)))
        .with("command", commands.explain(node));
  }

  private static Peer peer(NodeEntry node) {
    return new Peer(
        Long.toString(node.node()),
        node.nodeKey(),
        node.signature().orElse(Bytes.empty()),
        node.unsignedPeerApiOnly());
  }

  /** What a revocation would come to. */
  static Map<String, Object> revocation(
      Authority on, RevocationPlan plan, List<FleetEntry> fleet, Instant now, Commands commands)
      throws TkaException {
    Optional<RevocationPlan> unanswerable = plan.unanswerable(on, now);
    Set<Bytes> barred = plan.barred().stream().map(Bar::signer).collect(Collectors.toSet());
    Fields fields =
        new Fields()
            .with("forkPoint", plan.forkPoint())
            .with("onLosingBranch", plan.onLosingBranch())
            .with("revoked", keys(plan.revoked()))
            .with("votesNeeded", plan.votesNeeded())
            .with("displaces", plan.rival().map(rival -> rival.hash()))
            .with("displacedVotes", plan.rival().map(rival -> rival.weight()))
            .with(
                "couldSign",
                plan.candidates().stream()
                    .filter(key -> !barred.contains(key.id()))
                    .<Object>map(
                        key ->
                            key(key)
                                .with(
                                    "ofThoseEnough",
                                    plan.enough().filter(all -> all.contains(key)).isPresent()))
                    .toList())
            .with("mustNotSign", plan.barred().stream().<Object>map(Views::bar).toList())
            .with("canTakeEffect", plan.enough().isPresent())
            .with("erased", plan.erased().stream().<Object>map(Views::erased).toList())
            .with("answerableFrom", plan.outlook().answerableFrom())
            .with("refusedByControl", plan.outlook().reasonOfControl())
            .with("belowWindows", plan.outlook().belowWindows())
            .with("unanswerableForkPoint", unanswerable.map(RevocationPlan::forkPoint))
            .with(
                "unanswerableCanTakeEffect", unanswerable.map(other -> other.enough().isPresent()))
            .with("keysLeft", keys(plan.after().keys()))
            .with("notRestored", keys(plan.notRestored()));
    putNodes(on, plan, fleet, fields);
    return plan.enough().isPresent() && !plan.revoked().isEmpty()
        ? fields.with("command", commands.revoke(plan.revoked(), plan.forkPoint()))
        : fields;
  }

  private static Fields bar(Bar bar) {
    return new Fields()
        .with("key", LockPublicKey.textOf(bar.signer()))
        .with("votes", AumJson.unsigned(bar.votes()))
        .with("reason", bar.cause());
  }

  private static Fields erased(TrailEntry entry) {
    return new Fields()
        .with("hash", entry.hash())
        .with("kind", entry.kind())
        .with("committedAt", entry.committedAt())
        .with("addedKeys", ids(entry.added()))
        .with("removedKeys", ids(entry.takenAway()))
        .with("signedBy", ids(entry.signers()));
  }

  private static void putNodes(
      Authority on, RevocationPlan plan, List<FleetEntry> fleet, Fields fields) {
    Set<Bytes> revoked = plan.revoked().stream().map(Key::id).collect(Collectors.toSet());
    PeerForecast forecast =
        PeerForecast.without(on, revoked, fleet.stream().map(each -> peer(each.node())).toList());
    Map<String, Bytes> losing = new HashMap<>(forecast.losingTheirKey());
    List<Object> affected = new ArrayList<>();
    long before = 0;
    long after = 0;
    for (FleetEntry each : fleet) {
      String id = Long.toString(each.node().node());
      boolean kept = forecast.before().get(id) instanceof PeerVerdict.Kept;
      PeerVerdict then = forecast.after().get(id);
      boolean staysKept = then instanceof PeerVerdict.Kept;
      before += kept ? 1 : 0;
      after += staysKept ? 1 : 0;
      Optional<CannotFollow> cannot =
          plan.onLosingBranch() ? Optional.empty() : cannotFollow(on, plan, each);
      if (affected.size() < MOST_NODES
          && (kept != staysKept || losing.containsKey(id) || cannot.isPresent())) {
        affected.add(
            new Fields()
                .with("node", id)
                .with("name", each.node().name())
                .with("kept", kept)
                .with("keptAfterwards", staysKept)
                .with("losesKey", Optional.ofNullable(losing.get(id)).map(LockPublicKey::textOf))
                .with(
                    "reason",
                    Optional.ofNullable(then)
                        .filter(PeerVerdict.Dropped.class::isInstance)
                        .map(PeerVerdict::reason))
                .with("cannotFollow", cannot.map(CannotFollow::text)));
      }
    }
    fields
        .with("nodes", fleet.size())
        .with("keptNow", before)
        .with("keptAfterwards", after)
        .with("affected", affected);
  }

  private static Optional<CannotFollow> cannotFollow(
      Authority on, RevocationPlan plan, FleetEntry entry) {
    Optional<AumHash> head = entry.last().flatMap(NodeSighting::head);
    return head.flatMap(
        hash ->
            CannotFollow.of(
                on,
                plan,
                new SyncOffer(
                    hash,
                    entry.last().flatMap(NodeSighting::oldest).map(List::of).orElse(List.of()))));
  }
}
