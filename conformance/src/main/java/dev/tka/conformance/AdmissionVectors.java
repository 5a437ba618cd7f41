package dev.tka.conformance;

import dev.tka.conformance.naive.NaiveAdmission;
import dev.tka.core.Aum;
import dev.tka.core.DecodeException;
import dev.tka.core.TkaException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code admission.jsonl}: batches that control or a node is given, one after the other, and who of
 * their authors may rewrite. Judges the engine, and beside it the naive model of the page.
 */
final class AdmissionVectors implements Checker {
  @Override
  public void check(GoldenCase golden) throws Mismatch {
    NaiveAdmission model = model(golden);
    AdmittingEngine engine = engine(golden);
    int number = 0;
    for (GoldenCase each : golden.optionalObjects("steps").orElse(List.of())) {
      Step step = Step.of("step " + number, each);
      step.require("naive", naively(model, step));
      step.requireOfEngine(byEngine(engine, step));
      number++;
    }
    Mismatch.require("steps", true, number > 0);
  }

  private static NaiveAdmission model(GoldenCase golden) throws Mismatch {
    try {
      return new NaiveAdmission(role(golden.text("role")), decode(golden.text("genesis")));
    } catch (TkaException e) {
      throw new Mismatch("the genesis is refused: " + e.getMessage());
    }
  }

  private static NaiveAdmission.Role role(String text) throws Mismatch {
    return switch (text) {
      case "control" -> NaiveAdmission.Role.CONTROL;
      case "restored" -> NaiveAdmission.Role.RESTORED;
      case "node" -> NaiveAdmission.Role.NODE;
      default -> throw new Mismatch("unknown role " + text);
    };
  }

  private static AdmittingEngine engine(GoldenCase golden) throws Mismatch {
    try {
      return new AdmittingEngine(role(golden.text("role")), decode(golden.text("genesis")));
    } catch (TkaException e) {
      throw new Mismatch("the engine refuses the genesis: " + e.getMessage());
    }
  }

  private static Found byEngine(AdmittingEngine engine, Step step) throws Mismatch {
    try {
      engine.setOwnTime(step.time());
      // Nothing is taken in when only the heads were compared.
      Optional<AdmittingEngine.Verdict> verdict =
          step.batch().filter(List::isEmpty).isPresent()
              ? Optional.of(new AdmittingEngine.Verdict(List.of(), List.of()))
              : step.batch().isPresent()
                  ? engine.inform(step.batch().get(), step.source())
                  : Optional.empty();
      if (step.agreed()) {
        engine.agree();
      }
      return new Found(
          engine.head().toString(),
          verdict.map(AdmittingEngine.Verdict::outcomes),
          verdict.map(AdmittingEngine.Verdict::barred).orElse(List.of()).stream()
              .map(
                  one ->
                      new Barred(
                          one.place(),
                          one.bar().signer().toHex(),
                          one.bar().by().toString(),
                          one.bar().isFinal()))
              .toList());
    } catch (TkaException e) {
      throw new Mismatch("the engine failed: " + e.getMessage());
    }
  }

  private static Found naively(NaiveAdmission model, Step step) {
    Optional<NaiveAdmission.Verdict> verdict =
        step.batch().flatMap(batch -> model.inform(batch, step.source(), step.time()));
    if (step.agreed()) {
      model.agree(step.time());
    }
    return new Found(
        model.head().toString(),
        verdict.map(
            found ->
                found.outcomes().stream()
                    .map(outcome -> outcome.name().toLowerCase(Locale.ROOT))
                    .toList()),
        verdict.map(NaiveAdmission.Verdict::barred).orElse(List.of()).stream()
            .map(
                one ->
                    new Barred(
                        one.place(),
                        one.pair().key().toHex(),
                        one.pair().by().toString(),
                        one.pair().mature()))
            .toList());
  }

  /**
   * What an implementation says of a step.
   *
   * @param head the head after it
   * @param outcomes a word for each AUM; empty if the batch is refused as a whole
   * @param barred every pair that bars, in order
   */
  private record Found(String head, Optional<List<String>> outcomes, List<Barred> barred) {}

  /** A pair that bars, as the file writes it. */
  private record Barred(long aum, String key, String by, boolean mature) {}

  /**
   * A step of a sequence.
   *
   * @param batch empty if one of its AUMs does not decode
   * @param expected what must be found
   */
  private record Step(
      String where,
      long time,
      Optional<List<Aum>> batch,
      boolean own,
      boolean agreed,
      Found expected) {
    static Step of(String where, GoldenCase step) throws Mismatch {
      List<String> texts =
          step.optionalTexts("aums").orElseThrow(() -> new Mismatch(where + " has no aums"));
      Optional<List<String>> outcomes = step.optionalTexts("outcome");
      boolean error = step.optionalText("error").isPresent();
      if (error || !texts.isEmpty()) {
        // Nothing is said of a batch that fails, and of nothing there is nothing to say.
        Mismatch.require(where + " has an error and no outcome", error, outcomes.isEmpty());
      }
      List<Barred> barred = new ArrayList<>();
      for (GoldenCase one : step.optionalObjects("barred").orElse(List.of())) {
        barred.add(
            new Barred(one.unsigned("aum"), one.text("key"), one.text("by"), one.flag("mature")));
      }
      return new Step(
          where,
          step.unsigned("time"),
          decodeAll(texts),
          step.optionalFlag("own"),
          step.optionalFlag("agreed"),
          new Found(
              step.text("head"),
              error ? Optional.empty() : Optional.of(outcomes.orElse(List.of())),
              barred));
    }

    NaiveAdmission.Source source() {
      return own ? NaiveAdmission.Source.OWN : NaiveAdmission.Source.CONTROL;
    }

    void require(String whose, Found found) throws Mismatch {
      String what = where + ", " + whose + " ";
      Mismatch.require(what + "outcomes", expected.outcomes(), found.outcomes());
      Mismatch.require(what + "barred", expected.barred(), found.barred());
      Mismatch.require(what + "head", expected.head(), found.head());
    }

    /**
     * The engine merges what a rewrite inherits: which keys are barred for which AUM must agree.
     */
    void requireOfEngine(Found found) throws Mismatch {
      String what = where + ", engine ";
      Mismatch.require(what + "outcomes", expected.outcomes(), found.outcomes());
      Mismatch.require(what + "barred", keys(expected), keys(found));
      Mismatch.require(what + "head", expected.head(), found.head());
    }

    private static Set<List<Object>> keys(Found found) {
      return found.barred().stream()
          .map(barred -> List.<Object>of(barred.aum(), barred.key()))
          .collect(Collectors.toSet());
    }

    private static Optional<List<Aum>> decodeAll(List<String> texts) throws Mismatch {
      List<Aum> aums = new ArrayList<>();
      for (String text : texts) {
        try {
          aums.add(decode(text));
        } catch (DecodeException e) {
          return Optional.empty();
        }
      }
      return Optional.of(aums);
    }
  }

  private static Aum decode(String base64) throws DecodeException, Mismatch {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new Mismatch("an AUM of the case is not base64: " + e.getMessage());
    }
    return Aum.decode(bytes);
  }
}
