package dev.tka.broker;

import dev.tka.core.Bytes;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.nodekey.AuthKey;
import dev.tka.store.KeyFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.jose4j.json.JsonUtil;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.EllipticCurveJsonWebKey;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;

/** A folder with a policy, the keys that it names, and those who vouch. */
final class Scene {
  static final Instant NOW = Instant.parse("2030-06-01T12:00:00Z");
  static final Instant UNTIL = Instant.parse("2031-01-01T00:00:00Z");
  static final String TAILNET = "example.com";
  static final String ISSUER = "https://ci.example";
  static final SecureRandom RANDOM = new SecureRandom();

  /** A JWT in a text. Its dots tell it from base64, which has "eyJ" in it by chance. */
  static final Pattern JWT = Pattern.compile("eyJ[\\w-]*\\.[\\w-]");

  final Path folder;
  final EllipticCurveJsonWebKey provider = providerKey();
  final LockPrivateKey trusted = LockPrivateKey.generate(RANDOM);
  final AuthKey.Wrapped authKey;

  Scene(Path folder) throws Exception {
    this.folder = folder;
    Files.writeString(
        folder.resolve("ci.jwks"),
        "{\"keys\":[" + provider.toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY) + "]}");
    KeyFile.create(folder.resolve("admin.key"), trusted);
    authKey = ((AuthKey.Plain) AuthKey.parse("tskey-auth-secret")).wrap(trusted, RANDOM);
    Files.createFile(
        folder.resolve("auth.txt"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(folder.resolve("auth.txt"), authKey.exposeText());
  }

  static EllipticCurveJsonWebKey providerKey() throws JoseException {
    EllipticCurveJsonWebKey key = EcJwkGenerator.generateJwk(EllipticCurves.P256);
    key.setKeyId("one");
    return key;
  }

  /** A rule in JSON. */
  static String rule(String name, String voucher, String sign, String more) {
    return ("{'name':'"
            + name
            + "','tailnets':['"
            + TAILNET
            + "'],'voucher':"
            + voucher
            + ",'until':'"
            + UNTIL
            + "','perHour':1000,'sign':"
            + sign
            + more
            + "}")
        .replace('\'', '"');
  }

  static final String TOKEN = "{'token':{}}";
  static final String OIDC =
      "{'oidc':{'issuer':'"
          + ISSUER
          + "','audience':'tka-broker','keys':'ci.jwks','claims':{'sub':'job'}}}";
  static final String AUTH_KEY = "{'authKey':'auth.txt'}";

  String trustedKey() {
    return "{'signer':'file:" + folder.resolve("admin.key") + "'}";
  }

  Policy policy(String... rules) throws Exception {
    Path file = folder.resolve("policy.json");
    Files.writeString(file, "{\"schemaVersion\":1,\"rules\":[" + String.join(",", rules) + "]}");
    return Policy.read(file);
  }

  static NodeKey node(int number) {
    byte[] bytes = new byte[NodeKey.SIZE];
    new Random(number).nextBytes(bytes);
    return new NodeKey(Bytes.copyOf(bytes));
  }

  static SigningRequest request(NodeKey node, String voucher) {
    return new SigningRequest(
        TAILNET, node, Optional.empty(), Optional.empty(), List.of(), Optional.empty(), voucher);
  }

  static SigningRequest named(SigningRequest to, String name, List<String> tags, String user) {
    return new SigningRequest(
        to.tailnet(),
        to.nodeKey(),
        to.rotationKey(),
        Optional.of(name),
        tags,
        Optional.of(user),
        to.voucher());
  }

  static SigningRequest in(SigningRequest to, String tailnet) {
    return new SigningRequest(
        tailnet, to.nodeKey(), to.rotationKey(), to.name(), to.tags(), to.user(), to.voucher());
  }

  static SigningRequest rotatedBy(SigningRequest to, LockPublicKey key) {
    return new SigningRequest(
        to.tailnet(),
        to.nodeKey(),
        Optional.of(key),
        to.name(),
        to.tags(),
        to.user(),
        to.voucher());
  }

  /** Claims that the rule of {@link #OIDC} asks for. */
  static Map<String, Object> claims(NodeKey node, String id) {
    Map<String, Object> claims = new java.util.LinkedHashMap<>();
    claims.put("iss", ISSUER);
    claims.put("aud", List.of("tka-broker", node.toString()));
    claims.put("exp", NOW.getEpochSecond() + 600);
    claims.put("sub", "job");
    claims.put("jti", id);
    return claims;
  }

  String jwt(Map<String, Object> claims) throws JoseException {
    return jwt(claims, provider);
  }

  static String jwt(Map<String, Object> claims, EllipticCurveJsonWebKey key) throws JoseException {
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(JsonUtil.toJson(claims));
    signature.setKey(key.getPrivateKey());
    signature.setKeyIdHeaderValue("one");
    signature.setAlgorithmHeaderValue("ES256");
    return signature.getCompactSerialization();
  }

  static Ledger issued(Ledger ledger, BrokerToken token, String rule) {
    return ledger.with(
        new LogEntry(NOW, new LogEntry.TokenIssued(token.id(), rule, NOW.plusSeconds(3600))));
  }

  static Clock clock() {
    return Clock.fixed(NOW, ZoneOffset.UTC);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
