package dev.headwater.faults.fault;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * All faults, shuffled; when the last is drawn, shuffled again. So every kind comes once before any
 * comes twice, in an order that the seed fixes.
 */
public final class FaultDeck {
  private final Random random;
  private final Deque<Fault> deck = new ArrayDeque<>();

  public FaultDeck(Random random) {
    this.random = random;
  }

  /** The next fault. */
  public Fault draw() {
    if (deck.isEmpty()) {
      List<Fault> all = new ArrayList<>();
      all.addAll(ProcessFaults.all());
      all.addAll(ServerFaults.all());
      all.addAll(LinkFaults.all());
      Collections.shuffle(all, random);
      deck.addAll(all);
    }
    return deck.pop();
  }
}
