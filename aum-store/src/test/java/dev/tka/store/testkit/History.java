package dev.tka.store.testkit;

import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What threads of several processes did to one tailnet and saw of it, and whether that can be. For
 * places whose revisions count commits, under a policy that lets nothing displace an AUM that
 * extended the head.
 *
 * @param events of each thread in its order
 */
public record History(List<Event> events) {
  /** What happened. */
  public enum Kind {
    /** An AUM is about to be committed. */
    TRIES,
    /** It was, on the head. */
    EXTENDED,
    /** It was, as one that lost. */
    LOST,
    /** Another writer was first, so that it was not. */
    CONFLICT,
    /** It was refused, as one that would displace another. */
    REFUSED,
    /** There was no answer, so that it may have been committed or not. */
    IN_DOUBT,
    /** The head was looked at. */
    SAW,
    /**
     * The head was looked at by one who is shown a commit when the watch told of it, never else.
     */
    HEARD
  }

  /**
   * One line of a history.
   *
   * @param thread which process and which of its threads
   * @param aum what it is about, for a look the head
   * @param revision of the store afterwards, where it is known; else 0
   * @param micros since the epoch
   */
  public record Event(String thread, Kind kind, AumHash aum, long revision, long micros) {
    public String line() {
      return thread + " " + kind + " " + aum + " " + revision + " " + micros;
    }

    public static Event parse(String line) throws TextException {
      String[] words = line.split(" ", -1);
      return new Event(
          words[0],
          Kind.valueOf(words[1]),
          AumHash.parse(words[2]),
          Long.parseLong(words[3]),
          Long.parseLong(words[4]));
    }

    public boolean isAcknowledged() {
      return kind == Kind.EXTENDED || kind == Kind.LOST;
    }

    public boolean isLook() {
      return kind == Kind.SAW || kind == Kind.HEARD;
    }
  }

  /**
   * What a place holds.
   *
   * @param chain the active one, oldest first
   */
  public record Content(long revision, Set<AumHash> stored, List<AumHash> chain) {}

  public static History parse(List<String> lines) throws TextException {
    List<Event> events = new ArrayList<>();
    for (String line : lines) {
      events.add(Event.parse(line));
    }
    return new History(events);
  }

  /** All that cannot be; none when the place lost nothing and made nothing up. */
  public List<String> problems(Content begin, Content end) {
    List<String> problems = new ArrayList<>();
    commits(begin, end, problems);
    heads(begin, end, problems);
    order(problems);
    return problems;
  }

  private void commits(Content begin, Content end, List<String> problems) {
    Set<AumHash> tried = new HashSet<>();
    Set<AumHash> acknowledged = new HashSet<>();
    Set<AumHash> doubtedAndStored = new HashSet<>();
    Map<Long, Event> byRevision = new HashMap<>();
    for (Event event : events) {
      boolean stored = end.stored.contains(event.aum);
      if (event.kind == Kind.TRIES) {
        tried.add(event.aum);
      } else if (event.isAcknowledged()) {
        acknowledged.add(event.aum);
        if (!stored) {
          problems.add("lost: " + event.line());
        }
        Event other = byRevision.put(event.revision, event);
        if (other != null) {
          problems.add("two commits of one revision: " + other.line() + "; " + event.line());
        }
        if (event.revision <= begin.revision || event.revision > end.revision) {
          problems.add("a revision that never was: " + event.line());
        }
      } else if (event.kind == Kind.IN_DOUBT && stored) {
        doubtedAndStored.add(event.aum);
      } else if (!event.isLook() && stored) {
        problems.add("stored, but answered as not: " + event.line());
      }
    }
    for (AumHash hash : end.stored) {
      if (!begin.stored.contains(hash) && !tried.contains(hash)) {
        problems.add("nobody committed it: " + hash);
      } else if (!begin.stored.contains(hash)
          && !acknowledged.contains(hash)
          && !doubtedAndStored.contains(hash)) {
        problems.add("stored, and never acknowledged: " + hash);
      }
    }
    if (!end.stored.containsAll(begin.stored)) {
      problems.add("lost: what was there before");
    }
    int commits = byRevision.size() + doubtedAndStored.size();
    if (end.revision - begin.revision != commits) {
      problems.add((end.revision - begin.revision) + " revisions, " + commits + " commits");
    }
  }

  /** Every head that anybody made or saw is on the chain, further up at a later revision. */
  private void heads(Content begin, Content end, List<String> problems) {
    Map<AumHash, Integer> places = new HashMap<>();
    for (int i = 0; i < end.chain.size(); i++) {
      places.put(end.chain.get(i), i);
    }
    Map<Long, Event> heads = new HashMap<>();
    for (Event event : events) {
      if (event.kind != Kind.EXTENDED && !event.isLook()) {
        continue;
      }
      if (!places.containsKey(event.aum)) {
        problems.add("not on the final chain: " + event.line());
        continue;
      }
      Event other = heads.putIfAbsent(event.revision, event);
      if (other != null && !other.aum.equals(event.aum)) {
        problems.add("two heads of one revision: " + other.line() + "; " + event.line());
      }
    }
    int highest = begin.chain.size() - 1;
    for (long revision : heads.keySet().stream().sorted().toList()) {
      Event event = heads.get(revision);
      int place = places.get(event.aum);
      if (place < highest) {
        problems.add("an older head at a later revision: " + event.line());
      }
      highest = Math.max(highest, place);
    }
  }

  /** Nobody sees an older revision than what it saw, or made, before. */
  private void order(List<String> problems) {
    Map<String, Event> last = new HashMap<>();
    for (Event event : events) {
      if (event.isLook() || event.isAcknowledged()) {
        Event before = last.put(event.thread, event);
        if (before != null && before.revision > event.revision) {
          problems.add("went back: " + before.line() + "; " + event.line());
        }
      }
    }
  }

  /** The process of a thread. */
  private static String process(String thread) {
    return thread.substring(0, 1);
  }

  /**
   * How long after a commit was acknowledged in one process each other one heard of it, or of a
   * later one, in microseconds, sorted; at least 0. A commit that another process never heard of is
   * a {@link Long#MAX_VALUE}.
   */
  public List<Long> propagation() {
    Map<String, List<Event>> heard = new LinkedHashMap<>();
    for (Event event : events) {
      List<Event> ofProcess =
          heard.computeIfAbsent(process(event.thread), any -> new ArrayList<>());
      if (event.kind == Kind.HEARD) {
        ofProcess.add(event);
      }
    }
    List<Long> delays = new ArrayList<>();
    for (Map.Entry<String, List<Event>> other : heard.entrySet()) {
      List<Event> byTime = new ArrayList<>(other.getValue());
      byTime.sort((one, two) -> Long.compare(one.micros, two.micros));
      List<Event> commits =
          events.stream()
              .filter(event -> event.kind == Kind.EXTENDED)
              .filter(event -> !process(event.thread).equals(other.getKey()))
              .sorted((one, two) -> Long.compare(one.revision, two.revision))
              .toList();
      int at = 0;
      for (Event commit : commits) {
        // What shows a commit shows those before it, so that none of these is looked for again.
        while (at < byTime.size() && byTime.get(at).revision < commit.revision) {
          at++;
        }
        delays.add(
            at == byTime.size()
                ? Long.MAX_VALUE
                : Math.max(0, byTime.get(at).micros - commit.micros));
      }
    }
    delays.sort(null);
    return delays;
  }
}
