package dev.tka.store.etcd;

/**
 * The address of a member of etcd.
 *
 * @param secure whether it is asked by TLS
 * @param host a name or an address; an IPv6 address has no brackets
 * @param port 1 to 65535
 */
record Member(boolean secure, String host, int port) {
  /** Host and port, as they stand in a URL. */
  String authority() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
