package dev.tka.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.tka.core.Aum;
import dev.tka.core.AumHash;
import dev.tka.core.AumSignature;
import dev.tka.core.Bytes;
import dev.tka.core.DecodeException;
import dev.tka.core.Key;
import dev.tka.core.LockPublicKey;
import dev.tka.core.TextException;
import dev.tka.core.authority.Thresholds;
import dev.tka.store.records.AuthorityName;
import dev.tka.store.records.Proposal;
import dev.tka.store.records.ProposalStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Thresholds and proposals as the service has them in JSON (service, sections 10 and 11). */
final class ProposalFields {
  private static final JsonFactory FACTORY = new JsonFactory();

  private ProposalFields() {}

  static Thresholds thresholds(Fields fields) throws IOException {
    try {
      return new Thresholds(
          fields.count("addKey").orElse(0L),
          fields.count("removeKey").orElse(0L),
          fields.count("checkpoint").orElse(0L),
          fields.count("disable").orElse(0L));
    } catch (IllegalArgumentException e) {
      throw new Fields.Bad("expected thresholds, found larger numbers");
    }
  }

  static ProposalStatus status(Fields fields) throws IOException {
    Optional<Bytes> update = fields.base64("update");
    List<Aum> operations = new ArrayList<>();
    for (String each : fields.texts("operations")) {
      operations.add(aum("operations", base64("operations", each)));
    }
    List<AumSignature> signatures = new ArrayList<>();
    for (Fields each : fields.objects("signatures")) {
      signatures.add(AumSignature.of(key(each).bytes(), bytes(each, "signature")));
    }
    List<Bytes> before = new ArrayList<>();
    for (String each : fields.texts("signAgain")) {
      try {
        before.add(LockPublicKey.parse(each).bytes());
      } catch (TextException e) {
        throw new Fields.Bad("signAgain: " + e.getMessage());
      }
    }
    Proposal proposal =
        new Proposal(
            fields.requireText("id"),
            new AuthorityName(
                fields.hash("genesis").orElseThrow(() -> new Fields.Bad("expected a genesis")),
                unsigned(fields, "stateId1"),
                unsigned(fields, "stateId2")),
            fields.requireTime("at"),
            update.isPresent()
                ? new Proposal.Subject.Edits(
                    operations, aum("update", update.get()), fields.flag("complete"))
                : new Proposal.Subject.Disable(),
            signatures,
            before,
            outcome(fields));
    return new ProposalStatus(
        proposal,
        fields.requireCount("needed"),
        fields.requireCount("has"),
        keys(fields, "signed"),
        keys(fields, "missing"));
  }

  private static Optional<Proposal.Outcome> outcome(Fields fields) throws IOException {
    Optional<Instant> at = fields.time("endedAt");
    if (at.isEmpty()) {
      return Optional.empty();
    }
    Optional<AumHash> aum = fields.hash("aum");
    return Optional.of(
        fields.requireText("state").equals("done")
            ? new Proposal.Outcome.Done(at.get(), aum)
            : new Proposal.Outcome.Ended(at.get(), fields.text("reason").orElse("")));
  }

  private static List<Key> keys(Fields fields, String name) throws IOException {
    List<Key> keys = new ArrayList<>();
    for (Fields each : fields.objects(name)) {
      keys.add(Key.of(key(each), 1).withVotes(each.requireCount("votes")));
    }
    return keys;
  }

  private static LockPublicKey key(Fields fields) throws IOException {
    return fields.lockKey("key").orElseThrow(() -> new Fields.Bad("expected a key, found none"));
  }

  private static Bytes bytes(Fields fields, String name) throws IOException {
    return fields.base64(name).orElseThrow(() -> new Fields.Bad("expected a field " + name));
  }

  private static long unsigned(Fields fields, String name) throws IOException {
    try {
      return Long.parseUnsignedLong(fields.requireText(name));
    } catch (NumberFormatException e) {
      throw new Fields.Bad(name + ": expected a number, found other text");
    }
  }

  private static Aum aum(String name, Bytes encoded) throws IOException {
    try {
      return Aum.decode(encoded.toByteArray());
    } catch (DecodeException e) {
      throw new Fields.Bad(name + ": expected AUMs, found something else");
    }
  }

  private static Bytes base64(String name, String text) throws IOException {
    try {
      return Bytes.copyOf(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw new Fields.Bad(name + ": expected base64, found other text");
    }
  }

  static byte[] text(Map<Thresholds.Kind, Long> votes) {
    return json(
        out -> {
          for (Map.Entry<Thresholds.Kind, Long> each : votes.entrySet()) {
            out.writeNumberField(field(each.getKey()), each.getValue());
          }
        });
  }

  private static String field(Thresholds.Kind kind) {
    return switch (kind) {
      case ADD_KEY -> "addKey";
      case REMOVE_KEY -> "removeKey";
      case CHECKPOINT -> "checkpoint";
      case DISABLE -> "disable";
    };
  }

  static byte[] text(List<Aum> operations) {
    return json(
        out -> {
          if (operations.isEmpty()) {
            out.writeBooleanField("disable", true);
            return;
          }
          out.writeArrayFieldStart("operations");
          for (Aum each : operations) {
            out.writeString(base64(each.encoded()));
          }
          out.writeEndArray();
        });
  }

  static byte[] text(Bytes over, AumSignature signature) {
    return json(
        out -> {
          out.writeStringField("key", LockPublicKey.textOf(signature.signerId()));
          out.writeStringField("sigHash", base64(over));
          out.writeStringField("signature", base64(signature.signatureBytes()));
        });
  }

  private static String base64(Bytes bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Writes the fields of an object. */
  @FunctionalInterface
  private interface Writing {
    void to(JsonGenerator out) throws IOException;
  }

  private static byte[] json(Writing writing) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      writing.to(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("memory can be written", e);
    }
    return bytes.toByteArray();
  }
}
