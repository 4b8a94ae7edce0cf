package dev.headwater.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.CaptureConfig.OnSchemaChange;
import dev.headwater.capture.CaptureConfig.OverBudget;
import dev.headwater.capture.CaptureConfig.SlotConfig;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkConfig.Redis.Generations;
import dev.headwater.sinks.SinkConfig.Redis.Value;
import dev.headwater.snapshot.SnapshotConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
  private static final String FULL =
      """
      version: 1
      log:
        bootstrap_servers: kafka-1:9092,kafka-2:9092,kafka-3:9092
        replication_factor: 3
        min_insync_replicas: 2
        partitions: {"shop.public.orders": 12, "*": 1}
        delete_retention: 7d
        properties: {security.protocol: SASL_SSL}
      connectors:
        - name: shop
          type: postgres
          url: postgresql://db:5433/shop?sslmode=require
          user: headwater
          password: ${PGPASSWORD}
          tables: [public.customers, public.orders, public.products, public.audit, "sales.*"]
          keys: {public.audit: [tenant, seq]}
          columns:
            exclude: [public.customers.password_hash]
            mask: {public.customers.email: {with: hmac-sha256, secret: "${MASK_KEY}"}}
          snapshot: {parallelism: 3, chunk_rows: 100, chunk_bytes: 8MiB, rate: 5, max_lag: 2GB}
          slot: {name: my_slot, wal_budget: 10GiB, over_budget: pause_snapshots}
          on_schema_change: stop
          heartbeat: 500ms
          properties: {driver.tcpKeepAlive: true}
      sinks:
        - name: customer-cache
          type: redis
          url: redis://cache:6379
          user: cache
          password: ${PGPASSWORD}
          tables: [shop.public.customers]
          key: "customer:{id}"
          value: hash
          ttl: 10m
          generations: pointer
        - name: product-search
          type: opensearch
          url: http://search:9200
          tables: [shop.public.products]
          index: products
          mapping: {price: scaled_float}
        - name: reporting
          type: postgres
          url: postgresql://replica:5432/reporting
          tables: ["shop.public.*"]
          schema: shop
      console: {address: "0.0.0.0:80", token: "${TOKEN}"}
      """;

  /** The smallest good file: snippets of the table replace a line of it or are added to it. */
  private static final String SMALL =
      """
      version: 1
      connectors:
        - name: shop
          type: postgres
          url: postgresql://db/shop
          user: headwater
          tables: [public.orders]
      sinks:
        - name: cache
          type: redis
          url: redis://cache:6379
          tables: [shop.public.orders]
          key: "order:{id}"
      """;

  @TempDir Path directory;

  private final Map<String, String> environment =
      new HashMap<>(
          Map.of("PGPASSWORD", "s3cr3t", "MASK_KEY", "m4sk", "TOKEN", "t0ken", "EMPTY", ""));

  @Test
  void bindsEveryField() throws IOException {
    HeadwaterConfig config = load(FULL);

    assertThat(config.log())
        .isEqualTo(
            new LogConfig(
                Optional.of("kafka-1:9092,kafka-2:9092,kafka-3:9092"),
                LogConfig.DEFAULT_DIRECTORY,
                Optional.of(3),
                Optional.of(2),
                Map.of("shop.public.orders", 12, "*", 1),
                Duration.ofDays(7),
                Map.of("security.protocol", new Secret("SASL_SSL"))));
    assertThat(config.connectors())
        .containsExactly(
            new HeadwaterConfig.Connector(
                new CaptureConfig(
                    "shop",
                    "db",
                    5433,
                    "shop",
                    "headwater",
                    Optional.of(new Secret("s3cr3t")),
                    Map.of("sslmode", "require"),
                    List.of(
                        "public.customers",
                        "public.orders",
                        "public.products",
                        "public.audit",
                        "sales.*"),
                    Map.of("public.audit", List.of("tenant", "seq")),
                    List.of("public.customers.password_hash"),
                    Map.of(
                        "public.customers.email",
                        new ColumnMask(
                            ColumnMask.Method.HMAC_SHA256, Optional.of(new Secret("m4sk")))),
                    new SlotConfig("my_slot", Optional.of(10L << 30), OverBudget.PAUSE_SNAPSHOTS),
                    OnSchemaChange.STOP,
                    Duration.ofMillis(500),
                    Map.of("driver.tcpKeepAlive", "true")),
                new SnapshotConfig(3, 100, 8L << 20, 5, 2_000_000_000L)));
    assertThat(config.sinks())
        .containsExactly(
            new SinkConfig.Redis(
                "customer-cache",
                "redis://cache:6379",
                Optional.of("cache"),
                Optional.of(new Secret("s3cr3t")),
                List.of("shop.public.customers"),
                "customer:{id}",
                Value.HASH,
                Duration.ofMinutes(10),
                Generations.POINTER),
            new SinkConfig.OpenSearch(
                "product-search",
                "http://search:9200",
                Optional.empty(),
                Optional.empty(),
                List.of("shop.public.products"),
                "products",
                Map.of("price", "scaled_float")),
            new SinkConfig.Postgres(
                "reporting",
                "jdbc:postgresql://replica:5432/reporting",
                Optional.empty(),
                Optional.empty(),
                List.of("shop.public.*"),
                "shop"));
    assertThat(config.console())
        .isEqualTo(new HeadwaterConfig.Console("0.0.0.0:80", Optional.of(new Secret("t0ken"))));
    assertThat(config.toString()).doesNotContain("s3cr3t", "m4sk", "t0ken", "SASL_SSL");
  }

  @Test
  void whatIsLeftOutHasItsDefault() throws IOException {
    HeadwaterConfig config =
        load(SMALL.replace("name: shop", "name: my-shop").replace("[shop.", "[my-shop."));

    CaptureConfig capture = config.connectors().get(0).capture();
    assertThat(config.log()).isEqualTo(LogConfig.embedded());
    assertThat(config.console()).isEqualTo(HeadwaterConfig.Console.DEFAULT);
    assertThat(capture.port()).isEqualTo(5432);
    assertThat(capture.password()).isEmpty();
    assertThat(capture.slot())
        .isEqualTo(new SlotConfig("headwater_my_shop", Optional.empty(), OverBudget.WARN));
    assertThat(config.connectors().get(0).snapshot()).isEqualTo(SnapshotConfig.DEFAULT);
  }

  @ParameterizedTest(name = "{0} => {1} | {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          version: 1 | version: 2 | :1:10  version – expected a whole number from 1 to 1, found '2'
          version: 1 | versoin: 1 | :1:1  versoin – unknown field; did you mean 'version'?
          version: 1 | versoin: 1 | :1:1  the field 'version' is required
          name: shop | name: Shop | :3:11  connectors[0].name – expected a name of at most 40 lower-case
          type: postgres | type: mysql | connectors[0].type – expected postgres, found 'mysql'
          type: postgres | type: postgers | did you mean 'postgres'?
          postgresql://db/shop | postgresql://u:hunter2@db/shop | a URL must not hold a user or password
          postgresql://db/shop | postgresql://u:hun/ter2@db/x | a URL must not hold a user or password
          postgresql://db/shop | postgresql://db/shop?password=hunter2 | must not hold 'password'
          postgresql://db/shop | mysql://db/shop | not a URL of this type; expected postgresql://
          postgresql://db/shop | postgresql://db | the URL names no database
          postgresql://db/shop | postgresql://a:1,b:2/shop | not a URL of this type
          user: headwater | user: | connectors[0].user – has no value
          user: headwater | user: [a] | connectors[0].user – expected a single value, found a list
          user: headwater | password: *hunter2 | no anchor has the name behind this '*'
          user: headwater | password: !hunter2 a | a value must not start with '!'
          user: headwater | password: '%{hunter2 | not valid YAML
          user: headwater | password: %hunter2 | put it in quotes
          user: headwater | user: ${NOT_SET} | the environment variable 'NOT_SET' is not set
          user: headwater | user: ${EMPTY} | is empty once '${EMPTY}' is resolved
          user: headwater | user: ${a b} | not a reference; expected ${ENV}
          user: headwater | user: a${b | a '${' without its '}'
          user: headwater | user: ${file:/no/such} | the file '/no/such' cannot be read (NoSuchFile
          user: headwater | user: a, user: b | not valid YAML
          tables: [public.orders] | tables: [] | connectors[0].tables – needs at least one entry
          tables: [public.orders] | tables: public.orders | expected a list, found a single value
          tables: [public.orders] | tables: [orders] | tables[0] – expected schema.table, globs allowed
          tables: [public.orders] | tabels: [public.orders] | did you mean 'tables'?
          tables: [public.orders] | tables: [public.order] | no connector captures such a table: 'shop.
          tables: [public.orders] | tables: [public.order] | did you mean 'shop.public.order'?
          tables: [shop. | tables: [shpo. | no connector has the name 'shpo'; did you mean 'shop'?
          tables: [shop. | tables: [ | expected connector.schema.table, globs allowed
          key: "order:{id}" | ttl: 5s | the field 'key' is required
          key: "order:{id}" | key: order | needs every key column as a {placeholder}
          key: "order:{id}" | key: "a:{id" | a '{' or '}' without its other half
          key: "order:{id}" | key: "{table}" | needs every key column as a {placeholder}
          name: cache | name: shop | sinks[0].name – the name is taken by connectors[0]
          type: redis | type: reddis | sinks[0].type – expected redis
          type: redis | type: opensearch | the field 'index' is required
          type: redis | type: opensearch | sinks[0].key – unknown field
          type: redis | type: postgres | the field 'schema' is required
          redis://cache:6379 | redis://:hunter2@cache | a URL must not hold a user or password
          """)
  void aLineThatIsWrong(String right, String wrong, String message) throws IOException {
    assertThat(failure(SMALL.replace(right, wrong == null ? "" : wrong)))
        .contains(message)
        .doesNotContain("hunter2");
  }

  @ParameterizedTest(name = "{0} => {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
              heartbeat: 5 | heartbeat – expected a duration with its unit
              heartbeat: 5 weeks | found '5 weeks'
              slot: {name: My-Slot} | slot.name – expected a slot name
              slot: {wal_budget: lots} | expected a size such as 16MiB or 10GB, found 'lots'
              slot: {wal_budget: 99999999TiB} | expected a size
              slot: {wal_budget: 0} | expected a size
              slot: {over_budget: give_up_slot} | needs a wal_budget beside it
              slot: [a] | connectors[0].slot – expected a block of fields, found a list
              snapshot: {rate: ${EMPTY}} | a ${…} inside { } or [ ] needs quotes around it
          snapshot: {parallelism: 0} | expected a whole number from 1 to 64, found '0'
              snapshot: {chunk-rows: 5} | unknown field; did you mean 'chunk_rows'?
              on_schema_change: folow | did you mean 'follow'?
              properties: {slot.drop.on.stop: true} | the Debezium property 'slot.drop.on.stop' is refused
              properties: {driver.password: hunter2} | is refused: use the fields 'user' and 'password'
              keys: {public.orders: []} | needs at least one column
              keys: {orders: [id]} | expected schema.table without globs, found 'orders'
              keys: {public.orders: [tenant, id]} | the key of 'shop.public.orders' is [tenant, id]
              columns: {exclude: [public.orders]} | expected schema.table.column
              columns: {mask: {public.oders.x: {with: redact}}} | 'tables'; did you mean 'public.orders'?
              columns: {mask: {public.orders.note: {with: redact, secret: x}}} | only hmac-sha256 takes
              columns: {mask: {public.orders.note: {with: hmac-sha256}}} | hmac-sha256 needs a secret
              columns: {mask: {public.orders.note: {with: sha}}} | expected hmac-sha256
              columns: {mask: {public.orders.note: {}}} | the field 'with' is required
              user: again | connectors[0].user – stands twice; the first is in line 6
          """)
  void aConnectorsFieldThatIsWrong(String field, String message) throws IOException {
    String line = "user: headwater\n";
    assertThat(failure(SMALL.replace(line, line + "    " + field + "\n")))
        .contains(message)
        .doesNotContain("hunter2");
  }

  @ParameterizedTest(name = "{0} => {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          log: {min_insync_replicas: 3, replication_factor: 2} | must not be more than the replication
          log: {partitions: 0} | log.partitions – expected a whole number from 1
          log: {partitions: {shop.public.orders: many}} | log.partitions."shop.public.orders" – expected
          log: {bootstrap_servers: kafka} | expected host:port
          log: {properties: {sasl.jaas.config: [hunter2]}} | expected a single value, found a list
          console: {address: "0.0.0.0:8080"} | an address off the loopback needs console.token
          console: {address: 8080} | expected host:port such as 127.0.0.1:8080
          consol: {} | unknown field; did you mean 'console'?
          """)
  void aBlockThatIsWrong(String block, String message) throws IOException {
    assertThat(failure(SMALL + block + "\n")).contains(message).doesNotContain("hunter2");
  }

  @Test
  void aKeyColumnIsNeitherMaskedNorLeftOut() throws IOException {
    String line = "user: headwater\n";
    String fields =
        """
            keys: {public.orders: [id]}
            columns:
              exclude: [public.orders.id]
              mask: {public.orders.id: {with: redact}}
        """;
    assertThat(failure(SMALL.replace(line, line + fields)))
        .contains("it cannot be masked", "it cannot be left out");
  }

  @Test
  void twoConnectorsDoNotShareASlot() throws IOException {
    String entry = SMALL.substring(SMALL.indexOf("  - name"), SMALL.indexOf("sinks:"));
    String two =
        "version: 1\nconnectors:\n"
            + entry.replace("name: shop", "name: a-b")
            + entry.replace("name: shop", "name: a_b");
    assertThat(failure(two)).contains("the slot 'headwater_a_b' is that of 'a-b'");
    assertThat(failure("version: 1\nconnectors:\n" + entry + entry))
        .contains("connectors[1].name – the name is taken by connectors[0]");
  }

  @Test
  void allProblemsAreToldAtOnceInTheFilesOrder() throws IOException {
    String wrong =
        SMALL
            .replace("type: postgres", "type: oracle")
            .replace("user:", "usr:")
            .replace("key:", "kye:");
    Path file = write(wrong);

    HeadwaterException failure = failureOf(file);

    assertThat(failure.code()).isEqualTo(FailureCode.CONFIGURATION_INVALID);
    assertThat(failure.getMessage().lines())
        .containsExactly(
            file + ":3:5  connectors[0] – the field 'user' is required",
            file + ":4:11  connectors[0].type – expected postgres, found 'oracle'",
            file + ":6:5  connectors[0].usr – unknown field; did you mean 'user'?",
            file + ":9:5  sinks[0] – the field 'key' is required",
            file + ":13:5  sinks[0].kye – unknown field; did you mean 'key'?");
  }

  @Test
  void secretsAreNeverInMessages() throws IOException {
    String wrong =
        FULL.replace("chunk_rows: 100", "chunk_rows: \"${PGPASSWORD}\"")
            .replace("on_schema_change: stop", "on_schema_change: ${PGPASSWORD}")
            .replace("heartbeat: 500ms", "heartbeat: ${MASK_KEY}")
            .replace("url: redis://cache:6379", "url: redis://:${PGPASSWORD}@cache:6379")
            .replace("name: my_slot", "name: \"a-${TOKEN}\"");

    assertThat(failure(wrong))
        .contains("found '${PGPASSWORD}'", "found '${MASK_KEY}'", "found 'a-${TOKEN}'")
        .doesNotContain("s3cr3t", "m4sk", "t0ken");
  }

  @Test
  void referencesAreResolvedInEveryScalar() throws IOException {
    Files.writeString(directory.resolve("pg"), "from file\r\n");
    environment.put("HOST", "db.example");
    String text =
        SMALL
            .replace("//db/", "//${HOST}:${PORT:-6000}/")
            .replace("user: headwater", "user: a$${b}\n    password: ${file:pg}");

    CaptureConfig capture = load(text).connectors().get(0).capture();

    assertThat(capture.host()).isEqualTo("db.example");
    assertThat(capture.port()).isEqualTo(6000);
    assertThat(capture.user()).isEqualTo("a${b}");
    assertThat(capture.password()).contains(new Secret("from file"));

    Files.writeString(directory.resolve("pg"), "\n");
    assertThat(failure(text)).contains("password – the file 'pg' is empty");
  }

  @Test
  void aPasswordMayBeLeftOutByAnEmptyDefault() throws IOException {
    String text = SMALL.replace("user: headwater", "user: a\n    password: ${NOT_SET:-}");
    assertThat(load(text).connectors().get(0).capture().password()).isEmpty();
    assertThat(failure(text.replace("NOT_SET:-", "EMPTY"))).contains("password – is empty");
  }

  @Test
  void onePartitionCountStandsForAllTables() throws IOException {
    assertThat(load(SMALL + "log: {partitions: 4}\n").log().partitions()).isEqualTo(Map.of("*", 4));
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:postgresql://db:5432/shop", "postgres://db/shop"})
  void otherWaysOfWritingAUrl(String url) throws IOException {
    CaptureConfig capture =
        load(SMALL.replace("postgresql://db/shop", url)).connectors().get(0).capture();
    assertThat(capture.host() + ":" + capture.port() + "/" + capture.database())
        .isEqualTo("db:5432/shop");
  }

  @Test
  void aFileThatIsNoConfiguration() throws IOException {
    assertThat(failureOf(directory.resolve("none.yaml")).getMessage()).contains("does not exist");
    assertThat(failureOf(directory).getMessage()).contains("is a directory");
    assertThat(failure("")).contains("is empty");
    assertThat(failure("# nothing\n")).contains("is empty");
    assertThat(failure("[" + "[".repeat(100_000))).contains("nested too deeply");
    assertThat(failure("- a\n")).contains("expected a block of fields, found a list");
    assertThat(failure("a: 1\n---\nb: 2\n")).contains("more than one document");
    assertThat(failure("a: [1\n")).contains(":2:1  not valid YAML: expected ',' or ']'");
    assertThat(failure("a: \u0001\n")).contains("not valid YAML");
    assertThat(failure("version: 1\nconnectors:\n")).contains("needs at least one connector");
    assertThat(failure("version: 1\nconnectors: []\n")).contains("needs at least one connector");
    Path latin = directory.resolve("latin.yaml");
    Files.write(latin, "user: ä".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(failureOf(latin).getMessage()).contains("is not UTF-8 text");
  }

  @Test
  void theSchemaNamesEveryField() throws IOException {
    JsonNode schema = new ObjectMapper().readTree(ConfigSchema.json());
    assertThat(schema.at("/properties/connectors/items/properties/tables/type").asText())
        .isEqualTo("array");
    assertThat(schema.at("/properties/sinks/items/anyOf")).hasSize(4);
    assertThat(schema.at("/required").toString()).isEqualTo("[\"version\",\"connectors\"]");
  }

  private HeadwaterConfig load(String text) throws IOException {
    return ConfigLoader.load(write(text), environment::get);
  }

  private String failure(String text) throws IOException {
    return failureOf(write(text)).getMessage();
  }

  private HeadwaterException failureOf(Path file) {
    return catchThrowableOfType(
        HeadwaterException.class, () -> ConfigLoader.load(file, environment::get));
  }

  private Path write(String text) throws IOException {
    return Files.writeString(directory.resolve("connectors.yaml"), text);
  }
}
