package dev.tka.control.http;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and keys in PEM, as certificate authorities and ACME clients write them. */
final class Pem {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private static final char[] NO_PASSWORD = new char[0];

  private Pem() {}

  /**
   * A server's certificate, with those that lead to its authority, and its key.
   *
   * @throws IOException if a file cannot be read or is not as expected; quotes nothing of it
   */
  static KeyStore identity(Path certificates, Path key) throws IOException {
    Certificate[] chain = certificates(certificates).toArray(Certificate[]::new);
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, NO_PASSWORD);
      store.setKeyEntry("server", privateKey(key), NO_PASSWORD, chain);
      return store;
    } catch (GeneralSecurityException e) {
      throw new IOException(key + ": does not go with " + certificates, e);
    }
  }

  /**
   * Certificates to trust.
   *
   * @throws IOException if the file cannot be read or holds none
   */
  static KeyStore trusted(Path certificates) throws IOException {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, NO_PASSWORD);
      int count = 0;
      for (Certificate each : certificates(certificates)) {
        store.setCertificateEntry("ca" + count++, each);
      }
      return store;
    } catch (GeneralSecurityException e) {
      throw new IOException(certificates + ": cannot be used", e);
    }
  }

  private static Collection<? extends Certificate> certificates(Path file) throws IOException {
    Collection<? extends Certificate> found;
    try {
      found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)));
    } catch (GeneralSecurityException e) {
      throw new IOException(file + ": expected certificates in PEM, found something else", e);
    }
    if (found.isEmpty()) {
      throw new IOException(file + ": expected certificates in PEM, found none");
    }
    return found;
  }

  private static PrivateKey privateKey(Path file) throws IOException {
    Matcher matcher = KEY.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
    if (!matcher.find()) {
      throw new IOException(
          file
              + ": expected a line BEGIN PRIVATE KEY, found none"
              + " ('openssl pkcs8 -topk8 -nodes' converts other forms)");
    }
    PKCS8EncodedKeySpec spec;
    try {
      spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(matcher.group(1)));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": expected a key in base64", e);
    }
    for (String algorithm : List.of("EC", "RSA", "Ed25519")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (GeneralSecurityException e) {
        // It may be of the next kind.
      }
    }
    throw new IOException(file + ": expected a key of kind EC, RSA or Ed25519");
  }
}
