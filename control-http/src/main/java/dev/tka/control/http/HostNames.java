package dev.tka.control.http;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * The names that a request may give as its {@code Host} (service, section 5). A page on another
 * name that resolves to this address is so kept from asking in a browser's name.
 */
final class HostNames {
  private final Set<String> names = new HashSet<>();

  /**
   * @param configured names without ports
   * @param host what a listener listens on
   */
  HostNames(Iterable<String> configured, String host) {
    configured.forEach(this::add);
    add("localhost");
    add("127.0.0.1");
    add("::1");
    if (isAddress(host)) {
      add(host);
    }
  }

  private void add(String name) {
    names.add(bare(name));
  }

  /**
   * Whether a request's authority is one of the names, with or without a port.
   *
   * @param authority as it came
   */
  boolean allow(String authority) {
    return names.contains(bare(withoutPort(authority)));
  }

  private static String withoutPort(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon < 0 || authority.endsWith("]") ? authority : authority.substring(0, colon);
  }

  private static String bare(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.startsWith("[") && lower.endsWith("]")
        ? lower.substring(1, lower.length() - 1)
        : lower;
  }

  private static boolean isAddress(String host) {
    return host.indexOf(':') >= 0 || host.matches("[0-9.]+");
  }
}
