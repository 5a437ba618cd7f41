package dev.tka.control.move;

import dev.tka.store.MemoryTailnets;
import dev.tka.store.Tailnets;

final class MemoryMoveTest extends MoveContract {
  @Override
  Tailnets source() {
    return new MemoryTailnets();
  }

  @Override
  Tailnets target() {
    return new MemoryTailnets();
  }
}
