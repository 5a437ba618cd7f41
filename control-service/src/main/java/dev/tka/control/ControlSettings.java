package dev.tka.control;

/**
 * What an operator decides about a {@link ControlService}. {@link #DEFAULTS} is what the
 * specification asks for (service, sections 2, 3, 6 and 8).
 *
 * @param takesSupportSecrets whether an init may bring a secret for support
 * @param createsTailnets whether a tailnet begins with its first login or PUT; otherwise only the
 *     operator makes one
 * @param refusesWeakKeys whether keys that anybody can sign for are refused
 * @param mostNodes how many nodes a tailnet may have
 * @param mostAums how many AUMs a tailnet may have before only removals and revocations pass
 * @param mostAnswerBytes the limit on the AUMs of one answer, in bytes; a client that reads less is
 *     sent less
 * @param cacheBytes roughly how much memory open authorities may take up
 */
public record ControlSettings(
    boolean takesSupportSecrets,
    boolean createsTailnets,
    boolean refusesWeakKeys,
    int mostNodes,
    int mostAums,
    int mostAnswerBytes,
    long cacheBytes) {
  /** No support secrets, tailnets on first use, no weak keys, generous caps. */
  public static final ControlSettings DEFAULTS =
      new ControlSettings(false, true, true, 100_000, 1_000_000, 7 << 20, 256L << 20);

  /** With or without secrets for support. */
  public ControlSettings takingSupportSecrets(boolean takes) {
    return new ControlSettings(
        takes, createsTailnets, refusesWeakKeys, mostNodes, mostAums, mostAnswerBytes, cacheBytes);
  }

  /** With tailnets that begin on first use, or not. */
  public ControlSettings creatingTailnets(boolean creates) {
    return new ControlSettings(
        takesSupportSecrets,
        creates,
        refusesWeakKeys,
        mostNodes,
        mostAums,
        mostAnswerBytes,
        cacheBytes);
  }

  /** With weak keys refused, or taken as the reference takes them. */
  public ControlSettings refusingWeakKeys(boolean refuses) {
    return new ControlSettings(
        takesSupportSecrets,
        createsTailnets,
        refuses,
        mostNodes,
        mostAums,
        mostAnswerBytes,
        cacheBytes);
  }

  /** With another number of nodes. */
  public ControlSettings withMostNodes(int most) {
    return new ControlSettings(
        takesSupportSecrets,
        createsTailnets,
        refusesWeakKeys,
        most,
        mostAums,
        mostAnswerBytes,
        cacheBytes);
  }

  /** With another number of AUMs. */
  public ControlSettings withMostAums(int most) {
    return new ControlSettings(
        takesSupportSecrets,
        createsTailnets,
        refusesWeakKeys,
        mostNodes,
        most,
        mostAnswerBytes,
        cacheBytes);
  }

  /** With another limit on answers. */
  public ControlSettings withMostAnswerBytes(int most) {
    return new ControlSettings(
        takesSupportSecrets,
        createsTailnets,
        refusesWeakKeys,
        mostNodes,
        mostAums,
        most,
        cacheBytes);
  }

  /** With another size of the cache. */
  public ControlSettings withCacheBytes(long bytes) {
    return new ControlSettings(
        takesSupportSecrets,
        createsTailnets,
        refusesWeakKeys,
        mostNodes,
        mostAums,
        mostAnswerBytes,
        bytes);
  }
}
