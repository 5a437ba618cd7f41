package dev.tka.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.core.nodekey.NodeKeySignature;
import dev.tka.testkit.LegalAums;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Protocol, section 2: what is legal decodes, and comes out as it went in. */
class AumCodecProperties {
  @Provide
  Arbitrary<byte[]> encodings() {
    return LegalAums.encodings();
  }

  @Provide
  Arbitrary<Aum> aums() {
    return LegalAums.aums();
  }

  @Provide
  Arbitrary<byte[]> nodeKeySignatures() {
    return LegalAums.nodeKeySignatures();
  }

  @Property(tries = 5000)
  void encodingWhatWasDecodedGivesTheSameBytes(@ForAll("encodings") byte[] encoding)
      throws DecodeException {
    Aum aum = Aum.decode(encoding);

    assertThat(aum.encoded().toByteArray()).isEqualTo(encoding);
    // The encoding above is kept; this one is written again, from the fields.
    assertThat(aum.withSignatures(aum.signatures()).encoded().toByteArray()).isEqualTo(encoding);
  }

  @Property(tries = 2000)
  void anAumBuiltFromTheFieldsOfAnotherEqualsIt(@ForAll("aums") Aum aum) throws DecodeException {
    Aum.Builder builder = Aum.builder(aum.kind()).meta(aum.meta()).signatures(aum.signatures());
    aum.parent().ifPresent(builder::parent);
    aum.key().ifPresent(builder::key);
    aum.keyId().ifPresent(builder::keyId);
    aum.state().ifPresent(builder::state);
    aum.votes().ifPresent(builder::votes);
    Aum built = builder.build();

    assertThat(built).isEqualTo(aum).hasSameHashCodeAs(aum);
    assertThat(built.encoded()).isEqualTo(aum.encoded());
    assertThat(Aum.decode(built.encoded().toByteArray()).hash()).isEqualTo(aum.hash());
    assertThat(built.state()).isEqualTo(aum.state());
    assertThat(built.key()).isEqualTo(aum.key());
  }

  @Property(tries = 2000)
  void theSigHashDoesNotDependOnSignaturesAndTheHashDoes(
      @ForAll("aums") Aum aum, @ForAll("aums") Aum other) {
    Aum unsigned = aum.withSignatures(List.of());
    Aum otherwise = aum.withSignatures(other.signatures());

    assertThat(unsigned.sigHash()).isEqualTo(unsigned.hash().bytes());
    assertThat(aum.sigHash()).isEqualTo(unsigned.sigHash()).isEqualTo(otherwise.sigHash());
    assertThat(aum.hash().equals(otherwise.hash()))
        .isEqualTo(aum.signatures().equals(other.signatures()));
  }

  @Property(tries = 2000)
  void aStoredAumIsTheSameAsADecodedOne(@ForAll("aums") Aum aum) throws DecodeException {
    Aum stored = Aum.decodeStored(aum.hash(), aum.encoded());

    assertThat(stored).isEqualTo(aum);
    assertThat(stored.sigHash()).isEqualTo(aum.sigHash());
    assertThat(stored.withSignatures(stored.signatures()).encoded()).isEqualTo(aum.encoded());
  }

  @Property(tries = 2000)
  void aNodeKeySignatureComesOutAsItWentIn(@ForAll("nodeKeySignatures") byte[] encoding)
      throws DecodeException {
    NodeKeySignature decoded = NodeKeySignature.decode(encoding);

    assertThat(decoded.encoded().toByteArray()).isEqualTo(encoding);
    NodeKeySignature unsigned =
        new NodeKeySignature(
            decoded.kind(),
            decoded.pubkey(),
            decoded.keyId(),
            Bytes.empty(),
            decoded.nested(),
            decoded.wrappingPubkey());
    assertThat(decoded.sigHash()).isEqualTo(unsigned.sigHash());
    assertThat(decoded.toString()).startsWith("SigKind: " + decoded.kindName());
  }
}
