package dev.tka.store.etcd;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.tka.core.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of etcd's gateway: keys and values are in base64, numbers of 64 bits are strings, and
 * what is zero, false or empty is left out. Fields that are not known are skipped.
 */
final class Messages {
  /** Longer than any value in base64. */
  private static final int LONGEST_STRING = 256 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(LONGEST_STRING).build())
          .build();

  private Messages() {}

  /**
   * What each answer says of the state of etcd.
   *
   * @param cluster the cluster's number
   * @param revision the newest revision when it was answered; for a read, at least that of the
   *     moment when it was asked
   */
  record Header(long cluster, long revision) {}

  /**
   * The keys of a range.
   *
   * @param more whether there are more keys in the range
   */
  record Range(Header header, List<KeyValue> found, boolean more) {}

  /**
   * What became of a transaction.
   *
   * @param held whether its conditions held
   * @param read what its reads found, in order; those of the branch that was taken
   */
  record Done(Header header, boolean held, List<Optional<KeyValue>> read) {}

  /**
   * A change that a watch reports.
   *
   * @param change the key with its value; of a deleted key, the value is empty
   */
  record Event(boolean deleted, KeyValue change) {}

  /**
   * A line of a watch.
   *
   * @param canceled why the watch has ended; empty if it goes on
   * @param compacted the oldest revision that is still there, if the watch ended for that
   * @param fragment whether more of the same follows
   */
  record Told(
      Header header,
      boolean created,
      Optional<String> canceled,
      long compacted,
      boolean fragment,
      List<Event> events) {}

  /** An error of etcd. */
  record Problem(int code, String message) {}

  private interface Writing {
    void to(JsonGenerator out) throws IOException;
  }

  private static byte[] write(Writing fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      fields.to(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return bytes.toByteArray();
  }

  private static void key(JsonGenerator out, String name, String key) throws IOException {
    out.writeFieldName(name);
    out.writeBinary(key.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void range(JsonGenerator out, String from, String end) throws IOException {
    key(out, "key", from);
    key(out, "range_end", end);
  }

  private static void number(JsonGenerator out, String name, long value) throws IOException {
    out.writeStringField(name, Long.toString(value));
  }

  /**
   * Asks for the keys of a range, in order.
   *
   * @param revision 0 for the newest
   * @param limit the most keys
   */
  static byte[] range(String from, String end, long revision, int limit) {
    return write(
        out -> {
          range(out, from, end);
          number(out, "revision", revision);
          number(out, "limit", limit);
        });
  }

  /** Asks for the keys of a range as {@link #range} does, without their values. */
  static byte[] keys(String from, String end, long revision, int limit) {
    return write(
        out -> {
          range(out, from, end);
          number(out, "revision", revision);
          number(out, "limit", limit);
          out.writeBooleanField("keys_only", true);
        });
  }

  /** Asks for one key. */
  static byte[] get(String key, long revision) {
    return write(
        out -> {
          key(out, "key", key);
          number(out, "revision", revision);
        });
  }

  /** Asks for a transaction. */
  static byte[] transaction(
      List<Condition> conditions, List<Operation> then, List<Operation> otherwise) {
    return write(
        out -> {
          out.writeArrayFieldStart("compare");
          for (Condition each : conditions) {
            out.writeStartObject();
            key(out, "key", each.key());
            out.writeStringField("result", "EQUAL");
            if (each.value().isPresent()) {
              out.writeStringField("target", "VALUE");
              out.writeFieldName("value");
              out.writeBinary(each.value().get().toByteArray());
            } else {
              out.writeStringField("target", "MOD");
              number(out, "mod_revision", each.modified());
            }
            out.writeEndObject();
          }
          out.writeEndArray();
          operations(out, "success", then);
          operations(out, "failure", otherwise);
        });
  }

  private static void operations(JsonGenerator out, String name, List<Operation> operations)
      throws IOException {
    out.writeArrayFieldStart(name);
    for (Operation each : operations) {
      out.writeStartObject();
      if (each instanceof Operation.Put put) {
        out.writeObjectFieldStart("request_put");
        key(out, "key", put.key());
        out.writeFieldName("value");
        out.writeBinary(put.value().toByteArray());
      } else if (each instanceof Operation.Delete delete) {
        out.writeObjectFieldStart("request_delete_range");
        range(out, delete.from(), delete.end());
      } else if (each instanceof Operation.Get get) {
        out.writeObjectFieldStart("request_range");
        key(out, "key", get.key());
      } else if (each instanceof Operation.Any any) {
        out.writeObjectFieldStart("request_range");
        range(out, any.from(), any.end());
        number(out, "limit", 1);
        out.writeBooleanField("keys_only", true);
      }
      out.writeEndObject();
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  /**
   * Asks for what changes in a range. A line has at most some 2 MB: what is longer comes in
   * fragments.
   *
   * @param start the first revision
   */
  static byte[] watch(String from, String end, long start) {
    return write(
        out -> {
          out.writeObjectFieldStart("create_request");
          range(out, from, end);
          number(out, "start_revision", start);
          out.writeBooleanField("fragment", true);
          out.writeEndObject();
        });
  }

  /** Asks for a token. */
  static byte[] authenticate(String user, String password) {
    return write(
        out -> {
          out.writeStringField("name", user);
          out.writeStringField("password", password);
        });
  }

  /** Reads a field of an object; the parser is at its value. */
  private interface Field {
    void read(String name, JsonParser in) throws IOException;
  }

  /** Reads an object whose beginning was read, to its end. */
  private static void fields(JsonParser in, Field field) throws IOException {
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw new IOException("expected an object in etcd's JSON, found " + in.currentToken());
    }
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String name = in.currentName();
      in.nextToken();
      field.read(name, in);
    }
    if (in.currentToken() != JsonToken.END_OBJECT) {
      throw new IOException("expected the end of an object in etcd's JSON");
    }
  }

  private static void each(JsonParser in, Field item) throws IOException {
    while (in.nextToken() != JsonToken.END_ARRAY) {
      if (in.currentToken() == null) {
        throw new IOException("expected the end of a list in etcd's JSON");
      }
      item.read("", in);
    }
  }

  private static long number(JsonParser in) throws IOException {
    try {
      return Long.parseUnsignedLong(in.getText());
    } catch (NumberFormatException e) {
      throw new IOException("expected a number in etcd's JSON", e);
    }
  }

  private static JsonParser parser(byte[] json) throws IOException {
    JsonParser in = FACTORY.createParser(json);
    in.nextToken();
    return in;
  }

  /** Collects what the fields of an answer say. */
  private static final class Answer implements Field {
    Header header = new Header(0, 0);
    final List<KeyValue> found = new ArrayList<>();
    boolean more;
    boolean held;
    final List<Optional<KeyValue>> read = new ArrayList<>();
    String token = "";

    @Override
    public void read(String name, JsonParser in) throws IOException {
      switch (name) {
        case "header" -> header = Messages.header(in);
        case "kvs" -> each(in, (item, at) -> found.add(keyValue(at)));
        case "more" -> more = in.getBooleanValue();
        case "succeeded" -> held = in.getBooleanValue();
        case "responses" -> each(in, (item, at) -> fields(at, this::response));
        case "token" -> token = in.getText();
        default -> in.skipChildren();
      }
    }

    private void response(String name, JsonParser in) throws IOException {
      if (name.equals("response_range")) {
        Answer range = new Answer();
        fields(in, range);
        read.add(range.found.stream().findFirst());
      } else {
        in.skipChildren();
      }
    }
  }

  private static Header header(JsonParser in) throws IOException {
    long[] numbers = {0, 0};
    fields(
        in,
        (name, at) -> {
          switch (name) {
            case "cluster_id" -> numbers[0] = number(at);
            case "revision" -> numbers[1] = number(at);
            default -> at.skipChildren();
          }
        });
    return new Header(numbers[0], numbers[1]);
  }

  private static KeyValue keyValue(JsonParser in) throws IOException {
    String[] key = {""};
    Bytes[] value = {Bytes.empty()};
    long[] modified = {0};
    fields(
        in,
        (name, at) -> {
          switch (name) {
            case "key" -> key[0] = new String(at.getBinaryValue(), StandardCharsets.ISO_8859_1);
            case "value" -> value[0] = Bytes.copyOf(at.getBinaryValue());
            case "mod_revision" -> modified[0] = number(at);
            default -> at.skipChildren();
          }
        });
    return new KeyValue(key[0], value[0], modified[0]);
  }

  private static Answer answer(byte[] json) throws IOException {
    Answer answer = new Answer();
    try (JsonParser in = parser(json)) {
      fields(in, answer);
    }
    return answer;
  }

  static Range readRange(byte[] json) throws IOException {
    Answer answer = answer(json);
    return new Range(answer.header, answer.found, answer.more);
  }

  static Done readTransaction(byte[] json) throws IOException {
    Answer answer = answer(json);
    return new Done(answer.header, answer.held, answer.read);
  }

  static String readToken(byte[] json) throws IOException {
    return answer(json).token;
  }

  /** Reads an error; what is no JSON, as of a proxy, is taken as it is. */
  static Problem readProblem(byte[] body) {
    try (JsonParser in = parser(body)) {
      return problem(in);
    } catch (IOException e) {
      return new Problem(0, "an answer that is not etcd's");
    }
  }

  private static Problem problem(JsonParser in) throws IOException {
    int[] code = {0};
    String[] message = {""};
    fields(
        in,
        (name, at) -> {
          switch (name) {
            case "code", "grpc_code" -> code[0] = (int) number(at);
            case "message", "error" -> message[0] = at.getText();
            default -> at.skipChildren();
          }
        });
    return new Problem(code[0], message[0]);
  }

  /** Reads the lines of a watch. */
  static final class Lines {
    private final InputStream stream;
    private @Nullable JsonParser parser;

    Lines(InputStream stream) {
      this.stream = stream;
    }

    /** A parser waits for the first bytes when it is made. */
    private JsonParser parser() throws IOException {
      JsonParser made = parser;
      if (made == null) {
        made = FACTORY.createParser(stream);
        parser = made;
      }
      return made;
    }

    /**
     * Waits for the next line; empty at the end.
     *
     * @throws IOException if the stream is lost, or its line is an error
     */
    Optional<Told> next() throws IOException {
      JsonParser in = parser();
      if (in.nextToken() == null) {
        return Optional.empty();
      }
      Told[] told = new Told[1];
      fields(
          in,
          (name, at) -> {
            switch (name) {
              case "result" -> told[0] = told(at);
              case "error" -> throw new IOException(problem(at).message());
              default -> at.skipChildren();
            }
          });
      return Optional.ofNullable(told[0]);
    }

    private static Told told(JsonParser in) throws IOException {
      Header[] header = {new Header(0, 0)};
      boolean[] flags = {false, false, false};
      String[] reason = {""};
      long[] compacted = {0};
      List<Event> events = new ArrayList<>();
      fields(
          in,
          (name, at) -> {
            switch (name) {
              case "header" -> header[0] = header(at);
              case "created" -> flags[0] = at.getBooleanValue();
              case "canceled" -> flags[1] = at.getBooleanValue();
              case "fragment" -> flags[2] = at.getBooleanValue();
              case "cancel_reason" -> reason[0] = at.getText();
              case "compact_revision" -> compacted[0] = number(at);
              case "events" -> each(at, (item, event) -> events.add(event(event)));
              default -> at.skipChildren();
            }
          });
      return new Told(
          header[0],
          flags[0],
          flags[1] ? Optional.of(reason[0]) : Optional.empty(),
          compacted[0],
          flags[2],
          events);
    }

    private static Event event(JsonParser in) throws IOException {
      boolean[] deleted = {false};
      KeyValue[] change = {new KeyValue("", Bytes.empty(), 0)};
      fields(
          in,
          (name, at) -> {
            switch (name) {
              case "type" -> deleted[0] = at.getText().equals("DELETE");
              case "kv" -> change[0] = keyValue(at);
              default -> at.skipChildren();
            }
          });
      return new Event(deleted[0], change[0]);
    }
  }
}
