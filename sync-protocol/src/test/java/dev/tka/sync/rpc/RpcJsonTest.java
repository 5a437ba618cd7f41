package dev.tka.sync.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import dev.tka.testkit.NodeKeySignatures;
import dev.tka.testkit.TestKeys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The messages to control as they are on the wire (protocol, section 8). */
class RpcJsonTest {
  private static final NodeKey NODE = NodeKeySignatures.nodeKey(1);
  private static final AumHash HASH = AumHash.of(new byte[32]);

  private static RpcRequest request(Rpc rpc, String json) throws TextException {
    try {
      return RpcJson.readRequest(
          rpc, new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static RpcAnswer answer(Rpc rpc, String json) throws TextException, IOException {
    return RpcJson.readAnswer(rpc, new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
  }

  private static String written(RpcRequest request) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RpcJson.writeRequest(request, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static String written(RpcAnswer answer) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RpcJson.writeAnswer(answer, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static Bytes bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return Bytes.copyOf(bytes);
  }

  @ParameterizedTest
  @EnumSource
  void everyRequestHasOnePath(Rpc rpc) {
    assertThat(Rpc.of(rpc.path())).contains(rpc);
    assertThat(Rpc.of(rpc.path() + "/")).isEmpty();
  }

  @Test
  void eachRequestIsWrittenWithTheNamesOfTheWire() throws Exception {
    String head = "\"Version\":148,\"NodeKey\":\"" + NODE + "\"";
    Optional<NodeKey> key = Optional.of(NODE);
    assertThat(written(new RpcRequest.InitBegin(148, key, bytes(1, 2))))
        .isEqualTo("{" + head + ",\"GenesisAUM\":\"AQI=\"}");
    assertThat(
            written(
                new RpcRequest.InitFinish(
                    148,
                    key,
                    Map.of(12L, bytes(1), 3L, bytes(0xfb, 0xff)),
                    Optional.of(DisablementSecret.of(new byte[] {9})))))
        .isEqualTo(
            "{"
                + head
                + ",\"Signatures\":{\"3\":\"+/8=\",\"12\":\"AQ==\"},\"SupportDisablement\":\"CQ==\"}");
    assertThat(written(new RpcRequest.Bootstrap(148, key, Optional.empty())))
        .isEqualTo("{" + head + ",\"Head\":\"\"}");
    assertThat(written(new RpcRequest.Offer(148, key, new SyncOffer(HASH, List.of(HASH)))))
        .isEqualTo("{" + head + ",\"Head\":\"" + HASH + "\",\"Ancestors\":[\"" + HASH + "\"]}");
    assertThat(written(new RpcRequest.Send(148, key, new SyncSend(HASH, List.of()), true, false)))
        .isEqualTo(
            "{" + head + ",\"Head\":\"" + HASH + "\",\"MissingAUMs\":[],\"Interactive\":true}");
    assertThat(
            written(
                new RpcRequest.Send(
                    0, Optional.empty(), new SyncSend(HASH, List.of(bytes(1))), false, true)))
        .isEqualTo(
            "{\"Version\":0,\"Head\":\""
                + HASH
                + "\",\"MissingAUMs\":[\"AQ==\"],\"Interactive\":false,\"WantRefused\":true}");
  }

  @Test
  void whatIsRefusedIsWrittenIfThereIsAnyOrItWasAskedFor() throws Exception {
    SyncReceipt nothing = new SyncReceipt(HASH, List.of());
    SyncReceipt one = new SyncReceipt(HASH, List.of("because"));
    assertThat(written(new RpcAnswer.Send(nothing, false)))
        .isEqualTo("{\"Head\":\"" + HASH + "\"}");
    assertThat(written(new RpcAnswer.Send(nothing, true)))
        .isEqualTo("{\"Head\":\"" + HASH + "\",\"Refused\":[]}");
    assertThat(written(new RpcAnswer.Send(one, false)))
        .isEqualTo("{\"Head\":\"" + HASH + "\",\"Refused\":[\"because\"]}");
  }

  @Test
  void absentOptionalFieldsAreLeftOut() throws Exception {
    assertThat(written(new RpcAnswer.Bootstrap(Optional.empty(), Optional.empty())))
        .isEqualTo("{}");
    assertThat(
            written(
                new RpcAnswer.InitBegin(
                    List.of(new RpcAnswer.NodeToSign(7, NODE, Optional.empty())))))
        .isEqualTo("{\"NeedSignatures\":[{\"NodeID\":7,\"NodePublic\":\"" + NODE + "\"}]}");
  }

  @Test
  void nullStandsForWhatIsAbsentAndUnknownFieldsAreSkipped() throws Exception {
    assertThat(
            request(
                Rpc.SYNC_SEND,
                "{\"Head\":\""
                    + HASH
                    + "\",\"MissingAUMs\":null,\"Interactive\":null,\"NodeKey\":null,"
                    + "\"Version\":null,\"Other\":{\"a\":[1,{}]},\"interactive\":true}"))
        .isEqualTo(
            new RpcRequest.Send(0, Optional.empty(), new SyncSend(HASH, List.of()), false, false));
    assertThat(request(Rpc.INIT_FINISH, "{\"Signatures\":null}"))
        .isEqualTo(new RpcRequest.InitFinish(0, Optional.empty(), Map.of(), Optional.empty()));
    assertThat(answer(Rpc.AFFECTED_SIGS, "{\"Signatures\":null}"))
        .isEqualTo(new RpcAnswer.AffectedSigs(List.of()));
    assertThat(answer(Rpc.INIT_BEGIN, "{\"NeedSignatures\":null}"))
        .isEqualTo(new RpcAnswer.InitBegin(List.of()));
    assertThat(answer(Rpc.SIGN, "{\"more\":1} and more")).isEqualTo(new RpcAnswer.Sign());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SIGN | {} | Signature: expected a signature, found nothing",
        "SIGN | {\"Signature\":7} | Signature: expected bytes in base64, found a number",
        "SIGN | {\"Signature\":\"****\"} | Signature: expected bytes in base64, found other text",
        "SIGN | {\"Signature\":\"AQ\"} | Signature: expected bytes in base64, found other text",
        "SIGN | {\"Version\":\"1\"} | Version: expected a whole number, found a text",
        "SIGN | {\"Version\":1.5} | Version: expected a whole number, found a number",
        "SIGN | {\"Version\":4294967296} | Version: expected a number of 32 bits, found a longer one",
        "SIGN | {\"NodeKey\":\"secret\"} | NodeKey: node key: expected to begin with nodekey:",
        "SIGN | [] | message: expected an object, found a list",
        "SIGN | `` | message: expected an object, found nothing",
        "SIGN | {\"Signature\":\"AQ | expected JSON, found the end of the text",
        "SIGN | {nonsense | expected JSON, found other text at character 1",
        "SYNC_OFFER | {} | Head: expected a hash, found nothing",
        "SYNC_OFFER | {\"Head\":\"\"} | Head: expected a hash, found nothing",
        "SYNC_OFFER | {\"Head\":\"AB\"} | Head: AUM hash: expected 52 characters, found 2",
        "SYNC_OFFER | {\"Ancestors\":[null]} | Ancestors: expected hashes, found nothing",
        "SYNC_OFFER | {\"Ancestors\":\"AB\"} | Ancestors: expected a list, found a text",
        "SYNC_SEND | {\"Interactive\":1} | Interactive: expected true or false, found a number",
        "SYNC_SEND | {\"MissingAUMs\":[1]} | MissingAUMs: expected bytes in base64, found a number",
        "DISABLE | {\"DisablementSecret\":\"\"} | DisablementSecret: expected a secret, found nothing",
        "INIT_FINISH | {\"Signatures\":{\"01\":\"\"}} | Signatures: expected the number of a node as a name, found another name",
        "INIT_FINISH | {\"Signatures\":{\"-1\":\"\"}} | Signatures: expected the number of a node as a name, found another name",
        "INIT_FINISH | {\"Signatures\":[]} | Signatures: expected an object, found a list",
        "INIT_BEGIN | {\"GenesisAUM\":null} | GenesisAUM: expected an AUM, found nothing",
        "AFFECTED_SIGS | {\"KeyID\":{}} | KeyID: expected bytes in base64, found an object",
        "BOOTSTRAP | {\"Head\":true} | Head: expected a text, found true or false"
      })
  void anErrorNamesTheFieldWhatWasExpectedAndWhatWasFound(Rpc rpc, String json, String message) {
    assertThatExceptionOfType(TextException.class)
        .isThrownBy(() -> request(rpc, json))
        .withMessage(message);
  }

  @Test
  void noErrorQuotesASecret() {
    for (String secret : List.of("\"c2VjcmV0!\"", "[\"c2VjcmV0\"]", "\"c2VjcmV0", "c2VjcmV0")) {
      assertThatExceptionOfType(TextException.class)
          .isThrownBy(() -> request(Rpc.DISABLE, "{\"DisablementSecret\":" + secret + "}"))
          .satisfies(e -> assertThat(String.valueOf(e.getMessage())).doesNotContain("c2VjcmV0"));
    }
  }

  @Test
  void deepOrEndlessMessagesAreRefused() {
    assertThatExceptionOfType(TextException.class)
        .isThrownBy(() -> request(Rpc.SIGN, "{\"a\":" + "[".repeat(100_000)))
        .withMessageContaining("levels");
    assertThatExceptionOfType(TextException.class)
        .isThrownBy(() -> request(Rpc.SIGN, "{\"" + "a".repeat(100_000) + "\":1}"))
        .withMessageContaining("names");
    assertThatExceptionOfType(TextException.class)
        .isThrownBy(
            () ->
                request(
                    Rpc.SIGN,
                    "{\"Signature\":\"" + "AAAA".repeat(RpcJson.MAX_SIGNATURE_BYTES) + "\"}"))
        .withMessageContaining("at most " + RpcJson.MAX_SIGNATURE_BYTES + " bytes");
    InputStream endless =
        new InputStream() {
          private int at;

          @Override
          public int read() {
            return at++ == 0 ? '{' : ' ';
          }

          @Override
          public int read(byte[] into, int offset, int length) {
            for (int i = 0; i < length; i++) {
              into[offset + i] = (byte) read();
            }
            return length;
          }
        };
    assertThatExceptionOfType(TextException.class)
        .isThrownBy(() -> RpcJson.readRequest(Rpc.SIGN, endless))
        .withMessageContaining("at most " + RpcJson.MAX_REQUEST_BYTES + " bytes");
  }

  @Test
  void badUtf8IsNoJson() {
    byte[] bad = "{\"Head\":\"??\"}".getBytes(StandardCharsets.US_ASCII);
    bad[9] = (byte) 0xff;
    assertThatExceptionOfType(TextException.class)
        .isThrownBy(() -> RpcJson.readRequest(Rpc.BOOTSTRAP, new ByteArrayInputStream(bad)));
  }

  @Test
  void theLengthOfAnEntryIsCountedBeforeItIsWritten() throws Exception {
    for (RpcAnswer.NodeToSign node :
        List.of(
            new RpcAnswer.NodeToSign(1234567, NODE, Optional.of(TestKeys.publicKey(1))),
            new RpcAnswer.NodeToSign(1, NODE, Optional.empty()))) {
      int one = written(new RpcAnswer.InitBegin(List.of(node))).length();
      int two = written(new RpcAnswer.InitBegin(List.of(node, node))).length();
      assertThat(RpcJson.mostBytesOf(node)).isEqualTo(two - one);
    }
    for (int size : List.of(1, 2, 3, 100)) {
      Bytes each = Bytes.copyOf(new byte[size]);
      int one = written(new RpcAnswer.AffectedSigs(List.of(each))).length();
      int two = written(new RpcAnswer.AffectedSigs(List.of(each, each))).length();
      assertThat(RpcJson.bytesOfElement(size)).isEqualTo(two - one);
    }
  }
}
