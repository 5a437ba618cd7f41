package dev.tka.client.localapi;

import java.io.IOException;
import java.util.Optional;

/**
 * The node that a daemon runs for, as its plain status has it.
 *
 * @param stableId control's text for it; empty before it has logged in
 * @param name its name, for people; empty if control gave none
 */
public record OwnNode(Optional<String> stableId, Optional<String> name) {
  /** The fields, which come in any order. */
  private static final class Draft {
    private Optional<String> stableId = Optional.empty();
    private Optional<String> name = Optional.empty();
  }

  static OwnNode read(GoJson in) throws IOException {
    Draft draft = new Draft();
    in.object(
        field -> {
          if (!field.equals("self")) {
            in.skip();
            return;
          }
          in.object(
              own -> {
                switch (own) {
                  case "id" -> draft.stableId = in.text();
                  case "dnsname" -> draft.name = in.text();
                  default -> in.skip();
                }
              });
        });
    return new OwnNode(draft.stableId, draft.name);
  }
}
