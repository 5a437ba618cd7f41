package dev.tka.store.internal;

import dev.tka.core.AumHash;
import dev.tka.store.Tailnets;

/** Names the stores that keep the AUMs of authorities that were ended. */
public final class RetiredStores {
  /** Enough of a hash that two authorities of one tailnet do not look alike by chance. */
  private static final int CHARACTERS = 16;

  private RetiredStores() {}

  /**
   * A name for the store of an authority that was ended. No new tailnet may have it.
   *
   * @param tailnet the tailnet that it ruled; the end of a long name is left out
   * @param genesis names the authority
   * @param attempt 1 for the first name to try, and one more for each that was taken
   */
  public static String name(String tailnet, AumHash genesis, int attempt) {
    String end =
        "#" + genesis.toString().substring(0, CHARACTERS) + (attempt == 1 ? "" : "-" + attempt);
    int length = Math.min(tailnet.length(), Tailnets.LONGEST_NAME - end.length());
    // Half of a surrogate pair is no name.
    boolean halved =
        length < tailnet.length() && Character.isHighSurrogate(tailnet.charAt(length - 1));
    return tailnet.substring(0, halved ? length - 1 : length) + end;
  }
}
