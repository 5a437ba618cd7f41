package dev.tka.tlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.Bytes;
import dev.tka.core.TextException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Test vectors, each with its source: the examples of the specifications of C2SP, and the vectors
 * that logs of certificates and Go's checksum database are tested with.
 */
class VectorsTest {
  /** C2SP, tlog-checkpoint and tlog-cosignature: the example. The keys are not published. */
  private static final String CHECKPOINT =
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

  private static final String LOG_LINE =
      "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
          + "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

  private static final String WITNESS_LINE =
      "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
          + "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

  /** golang.org/x/mod, the documentation and tests of sumdb/note. */
  private static final String PETER =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String PETERS_SECRET =
      "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

  private static final String PETERS_NOTE =
      "If you think cryptography is the answer to your problem,\n"
          + "then you don't know what your problem is.\n"
          + "\n"
          + "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
          + "qdngotpRZb6KE6RyyBwJnAM=\n";

  /** Certificate Transparency's test tree: the entries, and the hashes of its first 1 to 8. */
  private static final List<String> ENTRIES =
      List.of(
          "",
          "00",
          "10",
          "2021",
          "3031",
          "40414243",
          "5051525354555657",
          "606162636465666768696a6b6c6d6e6f");

  private static final List<String> ROOTS =
      List.of(
          "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void theExampleOfACosignedCheckpoint() throws Exception {
    byte[] bytes = utf8(CHECKPOINT + "\n" + LOG_LINE + WITNESS_LINE);
    SignedNote note = SignedNote.parse(bytes);
    assertThat(note.encode()).isEqualTo(bytes);
    Checkpoint checkpoint = Checkpoint.parse(note.text());
    assertThat(checkpoint.origin()).isEqualTo("example.com/behind-the-sofa");
    assertThat(checkpoint.size()).isEqualTo(20852163);
    assertThat(checkpoint.root()).hasToString("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assertThat(checkpoint.text()).isEqualTo(CHECKPOINT);
    assertThat(note.signatures()).hasSize(2);
    assertThat(note.signatures().get(1).keyId()).isEqualTo(0x8d66cf3f);
    assertThat(VerifierKey.timeOf(note.signatures().get(1)))
        .contains(Instant.ofEpochSecond(1679315147));
    assertThat(VerifierKey.timeOf(note.signatures().get(0))).isEmpty();
  }

  @Test
  void theExampleOfANoteWithAnEmptyLine() throws Exception {
    String text =
        """
        Ognuno sta solo sul cuor della terra
        trafitto da un raggio di sole:

        ed \u00e8 subito sera.
        """;
    byte[] bytes =
        utf8(
            text
                + "\n\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+"
                + "EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n");
    SignedNote note = SignedNote.parse(bytes);
    assertThat(note.text()).isEqualTo(text);
    assertThat(note.encode()).isEqualTo(bytes);
  }

  @Test
  void theExampleOfARequestToAWitness() throws Exception {
    String request =
        "old 20852014\n"
            + "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
            + "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
            + "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
            + "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
            + "\n"
            + CHECKPOINT
            + "\n"
            + LOG_LINE;
    AddCheckpoint parsed = AddCheckpoint.parse(utf8(request));
    assertThat(parsed.oldSize()).isEqualTo(20852014);
    assertThat(parsed.proof()).hasSize(4);
    assertThat(parsed.checkpoint().text()).isEqualTo(CHECKPOINT);
    assertThat(parsed.encode()).isEqualTo(utf8(request));
  }

  @Test
  void peterNeumannsNote() throws Exception {
    VerifierKey key = VerifierKey.parse(PETER);
    assertThat(key).hasToString(PETER);
    SignedNote note = SignedNote.parse(utf8(PETERS_NOTE));
    assertThat(key.verifies(note.text(), note.signatures().get(0))).isTrue();
    assertThat(key.verifies(note.text() + "\n", note.signatures().get(0))).isFalse();
    SignerKey signer = SignerKey.parse(PETERS_SECRET);
    assertThat(signer.exposeText()).isEqualTo(PETERS_SECRET);
    assertThat(signer.verifier()).isEqualTo(key);
    assertThat(signer.toString()).doesNotContain("AYEKFALV");
    assertThat(signer.sign("PeterNeumann", note.text())).isEqualTo(note.signatures().get(0));
  }

  /** As the tests of sumdb/note: no part of a key's text, and no changed one, is a key. */
  @Test
  void manglingsOfAKeyAreRefused() {
    List<String> bad = new ArrayList<>();
    for (int from = 0; from <= PETER.length(); from++) {
      for (int to = from + 1; to <= PETER.length(); to++) {
        if (to - from < PETER.length()) {
          bad.add(PETER.substring(from, to));
        }
      }
    }
    for (int i = 0; i < PETER.length(); i++) {
      char changed = (char) (PETER.charAt(i) + 1);
      bad.add(PETER.substring(0, i) + changed + PETER.substring(i + 1));
    }
    bad.add("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==");
    bad.add("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    for (String each : bad) {
      assertThatThrownBy(() -> VerifierKey.parse(each)).isInstanceOf(TextException.class);
    }
  }

  /** The key of sum.golang.org, as Go's documentation names it. */
  @Test
  void theKeyOfGosChecksumDatabase() throws Exception {
    String text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    assertThat(VerifierKey.parse(text)).hasToString(text);
  }

  /**
   * Computed from the words of tlog-cosignature by a program of its own, with OpenSSL's Ed25519,
   * for the seed 00, 01 ... 1f: the specification publishes no keys for its example.
   */
  @Test
  void aCosignatureOfAKnownKey() throws Exception {
    SignerKey signer =
        SignerKey.parse(
            "PRIVATE+KEY+witness.example.com/w1+a0059f11+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f");
    assertThat(signer.verifier())
        .hasToString(
            "witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
    NoteSignature made = signer.cosign(CHECKPOINT, Instant.ofEpochSecond(1679315147));
    assertThat(made.line())
        .isEqualTo(
            "\u2014 witness.example.com/w1 oAWfEQAAAABkGFDLBuRDazBLVac2NE+Y+Ijbj"
                + "QOcXLfF9CSDZVUIoS83rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==");
    assertThat(signer.verifier().verifies(CHECKPOINT, made)).isTrue();
    assertThat(signer.verifier().verifies(CHECKPOINT + "extension\n", made)).isFalse();
  }

  private static List<Bytes> entries() throws TextException {
    List<Bytes> entries = new ArrayList<>();
    for (String each : ENTRIES) {
      entries.add(Bytes.parseHex(each));
    }
    return entries;
  }

  @Test
  void theTreeOfCertificateTransparency() throws Exception {
    assertThat(TreeHash.EMPTY.bytes().toHex())
        .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    GrowingTree tree = GrowingTree.EMPTY;
    for (int i = 0; i < ENTRIES.size(); i++) {
      tree = tree.with(TreeHash.ofEntry(entries().get(i))).tree();
      assertThat(tree.root().bytes().toHex()).isEqualTo(ROOTS.get(i));
      assertThat(NaiveTree.hash(entries().subList(0, i + 1))).isEqualTo(tree.root());
    }
  }

  /** github.com/transparency-dev/merkle, testdata/consistency/2/happy-path.json. */
  @Test
  void aProofOfConsistency() throws Exception {
    List<TreeHash> proof =
        List.of(
            TreeHash.parse("DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=", "proof"),
            TreeHash.parse("yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=", "proof"),
            TreeHash.parse("037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=", "proof"));
    TreeHash six = new TreeHash(Bytes.parseHex(ROOTS.get(5)));
    TreeHash eight = new TreeHash(Bytes.parseHex(ROOTS.get(7)));
    assertThat(MerkleTree.isConsistent(6, six, 8, eight, proof)).isTrue();
    assertThat(MerkleTree.isConsistent(6, eight, 8, six, proof)).isFalse();
    assertThat(MerkleTree.isConsistent(5, six, 8, eight, proof)).isFalse();
    assertThat(MerkleTree.isConsistent(7, six, 8, eight, proof)).isFalse();
    assertThat(MerkleTree.isConsistent(6, six, 16, eight, proof)).isFalse();
    assertThat(MerkleTree.isConsistent(6, six, 8, eight, proof.subList(0, 2))).isFalse();
    assertThat(MerkleTree.isConsistent(6, six, 8, eight, List.of())).isFalse();
    assertThat(NaiveTree.proof(6, entries())).isEqualTo(proof);
    List<TreeHash> longer = new ArrayList<>(proof);
    longer.add(eight);
    assertThat(MerkleTree.isConsistent(6, six, 8, eight, longer)).isFalse();
  }

  /** C2SP, tlog-tiles: the examples. */
  @Test
  void theExamplesOfTiles() throws Exception {
    assertThat(TilePath.parse("tile/0/x001/x234/067").index()).isEqualTo(1234067);
    assertThat(TilePath.parse("tile/0/x001/x234/067")).hasToString("tile/0/x001/x234/067");
    // A tree of 70,000: 273 full tiles and one of 112; one full one and one of 17; one of 1.
    assertThat(TilePath.ofHash(0, 69_999, 70_000)).hasToString("tile/0/273.p/112");
    assertThat(TilePath.ofHash(0, 69_887, 70_000)).hasToString("tile/0/272");
    assertThat(TilePath.ofHash(1, 255, 70_000)).hasToString("tile/1/000");
    assertThat(TilePath.ofHash(1, 272, 70_000)).hasToString("tile/1/001.p/17");
    assertThat(TilePath.ofHash(2, 0, 70_000)).hasToString("tile/2/000.p/1");
    assertThat(TilePath.ofHash(1, 0, 256)).hasToString("tile/1/000.p/1");
    assertThat(TilePath.ofEntry(69_999, 70_000)).hasToString("tile/entries/273.p/112");
    for (String each :
        List.of(
            "tile/00/000",
            "tile/64/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/001/002",
            "tile/0/x000/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/.p/1",
            "tile/0",
            "tile/0/",
            "tile//000",
            "/tile/0/000",
            "tile/0/x999/x999/x999/x999/x999/x999/999")) {
      assertThatThrownBy(() -> TilePath.parse(each)).isInstanceOf(TextException.class);
    }
  }

  /** C2SP, tlog-policy: its example with two levels of groups. */
  @Test
  void theExampleOfAPolicy() throws Exception {
    StringBuilder file = new StringBuilder("# A comment.\n\n  log " + PETER + "\thttps://x/\n");
    List<VerifierKey> keys = new ArrayList<>();
    for (String each : List.of("X1", "X2", "X3", "Y1", "Y2", "Y3")) {
      VerifierKey key =
          SignerKey.generate(each, VerifierKey.Kind.COSIGNATURE, new java.security.SecureRandom())
              .verifier();
      keys.add(key);
      file.append("witness ").append(each).append(' ').append(key).append('\n');
    }
    file.append("group X 2 X1 X2 X3\ngroup Y any Y1 Y2 Y3\ngroup both all X Y\nquorum both\n");
    LogPolicy policy = LogPolicy.parse(utf8(file.toString()));
    LogPolicy.Quorum quorum = policy.quorum().orElseThrow();
    assertThat(quorum.isMetBy(java.util.Set.of(keys.get(0), keys.get(2), keys.get(5)))).isTrue();
    assertThat(quorum.isMetBy(java.util.Set.of(keys.get(0), keys.get(4), keys.get(5)))).isFalse();
    assertThat(quorum.isMetBy(java.util.Set.of(keys.get(0), keys.get(1)))).isFalse();
    assertThat(policy.keysOf("PeterNeumann/1")).hasSize(1);
    assertThat(policy.keysOf("PeterNeumanns")).isEmpty();
    for (String each :
        List.of(
            "quorum nobody\n",
            "quorum none\nquorum none\n",
            "log " + PETER + "\nlog " + PETER + "\n",
            "group g 2 X1\n",
            "logs " + PETER + "\n",
            "witness none " + keys.get(0) + "\n",
            "witness a " + keys.get(0) + "\ngroup g 2 a\n",
            "witness a " + keys.get(0) + "\ngroup g all a a\n",
            "witness a " + PETER + "\n",
            "log " + keys.get(0) + "\n",
            "log\u0001 " + PETER + "\n")) {
      assertThatThrownBy(() -> LogPolicy.parse(utf8(each)))
          .isInstanceOf(TextException.class)
          .hasMessageContaining("line ");
    }
  }

  @Test
  void base64HasOneForm() {
    String signature = Base64.getEncoder().encodeToString(new byte[68]);
    for (String each : List.of(signature.replace("=", ""), signature + "=", "AAAAAAB=")) {
      assertThatThrownBy(() -> NoteSignature.parse("\u2014 name " + each))
          .isInstanceOf(TextException.class);
    }
  }
}
