package dev.tka.store.internal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates of authorities that a person trusts in place of the JDK's. */
public final class Certificates {
  private static final int LARGEST_PEM = 1 << 20;

  private Certificates() {}

  /**
   * TLS that trusts the certificates of a file alone.
   *
   * @param file certificates in PEM
   * @throws IOException if there are none in it; the message names the file and quotes nothing
   */
  public static SSLContext trusting(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (Certificate each :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(in.readNBytes(LARGEST_PEM)))) {
        store.setCertificateEntry("ca" + store.size(), each);
      }
      if (store.size() == 0) {
        throw new IOException(file + ": expected certificates in PEM, found none");
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (NoSuchFileException e) {
      throw new IOException(file + ": no such file", e);
    } catch (CertificateException e) {
      throw new IOException(
          file + ": expected certificates in PEM, found one that cannot be read", e);
    } catch (GeneralSecurityException e) {
      throw new IOException(file + ": its certificates cannot be used", e);
    }
  }
}
