package dev.tka.control.http;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * What {@code /metrics} shows (service, section 6). Each label has few values: roles, RPCs and
 * routes, codes of errors, witnesses; tailnets only where they are configured.
 */
final class Metrics {
  static final String TYPE = OpenMetricsTextFormatWriter.CONTENT_TYPE;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Set<String> tailnets;
  private final Counter requests;
  private final Histogram durations;
  private final Counter received;
  private final Counter ofTailnets;

  Metrics(Set<String> tailnets) {
    this.tailnets = tailnets;
    requests =
        Counter.builder()
            .name("tka_requests")
            .help("Requests, by what became of them: ok, or the code of the error.")
            .labelNames("role", "rpc", "outcome")
            .register(registry);
    durations =
        Histogram.builder()
            .name("tka_request_duration_seconds")
            .unit(Unit.SECONDS)
            .help("How long requests took, without waits for changes.")
            .labelNames("rpc")
            .classicOnly()
            .classicUpperBounds(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)
            .withoutExemplars()
            .register(registry);
    received =
        Counter.builder()
            .name("tka_request_bytes")
            .unit(Unit.BYTES)
            .help("Bytes of the bodies of requests.")
            .register(registry);
    ofTailnets =
        Counter.builder()
            .name("tka_tailnet_requests")
            .help("Requests of the tailnets that are configured to be shown.")
            .labelNames("tailnet", "outcome")
            .register(registry);
    gauge(
        "tka_process_start_time_seconds",
        "When the process began, in seconds since 1970.",
        () ->
            ProcessHandle.current().info().startInstant().map(at -> at.toEpochMilli()).orElse(0L)
                / 1000.0);
    gauge(
        "tka_process_heap_used_bytes",
        "Memory of the Java heap in use.",
        () -> Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    gauge(
        "tka_process_heap_limit_bytes",
        "The most that the Java heap may take.",
        () -> Runtime.getRuntime().maxMemory());
  }

  /** A value that is read when somebody asks. */
  void gauge(String name, String help, DoubleSupplier value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(callback -> callback.call(value.getAsDouble()))
        .register(registry);
  }

  /** Values that are read when somebody asks, each with what its label says. */
  void gauges(String name, String help, String label, Supplier<Map<String, Double>> values) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames(label)
        .callback(callback -> values.get().forEach((text, value) -> callback.call(value, text)))
        .register(registry);
  }

  /**
   * A request was answered.
   *
   * @param seconds how long it took
   */
  void served(String role, String rpc, String outcome, double seconds) {
    requests.labelValues(role, rpc, outcome).inc();
    durations.labelValues(rpc).observe(seconds);
  }

  void received(long bytes) {
    received.inc(bytes);
  }

  void ofTailnet(String tailnet, String outcome) {
    if (tailnets.contains(tailnet)) {
      ofTailnets.labelValues(tailnet, outcome).inc();
    }
  }

  /** All of it, in OpenMetrics. */
  byte[] text() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    OpenMetricsTextFormatWriter.create().write(out, registry.scrape(), EscapingScheme.DEFAULT);
    return out.toByteArray();
  }
}
