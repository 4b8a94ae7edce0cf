package dev.headwater.log.group;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/**
 * How every member of a group of ours joins it, and leaves.
 *
 * <p>A member that says nothing for six seconds is missed: the least that brokers allow without a
 * setting of theirs. The protocol is the classic one on purpose: with KIP-848's, this time is the
 * brokers' to set, 45 seconds by default and at least, so a dead worker's partitions would lie idle
 * for that long. The assignor moves as little as it can and lets the others go on meanwhile.
 */
public final class GroupSettings {
  private static final int SESSION_TIMEOUT_MS = 6_000;
  private static final int HEARTBEAT_INTERVAL_MS = 1_000;
  private static final int MAX_POLL_INTERVAL_MS = 300_000;

  private GroupSettings() {}

  /**
   * A consumer's properties.
   *
   * @param member under which name; without one, a successor that is started at once waits until
   *     its predecessor is missed
   */
  public static Map<String, Object> join(String group, Optional<String> member) {
    Map<String, Object> p = new HashMap<>();
    p.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    p.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
    p.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
    p.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MS);
    p.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, HEARTBEAT_INTERVAL_MS);
    p.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, MAX_POLL_INTERVAL_MS);
    member.ifPresent(name -> p.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, name));
    return p;
  }

  /** Leaves at once, so that others need not miss it; named members too. */
  public static CloseOptions leave() {
    return CloseOptions.timeout(Duration.ofSeconds(5))
        .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP);
  }
}
