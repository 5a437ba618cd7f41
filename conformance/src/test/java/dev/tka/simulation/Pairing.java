package dev.tka.simulation;

/** Whose rules control and the nodes follow. */
enum Pairing {
  /** Protocol, section 10 at both ends. */
  A(true, true),
  /** A control of protocol sections 4 to 6 only, and our nodes. */
  B(false, true),
  /** Our control, and nodes of protocol sections 4 to 6 only, with the reference's caps. */
  C(true, false),
  /** Our node agent and our control service, which exchange messages in bytes. */
  S(true, true),
  /** The reference's rules at both ends: they show what protocol section 10 is for. */
  R(false, false);

  private final boolean ourControl;
  private final boolean ourNodes;

  Pairing(boolean ourControl, boolean ourNodes) {
    this.ourControl = ourControl;
    this.ourNodes = ourNodes;
  }

  boolean ourControl() {
    return ourControl;
  }

  /** True where both ends follow protocol section 10. */
  boolean isOurs() {
    return ourControl && ourNodes;
  }

  boolean ourNodes() {
    return ourNodes;
  }
}
