package dev.tka.signer.pkcs11.internal;

import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.LockPublicKey;
import dev.tka.core.SigningException;
import dev.tka.signer.OpenSigner;
import dev.tka.signer.internal.SigHashes;
import dev.tka.signer.pkcs11.Pkcs11Uri;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.xipki.pkcs11.wrapper.AttributeVector;
import org.xipki.pkcs11.wrapper.KeyPairTemplate;
import org.xipki.pkcs11.wrapper.Mechanism;
import org.xipki.pkcs11.wrapper.PKCS11Constants;
import org.xipki.pkcs11.wrapper.PKCS11Exception;
import org.xipki.pkcs11.wrapper.PKCS11KeyPair;
import org.xipki.pkcs11.wrapper.Session;
import org.xipki.pkcs11.wrapper.Slot;
import org.xipki.pkcs11.wrapper.Token;
import org.xipki.pkcs11.wrapper.TokenException;
import org.xipki.pkcs11.wrapper.TokenInfo;

/** A session with a token, and a private key in it. */
final class Pkcs11Signer implements OpenSigner {
  /** The curve's object identifier in DER, 1.3.101.112. */
  private static final byte[] ED25519 = {0x06, 0x03, 0x2b, 0x65, 0x70};

  /** What DER has before the 32 bytes of a point. */
  private static final byte[] POINT_HEADER = {0x04, LockPublicKey.SIZE};

  private static final int ID_SIZE = 16;

  private final Patience patience;
  private final Session session;
  private final long privateKey;
  private final LockPublicKey publicKey;

  private final AtomicReference<Use> use = new AtomicReference<>(Use.FREE);

  /** Of the session. Nothing else may use it during a call, least of all close it. */
  private enum Use {
    FREE,
    IN_CALL,
    /** It is closed, or will be as soon as the call that hangs returns. */
    ENDED
  }

  private Pkcs11Signer(
      Patience patience, Session session, long privateKey, LockPublicKey publicKey) {
    this.patience = patience;
    this.session = session;
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** Finds the key, and gets ready to sign. */
  static OpenSigner open(Pkcs11Uri uri, Patience patience) throws SigningException, IOException {
    return patience.call(
        () -> {
          Session session = logIn(uri, patience, false);
          try {
            long privateKey = privateKey(uri, patience, session);
            return new Pkcs11Signer(
                patience, session, privateKey, publicKey(patience, session, privateKey));
          } catch (TokenException | SigningException | RuntimeException e) {
            session.closeSession();
            throw e;
          }
        });
  }

  /** Has the token make a pair. */
  static LockPublicKey make(Pkcs11Uri uri, Patience patience, SecureRandom random)
      throws SigningException, IOException {
    String label =
        uri.object().orElseThrow(() -> patience.failure("expected object=..., the key's label"));
    byte[] id = uri.id().map(Bytes::toByteArray).orElseGet(() -> bytes(random));
    return patience.call(
        () -> {
          Session session = logIn(uri, patience, true);
          try {
            if (!find(uri, session, PKCS11Constants.CKO_PRIVATE_KEY).isEmpty()) {
              throw new FileAlreadyExistsException(
                  uri.toString(), null, "such a key is there already; nothing was made");
            }
            KeyPairTemplate template =
                new KeyPairTemplate(PKCS11Constants.CKK_EC_EDWARDS)
                    .token(true)
                    .signVerify(true)
                    .labels(label)
                    .id(id);
            template.privateKey().private_(true).sensitive(true).extractable(false);
            template.publicKey().ecParams(ED25519);
            PKCS11KeyPair pair =
                session.generateKeyPair(
                    new Mechanism(PKCS11Constants.CKM_EC_EDWARDS_KEY_PAIR_GEN), template);
            return point(patience, session, pair.getPublicKey());
          } finally {
            session.closeSession();
          }
        });
  }

  private static byte[] bytes(SecureRandom random) {
    byte[] bytes = new byte[ID_SIZE];
    random.nextBytes(bytes);
    return bytes;
  }

  private static Session logIn(Pkcs11Uri uri, Patience patience, boolean toWrite)
      throws SigningException, IOException, TokenException {
    Token token = token(uri, patience);
    TokenInfo info = token.getTokenInfo();
    // Read before a session is opened: most of what can be wrong is wrong here.
    char @Nullable [] pin = uri.pinSource().isPresent() ? Pin.read(uri.pinSource().get()) : null;
    try {
      boolean asksItself = info.isProtectedAuthenticationPath();
      if (pin == null && info.isLoginRequired() && !asksItself) {
        throw patience.failure(
            "the token asks for a PIN: add pin-source=PATH, a file that holds it");
      }
      Session session = token.openSession(toWrite);
      try {
        if (info.isLoginRequired()) {
          logIn(uri, patience, info, session, pin);
        }
        return session;
      } catch (TokenException | SigningException | RuntimeException e) {
        session.closeSession();
        throw e;
      }
    } finally {
      if (pin != null) {
        Arrays.fill(pin, '\0');
      }
    }
  }

  private static void logIn(
      Pkcs11Uri uri, Patience patience, TokenInfo info, Session session, char @Nullable [] pin)
      throws TokenException, SigningException {
    try {
      if (pin == null) {
        // A person types it at the token.
        session.login(PKCS11Constants.CKU_USER, null);
        return;
      }
      Logins.to(uri.module() + "\n" + info.getSerialNumber() + "\n" + info.getLabel())
          .logIn(patience, pin, given -> session.login(PKCS11Constants.CKU_USER, given));
    } catch (PKCS11Exception e) {
      // Another session of this process has logged in.
      if (e.getErrorCode() != PKCS11Constants.CKR_USER_ALREADY_LOGGED_IN) {
        throw e;
      }
    }
  }

  private static Token token(Pkcs11Uri uri, Patience patience)
      throws SigningException, IOException, TokenException {
    List<Token> found = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    for (Slot slot : Libraries.load(uri.module()).getSlotList(true)) {
      TokenInfo info;
      try {
        info = slot.getToken().getTokenInfo();
      } catch (PKCS11Exception e) {
        // It was removed, or is broken: another one may be meant.
        continue;
      }
      if (!info.isTokenInitialized()) {
        continue;
      }
      labels.add(info.getLabel().strip());
      if (uri.token().filter(label -> !label.equals(info.getLabel().strip())).isEmpty()
          && uri.serial()
              .filter(serial -> !serial.equals(info.getSerialNumber().strip()))
              .isEmpty()) {
        found.add(slot.getToken());
      }
    }
    if (found.size() != 1) {
      throw patience.failure(
          "expected one such token, found "
              + found.size()
              + (labels.isEmpty()
                  ? "; no token is there"
                  : " of " + labels.stream().sorted().collect(Collectors.joining(", "))));
    }
    return found.get(0);
  }

  private static List<Long> find(Pkcs11Uri uri, Session session, long kind) throws TokenException {
    AttributeVector wanted = new AttributeVector().class_(kind);
    uri.object().ifPresent(wanted::label);
    uri.id().ifPresent(id -> wanted.id(id.toByteArray()));
    return Arrays.stream(session.findAllObjectsSingle(wanted)).boxed().toList();
  }

  private static long privateKey(Pkcs11Uri uri, Patience patience, Session session)
      throws SigningException, TokenException {
    List<Long> found = find(uri, session, PKCS11Constants.CKO_PRIVATE_KEY);
    if (found.isEmpty()) {
      throw patience.failure("the token has no such private key; 'tka keygen' makes one");
    }
    if (found.size() > 1) {
      throw patience.failure(
          "expected one such private key, found "
              + found.size()
              + "; name one with object=... or id=...");
    }
    long key = found.get(0);
    requireEdwards(patience, session, key);
    return key;
  }

  private static void requireEdwards(Patience patience, Session session, long key)
      throws SigningException, TokenException {
    @Nullable Long type = session.getAttrValues(key, PKCS11Constants.CKA_KEY_TYPE).keyType();
    if (!Objects.equals(type, PKCS11Constants.CKK_EC_EDWARDS)) {
      throw patience.failure("expected an Ed25519 key, found one of another type");
    }
  }

  /** The public key is an object of its own, with the id of the private one. */
  private static LockPublicKey publicKey(Patience patience, Session session, long privateKey)
      throws SigningException, TokenException {
    byte @Nullable [] id = session.getAttrValues(privateKey, PKCS11Constants.CKA_ID).id();
    AttributeVector wanted =
        new AttributeVector()
            .class_(PKCS11Constants.CKO_PUBLIC_KEY)
            .keyType(PKCS11Constants.CKK_EC_EDWARDS);
    if (id != null) {
      wanted.id(id);
    }
    long[] found = session.findAllObjectsSingle(wanted);
    if (found.length != 1) {
      throw patience.failure(
          "expected one public key with the id of the private one, found " + found.length);
    }
    return point(patience, session, found[0]);
  }

  /** The point as it is, or as a string of DER. */
  private static LockPublicKey point(Patience patience, Session session, long publicKey)
      throws SigningException, TokenException {
    byte @Nullable [] point =
        session.getAttrValues(publicKey, PKCS11Constants.CKA_EC_POINT).ecPoint();
    if (point != null
        && point.length == POINT_HEADER.length + LockPublicKey.SIZE
        && Arrays.equals(point, 0, POINT_HEADER.length, POINT_HEADER, 0, POINT_HEADER.length)) {
      point = Arrays.copyOfRange(point, POINT_HEADER.length, point.length);
    }
    if (point == null || point.length != LockPublicKey.SIZE) {
      throw patience.failure("expected an Ed25519 key, found one of another curve");
    }
    return new LockPublicKey(Bytes.copyOf(point));
  }

  @Override
  public LockPublicKey publicKey() {
    return publicKey;
  }

  @Override
  public Bytes sign(Bytes sigHash) throws SigningException {
    SigHashes.require(sigHash);
    byte[] message = sigHash.toByteArray();
    byte[] made;
    try {
      made =
          patience.call(
              () -> {
                if (!use.compareAndSet(Use.FREE, Use.IN_CALL)) {
                  throw patience.failure("its session was given up: open the key again");
                }
                try {
                  return session.signSingle(
                      new Mechanism(PKCS11Constants.CKM_EDDSA), privateKey, message);
                } finally {
                  if (!use.compareAndSet(Use.IN_CALL, Use.FREE)) {
                    session.closeSession();
                  }
                }
              });
    } catch (SigningException e) {
      // A call that returned has freed it: this one hangs.
      use.compareAndSet(Use.IN_CALL, Use.ENDED);
      throw e;
    } catch (IOException e) {
      throw patience.failure("its library failed: " + e);
    }
    if (made.length != AumSignature.SIGNATURE_SIZE) {
      throw patience.failure(
          "expected "
              + AumSignature.SIGNATURE_SIZE
              + " bytes of a signature, found "
              + made.length);
    }
    return Bytes.copyOf(made);
  }

  @Override
  public void close() {
    if (use.getAndSet(Use.ENDED) != Use.FREE) {
      return;
    }
    try {
      patience.call(
          () -> {
            session.closeSession();
            return true;
          });
    } catch (SigningException | IOException e) {
      // The token is gone, and the session with it.
    }
  }

  /** For messages. */
  @Override
  public String toString() {
    return "signer of " + publicKey;
  }
}
