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
  FLOOD,
  /** A removed key shields a stolen key's rewrite. */
  SHIELD,
  /** A key that was lowered for good rewrites from before. */
  LOWERED,
  /** A removed key rewrites after an honest rewrite from below its removal. */
  YOUNG,
  /** A thief revives a removed key and lets it co-sign. */
  REVIVE,
  /** A thief takes all keys away and gives them back; a month later he is revoked. */
  STRIP,
  /** A lying control, or a file, shows a node removals that control never saw. */
  PLANT;

  String describe() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
