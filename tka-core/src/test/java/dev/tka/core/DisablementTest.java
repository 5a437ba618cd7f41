package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.testkit.TestKeys;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Protocol, section 1: disablement secrets, their text, and which state they end. */
class DisablementTest {
  private static final DisablementSecret SECRET = DisablementSecret.of(TestKeys.seed(7));
  private static final DisablementSecret OTHER = DisablementSecret.of(TestKeys.seed(8));

  private static State stateOf(Bytes... values) {
    return State.of(List.of(values), List.of(TestKeys.key(1, 1)), 1, 2);
  }

  @Test
  void theTextOfASecretParsesInEitherCase() throws TextException {
    for (DisablementSecret secret :
        List.of(SECRET, DisablementSecret.of(new byte[0]), DisablementSecret.of(new byte[300]))) {
      String text = secret.exposeText();
      String digits = text.substring("disablement-secret:".length());
      assertThat(DisablementSecret.parse(text)).isEqualTo(secret);
      assertThat(DisablementSecret.parse("disablement-secret:" + digits.toLowerCase(Locale.ROOT)))
          .isEqualTo(secret);
      assertThat(DisablementSecret.parseHex(digits)).isEqualTo(secret);
    }
    DisablementSecret drawn = DisablementSecret.generate(new SecureRandom());
    assertThat(DisablementSecret.parse(drawn.exposeText())).isEqualTo(drawn);
  }

  @Test
  void anyOtherTextIsRefusedAndNotQuoted() {
    String digits = HexFormat.of().formatHex(TestKeys.seed(0x5ec2e7));
    for (String bad :
        List.of(
            digits,
            "disablement:" + digits,
            "Disablement-Secret:" + digits,
            " disablement-secret:" + digits,
            "disablement-secret:" + digits + "0",
            "disablement-secret:" + digits + "\n",
            "disablement-secret:" + digits.substring(2) + "0x")) {
      assertThatThrownBy(() -> DisablementSecret.parse(bad))
          .isInstanceOf(TextException.class)
          .hasMessageNotContaining("5ec2e7")
          .hasNoCause();
    }
  }

  @Test
  void aStateIsDisabledByTheSecretOfAnyValueThatItLists() {
    State state = stateOf(OTHER.value(), Bytes.empty(), SECRET.value());

    assertThat(state.isDisabledBy(SECRET)).isTrue();
    assertThat(state.isDisabledBy(OTHER)).isTrue();
    assertThat(state.isDisabledBy(DisablementSecret.of(TestKeys.seed(9)))).isFalse();
  }

  @Test
  void noOtherValueDisables() {
    byte[] near = SECRET.value().toByteArray();
    near[near.length - 1] ^= 1;
    byte[] longer = java.util.Arrays.copyOf(SECRET.value().toByteArray(), 33);

    assertThat(stateOf(Bytes.copyOf(near)).isDisabledBy(SECRET)).isFalse();
    assertThat(stateOf(Bytes.copyOf(longer)).isDisabledBy(SECRET)).isFalse();
    assertThat(stateOf(Bytes.copyOf(longer, 0, 31)).isDisabledBy(SECRET)).isFalse();
    // The value is public, and no secret.
    assertThat(
            stateOf(SECRET.value())
                .isDisabledBy(DisablementSecret.of(SECRET.value().toByteArray())))
        .isFalse();
    assertThat(State.NOTHING.isDisabledBy(SECRET)).isFalse();
  }
}
