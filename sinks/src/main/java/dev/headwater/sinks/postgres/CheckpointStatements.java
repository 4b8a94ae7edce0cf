package dev.headwater.sinks.postgres;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The fence of one partition in one generation: its row in {@code headwater.checkpoint}. */
final class CheckpointStatements {
  private static final String TAKE =
      """
      INSERT INTO headwater.checkpoint
        (sink, generation, topic, partition, connector, source_schema, source_table, owner)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (sink, generation, topic, partition) DO UPDATE SET owner = EXCLUDED.owner
      RETURNING topic_id, next_offset, level_at_ms, owner
      """;

  // One message to the server. Each statement sees what was committed when it begins: the last
  // one, which waits for nobody, reads the schema's name after the lock was given.
  private static final String ADVANCE =
      """
      SELECT pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended(?, 0));
      UPDATE headwater.checkpoint SET topic_id = ?, next_offset = ?, level_at_ms = ?
       WHERE sink = ? AND generation = ? AND topic = ? AND partition = ? AND owner = ?
         AND topic_id IS NOT DISTINCT FROM ? AND next_offset IS NOT DISTINCT FROM ?;
      SELECT g.schema_name, t.generation, t.schema_name FROM headwater.generation g
        LEFT JOIN headwater.generation t ON g.state = 'serving' AND t.sink = g.sink AND t.joined
              AND t.state IN ('building', 'previous') AND t.generation <> g.generation
       WHERE g.sink = ? AND g.generation = ?
      """;

  // The other generation is taken along where it has all that lies before the batch, and not yet
  // all of it. A generation that is to be swept stays so.
  private static final String TAKE_ALONG =
      """
      UPDATE headwater.checkpoint SET next_offset = ?,
             level_at_ms = CASE WHEN level_at_ms <= 0 OR ? <= 0 THEN level_at_ms ELSE ? END
       WHERE sink = ? AND generation = ? AND topic = ? AND partition = ?
         AND topic_id = ? AND next_offset BETWEEN ? AND ?
      """;

  private static final String READ =
      """
      SELECT topic_id, next_offset, level_at_ms, owner FROM headwater.checkpoint
       WHERE sink = ? AND generation = ? AND topic = ? AND partition = ?
      """;

  /** The row: a checkpoint, unless nothing was applied yet, and who may write. */
  record Stored(Optional<Checkpoint> checkpoint, String owner) {}

  /**
   * Where a batch goes.
   *
   * @param schemaName what the generation's schema is called
   * @param twin another generation that is fed along with it; 0 for none
   * @param twinSchemaName what that one's schema is called; empty for none
   */
  record Place(String schemaName, int twin, String twinSchemaName) {}

  private final ReplicaNames names;
  private final int generation;
  private final LogPartition partition;

  CheckpointStatements(ReplicaNames names, int generation, LogPartition partition) {
    this.names = names;
    this.generation = generation;
    this.partition = partition;
  }

  /**
   * Makes {@code owner} the one who may write. It waits for a transaction of the former owner that
   * has already changed the row; any later one finds another owner's name.
   */
  Stored take(Connection connection, String owner) throws SQLException {
    try (PreparedStatement take = connection.prepareStatement(TAKE)) {
      int next = setRow(take, 1);
      take.setString(next, partition.table().connector());
      take.setString(next + 1, partition.table().schema());
      take.setString(next + 2, partition.table().name());
      take.setString(next + 3, owner);
      return readOne(take)
          .orElseThrow(() -> new IllegalStateException("INSERT ... RETURNING returned nothing"));
    }
  }

  /**
   * Begins a batch: takes the sink's lock in shared mode and moves the checkpoint, if it is where
   * this owner left it.
   *
   * @return where the batch goes; empty if the checkpoint is not as expected
   */
  Optional<Place> advance(
      Connection connection, String owner, @Nullable Checkpoint from, Checkpoint to)
      throws SQLException {
    try (PreparedStatement advance = connection.prepareStatement(ADVANCE)) {
      advance.setString(1, names.lock());
      advance.setString(2, to.topicId());
      advance.setLong(3, to.nextOffset());
      advance.setLong(4, to.levelAtMs());
      int next = setRow(advance, 5);
      advance.setString(next, owner);
      advance.setString(next + 1, from == null ? null : from.topicId());
      if (from == null) {
        advance.setNull(next + 2, Types.BIGINT);
      } else {
        advance.setLong(next + 2, from.nextOffset());
      }
      advance.setString(next + 3, names.sink());
      advance.setInt(next + 4, generation);
      advance.execute();
      advance.getMoreResults();
      boolean moved = advance.getUpdateCount() == 1;
      advance.getMoreResults();
      try (ResultSet row = advance.getResultSet()) {
        if (!moved || !row.next()) {
          return Optional.empty();
        }
        String twinSchema = row.getString(3);
        return Optional.of(
            new Place(row.getString(1), row.getInt(2), twinSchema == null ? "" : twinSchema));
      }
    }
  }

  /**
   * Moves another generation's checkpoint along with a batch, if it may be applied there too.
   *
   * @param fromOffset where the batch begins
   */
  boolean takeAlong(Connection connection, int twin, long fromOffset, Checkpoint to)
      throws SQLException {
    try (PreparedStatement update = connection.prepareStatement(TAKE_ALONG)) {
      update.setLong(1, to.nextOffset());
      update.setLong(2, to.levelAtMs());
      update.setLong(3, to.levelAtMs());
      update.setString(4, names.sink());
      update.setInt(5, twin);
      update.setString(6, partition.topic());
      update.setInt(7, partition.partition());
      update.setString(8, to.topicId());
      update.setLong(9, fromOffset);
      update.setLong(10, to.nextOffset());
      return update.executeUpdate() == 1;
    }
  }

  /** The row as it stands. */
  Optional<Stored> read(Connection connection) throws SQLException {
    try (PreparedStatement read = connection.prepareStatement(READ)) {
      setRow(read, 1);
      return readOne(read);
    }
  }

  private int setRow(PreparedStatement statement, int first) throws SQLException {
    statement.setString(first, names.sink());
    statement.setInt(first + 1, generation);
    statement.setString(first + 2, partition.topic());
    statement.setInt(first + 3, partition.partition());
    return first + 4;
  }

  private Optional<Stored> readOne(PreparedStatement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      if (!row.next()) {
        return Optional.empty();
      }
      String topicId = row.getString(1);
      Optional<Checkpoint> checkpoint =
          topicId == null
              ? Optional.empty()
              : Optional.of(new Checkpoint(generation, topicId, row.getLong(2), row.getLong(3)));
      return Optional.of(new Stored(checkpoint, row.getString(4)));
    }
  }
}
