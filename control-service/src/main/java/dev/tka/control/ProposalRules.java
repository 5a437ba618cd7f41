package dev.tka.control;

import dev.tka.core.ApplyException;
import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.KeyDefect;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SignatureVerifier;
import dev.tka.core.SigningException;
import dev.tka.core.State;
import dev.tka.core.TkaException;
import dev.tka.core.authority.Authority;
import dev.tka.core.authority.BuildException;
import dev.tka.core.authority.OpenException;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.authority.UpdateBuilder;
import dev.tka.core.store.StoreException;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What becomes of a proposal (service, section 11, "Thresholds"). Pure decisions: a proposal on a
 * head and a signature give another one.
 *
 * <pre>
 *   made ---> signed ... ---> complete ---> done: its AUM is in the store
 *     ^         |                |
 *     '---------'--- rebuilt ----'    another change was first: all sign again
 *                       |
 *                       '--> ended    its edits no longer apply, or are done, or it was withdrawn
 * </pre>
 */
final class ProposalRules {
  private ProposalRules() {}

  /** Operations that are left to do, and the AUM that does them. */
  private record Built(List<Aum> operations, Optional<Aum> update) {}

  /**
   * Makes a proposal on a head.
   *
   * @param operations what is asked for, each as an AUM that adds, removes or updates a key
   * @throws BuildException if no peer would accept it
   */
  static Proposal edits(
      String id, AuthorityName name, Authority authority, List<Aum> operations, Instant now)
      throws BuildException {
    Built built = build(authority.state(), authority, operations);
    return new Proposal(
        id,
        name,
        now,
        new Proposal.Subject.Edits(built.operations, built.update.orElseThrow(), false),
        List.of(),
        List.of(),
        Optional.empty());
  }

  /** Proposes the end of an authority. */
  static Proposal disable(String id, AuthorityName name, Instant now) {
    return new Proposal(
        id, name, now, new Proposal.Subject.Disable(), List.of(), List.of(), Optional.empty());
  }

  private static Built build(State first, Authority authority, List<Aum> operations)
      throws BuildException {
    UpdateBuilder builder = UpdateBuilder.unsigned(first, authority);
    List<Aum> left = new ArrayList<>();
    try {
      for (Aum each : operations) {
        int done = builder.already().size();
        builder.again(each);
        if (builder.already().size() == done) {
          left.add(each);
        }
      }
    } catch (SigningException e) {
      throw new IllegalStateException("a builder that does not sign", e);
    }
    return new Built(left, builder.merged());
  }

  /** An operation alone: without a place in a chain, and without signatures. */
  static Aum operation(Aum edit) {
    Aum.Builder operation = Aum.builder(edit.kind()).meta(edit.meta());
    edit.key().ifPresent(operation::key);
    edit.keyId().ifPresent(operation::keyId);
    edit.votes().ifPresent(operation::votes);
    return operation.build();
  }

  /** The AUM of edits, with the signatures that were collected. */
  static Aum signed(Proposal proposal, Proposal.Subject.Edits edits) {
    return edits.update().withSignatures(proposal.signatures());
  }

  /**
   * A proposal as it stands on the head of now: as it is, done, built again, or ended.
   *
   * @param now when it ended, if it did
   */
  static Proposal on(Authority authority, Proposal proposal, Instant now)
      throws StoreException, OpenException {
    if (!proposal.isOpen()) {
      return proposal;
    }
    if (!proposal.authority().isSameAs(Premises.nameOf(authority))) {
      return ended(proposal, now, "the lock that it is for was disabled");
    }
    if (!(proposal.subject() instanceof Proposal.Subject.Edits edits)) {
      return proposal;
    }
    if (edits.complete()) {
      Aum signed = signed(proposal, edits);
      if (authority.snapshot().find(signed.hash()).isPresent()) {
        return proposal.ended(new Proposal.Outcome.Done(now, Optional.of(signed.hash())));
      }
    }
    if (edits.update().parent().equals(Optional.of(authority.head()))) {
      return proposal;
    }
    try {
      Built built = build(stateBelow(edits, authority), authority, edits.operations());
      return built.update.isEmpty()
          ? ended(proposal, now, "others have made all of its changes")
          : proposal.rebuilt(
              new Proposal.Subject.Edits(built.operations, built.update.get(), false));
    } catch (BuildException e) {
      return ended(proposal, now, "it no longer applies: " + String.valueOf(e.getMessage()));
    }
  }

  /** The state on which it was built last; if control has lost that, the one of now. */
  private static State stateBelow(Proposal.Subject.Edits edits, Authority authority)
      throws StoreException, OpenException {
    try {
      return authority.stateAt(edits.update().parent().orElseThrow());
    } catch (StoreException.NoSuchAum | ApplyException e) {
      return authority.state();
    }
  }

  static Proposal ended(Proposal proposal, Instant now, String why) {
    return proposal.ended(new Proposal.Outcome.Ended(now, why));
  }

  /** The votes that a proposal needs: at least one key signs an AUM. */
  static long needed(Proposal proposal, Thresholds thresholds, State state) {
    return proposal.subject() instanceof Proposal.Subject.Edits edits
        ? Math.max(1, thresholds.neededBy(edits.update(), state))
        : thresholds.disable();
  }

  /** How a proposal stands on the head on which it was built. */
  static ProposalStatus status(Proposal proposal, Thresholds thresholds, Authority authority) {
    State state = authority.state();
    return new ProposalStatus(
        proposal,
        needed(proposal, thresholds, state),
        Thresholds.votesOf(proposal.signers(), state),
        state.keys().stream().filter(key -> proposal.isSignedBy(key.id())).toList(),
        state.keys().stream()
            .filter(key -> key.canSign() && !proposal.isSignedBy(key.id()))
            .toList());
  }

  /** What a proposal has too few of, on the state at its head. */
  static Optional<Thresholds.Shortfall> shortfall(
      Proposal proposal, Thresholds thresholds, State state) {
    return Thresholds.shortfall(
        needed(proposal, thresholds, state), Thresholds.votesOf(proposal.signers(), state));
  }

  /** Complete from now on, if it is one of edits that has the votes. */
  static Proposal completed(Proposal proposal, Thresholds thresholds, State state) {
    return proposal.isOpen() && shortfall(proposal, thresholds, state).isEmpty()
        ? proposal.completed()
        : proposal;
  }

  /**
   * With one more signature.
   *
   * @param proposal the proposal on the head of now
   * @param over what was signed
   * @param state the state at that head
   * @return the same object if this signature is there already
   * @throws ControlException in words for whoever signed
   */
  static Proposal signed(Proposal proposal, Bytes over, AumSignature signature, State state)
      throws ControlException {
    Bytes key = signature.signerId();
    String name = LockPublicKey.textOf(key);
    if (proposal.signatures().contains(signature)) {
      return proposal;
    }
    if (proposal.outcome().isPresent()) {
      throw new ControlException.Refused(
          "this proposal has ended: " + words(proposal.outcome().get()));
    }
    Optional<Key> trusted = state.findKey(key);
    if (trusted.isEmpty()) {
      throw new ControlException.Refused("key " + name + " is not trusted by this lock");
    }
    Optional<KeyDefect> defect = trusted.get().defect();
    if (defect.isPresent()) {
      throw new ControlException.Refused(Rounds.weak(trusted.get(), defect.get()));
    }
    if (proposal.isSignedBy(key)) {
      throw new ControlException.Refused("key " + name + " has signed this proposal already");
    }
    if (proposal.subject() instanceof Proposal.Subject.Edits edits && edits.complete()) {
      throw new ControlException.Refused("this proposal has all signatures that it needs");
    }
    if (!over.equals(proposal.sigHash())) {
      throw new ControlException.Conflict(
          "another change was first, so this proposal was built again: look at it, and sign again");
    }
    if (!SignatureVerifier.fastest()
        .verifyZip215(
            new SignatureVerifier.Claim(key, proposal.sigHash(), signature.signatureBytes()))) {
      throw new ControlException.Refused(
          "this is not a signature by key " + name + " of this proposal");
    }
    return proposal.with(signature);
  }

  /** How a proposal ended, in words. */
  static String words(Proposal.Outcome outcome) {
    return outcome instanceof Proposal.Outcome.Ended ended ? ended.why() : "it was done";
  }

  /**
   * Proposals of which the oldest that ended are forgotten, so that they stay within bounds.
   *
   * @throws ControlException if those that are open are too many, or too long together
   */
  static List<Proposal> bounded(List<Proposal> proposals) throws ControlException {
    List<Proposal> kept = new ArrayList<>(proposals);
    if (kept.stream().filter(Proposal::isOpen).count() > Proposal.MOST_OPEN) {
      throw new ControlException.TooLarge(
          "there are " + Proposal.MOST_OPEN + " open proposals: withdraw one first");
    }
    while (kept.size() > Proposal.MOST
        || kept.stream().mapToLong(Proposal::size).sum() > Proposal.MOST_BYTES) {
      int oldest = 0;
      while (oldest < kept.size() && kept.get(oldest).isOpen()) {
        oldest++;
      }
      if (oldest == kept.size()) {
        throw new ControlException.TooLarge(
            "the open proposals have more than "
                + Proposal.MOST_BYTES
                + " bytes together: withdraw one first, or propose less at once");
      }
      kept.remove(oldest);
    }
    return kept;
  }

  /** A list with another proposal in the place of the one with its id, or at its end. */
  static List<Proposal> with(List<Proposal> proposals, Proposal other) {
    List<Proposal> list = new ArrayList<>(proposals);
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).id().equals(other.id())) {
        list.set(i, other);
        return list;
      }
    }
    list.add(other);
    return list;
  }

  /** Why an edit cannot be proposed, in words. */
  static ControlException refused(TkaException why) {
    return new ControlException.Refused("this cannot be proposed: " + why.getMessage());
  }
}
