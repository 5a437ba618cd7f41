package dev.tka.broker;

import dev.tka.core.Bytes;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jose4j.json.JsonUtil;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.EllipticCurveJsonWebKey;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.OctetKeyPairJsonWebKey;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.lang.JoseException;

/**
 * An OpenID provider's public keys, from a file and from nowhere else. Each fixes the one algorithm
 * that it is for, whatever a token says. Immutable.
 */
public final class PinnedKeys {
  private static final Pattern COMPACT =
      Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");
  private static final Set<String> OF_RSA =
      Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512");
  private static final Map<String, String> OF_CURVES =
      Map.of("P-256", "ES256", "P-384", "ES384", "P-521", "ES512");
  private static final int LEAST_RSA_BITS = 2048;

  /** A key, and the one algorithm that it is for. */
  private record Pinned(Optional<String> id, Key key, String algorithm) {}

  private final String where;
  private final Bytes hash;
  private final List<Pinned> keys;

  private PinnedKeys(String where, Bytes hash, List<Pinned> keys) {
    this.where = where;
    this.hash = hash;
    this.keys = keys;
  }

  /**
   * Reads a JSON Web Key Set.
   *
   * @param where names it in errors
   * @throws BadInputException if it is none, holds no key, or one that does not serve
   */
  static PinnedKeys parse(String where, byte[] content) throws BadInputException {
    List<JsonWebKey> all;
    try {
      all = new JsonWebKeySet(new String(content, StandardCharsets.UTF_8)).getJsonWebKeys();
    } catch (JoseException | RuntimeException e) {
      throw new BadInputException(where + ": expected a JSON Web Key Set, found something else");
    }
    List<Pinned> keys = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (JsonWebKey each : all) {
      String at = where + ": keys[" + keys.size() + "]";
      Pinned key = pinned(at, each);
      if (key.id().isPresent() && !ids.add(key.id().get())) {
        throw new BadInputException(at + ".kid: expected one of its own, found that of another");
      }
      keys.add(key);
    }
    // A key of an unknown kind is left out by the library, and would be missed later.
    if (keys.isEmpty()) {
      throw new BadInputException(where + ": keys: expected public keys, found none that is known");
    }
    return new PinnedKeys(where, Hashes.of(content), List.copyOf(keys));
  }

  private static Pinned pinned(String at, JsonWebKey key) throws BadInputException {
    if (!(key instanceof PublicJsonWebKey pair)) {
      throw new BadInputException(at + ": expected a public key, found a secret one");
    }
    if (pair.getPrivateKey() != null) {
      throw new BadInputException(at + ": expected a public key, found a private one");
    }
    Optional<String> named = Optional.ofNullable(key.getAlgorithm());
    String algorithm = algorithm(at, pair, named);
    if (named.isPresent() && !named.get().equals(algorithm)) {
      throw new BadInputException(
          at + ".alg: expected " + algorithm + " for a key like this, found another");
    }
    return new Pinned(Optional.ofNullable(key.getKeyId()), pair.getPublicKey(), algorithm);
  }

  private static String algorithm(String at, PublicJsonWebKey key, Optional<String> named)
      throws BadInputException {
    if (key instanceof RsaJsonWebKey rsa) {
      RSAPublicKey bits = rsa.getRsaPublicKey();
      if (bits.getModulus().bitLength() < LEAST_RSA_BITS) {
        throw new BadInputException(at + ".n: expected 2048 bits or more, found fewer");
      }
      return named.filter(OF_RSA::contains).orElse(AlgorithmIdentifiers.RSA_USING_SHA256);
    }
    if (key instanceof EllipticCurveJsonWebKey curve) {
      Optional<String> known = Optional.ofNullable(OF_CURVES.get(curve.getCurveName()));
      if (known.isPresent()) {
        return known.get();
      }
    }
    if (key instanceof OctetKeyPairJsonWebKey pair && "Ed25519".equals(pair.getSubtype())) {
      return AlgorithmIdentifiers.EDDSA;
    }
    throw new BadInputException(
        at + ": expected a key of RSA, P-256, P-384, P-521 or Ed25519, found another");
  }

  /** The SHA-256 of the bytes of their file. */
  public Bytes hash() {
    return hash;
  }

  /** Names their file. */
  @Override
  public String toString() {
    return where;
  }

  /** Whether a text has the form of a token. */
  static boolean isToken(String text) {
    return COMPACT.matcher(text).matches();
  }

  /**
   * What one of these keys signed.
   *
   * @param claims by name; JSON with a name twice is none
   * @param signedPart the part of the text that was signed: the rest may be written in several ways
   */
  public record Signed(Map<String, Object> claims, String signedPart) {}

  /**
   * Checks the signature of a token, and nothing else.
   *
   * @return empty if none of these keys made it, or what they signed is no JSON object
   */
  Optional<Signed> verify(String token) {
    return keys.stream().flatMap(key -> verify(token, key).stream()).findFirst();
  }

  private static Optional<Signed> verify(String token, Pinned pinned) {
    try {
      JsonWebSignature signature = new JsonWebSignature();
      signature.setAlgorithmConstraints(
          new AlgorithmConstraints(ConstraintType.PERMIT, pinned.algorithm()));
      signature.setCompactSerialization(token);
      Optional<String> id = Optional.ofNullable(signature.getKeyIdHeaderValue());
      if (id.isPresent() && pinned.id().isPresent() && !id.equals(pinned.id())) {
        return Optional.empty();
      }
      signature.setKey(pinned.key());
      if (pinned.algorithm().equals(signature.getAlgorithmHeaderValue())
          && signature.verifySignature()) {
        return Optional.of(
            new Signed(
                JsonUtil.parseJson(signature.getPayload()),
                token.substring(0, token.lastIndexOf('.'))));
      }
    } catch (JoseException | RuntimeException e) {
      // Not by this key; what was wrong with it is of no use to who holds it.
      return Optional.empty();
    }
    return Optional.empty();
  }
}
