package dev.tka.sync.rpc;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.core.TextException;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A sync offer as JSON, with the field names of the wire (protocol, section 8): {@code {"Head": …,
 * "Ancestors": […]}}, each a hash as text.
 */
public final class OfferJson {
  private static final String HEAD = "Head";
  private static final String ANCESTORS = "Ancestors";

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          // Names come from strangers: neither is kept once the offer has been read.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private OfferJson() {}

  /** The fields of an offer, in order. */
  public static Map<String, Object> of(SyncOffer offer) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put(HEAD, offer.headText());
    json.put(ANCESTORS, offer.ancestorTexts());
    return json;
  }

  /**
   * Reads an offer from a text; text after the offer is ignored.
   *
   * @throws TextException if it is not an offer
   */
  public static SyncOffer read(String json) throws TextException {
    try (JsonParser parser = FACTORY.createParser(json)) {
      return readWhole(parser);
    } catch (IOException e) {
      throw new AssertionError("a text in memory can be read", e);
    }
  }

  private static SyncOffer readWhole(JsonParser parser) throws IOException, TextException {
    try {
      parser.nextToken();
      return read(parser);
    } catch (JsonProcessingException e) {
      // Without the parser's message, which quotes the text.
      throw new TextException.BadJson(
          "JSON", "other text at character " + parser.currentLocation().getCharOffset());
    }
  }

  /**
   * Reads an offer out of a longer text. An offer whose ancestors are missing or null names none;
   * other fields are skipped.
   *
   * @param parser positioned at the beginning of the object; afterwards at its end or, after a
   *     {@link TextException}, somewhere in it
   * @throws TextException if it is not an offer, or names more than {@link SyncOffer#MAX_ANCESTORS}
   * @throws IOException if the text cannot be read, or is not JSON
   */
  public static SyncOffer read(JsonParser parser) throws IOException, TextException {
    require(JsonToken.START_OBJECT, "an object", parser);
    Optional<String> head = Optional.empty();
    List<String> ancestors = List.of();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case HEAD -> head = Optional.of(text(HEAD, parser));
        case ANCESTORS -> ancestors = ancestors(parser);
        default -> parser.skipChildren();
      }
    }
    if (head.isEmpty()) {
      throw new TextException.BadJson("a " + HEAD, "none");
    }
    return SyncOffer.parse(head.get(), ancestors);
  }

  private static List<String> ancestors(JsonParser parser) throws IOException, TextException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return List.of();
    }
    require(JsonToken.START_ARRAY, ANCESTORS + " in a list", parser);
    List<String> ancestors = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (ancestors.size() == SyncOffer.MAX_ANCESTORS) {
        throw new TextException.BadJson(
            "at most " + SyncOffer.MAX_ANCESTORS + " " + ANCESTORS, "more");
      }
      ancestors.add(text(ANCESTORS, parser));
    }
    return ancestors;
  }

  private static String text(String field, JsonParser parser) throws IOException, TextException {
    require(JsonToken.VALUE_STRING, field + " as text", parser);
    return parser.getText();
  }

  private static void require(JsonToken token, String expected, JsonParser parser)
      throws TextException {
    if (parser.currentToken() != token) {
      throw new TextException.BadJson(expected, JsonFields.describe(parser.currentToken()));
    }
  }
}
