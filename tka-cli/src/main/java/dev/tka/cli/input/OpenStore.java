package dev.tka.cli.input;

import dev.tka.cli.output.Texts;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.store.AumStore;
import dev.tka.store.StorePlace;
import java.util.Optional;

/**
 * One tailnet's AUMs, where a command was told to look.
 *
 * @param place where that is
 * @param tailnet which of it; empty for a place of one, which has no name for its own
 * @param option what tells another command of the tailnet; empty where that needs no telling
 * @param aums what is there
 */
public record OpenStore(StorePlace place, Optional<String> tailnet, String option, AumStore aums) {
  /** Whose rules are kept there. */
  public AdmissionPolicy policy() {
    return place.policy();
  }

  /** For a shell: what tells another command to look there, too. */
  public String words() {
    return Texts.shellWord(place.url()) + option;
  }

  /** For a shell: what tells another command of both, a node's first. */
  public static String words(OpenStore node, OpenStore control) {
    return Texts.shellWord(node.place.url())
        + " "
        + Texts.shellWord(control.place.url())
        + (node.option.isEmpty() ? control.option : node.option);
  }

  /** How advice begins where the wrong tailnet may have been named; empty where there is one. */
  public String perhapsAnother() {
    return place instanceof StorePlace.OfOne
        ? ""
        : "it may be another tailnet: see 'tka tailnets " + Texts.shellWord(place.url()) + "'; ";
  }

  /** For people. */
  @Override
  public String toString() {
    return place.url() + tailnet.map(name -> ", tailnet " + name).orElse("");
  }
}
