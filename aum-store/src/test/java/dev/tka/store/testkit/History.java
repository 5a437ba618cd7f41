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
 * The actions and observations of threads in several processes on one tailnet, and a check whether
 * they are possible. It is for places whose revisions count commits, under a policy that never
 * displaces an AUM that extended the head.
 *
 * @param events the events; those of each thread are in its order
 */
public record History(List<Event> events) {
  /** The kind of an event. */
  public enum Kind {
    /** An AUM is about to be committed. */
    TRIES,
    /** The AUM was committed on the head. */
    EXTENDED,
    /** The AUM was committed as a losing one. */
    LOST,
    /** The AUM was not committed, because another writer was first. */
    CONFLICT,
    /** The AUM was refused, because it would displace another. */
    REFUSED,
    /** There was no answer, so the AUM may or may not have been committed. */
    IN_DOUBT,
    /** The head was read. */
    SAW,
    /** The head was read by a thread that sees commits only through the watch. */
    HEARD
  }

  /**
   * One line of a history.
   *
   * @param thread the process and its thread
   * @param aum the AUM; for a read, the head
   * @param revision the store's revision afterwards; 0 if not known
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
   * The content of a place.
   *
   * @param chain the active chain, oldest first
   */
  public record Content(long revision, Set<AumHash> stored, List<AumHash> chain) {}

  public static History parse(List<String> lines) throws TextException {
    List<Event> events = new ArrayList<>();
    for (String line : lines) {
      events.add(Event.parse(line));
    }
    return new History(events);
  }

  /** Everything impossible; empty if the place lost nothing and invented nothing. */
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

  /** Every head that was made or seen must be on the chain, in the order of the revisions. */
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

  /** No thread may see a revision older than one that it saw or made before. */
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
   * The delays between the acknowledgement of a commit in one process and the moment when each
   * other process heard of it, or of a later one; in microseconds, sorted, at least 0. {@link
   * Long#MAX_VALUE} stands for a commit that a process never heard of.
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
        // An event that shows a commit also shows all earlier ones, so the search never goes back.
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
