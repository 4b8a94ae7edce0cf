package dev.headwater.sinks;

import java.util.Map;

/**
 * How far a sink worker is, for people and machines.
 *
 * @param state what it is at
 * @param detail why it waits or failed; empty when there is nothing to add
 * @param applied rows applied since the worker started, folded
 * @param lagRecords offsets between what is applied and the end of the log, over its partitions
 * @param lastAppliedTsMs commit time at the source of the newest row applied; 0 for none yet
 * @param offsets next offset by partition
 */
public record SinkProgress(
    State state,
    String detail,
    long applied,
    long lagRecords,
    long lastAppliedTsMs,
    Map<String, Long> offsets) {

  /** The states of a sink worker. */
  public enum State {
    STARTING,
    RUNNING,
    /** The target is away; the same batch is tried again until it is back. */
    RETRYING,
    STOPPED,
    FAILED
  }
}
