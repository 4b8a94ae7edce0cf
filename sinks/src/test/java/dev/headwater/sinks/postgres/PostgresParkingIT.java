package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.TestRows.column;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.ParkingContract;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.TestRows;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Rows that a replica refuses: a value too long for its column, a constraint that somebody adds.
 */
class PostgresParkingIT extends ParkingContract {
  private @Nullable Replica replica;
  private @Nullable String tableName;

  private Replica replica() {
    Replica open = replica == null ? Replica.on(SharedServices.postgres()) : replica;
    replica = open;
    return open;
  }

  @Override
  protected TestRows table() {
    TestRows made =
        TestRows.of(
            List.of(
                column("id", "int8", "bigint", false),
                column("name", "varchar", "character varying(4)", true),
                column("note", "text", "text", true),
                column("qty", "int4", "integer", true)),
            "id");
    tableName = made.schema().table().name();
    return made;
  }

  @Override
  protected SinkConfig config(TestRows table) {
    SinkConfig.Postgres all = replica().config(name, Replica.SCHEMA, PostgresServer.USER);
    return new SinkConfig.Postgres(
        name,
        all.url(),
        all.user(),
        all.password(),
        List.of(table.schema().table().toString()),
        Replica.SCHEMA);
  }

  @Override
  protected String refusedName() {
    return "too long";
  }

  @Override
  protected String refusedNote() {
    return "unwanted";
  }

  @Override
  protected void spoil() {
    replica()
        .execute(
            "ALTER TABLE shop.%s ADD CONSTRAINT wanted CHECK (note <> 'unwanted')"
                .formatted(tableName));
  }

  @Override
  protected void mend() {
    replica().execute("ALTER TABLE shop.%s DROP CONSTRAINT wanted".formatted(tableName));
  }

  @Override
  protected Map<Long, Integer> rows() {
    Map<Long, Integer> rows = new TreeMap<>();
    if (replica().query("SELECT to_regclass('shop.%s')".formatted(tableName)).contains("null")) {
      return rows;
    }
    for (String row : replica().query("SELECT id, qty FROM shop." + tableName)) {
      String[] columns = row.split("\\|", -1);
      rows.put(Long.parseLong(columns[0]), Integer.parseInt(columns[1]));
    }
    return rows;
  }
}
