package dev.tka.core.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.bouncycastle.crypto.digests.Blake2sDigest;

/** Our BLAKE2s against the library's. */
class Blake2sProperties {
  @Example
  void abc() {
    // RFC 7693, appendix B.
    assertThat(HexFormat.of().formatHex(Blake2s.hash("abc".getBytes(StandardCharsets.US_ASCII))))
        .isEqualTo("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
  }

  @Example
  void everyLengthAroundTheFirstBlocks() {
    for (int length = 0; length < 300; length++) {
      byte[] data = new byte[length];
      Arrays.fill(data, (byte) length);
      assertThat(Blake2s.hash(data)).as("%d bytes", length).isEqualTo(ofTheLibrary(data));
    }
  }

  @Property
  void anyDataInAnyTwoParts(
      @ForAll @Size(max = 400) byte[] data, @ForAll @IntRange(max = 400) int cut) {
    int at = Math.min(cut, data.length);

    Blake2s digest = new Blake2s();
    digest.update(Arrays.copyOf(data, at));
    digest.update(Arrays.copyOfRange(data, at, data.length));

    assertThat(digest.finish()).isEqualTo(ofTheLibrary(data));
  }

  private static byte[] ofTheLibrary(byte[] data) {
    Blake2sDigest digest = new Blake2sDigest(8 * Blake2s.SIZE);
    digest.update(data, 0, data.length);
    byte[] out = new byte[Blake2s.SIZE];
    digest.doFinal(out, 0);
    return out;
  }
}
