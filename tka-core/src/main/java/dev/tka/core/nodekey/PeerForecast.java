package dev.tka.core.nodekey;

import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.authority.Authority;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The verdicts on peers before and after keys are no longer trusted (protocol, section 7), by peer
 * id, in order.
 *
 * @param before the current verdicts
 * @param after the verdicts afterwards
 */
public record PeerForecast(Map<String, PeerVerdict> before, Map<String, PeerVerdict> after) {
  /**
   * Filters peers twice; their signatures are checked once.
   *
   * @param keyIds the ids of the keys to remove; those that are not trusted now make no difference
   * @param peers the peers, each with a different id
   */
  public static PeerForecast without(
      Authority authority, Set<Bytes> keyIds, Collection<Peer> peers) {
    State now = authority.state();
    List<Key> left = new ArrayList<>(now.keys());
    left.removeIf(key -> keyIds.contains(key.id()));
    PeerFilter filter = new PeerFilter(authority);
    filter.apply(PeerChange.whole(peers));
    Map<String, PeerVerdict> before = filter.verdicts();
    filter.follow(State.of(now.disablementValues(), left, now.stateId1(), now.stateId2()));
    return new PeerForecast(before, filter.verdicts());
  }

  /**
   * The peers with a valid signature that rests on a key to be removed, in order, each with the id
   * of that key.
   */
  public Map<String, Bytes> losingTheirKey() {
    Map<String, Bytes> losing = new LinkedHashMap<>();
    after.forEach(
        (id, verdict) -> {
          if (verdict instanceof PeerVerdict.Unauthorized unauthorized
              && unauthorized.denied() instanceof NodeKeyAuthorization.UntrustedKey untrusted
              && !verdict.equals(before.get(id))) {
            losing.put(id, untrusted.keyId());
          }
        });
    return losing;
  }
}
