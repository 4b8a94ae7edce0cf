package dev.headwater.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the command line asks for.
 *
 * @param rows rows of the largest table, or changes
 * @param rounds how often each contestant runs
 * @param only parts of the benchmark by name; none: all
 * @param withDefaults whether the peer runs with its default settings too
 * @param headwaterJvm options for Headwater's virtual machine
 * @param minutes how long all rounds together may take; a round that has begun is ended
 */
record Options(
    long rows,
    int rounds,
    List<String> only,
    boolean withDefaults,
    String headwaterJvm,
    long minutes) {

  /** Whether so much more would be too long for what began at a time of the nano clock. */
  boolean endsBefore(long startNanos, long moreNanos) {
    return System.nanoTime() - startNanos + moreNanos > TimeUnit.MINUTES.toNanos(minutes);
  }

  boolean wants(String part) {
    return only.isEmpty() || only.contains(part);
  }
}
