package dev.tka.simulation;

import java.util.Locale;

/** What an adversary tries in a scenario. */
enum Attack {
  NONE,
  /** A rotated-out key rewrites at an honest control. */
  OLD_KEY,
  /** A rotated-out key rewrites, and a lying control serves it. */
  OLD_KEY_AND_CONTROL,
  /** A stolen key removes its accusers, is revoked, and answers in kind. */
  STOLEN_KEY,
  /** A control that withholds, replays, or acknowledges falsely. */
  LYING_CONTROL,
  /** Losing AUMs without end. */
  FLOOD;

  String describe() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
