package dev.tka.broker;

import dev.tka.broker.Policy.Rule;
import dev.tka.broker.Policy.Vouching;
import dev.tka.core.Bytes;
import dev.tka.core.SignatureVerifier;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a broker says to a request: a pure function of the policy, its log, the request and the time
 * (service, section 11).
 *
 * <p>Each rule checks in the order of {@link Reason}. The first rule with nothing against the
 * request signs it; if there is none, the refusal of the rule that came furthest is given.
 */
public sealed interface Decision {
  /** Nobody's clock is exact: a voucher may count this much before the broker's clock says so. */
  Duration SKEW = Duration.ofMinutes(1);

  /** Of a bare Ed25519 signature; a node-key signature is longer. */
  int AGREEMENT_SIZE = 64;

  Duration HOUR = Duration.ofHours(1);
  Duration DAY = Duration.ofDays(1);

  /**
   * The node key may be signed.
   *
   * @param rule that allows it
   * @param voucher names what vouches for it; it is used up with the signature
   * @param needsSecond whether another broker has to agree
   */
  record Sign(Rule rule, String voucher, boolean needsSecond) implements Decision {}

  /**
   * It was signed before, with this voucher and for the same keys and tailnet: whoever asks again
   * did not get the answer. It is bound to the node key, so that giving it again gives nothing
   * more.
   *
   * @param rule that allowed it
   * @param voucher names what vouched for it
   * @param line where it is in the log
   * @param signature what was given
   */
  record Again(Rule rule, String voucher, long line, Bytes signature) implements Decision {}

  /**
   * The node key may not be signed.
   *
   * @param reason why
   * @param sentence the same for people, on one line; it holds no secret
   * @param rule the rule that refuses; empty if none is for the tailnet
   * @param voucher names what vouched for the node, if it was verified
   * @param retryAfter when to ask again, if that is known
   * @param detail what the broker's own people have to know, and not whoever asks
   */
  record Refuse(
      Reason reason,
      String sentence,
      Optional<String> rule,
      Optional<String> voucher,
      Optional<Duration> retryAfter,
      Optional<String> detail)
      implements Decision {
    static Refuse of(Reason reason, String sentence) {
      return new Refuse(
          reason, sentence, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** Whether nothing is wrong with the request, but with what a rule needs to sign it. */
    boolean isFailure() {
      return rule.isPresent()
          && (reason == Reason.SIGNER || reason == Reason.SECOND || reason == Reason.BUSY);
    }

    Refuse because(String text) {
      return new Refuse(reason, sentence, rule, voucher, retryAfter, Optional.of(text));
    }

    Refuse by(String name) {
      return new Refuse(reason, sentence, Optional.of(name), voucher, retryAfter, detail);
    }

    Refuse of(String id) {
      return new Refuse(reason, sentence, rule, Optional.of(id), retryAfter, detail);
    }

    Refuse after(Duration wait) {
      return new Refuse(reason, sentence, rule, voucher, Optional.of(wait), detail);
    }
  }

  /** Decides. */
  static Decision of(Policy policy, Ledger ledger, SigningRequest request, Instant now) {
    return of(policy, ledger, request, now, new HashMap<>());
  }

  /**
   * Decides.
   *
   * @param now by the broker's clock; if that went back, the time of the newest line of its log
   *     counts, so that nothing that had ended counts again
   * @param verified what was found of this request's voucher before; it is filled
   */
  static Decision of(
      Policy policy,
      Ledger ledger,
      SigningRequest request,
      Instant now,
      Map<PinnedKeys, Optional<PinnedKeys.Signed>> verified) {
    Instant time = ledger.notBefore(now);
    Refuse furthest = Refuse.of(Reason.TAILNET, "no rule is for this tailnet");
    Optional<Voucher> voucher = Voucher.parse(request.voucher());
    for (Rule rule : policy.rules()) {
      if (!rule.tailnets().contains(request.tailnet())) {
        continue;
      }
      Decision decision =
          voucher.isPresent()
              ? new Check(rule, ledger, request, time, verified).decide(voucher.get())
              : Refuse.of(
                  Reason.VOUCHER_FORM,
                  "expected a voucher of a broker's token or a token of OpenID Connect, found"
                      + " other text");
      if (!(decision instanceof Refuse refuse)) {
        return decision;
      }
      if (refuse.reason().compareTo(furthest.reason()) > 0) {
        furthest = refuse.by(rule.name());
      }
    }
    return furthest;
  }

  /** A request under one rule. */
  record Check(
      Rule rule,
      Ledger ledger,
      SigningRequest request,
      Instant now,
      Map<PinnedKeys, Optional<PinnedKeys.Signed>> verified) {
    /** A verified voucher's name, or why it does not count. */
    private record Vouched(Optional<String> id, Optional<Refuse> refused) {
      static Vouched by(String id) {
        return new Vouched(Optional.of(id), Optional.empty());
      }

      static Vouched not(Reason reason, String sentence) {
        return new Vouched(Optional.empty(), Optional.of(Refuse.of(reason, sentence)));
      }
    }

    Decision decide(Voucher voucher) {
      Vouched vouched;
      if (voucher instanceof Voucher.OfToken token && rule.voucher() instanceof Vouching.Token) {
        vouched = token(token);
      } else if (voucher instanceof Voucher.Oidc token
          && rule.voucher() instanceof Vouching.Oidc oidc) {
        vouched = oidc(token, oidc);
      } else {
        vouched = Vouched.not(Reason.VOUCHER_KIND, "the rule takes another kind of voucher");
      }
      if (vouched.refused().isPresent()) {
        return vouched.refused().get();
      }
      String id = vouched.id().orElseThrow();
      Optional<Again> again = again(id);
      if (again.isPresent()) {
        return again.get();
      }
      Optional<Refuse> refused = refusal(id);
      if (refused.isPresent()) {
        return refused.get().of(id);
      }
      boolean needsSecond =
          rule.second().isPresent()
              && ledger.signedSince(rule.name(), now.minus(DAY)) >= rule.second().get().above();
      return new Sign(rule, id, needsSecond);
    }

    private Vouched token(Voucher.OfToken token) {
      Optional<Ledger.Issued> issued = ledger.token(token.id());
      if (issued.isEmpty()) {
        return Vouched.not(Reason.TOKEN_UNKNOWN, "this broker issued no such token");
      }
      if (!issued.get().rule().equals(rule.name())) {
        return Vouched.not(Reason.TOKEN_RULE, "the token was issued for another rule");
      }
      if (!SignatureVerifier.fastest()
          .verifyZip215(
              new SignatureVerifier.Claim(
                  token.id().bytes(),
                  BrokerToken.hash(request.tailnet(), request.keys()),
                  token.proof()))) {
        return Vouched.not(
            Reason.VOUCHER_SIGNATURE,
            "the token does not vouch for this node key, rotation key and tailnet");
      }
      return now.isBefore(issued.get().until())
          ? Vouched.by("token:" + token.id().bytes().toHex())
          : Vouched.not(Reason.EXPIRED, "the token expired at " + issued.get().until());
    }

    private Vouched oidc(Voucher.Oidc token, Vouching.Oidc expected) {
      Optional<PinnedKeys.Signed> signed =
          verified.computeIfAbsent(expected.keys(), keys -> keys.verify(token.text()));
      if (signed.isEmpty()) {
        return Vouched.not(Reason.VOUCHER_SIGNATURE, "no pinned key signed the token");
      }
      Map<String, Object> claims = signed.get().claims();
      if (!expected.issuer().equals(claims.get("iss"))) {
        return Vouched.not(Reason.ISSUER, "another issuer made the token");
      }
      Optional<Vouched> binding = binding(claims, expected.audience());
      if (binding.isPresent()) {
        return binding.get();
      }
      Optional<Instant> until = time(claims.get("exp"));
      if (until.isEmpty()) {
        return Vouched.not(Reason.EXPIRED, "the token has no time when it expires");
      }
      if (!now.isBefore(until.get())) {
        return Vouched.not(Reason.EXPIRED, "the token expired at " + until.get());
      }
      if (claims.containsKey("nbf")) {
        Optional<Instant> from = time(claims.get("nbf"));
        if (from.isEmpty() || from.get().isAfter(now.plus(SKEW))) {
          return Vouched.not(Reason.NOT_YET, "the token does not count yet");
        }
      }
      for (Map.Entry<String, String> each : expected.claims().entrySet()) {
        if (!each.getValue().equals(claims.get(each.getKey()))) {
          return Vouched.not(
              Reason.CLAIM, "the token's " + each.getKey() + " is not what the rule asks for");
        }
      }
      // The signature's own text may be written in several ways, and what was signed may not.
      String one =
          claims.get("jti") instanceof String id && !id.isEmpty()
              ? "jti\n" + id
              : "text\n" + signed.get().signedPart();
      return Vouched.by("oidc:" + Hashes.of(expected.issuer() + "\n" + one).toHex());
    }

    /** What the token is for: the broker, and these keys. */
    private Optional<Vouched> binding(Map<String, Object> claims, String audience) {
      @Nullable Object named = claims.get("aud");
      List<?> audiences =
          named instanceof List<?> list ? list : named == null ? List.of() : List.of(named);
      String keys = request.keys();
      if (audiences.contains(audience + "#" + keys)) {
        return Optional.empty();
      }
      boolean forBroker =
          audiences.stream()
              .anyMatch(
                  each ->
                      each.equals(audience)
                          || (each instanceof String text && text.startsWith(audience + "#")));
      if (!forBroker) {
        return Optional.of(Vouched.not(Reason.AUDIENCE, "the token is for another audience"));
      }
      boolean bound =
          audiences.contains(audience)
              && (audiences.contains(keys) || keys.equals(claims.get("nonce")));
      return bound
          ? Optional.empty()
          : Optional.of(
              Vouched.not(
                  Reason.NODE_KEY,
                  "neither audience nor nonce of the token names this node key and rotation key"));
    }

    private static Optional<Instant> time(@Nullable Object claim) {
      try {
        return claim instanceof Number number
            ? Optional.of(Instant.ofEpochSecond((long) Math.floor(number.doubleValue())))
            : Optional.empty();
      } catch (DateTimeException e) {
        return Optional.empty();
      }
    }

    private Optional<Again> again(String id) {
      // A rule of the log may have got another sense since: no agreement for a node's signature.
      boolean agrees = rule.sign() instanceof Policy.Signing.Agreement;
      return Optional.ofNullable(ledger.used().get(id))
          .filter(served -> served.rule().equals(rule.name()) && served.isFor(request))
          .flatMap(
              served ->
                  served
                      .signature()
                      .filter(bytes -> (bytes.size() == AGREEMENT_SIZE) == agrees)
                      .map(bytes -> new Again(rule, id, served.line(), bytes)));
    }

    private Optional<Refuse> refusal(String id) {
      if (ledger.used().containsKey(id)) {
        return refuse(Reason.REPLAYED, "the voucher has served already");
      }
      if (!now.isBefore(rule.until())) {
        return refuse(Reason.RULE_ENDED, "the rule ended at " + rule.until());
      }
      if (rule.sign() instanceof Policy.Signing.AuthKey && request.rotationKey().isPresent()) {
        return refuse(
            Reason.ROTATION_KEY,
            "the rule signs with a credential, which names no rotation key: leave it out");
      }
      Policy.Narrowing only = rule.only();
      if (!only.names().isEmpty() && !request.name().map(this::isNamed).orElse(false)) {
        return refuse(Reason.NAME, "the node's name is not among those of the rule");
      }
      if (!only.tags().isEmpty()
          && (request.tags().isEmpty() || !only.tags().containsAll(request.tags()))) {
        return refuse(Reason.TAGS, "the node's tags are not among those of the rule");
      }
      if (!only.users().isEmpty() && !request.user().map(only.users()::contains).orElse(false)) {
        return refuse(Reason.USER, "the node's user is not among those of the rule");
      }
      if (ledger.signedSince(rule.name(), now.minus(HOUR)) < rule.perHour()) {
        return Optional.empty();
      }
      Duration wait =
          ledger
              .nthNewest(rule.name(), rule.perHour() - 1)
              .map(time -> Duration.between(now, time.plus(HOUR)))
              .orElse(HOUR);
      return refuse(Reason.RATE, "the rule has signed " + rule.perHour() + " nodes within an hour")
          .map(refuse -> refuse.after(wait));
    }

    private static Optional<Refuse> refuse(Reason reason, String sentence) {
      return Optional.of(Refuse.of(reason, sentence));
    }

    private boolean isNamed(String name) {
      return rule.only().names().stream()
          .anyMatch(
              each ->
                  each.endsWith("*")
                      ? name.startsWith(each.substring(0, each.length() - 1))
                      : Objects.equals(name, each));
    }
  }
}
