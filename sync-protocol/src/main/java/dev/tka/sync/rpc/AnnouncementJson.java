package dev.tka.sync.rpc;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tka.core.AumHash;
import dev.tka.core.TextException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** Announcements as they stand in a node's map, under {@code TKAInfo} (protocol, section 8). */
public final class AnnouncementJson {
  /**
   * The longest announcement, in bytes: a head and a flag, and room for fields that are unknown.
   */
  public static final int MAX_BYTES = 16 << 10;

  private static final String HEAD = "Head";
  private static final String DISABLED = "Disabled";

  private AnnouncementJson() {}

  /** Writes one as an object. */
  public static void write(Announcement announcement, JsonGenerator out) throws IOException {
    out.writeStartObject();
    if (announcement instanceof Announcement.Enabled enabled) {
      out.writeStringField(HEAD, enabled.head().toString());
    } else if (announcement instanceof Announcement.Disabled) {
      out.writeBooleanField(DISABLED, true);
    }
    out.writeEndObject();
  }

  /**
   * Reads one. {@code Disabled} counts before a head.
   *
   * @throws TextException if it is not an announcement; the message quotes nothing
   * @throws IOException if the stream cannot be read
   */
  public static Announcement read(InputStream in) throws TextException, IOException {
    AnnouncementFields fields = new AnnouncementFields();
    JsonFields.readObject(in, MAX_BYTES, fields);
    if (fields.disabled) {
      return new Announcement.Disabled();
    }
    return fields
        .head
        .<Announcement>map(Announcement.Enabled::new)
        .orElseGet(Announcement.Never::new);
  }

  private static final class AnnouncementFields implements JsonFields.Receiver {
    private Optional<AumHash> head = Optional.empty();
    private boolean disabled;

    @Override
    public boolean field(String name, JsonFields in) throws TextException, IOException {
      switch (name) {
        case HEAD -> head = in.hash(name);
        case DISABLED -> disabled = in.bool(name);
        default -> {
          return false;
        }
      }
      return true;
    }
  }
}
