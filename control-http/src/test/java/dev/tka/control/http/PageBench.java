package dev.tka.control.http;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tka.core.Aum;
import dev.tka.testkit.Chains;
import dev.tka.testkit.TestKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/**
 * How the page draws a chain of 10,000 updates with 200 forks: figures for people, not a test
 * ({@code bench/run.sh --page}).
 */
class PageBench {
  private static final int UPDATES = 10_000;
  private static final int FORKS = 200;
  private static final int TAILNETS = 5_000;
  private static final int CHECKPOINT_EVERY = 50;
  private static final String TAILNET = "bench.example";

  @TempDir Path folder;

  @Test
  void figures() throws Exception {
    Optional<Browser> started = Browser.start(Path.of("target", "page"));
    assumeTrue(started.isPresent());
    try (Browser browser = started.get();
        PageKit kit = new PageKit(folder)) {
      kit.keep(TAILNET, chain());
      browser.size(1280, 800);
      browser.driver().get(kit.url().toString());
      browser.see("#token").sendKeys(PageKit.TOKEN + Keys.ENTER);
      browser.see("#filter");
      browser.driver().executeCdpCommand("Network.clearBrowserCache", Map.of());
      browser.driver().executeCdpCommand("Performance.enable", Map.of("timeDomain", "threadTicks"));
      browser
          .driver()
          .executeCdpCommand(
              "Page.addScriptToEvaluateOnNewDocument",
              Map.of(
                  "source",
                  "new MutationObserver((changes, all) => {"
                      + " if (document.querySelector('.row:not(.loading)')) {"
                      + "  all.disconnect();"
                      + "  requestAnimationFrame(() => setTimeout(() => {"
                      + "   window.drawn = performance.now(); }));"
                      + " }}).observe(document, {childList: true, subtree: true})"));
      for (String what : List.of("server and cache cold", "second", "third")) {
        System.out.printf(
            "time to first drawing (%s): %.0f ms%n",
            what, drawn(browser, kit.url() + "#/t/" + TAILNET + "/chain"));
        System.out.printf("  bytes until then: %s%n", browser.run(BYTES));
      }
      for (int speed : List.of(300, 3_000, 20_000)) {
        double before = processorSeconds(browser);
        Map<?, ?> frames = (Map<?, ?>) browser.driver().executeAsyncScript(SCROLL, speed);
        double each =
            (processorSeconds(browser) - before) / ((Number) frames.get("frames")).longValue();
        System.out.printf(
            "scrolling %d px a frame, %s frames: longest %s ms, 99th of 100 %s ms, median %s ms;"
                + " work of the page's thread %.1f ms a frame; %s rows in the document at most%n",
            speed,
            frames.get("frames"),
            frames.get("longest"),
            frames.get("high"),
            frames.get("median"),
            each * 1e3,
            frames.get("rows"));
      }
      System.out.printf("bytes with all of it scrolled through: %s%n", browser.run(BYTES));
      browser.shoot("bench");
      for (int i = 0; i < TAILNETS; i++) {
        kit.make("tailnet-" + i + ".example");
      }
      System.out.printf(
          "%d tailnets: first drawing after %.0f ms%n",
          TAILNETS, drawn(browser, kit.url().toString()));
    }
  }

  /** The processor time of the page's thread, which others' load does not lengthen. */
  private static double processorSeconds(Browser browser) {
    Object metrics =
        browser.driver().executeCdpCommand("Performance.getMetrics", Map.of()).get("metrics");
    for (Object each : (List<?>) metrics) {
      Map<?, ?> metric = (Map<?, ?>) each;
      if (metric.get("name").equals("TaskDuration")) {
        return ((Number) metric.get("value")).doubleValue();
      }
    }
    throw new AssertionError("no TaskDuration");
  }

  private static double drawn(Browser browser, String url) {
    browser.driver().get("about:blank");
    browser.driver().get(url);
    Number drawn =
        browser.until(
            () -> "a drawing",
            () -> Optional.ofNullable((Number) browser.run("return window.drawn")));
    return drawn.doubleValue();
  }

  private static final String BYTES =
      "return performance.getEntriesByType('resource')"
          + ".concat(performance.getEntriesByType('navigation'))"
          + ".reduce((sum, each) => sum + each.transferSize, 0)";

  /** Down to the end and up again, at most 600 frames. */
  private static final String SCROLL =
      """
      const speed = arguments[0], done = arguments[1];
      const list = document.querySelector('.chain.list');
      list.scrollTop = 0;
      const times = [];
      let rows = 0, last, by = speed;
      requestAnimationFrame(function frame(now) {
        if (last !== undefined) {
          times.push(now - last);
        }
        last = now;
        rows = Math.max(rows, list.querySelectorAll('.row').length);
        const before = list.scrollTop;
        list.scrollTop += by;
        if (list.scrollTop === before) {
          by = -by;
          list.scrollTop += by;
        }
        if (times.length < 600) {
          requestAnimationFrame(frame);
        } else {
          times.sort((a, b) => a - b);
          const at = (part) => Math.round(times[Math.floor(part * (times.length - 1))] * 10) / 10;
          done({frames: times.length, longest: at(1), high: at(.99), median: at(.5), rows});
        }
      });
      """;

  /** The active chain, and at random places branches of one to eight updates that lost. */
  private static List<Aum> chain() {
    List<Aum> all = new ArrayList<>();
    List<Aum> active = new ArrayList<>();
    active.add(Chains.genesis(List.of(TestKeys.key(1, 2), TestKeys.key(2, 1)), 1));
    Random random = new Random(42);
    int beside = 0;
    List<Integer> sizes = new ArrayList<>();
    for (int i = 0; i < FORKS; i++) {
      sizes.add(1 + random.nextInt(8));
      beside += sizes.get(i);
    }
    for (int i = 1; i < UPDATES - beside; i++) {
      Aum parent = active.get(i - 1);
      active.add(
          i % CHECKPOINT_EVERY == 0
              ? Chains.checkpoint(parent, active.get(0).state().orElseThrow(), 1)
              : Chains.noOp(parent, "a" + i, 1));
    }
    all.addAll(active);
    for (int i = 0; i < FORKS; i++) {
      Aum at = active.get(random.nextInt(active.size() - 1));
      for (int j = 0; j < sizes.get(i); j++) {
        at = Chains.noOp(at, "b" + i + "-" + j, 2);
        all.add(at);
      }
    }
    return all;
  }
}
