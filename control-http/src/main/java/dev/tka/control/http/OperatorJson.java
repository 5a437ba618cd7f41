package dev.tka.control.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tka.control.FleetEntry;
import dev.tka.control.TailnetStatus;
import dev.tka.store.records.Fence;
import dev.tka.store.records.NodeRecord;
import dev.tka.store.records.NodeSighting;
import dev.tka.store.records.NodeToken;
import java.io.IOException;
import java.util.Optional;

/** What operators read, as JSON (service, section 10; the OpenAPI document names the fields). */
final class OperatorJson {
  private OperatorJson() {}

  static void status(TailnetStatus status, JsonGenerator out) throws IOException {
    out.writeStartObject();
    out.writeStringField("tailnet", status.tailnet());
    out.writeStringField("lock", lock(status));
    if (status.authority().isPresent()) {
      out.writeStringField("authority", status.authority().get().genesis().toString());
    }
    if (status.head().isPresent()) {
      out.writeStringField("head", status.head().get().toString());
    }
    out.writeNumberField("length", status.length());
    out.writeNumberField("keys", status.keys());
    out.writeNumberField("nodes", status.nodes());
    if (status.pending().isPresent()) {
      TailnetStatus.Pending pending = status.pending().get();
      out.writeObjectFieldStart("pending");
      out.writeStringField("genesis", pending.genesis().toString());
      if (pending.by().isPresent()) {
        out.writeStringField("by", pending.by().get().toString());
      }
      out.writeStringField("at", pending.at().toString());
      out.writeEndObject();
    }
    out.writeNumberField("retired", status.retired());
    out.writeBooleanField("supportSecret", status.hasSupportSecret());
    if (status.restored().isPresent()) {
      out.writeStringField("restored", status.restored().get().toString());
    }
    if (status.problem().isPresent()) {
      out.writeStringField("problem", status.problem().get());
    }
    standing(status.standing(), out);
    out.writeEndObject();
  }

  private static String lock(TailnetStatus status) {
    if (!status.livesHere()) {
      return "unknown";
    }
    return status.head().isPresent() || status.problem().isPresent()
        ? "on"
        : status.pending().isPresent() ? "pending" : "off";
  }

  /** Nothing of a tailnet that simply lives here. */
  private static void standing(Fence.Standing standing, JsonGenerator out) throws IOException {
    if (standing instanceof Fence.Standing.Fenced fenced) {
      out.writeObjectFieldStart("fenced");
      out.writeStringField("since", fenced.since().toString());
      out.writeEndObject();
    } else if (standing instanceof Fence.Standing.Moved moved) {
      out.writeObjectFieldStart("moved");
      out.writeStringField("to", moved.to());
      if (moved.server().isPresent()) {
        out.writeStringField("server", moved.server().get().toString());
      }
      out.writeStringField("at", moved.at().toString());
      out.writeEndObject();
    } else if (standing instanceof Fence.Standing.Shadow shadow) {
      out.writeObjectFieldStart("shadow");
      out.writeStringField("from", shadow.from());
      out.writeEndObject();
    }
  }

  static void fleet(FleetEntry entry, Commands commands, JsonGenerator out) throws IOException {
    out.writeStartObject();
    NodeJson.writeFields(entry.node(), out);
    out.writeBooleanField("signed", entry.node().signature().isPresent());
    if (entry.last().isPresent()) {
      NodeSighting last = entry.last().get();
      out.writeObjectFieldStart("last");
      out.writeStringField("at", last.at().toString());
      if (last.head().isPresent()) {
        out.writeStringField("head", last.head().get().toString());
      }
      if (last.oldest().isPresent()) {
        out.writeStringField("oldest", last.oldest().get().toString());
      }
      out.writeStringField("outcome", last.outcome());
      if (!last.detail().isEmpty()) {
        out.writeStringField("detail", last.detail());
      }
      out.writeEndObject();
    }
    if (entry.behind().isPresent()) {
      out.writeNumberField("behind", entry.behind().get());
    }
    if (entry.told().isPresent()) {
      out.writeStringField(
          "told",
          entry.isAskedToCome()
              ? "asked-to-come"
              : entry.told().get() instanceof NodeRecord.Told.Retired ? "disabled" : "catching-up");
    }
    if (entry.awaited()) {
      out.writeBooleanField("awaited", true);
    }
    out.writeStringField("condition", entry.condition());
    if (entry.reason().isPresent()) {
      out.writeStringField("reason", entry.reason().get());
    }
    if (entry.remedy().isPresent()) {
      out.writeStringField("remedy", entry.remedy().get());
    }
    Optional<String> command = commands.help(entry);
    if (command.isPresent()) {
      out.writeStringField("command", command.get());
    }
    out.writeEndObject();
  }

  static void token(NodeToken token, JsonGenerator out) throws IOException {
    out.writeStartObject();
    out.writeStringField("id", token.hash().toHex());
    out.writeStringField("node", Long.toString(token.node()));
    out.writeStringField("made", token.made().toString());
    out.writeEndObject();
  }

  /** The only time that a token is shown. */
  static void made(String token, JsonGenerator out) throws IOException {
    out.writeStartObject();
    out.writeStringField("token", token);
    out.writeEndObject();
  }
}
