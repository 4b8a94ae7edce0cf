package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** The one writer of a partition into a replica. */
final class PostgresPartitionWriter implements PartitionWriter {
  private final PostgresSink sink;
  private final LogPartition partition;
  private final String owner;
  private Optional<Checkpoint> checkpoint;

  private PostgresPartitionWriter(
      PostgresSink sink, LogPartition partition, String owner, Optional<Checkpoint> checkpoint) {
    this.sink = sink;
    this.partition = partition;
    this.owner = owner;
    this.checkpoint = checkpoint;
  }

  static PostgresPartitionWriter take(PostgresSink sink, LogPartition partition)
      throws SQLException {
    String owner = UUID.randomUUID().toString();
    try (Connection connection = sink.connection();
        PreparedStatement statement =
            connection.prepareStatement(
                "INSERT INTO headwater.checkpoint AS c (sink, generation, topic, partition, owner)"
                    + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (sink, generation, topic, partition)"
                    + " DO UPDATE SET owner = EXCLUDED.owner"
                    + " RETURNING c.topic_id, c.next_offset, c.level_at_ms")) {
      connection.setAutoCommit(true);
      statement.setString(1, sink.name());
      statement.setInt(2, ReplicaState.GENERATION);
      statement.setString(3, partition.topic());
      statement.setInt(4, partition.partition());
      statement.setString(5, owner);
      try (ResultSet rs = statement.executeQuery()) {
        rs.next();
        Optional<Checkpoint> stored =
            rs.getString(1) == null
                ? Optional.empty()
                : Optional.of(
                    new Checkpoint(
                        ReplicaState.GENERATION, rs.getString(1), rs.getLong(2), rs.getLong(3)));
        return new PostgresPartitionWriter(sink, partition, owner, stored);
      }
    }
  }

  @Override
  public LogPartition partition() {
    return partition;
  }

  @Override
  public Optional<Checkpoint> checkpoint() {
    return checkpoint;
  }

  @Override
  public void apply(FoldedBatch batch) {
    try (Connection connection = sink.connection()) {
      connection.setAutoCommit(false);
      try {
        if (!moveCheckpoint(connection, batch.checkpoint())) {
          requireAppliedBefore(connection, batch.checkpoint());
          connection.rollback();
        } else {
          write(connection, batch.rows());
          connection.commit();
        }
      } catch (SQLException | RuntimeException e) {
        rollback(connection, e);
        throw e;
      }
    } catch (SQLException e) {
      throw sink.failure(e);
    }
    checkpoint = Optional.of(batch.checkpoint());
  }

  /** Moves the checkpoint on, if it is still the one this writer knows and owns. */
  private boolean moveCheckpoint(Connection connection, Checkpoint next) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "UPDATE headwater.checkpoint SET topic_id = ?, next_offset = ?, level_at_ms = ?"
                + " WHERE sink = ? AND generation = ? AND topic = ? AND partition = ?"
                + " AND owner = ? AND next_offset IS NOT DISTINCT FROM ?")) {
      statement.setString(1, next.topicId());
      statement.setLong(2, next.nextOffset());
      statement.setLong(3, next.levelAtMs());
      statement.setString(4, sink.name());
      statement.setInt(5, ReplicaState.GENERATION);
      statement.setString(6, partition.topic());
      statement.setInt(7, partition.partition());
      statement.setString(8, owner);
      if (checkpoint.isPresent()) {
        statement.setLong(9, checkpoint.get().nextOffset());
      } else {
        statement.setNull(9, Types.BIGINT);
      }
      return statement.executeUpdate() == 1;
    }
  }

  /** A commit whose answer was lost may have reached the target: then this batch is in it. */
  private void requireAppliedBefore(Connection connection, Checkpoint next) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT 1 FROM headwater.checkpoint WHERE sink = ? AND generation = ? AND topic = ?"
                + " AND partition = ? AND owner = ? AND next_offset = ? AND level_at_ms = ?")) {
      statement.setString(1, sink.name());
      statement.setInt(2, ReplicaState.GENERATION);
      statement.setString(3, partition.topic());
      statement.setInt(4, partition.partition());
      statement.setString(5, owner);
      statement.setLong(6, next.nextOffset());
      statement.setLong(7, next.levelAtMs());
      try (ResultSet rs = statement.executeQuery()) {
        if (!rs.next()) {
          throw new HeadwaterException(
              FailureCode.FENCED,
              "sink '" + sink.name() + "' – another worker has taken over " + partition,
              "This worker leaves it alone; the other one goes on.");
        }
      }
    }
  }

  private void write(Connection connection, List<FoldedRow> rows) throws SQLException {
    String schema = sink.state().schemaOf(connection);
    List<FoldedRow> deletes = new ArrayList<>();
    Map<Integer, List<FoldedRow>> upserts = new TreeMap<>();
    for (FoldedRow row : rows) {
      if (row.isDelete()) {
        deletes.add(row);
      } else {
        upserts.computeIfAbsent(row.schemaVersion(), v -> new ArrayList<>()).add(row);
      }
    }
    // Deletes first, so that a value another row gives up can be taken in the same batch.
    if (!deletes.isEmpty()) {
      sink.latest(partition.table()).delete(connection, schema, deletes);
    }
    for (Map.Entry<Integer, List<FoldedRow>> version : upserts.entrySet()) {
      sink.table(partition.table(), version.getKey())
          .upsert(connection, schema, version.getValue());
    }
  }

  private static void rollback(Connection connection, Exception cause) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    // The connection is the pool's; the ownership stays until another writer takes it.
  }
}
