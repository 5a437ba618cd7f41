package dev.tka.sync.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumKind;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.Key;
import dev.tka.core.State;
import dev.tka.core.nodekey.NodeKeySignature;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** AUMs and signatures as JSON. The command's tests hold it against what shipping nodes print. */
class AumJsonTest {
  private static final Bytes ID = Bytes.copyOf(new byte[] {1, 2});
  private static final Key KEY = new Key(9, -1, Optional.of(ID), Map.of("b", "2", "a", "1"));

  @Test
  void everyFieldHasItsNameAndItsPlace() {
    Aum aum =
        Aum.builder(new AumKind(77))
            .parent(AumHash.of(new byte[AumHash.SIZE]))
            .key(KEY)
            .keyId(ID)
            .state(State.of(List.of(ID), List.of(KEY), -1, 2))
            .votes(-1)
            .meta(Map.of("b", "2", "a", "1"))
            .signatures(List.of(AumSignature.of(ID, Bytes.copyOf(new byte[] {-1, -2}))))
            .build();
    BigInteger most = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);
    Map<String, Object> key =
        Map.of(
            "Kind",
            "unknown(9)",
            "Votes",
            most,
            "Public",
            "tlpub:0102",
            "Meta",
            Map.of("a", "1", "b", "2"));

    Map<String, Object> json = AumJson.aum(aum);

    assertThat(json.keySet())
        .containsExactly(
            "MessageKind", "PrevAUMHash", "Key", "KeyID", "State", "Votes", "Meta", "Signatures");
    assertThat(json)
        .containsEntry("MessageKind", "unknown(77)")
        .containsEntry("PrevAUMHash", "A".repeat(AumHash.TEXT_LENGTH))
        .containsEntry("Key", key)
        .containsEntry("KeyID", "tlpub:0102")
        .containsEntry("Votes", most)
        .containsEntry("Signatures", List.of(Map.of("KeyID", "tlpub:0102", "Signature", "__4=")));
    assertThat(json.get("State"))
        .isEqualTo(
            Map.of(
                "DisablementValues",
                List.of("0102"),
                "Keys",
                List.of(key),
                "StateID1",
                most,
                "StateID2",
                BigInteger.TWO));
    // Not rounded by a reader that takes numbers for doubles.
    assertThat(AumJson.aumWithTexts(aum).get("State"))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsEntry("StateID1Text", most.toString())
        .containsEntry("StateID2Text", "2");
    assertThat(((Map<?, ?>) json.get("Meta")).keySet().toString()).isEqualTo("[a, b]");
    assertThat(AumJson.message(aum))
        .containsEntry("Hash", aum.hash().toString())
        .containsEntry("AUM", json)
        .containsEntry("Raw", AumJson.base64(aum.encoded()));
  }

  @Test
  void absentFieldsAreLeftOut() {
    assertThat(AumJson.aum(Aum.builder(AumKind.NO_OP).build()))
        .containsExactly(Map.entry("MessageKind", "no-op"));
    NodeKeySignature bare =
        new NodeKeySignature(
            7, Bytes.empty(), Bytes.empty(), Bytes.empty(), Optional.empty(), Bytes.empty());
    assertThat(AumJson.nodeKeySignature(bare))
        .containsExactly(Map.entry("SigKind", "Sig?<7>"), Map.entry("Signature", ""));
  }
}
