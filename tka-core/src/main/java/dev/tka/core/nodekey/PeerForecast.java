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
 * What becomes of peers when keys are not trusted any more (protocol, section 7), by the ids of the
 * peers, in order.
 *
 * @param before what each is now
 * @param after what each would be
 */
public record PeerForecast(Map<String, PeerVerdict> before, Map<String, PeerVerdict> after) {
  /**
   * Filters peers twice; their signatures are checked once.
   *
   * @param keyIds of the keys that would go; those that are not trusted now make no difference
   * @param peers no two with one id
   */
  public static PeerForecast without(
      Authority authority, Set<Bytes> keyIds, Collection<Peer> peers) {
    State now = authority.state();
    List<Key> left = new ArrayList<>(now.keys());
    left.removeIf(key -> keyIds.contains(key.id()));
    PeerFilter filter = new PeerFilter(authority);
    filter.put(peers);
    Map<String, PeerVerdict> before = filter.verdicts();
    filter.follow(State.of(now.disablementValues(), left, now.stateId1(), now.stateId2()));
    return new PeerForecast(before, filter.verdicts());
  }

  /**
   * The peers with a valid signature that rests on a key that would go, in order, each with the id
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
