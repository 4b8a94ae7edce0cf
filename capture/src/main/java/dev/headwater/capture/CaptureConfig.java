package dev.headwater.capture;

import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.config.Secret;
import dev.headwater.log.schema.TableId;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One entry of {@code connectors:}, less its {@code snapshot:} block.
 *
 * @param name topic prefix; slot and publication names derive from it
 * @param host the database server
 * @param port its port
 * @param database the captured database
 * @param user who connects; needs LOGIN and REPLICATION, and SELECT on the tables
 * @param password empty where the server asks for none
 * @param urlParameters what stood behind the {@code ?} of the URL, passed to the driver
 * @param tables {@code schema.table}, globs allowed
 * @param keys key columns for tables without a primary key, by {@code schema.table}
 * @param excludedColumns {@code schema.table.column}
 * @param masks how columns are masked, by {@code schema.table.column}
 * @param slot the slot's name and what is done when it holds too much
 * @param onSchemaChange what happens when a table's columns change
 * @param heartbeat how often an idle source is moved on; zero turns it off
 * @param properties Debezium properties of the user's
 */
public record CaptureConfig(
    String name,
    String host,
    int port,
    String database,
    String user,
    Optional<Secret> password,
    Map<String, String> urlParameters,
    List<String> tables,
    Map<String, List<String>> keys,
    List<String> excludedColumns,
    Map<String, ColumnMask> masks,
    SlotConfig slot,
    OnSchemaChange onSchemaChange,
    Duration heartbeat,
    Map<String, String> properties) {
  public static final Duration DEFAULT_HEARTBEAT = Duration.ofSeconds(5);
  public static final int DEFAULT_PORT = 5432;

  /** The publication that belongs to this connector: as the slot, by its default name. */
  public String publication() {
    return slot.name();
  }

  /** The masks of one table's columns, by column name. */
  public Map<String, ColumnMask> masksOf(TableId table) {
    Map<String, ColumnMask> ofTable = new HashMap<>();
    String prefix = table.inSource() + ".";
    masks.forEach(
        (column, mask) -> {
          if (column.startsWith(prefix)) {
            ofTable.put(column.substring(prefix.length()), mask);
          }
        });
    return ofTable;
  }

  /** What happens when a table's columns change in mid-stream. */
  public enum OnSchemaChange {
    FOLLOW,
    STOP
  }

  /** What happens when the slot holds back more WAL than its budget. */
  public enum OverBudget {
    WARN,
    PAUSE_SNAPSHOTS,
    GIVE_UP_SLOT
  }

  /**
   * The replication slot.
   *
   * @param name as PostgreSQL allows it: lower-case letters, digits, underscores, at most 63
   * @param walBudgetBytes how much WAL it may hold back; empty for no limit
   * @param overBudget what is done beyond that
   */
  public record SlotConfig(String name, Optional<Long> walBudgetBytes, OverBudget overBudget) {}
}
