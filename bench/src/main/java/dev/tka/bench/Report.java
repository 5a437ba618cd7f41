package dev.tka.bench;

import dev.tka.core.TkaException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.util.Statistics;

/**
 * Runs the benchmarks and prints one table: our figures beside the reference's and our targets.
 *
 * <p>Those were set on another machine. So the {@link Yardstick} measures this machine before and
 * after each benchmark, and targets are compared with the estimated time on that other machine.
 * Heap is not scaled.
 */
public final class Report {
  private final Optional<Yardstick> yardstick = Yardstick.find();
  private final DoubleSummaryStatistics verifications = new DoubleSummaryStatistics();
  private final boolean quick;
  private final PrintStream out;

  /**
   * The result of one benchmark, in microseconds or thousands of bytes.
   *
   * @param median the median of all iterations
   * @param slowness how many times slower this machine was than the reference's
   */
  private record Measured(double median, double lowest, double highest, double slowness) {}

  private Report(boolean quick, PrintStream out) {
    this.quick = quick;
    this.out = out;
  }

  /**
   * Measures, and prints each line when it is known.
   *
   * @param args {@code --quick} for rough figures soon; words, to run only benchmarks with one of
   *     them in their names, as in {@code OpenBenchmark.memory}
   */
  public static void main(String[] args)
      throws IOException, RunnerException, TkaException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(args));
    boolean quick = words.remove("--quick");
    Chain.prepare();
    Report report = new Report(quick, new PrintStream(System.out, true, StandardCharsets.UTF_8));
    report.printHead();
    for (Figure figure : Figure.ALL) {
      boolean wanted = words.isEmpty() || words.stream().anyMatch(figure.benchmark()::contains);
      if (wanted && !(quick && figure.isLong())) {
        report.print(figure, report.measure(figure));
      }
    }
    report.printFoot();
  }

  private Optional<Measured> measure(Figure figure)
      throws IOException, RunnerException, TkaException, InterruptedException {
    if (figure.benchmark().startsWith(Figure.HEAP)) {
      String what = figure.benchmark().substring(Figure.HEAP.length());
      double kilobytes =
          (what.equals("trail")
                  ? HeapOfAuthority.measureTrail()
                  : HeapOfAuthority.measure(Integer.parseInt(what)))
              / 1e3;
      return Optional.of(new Measured(kilobytes, kilobytes, kilobytes, 1));
    }
    double before = slowness();
    Collection<RunResult> results = run(figure);
    double slowness = (before + slowness()) / 2;
    if (results.isEmpty()) {
      return Optional.empty();
    }
    Statistics times = results.iterator().next().getPrimaryResult().getStatistics();
    return Optional.of(
        new Measured(times.getPercentile(50), times.getMin(), times.getMax(), slowness));
  }

  private double slowness() {
    if (yardstick.isEmpty()) {
      return 1;
    }
    double verification = yardstick.get().measure();
    verifications.accept(verification);
    return verification / Yardstick.REFERENCE;
  }

  /** Runs one benchmark with its parameter, and writes JMH's output to a file. */
  private Collection<RunResult> run(Figure figure) throws IOException, RunnerException {
    String benchmark = figure.benchmark();
    boolean few = quick || figure.writesManyFiles();
    Path logs = Files.createDirectories(Chain.file().resolveSibling("jmh"));
    String[] parts = benchmark.split("[ =]", -1);
    String name = Report.class.getPackageName() + "." + parts[0];
    TimeValue time = TimeValue.milliseconds(quick ? 400 : 1000);
    ChainedOptionsBuilder options = new OptionsBuilder();
    if (parts.length > 1) {
      options.param(parts[1], parts[2]);
    }
    return new Runner(
            options
                .include("^" + Pattern.quote(name) + "$")
                .output(logs.resolve(benchmark.replace(' ', '-') + ".log").toString())
                .jvmArgs("-Xms2g", "-Xmx2g", "--enable-native-access=ALL-UNNAMED")
                .forks(few ? 1 : 2)
                .warmupIterations(figure.writesManyFiles() ? 1 : quick ? 2 : 4)
                .warmupTime(time)
                .measurementIterations(few ? 2 : 3)
                .measurementTime(time)
                .build())
        .run();
  }

  private void printHead() {
    row("what", "figure", "", "range", "scaled", "reference", "ratio", "normalised", "target", "");
    out.println("|---|--:|---|--:|--:|--:|--:|--:|---|");
  }

  private void print(Figure figure, Optional<Measured> found) {
    if (found.isEmpty()) {
      row(figure.label(), "failed", "", "", "", "", "", "", "", "");
      return;
    }
    Measured measured = found.get();
    double size = figure.unit().size;
    double ours = measured.median / size;
    double scaled = ours / measured.slowness;
    OptionalDouble reference = figure.reference();
    OptionalDouble target = figure.target();
    row(
        figure.label(),
        number(ours),
        figure.unit().symbol,
        measured.lowest == measured.highest
            ? ""
            : number(measured.lowest / size) + "–" + number(measured.highest / size),
        number(scaled),
        number(reference),
        reference.isEmpty() ? "" : number(ours / reference.getAsDouble()),
        reference.isEmpty() ? "" : number(scaled / reference.getAsDouble()),
        number(target),
        target.isEmpty() ? "" : scaled <= target.getAsDouble() ? "met" : "missed");
  }

  private void printFoot() {
    out.println();
    if (verifications.getCount() == 0) {
      out.println("Amazon Corretto Crypto Provider does not load here, so nothing is scaled.");
    } else {
      out.printf(
          Locale.ROOT,
          "One verification by Amazon Corretto Crypto Provider took %s µs on average (%s to %s),"
              + " and %s µs on the reference's machine.%n"
              + "Scaled times are divided by the slowdown of this machine around that line;"
              + " normalised ratios are of scaled times.%n",
          number(verifications.getAverage()),
          number(verifications.getMin()),
          number(verifications.getMax()),
          number(Yardstick.REFERENCE));
    }
  }

  private void row(Object... cells) {
    out.printf(
        Locale.ROOT, "| %-43s | %8s %-2s | %-13s | %7s | %9s | %6s | %10s | %7s | %-6s |%n", cells);
  }

  private static String number(OptionalDouble value) {
    return value.isEmpty() ? "" : number(value.getAsDouble());
  }

  /** Three significant digits. */
  private static String number(double value) {
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
