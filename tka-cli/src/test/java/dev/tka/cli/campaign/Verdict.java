package dev.tka.cli.campaign;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What is wrong with a history, by what must never happen (service, sections 3, 6 and 7). */
final class Verdict {
  /** What must never happen. */
  enum Fault {
    LOST("acknowledged edits lost"),
    DOUBLED("edits doubled, or made although they were refused"),
    WENT_BACK("heads that went back"),
    UNSIGNED("unsigned peers kept"),
    SIGNATURE("signatures lost"),
    FENCE("writes accepted after a fence"),
    UNTRIED("moves, of none of which anybody tried the fence"),
    FORGOTTEN("tailnets, nodes and locks that were forgotten"),
    THEFT("updates of a thief on a chain");

    private final String words;

    Fault(String words) {
      this.words = words;
    }
  }

  /** What a line is about that was answered only with where the tailnet lives. */
  static final String MOVED = "moved";

  private static final Set<String> WRITES = Set.of("edit", "revoke", "login", "sign");

  private final Map<Fault, List<String>> found = new EnumMap<>(Fault.class);

  /** The parents of all AUMs that anybody made. */
  private final Map<String, String> parents = new HashMap<>();

  private final Map<String, Integer> heights = new HashMap<>();

  /** Operations, with the answer of the last attempt and the begin of the first. */
  private final Map<String, Call> operations = new LinkedHashMap<>();

  /** Those with an attempt that had no answer: it may be carried out at any later time. */
  private final Set<String> doubtful = new HashSet<>();

  private final Map<String, List<Call>> revocations = new HashMap<>();
  private final Map<String, List<Call>> restores = new HashMap<>();

  /** Writes that were sent to a place that the tailnet had left, and answered. */
  private int tried;

  private int redirected;

  private Verdict() {
    for (Fault each : Fault.values()) {
      found.put(each, new ArrayList<>());
    }
  }

  /** Judges a history that has ended. */
  static Verdict of(List<Call> calls) {
    Verdict verdict = new Verdict();
    verdict.read(calls);
    Map<String, String> ends =
        calls.stream()
            .filter(call -> call.what().equals("end"))
            .collect(Collectors.toMap(Call::tailnet, Call::head));
    ends.forEach(verdict::judgeChain);
    verdict.judgeObservers(calls);
    verdict.judgeNodes(calls);
    verdict.judgeFences(calls);
    verdict.judgeNames(calls);
    return verdict;
  }

  private void read(List<Call> calls) {
    for (Call each : calls) {
      switch (each.what()) {
        case "begin" -> parents.put(each.hash(), "");
        case "edit", "revoke", "theft" -> {
          parents.put(each.hash(), each.parent());
          operations.merge(each.op(), each, Verdict::merge);
        }
        case "login", "sign" -> {
          operations.merge(each.op(), each, Verdict::merge);
          if (each.isUnknown()) {
            doubtful.add(each.op());
          }
        }
        case "restore" ->
            restores.computeIfAbsent(each.tailnet(), any -> new ArrayList<>()).add(each);
        default -> {}
      }
    }
    operations.values().stream()
        .filter(each -> each.what().equals("revoke"))
        .forEach(
            each ->
                revocations.computeIfAbsent(each.tailnet(), any -> new ArrayList<>()).add(each));
  }

  private static Call merge(Call one, Call other) {
    boolean inOrder = one.begun() <= other.begun();
    Call first = inOrder ? one : other;
    Call last = inOrder ? other : one;
    return new Call(
        last.op(),
        last.who(),
        last.at(),
        last.tailnet(),
        last.what(),
        first.begun(),
        last.ended(),
        last.answer(),
        last.parent(),
        last.hash(),
        last.head());
  }

  /** Whether an AUM is a head or one of its ancestors. */
  private boolean isOn(String hash, String head) {
    int wanted = height(hash);
    String at = head;
    while (height(at) > wanted) {
      at = parents.getOrDefault(at, "");
    }
    return at.equals(hash);
  }

  /** How many AUMs come before it; below 0 for none. */
  private int height(String hash) {
    Deque<String> unknown = new ArrayDeque<>();
    String at = hash;
    while (!at.isEmpty() && !heights.containsKey(at)) {
      unknown.push(at);
      at = parents.getOrDefault(at, "");
    }
    int height = at.isEmpty() ? -1 : heights.get(at);
    while (!unknown.isEmpty()) {
      height++;
      heights.put(unknown.pop(), height);
    }
    return height;
  }

  private void judgeChain(String tailnet, String head) {
    Map<String, String> acknowledgedOn = new HashMap<>();
    for (Call each : operations.values()) {
      if (!each.tailnet().equals(tailnet)) {
        continue;
      }
      boolean on = isOn(each.hash(), head);
      switch (each.what()) {
        case "edit", "revoke" -> {
          boolean excused = !on && isExcused(each, head);
          if (each.isOk() && !on && !excused) {
            note(Fault.LOST, each);
          }
          if (!each.isOk() && !each.isUnknown() && on) {
            note(Fault.DOUBLED, each);
          }
          if (each.isOk()
              && !excused
              && each.what().equals("edit")
              && acknowledgedOn.put(each.parent(), each.hash()) != null) {
            note(Fault.DOUBLED, each);
          }
        }
        case "theft" -> {
          if (on) {
            note(Fault.THEFT, each);
          }
        }
        default -> {}
      }
    }
  }

  /**
   * Whether an acknowledged edit is rightly gone: a revocation took its place, or it was answered
   * after the copy that was restored was begun, and nobody gave it back.
   */
  private boolean isExcused(Call edit, String head) {
    if (isRestored(edit)) {
      return true;
    }
    return revocations.getOrDefault(edit.tailnet(), List.of()).stream()
        .anyMatch(
            each ->
                isOn(each.hash(), head)
                    && (each.isUnknown() || edit.begun() < each.ended())
                    && isOn(each.parent(), edit.hash()));
  }

  /** Whether what was done or seen may be gone, because no copy that was restored has it. */
  private boolean isRestored(Call done) {
    return isRestored(done, Long.MAX_VALUE);
  }

  private boolean isRestored(Call done, long until) {
    return restores.getOrDefault(done.tailnet(), List.of()).stream()
        .anyMatch(
            each ->
                done.ended() > Long.parseLong(each.parent())
                    && done.begun() < each.ended()
                    && until > each.begun());
  }

  /** What one observer saw at one place, one after the other. */
  private void judgeObservers(List<Call> calls) {
    Map<List<String>, Call> last = new HashMap<>();
    for (Call each : calls) {
      boolean read = each.what().equals("offer") && each.isOk();
      if (!read && !each.what().equals("holds") && !each.what().equals("announced")) {
        continue;
      }
      if (each.head().isEmpty()) {
        note(Fault.FORGOTTEN, each);
        continue;
      }
      // Announcements may be a second old, so two servers' need not agree.
      String at = each.what().equals("announced") ? each.at() : "";
      Call before = last.put(List.of(each.who(), each.tailnet(), each.what(), at), each);
      if (before == null || before.ended() > each.begun() || before.head().equals(each.head())) {
        continue;
      }
      if (isRestored(before, each.ended())) {
        continue;
      }
      if (!isOn(before.head(), each.head())) {
        boolean revoked =
            revocations.getOrDefault(each.tailnet(), List.of()).stream()
                .anyMatch(one -> isOn(one.hash(), each.head()) && !isOn(one.hash(), before.head()));
        if (!revoked) {
          note(Fault.WENT_BACK, each);
        }
      }
    }
    for (Call each : operations.values()) {
      if (each.what().equals("theft")
          && last.values().stream().anyMatch(seen -> isOn(each.hash(), seen.head()))) {
        note(Fault.THEFT, each);
      }
    }
  }

  private void judgeNodes(List<Call> calls) {
    Map<String, Long> signed = new HashMap<>();
    Map<String, List<Call>> byNode = new HashMap<>();
    for (Call each : operations.values()) {
      if (each.what().equals("sign") && mayBeDone(each)) {
        signed.merge(each.hash(), each.begun(), Math::min);
      }
      if (each.what().equals("sign") || each.what().equals("login")) {
        byNode
            .computeIfAbsent(each.tailnet() + " " + each.parent(), any -> new ArrayList<>())
            .add(each);
      }
    }
    for (Call each : calls) {
      if (each.what().equals("keeps")
          && signed.getOrDefault(each.hash(), Long.MAX_VALUE) > each.ended()) {
        note(Fault.UNSIGNED, each);
      }
      if (each.what().equals("endNode")
          && !isAsLeft(
              each, byNode.getOrDefault(each.tailnet() + " " + each.parent(), List.of()))) {
        note(Fault.SIGNATURE, each);
      }
    }
  }

  private boolean mayBeDone(Call operation) {
    return operation.isOk() || doubtful.contains(operation.op());
  }

  /**
   * Whether a node is as its last login and signature left it, or a request that may have been done
   * later or not at all: one that had no answer, or that no copy has.
   */
  private boolean isAsLeft(Call end, List<Call> calls) {
    List<Call> logins =
        calls.stream().filter(each -> each.what().equals("login") && mayBeDone(each)).toList();
    // A request that hung may have been carried out after the ones that came later; and nodes do
    // not give back what control knew of them.
    List<Call> unsure =
        logins.stream().filter(each -> doubtful.contains(each.op()) || isRestored(each)).toList();
    Optional<Call> login =
        last(logins.stream().filter(each -> each.isOk() && !isRestored(each)).toList());
    if (login.isEmpty() || !login.get().hash().equals(end.hash())) {
      return logins.isEmpty() || unsure.stream().anyMatch(each -> each.hash().equals(end.hash()));
    }
    Optional<Call> sign =
        last(
            calls.stream()
                .filter(each -> each.what().equals("sign") && each.hash().equals(end.hash()))
                .toList());
    return sign.filter(each -> each.isOk() && !isRestored(each))
            .map(each -> each.head().equals(end.head()))
            .orElse(true)
        || (unsure.size() > 1 && unsure.contains(login.get()) && end.head().isEmpty());
  }

  private static Optional<Call> last(List<Call> calls) {
    return calls.stream().reduce((one, other) -> one.begun() <= other.begun() ? other : one);
  }

  /**
   * No write that began after a place was left is taken there, until the tailnet is back: each
   * attempt counts, wherever the others were sent.
   */
  private void judgeFences(List<Call> calls) {
    List<Call> fences = calls.stream().filter(each -> each.what().equals("fence")).toList();
    for (Call each : calls) {
      boolean moved = each.what().equals(MOVED);
      if (each.isUnknown() || !WRITES.contains(moved ? each.head() : each.what())) {
        continue;
      }
      if (fences.stream().anyMatch(fence -> isWithin(fence, each))) {
        tried++;
        if (moved) {
          redirected++;
        }
        if (each.isOk()) {
          note(Fault.FENCE, each);
        }
      }
    }
    if (tried == 0) {
      fences.forEach(each -> note(Fault.UNTRIED, each));
    }
  }

  private static boolean isWithin(Call fence, Call call) {
    return call.tailnet().equals(fence.tailnet())
        && call.at().startsWith(fence.at())
        && call.begun() > fence.begun()
        && call.ended() < fence.ended();
  }

  /** Nobody is told that a tailnet or a node is unknown that control acknowledged. */
  private void judgeNames(List<Call> calls) {
    Map<String, Call> logins = new HashMap<>();
    Set<String> unsure = new HashSet<>();
    for (Call each : operations.values()) {
      if (each.what().equals("login")) {
        if (each.isOk()) {
          logins.put(each.hash(), each);
        }
        if (doubtful.contains(each.op()) || isRestored(each)) {
          unsure.add(each.tailnet() + " " + each.parent());
        }
      }
    }
    for (Call each : calls) {
      if (each.head().equals("unknown-tailnet")) {
        note(Fault.FORGOTTEN, each);
      } else if (each.head().equals("unknown-node")) {
        // A signature is for the key of a login before it, which one that hung may have replaced.
        Call login = logins.get(each.hash());
        boolean excused =
            each.what().equals("sign")
                && (login == null
                    || login.ended() > each.begun()
                    || unsure.contains(each.tailnet() + " " + each.parent()));
        if (!excused) {
          note(Fault.FORGOTTEN, each);
        }
      }
    }
  }

  private void note(Fault fault, Call call) {
    found.get(fault).add(call.json());
  }

  /** The lines that show one kind of fault. */
  List<String> found(Fault fault) {
    return List.copyOf(found.get(fault));
  }

  /** Whether nothing is wrong. */
  boolean isGood() {
    return found.values().stream().allMatch(List::isEmpty);
  }

  @Override
  public String toString() {
    return found.entrySet().stream()
            .map(
                each ->
                    each.getKey().words
                        + " "
                        + each.getValue().size()
                        + each.getValue().stream()
                            .limit(3)
                            .map(line -> System.lineSeparator() + "    " + line)
                            .collect(Collectors.joining()))
            .collect(Collectors.joining("; "))
        + String.format(
            "; %d writes sent to places that were left, %d of them sent on", tried, redirected);
  }
}
