package dev.tka.signer.pkcs11;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key in a token, as a URI of RFC 7512 names it: {@code
 * pkcs11:token=admin;object=tka?module-path=/usr/lib/libsofthsm2.so&pin-source=/home/ann/pin}. Only
 * these attributes are read, and {@code serial}, {@code id} and {@code type=private}. A PIN is
 * never part of it.
 *
 * @param module the library of the token
 * @param token the token's label, if named
 * @param serial its serial number, if named
 * @param object the key's label, if named
 * @param id the key's id, if named
 * @param pinSource the file that holds the PIN, if named
 */
public record Pkcs11Uri(
    Path module,
    Optional<String> token,
    Optional<String> serial,
    Optional<String> object,
    Optional<Bytes> id,
    Optional<Path> pinSource) {
  /** The form of these URIs, for errors. */
  public static final String FORM =
      "'pkcs11:token=...;object=...?module-path=PATH&pin-source=PATH'";

  private static final String TOKEN = "token";
  private static final String SERIAL = "serial";
  private static final String OBJECT = "object";
  private static final String ID = "id";
  private static final String TYPE = "type";
  private static final String MODULE_PATH = "module-path";
  private static final String PIN_SOURCE = "pin-source";
  private static final String PIN_VALUE = "pin-value";

  private static final int HEX = 16;

  /**
   * Reads one.
   *
   * @param rest what follows {@code pkcs11:}
   * @throws TextException.BadUrl if it names no key in this form; the message quotes nothing
   */
  public static Pkcs11Uri parse(String rest) throws TextException.BadUrl {
    int mark = rest.indexOf('?');
    String path = mark < 0 ? rest : rest.substring(0, mark);
    String query = mark < 0 ? "" : rest.substring(mark + 1);
    if (rest.contains(PIN_VALUE)) {
      throw bad(
          PIN_VALUE
              + ": other processes can see arguments, so consider the PIN compromised; "
              + PIN_SOURCE
              + " names a file that only its owner can read");
    }
    Map<String, byte[]> named = attributes(path, ";", Set.of(TOKEN, SERIAL, OBJECT, ID, TYPE));
    Map<String, byte[]> asked = attributes(query, "&", Set.of(MODULE_PATH, PIN_SOURCE));
    if (!text(named, TYPE).orElse("private").equals("private")) {
      throw bad("another " + TYPE + " than private");
    }
    return new Pkcs11Uri(
        path(asked, MODULE_PATH).orElseThrow(() -> bad("no " + MODULE_PATH)),
        text(named, TOKEN),
        text(named, SERIAL),
        text(named, OBJECT),
        Optional.ofNullable(named.get(ID)).map(Bytes::copyOf),
        path(asked, PIN_SOURCE));
  }

  private static Map<String, byte[]> attributes(String text, String separator, Set<String> known)
      throws TextException.BadUrl {
    Map<String, byte[]> attributes = new HashMap<>();
    for (String each : text.isEmpty() ? new String[0] : text.split(separator, -1)) {
      int equals = each.indexOf('=');
      String name = equals < 0 ? "" : each.substring(0, equals);
      if (!known.contains(name)) {
        throw bad(
            "an attribute that is not one of "
                + String.join(", ", known.stream().sorted().toList()));
      }
      if (attributes.put(name, decode(name, each.substring(equals + 1))) != null) {
        throw bad(name + " twice");
      }
    }
    return attributes;
  }

  private static byte[] decode(String name, String text) throws TextException.BadUrl {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] raw = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < raw.length; i++) {
      if (raw[i] != '%') {
        bytes.write(raw[i]);
        continue;
      }
      int high = i + 2 < raw.length ? Character.digit(raw[i + 1], HEX) : -1;
      int low = i + 2 < raw.length ? Character.digit(raw[i + 2], HEX) : -1;
      if (high < 0 || low < 0) {
        throw bad(name + " with a % that two hexadecimal digits do not follow");
      }
      bytes.write(high * HEX + low);
      i += 2;
    }
    return bytes.toByteArray();
  }

  private static Optional<String> text(Map<String, byte[]> attributes, String name)
      throws TextException.BadUrl {
    byte @Nullable [] value = attributes.get(name);
    if (value == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString());
    } catch (CharacterCodingException e) {
      throw bad(name + " that is not UTF-8");
    }
  }

  private static Optional<Path> path(Map<String, byte[]> attributes, String name)
      throws TextException.BadUrl {
    Optional<String> text = text(attributes, name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String path = text.get().replaceFirst("^file:(//(?=/))?", "");
    if (path.isEmpty() || path.startsWith("|")) {
      throw bad(name + " that is not the path of a file");
    }
    try {
      return Optional.of(Path.of(path));
    } catch (InvalidPathException e) {
      throw bad(name + " that is not a path");
    }
  }

  private static TextException.BadUrl bad(String found) {
    return new TextException.BadUrl(FORM, found);
  }

  /** The token and the key, for messages. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("pkcs11:");
    String separator = "";
    for (Map.Entry<String, Optional<String>> each :
        List.of(
            Map.entry(TOKEN, token),
            Map.entry(SERIAL, serial),
            Map.entry(OBJECT, object),
            Map.entry(ID, id.map(Bytes::toHex)))) {
      if (each.getValue().isPresent()) {
        text.append(separator).append(each.getKey()).append('=').append(each.getValue().get());
        separator = ";";
      }
    }
    return text.toString();
  }
}
