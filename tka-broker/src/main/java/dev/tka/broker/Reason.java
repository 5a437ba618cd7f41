package dev.tka.broker;

import java.util.Locale;

/** Why a request is refused. In the order of the checks: of several rules, the furthest answers. */
public enum Reason {
  /** The log was changed by somebody else; nothing is decided before it is mended. */
  LOG,
  /** No rule is for the tailnet. */
  TAILNET,
  /** The voucher is no text that could be one. */
  VOUCHER_FORM,
  /** No rule takes this kind of voucher. */
  VOUCHER_KIND,
  /** The log knows no such token. */
  TOKEN_UNKNOWN,
  /** The token was issued for another rule. */
  TOKEN_RULE,
  /** No pinned key signed the voucher, or the token did not for these keys and this tailnet. */
  VOUCHER_SIGNATURE,
  /** Another provider issued it. */
  ISSUER,
  /** It is for another audience. */
  AUDIENCE,
  /** It names another node key, or another rotation key. */
  NODE_KEY,
  /** It has no time until when it counts, or that has passed. */
  EXPIRED,
  /** It does not count yet. */
  NOT_YET,
  /** It does not claim what the rule asks for. */
  CLAIM,
  /** It has served already. */
  REPLAYED,
  /** The rule has ended. */
  RULE_ENDED,
  /** The rule signs with a credential, which names no rotation key. */
  ROTATION_KEY,
  /** Control's name of the node is not among the rule's. */
  NAME,
  /** Control's tags of the node are not among the rule's. */
  TAGS,
  /** Control's user of the node is not among the rule's. */
  USER,
  /** The rule has signed as many nodes within an hour as it may. */
  RATE,
  /** The second broker refused, did not answer, or did not sign what it was asked. */
  SECOND,
  /** The key to sign with cannot be used now. */
  SIGNER,
  /** Others were decided at the same time, again and again. */
  BUSY;

  /** The stable code, such as {@code token-unknown}. */
  public String code() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether the same request may be answered otherwise later. */
  public boolean passes() {
    return switch (this) {
      case LOG, NOT_YET, RATE, SECOND, SIGNER, BUSY -> true;
      default -> false;
    };
  }
}
