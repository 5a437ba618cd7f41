package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.tka.testkit.TestKeys;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Protocol, section 1: hashes and keys as text. */
class TextFormsTest {
  private static final String ZERO_HASH = "A".repeat(52);
  private static final String HEX_KEY = "0123456789abcdef".repeat(4);

  @Test
  void aHashIs52CharactersOfUpperCaseBase32WithoutPadding() throws TextException {
    byte[] bytes = new byte[32];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (0xf8 - 7 * i);
    }
    AumHash hash = AumHash.of(bytes);

    assertThat(hash.toString()).hasSize(52).matches("[A-Z2-7]{52}");
    assertThat(AumHash.parse(hash.toString())).isEqualTo(hash);
    assertThat(hash.toByteArray()).isEqualTo(bytes);
    assertThat(hash.bytes().toByteArray()).isEqualTo(bytes);
    assertThat(AumHash.of(new byte[32])).hasToString(ZERO_HASH);
    // RFC 4648: 0xff 0xff 0xff 0xff 0xff is 77777777; the last character carries one bit.
    byte[] ones = new byte[32];
    Arrays.fill(ones, (byte) 0xff);
    assertThat(AumHash.of(ones)).hasToString("7".repeat(51) + "Q");
  }

  @Test
  void aHashOfAnotherLengthIsRefused() {
    for (String text :
        List.of("", "A".repeat(51), "A".repeat(53), ZERO_HASH + "====", ZERO_HASH + "\n")) {
      assertThatThrownBy(() -> AumHash.parse(text))
          .asInstanceOf(type(TextException.WrongLength.class))
          .satisfies(
              e -> {
                assertThat(e.expected()).isEqualTo(52);
                assertThat(e.found()).isEqualTo(text.length());
              });
    }
  }

  @Test
  void aHashWithACharacterOutsideTheAlphabetIsRefused() {
    for (String bad : List.of("a", "0", "1", "8", "9", "=", "\n", "\r", " ", "-", "Å")) {
      String text = "A".repeat(20) + bad + "A".repeat(31);
      assertThatThrownBy(() -> AumHash.parse(text))
          .as(bad)
          .asInstanceOf(type(TextException.BadCharacter.class))
          .extracting(TextException.BadCharacter::index)
          .isEqualTo(20);
    }
  }

  @Test
  void aHashHasNoSpareBits() {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (int i = 0; i < alphabet.length(); i++) {
      String text = "A".repeat(51) + alphabet.charAt(i);
      if (i % 16 == 0) {
        assertThat(parsed(text)).hasToString(text);
      } else {
        assertThatThrownBy(() -> AumHash.parse(text))
            .asInstanceOf(type(TextException.SpareBits.class))
            .extracting(e -> e.withoutSpareBits().toString())
            .isEqualTo("A".repeat(51) + (text.charAt(51) < 'Q' && i < 16 ? 'A' : 'Q'));
      }
    }
  }

  private static AumHash parsed(String text) {
    try {
      return AumHash.parse(text);
    } catch (TextException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void hashesAreOrderedBytewiseUnsigned() {
    // One byte apart in each of the four words, with and without the sign bit.
    for (int index : List.of(0, 7, 8, 15, 16, 23, 24, 31)) {
      byte[] low = new byte[32];
      byte[] high = new byte[32];
      low[index] = 0x7f;
      high[index] = (byte) 0x80;
      assertThat(AumHash.of(low)).isLessThan(AumHash.of(high));
      assertThat(Bytes.copyOf(low)).isLessThan(Bytes.copyOf(high));
      assertThat(AumHash.of(low)).isNotEqualTo(AumHash.of(high));
      assertThat(AumHash.of(low)).isEqualByComparingTo(AumHash.of(low.clone()));
    }
  }

  @Test
  void aHashIsMadeOf32BytesOnly() {
    assertThatThrownBy(() -> AumHash.of(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("31");
  }

  @Test
  void bothPublicFormsOfALockKeyParse() throws TextException {
    LockPublicKey wire = LockPublicKey.parse("nlpub:" + HEX_KEY);
    LockPublicKey people = LockPublicKey.parse("tlpub:" + HEX_KEY);

    assertThat(wire).isEqualTo(people);
    assertThat(wire.toWireText()).isEqualTo("nlpub:" + HEX_KEY);
    assertThat(wire).hasToString("tlpub:" + HEX_KEY);
    assertThat(wire.bytes().toHex()).isEqualTo(HEX_KEY);
  }

  @Test
  void hexDigitsParseInEitherCaseAndPrintInLowerCase() throws TextException {
    String upper = HEX_KEY.toUpperCase(Locale.ROOT);

    assertThat(LockPublicKey.parse("tlpub:" + upper)).hasToString("tlpub:" + HEX_KEY);
    assertThat(NodeKey.parse("nodekey:" + upper)).hasToString("nodekey:" + HEX_KEY);
    assertThat(Bytes.parseHex("aBCd").toHex()).isEqualTo("abcd");
  }

  @Test
  void prefixesAreLowerCaseOnly() {
    for (String text : List.of("NLPUB:", "Tlpub:", "nlpriv:", "nodekey:", "", "tlpub")) {
      assertThatThrownBy(() -> LockPublicKey.parse(text + HEX_KEY))
          .as(text)
          .isInstanceOf(TextException.WrongPrefix.class);
    }
    assertThatThrownBy(() -> NodeKey.parse("NODEKEY:" + HEX_KEY))
        .isInstanceOf(TextException.WrongPrefix.class);
  }

  @Test
  void aKeyOfAnotherLengthOrAlphabetIsRefused() {
    assertThatThrownBy(() -> LockPublicKey.parse("tlpub:" + HEX_KEY + "0"))
        .isInstanceOf(TextException.WrongLength.class);
    assertThatThrownBy(() -> LockPublicKey.parse("tlpub:" + HEX_KEY.substring(2)))
        .isInstanceOf(TextException.WrongLength.class);
    assertThatThrownBy(() -> LockPublicKey.parse("tlpub:" + HEX_KEY.substring(1) + "g"))
        .asInstanceOf(type(TextException.BadCharacter.class))
        .extracting(TextException.BadCharacter::index)
        .isEqualTo(69);
    // Digits of another script are digits to some libraries.
    assertThatThrownBy(() -> NodeKey.parse("nodekey:" + HEX_KEY.substring(1) + "\u0661"))
        .isInstanceOf(TextException.BadCharacter.class);
    assertThatThrownBy(() -> Bytes.parseHex("abc")).isInstanceOf(TextException.NotHex.class);
    assertThatThrownBy(() -> Bytes.parseHex("0x")).isInstanceOf(TextException.NotHex.class);
  }

  @Test
  void aPrivateKeyIsSeedAndPublicKey() throws TextException {
    String text =
        "nlpriv:"
            + HexFormat.of().formatHex(TestKeys.seed(5))
            + TestKeys.publicKey(5).bytes().toHex();

    LockPrivateKey key = LockPrivateKey.parse(text);

    assertThat(key.publicKey()).isEqualTo(TestKeys.publicKey(5));
    assertThat(key.exposeText()).isEqualTo(text);
    assertThatThrownBy(() -> LockPrivateKey.parse(text.substring(0, text.length() - 64)))
        .isInstanceOf(TextException.WrongLength.class);
    assertThatThrownBy(() -> LockPrivateKey.parse("nlpub:" + text.substring(7)))
        .isInstanceOf(TextException.WrongPrefix.class);
  }

  @Test
  void thePublicHalfMustBelongToTheSeed() {
    String text =
        "nlpriv:"
            + HexFormat.of().formatHex(TestKeys.seed(5))
            + TestKeys.publicKey(6).bytes().toHex();

    assertThatThrownBy(() -> LockPrivateKey.parse(text))
        .asInstanceOf(type(TextException.WrongPublicHalf.class))
        .satisfies(
            e -> {
              assertThat(e.expected()).isEqualTo(TestKeys.publicKey(5));
              assertThat(e.getMessage()).doesNotContain(TestKeys.publicKey(6).bytes().toHex());
            });
  }

  @Test
  void aPrivateKeyWhoseHalvesAreSwappedIsNotShown() {
    String seed = HexFormat.of().formatHex(TestKeys.seed(5));
    String text = "nlpriv:" + TestKeys.publicKey(5).bytes().toHex() + seed;

    assertThatThrownBy(() -> LockPrivateKey.parse(text)).message().doesNotContain(seed);
  }

  @Test
  void theShortFormOfANodeKeyIsFiveCharactersOfBase64() throws TextException {
    assertThat(NodeKey.parse("nodekey:" + HEX_KEY).toShortText()).isEqualTo("[ASNFZ]");
    assertThat(NodeKey.parse("nodekey:ff" + "00".repeat(31)).toShortText()).isEqualTo("[/wAAA]");
    assertThat(NodeKey.parse("nodekey:" + "00".repeat(32)).toShortText()).isEmpty();
  }

  @Test
  void keysAre32Bytes() {
    Bytes short31 = Bytes.copyOf(new byte[31]);

    assertThatThrownBy(() -> new LockPublicKey(short31))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new NodeKey(short31)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void noErrorQuotesTheText() {
    String secret = "deadbeefcafe";
    for (String text :
        List.of(
            "nlpriv:" + secret, secret, "nlpriv:" + secret + "x".repeat(116), "nlpriv" + secret)) {
      assertThatThrownBy(() -> LockPrivateKey.parse(text))
          .isInstanceOf(TextException.class)
          .hasMessageNotContaining(secret);
    }
    assertThatThrownBy(() -> Bytes.parseHex(secret + "zz"))
        .isInstanceOf(TextException.NotHex.class)
        .hasMessageNotContaining(secret)
        .hasNoCause();
  }

  @Test
  void bytesCannotBeChangedFromOutside() {
    byte[] source = {1, 2, 3};
    Bytes bytes = Bytes.copyOf(source);

    source[0] = 9;
    bytes.toByteArray()[1] = 9;

    assertThat(bytes.toHex()).isEqualTo("010203");
    assertThat(Bytes.copyOf(new byte[] {1, 2, 3, 4}, 1, 3).toHex()).isEqualTo("0203");
    assertThatThrownBy(() -> Bytes.copyOf(new byte[2], 1, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
