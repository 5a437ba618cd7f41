package dev.tka.core.authority;

import dev.tka.core.AumHash;
import java.util.stream.Collectors;

/**
 * Why a valid AUM was not admitted (protocol, section 10). It is not stored, nor is what builds on
 * it.
 */
public sealed interface Refusal {
  /** The AUM. */
  AumHash update();

  /** A word for programs, which stays as it is: {@code builds-on-refused}. */
  String kind();

  /** Why, as a sentence without its capital letter and its full stop. */
  String reason();

  /** The AUM and why, on one line. */
  default String text() {
    return update() + ": " + reason();
  }

  /**
   * It would displace an AUM of control's chain and is not meant as a rewrite: its author did not
   * know control's head. The edit can be made again on that head.
   *
   * @param fork the AUM that both follow
   * @param displaced what follows there
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
   * It would displace what is final, or too heavy for it.
   *
   * @param fork the AUM that both follow
   * @param displaced what follows there
   * @param against the weight of that
   * @param recount the weight of the update, and who does not count for it
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
   * It builds on an AUM that was refused.
   *
   * @param parent that one
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
   * It would lose, and there is no room for more that lost.
   *
   * @param maxBytes how many bytes of AUMs off the active chain are kept
   */
  record OverQuota(AumHash update, long maxBytes) implements Refusal {
    @Override
    public String kind() {
      return "over-quota";
    }

    @Override
    public String reason() {
      return "it loses its fork, and " + maxBytes + " bytes of AUMs that lost are kept already";
    }
  }
}
