package dev.tka.sync.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.AumHash;
import dev.tka.core.Bytes;
import dev.tka.core.DisablementSecret;
import dev.tka.core.LockPublicKey;
import dev.tka.core.NodeKey;
import dev.tka.core.TextException;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncReceipt;
import dev.tka.sync.SyncSend;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Messages survive the trip over the wire, and readers survive anything. */
class RpcJsonProperties {
  private static Arbitrary<Bytes> bytes(int least, int most) {
    return Arbitraries.bytes()
        .array(byte[].class)
        .ofMinSize(least)
        .ofMaxSize(most)
        .map(Bytes::copyOf);
  }

  private static Arbitrary<AumHash> hashes() {
    return bytes(32, 32).map(each -> AumHash.of(each.toByteArray()));
  }

  private static Arbitrary<SyncOffer> offers() {
    return Combinators.combine(hashes(), hashes().list().ofMaxSize(5)).as(SyncOffer::new);
  }

  private static Arbitrary<DisablementSecret> secrets() {
    return bytes(1, 40).map(each -> DisablementSecret.of(each.toByteArray()));
  }

  private static Arbitrary<NodeKey> nodeKeys() {
    return bytes(32, 32).map(NodeKey::new);
  }

  @Provide
  Arbitrary<RpcRequest> requests() {
    Arbitrary<Integer> versions = Arbitraries.integers();
    Arbitrary<Optional<NodeKey>> keys = nodeKeys().optional();
    Arbitrary<Map<Long, Bytes>> signatures =
        Arbitraries.maps(Arbitraries.longs().greaterOrEqual(1), bytes(0, 300)).ofMaxSize(5);
    return Arbitraries.oneOf(
        Combinators.combine(versions, keys, bytes(1, 300)).as(RpcRequest.InitBegin::new),
        Combinators.combine(versions, keys, signatures, secrets().optional())
            .as((v, k, s, o) -> new RpcRequest.InitFinish(v, k, s, o)),
        Combinators.combine(versions, keys, hashes().optional()).as(RpcRequest.Bootstrap::new),
        Combinators.combine(versions, keys, offers()).as(RpcRequest.Offer::new),
        Combinators.combine(
                versions,
                keys,
                Combinators.combine(hashes(), bytes(0, 300).list().ofMaxSize(5)).as(SyncSend::new),
                Arbitraries.of(true, false),
                Arbitraries.of(true, false))
            .as(RpcRequest.Send::new),
        Combinators.combine(versions, keys, hashes().optional(), secrets())
            .as(RpcRequest.Disable::new),
        Combinators.combine(versions, keys, bytes(1, 300)).as(RpcRequest.Sign::new),
        Combinators.combine(versions, keys, bytes(1, 40)).as(RpcRequest.AffectedSigs::new));
  }

  @Provide
  Arbitrary<RpcAnswer> answers() {
    Arbitrary<RpcAnswer.NodeToSign> nodes =
        Combinators.combine(
                Arbitraries.longs(), nodeKeys(), bytes(32, 32).map(LockPublicKey::new).optional())
            .as(RpcAnswer.NodeToSign::new);
    Arbitrary<SyncReceipt> receipts =
        Combinators.combine(
                hashes(), Arbitraries.strings().ascii().ofMinLength(1).list().ofMaxSize(3))
            .as(SyncReceipt::new);
    return Arbitraries.oneOf(
        nodes.list().ofMaxSize(5).map(RpcAnswer.InitBegin::new),
        Arbitraries.of(new RpcAnswer.InitFinish(), new RpcAnswer.Disable(), new RpcAnswer.Sign()),
        Combinators.combine(bytes(1, 300).optional(), secrets().optional())
            .as(RpcAnswer.Bootstrap::new),
        Combinators.combine(offers(), bytes(0, 300).list().ofMaxSize(5))
            .as((offer, missing) -> new RpcAnswer.Offer(new SyncAnswer(offer, missing))),
        Combinators.combine(receipts, Arbitraries.of(true, false)).as(RpcAnswer.Send::new),
        bytes(0, 300).list().ofMaxSize(5).map(RpcAnswer.AffectedSigs::new));
  }

  @Property
  void aRequestSurvivesTheWire(@ForAll("requests") RpcRequest request) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RpcJson.writeRequest(request, out);
    assertThat(RpcJson.readRequest(request.rpc(), new ByteArrayInputStream(out.toByteArray())))
        .isEqualTo(request);
  }

  @Property
  void anAnswerSurvivesTheWire(@ForAll("answers") RpcAnswer answer) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RpcJson.writeAnswer(answer, out);
    assertThat(RpcJson.readAnswer(answer.rpc(), new ByteArrayInputStream(out.toByteArray())))
        .isEqualTo(answer);
  }

  @Property
  void anyBytesAreAMessageOrAnErrorInWords(
      @ForAll("requests") RpcRequest request,
      @ForAll Rpc as,
      @ForAll int position,
      @ForAll byte other)
      throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RpcJson.writeRequest(request, out);
    byte[] spoilt = out.toByteArray();
    spoilt[Math.floorMod(position, spoilt.length)] = other;
    readAny(as, spoilt);
    readAny(request.rpc(), spoilt);
  }

  @Property
  void anyBytesAtAllAreAMessageOrAnErrorInWords(@ForAll Rpc as, @ForAll byte[] any)
      throws Exception {
    readAny(as, any);
  }

  private static void readAny(Rpc rpc, byte[] bytes) throws Exception {
    try {
      RpcJson.readRequest(rpc, new ByteArrayInputStream(bytes));
    } catch (TextException e) {
      assertThat(e).message().isNotBlank().doesNotContain("\n");
    }
    try {
      RpcJson.readAnswer(rpc, new ByteArrayInputStream(bytes));
    } catch (TextException e) {
      assertThat(e).message().isNotBlank().doesNotContain("\n");
    }
  }
}
