package dev.tka.control.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tka.control.Announcement;
import java.io.IOException;
import java.util.List;

/** Announcements, and the lines of a watch, as JSON (service, section 10). */
final class WatchJson {
  private WatchJson() {}

  /** What goes into a node's map. */
  static void announcement(Announcement announcement, JsonGenerator out) throws IOException {
    out.writeStartObject();
    if (announcement instanceof Announcement.Enabled enabled) {
      out.writeStringField("Head", enabled.head().toString());
    } else if (announcement instanceof Announcement.Disabled) {
      out.writeBooleanField("Disabled", true);
    }
    out.writeEndObject();
  }

  static byte[] announcement(Announcement announcement) {
    return Json.bytes(out -> announcement(announcement, out));
  }

  static void line(WatchSource.Line line, JsonGenerator out) throws IOException {
    out.writeStartObject();
    if (line instanceof WatchSource.Line.Change change) {
      out.writeStringField("tailnet", change.tailnet());
      out.writeStringField("token", change.token());
      out.writeFieldName("announcement");
      announcement(change.announcement(), out);
      numbers("differs", change.differs(), out);
      numbers("signatures", change.signatures(), out);
    } else if (line instanceof WatchSource.Line.Resync resync) {
      if (resync.tailnet().isPresent()) {
        out.writeStringField("tailnet", resync.tailnet().get());
      }
      out.writeStringField("token", resync.token());
      out.writeBooleanField("resync", true);
    } else if (line instanceof WatchSource.Line.Moved moved) {
      out.writeStringField("tailnet", moved.tailnet());
      out.writeStringField("token", moved.token());
      out.writeStringField("moved", moved.url());
    } else {
      out.writeStringField("token", line.token());
      out.writeBooleanField(line instanceof WatchSource.Line.Beat ? "beat" : "reconnect", true);
    }
    out.writeEndObject();
  }

  /** Nobody reads a list that says nothing. */
  private static void numbers(String field, List<Long> numbers, JsonGenerator out)
      throws IOException {
    out.writeArrayFieldStart(field);
    for (Long each : numbers) {
      out.writeString(each.toString());
    }
    out.writeEndArray();
  }

  /** A line as a server-sent event: its token is the event's id. */
  static byte[] event(WatchSource.Line line) {
    byte[] json = Json.bytes(out -> line(line, out));
    byte[] before =
        ("id: " + line.token() + "\ndata: ").getBytes(java.nio.charset.StandardCharsets.UTF_8);
    byte[] all = new byte[before.length + json.length + 2];
    System.arraycopy(before, 0, all, 0, before.length);
    System.arraycopy(json, 0, all, before.length, json.length);
    all[all.length - 2] = '\n';
    all[all.length - 1] = '\n';
    return all;
  }

  /** A line of text. */
  static byte[] text(WatchSource.Line line) {
    byte[] json = Json.bytes(out -> line(line, out));
    byte[] all = java.util.Arrays.copyOf(json, json.length + 1);
    all[json.length] = '\n';
    return all;
  }
}
