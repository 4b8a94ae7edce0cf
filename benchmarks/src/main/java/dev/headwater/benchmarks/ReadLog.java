package dev.headwater.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What one reader saw: how long each read took, what it must never see, and when another generation
 * began to answer. Reads are written by the reader's thread alone and looked at once it has ended;
 * counts may be looked at by any.
 */
final class ReadLog {
  private static final int EXAMPLES = 5;

  private final String kind;
  private long[] ends = new long[1 << 12];
  private long[] nanos = new long[1 << 12];
  private int count;
  private String generation = "";
  private final List<Long> switches = new ArrayList<>();
  private final List<String> examples = new ArrayList<>();
  private final AtomicLong errors = new AtomicLong();
  private final AtomicLong fewer = new AtomicLong();
  private final AtomicLong backward = new AtomicLong();

  ReadLog(String kind) {
    this.kind = kind;
  }

  String kind() {
    return kind;
  }

  /** A read that was answered, by the nano clock. */
  void read(long began, long ended) {
    if (count == ends.length) {
      ends = Arrays.copyOf(ends, 2 * count);
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    ends[count] = ended;
    nanos[count++] = ended - began;
  }

  /** Which generation answered, in the target's own words; another one than before is noted. */
  synchronized void servedBy(String answering) {
    if (!answering.equals(generation)) {
      if (!generation.isEmpty()) {
        switches.add(System.nanoTime());
      }
      generation = answering;
    }
  }

  void error(String what) {
    errors.incrementAndGet();
    example("error: " + what);
  }

  /** Notes a count that is not what it must be. */
  void requireRows(long expected, long found) {
    if (found != expected) {
      fewer.incrementAndGet();
      example(found + " rows of " + expected);
    }
  }

  /** Notes a version, or a sum of versions, that is below one seen before. */
  void requireNotBelow(long before, long now, String what) {
    if (now < before) {
      backward.incrementAndGet();
      example(what + " went back from " + before + " to " + now);
    }
  }

  private synchronized void example(String text) {
    if (examples.size() < EXAMPLES) {
      examples.add(kind + ": " + text);
      Progress.say("a reader saw what it must not: " + examples.get(examples.size() - 1));
    }
  }

  int count() {
    return count;
  }

  /** When a read ended, by the nano clock. */
  long end(int read) {
    return ends[read];
  }

  /** How long it took. */
  long nanos(int read) {
    return nanos[read];
  }

  synchronized List<Long> switches() {
    return List.copyOf(switches);
  }

  synchronized List<String> examples() {
    return List.copyOf(examples);
  }

  long errors() {
    return errors.get();
  }

  long fewer() {
    return fewer.get();
  }

  long backward() {
    return backward.get();
  }
}
