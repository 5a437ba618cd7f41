package dev.tka.core.authority;

import dev.tka.core.AumHash;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The reason why a valid AUM was not admitted (protocol, section 10). Neither it nor anything that
 * builds on it is stored.
 */
public sealed interface Refusal {
  /** The hash of the AUM. */
  AumHash update();

  /** A stable identifier for programs, such as {@code builds-on-refused}. */
  String kind();

  /** The reason, as a sentence without its capital letter and full stop. */
  String reason();

  /** The AUM and the reason, on one line. */
  default String text() {
    return update() + ": " + reason();
  }

  /**
   * The AUM would displace one of control's chain and is not meant as a rewrite: its author did not
   * know control's head. The edit can be made again on that head.
   *
   * @param fork the AUM that both follow
   * @param displaced the AUM that follows there
   */
  record Conflict(AumHash update, AumHash fork, AumHash displaced) implements Refusal {
    @Override
    public String kind() {
      return "conflict";
    }

    @Override
    public String reason() {
      return "it was made on " + fork + ", which " + displaced + " follows: make it again";
    }
  }

  /**
   * The AUM would displace another, and a signer bars it (protocol, section 10, "Who may not
   * rewrite"). Its author can take those signatures off and send the rest.
   *
   * @param fork the AUM that both follow
   * @param displaced the AUM that follows there
   * @param weight the votes behind the update at the fork
   * @param against the votes behind the displaced AUM there
   * @param bars the signers that bar it, with reasons
   */
  record Finality(
      AumHash update, AumHash fork, AumHash displaced, long weight, long against, List<Bar> bars)
      implements Refusal {
    /** Copies its list. */
    public Finality {
      bars = List.copyOf(bars);
    }

    @Override
    public String kind() {
      return "finality";
    }

    @Override
    public String reason() {
      return "at "
          + fork
          + " it has "
          + weight
          + " votes against "
          + against
          + " of "
          + displaced
          + ", but must not be signed by "
          + bars.stream().map(Bar::toString).collect(Collectors.joining("; "));
    }
  }

  /**
   * The AUM builds on one that was refused.
   *
   * @param parent the refused AUM
   */
  record BuildsOnRefused(AumHash update, AumHash parent) implements Refusal {
    @Override
    public String kind() {
      return "builds-on-refused";
    }

    @Override
    public String reason() {
      return "it builds on " + parent + ", which was refused";
    }
  }

  /**
   * The AUM has fewer votes than control asks of an edit like it (service, section 11,
   * "Thresholds"). It can be proposed, for others to sign it.
   *
   * @param shortfall the votes that it needs, and those that it has
   */
  record BelowThreshold(AumHash update, Thresholds.Shortfall shortfall) implements Refusal {
    @Override
    public String kind() {
      return "below-threshold";
    }

    @Override
    public String reason() {
      return "it " + shortfall.words() + ": propose it, so that others can sign it";
    }
  }

  /**
   * The AUM is too long to be passed on to all nodes, or to be stored.
   *
   * @param size its length, in bytes
   * @param most the longest that is taken, in bytes
   */
  record TooLong(AumHash update, int size, int most) implements Refusal {
    @Override
    public String kind() {
      return "too-long";
    }

    @Override
    public String reason() {
      return "it has " + size + " bytes, and at most " + most + " are taken";
    }
  }

  /**
   * Control sent the AUM to a node, and its branch loses to an AUM that the node did not make, or
   * that control once had. Nothing that follows can make it win (protocol, section 10).
   *
   * @param fork the AUM at which its branch leaves the active chain
   * @param winner the AUM that follows there on the active chain
   * @param weight the weight of the first AUM of the branch, in votes
   * @param against the weight of the winner, in votes
   */
  record Outweighed(AumHash update, AumHash fork, AumHash winner, long weight, long against)
      implements Refusal {
    @Override
    public String kind() {
      return "outweighed";
    }

    @Override
    public String reason() {
      return "its branch leaves at "
          + fork
          + " with "
          + weight
          + " votes, against "
          + against
          + " of "
          + winner
          + ", and can never win";
    }
  }

  /**
   * The AUM would lose its fork, and the quota for AUMs that lost is used up.
   *
   * @param maxBytes the quota: the total size of the AUMs kept off the active chain, in bytes
   */
  record OverQuota(AumHash update, long maxBytes) implements Refusal {
    @Override
    public String kind() {
      return "over-quota";
    }

    @Override
    public String reason() {
      return "it loses its fork, and the quota of "
          + maxBytes
          + " bytes for AUMs that lost is used up";
    }
  }
}
