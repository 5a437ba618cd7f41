package dev.tka.core.nodekey;

import dev.tka.core.NodeKey;
import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The content of a link that asks an admin's device to sign another device (protocol, section 7).
 * Such a link is a convenience, not a proof: anybody who knows the authority's state id can make
 * one, and a letter may move between neighbouring fields unnoticed. All texts are Unicode and not
 * empty.
 *
 * @param nodeKey the key to sign; {@link NodeKey#parse} checks that it is a node key
 * @param rotationKey the key with which the device may rotate its node key; {@link
 *     dev.tka.core.LockPublicKey#parse} checks its form
 * @param deviceName the device's name
 * @param osName its operating system
 * @param loginName its owner's login name
 */
public record DeepLink(
    String nodeKey, String rotationKey, String deviceName, String osName, String loginName) {
  /** The length of the longest link that is made or read, in characters. */
  public static final int MAX_LENGTH = 64 * 1024;

  private static final String SCHEME = "tailscale";
  private static final String HOST = "sign-device";
  private static final String VERSION = "v1";
  private static final String ADDRESS = SCHEME + "://" + HOST + "/" + VERSION + "/";

  /** The version is between the second and third; what follows the third is ignored. */
  private static final int PATH_PARTS = 3;

  private static final String NODE_KEY_PREFIX = "nodekey:";
  private static final String ROTATION_KEY_PREFIX = "tlpub:";

  private static final String HMAC = "HmacSHA256";
  private static final int HMAC_DIGITS = 64;

  private static final Pattern SCHEME_FORM =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):(.*)", Pattern.DOTALL);
  private static final Pattern USER_FORM = Pattern.compile("[A-Za-z0-9._:~!$&'()*+,;=%@-]*");

  /**
   * Checks the texts.
   *
   * @throws IllegalArgumentException if one is empty, or holds half of a character
   */
  public DeepLink {
    for (String text : List.of(nodeKey, rotationKey, deviceName, osName, loginName)) {
      if (text.isEmpty() || !isUnicode(text)) {
        throw new IllegalArgumentException("a field of a deep link is Unicode and not empty");
      }
    }
  }

  /**
   * The text of the link.
   *
   * @param stateId1 the first state id of the authority that is to sign
   * @throws DeepLinkException.WrongPrefix if the node key does not begin with {@code nodekey:}, or
   *     the rotation key with {@code tlpub:}
   * @throws DeepLinkException.TooLong if no reader would take the link
   */
  public String toText(long stateId1) throws DeepLinkException {
    requirePrefix("nk", NODE_KEY_PREFIX, nodeKey);
    requirePrefix("tp", ROTATION_KEY_PREFIX, rotationKey);
    String link =
        ADDRESS
            + "?dn="
            + escape(deviceName)
            + "&em="
            + escape(loginName)
            + "&hm="
            + HexFormat.of().formatHex(hmac(stateId1))
            + "&nk="
            + escape(nodeKey)
            + "&os="
            + escape(osName)
            + "&tp="
            + escape(rotationKey);
    requireLength(link);
    return link;
  }

  private static void requireLength(String link) throws DeepLinkException.TooLong {
    if (link.length() > MAX_LENGTH) {
      throw new DeepLinkException.TooLong(MAX_LENGTH, link.length());
    }
  }

  /**
   * Reads a link, and checks that it was made for an authority and not changed since.
   *
   * @param stateId1 the first state id of that authority
   * @throws DeepLinkException.WrongHmac if it was made for another authority, or changed
   * @throws DeepLinkException if it is not a link to sign a device
   */
  public static DeepLink verify(String link, long stateId1) throws DeepLinkException {
    Map<String, byte[]> fields = parameters(query(link));
    DeepLink read =
        new DeepLink(
            field(fields, "nk", "a node key"),
            field(fields, "tp", "a rotation key"),
            field(fields, "dn", "a device name"),
            field(fields, "os", "an operating system"),
            field(fields, "em", "a login name"));
    String hmac = field(fields, "hm", "an HMAC");
    if (hmac.length() != HMAC_DIGITS || !hmac.chars().allMatch(HexFormat::isHexDigit)) {
      throw new DeepLinkException.NotAnHmac(HMAC_DIGITS, hmac);
    }
    if (!MessageDigest.isEqual(read.hmac(stateId1), HexFormat.of().parseHex(hmac))) {
      throw new DeepLinkException.WrongHmac();
    }
    return read;
  }

  private byte[] hmac(long stateId1) {
    byte[] key =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(stateId1).array();
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      Stream.of(nodeKey, rotationKey, deviceName, osName, loginName)
          .forEach(text -> mac.update(text.getBytes(StandardCharsets.UTF_8)));
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has " + HMAC, e);
    }
  }

  /** The part after the address, once the address is found to be right. */
  private static String query(String link) throws DeepLinkException {
    requireLength(link);
    if (!isUnicode(link)) {
      throw new DeepLinkException.NotAUrl("Unicode text", "half of a surrogate pair");
    }
    Cut fragment = Cut.at("#", link);
    if (fragment.before().chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
      throw new DeepLinkException.NotAUrl("no control character", "one");
    }
    requireEscapes("fragment", fragment.after());
    Cut query = Cut.at("?", fragment.before());
    requireAddress(query.before());
    return query.after();
  }

  private static void requireAddress(String address) throws DeepLinkException {
    Matcher scheme = SCHEME_FORM.matcher(address);
    requirePart("scheme", SCHEME, scheme.matches() ? scheme.group(1).toLowerCase(Locale.ROOT) : "");
    String rest = scheme.group(2);
    if (!rest.startsWith("//")) {
      throw new DeepLinkException.WrongAddress("host", HOST, "");
    }
    int slash = rest.indexOf('/', 2);
    String authority = slash < 0 ? rest.substring(2) : rest.substring(2, slash);
    String path = slash < 0 ? "" : rest.substring(slash);
    int host = authority.lastIndexOf('@') + 1;
    String user = authority.substring(0, host);
    if (!USER_FORM.matcher(user).matches()) {
      throw new DeepLinkException.NotAUrl("a user that a URL can have", "another character");
    }
    requireEscapes("user", user);
    requirePart("host", HOST, authority.substring(host));
    requireEscapes("path", path);
    String[] parts = path.split("/", -1);
    if (parts.length != PATH_PARTS) {
      throw new DeepLinkException.WrongAddress("path", "/" + VERSION + "/", path);
    }
    requirePart("version", VERSION, parts[1]);
  }

  private static void requirePart(String part, String expected, String found)
      throws DeepLinkException {
    if (!found.equals(expected)) {
      throw new DeepLinkException.WrongAddress(part, expected, found);
    }
  }

  private static void requirePrefix(String field, String prefix, String text)
      throws DeepLinkException {
    if (!text.startsWith(prefix)) {
      throw new DeepLinkException.WrongPrefix(field, prefix, text);
    }
  }

  private static void requireEscapes(String part, String text) throws DeepLinkException {
    if (unescape(text).isEmpty()) {
      throw new DeepLinkException.NotAUrl(
          part + ": two hexadecimal digits after every '%'", "something else");
    }
  }

  /**
   * The first parameter of each name. A pair with a broken escape or a semicolon is skipped, as in
   * shipping clients.
   */
  private static Map<String, byte[]> parameters(String query) {
    Map<String, byte[]> first = new HashMap<>();
    for (String pair : query.split("&", -1)) {
      Cut cut = Cut.at("=", pair);
      Optional<byte[]> name = unescape(cut.before().replace('+', ' '));
      Optional<byte[]> value = unescape(cut.after().replace('+', ' '));
      if (name.isPresent() && value.isPresent() && pair.indexOf(';') < 0) {
        first.putIfAbsent(new String(name.get(), StandardCharsets.UTF_8), value.get());
      }
    }
    return first;
  }

  private static String field(Map<String, byte[]> fields, String name, String meaning)
      throws DeepLinkException {
    byte[] value = fields.getOrDefault(name, new byte[0]);
    if (value.length == 0) {
      throw new DeepLinkException.MissingField(name, meaning);
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
    } catch (CharacterCodingException e) {
      throw new DeepLinkException.NotText(name);
    }
  }

  /**
   * Escapes every byte except letters, digits and four punctuation marks; a space becomes a plus.
   */
  private static String escape(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("*", "%2A").replace("%7E", "~");
  }

  /** The bytes of a text; empty if an escape is broken. */
  private static Optional<byte[]> unescape(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '%') {
        out.write(bytes[i]);
      } else if (i + 2 < bytes.length
          && HexFormat.isHexDigit(bytes[i + 1])
          && HexFormat.isHexDigit(bytes[i + 2])) {
        out.write(HexFormat.fromHexDigit(bytes[i + 1]) << 4 | HexFormat.fromHexDigit(bytes[i + 2]));
        i += 2;
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(out.toByteArray());
  }

  private static boolean isUnicode(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /** A text split at the first occurrence of a mark; without the mark, all of it is before. */
  private record Cut(String before, String after) {
    static Cut at(String mark, String text) {
      int index = text.indexOf(mark);
      return index < 0
          ? new Cut(text, "")
          : new Cut(text.substring(0, index), text.substring(index + mark.length()));
    }
  }
}
