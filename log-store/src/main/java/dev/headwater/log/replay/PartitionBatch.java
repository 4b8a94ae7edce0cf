package dev.headwater.log.replay;

import java.util.List;

/**
 * What one poll brought of one partition.
 *
 * @param partition which one
 * @param records in offset order; may be empty where only markers were passed
 * @param nextOffset where reading goes on: behind the records and behind what readers never see
 */
public record PartitionBatch(LogPartition partition, List<LogRecord> records, long nextOffset) {}
