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
    THEFT("updates of a thief on a chain");

    private final String words;

    Fault(String words) {
      this.words = words;
    }
  }

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
   * Whether an acknowledged edit is rightly gone: a revocation took its place, or it was made after
   * the copy that was restored, and nobody gave it back.
   */
  private boolean isExcused(Call edit, String head) {
    if (isRestored(edit.tailnet(), edit.begun(), Long.MAX_VALUE)) {
      return true;
    }
    return revocations.getOrDefault(edit.tailnet(), List.of()).stream()
        .anyMatch(
            each ->
                isOn(each.hash(), head)
                    && (each.isUnknown() || edit.begun() < each.ended())
                    && isOn(each.parent(), edit.hash()));
  }

  private boolean isRestored(String tailnet, long from, long to) {
    return restores.getOrDefault(tailnet, List.of()).stream()
        .anyMatch(each -> from < each.ended() && to > each.begun());
  }

  /** What one observer saw at one place, one after the other. */
  private void judgeObservers(List<Call> calls) {
    Map<List<String>, Call> last = new HashMap<>();
    for (Call each : calls) {
      boolean read = each.what().equals("offer") && each.isOk();
      if (!read && !each.what().equals("holds") && !each.what().equals("announced")) {
        continue;
      }
      // Announcements may be a second old, so two servers' need not agree.
      String at = each.what().equals("announced") ? each.at() : "";
      Call before = last.put(List.of(each.who(), each.tailnet(), each.what(), at), each);
      if (before == null || before.ended() > each.begun() || before.head().equals(each.head())) {
        continue;
      }
      if (isRestored(each.tailnet(), before.begun(), each.ended())) {
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
      if (each.what().equals("sign")) {
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

  /** Whether a node is as its last login and signature left it, or a request without an answer. */
  private boolean isAsLeft(Call end, List<Call> calls) {
    List<Call> logins = calls.stream().filter(each -> each.what().equals("login")).toList();
    Optional<Call> login = last(logins);
    if (login.isPresent() && isRestored(end.tailnet(), login.get().begun(), Long.MAX_VALUE)) {
      // Nodes do not give back what control knew of them.
      return true;
    }
    // A request that hung may have been carried out after the ones that came later.
    List<Call> hung = logins.stream().filter(each -> doubtful.contains(each.op())).toList();
    if (login.isEmpty() || !login.get().hash().equals(end.hash())) {
      return login.isEmpty() || hung.stream().anyMatch(each -> each.hash().equals(end.hash()));
    }
    Optional<Call> sign =
        last(
            calls.stream()
                .filter(each -> each.what().equals("sign") && each.hash().equals(end.hash()))
                .toList());
    return sign.filter(Call::isOk).map(each -> each.head().equals(end.head())).orElse(true)
        || (hung.size() > 1 && hung.contains(login.get()) && end.head().isEmpty());
  }

  private static Optional<Call> last(List<Call> calls) {
    return calls.stream().reduce((one, other) -> one.begun() <= other.begun() ? other : one);
  }

  /** No write that began after a place was left is taken there, until the tailnet is back. */
  private void judgeFences(List<Call> calls) {
    for (Call fence : calls) {
      if (!fence.what().equals("fence")) {
        continue;
      }
      for (Call each : operations.values()) {
        if (each.isOk()
            && each.tailnet().equals(fence.tailnet())
            && each.at().startsWith(fence.at())
            && each.begun() > fence.begun()
            && each.ended() < fence.ended()) {
          note(Fault.FENCE, each);
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
        .collect(Collectors.joining("; "));
  }
}
