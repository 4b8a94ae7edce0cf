package dev.headwater.benchmarks;

import java.util.List;
import java.util.OptionalLong;

/** A target of {@link SwitchBenchmark}, with readers who know what they must see there. */
interface SwitchTarget extends AutoCloseable {
  /** Its kind, and the name of its sink. */
  String name();

  /** The target's process, which its memory is read from, with its children. */
  long pid();

  /** The sink's entry in connectors.yaml, below {@code sinks:}. */
  String yaml(String topic);

  /** How many rows readers would find by now; 0 while they would find nothing. */
  long rows();

  /** Whether old and new rows are apart, so that there is a switch, and a way back. */
  default boolean hasGenerations() {
    return true;
  }

  /** Once filled: what users have around their rows, such as a view. */
  default void surround() {}

  /** The readers; the first one reads little and often, and knows which generation answers. */
  List<Reader> readers();

  /** Begins what is held open over the load, such as an old snapshot. */
  default List<Held> hold() {
    return List.of();
  }

  /**
   * Changes rows of the generation that serves, deletes others, and adds some that no source has,
   * as any client of the target may.
   */
  void spoil(List<Long> changed, List<Long> deleted, List<Long> added);

  /** Bytes on disk of all generations; 0 for a target that has none. */
  long diskBytes();

  /** Whether there is just one generation left. */
  boolean isDropped();

  /** Statements that gave up waiting for a lock, all in all; empty for a target without locks. */
  default OptionalLong lockTimeouts() {
    return OptionalLong.empty();
  }

  @Override
  default void close() {}
}
