package dev.tka.control.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tka.core.Aum;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TextException;
import dev.tka.core.authority.Thresholds;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Thresholds and proposals, as JSON (service, sections 10 and 11; see the OpenAPI document). */
final class ProposalJson {
  private static final Map<String, Thresholds.Kind> KINDS =
      Map.of(
          "addKey", Thresholds.Kind.ADD_KEY,
          "removeKey", Thresholds.Kind.REMOVE_KEY,
          "checkpoint", Thresholds.Kind.CHECKPOINT,
          "disable", Thresholds.Kind.DISABLE);

  private ProposalJson() {}

  /**
   * What is to be proposed.
   *
   * @param operations edits of keys; empty for the end of the authority
   */
  record Wanted(List<Aum> operations) {}

  static void thresholds(Thresholds thresholds, JsonGenerator out) throws IOException {
    out.writeStartObject();
    out.writeNumberField("addKey", thresholds.addKey());
    out.writeNumberField("removeKey", thresholds.removeKey());
    out.writeNumberField("checkpoint", thresholds.checkpoint());
    out.writeNumberField("disable", thresholds.disable());
    out.writeEndObject();
  }

  /** Reads the thresholds to set; one that is left out stays as it is. */
  static Map<Thresholds.Kind, Long> thresholds(byte[] body) throws IOException, HttpFailure {
    Map<Thresholds.Kind, Long> read = new EnumMap<>(Thresholds.Kind.class);
    read(
        body,
        (field, parser) -> {
          Thresholds.Kind kind = KINDS.get(field);
          if (kind == null) {
            throw HttpFailure.malformed(
                "found an unknown field, expected only addKey, removeKey, checkpoint and disable");
          }
          read.put(kind, votes(field, parser));
        });
    return read;
  }

  private static long votes(String field, JsonParser parser) throws IOException, HttpFailure {
    Json.require(JsonToken.VALUE_NUMBER_INT, parser, () -> field + " as a whole number");
    String text = parser.getText();
    if (!text.matches("[0-9]{1,9}") || Long.parseLong(text) > Thresholds.MOST) {
      throw HttpFailure.malformed("expected " + field + " as 0 to " + Thresholds.MOST);
    }
    return Long.parseLong(text);
  }

  /** Reads what is to be proposed. */
  static Wanted wanted(byte[] body) throws IOException, HttpFailure {
    List<Aum> operations = new ArrayList<>();
    boolean[] disable = new boolean[1];
    read(
        body,
        (field, parser) -> {
          switch (field) {
            case "disable" -> {
              Json.require(JsonToken.VALUE_TRUE, parser, () -> "disable as true");
              disable[0] = true;
            }
            case "operations" -> {
              Json.require(JsonToken.START_ARRAY, parser, () -> "operations as a list");
              while (parser.nextToken() != JsonToken.END_ARRAY) {
                operations.add(aum(parser));
              }
            }
            default ->
                throw HttpFailure.malformed(
                    "found an unknown field, expected operations or disable");
          }
        });
    if (disable[0] != operations.isEmpty()) {
      throw HttpFailure.malformed("expected either operations or disable");
    }
    return new Wanted(operations);
  }

  private static Aum aum(JsonParser parser) throws IOException, HttpFailure {
    try {
      return Aum.decode(bytes("an operation", parser).toByteArray());
    } catch (DecodeException e) {
      throw HttpFailure.malformed("expected each operation as an AUM in base64");
    }
  }

  /**
   * A signature of a proposal.
   *
   * @param over the hash that was signed
   */
  record Approval(Bytes over, AumSignature signature) {}

  /** Reads a signature of a proposal. */
  static Approval approval(byte[] body) throws IOException, HttpFailure {
    Bytes[] found = {Bytes.empty(), Bytes.empty(), Bytes.empty()};
    read(
        body,
        (field, parser) -> {
          switch (field) {
            case "key" -> found[0] = key(parser);
            case "sigHash" -> found[1] = bytes(field, parser);
            case "signature" -> found[2] = bytes(field, parser);
            default ->
                throw HttpFailure.malformed(
                    "found an unknown field, expected only key, sigHash and signature");
          }
        });
    if (found[0].isEmpty()
        || found[1].size() != Aum.SIG_HASH_SIZE
        || found[2].size() != AumSignature.SIGNATURE_SIZE) {
      throw HttpFailure.malformed(
          "expected a key, the sigHash that was signed, and a signature of "
              + AumSignature.SIGNATURE_SIZE
              + " bytes");
    }
    return new Approval(found[1], AumSignature.of(found[0], found[2]));
  }

  private static Bytes key(JsonParser parser) throws IOException, HttpFailure {
    Json.require(JsonToken.VALUE_STRING, parser, () -> "key as a text");
    try {
      return LockPublicKey.parse(parser.getText()).bytes();
    } catch (TextException e) {
      throw HttpFailure.malformed("expected a key such as tlpub: and 64 hexadecimal digits");
    }
  }

  private static Bytes bytes(String what, JsonParser parser) throws IOException, HttpFailure {
    Json.require(JsonToken.VALUE_STRING, parser, () -> what + " as a text");
    try {
      return Bytes.copyOf(Base64.getDecoder().decode(parser.getText()));
    } catch (IllegalArgumentException e) {
      throw HttpFailure.malformed("expected " + what + " in padded base64");
    }
  }

  static void proposal(ProposalStatus status, JsonGenerator out) throws IOException {
    Proposal proposal = status.proposal();
    out.writeStartObject();
    out.writeStringField("id", proposal.id());
    out.writeStringField("state", state(status));
    out.writeStringField("at", proposal.at().toString());
    out.writeStringField("genesis", proposal.authority().genesis().toString());
    out.writeStringField("stateId1", Long.toUnsignedString(proposal.authority().stateId1()));
    out.writeStringField("stateId2", Long.toUnsignedString(proposal.authority().stateId2()));
    if (proposal.subject() instanceof Proposal.Subject.Edits edits) {
      out.writeArrayFieldStart("operations");
      for (Aum each : edits.operations()) {
        out.writeString(base64(each.encoded()));
      }
      out.writeEndArray();
      out.writeStringField("update", base64(edits.update().encoded()));
      out.writeBooleanField("complete", edits.complete());
    }
    out.writeStringField("sigHash", base64(proposal.sigHash()));
    out.writeNumberField("needed", status.needed());
    out.writeNumberField("has", status.has());
    out.writeArrayFieldStart("signatures");
    for (AumSignature each : proposal.signatures()) {
      out.writeStartObject();
      out.writeStringField("key", LockPublicKey.textOf(each.signerId()));
      out.writeStringField("signature", base64(each.signatureBytes()));
      out.writeEndObject();
    }
    out.writeEndArray();
    keys("signed", status.signed(), out);
    keys("missing", status.missing(), out);
    out.writeArrayFieldStart("signAgain");
    for (Bytes each : proposal.before()) {
      out.writeString(LockPublicKey.textOf(each));
    }
    out.writeEndArray();
    if (proposal.outcome().isPresent()) {
      Proposal.Outcome outcome = proposal.outcome().get();
      out.writeStringField("endedAt", outcome.at().toString());
      if (outcome instanceof Proposal.Outcome.Ended ended) {
        out.writeStringField("reason", ended.why());
      } else {
        Proposal.Outcome.Done done = (Proposal.Outcome.Done) outcome;
        if (done.update().isPresent()) {
          out.writeStringField("aum", done.update().get().toString());
        }
      }
    }
    out.writeEndObject();
  }

  private static String state(ProposalStatus status) {
    if (status.proposal().outcome().isEmpty()) {
      return status.approved() ? "approved" : "open";
    }
    return status.approved() ? "done" : "ended";
  }

  private static void keys(String name, List<Key> keys, JsonGenerator out) throws IOException {
    out.writeArrayFieldStart(name);
    for (Key each : keys) {
      out.writeStartObject();
      out.writeStringField("key", LockPublicKey.textOf(each.id()));
      out.writeNumberField("votes", each.votes());
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  private static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** What reads the value of a field, at which the parser is. */
  private interface ReadingField {
    void read(String field, JsonParser parser) throws IOException, HttpFailure;
  }

  /** Reads an object, each field of which is there at most once. */
  private static void read(byte[] body, ReadingField reading) throws IOException, HttpFailure {
    boolean unused =
        Json.read(
            new ByteArrayInputStream(body),
            parser -> {
              parser.nextToken();
              Json.require(JsonToken.START_OBJECT, parser, () -> "an object");
              Set<String> seen = new HashSet<>();
              while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = parser.currentName();
                if (!seen.add(field)) {
                  throw HttpFailure.malformed("a field is there twice");
                }
                parser.nextToken();
                reading.read(field, parser);
              }
              Json.requireEnd(parser);
              return true;
            });
  }
}
