package dev.tka.control.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The distribution's Chromium, driven by its chromedriver. */
final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final ChromeDriver driver;
  private final Path shots;

  private Browser(ChromeDriver driver, Path shots) {
    this.driver = driver;
    this.shots = shots;
  }

  /** Starts it; where it is not installed, says so. */
  static Optional<Browser> start(Path shots) throws IOException {
    Optional<Path> chromium = installed("chromium");
    Optional<Path> chromedriver = installed("chromedriver");
    if (chromium.isEmpty() || chromedriver.isEmpty()) {
      System.out.println(
          "left out: tests of the page in a browser (apt-get install chromium chromium-driver)");
      return Optional.empty();
    }
    Files.createDirectories(shots);
    // It misses what it has for other versions, and is not asked for it.
    SELENIUM.setLevel(Level.SEVERE);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.get().toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--window-size=1280,800");
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(chromedriver.get().toFile())
            .usingAnyFreePort()
            .build();
    return Optional.of(new Browser(new ChromeDriver(service, options), shots));
  }

  private static Optional<Path> installed(String program) {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  ChromeDriver driver() {
    return driver;
  }

  /** Waits until something is there. */
  <T> T until(Supplier<String> what, Supplier<Optional<T>> test) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        Optional<T> found = test.get();
        if (found.isPresent()) {
          return found.get();
        }
      } catch (StaleElementReferenceException e) {
        // It was drawn again: look again.
      }
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("waited in vain for " + what.get());
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }

  /** Waits until an element is in view. */
  WebElement see(String selector) {
    return until(() -> selector, () -> find(selector).filter(WebElement::isDisplayed));
  }

  /** Waits until an element is in view, and clicks it. */
  void click(String selector) {
    click(selector, () -> find(selector).filter(WebElement::isDisplayed));
  }

  /** Clicks an element; what is drawn again in between is looked for again. */
  void click(String what, Supplier<Optional<WebElement>> find) {
    boolean unused =
        until(
            () -> what,
            () ->
                find.get()
                    .map(
                        element -> {
                          element.click();
                          return true;
                        }));
  }

  /** Waits until the text of an element has a part. */
  void seeText(String selector, String part) {
    boolean unused =
        until(
            () -> part + " in " + selector + ": " + text(selector),
            () -> Optional.of(true).filter(yes -> text(selector).contains(part)));
  }

  Optional<WebElement> find(String selector) {
    return driver.findElements(By.cssSelector(selector)).stream().findFirst();
  }

  List<WebElement> all(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  /** The text of all elements, as it is shown; empty if there are none. */
  String text(String selector) {
    return until(
        () -> selector,
        () ->
            Optional.of(
                String.join("\n", all(selector).stream().map(WebElement::getText).toList())));
  }

  Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /** Shows the page in a size, as a screen of that width would. */
  void size(int width, int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  /** What the reader's system prefers. */
  void prefer(String feature, String value) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", feature, "value", value))));
  }

  /** Keeps a picture for people to look at. */
  void shoot(String name) throws IOException {
    Files.write(shots.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  /** What the console said since the last time, warnings included. */
  List<String> console() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  /** The URLs that were asked for since the last time. */
  List<String> asked() throws IOException {
    List<String> urls = new ArrayList<>();
    for (LogEntry entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
      Map<?, ?> event =
          (Map<?, ?>)
              com.fasterxml.jackson.jr.ob.JSON.std.mapFrom(entry.getMessage()).get("message");
      if ("Network.requestWillBeSent".equals(event.get("method"))) {
        Map<?, ?> parameters = (Map<?, ?>) event.get("params");
        if (parameters.containsKey("redirectResponse")) {
          // A redirect, which is told here also where the page does not follow it.
          continue;
        }
        urls.add(String.valueOf(((Map<?, ?>) parameters.get("request")).get("url")));
      }
    }
    return urls;
  }

  @Override
  public void close() {
    driver.quit();
  }
}
