package dev.tka.store.records;

import dev.tka.core.DisablementSecret;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What control keeps of a tailnet beside its AUMs and its nodes (service, section 2). The lock is
 * on while the tailnet's store holds AUMs.
 *
 * @param authority the authority that is on or was on last; empty while nobody has named one
 * @param begun the last init that was begun
 * @param retired the authorities that were ended, oldest first
 * @param support the secret for the operator's support, if a node gave one at init
 * @param made whether the operator made it, so that it is there before anything else is known of it
 * @param restored when the operator said that the tailnet was restored from a backup, so that
 *     control takes back what nodes still hold (protocol, section 10); empty once that is over
 */
public record TailnetRecord(
    Optional<AuthorityName> authority,
    Optional<PendingInit> begun,
    List<RetiredAuthority> retired,
    Optional<DisablementSecret> support,
    boolean made,
    Optional<Instant> restored) {
  /** A tailnet of which nothing is kept. */
  public static final TailnetRecord NONE =
      new TailnetRecord(
          Optional.empty(), Optional.empty(), List.of(), Optional.empty(), false, Optional.empty());

  /** Copies the list. */
  public TailnetRecord {
    retired = List.copyOf(retired);
  }

  /** Made by the operator. */
  public TailnetRecord withMade() {
    return new TailnetRecord(authority, begun, retired, support, true, restored);
  }

  /** With another authority. */
  public TailnetRecord withAuthority(AuthorityName name) {
    return new TailnetRecord(Optional.of(name), begun, retired, support, made, restored);
  }

  /** With another init, in place of one that was begun before. */
  public TailnetRecord withBegun(PendingInit init) {
    return new TailnetRecord(authority, Optional.of(init), retired, support, made, restored);
  }

  /**
   * With an authority that was ended, as the last of them. The secret for support and the init that
   * was begun go, and nothing of that authority is taken back any longer.
   */
  public TailnetRecord withRetired(RetiredAuthority ended) {
    List<RetiredAuthority> more = new ArrayList<>(retired);
    more.add(ended);
    return new TailnetRecord(
        Optional.of(ended.name()),
        Optional.empty(),
        more,
        Optional.empty(),
        made,
        Optional.empty());
  }

  /** With another secret for support. */
  public TailnetRecord withSupport(Optional<DisablementSecret> secret) {
    return new TailnetRecord(authority, begun, retired, secret, made, restored);
  }

  /** Restored from a backup, or no longer. */
  public TailnetRecord withRestored(Optional<Instant> at) {
    return new TailnetRecord(authority, begun, retired, support, made, at);
  }
}
