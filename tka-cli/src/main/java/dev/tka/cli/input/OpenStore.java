package dev.tka.cli.input;

import dev.tka.cli.output.Texts;
import dev.tka.core.authority.AdmissionPolicy;
import dev.tka.core.store.AumStore;
import java.util.Optional;

/**
 * One tailnet's AUMs, where a command was told to look.
 *
 * @param url where that is
 * @param tailnet which of it; empty for a directory, which has no name for its own
 * @param option what tells another command of the tailnet; empty where that needs no telling
 * @param aums what is there
 */
public record OpenStore(StoreUrl url, Optional<String> tailnet, String option, AumStore aums) {
  /** A directory is a node's, whatever keeps many tailnets is control's. */
  public AdmissionPolicy policy() {
    return isDirectory() ? AdmissionPolicy.NODE : AdmissionPolicy.CONTROL;
  }

  public boolean isDirectory() {
    return url instanceof StoreUrl.Directory;
  }

  /** For a shell: what tells another command to look there, too. */
  public String words() {
    return Texts.shellWord(url.toString()) + option;
  }

  /** For a shell: what tells another command of both, a node's first. */
  public static String words(OpenStore node, OpenStore control) {
    return Texts.shellWord(node.url.toString())
        + " "
        + Texts.shellWord(control.url.toString())
        + (node.option.isEmpty() ? control.option : node.option);
  }

  /** How advice begins where the wrong tailnet may have been named; empty where there is one. */
  public String perhapsAnother() {
    return isDirectory()
        ? ""
        : "it may be another tailnet: see 'tka tailnets " + Texts.shellWord(url.toString()) + "'; ";
  }

  /** For people. */
  @Override
  public String toString() {
    return url + tailnet.map(name -> ", tailnet " + name).orElse("");
  }
}
