package dev.headwater.faults.fault;

import dev.headwater.faults.topology.Servers;
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
  private final Servers servers;
  private final String only;
  private final Deque<Fault> deck = new ArrayDeque<>();

  /**
   * @param only part of the names of the faults to draw from; empty for all
   */
  public FaultDeck(Random random, Servers servers, String only) {
    this.random = random;
    this.servers = servers;
    this.only = only;
  }

  /** The next fault. */
  public Fault draw() {
    if (deck.isEmpty()) {
      List<Fault> all = new ArrayList<>();
      all.addAll(ProcessFaults.all());
      all.addAll(ServerFaults.all());
      all.addAll(LinkFaults.all());
      all.addAll(ServerFaults.ofDisks(servers));
      all.removeIf(fault -> !fault.name().contains(only));
      if (all.isEmpty()) {
        throw new IllegalArgumentException("no fault's name contains '" + only + "'");
      }
      Collections.shuffle(all, random);
      deck.addAll(all);
    }
    return deck.pop();
  }
}
