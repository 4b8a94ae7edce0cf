package dev.headwater.log.codec;

import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Measures rows per second from COPY lines to key and value bytes, on one core: run {@link #main}
 * by hand. A program and not a test, since no time is right for every machine.
 */
public final class EncodingThroughput {
  private static final int LINES = 1_000;
  private static final int ROUNDS = 8;
  private static final long ROUND_NANOS = 2_000_000_000L;

  private EncodingThroughput() {}

  /** Prints one line for each round and table. */
  public static void main(String[] args) {
    measure("narrow", narrow(), EncodingThroughput::narrowLine);
    measure("wide", wide(), EncodingThroughput::wideLine);
  }

  private static void measure(String name, TableSchema schema, Line line) {
    RowEncoder encoder = new RowEncoder(schema, Map.of());
    CopyTextReader reader = new CopyTextReader(schema.columns().size());
    byte[][] lines = new byte[LINES][];
    for (int i = 0; i < LINES; i++) {
      lines[i] = line.of(i).getBytes(StandardCharsets.UTF_8);
    }
    // Lines are un-escaped in place, so each is read from a copy, as if it had just come in.
    byte[] copy = new byte[1 << 16];
    for (int round = 1; round <= ROUNDS; round++) {
      long rows = 0;
      long bytes = 0;
      long start = System.nanoTime();
      while (System.nanoTime() - start < ROUND_NANOS) {
        for (byte[] each : lines) {
          System.arraycopy(each, 0, copy, 0, each.length);
          reader.read(copy, 0, each.length);
          reader.writeTo(encoder);
          bytes += encoder.row().length + encoder.key().length;
          rows++;
        }
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf(
          "%s round %d: %,.0f rows/s, %.0f MB/s of JSON, %d bytes a row%n",
          name, round, rows / seconds, bytes / seconds / 1e6, bytes / rows);
    }
  }

  private static String narrowLine(int i) {
    return "%d\t%d\t%d\t%s\n".formatted(100_000 + i, i % 10, -i * 37, " ".repeat(84));
  }

  private static String wideLine(int i) {
    return String.join(
            "\t",
            Long.toString(4_000_000_000L + i),
            Integer.toString(i * 7919),
            Integer.toString(i % 100),
            "customer-" + i,
            "lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod " + i,
            "x".repeat(120),
            "Grüße aus Köln, Straße " + i,
            "line one\\nline \"two\"\\ttab " + "y".repeat(150),
            "12345." + (10 + i % 90),
            "0.000" + i,
            (i % 2 == 0 ? "1.5e-0" + (1 + i % 9) : "3.14159265358979"),
            "2024-05-01 12:34:56.%06d+00".formatted(i),
            "2023-12-31 23:59:59+00",
            "2024-05-01 00:00:00.5",
            "2024-05-01",
            "{\"a\": %d, \"tags\": [\"x\", \"y\"], \"nested\": {\"k\": \"v\", \"n\": null}}"
                .formatted(i),
            "a0eebc99-9c0b-4ef8-bb6d-%012d".formatted(i),
            i % 2 == 0 ? "t" : "f",
            "{1,2,3,%d}".formatted(i),
            "{alpha,\"beta gamma\",NULL,\"d\\\\\"e\"}",
            "\\N")
        + "\n";
  }

  private static TableSchema narrow() {
    return schema("int4", "int4", "int4", "bpchar");
  }

  private static TableSchema wide() {
    return schema(
        "int8",
        "int4",
        "int2",
        "varchar",
        "text",
        "text",
        "text",
        "text",
        "numeric",
        "numeric",
        "float8",
        "timestamptz",
        "timestamptz",
        "timestamp",
        "date",
        "jsonb",
        "uuid",
        "bool",
        "_int4",
        "_text",
        "text");
  }

  private static TableSchema schema(String... types) {
    List<ColumnSchema> columns = new ArrayList<>();
    for (String name : types) {
      PgType type =
          name.startsWith("_")
              ? PgType.arrayOf(name, PgType.base(name.substring(1)))
              : PgType.base(name);
      columns.add(new ColumnSchema("column" + columns.size(), type, name, true, null));
    }
    return new TableSchema(
        new TableId("shop", "public", "measured"), 1, columns, List.of("column0"));
  }

  private interface Line {
    String of(int number);
  }
}
