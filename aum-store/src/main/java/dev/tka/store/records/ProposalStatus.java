package dev.tka.store.records;

import dev.tka.core.Key;
import java.util.List;

/**
 * How a proposal stands on the head of now (service, section 11, "Thresholds").
 *
 * @param proposal the proposal, built on that head
 * @param needed the votes that it needs
 * @param has the votes of those who have signed it
 * @param signed the trusted keys that have signed it
 * @param missing the trusted keys that can sign and have not
 */
public record ProposalStatus(
    Proposal proposal, long needed, long has, List<Key> signed, List<Key> missing) {
  /** Copies the lists. */
  public ProposalStatus {
    signed = List.copyOf(signed);
    missing = List.copyOf(missing);
  }

  /** Whether it has the votes that it needs, and did not end otherwise. */
  public boolean approved() {
    return proposal.outcome().isEmpty()
        ? has >= needed
        : proposal.outcome().get() instanceof Proposal.Outcome.Done;
  }
}
