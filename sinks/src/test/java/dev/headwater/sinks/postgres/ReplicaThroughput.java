package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.postgres.LogTable.column;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Measures how fast a replica takes rows of eight columns and about 190 bytes of JSON; run by hand.
 * The server is on the same machine and writes its log with fsync.
 */
final class ReplicaThroughput {
  private static final int BATCH = 20_000;
  private static final int BATCHES = 20;

  private ReplicaThroughput() {}

  /** Prints rows per second, and the time of small batches. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) {
    try (PostgresServer server = PostgresServer.start()) {
      Replica replica = Replica.on(server);
      LogTable table = new LogTable("public", "orders");
      try (Sink sink = replica.open()) {
        sink.prepare(schema(table));
        PartitionWriter writer = sink.take(table.partition());
        Random random = new Random(1);
        for (String pass :
            new String[] {"new", "update in order", "new again", "update at random"}) {
          int first = pass.equals("new again") ? BATCH * BATCHES : 0;
          long millis = 0;
          for (int b = 0; b < BATCHES; b++) {
            for (int i = 0; i < BATCH; i++) {
              int id =
                  pass.endsWith("random") ? random.nextInt(BATCH * BATCHES) : first + b * BATCH + i;
              put(table, id, random);
            }
            FoldedBatch batch = folded(table.batch());
            long start = System.nanoTime();
            writer.apply(batch);
            millis += (System.nanoTime() - start) / 1_000_000;
          }
          System.out.printf("%s: %,d rows/s%n", pass, BATCHES * (long) BATCH * 1000 / millis);
        }
        for (int size : new int[] {1, 10, 50, 100, 200, 500, 1000}) {
          long start = System.nanoTime();
          for (int b = 0; b < 100; b++) {
            for (int i = 0; i < size; i++) {
              put(table, (b * size + i) * 7 % (BATCH * BATCHES), random);
            }
            writer.apply(table.batch());
          }
          System.out.printf("batch of %d: %.2f ms%n", size, (System.nanoTime() - start) / 1e8);
        }
      }
    }
  }

  /** Keeps the last write of each key, as the worker does. */
  private static FoldedBatch folded(FoldedBatch batch) {
    Map<String, FoldedRow> last = new LinkedHashMap<>();
    batch.rows().forEach(row -> last.put(new String(row.key(), StandardCharsets.US_ASCII), row));
    return new FoldedBatch(
        batch.partition(),
        batch.fromOffset(),
        batch.nextOffset(),
        List.copyOf(last.values()),
        batch.checkpoint());
  }

  private static TableSchema schema(LogTable table) {
    ColumnSchema[] columns = {
      column("id", "int8", "bigint"),
      column("customer", "int8", "bigint"),
      column("state", "text", "text"),
      column("total", "numeric", "numeric(10,2)"),
      column("paid", "bool", "boolean"),
      column("made_at", "timestamptz", "timestamp with time zone"),
      column("note", "text", "text"),
      column("score", "float8", "double precision")
    };
    return table.version(1, columns);
  }

  private static void put(LogTable table, int id, Random random) {
    table.put(
        "{\"id\":" + id + "}",
        "{\"id\":%d,\"customer\":%d,\"state\":\"shipped\",\"total\":\"%d.50\",\"paid\":true,\"made_at\":\"2024-05-01T12:34:56.123456Z\",\"note\":\"some words about it %d\",\"score\":0.%d}"
            .formatted(
                id,
                random.nextInt(1_000_000),
                random.nextInt(10_000),
                random.nextInt(),
                1 + random.nextInt(1_000_000)));
  }
}
