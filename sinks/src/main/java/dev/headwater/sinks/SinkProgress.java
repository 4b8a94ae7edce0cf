package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far a sink worker is, for people and machines.
 *
 * @param state what it is at
 * @param detail why it waits or failed, with what to do about it; empty when there is nothing to
 *     add
 * @param applied rows applied since the worker started, folded
 * @param partitions each partition this worker has
 */
public record SinkProgress(State state, String detail, long applied, List<Partition> partitions) {

  /** The states of a sink worker. */
  public enum State {
    STARTING,
    RUNNING,
    /** The target or the log is away; the same is tried again until it is back. */
    RETRYING,
    STOPPED,
    FAILED
  }

  /**
   * How far one partition is.
   *
   * @param partition which
   * @param nextOffset the first offset that is not in the target
   * @param lagRecords offsets between that and the end of the log, as last heard
   * @param lastTsMs commit time at the source of the last record applied since the worker started,
   *     epoch milliseconds; 0 for none yet
   * @param lastSeq that record's {@code seq}; 0 for none yet
   * @param lastLsn that record's LSN; empty for none yet
   * @param levelAtMs when the worker last knew that no delete was missed, epoch milliseconds
   */
  public record Partition(
      LogPartition partition,
      long nextOffset,
      long lagRecords,
      long lastTsMs,
      long lastSeq,
      String lastLsn,
      long levelAtMs) {}

  public SinkProgress {
    partitions = List.copyOf(partitions);
  }

  /** The same under another state. */
  SinkProgress as(State newState, String newDetail) {
    return new SinkProgress(newState, newDetail, applied, partitions);
  }

  /** Offsets between what is applied and the end of the log, over all partitions. */
  public long lagRecords() {
    return partitions.stream().mapToLong(Partition::lagRecords).sum();
  }

  /** Commit time at the source of the newest record applied; 0 for none yet. */
  public long lastAppliedTsMs() {
    return partitions.stream().mapToLong(Partition::lastTsMs).max().orElse(0);
  }

  /** The next offset to apply by partition, {@code topic-partition}. */
  public Map<String, Long> offsets() {
    Map<String, Long> offsets = new TreeMap<>();
    partitions.forEach(p -> offsets.put(p.partition().toString(), p.nextOffset()));
    return offsets;
  }
}
