package dev.tka.cli.input;

import dev.tka.cli.output.Advice;
import dev.tka.cli.output.Texts;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.authority.Thresholds;
import dev.tka.core.store.AumStore;
import dev.tka.store.StorePlace;
import dev.tka.store.records.ControlRecords;
import java.util.List;
import java.util.Optional;

/**
 * One tailnet's AUMs, at the place that a command was given.
 *
 * @param place the place
 * @param tailnet its name; empty for a place that holds one, which has no name for it
 * @param option the option that names the tailnet to another command; empty if none is needed
 * @param aums its AUMs
 * @param records what the place keeps for a control server, if it does
 */
public record OpenStore(
    StorePlace place,
    Optional<String> tailnet,
    String option,
    AumStore aums,
    Optional<ControlRecords> records) {
  /** A store at a place that keeps nothing for a control server. */
  public OpenStore(StorePlace place, Optional<String> tailnet, String option, AumStore aums) {
    this(place, tailnet, option, aums, Optional.empty());
  }

  /** Whose rules apply there. */
  public AdmissionPolicy policy() {
    return place.policy();
  }

  /**
   * The votes that are asked of what gets in here (service, section 11, "Thresholds").
   *
   * @param whole whether nothing of a batch is stored if any of it lacks votes
   */
  public Thresholds.Demand demand(boolean whole) {
    return records.isPresent() && tailnet.isPresent()
        ? new Thresholds.Demand(() -> records.get().tailnet(tailnet.get()).thresholds(), whole)
        : Thresholds.Demand.NOTHING;
  }

  /** For a shell: the words that point another command to this store. */
  public String words() {
    return Texts.shellWord(place.url()) + option;
  }

  /** For a shell: the words that point another command to both, the node's first. */
  public static String words(OpenStore node, OpenStore control) {
    return Texts.shellWord(node.place.url())
        + " "
        + Texts.shellWord(control.place.url())
        + (node.option.isEmpty() ? control.option : node.option);
  }

  /** Advice if the wrong tailnet may have been named; empty if there is only one. */
  public List<Advice> perhapsAnother() {
    return place instanceof StorePlace.OfOne
        ? List.of()
        : List.of(
            Advice.person(
                "it may be another tailnet: see 'tka tailnets "
                    + Texts.shellWord(place.url())
                    + "'"));
  }

  /** For people. */
  @Override
  public String toString() {
    return place.url() + tailnet.map(name -> ", tailnet " + name).orElse("");
  }
}
