package dev.tka.sync.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Offers as JSON: what is written comes back, and nothing that a stranger sends does harm. */
class OfferJsonTest {
  private static final String HASH = "A".repeat(AumHash.TEXT_LENGTH);
  private static final String OTHER = "B".repeat(AumHash.TEXT_LENGTH - 1) + "A";
  private static final String OFFER =
      "{\"Head\":\"" + HASH + "\",\"Ancestors\":[\"" + OTHER + "\",\"" + HASH + "\"]}";

  @Example
  void theNamesAreThoseOfTheWire() throws TextException {
    SyncOffer offer = SyncOffer.parse(HASH, List.of(OTHER, HASH));

    assertThat(OfferJson.of(offer))
        .containsExactly(Map.entry("Head", HASH), Map.entry("Ancestors", List.of(OTHER, HASH)));
    assertThat(OfferJson.read(OFFER)).isEqualTo(offer);
  }

  @Example
  void unknownFieldsAreSkipped() throws TextException {
    String long1000 = "[".repeat(900) + "]".repeat(900);
    assertThat(
            OfferJson.read(
                "{\"SchemaVersion\":\"1\",\"Head\":\""
                    + HASH
                    + "\",\"More\":"
                    + long1000
                    + ",\"Ancestors\":null} and more"))
        .isEqualTo(SyncOffer.parse(HASH, List.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                              | expected an object, found nothing
          []                              | expected an object, found a list
          7                               | expected an object, found a number
          {}                              | expected a Head, found none
          {"Head":1}                      | expected Head as text, found a number
          {"Head":null}                   | expected Head as text, found null
          {"Head":"xyz"}                  | AUM hash: expected 52 characters, found 3
          {"Head":"HASH","Ancestors":{}}  | expected Ancestors in a list, found an object
          {"Head":"HASH","Ancestors":[7]} | expected Ancestors as text, found a number
          {"Head":"HASH","Ancestors":["HASH","x"]} | ancestor 1: AUM hash: expected 52 characters, found 1
          {"Head":"HASH","Ancestors":["HASH" | expected JSON, found other text at character 130
          {"Head":secret                  | expected JSON, found other text at character 14
          """)
  void aTextThatIsNotAnOfferIsRefused(String json, String message) {
    assertThatThrownBy(() -> OfferJson.read(json.replace("HASH", HASH)))
        .isInstanceOf(TextException.class)
        .hasMessage(message);
  }

  @Example
  void nestingHasALimit() {
    for (String json : List.of("[".repeat(100_000), "{\"More\":" + "[".repeat(100_000))) {
      assertThatThrownBy(() -> OfferJson.read(json)).isInstanceOf(TextException.BadJson.class);
    }
  }

  @Example
  void ancestorsWithoutEndAreRefusedAtTheLimit() throws IOException {
    // A list of ancestors that goes on for as long as somebody reads.
    try (Reader endless = new Repeating("{\"Ancestors\":[", '"' + HASH + "\",");
        JsonParser parser = new JsonFactory().createParser(endless)) {
      parser.nextToken();
      assertThatThrownBy(() -> OfferJson.read(parser))
          .isInstanceOf(TextException.BadJson.class)
          .hasMessage("expected at most 131072 Ancestors, found more");
    }
  }

  @Example
  void aParserStandsAtTheEndOfTheOffer() throws Exception {
    try (JsonParser parser = new JsonFactory().createParser("[" + OFFER + ",7]")) {
      parser.nextToken();
      parser.nextToken();
      assertThat(OfferJson.read(parser)).isEqualTo(OfferJson.read(OFFER));
      assertThat(parser.currentToken()).isEqualTo(JsonToken.END_OBJECT);
      assertThat(parser.nextToken()).isEqualTo(JsonToken.VALUE_NUMBER_INT);
    }
  }

  @Property
  void anyBytesAreAnOfferOrRefused(@ForAll @Size(max = 200) byte[] bytes) {
    readOrRefuse(bytes);
  }

  @Property
  void aChangedOfferIsAnOfferOrRefused(
      @ForAll @IntRange(max = 141) int at, @ForAll byte value, @ForAll boolean cut) {
    byte[] bytes = OFFER.getBytes(StandardCharsets.UTF_8);
    int index = at % bytes.length;
    bytes[index] = value;
    readOrRefuse(cut ? Arrays.copyOf(bytes, index + 1) : bytes);
  }

  private static void readOrRefuse(byte[] bytes) {
    try {
      SyncOffer offer = OfferJson.read(new String(bytes, StandardCharsets.UTF_8));
      assertThat(offer.ancestors()).hasSizeLessThanOrEqualTo(2);
    } catch (TextException e) {
      assertThat(e.getMessage()).hasLineCount(1);
    }
    try (JsonParser parser = new JsonFactory().createParser(bytes)) {
      parser.nextToken();
      OfferJson.read(parser);
    } catch (TextException | IOException e) {
      assertThat(e).isNotNull();
    }
  }

  /** A text that never ends. */
  private static final class Repeating extends Reader {
    private final String once;
    private final String again;
    private long position;

    Repeating(String once, String again) {
      this.once = once;
      this.again = again;
    }

    @Override
    public int read(char[] target, int offset, int count) {
      if (position > 1L << 24) {
        return fail("it was read on and on");
      }
      for (int i = 0; i < count; i++) {
        target[offset + i] =
            position < once.length()
                ? once.charAt((int) position)
                : again.charAt((int) ((position - once.length()) % again.length()));
        position++;
      }
      return count;
    }

    @Override
    public void close() {
      // Nothing is open.
    }
  }
}
