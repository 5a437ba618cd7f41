package dev.tka.core.nodekey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.tka.core.LockPrivateKey;
import dev.tka.core.TkaException;
import dev.tka.testkit.TestKeys;
import java.lang.management.ManagementFactory;
import java.security.SecureRandom;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Protocol, section 7: texts that people and programs pass on, and that anybody may have changed.
 */
class LinksAndAuthKeysProperties {
  private static final LockPrivateKey TRUSTED = TestKeys.privateKey(1);
  private static final String MARK = "--TL";

  private static final long ALLOCATED_PER_CHARACTER = 512;
  private static final long ALLOCATED_AT_LEAST = 1 << 20;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Fixed, so that a failure can be seen again. */
  private static final AuthKey.Wrapped WRAPPED = wrappedOnce();

  private static AuthKey.Wrapped wrappedOnce() {
    try {
      return ((AuthKey.Plain) AuthKey.parse("tskey-auth-k-x")).wrap(TRUSTED, new SecureRandom());
    } catch (TkaException e) {
      throw new AssertionError(e);
    }
  }

  /** Any Unicode text: pieces that matter to either form, and characters from everywhere. */
  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> pieces =
        Arbitraries.of(
            MARK,
            "--T",
            "L",
            "-",
            "tskey-",
            "%",
            "%41",
            "+",
            "&",
            "=",
            ";",
            "#",
            "?",
            "/",
            "dn=",
            "hm=",
            "tailscale://",
            "sign-device",
            "/v1/",
            "A",
            "o2EB",
            "==");
    Arbitrary<String> characters =
        Arbitraries.integers()
            .between(0, Character.MAX_CODE_POINT)
            .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
            .map(Character::toString);
    return Arbitraries.oneOf(pieces, characters, Arbitraries.strings().ascii().ofMaxLength(8))
        .list()
        .ofMaxSize(20)
        .map(parts -> String.join("", parts));
  }

  /** Any chars at all, halves of characters too, with the beginning of something right or not. */
  @Provide
  Arbitrary<String> junk() {
    return Combinators.combine(
            Arbitraries.of(
                "",
                "tskey--TL",
                WRAPPED.exposeText(),
                "tailscale://sign-device/v1/?",
                "x--TLpAED-"),
            texts(),
            Arbitraries.strings().ofMaxLength(50))
        .as((beginning, text, chars) -> beginning + text + chars);
  }

  @Provide
  Arbitrary<DeepLink> links() {
    Arbitrary<String> field = texts().filter(text -> !text.isEmpty());
    Arbitrary<String> keys = Arbitraries.strings().numeric().ofMaxLength(64);
    return Combinators.combine(keys, keys, field, field, field)
        .as(
            (node, rotation, device, os, login) ->
                new DeepLink("nodekey:" + node, "tlpub:" + rotation, device, os, login));
  }

  @Property
  void unwrappingWhatWasWrappedGivesItBack(@ForAll("texts") String authKey, @ForAll int signer)
      throws TkaException {
    String without = authKey;
    while (without.contains(MARK)) {
      // Taking one out may join the halves of another.
      without = without.replace(MARK, "");
    }
    AuthKey.Plain plain = (AuthKey.Plain) AuthKey.parse(without);
    LockPrivateKey trusted = TestKeys.privateKey(signer);

    AuthKey.Wrapped wrapped = plain.wrap(trusted, new SecureRandom());
    AuthKey.Wrapped again = (AuthKey.Wrapped) AuthKey.parse(wrapped.exposeText());

    assertThat(again.exposeAuthKey()).isEqualTo(without);
    assertThat(again.credential()).isEqualTo(wrapped.credential());
    assertThat(again.wrappingKey().exposeText()).isEqualTo(wrapped.wrappingKey().exposeText());
    assertThat(again.exposeText()).isEqualTo(wrapped.exposeText());
    assertThat(again.credential().authorizingKeyId().orElseThrow())
        .isEqualTo(trusted.publicKey().bytes());
  }

  @Property
  void anAuthKeyHasOneText(@ForAll("junk") String text) {
    try {
      assertThat(AuthKey.parse(text).exposeText()).isEqualTo(text);
    } catch (AuthKeyException e) {
      assertThat(e.getMessage()).hasSizeLessThan(200).matches("[ -~]*");
    }
  }

  @Property
  void aWrappedAuthKeyWithOneOtherCharacterIsAnotherOrNone(
      @ForAll int place, @ForAll("characters") String other) {
    String text = WRAPPED.exposeText();
    int at = Math.floorMod(place, text.length());
    String changed = text.substring(0, at) + other + text.substring(at + 1);
    try {
      AuthKey parsed = AuthKey.parse(changed);
      assertThat(parsed.exposeText()).isEqualTo(changed);
    } catch (AuthKeyException e) {
      assertThat(changed).isNotEqualTo(text);
    }
  }

  @Provide
  Arbitrary<String> characters() {
    return Arbitraries.oneOf(
        Arbitraries.strings().ascii().ofLength(1), Arbitraries.strings().ofLength(1));
  }

  @Property
  void aLinkThatWasMadeIsVerifiedAndForNoOtherAuthority(
      @ForAll("links") DeepLink link, @ForAll long stateId, @ForAll long other)
      throws DeepLinkException {
    String text = link.toText(stateId);

    assertThat(text).matches("[!-~]*");
    assertThat(DeepLink.verify(text, stateId)).isEqualTo(link);
    if (other != stateId) {
      assertThatThrownBy(() -> DeepLink.verify(text, other))
          .isInstanceOf(DeepLinkException.WrongHmac.class);
    }
  }

  @Property
  void aChangedLinkVerifiesOnlyWhereItSaysTheSame(
      @ForAll("links") DeepLink link,
      @ForAll long stateId,
      @ForAll int place,
      @ForAll("characters") String other)
      throws DeepLinkException {
    String text = link.toText(stateId);
    int at = Math.floorMod(place, text.length());
    String changed = text.substring(0, at) + other + text.substring(at + 1);
    try {
      assertThat(DeepLink.verify(changed, stateId)).isEqualTo(link);
      assertThat(hmac(changed)).isEqualTo(hmac(text));
    } catch (DeepLinkException e) {
      assertThat(changed).isNotEqualTo(text);
      assertThat(e.getMessage()).hasSizeLessThan(250);
    }
  }

  /** The six names occur in no value that is not escaped. */
  private static String hmac(String link) {
    return link.replaceFirst("(?s).*&hm=", "").substring(0, 64).toLowerCase(Locale.ROOT);
  }

  @Property
  void everyBitOfAFieldAndOfTheHmacCounts(
      @ForAll("links") DeepLink link, @ForAll int place, @ForAll int digit)
      throws DeepLinkException {
    String text = link.toText(1);
    int at = text.indexOf("&hm=") + 4 + Math.floorMod(place, 64);
    char old = text.charAt(at);
    char changed = "0123456789abcdef".charAt(Math.floorMod(digit, 16));
    if (changed != old) {
      String forged = text.substring(0, at) + changed + text.substring(at + 1);
      assertThatThrownBy(() -> DeepLink.verify(forged, 1))
          .isInstanceOf(DeepLinkException.WrongHmac.class);
    }
    DeepLink renamed =
        new DeepLink(
            link.nodeKey(),
            link.rotationKey(),
            link.deviceName() + "x",
            link.osName(),
            link.loginName());
    String forged = renamed.toText(1).replace(hmac(renamed.toText(1)), hmac(text));
    assertThatThrownBy(() -> DeepLink.verify(forged, 1))
        .isInstanceOf(DeepLinkException.WrongHmac.class);
  }

  @Property
  void anyTextIsALinkOrRefused(@ForAll("junk") String text) {
    try {
      DeepLink.verify(text, 1);
      throw new AssertionError("nobody guesses an HMAC");
    } catch (DeepLinkException e) {
      assertThat(e.getMessage()).hasSizeLessThan(250);
    }
  }

  @Property(tries = 20)
  void workIsBoundedWhateverTheLength(
      @ForAll("junk") String beginning, @ForAll("characters") String filler) {
    for (int length :
        new int[] {AuthKey.MAX_LENGTH - 1000, DeepLink.MAX_LENGTH - 1000, 10_000_000}) {
      String text = beginning + filler.repeat(length);
      long before = THREADS.getCurrentThreadAllocatedBytes();
      try {
        AuthKey.parse(text);
      } catch (AuthKeyException e) {
        assertThat(e.getMessage()).hasSizeLessThan(200);
      }
      try {
        DeepLink.verify(text, 1);
      } catch (DeepLinkException e) {
        assertThat(e.getMessage()).hasSizeLessThan(250);
      }
      // A text that is too long for both is not parsed.
      int lookedAt = text.length() > DeepLink.MAX_LENGTH ? 0 : text.length();
      assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
          .isLessThan(ALLOCATED_AT_LEAST + ALLOCATED_PER_CHARACTER * lookedAt);
    }
  }
}
