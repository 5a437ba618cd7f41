package dev.tka.cli;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.SignatureOutput;
import dev.tka.compaction.CompactionPlan;
import dev.tka.compaction.KeepReason;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.authority.Refusal;
import dev.tka.core.nodekey.NodeKeyAuthorization;
import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.core.nodekey.PeerVerdict;
import dev.tka.node.AgentEvent;
import dev.tka.sync.Intersection;
import dev.tka.sync.SyncOutcome;
import dev.tka.tlog.heads.HeadWatch;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The values that a field of the command's JSON can have, where they are a few words. */
record Vocabulary(String ending, SortedSet<String> words) {
  /** By the ends of their paths; the first that fits counts. What the library can say, it tells. */
  static List<Vocabulary> all() {
    return List.of(
        of(".SchemaVersion", Stream.of("1")),
        of(".MessageKind", codes(code -> new AumKind(code).toString())),
        of(".SigKind", codes(Vocabulary::signatureKind)),
        of(".Items[].Type", Stream.of("AUM", "NodeKeySignature")),
        of(".Key.Kind", keyKinds()),
        of("Keys[].Kind", keyKinds()),
        of(".KeysLeft[].Kind", keyKinds()),
        of(".NotRestored[].Kind", keyKinds()),
        of(".Obstacle", kinds(CompactionPlan.NothingToPurge.class)),
        of(".Kept[].Reason", Arrays.stream(KeepReason.values()).map(KeepReason::kind)),
        of(
            ".Condition",
            Stream.of(
                "apart",
                "behind",
                "current",
                "locked-out",
                "never-seen",
                "off",
                "refused",
                "retired",
                "stranded")),
        of(".Standing", Stream.of("fenced", "moved", "shadow")),
        of(".Stage", Stream.of("approved", "done", "ended", "open")),
        of(".Told", Stream.of("asked-to-come", "catching-up", "disabled")),
        of("node run.Lock", Stream.of("off", "on", "unknown")),
        of("node once.Lock", Stream.of("off", "on", "unknown")),
        of("node peers.Lock", Stream.of("off", "on", "unknown")),
        of("node status.Lock", Stream.of("off", "on", "unknown")),
        of(".Lock", Stream.of("off", "on", "pending")),
        of(
            "node run.Change",
            Stream.concat(
                Stream.of("started"),
                Arrays.stream(AgentEvent.Kind.values()).map(AgentEvent.Kind::toString))),
        of(".Log.Outcome", Arrays.stream(HeadWatch.Kind.values()).map(HeadWatch.Kind::code)),
        of(
            ".NotSigned[].Outcome",
            Arrays.stream(SignatureOutput.Outcome.values()).map(SignatureOutput.Outcome::word)),
        of(".OutcomeKind", kinds(SyncOutcome.class)),
        of(".ControlFinds", kinds(Intersection.class)),
        of(".NodeFinds", kinds(Intersection.class)),
        of(".NodeRefused[].Kind", kinds(Refusal.class)),
        of(".Verdict", Stream.concat(kinds(PeerVerdict.class), Stream.of("signed"))),
        of(".Denial", kinds(NodeKeyAuthorization.Denied.class)),
        of(".CannotFollow[].Kind", Stream.of("no-common-ground", "revocation-below-window")),
        of(".Alarms[].Kind", Arrays.stream(KeyDefect.values()).map(KeyDefect::kind)),
        of(".Advice[].Kind", Arrays.stream(Advice.Kind.values()).map(Advice.Kind::word)),
        of(".Findings[].Kind", Stream.concat(kinds(SyncOutcome.class), findings())));
  }

  private static Vocabulary of(String ending, Stream<String> words) {
    return new Vocabulary(
        ending, words.map(Vocabulary::plain).collect(Collectors.toCollection(TreeSet::new)));
  }

  /** A word with its number left open: {@code unknown(N)}. */
  static String plain(String word) {
    return word.replaceAll("(?<=[(<])\\d+(?=[)>])", "N");
  }

  /** How a line of the schema shows it. */
  @Override
  public String toString() {
    return String.join("|", words);
  }

  private static Stream<String> codes(IntFunction<String> name) {
    return IntStream.range(0, 256).mapToObj(name);
  }

  private static String signatureKind(int kind) {
    Bytes none = Bytes.empty();
    return new NodeKeySignature(kind, none, none, none, Optional.empty(), none).kindName();
  }

  private static Stream<String> keyKinds() {
    return codes(kind -> new Key(kind, 1, Optional.empty(), Map.of()).kindName());
  }

  /** A doctor's findings besides outcomes of a sync. */
  private static Stream<String> findings() {
    return Stream.of(
        "anybody-can-sign",
        "can-never-sign",
        "clock-went-back",
        "damaged",
        "edits-set-aside",
        "empty-record",
        "far-behind",
        "many-keys",
        "no-authority",
        "no-recent-checkpoint",
        "nobody-can-sign",
        "node-dropped",
        "node-obsolete",
        "node-refused",
        "node-stranded",
        "one-disablement-value",
        "one-signing-key",
        "only-in-journal",
        "outdated-driver",
        "outvoting-key",
        "over-2000",
        "own-time-behind",
        "own-unsent-branch",
        "re-created",
        "rests-on-key",
        "restored",
        "revocation-below-window",
        "sampling-gap",
        "stale-branch",
        "undecodable-key",
        "unopenable",
        "untimed-removals",
        "unverified");
  }

  /** The kinds of every record that a sealed interface permits. */
  private static Stream<String> kinds(Class<?> sealed) {
    return Arrays.stream(sealed.getPermittedSubclasses())
        .flatMap(type -> type.isSealed() ? kinds(type) : Stream.of(kind(type)));
  }

  /** The kind of a record, which does not hang on its parts: they are empty here. */
  private static String kind(Class<?> type) {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      Object example =
          type.getConstructor(types)
              .newInstance(Arrays.stream(types).map(Vocabulary::nothing).toArray());
      return (String) type.getMethod("kind").invoke(example);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(type + " has no kind", e);
    }
  }

  private static @Nullable Object nothing(Class<?> type) {
    if (type == List.class) {
      return List.of();
    }
    if (type == Optional.class) {
      return Optional.empty();
    }
    if (type == boolean.class) {
      return false;
    }
    return type == int.class ? (Object) 0 : type == long.class ? 0L : null;
  }
}
