package dev.tka.control.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tka.control.WatchLine;
import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.AnnouncementJson;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/** Announcements, and the lines of a watch, as JSON (service, section 10). */
final class WatchJson {
  private WatchJson() {}

  /** What goes into a node's map. */
  static byte[] announcement(Announcement announcement) {
    return Json.bytes(out -> AnnouncementJson.write(announcement, out));
  }

  /** The announcement that has an entity tag; empty if none has it. */
  static Optional<Announcement> tagged(String tag) {
    String strong = tag.startsWith("W/") ? tag.substring(2) : tag;
    for (Announcement each : List.of(new Announcement.Disabled(), new Announcement.Never())) {
      if (each.etag().equals(strong)) {
        return Optional.of(each);
      }
    }
    try {
      return strong.length() < 2
          ? Optional.empty()
          : Optional.of(
              new Announcement.Enabled(AumHash.parse(strong.substring(1, strong.length() - 1))));
    } catch (TextException e) {
      return Optional.empty();
    }
  }

  private static void line(WatchLine line, JsonGenerator out) throws IOException {
    out.writeStartObject();
    if (line instanceof WatchLine.Change change) {
      out.writeStringField("tailnet", change.tailnet());
    } else if (line instanceof WatchLine.Moved moved) {
      out.writeStringField("tailnet", moved.tailnet());
    }
    out.writeStringField("token", line.token().text());
    if (line instanceof WatchLine.Change change) {
      out.writeFieldName("announcement");
      AnnouncementJson.write(change.announcement(), out);
      numbers("differs", change.differs(), out);
      numbers("signatures", change.signatures(), out);
    } else if (line instanceof WatchLine.Moved moved) {
      out.writeStringField("moved", moved.server().map(URI::toString).orElse(""));
    } else {
      out.writeBooleanField(
          line instanceof WatchLine.Resync
              ? "resync"
              : line instanceof WatchLine.Beat ? "beat" : "reconnect",
          true);
    }
    out.writeEndObject();
  }

  private static void numbers(String field, List<Long> numbers, JsonGenerator out)
      throws IOException {
    out.writeArrayFieldStart(field);
    for (Long each : numbers) {
      out.writeString(each.toString());
    }
    out.writeEndArray();
  }

  /** A line as a server-sent event: its token is the event's id. */
  static byte[] event(WatchLine line) {
    byte[] json = Json.bytes(out -> line(line, out));
    byte[] before =
        ("id: " + line.token().text() + "\ndata: ")
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    byte[] all = new byte[before.length + json.length + 2];
    System.arraycopy(before, 0, all, 0, before.length);
    System.arraycopy(json, 0, all, before.length, json.length);
    all[all.length - 2] = '\n';
    all[all.length - 1] = '\n';
    return all;
  }

  /** A line of text. */
  static byte[] text(WatchLine line) {
    byte[] json = Json.bytes(out -> line(line, out));
    byte[] all = java.util.Arrays.copyOf(json, json.length + 1);
    all[json.length] = '\n';
    return all;
  }
}
