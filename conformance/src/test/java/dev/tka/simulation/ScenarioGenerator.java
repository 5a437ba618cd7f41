package dev.tka.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Draws scenarios. The mix is ours, not the field's: what is rare there is common here, and each
 * scenario has only some of the ingredients, so that each is also seen without the others.
 */
final class ScenarioGenerator {
  private static final int MOST_FOUNDERS = 5;
  private static final Duration YEAR = Duration.ofDays(365);
  private static final Event.Via VIA = Event.Via.CONTROL;

  private final Random random;
  private final List<Event> events = new ArrayList<>();
  private final int length;
  private final boolean staleEdits;
  private final boolean ownStores;
  private final boolean rotations;
  private final boolean revocations;
  private final boolean losses;
  private final boolean restarts;
  private final boolean joins;
  private final boolean restores;
  private final boolean voteChanges;
  private final boolean wrongClocks;
  private final boolean stops;
  private final boolean peers;
  private final boolean lies;
  private final boolean damages;
  private final boolean replicas;
  private int made;

  private ScenarioGenerator(Random random, Pairing pairing, Attack attack) {
    this.random = random;
    this.length = drawLength();
    this.staleEdits = chance(50);
    this.ownStores = chance(50);
    this.rotations = chance(attack == Attack.NONE ? 50 : 90);
    this.revocations = chance(45);
    this.losses = chance(40);
    this.restarts = chance(40);
    this.joins = chance(25);
    // A control that forgets is an adversary of its own: these two are never in one scenario.
    this.restores = attack == Attack.NONE && chance(8);
    this.voteChanges = chance(40);
    this.wrongClocks = chance(25);
    this.stops = chance(25);
    this.peers = pairing == Pairing.S;
    this.lies = peers && attack != Attack.NONE;
    this.damages = peers && chance(25);
    // Replicas on machines whose clocks disagree are one of those that are wrong.
    this.replicas = peers && !wrongClocks && !stops && chance(50);
  }

  private static final List<Event.Loss> LOSSES =
      List.of(Event.Loss.OFFER, Event.Loss.ANSWER, Event.Loss.SEND, Event.Loss.ACKNOWLEDGEMENT);

  /** What is drawn for seeds in a row, over and over. */
  private static final List<Kind> MIX =
      List.of(
          new Kind(Pairing.R, Attack.NONE, 3),
          new Kind(Pairing.A, Attack.NONE, 4),
          new Kind(Pairing.B, Attack.NONE, 3),
          new Kind(Pairing.C, Attack.NONE, 3),
          new Kind(Pairing.A, Attack.OLD_KEY, 1),
          new Kind(Pairing.A, Attack.OLD_KEY_AND_CONTROL, 2),
          new Kind(Pairing.A, Attack.STOLEN_KEY, 2),
          new Kind(Pairing.A, Attack.LYING_CONTROL, 1),
          new Kind(Pairing.A, Attack.FLOOD, 1),
          new Kind(Pairing.A, Attack.SHIELD, 2),
          new Kind(Pairing.A, Attack.LOWERED, 2),
          new Kind(Pairing.A, Attack.YOUNG, 2),
          new Kind(Pairing.A, Attack.REVIVE, 2),
          new Kind(Pairing.A, Attack.STRIP, 2),
          new Kind(Pairing.A, Attack.PLANT, 2),
          new Kind(Pairing.S, Attack.NONE, 4),
          new Kind(Pairing.S, Attack.OLD_KEY, 1),
          new Kind(Pairing.S, Attack.OLD_KEY_AND_CONTROL, 2),
          new Kind(Pairing.S, Attack.STOLEN_KEY, 2),
          new Kind(Pairing.S, Attack.LYING_CONTROL, 1),
          new Kind(Pairing.S, Attack.FLOOD, 1),
          new Kind(Pairing.S, Attack.SHIELD, 2),
          new Kind(Pairing.S, Attack.LOWERED, 2),
          new Kind(Pairing.S, Attack.YOUNG, 2),
          new Kind(Pairing.S, Attack.REVIVE, 2),
          new Kind(Pairing.S, Attack.STRIP, 2),
          new Kind(Pairing.S, Attack.PLANT, 2));

  /** One kind of scenario, and how many of them in a row. */
  private record Kind(Pairing pairing, Attack attack, int share) {}

  /** The scenario of a seed, of every kind in turn. */
  static Scenario draw(long seed) {
    long place = Math.floorMod(seed, (long) MIX.stream().mapToInt(Kind::share).sum());
    for (Kind kind : MIX) {
      place -= kind.share();
      if (place < 0) {
        return draw(seed, kind.pairing(), kind.attack());
      }
    }
    throw new IllegalStateException("the shares add up");
  }

  /** The scenario of a seed, of one kind. */
  static Scenario draw(long seed, Pairing pairing, Attack attack) {
    Random random = new Random(seed);
    List<Scenario.Founder> founders = new ArrayList<>();
    int count = random.nextInt(100) < 5 ? 1 : 2 + random.nextInt(MOST_FOUNDERS - 1);
    boolean equalVotes = random.nextBoolean();
    for (int i = 0; i < count; i++) {
      int votes = equalVotes ? 1 : 1 + random.nextInt(3);
      founders.add(new Scenario.Founder(votes, drawSkew(random)));
    }
    ScenarioGenerator generator = new ScenarioGenerator(random, pairing, attack);
    generator.drawEvents(attack);
    if (pairing == Pairing.S && generator.chance(attack == Attack.NONE ? 60 : 10)) {
      generator.drawEnd();
    }
    return new Scenario(seed, pairing, attack, true, founders, generator.events);
  }

  private void drawEvents(Attack attack) {
    while (made < length) {
      drawStep();
    }
    int attacks = attack == Attack.NONE ? 0 : 1 + random.nextInt(3);
    for (int i = 0; i < attacks; i++) {
      drawAttack(attack);
      for (int after = random.nextInt(4); after > 0; after--) {
        drawStep();
      }
    }
  }

  private void drawEnd() {
    events.add(
        new Event.EndLock(
            random.nextInt(64), chance(40), chance(30), chance(70), random.nextBoolean()));
  }

  private void drawAttack(Attack attack) {
    switch (attack) {
      case NONE -> {}
      case OLD_KEY -> {
        drawAging();
        drawAtWrongTime(YEAR.negated(), () -> events.add(drawRewrite()));
        events.add(drawRewrite());
      }
      case OLD_KEY_AND_CONTROL -> {
        drawAging();
        for (int i = 0; i < 3; i++) {
          events.add(new Event.Online(i));
          drawAtWrongTime(
              YEAR.negated(),
              () -> events.add(new Event.OldKeyRewriteServed(drawRewrite(), anyNode())));
        }
        events.add(new Event.SyncAll());
      }
      case STOLEN_KEY -> drawTheft();
      case LYING_CONTROL -> {
        events.add(new Event.Backup());
        for (int i = 0; i < 4; i++) {
          drawStep();
          Event.Lie lie = anyOf(peers ? List.of(Event.Lie.values()) : Event.Lie.OF_ENGINES);
          events.add(new Event.LyingSync(anyNode(), lie));
        }
        events.add(new Event.SyncAll());
      }
      case FLOOD -> {
        events.add(new Event.Steal(anyNode()));
        events.add(new Event.Flood(20 + random.nextInt(100), drawBulk(), random.nextInt(1000)));
        events.add(new Event.SyncAll());
      }
      case SHIELD -> {
        events.add(new Event.ChangeVotes(anyNode(), anyNode(), 1 + random.nextInt(10), VIA));
        drawAging();
        events.add(new Event.Steal(anyNode()));
        for (int i = 0; i < 3; i++) {
          drawAtWrongTime(
              YEAR.negated(),
              () -> events.add(new Event.ShieldedRewrite(drawRewrite(), chance(30), anyNode())));
        }
      }
      case LOWERED -> {
        events.add(new Event.Lower(anyNode(), 4 + random.nextInt(10), 1 + random.nextInt(3)));
        for (int i = 0; i < 3; i++) {
          drawAtWrongTime(
              YEAR.negated(),
              () ->
                  events.add(
                      new Event.LoweredRewrites(random.nextInt(1000), chance(30), anyNode())));
        }
      }
      case YOUNG -> {
        drawAging();
        events.add(new Event.HonestRewrite(random.nextInt(10), random.nextInt(1000)));
        events.add(new Event.SyncAll());
        events.add(new Event.Pass(Duration.ofHours(1 + random.nextInt(13 * 24))));
        drawAtWrongTime(YEAR.negated(), () -> events.add(drawRewrite()));
        events.add(drawRewrite());
      }
      case REVIVE -> {
        events.add(new Event.ChangeVotes(anyNode(), anyNode(), 2 + random.nextInt(5), VIA));
        drawAging();
        events.add(new Event.Steal(anyNode()));
        events.add(new Event.Revive(random.nextInt(10), random.nextInt(1000)));
        drawAtWrongTime(YEAR, () -> events.add(new Event.SyncAll()));
        events.add(new Event.Pass(Duration.ofHours(1 + random.nextInt(13 * 24 - 2))));
        events.add(new Event.AnswerRevival());
        events.add(new Event.SyncAll());
      }
      case STRIP -> {
        events.add(new Event.Steal(anyNode()));
        events.add(new Event.Strip());
        drawAtWrongTime(YEAR, () -> events.add(new Event.SyncAll()));
        events.add(new Event.Pass(Duration.ofDays(30)));
        events.add(new Event.SyncAll());
        events.add(new Event.RevokeThief());
        events.add(new Event.SyncAll());
      }
      case PLANT -> drawPlanting();
    }
  }

  /**
   * Something happens while, where clocks are wrong at all, control's is a year off, and those of
   * some nodes: for an hour and more, with programs that start then or run on.
   */
  private void drawAtWrongTime(Duration off, Runnable what) {
    if (!wrongClocks || chance(30)) {
      what.run();
      return;
    }
    List<Integer> whose = new ArrayList<>(List.of(0));
    for (int node = 1; node <= 6; node++) {
      if (chance(30)) {
        whose.add(node);
      }
    }
    boolean atStart = chance(50);
    whose.forEach(who -> events.add(new Event.ClockJump(who, off)));
    if (atStart) {
      whose.forEach(who -> events.add(startOf(who)));
    }
    events.add(new Event.Pass(Duration.ofHours(1 + random.nextInt(48))));
    what.run();
    whose.forEach(who -> events.add(new Event.ClockJump(who, off.negated())));
    if (atStart) {
      whose.forEach(who -> events.add(startOf(who)));
    }
  }

  private static Event startOf(int who) {
    return new Event.Starts(who, 1, Duration.ofMinutes(1), Event.Wrong.NEVER, Duration.ZERO);
  }

  /** A rotation that everybody sees, and time until it is final. */
  private void drawAging() {
    events.add(new Event.Rotate(anyNode(), random.nextBoolean(), Event.Via.CONTROL));
    events.add(new Event.SyncAll());
    events.add(new Event.Edits(anyNode(), 1 + random.nextInt(40), Event.Via.CONTROL));
    events.add(new Event.SyncAll());
    events.add(new Event.Pass(Duration.ofDays(15 + random.nextInt(60))));
    if (chance(70)) {
      events.add(new Event.SyncAll());
    }
    if (chance(40)) {
      events.add(new Event.AddAgain(random.nextInt(10), anyNode()));
    }
  }

  private Event.OldKeyRewrites drawRewrite() {
    Event.Rewrite[] kinds = Event.Rewrite.values();
    return new Event.OldKeyRewrites(
        random.nextInt(10),
        chance(80) ? 1 : 2,
        random.nextInt(1000),
        kinds[random.nextInt(kinds.length)],
        random.nextInt(3));
  }

  private void drawPlanting() {
    int victim = anyNode();
    events.add(new Event.SyncAll());
    events.add(new Event.Steal(anyNode()));
    events.add(new Event.Offline(victim));
    events.add(new Event.Edits(victim + 1, 1 + random.nextInt(3), VIA));
    events.add(new Event.Plant(victim, anyOf(List.of(Event.Planting.values()))));
    events.add(new Event.Pass(Duration.ofHours(1 + random.nextInt(10 * 24))));
    events.add(new Event.Online(victim));
    events.add(new Event.SyncAll());
    events.add(new Event.AnswerPlanting());
    events.add(new Event.SyncAll());
  }

  private void drawTheft() {
    events.add(new Event.Steal(anyNode()));
    events.add(new Event.RemoveAccusers(random.nextInt(5), random.nextInt(2)));
    drawAtWrongTime(YEAR, () -> events.add(new Event.SyncAll()));
    events.add(new Event.Pass(Duration.ofHours(1 + random.nextInt(13 * 24 - 2))));
    events.add(new Event.RevokeThief());
    if (chance(60)) {
      events.add(new Event.SyncAll());
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      events.add(new Event.CounterRewrite(random.nextInt(1000), random.nextInt(3)));
    }
    events.add(new Event.SyncAll());
  }

  private static Duration drawSkew(Random random) {
    return random.nextInt(3) == 0
        ? Duration.ofMinutes(random.nextInt(12 * 60) - 6 * 60)
        : Duration.ZERO;
  }

  private int drawLength() {
    int kind = random.nextInt(1000);
    if (kind < 3) {
      return 2050 + random.nextInt(100);
    }
    if (kind < 55) {
      return 1020 + random.nextInt(100);
    }
    double share = random.nextDouble();
    return 50 + (int) (550 * share * share * share);
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private <T> T anyOf(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private int anyNode() {
    return random.nextInt(6);
  }

  private void drawStep() {
    if (peers && chance(25)) {
      drawPeers();
    }
    if (peers && chance(15)) {
      drawControl();
    }
    if (wrongClocks && chance(4)) {
      drawWrongClock();
    } else if (stops && chance(4)) {
      drawStop();
    } else {
      drawOrdinaryStep();
    }
  }

  private void drawControl() {
    int kind = random.nextInt(100);
    if (kind < 30) {
      events.add(new Event.ToldTwice(anyNode()));
    } else if (kind < 70) {
      events.add(new Event.Edits(anyNode(), 1, VIA));
      events.add(new Event.ToldLate(anyNode()));
      events.add(new Event.ToldLate(anyNode()));
    } else if (kind < 80 && replicas) {
      events.add(new Event.Replicas(1 + random.nextInt(2)));
    } else if (kind < 85) {
      events.add(new Event.MoveControl());
    } else if (damages) {
      events.add(
          new Event.Damage(
              anyNode(),
              anyOf(List.of(Event.Damaged.values())),
              random.nextInt(1 << 20),
              random.nextBoolean()));
    }
  }

  private void drawPeers() {
    int kind = random.nextInt(100);
    if (kind < 40) {
      events.add(new Event.SignNode(anyNode(), random.nextInt(20)));
    } else if (kind < 80) {
      events.add(new Event.ChangeNode(random.nextInt(20), anyOf(List.of(Event.Change.values()))));
    } else if (kind < 90 && lies) {
      events.add(new Event.LieAboutPeers(anyNode()));
    } else {
      events.add(new Event.TellPeers(anyNode(), random.nextBoolean()));
    }
  }

  private void drawOrdinaryStep() {
    events.add(new Event.Pass(drawTime()));
    int kind = random.nextInt(100);
    if (kind < 50) {
      addEdits();
    } else if (kind < 58) {
      events.add(new Event.Offline(anyNode()));
    } else if (kind < 68) {
      events.add(new Event.Online(anyNode()));
    } else if (kind < 74 && staleEdits) {
      addStaleEdit();
    } else if (kind < 80 && rotations) {
      events.add(new Event.Rotate(anyNode(), random.nextBoolean(), drawVia()));
    } else if (kind < 82 && voteChanges && chance(50)) {
      events.add(new Event.ChangeVotes(anyNode(), anyNode(), 1 + random.nextInt(6), drawVia()));
    } else if (kind < 83 && revocations && chance(60)) {
      events.add(new Event.RevokeAt(anyNode(), anyNode(), 1 + random.nextInt(60)));
      events.add(new Event.SyncAll());
      events.add(new Event.Trust(anyNode(), anyNode()));
    } else if (kind < 83 && revocations) {
      events.add(new Event.Revoke(anyNode(), anyNode(), drawVia()));
      events.add(new Event.SyncAll());
      events.add(new Event.Trust(anyNode(), anyNode()));
      for (int i = peers ? 3 : 0; i > 0; i--) {
        events.add(new Event.SignNode(anyNode(), random.nextInt(20)));
      }
    } else if (kind < 88 && losses) {
      events.add(new Event.Sync(anyNode(), anyOf(LOSSES)));
    } else if (kind < 92 && restarts) {
      events.add(chance(80) ? new Event.Restart(anyNode()) : new Event.RestartControl());
    } else if (kind < 95 && joins) {
      events.add(new Event.Join(1 + random.nextInt(2), drawSkew(random)));
      events.add(new Event.Trust(anyNode(), anyNode()));
    } else if (kind < 100 && restores) {
      events.add(chance(60) ? new Event.Backup() : new Event.Restore());
    }
    if (chance(60)) {
      events.add(new Event.SyncAll());
    }
  }

  private void addEdits() {
    int most = chance(35) ? Math.max(3, length / 5) : 4;
    int count = 1 + random.nextInt(most);
    made += count;
    events.add(new Event.Edits(anyNode(), count, drawVia()));
  }

  private void addStaleEdit() {
    switch (random.nextInt(3)) {
      case 0 -> events.add(new Event.StaleEdit(anyNode(), 1 + random.nextInt(60)));
      case 1 -> events.add(new Event.Draft(anyNode()));
      default -> events.add(new Event.Submit(anyNode()));
    }
  }

  /** To and fro, at control or at a node, while it runs or over a stop; or starts in a row. */
  private void drawWrongClock() {
    int who = chance(50) ? 0 : random.nextInt(7);
    switch (random.nextInt(4)) {
      case 0, 1 -> {
        Duration by = chance(60) ? Duration.ofDays(365) : Duration.ofHours(1 + random.nextInt(72));
        Duration jump = chance(50) ? by : by.negated();
        boolean atStart = chance(50);
        events.add(new Event.ClockJump(who, jump));
        if (atStart) {
          events.add(startOf(who));
        }
        int steps = 1 + random.nextInt(3);
        for (int i = 0; i < steps; i++) {
          drawOrdinaryStep();
        }
        events.add(new Event.ClockJump(who, jump.negated()));
        if (atStart) {
          events.add(startOf(who));
        }
      }
      case 2 ->
          events.add(
              new Event.Starts(
                  who,
                  2 + random.nextInt(20),
                  Duration.ofMinutes(1 + random.nextInt(12 * 60)),
                  Event.Wrong.BY_TURNS,
                  Duration.ofHours(chance(50) ? 20 : 23)));
      default ->
          events.add(
              new Event.Starts(
                  who,
                  1 + random.nextInt(10),
                  Duration.ofHours(1 + random.nextInt(48)),
                  Event.Wrong.AT_FIRST,
                  Duration.ofHours(random.nextInt(24) - 12)));
    }
  }

  private void drawStop() {
    switch (random.nextInt(3)) {
      case 0 -> events.add(new Event.Off(anyNode()));
      case 1 ->
          events.add(
              new Event.Starts(
                  chance(50) ? 0 : random.nextInt(7),
                  1 + random.nextInt(30),
                  Duration.ofMinutes(1 + random.nextInt(12 * 60)),
                  Event.Wrong.NEVER,
                  Duration.ZERO));
      default ->
          events.add(new Event.ControlDown(Duration.ofDays(chance(30) ? 42 : random.nextInt(10))));
    }
  }

  private Event.Via drawVia() {
    return ownStores && chance(40) ? Event.Via.OWN_STORE : Event.Via.CONTROL;
  }

  /** Now and then enough to fill any store, if it were kept. */
  private int drawBulk() {
    return chance(4) ? 100_000 : 100;
  }

  private Duration drawTime() {
    int kind = random.nextInt(100);
    if (kind < 40) {
      return Duration.ofMinutes(1 + random.nextInt(600));
    }
    if (kind < 75) {
      return Duration.ofHours(12 + random.nextInt(24 * 7));
    }
    if (kind < 97) {
      return Duration.ofDays(8 + random.nextInt(30));
    }
    return Duration.ofDays(60 + random.nextInt(340));
  }
}
