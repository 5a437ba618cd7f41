package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.SignerKinds;
import dev.tka.signer.SignerPlace;
import dev.tka.store.Tailnets;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * For whom a broker signs (service, section 11). What no rule names is refused. Immutable.
 *
 * @param file the SHA-256 of the bytes of its file
 * @param rules one or more; the first that allows a request signs it
 */
public record Policy(Bytes file, List<Rule> rules) {
  /** The version of the file's schema. */
  public static final int SCHEMA_VERSION = 1;

  private static final int LARGEST_FILE = 1 << 20;
  private static final int MOST_RULES = 1_000;
  private static final int MOST_LISTED = 1_000;
  private static final int LONGEST_NAME = 100;
  private static final int LONGEST_TEXT = 1_000;
  private static final int MOST_SIGNED = 1_000_000;

  /** Copies its list. */
  public Policy {
    rules = List.copyOf(rules);
  }

  /**
   * A rule.
   *
   * @param name names it in the log
   * @param tailnets whose nodes it signs
   * @param voucher who vouches for a node
   * @param until from when on it signs nothing any longer
   * @param perHour how many nodes it signs within any hour
   * @param only what it asks of control's assertions
   * @param sign with what it signs
   * @param second who else has to agree
   */
  public record Rule(
      String name,
      List<String> tailnets,
      Vouching voucher,
      Instant until,
      int perHour,
      Narrowing only,
      Signing sign,
      Optional<Second> second) {
    /** Copies its list. */
    public Rule {
      tailnets = List.copyOf(tailnets);
    }
  }

  /** Who vouches for a node. */
  public sealed interface Vouching {
    /** A token that the broker issued for this rule. */
    record Token() implements Vouching {}

    /**
     * A token of an OpenID provider.
     *
     * @param issuer the token's {@code iss}
     * @param audience what its {@code aud} names beside the node key
     * @param keys the provider's keys
     * @param claims what else it has to claim, each with this text; one or more, as a provider
     *     gives tokens to anybody
     */
    record Oidc(String issuer, String audience, PinnedKeys keys, Map<String, String> claims)
        implements Vouching {
      /** Copies its map. */
      public Oidc {
        claims = Map.copyOf(claims);
      }
    }
  }

  /**
   * What control has to assert of a node. Control can lie: this only narrows. A list that is empty
   * asks for nothing.
   *
   * @param names the node's name is one of these; a text that ends in {@code *} stands for all that
   *     begin with it
   * @param tags the node has tags, and all of them are among these
   * @param users the node's user is one of these
   */
  public record Narrowing(List<String> names, List<String> tags, List<String> users) {
    /** Copies its lists. */
    public Narrowing {
      names = List.copyOf(names);
      tags = List.copyOf(tags);
      users = List.copyOf(users);
    }
  }

  /** With what a rule signs. */
  public sealed interface Signing {
    /** What whoever holds it can do. */
    String meaning();

    /** What to know before something is signed with it. */
    default Optional<String> warning() {
      return Optional.empty();
    }

    /**
     * A credential, in a wrapped auth key.
     *
     * @param file holds the auth key
     */
    record AuthKey(Path file) implements Signing {
      @Override
      public String meaning() {
        return "signs with the credential of "
            + file
            + ": it can sign nodes and nothing else; a node signed with it cannot rotate its key,"
            + " and comes back";
      }
    }

    /**
     * A trusted key.
     *
     * @param signer where it is
     */
    record TrustedKey(SignerPlace signer) implements Signing {
      @Override
      public Optional<String> warning() {
        return signer.warning();
      }

      @Override
      public String meaning() {
        return "signs with a trusted key, "
            + signer.url()
            + ": whoever holds it can also extend the chain, with one vote, too, unless control"
            + " asks for more votes";
      }
    }

    /**
     * A key that only tells another broker that this one agrees.
     *
     * @param signer where it is
     */
    record Agreement(SignerPlace signer) implements Signing {
      @Override
      public Optional<String> warning() {
        return signer.warning();
      }

      @Override
      public String meaning() {
        return "agrees with " + signer.url() + " to what another broker signs, and signs no node";
      }
    }
  }

  /**
   * Another broker that has to agree.
   *
   * @param above how many nodes the rule signs within any 24 hours without it
   * @param url where it is asked
   * @param key signs its agreement
   * @param tokenFile whose first line is the bearer token that it asks for; for its owner alone
   */
  public record Second(int above, URI url, LockPublicKey key, Optional<Path> tokenFile) {}

  /** Reads a provider's keys. */
  @FunctionalInterface
  interface KeyFiles {
    PinnedKeys read(Path file) throws BadInputException;
  }

  /**
   * Reads a policy and the files of keys that it names.
   *
   * @throws BadInputException if it says something that is not known, or what it names cannot be
   *     used: one line that names the place and the member
   * @throws IOException if the file does not exist or cannot be read
   */
  public static Policy read(Path file) throws BadInputException, IOException {
    byte[] content = bounded(file);
    Path folder = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
    return parse(
        file.toString(),
        content,
        folder,
        keys -> {
          try {
            return PinnedKeys.parse(keys.toString(), bounded(keys));
          } catch (IOException e) {
            throw new BadInputException(keys + ": cannot be read");
          }
        });
  }

  private static byte[] bounded(Path file) throws IOException, BadInputException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(LARGEST_FILE + 1);
      if (content.length > LARGEST_FILE) {
        throw new BadInputException(file + ": expected at most 1 MiB, found more");
      }
      return content;
    }
  }

  /**
   * Reads a policy.
   *
   * @param where names it in errors
   * @param folder of relative paths
   */
  static Policy parse(String where, byte[] content, Path folder, KeyFiles files)
      throws BadInputException {
    Members in = Members.parse(where, content);
    in.number("schemaVersion", SCHEMA_VERSION, SCHEMA_VERSION);
    List<Rule> rules = new ArrayList<>();
    Map<Path, PinnedKeys> known = new HashMap<>();
    Set<String> names = new HashSet<>();
    for (Members each : in.objects("rules", MOST_RULES)) {
      Rule rule =
          rule(
              each,
              folder,
              keys -> {
                // One value for one file, so that a token is verified once for all of its rules.
                if (!known.containsKey(keys)) {
                  known.put(keys, files.read(keys));
                }
                return Objects.requireNonNull(known.get(keys));
              });
      if (!names.add(rule.name())) {
        throw each.bad("name", "a name of its own", "that of another rule");
      }
      rules.add(rule);
    }
    in.end();
    return new Policy(Hashes.of(content), rules);
  }

  private static Rule rule(Members in, Path folder, KeyFiles files) throws BadInputException {
    String name =
        in.value("name", LONGEST_NAME, "letters, digits, - and _", matching("[A-Za-z0-9_-]+"));
    List<String> tailnets = in.texts("tailnets", MOST_LISTED, Tailnets.LONGEST_NAME);
    for (int i = 0; i < tailnets.size(); i++) {
      if (!Tailnets.isName(tailnets.get(i))) {
        throw in.bad("tailnets[" + i + "]", "the name of a tailnet", "another text");
      }
    }
    Vouching voucher = vouching(in.object("voucher"), folder, files);
    Instant until = in.time("until");
    int perHour = in.number("perHour", 1, MOST_SIGNED);
    Optional<Members> only = in.optionalObject("only");
    Narrowing narrowing =
        only.isPresent() ? narrowing(only.get()) : new Narrowing(List.of(), List.of(), List.of());
    Signing sign = signing(in.object("sign"), folder);
    Optional<Members> second = in.optionalObject("second");
    Optional<Second> other =
        second.isPresent() ? Optional.of(second(second.get(), folder)) : Optional.empty();
    if (other.isPresent() && sign instanceof Signing.Agreement) {
      throw in.bad("second", "none in a rule that only agrees", "one");
    }
    if (other.isPresent() && voucher instanceof Vouching.Token) {
      throw in.bad(
          "second", "none in a rule with tokens, which no other broker knows, or oidc", "one");
    }
    in.end();
    return new Rule(name, tailnets, voucher, until, perHour, narrowing, sign, other);
  }

  private static Members.Reading<String> matching(String regex) {
    Predicate<String> matches = text -> text.matches(regex);
    return text -> {
      if (!matches.test(text)) {
        throw new IllegalArgumentException();
      }
      return text;
    };
  }

  private static Vouching vouching(Members in, Path folder, KeyFiles files)
      throws BadInputException {
    Optional<Members> token = in.optionalObject("token");
    Optional<Members> oidc = in.optionalObject("oidc");
    if (token.isPresent() == oidc.isPresent()) {
      throw in.bad("token", "either this or oidc", token.isPresent() ? "both" : "neither");
    }
    in.end();
    if (token.isPresent()) {
      token.get().end();
      return new Vouching.Token();
    }
    Members from = oidc.orElseThrow();
    String issuer = from.text("issuer", LONGEST_TEXT);
    String audience = from.text("audience", LONGEST_TEXT);
    Path keys = from.value("keys", LONGEST_TEXT, "the path of a file", folder::resolve);
    Members claims = from.object("claims");
    Map<String, String> expected = claims.rest(LONGEST_TEXT);
    if (expected.isEmpty()) {
      throw from.bad("claims", "one or more, such as sub", "none: anybody would be let in");
    }
    from.end();
    return new Vouching.Oidc(issuer, audience, files.read(keys), expected);
  }

  private static Narrowing narrowing(Members in) throws BadInputException {
    Narrowing narrowing =
        new Narrowing(
            in.optionalTexts("names", MOST_LISTED, LONGEST_TEXT).orElse(List.of()),
            in.optionalTexts("tags", MOST_LISTED, LONGEST_TEXT).orElse(List.of()),
            in.optionalTexts("users", MOST_LISTED, LONGEST_TEXT).orElse(List.of()));
    in.end();
    return narrowing;
  }

  private static Signing signing(Members in, Path folder) throws BadInputException {
    Optional<Path> authKey =
        in.optional("authKey", LONGEST_TEXT, "the path of a file", folder::resolve);
    Optional<String> signer = in.optionalText("signer", LONGEST_TEXT);
    Optional<String> agree = in.optionalText("agree", LONGEST_TEXT);
    int found =
        (authKey.isPresent() ? 1 : 0) + (signer.isPresent() ? 1 : 0) + (agree.isPresent() ? 1 : 0);
    if (found != 1) {
      throw in.bad("authKey", "either this, signer or agree", found == 0 ? "none" : "several");
    }
    in.end();
    if (authKey.isPresent()) {
      return new Signing.AuthKey(authKey.get());
    }
    String member = signer.isPresent() ? "signer" : "agree";
    SignerPlace place;
    try {
      place = SignerKinds.installed().parse(signer.or(() -> agree).orElseThrow());
    } catch (TextException.BadUrl e) {
      throw in.bad(member, e);
    }
    return signer.isPresent() ? new Signing.TrustedKey(place) : new Signing.Agreement(place);
  }

  private static Second second(Members in, Path folder) throws BadInputException {
    Second second =
        new Second(
            in.number("above", 0, MOST_SIGNED),
            in.value(
                "url",
                LONGEST_TEXT,
                "https://HOST, or http:// on this machine",
                text -> {
                  URI url = new URI(text);
                  boolean local =
                      Set.of("127.0.0.1", "[::1]", "localhost")
                          .contains(String.valueOf(url.getHost()));
                  if (url.getHost() == null
                      || url.getRawUserInfo() != null
                      || url.getRawQuery() != null
                      || url.getRawFragment() != null
                      || !("https".equals(url.getScheme())
                          || ("http".equals(url.getScheme()) && local))) {
                    throw new IllegalArgumentException();
                  }
                  return url;
                }),
            in.value("key", LONGEST_TEXT, "a public key, tlpub:...", LockPublicKey::parse),
            in.optional("tokenFile", LONGEST_TEXT, "the path of a file", folder::resolve));
    in.end();
    return second;
  }

  /** The rule of a name. */
  public Optional<Rule> find(String name) {
    return rules.stream().filter(rule -> rule.name().equals(name)).findFirst();
  }

  /**
   * Opens once all that the rules sign with, and reads the tokens for other brokers, so that what
   * is missing is found before the first request.
   *
   * @return the public half of what each rule signs with, by the rule's name; of a credential, that
   *     of its own key
   * @throws SigningException if something cannot be used now
   * @throws IOException if a file does not exist or cannot be read
   */
  public Map<String, LockPublicKey> openSigners() throws SigningException, IOException {
    Map<String, LockPublicKey> keys = new HashMap<>();
    for (Rule rule : rules) {
      try (NodeSigner signer = NodeSigner.open(rule.sign())) {
        keys.put(rule.name(), signer.publicKey());
      }
      Optional<Path> tokenFile = rule.second().flatMap(Second::tokenFile);
      if (tokenFile.isPresent()) {
        List<String> unused = TokenFile.read(tokenFile.get());
      }
    }
    return Map.copyOf(keys);
  }

  /**
   * Names all that decides, files of keys included. It is the SHA-256 of lines of text, each with
   * its line feed: {@code policy} with the SHA-256 of the policy's file; and of each rule, in their
   * order, {@code keys}, its name and the SHA-256 of its file of keys, if it has one, and {@code
   * signs}, its name and the public key, if that is known. Hashes are in hexadecimal.
   *
   * @param signers of {@link #openSigners}; empty for a broker that signs nothing
   */
  public Bytes hash(Map<String, LockPublicKey> signers) {
    StringBuilder text = new StringBuilder("policy " + file.toHex() + "\n");
    for (Rule rule : rules) {
      if (rule.voucher() instanceof Vouching.Oidc oidc) {
        text.append("keys " + rule.name() + " " + oidc.keys().hash().toHex() + "\n");
      }
      Optional.ofNullable(signers.get(rule.name()))
          .ifPresent(key -> text.append("signs " + rule.name() + " " + key + "\n"));
    }
    return Hashes.of(text.toString());
  }
}
