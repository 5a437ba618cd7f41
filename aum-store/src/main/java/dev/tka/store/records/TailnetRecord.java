package dev.tka.store.records;

import dev.tka.core.DisablementSecret;
import dev.tka.core.State;
import dev.tka.core.authority.Thresholds;
import dev.tka.tlog.heads.HeadsLog;
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
 * @param thresholds the votes that the operator asks of edits (service, section 11)
 * @param proposals the changes for which signatures are collected, and the last ones that ended,
 *     oldest first
 * @param log the log of the tailnet's heads (service, section 11, "Witness"), where the operator
 *     keeps one
 */
public record TailnetRecord(
    Optional<AuthorityName> authority,
    Optional<PendingInit> begun,
    List<RetiredAuthority> retired,
    Optional<DisablementSecret> support,
    boolean made,
    Optional<Instant> restored,
    Thresholds thresholds,
    List<Proposal> proposals,
    Optional<HeadsLog> log) {
  /** A tailnet of which nothing is kept. */
  public static final TailnetRecord NONE =
      new TailnetRecord(
          Optional.empty(), Optional.empty(), List.of(), Optional.empty(), false, Optional.empty());

  /** Copies the lists. */
  public TailnetRecord {
    retired = List.copyOf(retired);
    proposals = List.copyOf(proposals);
  }

  /** A record of a tailnet of which no votes are asked. */
  public TailnetRecord(
      Optional<AuthorityName> authority,
      Optional<PendingInit> begun,
      List<RetiredAuthority> retired,
      Optional<DisablementSecret> support,
      boolean made,
      Optional<Instant> restored) {
    this(
        authority,
        begun,
        retired,
        support,
        made,
        restored,
        Thresholds.NONE,
        List.of(),
        Optional.empty());
  }

  /** Made by the operator. */
  public TailnetRecord withMade() {
    return new TailnetRecord(
        authority, begun, retired, support, true, restored, thresholds, proposals, log);
  }

  /** With another authority. */
  public TailnetRecord withAuthority(AuthorityName name) {
    return new TailnetRecord(
        Optional.of(name), begun, retired, support, made, restored, thresholds, proposals, log);
  }

  /** With another init, in place of one that was begun before. */
  public TailnetRecord withBegun(PendingInit init) {
    return new TailnetRecord(
        authority, Optional.of(init), retired, support, made, restored, thresholds, proposals, log);
  }

  /**
   * With an authority that was ended, as the last of them. The secret for support and the init that
   * was begun go, and nothing of that authority is taken back any longer. Thresholds stay, and so
   * do proposals that ended; those that were open end with it: the one for the end is done.
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
        Optional.empty(),
        thresholds,
        proposals.stream().map(each -> each.isOpen() ? endedWith(each, ended) : each).toList(),
        log);
  }

  private static Proposal endedWith(Proposal open, RetiredAuthority ended) {
    return open.ended(
        open.subject() instanceof Proposal.Subject.Disable
            ? new Proposal.Outcome.Done(ended.at(), Optional.empty())
            : new Proposal.Outcome.Ended(ended.at(), "the lock was disabled"));
  }

  /** With another secret for support. */
  public TailnetRecord withSupport(Optional<DisablementSecret> secret) {
    return new TailnetRecord(
        authority, begun, retired, secret, made, restored, thresholds, proposals, log);
  }

  /** Restored from a backup, or no longer. */
  public TailnetRecord withRestored(Optional<Instant> at) {
    return new TailnetRecord(
        authority, begun, retired, support, made, at, thresholds, proposals, log);
  }

  /** With other thresholds. */
  public TailnetRecord withThresholds(Thresholds other) {
    return new TailnetRecord(
        authority, begun, retired, support, made, restored, other, proposals, log);
  }

  /** With other proposals. */
  public TailnetRecord withProposals(List<Proposal> others) {
    return new TailnetRecord(
        authority, begun, retired, support, made, restored, thresholds, others, log);
  }

  /** With another log of its heads. */
  public TailnetRecord withLog(HeadsLog other) {
    return new TailnetRecord(
        authority,
        begun,
        retired,
        support,
        made,
        restored,
        thresholds,
        proposals,
        Optional.of(other));
  }

  /**
   * What is missing to end an authority (service, section 11, "Thresholds"): the votes of those who
   * have approved it, in its state now.
   *
   * @param state that of the authority that is on
   */
  public Optional<Thresholds.Shortfall> shortfallOfDisabling(State state) {
    long most = 0;
    for (Proposal each : proposals) {
      if (each.isOpen()
          && each.subject() instanceof Proposal.Subject.Disable
          && each.authority().stateId1() == state.stateId1()
          && each.authority().stateId2() == state.stateId2()) {
        most = Math.max(most, Thresholds.votesOf(each.signers(), state));
      }
    }
    return Thresholds.shortfall(thresholds.disable(), most);
  }

  /** The proposal with an id. */
  public Optional<Proposal> proposal(String id) {
    return proposals.stream().filter(each -> each.id().equals(id)).findFirst();
  }
}
