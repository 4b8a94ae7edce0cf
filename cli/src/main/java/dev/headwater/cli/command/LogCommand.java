package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.Suggestions;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.schema.TableId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code log}: what is in the log, readable. */
@Command(
    name = "log",
    mixinStandardHelpOptions = true,
    description = "Looks into the log: topics, tail, get, stats.",
    footer = {
      "",
      "Examples:",
      "  headwater log topics",
      "  headwater log tail shop.public.orders -n 5",
      "  headwater log get shop.public.orders '{\"id\":42}'",
      "  headwater log stats shop.public.orders"
    })
public final class LogCommand {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Command(
      name = "topics",
      mixinStandardHelpOptions = true,
      description = "Lists the tables in the log with their topics.")
  int topics(@Mixin GlobalOptions options) {
    Console console = options.console();
    try (LogConnection log = LogConnection.join(options.load().log())) {
      Map<String, List<LogPartition>> topics =
          LogPartitions.of(log, new SchemaStore(log), table -> true);
      ObjectNode json = JSON.createObjectNode();
      ArrayNode array = json.putArray("topics");
      topics.forEach(
          (topic, partitions) -> {
            String table = partitions.get(0).table().toString();
            array
                .addObject()
                .put("table", table)
                .put("topic", topic)
                .put("partitions", partitions.size());
            if (!console.isJson()) {
              console.answer(
                  String.format("%-40s %-40s %d partitions", table, topic, partitions.size()));
            }
          });
      if (console.isJson()) {
        console.answer(json);
      }
    }
    return 0;
  }

  @Command(
      name = "tail",
      mixinStandardHelpOptions = true,
      description = "Prints a table's last records, oldest first.")
  int tail(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "TABLE", description = "connector.schema.table") String table,
      @Option(names = "-n", defaultValue = "10", description = "How many (default: 10).")
          int count) {
    Deque<String> last = new ArrayDeque<>();
    Console console = options.console();
    ArrayNode array = JSON.createArrayNode();
    scan(
        options,
        table,
        (partition, record) -> {
          last.addLast(
              console.isJson() ? json(partition, record).toString() : line(partition, record));
          if (last.size() > count) {
            last.removeFirst();
          }
        });
    if (console.isJson()) {
      last.forEach(text -> array.add(parse(text)));
      ObjectNode json = JSON.createObjectNode();
      json.set("records", array);
      console.answer(json);
    } else {
      last.forEach(console::answer);
    }
    return 0;
  }

  @Command(
      name = "get",
      mixinStandardHelpOptions = true,
      description = "Prints the last record of one key.")
  int get(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "TABLE", description = "connector.schema.table") String table,
      @Parameters(
              paramLabel = "KEY",
              description = "The key's JSON, or the value of a key of one column.")
          String key) {
    List<String> found = new ArrayList<>();
    Console console = options.console();
    scan(
        options,
        table,
        (partition, record) -> {
          if (isKey(record.key(), key)) {
            found.clear();
            found.add(
                console.isJson() ? json(partition, record).toString() : line(partition, record));
          }
        });
    if (found.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.RECORD_REFUSED,
          "table " + table + " – the log has no record with the key " + key,
          "A key looks like the ones that 'headwater log tail " + table + "' prints.");
    }
    console.answer(found.get(0));
    return 0;
  }

  @Command(
      name = "stats",
      mixinStandardHelpOptions = true,
      description = "Counts a table's records, tombstones, live keys and bytes.")
  int stats(
      @Mixin GlobalOptions options,
      @Parameters(paramLabel = "TABLE", description = "connector.schema.table") String table) {
    long[] counts = new long[3];
    Set<java.nio.ByteBuffer> live = new HashSet<>();
    scan(
        options,
        table,
        (partition, record) -> {
          counts[0]++;
          byte[] value = record.value();
          counts[2] += record.key().length + (value == null ? 0 : value.length);
          if (value == null) {
            counts[1]++;
            live.remove(java.nio.ByteBuffer.wrap(record.key()));
          } else {
            live.add(java.nio.ByteBuffer.wrap(record.key()));
          }
        });
    Console console = options.console();
    if (console.isJson()) {
      console.answer(
          JSON.createObjectNode()
              .put("table", table)
              .put("records", counts[0])
              .put("tombstones", counts[1])
              .put("live_keys", live.size())
              .put("bytes", counts[2]));
    } else {
      console.answer(
          table
              + ": "
              + counts[0]
              + " records, "
              + counts[1]
              + " tombstones, "
              + live.size()
              + " live keys, "
              + counts[2]
              + " bytes");
    }
    return 0;
  }

  private static void scan(
      GlobalOptions options, String table, BiConsumer<LogPartition, LogRecord> visitor) {
    try (LogConnection log = LogConnection.join(options.load().log())) {
      List<LogPartition> partitions = partitionsOf(log, table);
      try (ReplayReader reader = ReplayReader.open(log, partitions, new HashMap<>())) {
        while (!reader.isCaughtUp()) {
          for (PartitionBatch batch : reader.poll(Duration.ofMillis(200))) {
            batch.records().forEach(record -> visitor.accept(batch.partition(), record));
          }
        }
      }
    }
  }

  private static List<LogPartition> partitionsOf(LogConnection log, String table) {
    SchemaStore schemas = new SchemaStore(log);
    Map<String, List<LogPartition>> topics =
        LogPartitions.of(log, schemas, id -> id.toString().equals(table));
    if (topics.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "table '" + table + "' is not in the log",
          Suggestions.itHas(
              schemas.latest().keySet().stream().map(TableId::toString).sorted().toList()));
    }
    return topics.values().iterator().next();
  }

  private static boolean isKey(byte[] key, String wanted) {
    if (Arrays.equals(key, wanted.getBytes(StandardCharsets.UTF_8))) {
      return true;
    }
    var json = parse(new String(key, StandardCharsets.UTF_8));
    return json.size() == 1 && json.elements().next().asText().equals(wanted);
  }

  private static String line(LogPartition partition, LogRecord record) {
    byte[] value = record.value();
    return partition.partition()
        + "/"
        + record.offset()
        + " seq "
        + record.seq()
        + " "
        + record.op()
        + " "
        + record.lsn()
        + "  "
        + new String(record.key(), StandardCharsets.UTF_8)
        + "  "
        + (value == null ? "(deleted)" : new String(value, StandardCharsets.UTF_8));
  }

  private static ObjectNode json(LogPartition partition, LogRecord record) {
    ObjectNode json = JSON.createObjectNode();
    json.put("partition", partition.partition());
    json.put("offset", record.offset());
    json.put("seq", record.seq());
    json.put("op", String.valueOf(record.op()));
    json.put("lsn", record.lsn());
    json.put("txid", record.txid());
    json.put("ts_ms", record.tsMs());
    json.set("key", parse(new String(record.key(), StandardCharsets.UTF_8)));
    byte[] value = record.value();
    json.set("value", value == null ? null : parse(new String(value, StandardCharsets.UTF_8)));
    return json;
  }

  private static com.fasterxml.jackson.databind.JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
