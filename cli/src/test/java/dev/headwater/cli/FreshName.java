package dev.headwater.cli;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Names for databases, connectors and sinks of a test. The servers of a build are shared, and they
 * remember: a test that is tried again, and one that comes behind another, each need names that
 * nobody has used.
 */
public final class FreshName {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private FreshName() {}

  /** Lower-case letters, digits and an underscore: good for all servers. */
  public static String of(String prefix) {
    String time = Long.toString(System.nanoTime() & 0xffffff, 36);
    return prefix + COUNT.incrementAndGet() + "_" + time;
  }
}
