package dev.tka.conformance;

import dev.tka.core.nodekey.DeepLink;
import dev.tka.core.nodekey.DeepLinkException;
import java.util.List;
import java.util.Optional;

/** {@code deeplink.jsonl}: sign-device links, made and checked. */
final class DeepLinkVectors implements Checker {
  /** Links that the reference accepts and we refuse (protocol, section 7). */
  private static final List<String> REFUSED = List.of("os is required", "not UTF-8");

  @Override
  public void check(GoldenCase golden) throws Mismatch {
    long stateId1 = golden.unsigned("state_id1");
    String op = golden.text("op");
    switch (op) {
      case "new" -> checkNew(golden, stateId1);
      case "validate" -> checkValidate(golden, stateId1);
      default -> throw new Mismatch("unknown op: " + op);
    }
  }

  private static void checkNew(GoldenCase golden, long stateId1) throws Mismatch {
    GoldenCase fields = golden.object("fields");
    String nodeKey = fields.text("node_key");
    String rotationKey = fields.text("tl_pub");
    String deviceName = fields.text("device_name");
    String osName = fields.text("os_name");
    String loginName = fields.text("login_name");
    golden.requireError("error", golden.optionalText("link").isEmpty());
    Optional<String> made;
    try {
      made =
          Optional.of(
              new DeepLink(nodeKey, rotationKey, deviceName, osName, loginName).toText(stateId1));
    } catch (DeepLinkException | IllegalArgumentException e) {
      made = Optional.empty();
    }
    Mismatch.require("link", golden.optionalText("link"), made);
  }

  private static void checkValidate(GoldenCase golden, long stateId1) throws Mismatch {
    Optional<String> quirk = golden.optionalText("quirk");
    boolean valid = golden.flag("valid");
    golden.requireError("error", !valid);
    if (quirk.isPresent()) {
      if (!REFUSED.contains(quirk.get())) {
        throw new Mismatch("unknown quirk: " + quirk.get());
      }
      valid = false;
    }
    if (!valid) {
      golden.informative("parsed", "parsed_hex");
    }
    DeepLink found;
    try {
      found = DeepLink.verify(golden.text("link"), stateId1);
    } catch (DeepLinkException e) {
      Mismatch.require("valid (" + e.getMessage() + ")", valid, false);
      return;
    }
    Mismatch.require("valid", valid, true);
    GoldenCase parsed = golden.object("parsed");
    Mismatch.require(
        "parsed",
        new DeepLink(
            parsed.text("node_key"),
            parsed.text("tl_pub"),
            parsed.text("device_name"),
            parsed.text("os_name"),
            parsed.text("login_name")),
        found);
  }
}
