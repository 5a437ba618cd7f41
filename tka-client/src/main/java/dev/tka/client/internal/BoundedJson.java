package dev.tka.client.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;

/** Reads JSON that comes from elsewhere: its names are not kept once it has been read. */
public final class BoundedJson {
  private static final int LONGEST_NUMBER = 40;

  private BoundedJson() {}

  /**
   * Makes parsers.
   *
   * @param longestText of a text or a name, in characters
   * @param deepest how deep objects and lists may nest
   */
  public static JsonFactory factory(int longestText, int deepest) {
    return JsonFactory.builder()
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxStringLength(longestText)
                .maxNameLength(longestText)
                .maxNumberLength(LONGEST_NUMBER)
                .maxNestingDepth(deepest)
                .build())
        .build();
  }
}
