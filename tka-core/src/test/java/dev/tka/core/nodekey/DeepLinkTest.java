package dev.tka.core.nodekey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Protocol, section 7, "Deep link". */
class DeepLinkTest {
  private static final long STATE_ID = Long.parseUnsignedLong("9747471847712189901");
  private static final String NODE_KEY = "nodekey:" + "de".repeat(32);
  private static final String ROTATION_KEY = "tlpub:" + "5e".repeat(32);
  private static final DeepLink LINK =
      new DeepLink(NODE_KEY, ROTATION_KEY, "Example Device", "linux", "user@example.com");

  private static String text() {
    return text(LINK);
  }

  private static String text(DeepLink link) {
    try {
      return link.toText(STATE_ID);
    } catch (DeepLinkException e) {
      throw new AssertionError(e);
    }
  }

  private static DeepLink verify(String text) throws DeepLinkException {
    return DeepLink.verify(text, STATE_ID);
  }

  private static void assertRefused(Class<? extends DeepLinkException> why, String text) {
    assertThatThrownBy(() -> verify(text)).as(text).isInstanceOf(why);
  }

  @Test
  void sixFieldsInTheOrderOfTheirNames() {
    assertThat(text())
        .matches(
            "tailscale://sign-device/v1/\\?dn=Example\\+Device&em=user%40example\\.com"
                + "&hm=[0-9a-f]{64}&nk=nodekey%3A(de){32}&os=linux&tp=tlpub%3A(5e){32}");
  }

  @Test
  void aLinkThatWasMadeIsVerified() throws DeepLinkException {
    assertThat(verify(text())).isEqualTo(LINK);
  }

  @Test
  void allButLettersDigitsAndFourMarksIsEscaped() throws DeepLinkException {
    DeepLink odd =
        new DeepLink(NODE_KEY, ROTATION_KEY, "-_.~*!()' \"%41+&=;#?/", "\0\n\u007f", "kůň 😀");

    assertThat(text(odd))
        .contains("?dn=-_.~%2A%21%28%29%27+%22%2541%2B%26%3D%3B%23%3F%2F&")
        .contains("&os=%00%0A%7F&")
        .contains("&em=k%C5%AF%C5%88+%F0%9F%98%80&");
    assertThat(verify(text(odd))).isEqualTo(odd);
  }

  @Test
  void allBitsOfTheStateIdCount() throws DeepLinkException {
    for (long stateId : new long[] {0, 1, 255, 1L << 32, Long.MIN_VALUE, -1}) {
      String link = LINK.toText(stateId);
      assertThat(DeepLink.verify(link, stateId)).isEqualTo(LINK);
      for (int bit = 0; bit < Long.SIZE; bit++) {
        long other = stateId ^ 1L << bit;
        assertThatThrownBy(() -> DeepLink.verify(link, other))
            .isInstanceOf(DeepLinkException.WrongHmac.class);
      }
    }
  }

  @Test
  void theRightHmacIsNotRevealed() {
    String link = text();
    String hmac = link.replaceFirst(".*&hm=([0-9a-f]{64}).*", "$1");

    assertThatThrownBy(() -> verify(link.replace(hmac, "0".repeat(64))))
        .isInstanceOf(DeepLinkException.WrongHmac.class)
        .extracting(Throwable::getMessage)
        .asString()
        .doesNotContain(hmac.substring(0, 8))
        .contains("state id 1");
  }

  @Test
  void parametersComeInAnyOrderAndExtraOnesAreIgnored() throws DeepLinkException {
    String link = text();
    String address = link.substring(0, link.indexOf('?') + 1);
    List<String> pairs = List.of(link.substring(address.length()).split("&", -1));

    for (int turn = 0; turn < pairs.size(); turn++) {
      String turned =
          String.join("&", pairs.subList(turn, pairs.size()))
              + "&"
              + String.join("&", pairs.subList(0, turn));
      assertThat(verify(address + turned)).isEqualTo(LINK);
    }
    for (String extra : List.of("zz=1", "flag", "&", "=", "zz=%zz", "%zz=1", "a;b=c", "dn;=x")) {
      assertThat(verify(link + "&" + extra)).as(extra).isEqualTo(LINK);
      assertThat(verify(link.replace("?", "?" + extra + "&"))).as(extra).isEqualTo(LINK);
    }
  }

  @Test
  void theFirstOfDuplicatesWins() throws DeepLinkException {
    for (String name : List.of("dn", "em", "hm", "nk", "os", "tp")) {
      assertThat(verify(text() + "&" + name + "=zz")).isEqualTo(LINK);
      assertThatThrownBy(() -> verify(text().replace("?", "?" + name + "=zz&")))
          .isInstanceOfAny(DeepLinkException.WrongHmac.class, DeepLinkException.NotAnHmac.class);
      // A field that cannot be read counts as missing.
      assertThat(verify(text().replace("?", "?" + name + "=%&"))).isEqualTo(LINK);
    }
  }

  @Test
  void allSixFieldsAreRequired() {
    for (String name : List.of("dn", "em", "hm", "nk", "os", "tp")) {
      for (String absent : List.of("$1", "$1" + name + "=&", "$1" + name + "&")) {
        String link = (text() + "&").replaceFirst("([?&])" + name + "=[^&]*&", absent);
        assertThatThrownBy(() -> verify(link))
            .as(link)
            .asInstanceOf(type(DeepLinkException.MissingField.class))
            .extracting(DeepLinkException.MissingField::field)
            .isEqualTo(name);
      }
      String upper = name.toUpperCase(Locale.ROOT);
      assertRefused(
          DeepLinkException.MissingField.class,
          text().replaceFirst("([?&])" + name + "=", "$1" + upper + "="));
    }
  }

  @Test
  void theHmacMayBeInUpperCase() throws DeepLinkException {
    String hmac = text().replaceFirst(".*&hm=([0-9a-f]{64}).*", "$1");

    assertThat(verify(text().replace(hmac, hmac.toUpperCase(Locale.ROOT)))).isEqualTo(LINK);
    for (String bad :
        List.of(
            hmac.substring(2),
            hmac + "00",
            hmac.substring(1),
            "g" + hmac.substring(1),
            "+" + hmac.substring(1),
            hmac.substring(0, 63) + "\u0661")) {
      assertRefused(DeepLinkException.NotAnHmac.class, text().replace(hmac, bad));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "https://sign-device/v1/, scheme, https",
    "//sign-device/v1/, scheme, ''",
    "sign-device/v1/, scheme, ''",
    "'', scheme, ''",
    "::, scheme, ''",
    "1tailscale://sign-device/v1/, scheme, ''",
    "tail\u017fcale://sign-device/v1/, scheme, ''",
    "tailscale:sign-device/v1/, host, ''",
    "tailscale:/sign-device/v1/, host, ''",
    "tailscale:///v1/, host, ''",
    "tailscale://sign/v1/, host, sign",
    "tailscale://Sign-Device/v1/, host, Sign-Device",
    "tailscale://sign-device:80/v1/, host, sign-device:80",
    "tailscale://sign-device:/v1/, host, sign-device:",
    "tailscale://sign%2Ddevice/v1/, host, sign%2Ddevice",
    "tailscale://sign-device.example/v1/, host, sign-device.example",
    "tailscale://sign-device/v2/, version, v2",
    "tailscale://sign-device/V1/, version, V1",
    "tailscale://sign-device/v01/, version, v01",
    "tailscale://sign-device/%761/, version, %761",
    "tailscale://sign-device/, path, /",
    "tailscale://sign-device/v1, path, /v1",
    "tailscale://sign-device, path, ''",
    "tailscale://sign-device/v1/x/, path, /v1/x/",
    "tailscale://sign-device//v1/, path, //v1/",
    "tailscale://sign-device/./v1/, path, /./v1/",
  })
  void anotherAddressIsRefused(String address, String part, String found) {
    String link = text().replaceFirst("^[^?]*", address);

    assertThatThrownBy(() -> verify(link))
        .asInstanceOf(type(DeepLinkException.WrongAddress.class))
        .satisfies(
            e -> {
              assertThat(e.part()).isEqualTo(part);
              assertThat(e.found()).isEqualTo(found);
              assertThat(e).hasMessageContainingAll(part, e.expected(), '"' + found + '"');
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "TailScale://sign-device/v1/",
        "tailscale://me:pw@sign-device/v1/",
        "tailscale://a@b@sign-device/v1/",
        "tailscale://sign-device/v1/x",
        "tailscale://sign-device/v1/%2F",
      })
  void theSameAddressInOtherWordsIsAccepted(String address) throws DeepLinkException {
    assertThat(verify(text().replaceFirst("^[^?]*", address))).isEqualTo(LINK);
    assertThat(verify(text() + "#")).isEqualTo(LINK);
    assertThat(verify(text() + "#frag?dn=x")).isEqualTo(LINK);
  }

  @Test
  void charactersThatNoUrlHasAreRefused() {
    for (String link :
        List.of(
            text() + "\n",
            "\t" + text(),
            text().replace("linux", "lin\u007fux"),
            text() + "\ud83d",
            text() + "#%",
            text().replace("//", "//m<e@"),
            text().replace("//", "//%zz@"),
            text().replace("/v1/", "/v1/%zz"),
            text().replace("/v1/", "/v1/%2"),
            text().replace("/v1/", "/v1/%+3"))) {
      assertRefused(DeepLinkException.NotAUrl.class, link);
    }
    // A space in front of the scheme leaves none.
    assertRefused(DeepLinkException.WrongAddress.class, " " + text());
    assertRefused(DeepLinkException.WrongHmac.class, text() + " ");
  }

  @Test
  void aControlCharacterInTheFragmentIsCutOffWithIt() throws DeepLinkException {
    assertThat(verify(text() + "#a\tb\n\u007f")).isEqualTo(LINK);
  }

  @Test
  void aFieldThatIsNotUtf8IsRefused() {
    assertThatThrownBy(() -> verify(text().replace("linux", "a%FF%FE")))
        .asInstanceOf(type(DeepLinkException.NotText.class))
        .extracting(DeepLinkException.NotText::field)
        .isEqualTo("os");
    // Half of a surrogate pair, in three bytes.
    assertRefused(DeepLinkException.NotText.class, text().replace("linux", "%ED%A0%80"));
  }

  @Test
  void aLetterThatMovesBetweenNeighboursGoesUnnoticed() throws DeepLinkException {
    String slid = text().replace("Device", "Deviceli").replace("linux", "nux");

    assertThat(verify(slid).osName()).isEqualTo("nux");
  }

  @Test
  void keysAreTextsUntilTheyAreUsed() throws Exception {
    DeepLink odd = new DeepLink("nodekey:&=xyz", "tlpub:", "d", "o", "e");
    DeepLink read = verify(text(odd));

    assertThat(read).isEqualTo(odd);
    assertThatThrownBy(() -> NodeKey.parse(read.nodeKey())).isInstanceOf(TextException.class);
    assertThat(NodeKey.parse(LINK.nodeKey())).hasToString(NODE_KEY);
  }

  @Test
  void aLinkIsMadeForANodeKeyAndARotationKey() {
    assertThatThrownBy(
            () -> new DeepLink("de".repeat(32), ROTATION_KEY, "d", "o", "e").toText(STATE_ID))
        .isInstanceOf(DeepLinkException.WrongPrefix.class)
        .hasMessageContaining("nodekey:");
    assertThatThrownBy(
            () ->
                new DeepLink(NODE_KEY, "nlpub:" + "5e".repeat(32), "d", "o", "e").toText(STATE_ID))
        .isInstanceOf(DeepLinkException.WrongPrefix.class)
        .hasMessageContaining("tlpub:");
    for (String[] bad :
        List.of(
            new String[] {"", ROTATION_KEY, "d", "o", "e"},
            new String[] {NODE_KEY, "", "d", "o", "e"},
            new String[] {NODE_KEY, ROTATION_KEY, "", "o", "e"},
            new String[] {NODE_KEY, ROTATION_KEY, "d", "", "e"},
            new String[] {NODE_KEY, ROTATION_KEY, "d", "o", ""},
            new String[] {NODE_KEY, ROTATION_KEY, "d", "o", "\udc00"})) {
      assertThatThrownBy(() -> new DeepLink(bad[0], bad[1], bad[2], bad[3], bad[4]))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aLinkThatNobodyWouldReadIsNotMade() throws Exception {
    int others = named("x").toText(STATE_ID).length() - 1;
    DeepLink longest = named("x".repeat(DeepLink.MAX_LENGTH - others));
    DeepLink longer = named("x".repeat(DeepLink.MAX_LENGTH - others + 1));

    assertThat(verify(longest.toText(STATE_ID))).isEqualTo(longest);
    assertThatThrownBy(() -> longer.toText(STATE_ID)).isInstanceOf(DeepLinkException.TooLong.class);
  }

  private static DeepLink named(String name) {
    return new DeepLink(LINK.nodeKey(), LINK.rotationKey(), name, LINK.osName(), LINK.loginName());
  }

  @Test
  void aLinkThatIsTooLongIsNotParsed() {
    assertRefused(DeepLinkException.TooLong.class, text() + "&".repeat(10_000_000));
    assertThatThrownBy(() -> verify("x".repeat(DeepLink.MAX_LENGTH)))
        .isInstanceOf(DeepLinkException.WrongAddress.class);
    // And what is quoted of it is short.
    assertThatThrownBy(() -> verify("tailscale://" + "😀".repeat(30_000)))
        .extracting(e -> e.getMessage().length())
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.INTEGER)
        .isLessThan(120);
  }
}
