package dev.tka.cli.output;

import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.NodeKey;
import dev.tka.core.authority.Weakness;
import dev.tka.core.nodekey.PeerRemedy;
import dev.tka.store.StorePlace;
import dev.tka.store.TailnetName;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What to do about a problem. All advice that commands print is made here. Its commands are for a
 * shell, one after the other, and end the problem; a test runs every kind of them. A word in
 * capitals stands for what only the reader knows: {@value #KEY_FILE}, {@value #PEERS}, {@value
 * #CONTROL}, {@value #SERVED}, {@value #COPY}, {@value #EXPORT}, {@value #TAILNET}, {@value
 * #NEW_NAME}, {@value #KEY} and {@value #SECRET}. A command that only shows more is not one of
 * them; it is quoted in the text.
 *
 * @param kind which advice it is
 * @param why what it does and when it is right, without the full stop
 * @param commands the commands to run, in this order; empty if no command helps
 */
public record Advice(Kind kind, String why, List<String> commands) {
  /** The key file of a trusted key. */
  public static final String KEY_FILE = "FILE";

  /** A peers file. */
  public static final String PEERS = "PEERS";

  /** Control's store. */
  public static final String CONTROL = "CONTROL";

  /** The store that a running server serves, which is written to where the server runs. */
  public static final String SERVED = "SERVED";

  /** Verbs that a running tailscaled refuses, unless {@link #ONLY_TRIES} is among the words. */
  private static final Set<String> NOT_BY_DAEMON =
      Set.of(
          "backup",
          "compact",
          "delete",
          "edits",
          "import",
          "move",
          "repair",
          "restore",
          "restored",
          "sync",
          "update");

  /** What a command needs elsewhere, and not where tailscaled signs. */
  private static final Pattern UNNEEDED =
      Pattern.compile(" --(key-file " + KEY_FILE + "|peers " + PEERS + ")(?= |$)");

  /**
   * Verbs that write to a store what a running server does not take, unless {@link #ONLY_TRIES} is
   * among the words.
   */
  private static final Set<String> WRITING =
      Set.of("compact", "delete", "edits", "import", "repair", "restore", "sync");

  private static final Pattern ONLY_TRIES = Pattern.compile(" --(?:dry-run|plan)( |$)");

  /** An option that only a running server needs. */
  private static final Pattern SERVER_OPTION =
      Pattern.compile(" --(?:(?:token|ca|cert)-file|as-node) (?:'[^']*'|\\\\.|[^ '\\\\])+");

  /** A backup of the store. */
  public static final String COPY = "COPY";

  /** The public half of another key. */
  public static final String KEY = "KEY";

  /** An export that was piped. */
  public static final String EXPORT = "EXPORT";

  /** A name that is free in a store. */
  public static final String NEW_NAME = "NEWNAME";

  /** The name of a tailnet. */
  public static final String TAILNET = "ID";

  /** The file of a disablement secret. */
  public static final String SECRET = "SECRET-FILE";

  /** The kinds of advice. */
  public enum Kind {
    /** Fetch missing or damaged AUMs. */
    FETCH(true),
    /** Move away a file that cannot be read, and fetch its AUM. */
    FETCH_UNREADABLE(true),
    /** Move a damaged file away. */
    MOVE_AWAY(true),
    /** Put what the journal holds in its place. */
    PLACE(true),
    /** Move one of our own files away. */
    MOVE_OWN_FILE(true),
    /** Delete a useless record of the oldest ancestor. */
    FORGET_RECORD(true),
    /** Move a directory away, and begin again with control's authority. */
    BEGIN_ANEW(true),
    /** Begin with control's authority. */
    BOOTSTRAP(true),
    /** End the authority of before, and begin with control's. */
    FOLLOW_RE_CREATED(true),
    /** Use the directory below, or above. */
    OTHER_DIRECTORY(true),
    /** Name one of several tailnets. */
    NAME_TAILNET(true),
    /** Purge old AUMs. */
    COMPACT(true),
    /** Make edits again that were set aside. */
    MAKE_AGAIN(true),
    /** Remove a key. */
    REMOVE_KEY(true),
    /** Remove a key without signing nodes again. */
    REMOVE_ANYWAY(true),
    /** Trust another key. */
    ADD_KEY(true),
    /** Give a trusted key other votes. */
    SET_VOTES(true),
    /** Make any edit, so that a checkpoint is made. */
    MAKE_CHECKPOINT(true),
    /** End the lock. */
    DISABLE(true),
    /** Sign a node. */
    SIGN_NODE(true),
    /** Sign all nodes of a file that are not signed. */
    SIGN_NODES(true),
    /** Wrap an auth key. */
    WRAP(true),
    /** Sync. */
    SYNC(true),
    /** Put a backup back. */
    RESTORE(true),
    /** Import under another name. */
    IMPORT_BESIDE(true),
    /** Import in the place of what is there, which is kept. */
    REPLACE(true),
    /** Restore purged AUMs. */
    REPAIR(true),
    /** Restore purged AUMs, and give them back to control. */
    GIVE_BACK(true),
    /** Sync with a restored control. */
    RESTORED(true),
    /** Say that control need not take back what nodes hold. */
    END_RESTORED(true),
    /** Admit a refused AUM. */
    ADMIT(true),
    /** Store a revocation without signatures that bar it. */
    FINISH(true),
    /** What only a person can do. */
    PERSON(false);

    private final boolean hasCommands;

    Kind(boolean hasCommands) {
      this.hasCommands = hasCommands;
    }

    /** Its name for scripts. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** False for advice that no command carries out. */
    public boolean hasCommands() {
      return hasCommands;
    }
  }

  /** Requires commands exactly for the kinds that have some. */
  public Advice {
    commands = List.copyOf(commands);
    if (kind.hasCommands() == commands.isEmpty()) {
      throw new IllegalArgumentException(kind + " with " + commands.size() + " commands");
    }
  }

  private static Advice of(Kind kind, String why, String... commands) {
    return new Advice(kind, why, List.of(commands));
  }

  /** What only a person can do. */
  public static Advice person(String why) {
    return of(Kind.PERSON, why);
  }

  /**
   * In place of advice that was printed for another problem.
   *
   * @param kind that problem's, with a colon and a space
   */
  public static Advice asAbove(String kind) {
    return person("as above, for " + kind.replaceFirst(": $", ""));
  }

  /** For AUMs that a node's store should hold and does not. */
  public static Advice fetch(String store, String control) {
    return of(Kind.FETCH, PeerRemedy.MEND_STORE.why(), fetching(store, control));
  }

  private static String fetching(String store, String control) {
    return "tka repair " + store + " --from " + control;
  }

  /** For a place in a directory that cannot be read as a file. */
  public static Advice fetchUnreadable(String place, String store, String control) {
    return of(
        Kind.FETCH_UNREADABLE,
        "to move away what cannot be read, and to fetch the AUM from control's store",
        movingAway(place),
        fetching(store, control));
  }

  /** For a damaged file whose AUM nobody has. */
  public static Advice moveAway(String place) {
    return of(
        Kind.MOVE_AWAY,
        "only if nobody has the AUM any longer: it may be the one that took a key away",
        movingAway(place));
  }

  /** For a damaged file of an AUM that the journal still holds. */
  public static Advice moveAwayJournaled(String place, String store) {
    return of(
        Kind.MOVE_AWAY,
        "the journal still holds the AUM: to put it in its place again",
        movingAway(place),
        placing(store));
  }

  /** The same, for a file that the journal still holds: then it goes to its place again. */
  public Advice thenPlacing(String store) {
    List<String> all = new ArrayList<>(commands);
    all.add(placing(store));
    return new Advice(kind, why, all);
  }

  /** For files that are in the journal, and not in their places. */
  public static Advice place(String store) {
    return of(Kind.PLACE, "to put them in their places", placing(store));
  }

  private static String placing(String store) {
    return "tka repair " + store + " --journal";
  }

  /** For a file of ours that is not as written. */
  public static Advice moveOwnFile(String place) {
    return of(
        Kind.MOVE_OWN_FILE,
        "to go on without this file, whose notes on edits made here and on the store's own time"
            + " are lost",
        movingAway(place));
  }

  private static String movingAway(String place) {
    int name = place.lastIndexOf('/') + 1;
    return "mv "
        + Texts.shellWord(place)
        + " "
        + Texts.shellWord(place.substring(0, name) + "damaged-" + place.substring(name));
  }

  /** For a record of the oldest ancestor that holds no hash. */
  public static Advice forgetRecord(String place) {
    return of(
        Kind.FORGET_RECORD,
        "shipping nodes do not open the directory while it is there; a store with one chain needs"
            + " no record",
        "rm " + Texts.shellWord(place));
  }

  /** For a node's directory from which nothing can be opened, or that does not verify. */
  public static Advice beginAnew(String directory, String store, String control) {
    return of(
        Kind.BEGIN_ANEW,
        "to begin again with control's authority; edits that control never saw stay in the copy",
        "mv " + Texts.shellWord(directory) + " " + Texts.shellWord(directory + ".before"),
        bootstrapping(store, control));
  }

  /** For a node without an authority. */
  public static Advice bootstrap(String store, String control) {
    return of(
        Kind.BOOTSTRAP,
        "to begin with control's authority, if the tailnet has Tailnet Lock enabled",
        bootstrapping(store, control));
  }

  private static String bootstrapping(String store, String control) {
    return "tka sync " + store + " " + control + " --bootstrap";
  }

  /** For a node whose authority was disabled and created anew elsewhere. */
  public static Advice followReCreated(String store, String control) {
    return of(
        Kind.FOLLOW_RE_CREATED,
        "to end the old authority in this store, with its own disablement secret, and begin with"
            + " control's",
        disabling(store),
        bootstrapping(store, control));
  }

  /**
   * For a path that is not a tailnet's directory.
   *
   * @param typed the arguments that named it, the verb first; they are repeated
   * @param named tells the argument that named it
   */
  public static Advice otherDirectory(
      List<String> typed, Predicate<String> named, String directory) {
    return of(
        Kind.OTHER_DIRECTORY,
        "there is a tailnet's directory",
        typed(typed.stream().map(word -> named.test(word) ? directory : word).toList()));
  }

  /**
   * For a store of several tailnets of which none was named.
   *
   * @param typed the arguments, the verb first; they are repeated
   */
  public static Advice nameTailnet(List<String> typed) {
    return of(Kind.NAME_TAILNET, "name one of them", typed(typed) + " --tailnet " + TAILNET);
  }

  private static String typed(List<String> words) {
    return "tka " + words.stream().map(Texts::shellWord).collect(Collectors.joining(" "));
  }

  /** For a directory of too many AUMs. */
  public static Advice compact(String store, String options) {
    return of(
        Kind.COMPACT,
        "before a shipping node opens it, purge what a node may forget",
        "tka compact " + store + options);
  }

  /** For edits that were set aside. */
  public static Advice makeAgain(String store) {
    return makeAgain(
        store,
        "to make them again on the current head; 'tka edits "
            + store
            + "' lists them, and with --drop HASH forgets one");
  }

  /** For edits that were set aside, and that stay so. */
  public static Advice makeAgain(String store, String why) {
    return of(Kind.MAKE_AGAIN, why, "tka edits " + store + " --again --key-file " + KEY_FILE);
  }

  /** For a trusted key that should go. */
  public static Advice removeKey(String store, Bytes key, String peers, String why) {
    return removeKeys(store, " " + Texts.keyId(key), peers, why);
  }

  /** For a removal that does not sign the nodes again. */
  public static Advice removeAnyway(String store, String keys) {
    return of(
        Kind.REMOVE_ANYWAY,
        "if no node was signed by it",
        "tka remove " + store + keys + " --re-sign=false --key-file " + KEY_FILE);
  }

  /** For a removal without a peers file. */
  public static Advice removeKeys(String store, String keys) {
    return removeKeys(
        store,
        keys,
        PEERS,
        "to sign those nodes again; the output of 'tailscale lock status --json' is such a file");
  }

  /** For trusted keys that should go. */
  public static Advice removeKeys(String store, String keys, String peers, String why) {
    return of(
        Kind.REMOVE_KEY,
        why,
        "tka remove " + store + keys + " --peers " + peers + " --key-file " + KEY_FILE);
  }

  /** For a place of many tailnets that holds none, or none with an authority. */
  public static Advice begin(StorePlace place) {
    return person(
        place.readOnly().isPresent()
            ? "'tka init' begins one there, and so does 'tailscale lock init' on a node that may"
            : "'tka init' makes a new tailnet there, and 'tka import' copies one");
  }

  /** For too few keys or votes. */
  public static Advice addKey(String store, long votes, String why) {
    return of(
        Kind.ADD_KEY,
        why,
        "tka add "
            + store
            + " "
            + (votes == 1 ? KEY : Texts.shellWord(KEY + "?" + votes))
            + " --key-file "
            + KEY_FILE);
  }

  /**
   * For a key that is to be trusted, and is not.
   *
   * @param key with its votes, if they are not one
   */
  public static Advice addKey(String store, String key, String why) {
    return of(
        Kind.ADD_KEY,
        why,
        "tka add " + store + " " + Texts.shellWord(key) + " --key-file " + KEY_FILE);
  }

  /** For a key that is trusted, with other votes. */
  public static Advice setVotes(String store, String keyAndVotes) {
    return of(
        Kind.SET_VOTES,
        "it is trusted; to change its votes",
        "tka update " + store + " " + Texts.shellWord(keyAndVotes) + " --key-file " + KEY_FILE);
  }

  /**
   * For a risk that an admin may come to regret.
   *
   * @param store the store, as named on a command line
   * @param peers a peers file, as named on a command line
   */
  public static Advice against(Weakness risk, String store, String peers) {
    Weakness.Remedy remedy = risk.remedy();
    if (remedy instanceof Weakness.Remedy.AddKey add) {
      return addKey(store, add.votes(), risk.why());
    }
    if (remedy instanceof Weakness.Remedy.RemoveKey remove) {
      return removeKey(store, remove.keyId(), peers, risk.why());
    }
    if (remedy instanceof Weakness.Remedy.RemoveKeys) {
      return removeKeys(store, " " + KEY, peers, risk.why());
    }
    if (remedy instanceof Weakness.Remedy.KeepVotes keep) {
      return of(
          Kind.MAKE_CHECKPOINT,
          risk.why(),
          "tka update "
              + store
              + " "
              + Texts.shellWord(
                  Texts.keyId(keep.keyId()) + "?" + Long.toUnsignedString(keep.votes()))
              + " --key-file "
              + KEY_FILE);
    }
    return remedy instanceof Weakness.Remedy.Disable ? disable(store) : person(risk.why());
  }

  /** For a signer that is not trusted. */
  public static List<Advice> otherSigner(String store) {
    return List.of(
        person("sign with a key that is trusted now: 'tka status " + store + "' lists them"),
        disable(store));
  }

  /** For an authority that is in the way, or no longer wanted. */
  public static Advice end(String store, String why) {
    return of(
        Kind.DISABLE,
        why + ", end the lock with a disablement secret, in control's store and on every node",
        disabling(store));
  }

  /** For admins who are locked out. */
  public static Advice disable(String store) {
    return of(Kind.DISABLE, Weakness.ONLY_DISABLEMENT, disabling(store));
  }

  private static String disabling(String store) {
    return "tka disable " + store + " " + SECRET;
  }

  /** For a node that is not signed. */
  public static Advice signNode(
      String store, NodeKey node, Optional<String> rotationKey, String why) {
    return of(
        Kind.SIGN_NODE,
        why,
        "tka sign "
            + store
            + " "
            + node
            + rotationKey.map(key -> " " + key).orElse("")
            + " --key-file "
            + KEY_FILE);
  }

  /** For nodes that are not signed. */
  public static Advice signNodes(String store, String peers) {
    return of(
        Kind.SIGN_NODES,
        "if all unsigned nodes of the file are yours; to sign some, name them before --peers",
        "tka sign " + store + " --peers " + peers + " --key-file " + KEY_FILE);
  }

  /**
   * For a node that is named as only a peers file tells.
   *
   * @param node its ID or name
   */
  public static Advice signNamed(String store, String node) {
    return of(
        Kind.SIGN_NODE,
        "name a node by its node key, nodekey:...; or by its ID or name, with a peers file",
        "tka sign "
            + store
            + " "
            + Texts.shellWord(node)
            + " --peers "
            + PEERS
            + " --key-file "
            + KEY_FILE);
  }

  /** For a node that is not in a peers file. */
  public static Advice listPeers(String store, String peers) {
    return person("'tka peers " + store + " " + peers + "' lists its nodes, with names and IDs");
  }

  /** For an auth key in place of a node key. */
  public static Advice wrap(String store) {
    return of(
        Kind.WRAP,
        "an auth key is wrapped, so that nodes sign themselves as they join; it is asked for,"
            + " because others can see arguments",
        "tka authkey wrap " + store + " --key-file " + KEY_FILE);
  }

  /** For a lock key in place of a node key. */
  public static Advice trust(String store, String key) {
    return addKey(store, key, "a tailnet lock key is not signed, but trusted");
  }

  /** For a node that our sync helps. */
  public static Advice sync(String both, String why) {
    return of(Kind.SYNC, why, "tka sync " + both);
  }

  /** For a node that has to restore purged AUMs. */
  public static Advice repairTo(String store, AumHash hash, String why) {
    return of(Kind.REPAIR, why, "tka repair " + store + " --to " + hash);
  }

  /** For a node that has to restore as many AUMs as it can. */
  public static Advice repairAll(String store, String why) {
    return of(Kind.REPAIR, why, "tka repair " + store + " --all");
  }

  /** For a node that has to restore what an offer names. */
  public static Advice repairToMeet(String store, String offer, String why) {
    return of(Kind.REPAIR, why, "tka repair " + store + " --meet " + Texts.shellWord(offer));
  }

  /** For control after a restoration from a backup that is older than the node's window. */
  public static Advice giveBack(String store, String both, AumHash common) {
    return of(
        Kind.GIVE_BACK,
        "if control was restored from an old backup: sync a node that holds more with it, or"
            + " restore what this one still has, and give it back",
        "tka repair " + store + " --to " + common,
        "tka sync " + both + " --restored");
  }

  /** For control after a restoration. */
  public static Advice restored(String both) {
    return of(
        Kind.RESTORED,
        "if control was restored from a backup; if not, find out who runs it",
        "tka sync " + both + " --restored");
  }

  /** For a tailnet that was restored from a backup. */
  public static Advice endRestored(String store) {
    return of(
        Kind.END_RESTORED,
        "it ends by itself when these have come, and after 7 days; to end it now",
        "tka restored " + store + " --over");
  }

  /** For a file that is damaged and of which there may be a backup. */
  public static Advice restore(String url) {
    return of(
        Kind.RESTORE,
        "if it is the right file, put a backup back; nodes may have more than it: see"
            + " docs/admin-guide.md, 'Restoring'",
        "tka restore " + COPY + " " + Texts.shellWord(url));
  }

  /** For an export whose name is taken. */
  public static Advice importBeside(String export, String store) {
    return of(
        Kind.IMPORT_BESIDE,
        "to have it beside what is there",
        importing(export, store) + " --tailnet " + NEW_NAME);
  }

  /**
   * For an export whose name is taken.
   *
   * @param named whether it is not its name in the export
   */
  public static Advice replaceTailnet(String export, String store, String name, boolean named) {
    String option = " --tailnet " + Texts.shellWord(name);
    return of(
        Kind.REPLACE,
        "to have it in place of " + TailnetName.printable(name) + ", of which an export is kept",
        "tka delete " + store + option,
        importing(export, store) + (named ? option : ""));
  }

  /** For an export that is to go into a directory where there is a tailnet. */
  public static Advice replaceDirectory(String export, String directory) {
    return of(
        Kind.REPLACE,
        "to have it in place of what is there, which is kept",
        "mv " + Texts.shellWord(directory) + " " + Texts.shellWord(directory + ".before"),
        importing(export, Texts.shellWord(directory)));
  }

  private static String importing(String export, String store) {
    return "tka import " + export + " " + store;
  }

  /** For an AUM that the node refuses. */
  public static Advice admit(String both, AumHash update) {
    return of(
        Kind.ADMIT,
        "find out who signed it; if it is intended",
        "tka sync " + both + " --admit " + update);
  }

  /** For a revocation with signatures that bar it. */
  public static Advice finish(String store, String both, String update) {
    return of(
        Kind.FINISH,
        "the signatures that control names must not be on it, and the others are enough. To store"
            + " it with those, then sync",
        "tka revoke-keys " + store + " --finish " + update,
        "tka sync " + both);
  }

  /**
   * Advice about places of which some may be running servers, which take only edits: what writes
   * anything else to one goes to the store that it serves, {@value #SERVED}. A running tailscaled
   * signs with its own key and knows its nodes; what it cannot change is done on its folder while
   * it is stopped.
   */
  public static List<Advice> at(Collection<StorePlace> places, List<Advice> advice) {
    List<Advice> all = advice;
    for (StorePlace place : places) {
      if (place instanceof TailscaledPlace) {
        all = all.stream().map(each -> each.onDaemon(Texts.shellWord(place.url()))).toList();
      } else if (place.readOnly().isPresent()) {
        all = all.stream().map(each -> each.onServed(Texts.shellWord(place.url()))).toList();
      }
    }
    return all;
  }

  private Advice onDaemon(String url) {
    if (commands.stream().noneMatch(each -> each.contains(" " + url))) {
      return this;
    }
    boolean possible = commands.stream().noneMatch(each -> writes(each, url, NOT_BY_DAEMON));
    return possible
        ? new Advice(
            kind,
            why,
            commands.stream()
                .map(
                    each -> each.contains(" " + url) ? UNNEEDED.matcher(each).replaceAll("") : each)
                .toList())
        : person(why + ", on the folder of tailscaled while that is stopped");
  }

  private Advice onServed(String url) {
    if (commands.stream().noneMatch(each -> writes(each, url, WRITING))) {
      return this;
    }
    return new Advice(
        kind,
        "run it where the store that the server serves, " + SERVED + ", can be opened; " + why,
        commands.stream()
            .map(
                each ->
                    writes(each, url, WRITING)
                        ? SERVER_OPTION.matcher(each.replace(url, SERVED)).replaceAll("")
                        : each)
            .toList());
  }

  private static boolean writes(String command, String url, Set<String> writing) {
    List<String> words = List.of(command.split(" ", 3));
    return words.get(0).equals("tka")
        && writing.contains(words.get(1))
        && !ONLY_TRIES.matcher(command).find()
        && !command.contains(" --from " + url)
        && command.contains(" " + url);
  }

  /** The same advice with its texts changed, such as to hide a secret. */
  public Advice with(UnaryOperator<String> change) {
    return new Advice(kind, change.apply(why), commands.stream().map(change).toList());
  }

  /** The lines for people: what it is about, then each command. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>(List.of("to do: " + why));
    commands.forEach(command -> lines.add("run:   " + command));
    return lines;
  }

  /** Prints the lines, each after the same beginning. */
  public static void print(List<Advice> all, String beginning, PrintWriter out) {
    all.forEach(
        advice -> advice.lines().forEach(line -> out.println(beginning + Texts.printable(line))));
  }

  /** Puts the advice into an object, if there is any: as one text, and by its parts. */
  public static void put(List<Advice> all, Map<String, Object> object) {
    if (all.isEmpty()) {
      return;
    }
    object.put("Remedy", String.join("; or: ", all.stream().map(Advice::toString).toList()));
    object.put("Advice", all.stream().map(Advice::toJson).toList());
  }

  private Map<String, Object> toJson() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Kind", kind.word());
    object.put("Why", why);
    object.put("Commands", commands);
    return object;
  }

  /** On one line. */
  @Override
  public String toString() {
    return commands.isEmpty() ? why : why + ": " + String.join(" && ", commands);
  }
}
