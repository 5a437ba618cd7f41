package dev.tka.control;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.IllFormedException;
import dev.tka.core.Key;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.InformException;
import dev.tka.core.authority.InformResult;
import dev.tka.core.authority.LiveAuthority;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Refusal;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import dev.tka.store.records.RecordsChange;
import dev.tka.store.records.TailnetRecord;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The votes that a tailnet asks of edits, and the collecting of signatures (service, section 11,
 * "Thresholds"). Each request is a commit to the tailnet's record on the condition of what was
 * read, decided by {@link ProposalRules}. A proposal that has enough signatures takes no more; only
 * then is its AUM let in, so all servers let in the same one, and whoever comes later finds it.
 */
final class Proposals {
  /** Letters that are easily read out, of which none is taken for another. */
  private static final String ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

  private static final int ID_LENGTH = 10;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Premises premises;
  private final ControlRecords records;
  private final Rounds rounds;

  Proposals(Premises premises, Rounds rounds) {
    this.premises = premises;
    this.records = premises.records();
    this.rounds = rounds;
  }

  /** What is asked of a batch. */
  static Thresholds.Demand demand(ControlRecords records, String tailnet, boolean whole) {
    return new Thresholds.Demand(() -> records.tailnet(tailnet).thresholds(), whole);
  }

  Thresholds thresholds(String tailnet) throws ControlException, StoreException {
    return premises.seen(tailnet).tailnet().thresholds();
  }

  /**
   * Sets thresholds. What was sent before and lacks votes does not get in once this returns.
   *
   * @param changes the kinds to set; the others stay as the record has them when it is committed
   * @throws ControlException.Refused if all keys together do not have so many votes
   */
  void set(String tailnet, Map<Thresholds.Kind, Long> changes)
      throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Thresholds thresholds = record.thresholds().with(changes);
    Optional<LiveAuthority> live = premises.live(tailnet);
    if (live.isPresent()) {
      requireReachable(changes, live.get().current());
    }
    if (!thresholds.equals(record.thresholds())) {
      records.commit(tailnet, RecordsChange.ofTailnet(record, record.withThresholds(thresholds)));
    }
    if (live.isPresent()) {
      // Also if it is set already: whoever set it may have come no further.
      live.get().renew();
    }
  }

  private static void requireReachable(Map<Thresholds.Kind, Long> changes, Authority authority)
      throws ControlException {
    long all = authority.state().keys().stream().filter(Key::canSign).mapToLong(Key::votes).sum();
    for (Thresholds.Kind kind : Thresholds.Kind.values()) {
      // One that stays may have come out of reach since: that must not keep the others from change.
      long votes = changes.getOrDefault(kind, 0L);
      if (votes > all) {
        throw new ControlException.Refused(
            "all keys of this lock have "
                + all
                + (all == 1 ? " vote" : " votes")
                + " together, so nobody could reach "
                + votes
                + " for "
                + kind);
      }
    }
  }

  /** All proposals, each as it stands on the head of now, oldest first. */
  List<ProposalStatus> list(String tailnet) throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Optional<LiveAuthority> live = premises.live(tailnet);
    List<ProposalStatus> list = new ArrayList<>();
    for (Proposal each : record.proposals()) {
      list.add(status(record, live.map(LiveAuthority::current), each));
    }
    return list;
  }

  private ProposalStatus status(
      TailnetRecord record, Optional<Authority> authority, Proposal proposal)
      throws StoreException, OpenException {
    if (authority.isEmpty()) {
      Proposal ended =
          proposal.isOpen()
              ? ProposalRules.ended(proposal, premises.now(), "the lock was disabled")
              : proposal;
      return new ProposalStatus(ended, 0, 0, List.of(), List.of());
    }
    return ProposalRules.status(
        ProposalRules.on(authority.get(), proposal, premises.now()),
        record.thresholds(),
        authority.get());
  }

  private ProposalStatus status(String tailnet, String id)
      throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    return status(record, premises.live(tailnet).map(LiveAuthority::current), require(record, id));
  }

  private static Proposal require(TailnetRecord record, String id)
      throws ControlException.UnknownProposal {
    Optional<Proposal> found = record.proposal(id);
    if (found.isEmpty()) {
      throw new ControlException.UnknownProposal();
    }
    return found.get();
  }

  /** One proposal as it stands; whoever only looks changes nothing. */
  ProposalStatus get(String tailnet, String id)
      throws ControlException, StoreException, OpenException {
    return status(tailnet, id);
  }

  /**
   * Proposes edits; those that are proposed already are answered with that proposal.
   *
   * @param edits AUMs that add, remove or update a key, of which nothing else counts
   */
  ProposalStatus propose(String tailnet, List<Aum> edits)
      throws ControlException, StoreException, OpenException {
    List<Aum> operations = new ArrayList<>();
    for (Aum each : edits) {
      operations.add(requireOperation(each));
    }
    if (operations.isEmpty()) {
      throw new ControlException.Malformed("there is nothing to propose");
    }
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Authority authority = premises.on(tailnet).current();
    for (Proposal each : record.proposals()) {
      if (each.isOpen()
          && each.authority().isSameAs(Premises.nameOf(authority))
          && each.subject() instanceof Proposal.Subject.Edits open
          && open.operations().equals(operations)) {
        return status(record, Optional.of(authority), each);
      }
    }
    Proposal made;
    try {
      made =
          ProposalRules.edits(
              id(), Premises.nameOf(authority), authority, operations, premises.now());
    } catch (BuildException e) {
      throw ProposalRules.refused(e);
    }
    Aum update = ((Proposal.Subject.Edits) made.subject()).update();
    Optional<String> unwanted = rounds.unwanted(authority, List.of(update.encoded()));
    if (unwanted.isPresent()) {
      throw new ControlException.Refused(unwanted.get());
    }
    return added(tailnet, record, authority, made);
  }

  private static Aum requireOperation(Aum edit) throws ControlException {
    if (!List.of(AumKind.ADD_KEY, AumKind.REMOVE_KEY, AumKind.UPDATE_KEY).contains(edit.kind())) {
      throw new ControlException.Malformed(
          "only adding, removing and updating keys can be proposed");
    }
    Aum operation = ProposalRules.operation(edit);
    try {
      operation.requireWellFormed();
    } catch (IllFormedException e) {
      throw new ControlException.Malformed("this edit is none: " + e.getMessage());
    }
    return operation;
  }

  /** Proposes the end of the authority. */
  ProposalStatus proposeDisable(String tailnet)
      throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Authority authority = premises.on(tailnet).current();
    if (record.thresholds().disable() == 0) {
      throw new ControlException.Refused(
          "this tailnet asks no votes of who disables it: the secret suffices");
    }
    for (Proposal each : record.proposals()) {
      if (each.isOpen()
          && each.subject() instanceof Proposal.Subject.Disable
          && each.authority().isSameAs(Premises.nameOf(authority))) {
        return status(record, Optional.of(authority), each);
      }
    }
    return added(
        tailnet,
        record,
        authority,
        ProposalRules.disable(id(), Premises.nameOf(authority), premises.now()));
  }

  private ProposalStatus added(
      String tailnet, TailnetRecord record, Authority authority, Proposal made)
      throws ControlException, StoreException {
    List<Proposal> proposals = new ArrayList<>(record.proposals());
    proposals.add(made);
    commit(tailnet, record, proposals);
    return ProposalRules.status(made, record.thresholds(), authority);
  }

  private void commit(String tailnet, TailnetRecord before, List<Proposal> after)
      throws ControlException, StoreException {
    if (!after.equals(before.proposals())) {
      records.commit(
          tailnet,
          RecordsChange.ofTailnet(before, before.withProposals(ProposalRules.bounded(after))));
    }
  }

  private static String id() {
    StringBuilder id = new StringBuilder();
    for (int i = 0; i < ID_LENGTH; i++) {
      id.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
    }
    return id.toString();
  }

  /** Takes a signature, and lets the proposal's AUM in if that was the last one. */
  ProposalStatus approve(String tailnet, String id, Bytes over, AumSignature signature)
      throws ControlException {
    // Whoever took the last signature may have come no further.
    premises.untilFirst(
        () -> {
          land(tailnet, id);
          return id;
        });
    premises.untilFirst(
        () -> {
          TailnetRecord record = premises.seen(tailnet).tailnet();
          Proposal before = require(record, id);
          if (before.isOpen()) {
            Authority authority = premises.on(tailnet).current();
            Proposal now = ProposalRules.on(authority, before, premises.now());
            Proposal signed;
            try {
              signed = ProposalRules.signed(now, over, signature, authority.state());
            } catch (ControlException e) {
              // That it was built again, or ended, is true whoever signs.
              commit(tailnet, record, ProposalRules.with(record.proposals(), now));
              throw e;
            }
            commit(
                tailnet,
                record,
                ProposalRules.with(
                    record.proposals(),
                    ProposalRules.completed(signed, record.thresholds(), authority.state())));
          } else if (!before.signatures().contains(signature)) {
            throw new ControlException.Refused(
                "this proposal has ended: " + ProposalRules.words(before.outcome().orElseThrow()));
          }
          return id;
        });
    premises.untilFirst(
        () -> {
          land(tailnet, id);
          return id;
        });
    return premises.untilFirst(() -> status(tailnet, id));
  }

  /** Ends a proposal; has no effect if it has ended. */
  ProposalStatus withdraw(String tailnet, String id)
      throws ControlException, StoreException, OpenException {
    land(tailnet, id);
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Proposal proposal = require(record, id);
    if (isComplete(proposal)) {
      // Since it was looked at first. Whoever took the last signature may be about to let it in.
      throw new StoreException.Conflict("expected a proposal that lacks signatures, found none");
    }
    if (proposal.isOpen()) {
      commit(
          tailnet,
          record,
          ProposalRules.with(
              record.proposals(),
              ProposalRules.ended(proposal, premises.now(), "it was withdrawn")));
    }
    return status(tailnet, id);
  }

  private static boolean isComplete(Proposal proposal) {
    return proposal.isOpen()
        && proposal.subject() instanceof Proposal.Subject.Edits edits
        && edits.complete();
  }

  /** Lets in the AUM of a proposal that is complete, and notes that. */
  private void land(String tailnet, String id)
      throws ControlException, StoreException, OpenException {
    TailnetRecord record = premises.seen(tailnet).tailnet();
    Proposal proposal = require(record, id);
    if (!proposal.isOpen()
        || !(proposal.subject() instanceof Proposal.Subject.Edits edits)
        || !edits.complete()) {
      return;
    }
    LiveAuthority live = premises.on(tailnet);
    Authority authority = live.current();
    Proposal now = ProposalRules.on(authority, proposal, premises.now());
    if (now.equals(proposal)) {
      now = landed(tailnet, live, authority, proposal, edits);
    }
    commit(tailnet, record, ProposalRules.with(record.proposals(), now));
  }

  private Proposal landed(
      String tailnet,
      LiveAuthority live,
      Authority authority,
      Proposal proposal,
      Proposal.Subject.Edits edits)
      throws StoreException, OpenException {
    Aum signed = ProposalRules.signed(proposal, edits);
    InformResult result;
    try {
      result = live.informOn(authority, List.of(signed), demand(records, tailnet, true));
    } catch (InformException e) {
      return ProposalRules.ended(proposal, premises.now(), String.valueOf(e.getMessage()));
    }
    if (result.refusals().isEmpty()) {
      return proposal.ended(new Proposal.Outcome.Done(premises.now(), Optional.of(signed.hash())));
    }
    Refusal refusal = result.refusals().get(0);
    // The operator asks for more votes than when it was complete.
    return refusal instanceof Refusal.BelowThreshold
        ? new Proposal(
            proposal.id(),
            proposal.authority(),
            proposal.at(),
            new Proposal.Subject.Edits(edits.operations(), edits.update(), false),
            proposal.signatures(),
            proposal.before(),
            Optional.empty())
        : ProposalRules.ended(proposal, premises.now(), refusal.reason());
  }

  /** Lets in what has enough votes now: other thresholds were set, or a server stopped before. */
  void advance(String tailnet) throws ControlException {
    List<Proposal> open =
        premises.untilFirst(
            () -> {
              TailnetRecord record = premises.seen(tailnet).tailnet();
              Optional<LiveAuthority> live = premises.live(tailnet);
              if (live.isEmpty()) {
                return List.of();
              }
              Authority authority = live.get().current();
              List<Proposal> after = new ArrayList<>();
              for (Proposal each : record.proposals()) {
                Proposal now = ProposalRules.on(authority, each, premises.now());
                after.add(ProposalRules.completed(now, record.thresholds(), authority.state()));
              }
              commit(tailnet, record, after);
              return after.stream().filter(Proposal::isOpen).toList();
            });
    for (Proposal each : open) {
      premises.untilFirst(
          () -> {
            land(tailnet, each.id());
            return each;
          });
    }
  }

  /**
   * Checks that enough votes have approved the end of an authority.
   *
   * @throws ControlException.Refused if not
   */
  static void requireApproved(TailnetRecord record, Authority authority)
      throws ControlException.Refused {
    Optional<Thresholds.Shortfall> shortfall = record.shortfallOfDisabling(authority.state());
    if (shortfall.isPresent()) {
      throw new ControlException.Refused(
          "disabling "
              + shortfall.get().words()
              + ": propose it with 'tka propose --disable', and have it approved");
    }
  }
}
