package dev.tka.store.records;

import dev.tka.core.AumHash;

/**
 * Names an authority (service, section 2).
 *
 * @param genesis the hash of its first AUM; for one whose first AUM was forgotten before anybody
 *     named it, the oldest that was known then
 * @param stateId1 the first state id, which all of its checkpoints repeat
 * @param stateId2 the second state id
 */
public record AuthorityName(AumHash genesis, long stateId1, long stateId2) {
  /** Whether both name one authority: state ids stay when the first AUM is forgotten. */
  public boolean isSameAs(AuthorityName other) {
    return stateId1 == other.stateId1 && stateId2 == other.stateId2;
  }
}
