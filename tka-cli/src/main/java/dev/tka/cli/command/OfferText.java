package dev.tka.cli.command;

import dev.tka.cli.input.InspectInput;
import dev.tka.cli.input.StreamArgument;
import dev.tka.cli.input.Tka;
import dev.tka.cli.output.CommandFailure;
import dev.tka.cli.output.ExitCode;
import dev.tka.core.TextException;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.rpc.OfferJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A sync offer as text: {@code head HASH}, then {@code ancestor HASH} line by line, newest first;
 * or as {@link OfferJson}.
 */
final class OfferText {
  private static final String HEAD = "head";
  private static final String ANCESTOR = "ancestor";

  private OfferText() {}

  static void print(SyncOffer offer, PrintWriter out) {
    out.println(HEAD + "     " + offer.headText());
    offer.ancestorTexts().forEach(ancestor -> out.println(ANCESTOR + " " + ancestor));
  }

  /**
   * Reads either form from a file, or from standard input for {@code -}.
   *
   * @throws CommandFailure if it is neither, or longer than the longest offer
   */
  static SyncOffer read(StreamArgument argument, Tka tka) throws IOException, CommandFailure {
    try (InputStream in = argument.open(tka)) {
      return read(in);
    }
  }

  /**
   * Reads either form to the end of a stream.
   *
   * @throws CommandFailure if it is neither, or longer than the longest offer
   */
  private static SyncOffer read(InputStream in) throws IOException, CommandFailure {
    byte[] content = in.readNBytes(InspectInput.MAX_SIZE + 1);
    if (content.length > InspectInput.MAX_SIZE) {
      throw bad("found more than " + (InspectInput.MAX_SIZE >> 20) + " MiB");
    }
    String text = new String(content, StandardCharsets.UTF_8).strip();
    try {
      return text.startsWith("{") ? OfferJson.read(text) : parseLines(text);
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

  private static CommandFailure bad(String found) {
    return new CommandFailure(
        ExitCode.BAD_INPUT, "offer: expected the output of 'tka offer', " + found);
  }
}
