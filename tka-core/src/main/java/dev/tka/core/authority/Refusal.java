package dev.tka.core.authority;

import dev.tka.core.AumHash;
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
   * The AUM would displace one that is final or too heavy for it.
   *
   * @param fork the AUM that both follow
   * @param displaced the AUM that follows there
   * @param against its weight
   * @param recount the weight of the update, and the signers that do not count for it
   */
  record Finality(AumHash update, AumHash fork, AumHash displaced, long against, Recount recount)
      implements Refusal {
    @Override
    public String kind() {
      return "finality";
    }

    @Override
    public String reason() {
      String discounts =
          recount.discounts().stream()
              .map(Recount.Discount::toString)
              .collect(Collectors.joining("; "));
      return "at "
          + fork
          + " it has "
          + recount.weight()
          + " votes that count, against "
          + against
          + " of "
          + displaced
          + (discounts.isEmpty() ? "" : "; not counted: " + discounts);
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
