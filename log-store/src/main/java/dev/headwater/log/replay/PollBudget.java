package dev.headwater.log.replay;

import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Ends a poll that has brought enough bytes. What Kafka's consumer fetches is limited in bytes as
 * they are compressed, and a poll in records only: a few megabytes of large rows that compress well
 * would be unpacked to gigabytes at once.
 *
 * <p>The consumer asks this for the value of each record as it unpacks it. A refusal ends the poll
 * with what it has by then; the next poll asks for the same record again
 * (org.apache.kafka.clients.consumer.internals.CompletedFetch.fetchRecords, FetchCollector). A
 * poll's first record is never refused, so nothing is ever thrown out of a poll. One thread, which
 * polls.
 */
final class PollBudget implements Deserializer<byte[]> {
  /** Of values; several thousand usual rows. */
  static final int MOST_BYTES = 16 << 20;

  private long taken;

  /** A poll begins. */
  void renew() {
    taken = 0;
  }

  @Override
  public byte @Nullable [] deserialize(String topic, byte @Nullable [] value) {
    if (value == null) {
      return null;
    }
    if (taken > 0 && taken + value.length > MOST_BYTES) {
      throw new SerializationException("this poll has brought enough");
    }
    taken += value.length;
    return value;
  }
}
