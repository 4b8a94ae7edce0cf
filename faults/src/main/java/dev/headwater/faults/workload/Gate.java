package dev.headwater.faults.workload;

import java.time.Duration;

/**
 * Holds writers between two transactions: they pass while it is open, and it knows when all of them
 * wait. Thread-safe.
 */
final class Gate {
  private final int writers;
  private boolean open = true;
  private boolean ended;
  private int waiting;

  Gate(int writers) {
    this.writers = writers;
  }

  /** Where a writer waits while the gate is closed; false when it is to end. */
  synchronized boolean pass() throws InterruptedException {
    waiting++;
    notifyAll();
    while (!open && !ended) {
      wait();
    }
    waiting--;
    return !ended;
  }

  /** Sleeps inside a transaction, and wakes early when the gate closes. */
  synchronized void linger(long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    while (open && !ended) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  /** Closes it and returns when every writer waits; false when that takes longer than the limit. */
  synchronized boolean close(Duration limit) throws InterruptedException {
    open = false;
    notifyAll();
    long end = System.nanoTime() + limit.toNanos();
    while (waiting < writers) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  synchronized void open() {
    open = true;
    notifyAll();
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }
}
