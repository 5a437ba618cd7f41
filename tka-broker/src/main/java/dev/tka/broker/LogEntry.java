package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.store.Tailnets;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An entry of the log.
 *
 * @param at when it was written, by the broker's clock; in the log, not before the entry before it
 * @param what what happened
 */
public record LogEntry(Instant at, Event what) {
  private static final int LONGEST = 1_000;
  private static final String CONTROL = "control";
  private static final int MOST_SHOWN = 8;
  private static final int LONGEST_SHOWN = 64;

  /** In code points, each of which may count twice in {@link #LONGEST}. */
  private static final int LONGEST_REASON = LONGEST / 2;

  /** No more than so many code points. */
  private static String begin(String text, int most) {
    return text.codePointCount(0, text.length()) <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, most));
  }

  /** What happened. */
  public sealed interface Event {}

  /**
   * A broker started.
   *
   * @param policy names its policy, as {@link Policy#hash} says
   */
  public record Started(Bytes policy) implements Event {}

  /**
   * A token was issued.
   *
   * @param id its public half
   * @param rule the name of the rule that it is for
   * @param until from when on it does not count
   */
  public record TokenIssued(LockPublicKey id, String rule, Instant until) implements Event {}

  /**
   * A signature for control is there, or is left.
   *
   * @param tailnet the request's
   * @param nodeKey the request's
   * @param voucher names the verified voucher
   * @param left why it is not tried any longer; empty if control has it
   */
  public record Settled(String tailnet, NodeKey nodeKey, String voucher, Optional<String> left)
      implements Event {
    /** Cuts a long reason off. */
    public Settled {
      left = left.map(why -> begin(why, LONGEST_REASON));
    }
  }

  /** How a request was answered. */
  public enum Outcome {
    /** With a signature. */
    SIGNED,
    /** With a reason why not. */
    REFUSED,
    /** In a rehearsal, with what would have been done. */
    WOULD_SIGN
  }

  /**
   * A request was decided.
   *
   * @param outcome how
   * @param reason the code of the refusal; empty if it is none
   * @param rule the rule that signs or refuses
   * @param tailnet the request's
   * @param nodeKey the request's
   * @param rotationKey the request's
   * @param name the request's
   * @param tags the request's
   * @param user the request's
   * @param voucher names the verified voucher
   * @param signature what was given; empty if nothing was
   * @param forControl whether the broker itself brings it to control
   */
  public record Decided(
      Outcome outcome,
      Optional<String> reason,
      Optional<String> rule,
      String tailnet,
      NodeKey nodeKey,
      Optional<LockPublicKey> rotationKey,
      Optional<String> name,
      List<String> tags,
      Optional<String> user,
      Optional<String> voucher,
      Optional<Bytes> signature,
      boolean forControl)
      implements Event {
    /** Copies its list. */
    public Decided {
      tags = List.copyOf(tags);
    }

    static Decided signed(
        SigningRequest request, Decision.Sign sign, Optional<Bytes> signature, boolean forControl) {
      return new Decided(
          signature.isPresent() ? Outcome.SIGNED : Outcome.WOULD_SIGN,
          Optional.empty(),
          Optional.of(sign.rule().name()),
          request.tailnet(),
          request.nodeKey(),
          request.rotationKey(),
          request.name(),
          request.tags(),
          request.user(),
          Optional.of(sign.voucher()),
          signature,
          forControl);
    }

    static Decided refused(SigningRequest request, Decision.Refuse refuse) {
      return new Decided(
          Outcome.REFUSED,
          Optional.of(refuse.reason().code()),
          refuse.rule(),
          request.tailnet(),
          request.nodeKey(),
          request.rotationKey(),
          request.name().map(Decided::cut),
          request.tags().stream().limit(MOST_SHOWN).map(Decided::cut).toList(),
          request.user().map(Decided::cut),
          refuse.voucher(),
          Optional.empty(),
          false);
    }

    /** Whoever may ask chooses these texts, and nothing follows from them once it is refused. */
    private static String cut(String text) {
      String begin = begin(text, LONGEST_SHOWN);
      return begin.length() == text.length() ? text : begin + "...";
    }

    /** Whether a voucher was used up, and a rate with it; a rehearsal uses up nothing. */
    boolean counts() {
      return outcome == Outcome.SIGNED;
    }
  }

  /** In JSON, without what chains it. */
  Map<String, Object> members() {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("at", at.toString());
    if (what instanceof Started started) {
      out.put("kind", "started");
      out.put("policy", started.policy().toHex());
    } else if (what instanceof TokenIssued token) {
      out.put("kind", "token");
      out.put("id", token.id().toString());
      out.put("rule", token.rule());
      out.put("until", token.until().toString());
    } else if (what instanceof Settled settled) {
      out.put("kind", settled.left().isPresent() ? "left" : "brought");
      out.put("tailnet", settled.tailnet());
      out.put("nodeKey", settled.nodeKey().toString());
      out.put("voucher", settled.voucher());
      settled.left().ifPresent(why -> out.put("reason", why));
    } else if (what instanceof Decided decided) {
      put(decided, out);
    }
    return out;
  }

  private static void put(Decided decided, Map<String, Object> out) {
    out.put(
        "kind",
        switch (decided.outcome()) {
          case SIGNED -> "signed";
          case REFUSED -> "refused";
          case WOULD_SIGN -> "would-sign";
        });
    decided.reason().ifPresent(code -> out.put("reason", code));
    decided.rule().ifPresent(rule -> out.put("rule", rule));
    out.put("tailnet", decided.tailnet());
    out.put("nodeKey", decided.nodeKey().toString());
    decided.rotationKey().ifPresent(key -> out.put("rotationKey", key.toString()));
    decided.name().ifPresent(name -> out.put("name", name));
    if (!decided.tags().isEmpty()) {
      out.put("tags", decided.tags());
    }
    decided.user().ifPresent(user -> out.put("user", user));
    decided.voucher().ifPresent(id -> out.put("voucher", id));
    decided
        .signature()
        .ifPresent(
            bytes -> out.put("signature", Base64.getEncoder().encodeToString(bytes.toByteArray())));
    if (decided.forControl()) {
      out.put("to", CONTROL);
    }
  }

  /** Takes an entry from the members of a line. */
  static LogEntry of(Members in) throws BadInputException {
    Instant at = in.time("at");
    String kind = in.text("kind", LONGEST);
    return new LogEntry(
        at,
        switch (kind) {
          case "started" ->
              new Started(in.value("policy", LONGEST, "64 hexadecimal digits", Bytes::parseHex));
          case "token" ->
              new TokenIssued(
                  in.value("id", LONGEST, "tlpub:...", LockPublicKey::parse),
                  in.text("rule", LONGEST),
                  in.time("until"));
          case "brought" -> settled(in, Optional.empty());
          case "left" -> settled(in, Optional.of(in.text("reason", LONGEST)));
          case "signed" -> decided(in, Outcome.SIGNED);
          case "refused" -> decided(in, Outcome.REFUSED);
          case "would-sign" -> decided(in, Outcome.WOULD_SIGN);
          default -> throw in.bad("kind", "a kind that is known", "another");
        });
  }

  private static Settled settled(Members in, Optional<String> left) throws BadInputException {
    return new Settled(
        in.text("tailnet", Tailnets.LONGEST_NAME),
        in.value("nodeKey", LONGEST, "nodekey:...", NodeKey::parse),
        in.text("voucher", LONGEST),
        left);
  }

  private static Decided decided(Members in, Outcome outcome) throws BadInputException {
    Decided decided =
        new Decided(
            outcome,
            in.optionalText("reason", LONGEST),
            in.optionalText("rule", LONGEST),
            in.text("tailnet", Tailnets.LONGEST_NAME),
            in.value("nodeKey", LONGEST, "nodekey:...", NodeKey::parse),
            in.optional("rotationKey", LONGEST, "tlpub:...", LockPublicKey::parse),
            in.optionalText("name", LONGEST),
            in.optionalTexts("tags", LONGEST, LONGEST).orElse(List.of()),
            in.optionalText("user", LONGEST),
            in.optionalText("voucher", LONGEST),
            in.optional(
                "signature",
                SigningRequest.LONGEST_VOUCHER,
                "base64",
                text -> Bytes.copyOf(Base64.getDecoder().decode(text))),
            in.optionalText("to", LONGEST).filter(CONTROL::equals).isPresent());
    if (decided.counts() && (decided.rule().isEmpty() || decided.voucher().isEmpty())) {
      throw in.bad("voucher", "a rule and a voucher with what is signed", "nothing");
    }
    if (decided.forControl() && (!decided.counts() || decided.signature().isEmpty())) {
      throw in.bad("to", "a signature that can be brought", "none");
    }
    return decided;
  }
}
