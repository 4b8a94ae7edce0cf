package dev.headwater.benchmarks;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** The source's tables, whose rows are the same at every run. */
final class Tables {
  private static final String WORDS =
      "repeat(md5((i * %d)::text) || ' ', %d)"; // text that compresses as hashes do

  private Tables() {}

  /** Four columns, like {@code pgbench_accounts}. */
  static void narrow(Connection source, String table, long rows) {
    execute(
        source,
        "CREATE TABLE " + table + " (aid int, bid int, abalance int, filler char(84))",
        "INSERT INTO "
            + table
            + " SELECT i, (i - 1) / 100000 + 1, 0, '' FROM generate_series(1, "
            + rows
            + ") i",
        "ALTER TABLE " + table + " ADD PRIMARY KEY (aid)");
    settle(source, table);
  }

  /** Twenty-one columns of many types. */
  static void wide(Connection source, String table, long rows) {
    execute(
        source,
        "CREATE TABLE "
            + table
            + " (id bigint, n int, s smallint, a text, b text, c text, d varchar(200),"
            + " e varchar(100), price numeric(12,2), rate numeric, f float8, created timestamptz,"
            + " changed timestamptz, local timestamp, day date, doc jsonb, uid uuid,"
            + " flag boolean, list int[], tags text[], note text)",
        "INSERT INTO "
            + table
            + " SELECT i, i * 7, i % 30000, "
            + WORDS.formatted(1, 1)
            + ", left("
            + WORDS.formatted(3, 2)
            + ", 48), "
            + WORDS.formatted(5, 3)
            + ", left("
            + WORDS.formatted(7, 4)
            + ", 120), left("
            + WORDS.formatted(11, 2)
            + ", 60), (i % 100000) / 100.0, i / 7.0, sqrt(i), timestamptz '2024-01-01"
            + " 00:00:00.123456+00' + i * interval '1.5 s', timestamptz '2025-01-01 00:00+00' + i *"
            + " interval '1 s', timestamp '2024-06-01 12:00' + i * interval '1 min', date"
            + " '2000-01-01' + (i % 9000)::int, jsonb_build_object('id', i, 'name', md5(i::text),"
            + " 'ok', i % 2 = 0, 'list', jsonb_build_array(i, i + 1)), md5(i::text)::uuid, i % 2 ="
            + " 0, ARRAY[i, i + 1, i + 2]::int[], ARRAY['red', 'green ' || i], CASE WHEN i % 5 > 0"
            + " THEN 'note ' || i END FROM generate_series(1, "
            + rows
            + ") i",
        "ALTER TABLE " + table + " ADD PRIMARY KEY (id)");
    settle(source, table);
  }

  /** Eight columns, about 190 bytes a row: what is streamed, and what sinks are filled with. */
  static void events(Connection source, String table, long rows) {
    execute(
        source,
        "CREATE TABLE "
            + table
            + " (id bigint, customer int, state text, amount numeric(12,2), created timestamptz,"
            + " address text, note text, flag boolean)",
        "INSERT INTO "
            + table
            + " SELECT "
            + eventColumns("i")
            + " FROM generate_series(1, "
            + rows
            + ") i",
        "ALTER TABLE " + table + " ADD PRIMARY KEY (id)");
    settle(source, table);
  }

  /** Like {@link #events}, with an enum, and a version that counts a row's updates up. */
  static void versioned(Connection source, String table, long rows) {
    events(source, table, rows);
    execute(
        source,
        "CREATE TYPE " + table + "_mood AS ENUM ('calm', 'busy')",
        "ALTER TABLE " + table + " ADD COLUMN version bigint NOT NULL DEFAULT 0",
        "ALTER TABLE " + table + " ADD COLUMN mood " + table + "_mood NOT NULL DEFAULT 'calm'");
  }

  /** The columns of one row of {@link #events} for an id. */
  static String eventColumns(String id) {
    return ("%1$s, (%1$s %% 100000)::int, (ARRAY['new','paid','sent','done'])[1 + %1$s %% 4], (%1$s"
            + " %% 1000000) / 100.0, timestamptz '2025-01-01 00:00:00.123456+00' + %1$s *"
            + " interval '1 s', md5(%1$s::text) || md5((%1$s + 1)::text), 'order ' || %1$s || '"
            + " of ' || md5((%1$s * 3)::text), %1$s %% 2 = 0")
        .formatted(id);
  }

  /**
   * Changes rows of {@link #events} in transactions of 10 to 100: 30 % inserts, 50 % updates, 20 %
   * deletes. The same changes at every call with the same seed rows.
   *
   * @return how many were deletes
   */
  static long backlog(Connection source, String table, long seedRows, long changes) {
    execute(
        source,
        """
        CREATE OR REPLACE PROCEDURE make_backlog(seed bigint, changes bigint) LANGUAGE plpgsql AS $$
        DECLARE
          done bigint := 0; inserted bigint := seed; deleted bigint := 0; size int; step int;
        BEGIN
          WHILE done < changes LOOP
            size := least(10 + (done * 7919) %% 91, changes - done);
            FOR i IN 1..size LOOP
              step := (done %% 10);
              IF step < 3 THEN
                inserted := inserted + 1;
                INSERT INTO %1$s SELECT %2$s;
              ELSIF step < 8 THEN
                UPDATE %1$s SET amount = amount + 1, state = 'changed'
                  WHERE id = inserted - (done * 31) %% (inserted - deleted - 10);
              ELSE
                deleted := deleted + 1;
                DELETE FROM %1$s WHERE id = deleted;
              END IF;
              IF NOT FOUND THEN RAISE 'no such row'; END IF;
              done := done + 1;
            END LOOP;
            COMMIT;
          END LOOP;
        END $$\
        """
            .formatted(table, eventColumns("inserted")));
    try (Statement statement = source.createStatement()) {
      statement.execute("SET synchronous_commit = off");
      statement.execute("CALL make_backlog(" + seedRows + ", " + changes + ")");
      statement.execute("RESET synchronous_commit");
      statement.execute("CHECKPOINT");
    } catch (SQLException e) {
      throw new BenchmarkException("The backlog cannot be made", e);
    }
    return changes / 10 * 2 + Math.max(0, changes % 10 - 8);
  }

  static void settle(Connection source, String table) {
    execute(source, "VACUUM (FREEZE, ANALYZE) " + table, "CHECKPOINT");
  }

  static void execute(Connection connection, String... statements) {
    execute(connection, List.of(statements));
  }

  static void execute(Connection connection, List<String> statements) {
    for (String sql : statements) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      } catch (SQLException e) {
        throw new BenchmarkException("PostgreSQL refused: " + sql, e);
      }
    }
  }

  /** The first column of the first row as a number; 0 for NULL or no row. */
  static long number(Connection connection, String sql) {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getLong(1) : 0;
    } catch (SQLException e) {
      throw new BenchmarkException("PostgreSQL refused: " + sql, e);
    }
  }
}
