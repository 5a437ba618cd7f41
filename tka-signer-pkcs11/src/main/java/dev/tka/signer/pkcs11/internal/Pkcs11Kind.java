package dev.tka.signer.pkcs11.internal;

import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.core.TextException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.SignerKind;
import dev.tka.signer.SignerPlace;
import dev.tka.signer.pkcs11.Pkcs11Uri;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;

/** An Ed25519 key in a PKCS #11 token, by a URI of RFC 7512. */
public final class Pkcs11Kind implements SignerKind {
  private static final String SCHEME = "pkcs11";

  /** A person may have to type a PIN at the token, or to touch it. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Duration limit;

  /** For the loader of services. */
  public Pkcs11Kind() {
    this(LIMIT);
  }

  /** With another time limit for each answer. */
  public Pkcs11Kind(Duration limit) {
    this.limit = limit;
  }

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public String form() {
    return SCHEME + ":...";
  }

  @Override
  public SignerPlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new Place(Pkcs11Uri.parse(rest), limit);
  }

  private record Place(Pkcs11Uri uri, Duration limit) implements SignerPlace {
    @Override
    public String url() {
      return uri.toString();
    }

    @Override
    public OpenSigner open() throws SigningException, IOException {
      return Pkcs11Signer.open(uri, new Patience(uri, limit));
    }

    @Override
    public Making making() {
      return new Making.Here(this::make);
    }

    private LockPublicKey make(SecureRandom random) throws SigningException, IOException {
      return Pkcs11Signer.make(uri, new Patience(uri, limit), random);
    }
  }
}
