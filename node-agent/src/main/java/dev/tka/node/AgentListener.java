package dev.tka.node;

/** Told what becomes of an agent that runs. Called by one thread at a time; must not block. */
public interface AgentListener {
  /** Hears nothing. */
  AgentListener NONE = event -> {};

  /** Something is different. */
  void changed(AgentEvent event);

  /**
   * The agent waits for something else than before.
   *
   * @param what for people, on one line
   */
  default void waits(String what) {}
}
