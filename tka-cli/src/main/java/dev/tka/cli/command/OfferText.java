package dev.tka.cli.command;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.tka.cli.input.InspectInput;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.TextException;
import dev.tka.sync.SyncOffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A sync offer as text: {@code head HASH}, then {@code ancestor HASH} line by line, newest first;
 * or JSON with the names of the wire, {@code Head} and {@code Ancestors}.
 */
final class OfferText {
  private static final String HEAD = "head";
  private static final String ANCESTOR = "ancestor";

  private OfferText() {}

  static void print(SyncOffer offer, PrintWriter out) {
    out.println(HEAD + "     " + offer.headText());
    offer.ancestorTexts().forEach(ancestor -> out.println(ANCESTOR + " " + ancestor));
  }

  static Map<String, Object> toJson(SyncOffer offer) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("Head", offer.headText());
    object.put("Ancestors", offer.ancestorTexts());
    return object;
  }

  /**
   * Reads either form from where an argument says: a file, or {@code -} for standard input.
   *
   * @throws CommandFailure if it is something else, or longer than the longest offer
   */
  static SyncOffer read(StreamArgument argument, Tka tka) throws IOException, CommandFailure {
    try (InputStream in = argument.open(tka)) {
      return read(in);
    }
  }

  /**
   * Reads either form to the end of a stream.
   *
   * @throws CommandFailure if it is something else, or longer than the longest offer
   */
  private static SyncOffer read(InputStream in) throws IOException, CommandFailure {
    byte[] content = in.readNBytes(InspectInput.MAX_SIZE + 1);
    if (content.length > InspectInput.MAX_SIZE) {
      throw bad("found more than " + (InspectInput.MAX_SIZE >> 20) + " MiB");
    }
    String text = new String(content, StandardCharsets.UTF_8).strip();
    try {
      return text.startsWith("{") ? parseJson(text) : parseLines(text);
    } catch (TextException e) {
      throw bad(e.getMessage());
    }
  }

  private static SyncOffer parseLines(String text) throws TextException, CommandFailure {
    Optional<String> head = Optional.empty();
    List<String> ancestors = new ArrayList<>();
    for (String line : text.lines().filter(line -> !line.isBlank()).toList()) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length == 2 && words[0].equals(HEAD) && head.isEmpty()) {
        head = Optional.of(words[1]);
      } else if (words.length == 2 && words[0].equals(ANCESTOR) && head.isPresent()) {
        ancestors.add(words[1]);
      } else {
        throw bad("found the line '" + line.strip() + "'");
      }
    }
    if (head.isEmpty()) {
      throw bad("found nothing");
    }
    return SyncOffer.parse(head.get(), ancestors);
  }

  private static SyncOffer parseJson(String text) throws TextException, CommandFailure {
    Map<String, Object> object;
    try {
      object = JSON.std.mapFrom(text);
    } catch (IOException e) {
      throw bad("found JSON that does not parse: " + e.getMessage());
    }
    List<String> ancestors = new ArrayList<>();
    if (object.get("Head") instanceof String head
        && object.get("Ancestors") instanceof List<?> list) {
      for (Object ancestor : list) {
        if (!(ancestor instanceof String hash)) {
          throw bad("found an ancestor that is no text: " + ancestor);
        }
        ancestors.add(hash);
      }
      return SyncOffer.parse(head, ancestors);
    }
    throw bad("found JSON without the text Head and the list Ancestors");
  }

  private static CommandFailure bad(String found) {
    return new CommandFailure(
        ExitCode.BAD_INPUT, "offer: expected what 'tka offer' prints, " + found);
  }
}
