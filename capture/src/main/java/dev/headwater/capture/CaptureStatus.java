package dev.headwater.capture;

import dev.headwater.log.position.Lsn;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a connector is doing, for people and machines.
 *
 * @param state what it is at
 * @param detail which table is loaded, or why it waits; empty when there is nothing to add
 * @param endLsn up to where the log holds the source's changes
 * @param lagBytes how much WAL the source has written since; empty while it is not known
 * @param retainedBytes how much WAL the source keeps for the slot; empty while it is not known
 * @param records records appended since the worker started
 * @param recordsByTable the same by table
 * @param unchangedValues updates that came without a large value they left as it was
 * @param problems what is in the way of tables that are asked for and not captured, by table; and
 *     of the slot
 * @param lastCommitTimeMillis when the last captured transaction committed; 0 for none yet
 */
public record CaptureStatus(
    State state,
    String detail,
    Lsn endLsn,
    Optional<Long> lagBytes,
    Optional<Long> retainedBytes,
    long records,
    Map<String, Long> recordsByTable,
    CaptureMetrics.UnchangedValues unchangedValues,
    Map<String, List<String>> problems,
    long lastCommitTimeMillis) {

  /** The states of a capture worker, in the order it goes through them. */
  public enum State {
    STARTING,
    /** Streaming, and loading tables beside it; the detail says how far. */
    SNAPSHOT,
    STREAMING,
    /** Waiting before it tries again; the detail says why. */
    RETRYING,
    /** Another worker has the connector. */
    STANDBY,
    STOPPED,
    FAILED
  }
}
