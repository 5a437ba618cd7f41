package dev.tka.simulation;

import dev.tka.core.Aum;
import dev.tka.core.AumKind;
import dev.tka.core.Bytes;
import dev.tka.core.State;
import dev.tka.sync.SyncAnswer;
import dev.tka.sync.SyncOffer;
import dev.tka.sync.SyncSend;
import dev.tka.sync.rpc.Announcement;
import dev.tka.sync.rpc.RpcAnswer;
import dev.tka.testkit.TestKeys;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The control of another tailnet, with keys that nobody here knows. */
final class ForeignControl implements ControlPort {
  private static final int KEY = 810_001;

  private static final Aum GENESIS =
      Signing.sign(
          Aum.builder(AumKind.CHECKPOINT)
              .state(
                  State.of(
                      List.of(Bytes.copyOf(new byte[State.DISABLEMENT_VALUE_SIZE])),
                      List.of(TestKeys.key(KEY, 1)),
                      70,
                      80))
              .build(),
          List.of(KEY));

  private static final Aum HEAD =
      Signing.sign(
          Aum.builder(AumKind.NO_OP).parent(GENESIS.hash()).meta(Map.of("a", "b")).build(),
          List.of(KEY));

  /** Whether its answers say how its authority began. */
  private final boolean withGenesis;

  ForeignControl(boolean withGenesis) {
    this.withGenesis = withGenesis;
  }

  @Override
  public Announcement announced() {
    return new Announcement.Enabled(HEAD.hash());
  }

  @Override
  public Optional<RpcAnswer> bootstrap() {
    return Optional.of(new RpcAnswer.Bootstrap(Optional.of(GENESIS.encoded()), Optional.empty()));
  }

  @Override
  public SyncAnswer offer(SyncOffer offer) {
    return new SyncAnswer(
        new SyncOffer(HEAD.hash(), List.of(GENESIS.hash())),
        withGenesis ? List.of(GENESIS.encoded(), HEAD.encoded()) : List.of(HEAD.encoded()));
  }

  @Override
  public Reply send(SyncSend send) {
    return Reply.of(HEAD.hash());
  }
}
