package dev.tka.core;

import java.util.Optional;

/**
 * Who may rewrite history: asked about every update that would displace an AUM of the active chain.
 * A pure function of the displacement. What it refuses is left out with what builds on it, and the
 * rest of the batch goes on.
 */
@FunctionalInterface
public interface AdmissionPolicy {
  /**
   * An update that fork resolution would prefer to the AUM that follows its parent today.
   *
   * @param fork the AUM that both follow, on the active chain
   * @param atFork the state there
   * @param displaced the AUM that follows it on the active chain
   * @param update the valid AUM that would win
   */
  record Displacement(AumHash fork, State atFork, Aum displaced, Aum update) {}

  /**
   * Judges one displacement.
   *
   * @return why it is refused, or empty when it is admitted
   */
  Optional<String> refusal(Displacement displacement);

  /** The policy of the reference: fork resolution alone decides (section 4). */
  static AdmissionPolicy reference() {
    return displacement -> Optional.empty();
  }
}
