package dev.tka.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and a private key in files of PEM. */
final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

  private static final long LARGEST = 1 << 20;
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");

  private Pem() {}

  /** What a file does not hold, in words that quote nothing of it. */
  static final class Bad extends Exception {
    Bad(Path file, String what) {
      super(file + ": " + what);
    }
  }

  /** The authorities of a file, as a store without keys. */
  static KeyStore authorities(Path file) throws Bad {
    try {
      KeyStore store = empty();
      for (Certificate each : certificates(file)) {
        store.setCertificateEntry("ca" + store.size(), each);
      }
      return store;
    } catch (GeneralSecurityException | IOException e) {
      throw new Bad(file, "its certificates cannot be used");
    }
  }

  /** The client's key with its certificates, in a store without a password. */
  static KeyStore identity(Path file) throws Bad {
    List<Certificate> chain = certificates(file);
    try {
      KeyStore store = empty();
      store.setKeyEntry("client", key(file), new char[0], chain.toArray(new Certificate[0]));
      return store;
    } catch (GeneralSecurityException | IOException e) {
      throw new Bad(file, "its private key cannot be used with its first certificate");
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static List<Certificate> certificates(Path file) throws Bad {
    List<Certificate> found = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (byte[] each : blocks(file, "CERTIFICATE")) {
        found.add(factory.generateCertificate(new ByteArrayInputStream(each)));
      }
    } catch (GeneralSecurityException e) {
      throw new Bad(file, "expected certificates in PEM, found one that cannot be read");
    }
    if (found.isEmpty()) {
      throw new Bad(file, "expected certificates in PEM, found none");
    }
    return found;
  }

  private static PrivateKey key(Path file) throws Bad, GeneralSecurityException {
    List<byte[]> keys = blocks(file, "PRIVATE KEY");
    if (keys.size() != 1) {
      throw new Bad(
          file,
          "expected one private key of PKCS#8 in PEM beside the certificate, found none or"
              + " several");
    }
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm)
            .generatePrivate(new PKCS8EncodedKeySpec(keys.get(0)));
      } catch (InvalidKeySpecException e) {
        // Of another algorithm.
      }
    }
    throw new Bad(file, "expected a private key of EC, RSA or Ed25519, found another");
  }

  private static List<byte[]> blocks(Path file, String type) throws Bad {
    List<byte[]> found = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(text(file));
    while (matcher.find()) {
      if (matcher.group(1).equals(type)) {
        try {
          found.add(Base64.getMimeDecoder().decode(matcher.group(2)));
        } catch (IllegalArgumentException e) {
          throw new Bad(file, "expected base64 in PEM, found other text");
        }
      }
    }
    return found;
  }

  private static String text(Path file) throws Bad {
    try {
      if (Files.size(file) > LARGEST) {
        throw new Bad(file, "expected a file of PEM, found a larger one");
      }
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      throw new Bad(file, "no such file");
    } catch (IOException e) {
      throw new Bad(file, "cannot be read");
    }
  }
}
