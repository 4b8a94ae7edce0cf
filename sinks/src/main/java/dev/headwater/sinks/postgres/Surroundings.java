package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.postgres.PostgresGenerations.execute;
import static dev.headwater.sinks.postgres.PostgresGenerations.texts;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * What users have put onto the serving tables: indexes, views, rights, comments and row security go
 * over to a new generation; what would be left behind, or stale without a word, is refused by name
 * before anything is loaded. One transaction's.
 */
final class Surroundings {
  /** The serving schema's relations; two parameters: sink, sink. */
  private static final String SERVING =
      """
      WITH g AS (SELECT g.generation, n.oid AS namespace FROM headwater.generation g
                   JOIN pg_catalog.pg_namespace n ON n.nspname = g.schema_name
                  WHERE g.sink = ? AND g.state = 'serving'),
           r AS (SELECT c.oid, c.relname, c.relkind, c.relacl, c.relowner, n.nspname,
                        t.table_name IS NOT NULL AS is_ours
                   FROM g JOIN pg_catalog.pg_class c ON c.relnamespace = g.namespace
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   LEFT JOIN headwater.replica_table t
                     ON t.sink = ? AND t.generation = g.generation AND t.table_name = c.relname)
      """;

  private static final String REFUSED =
      SERVING
          + """
      SELECT 'materialized view ' || c.oid::regclass FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
        JOIN pg_catalog.pg_class c ON c.oid = w.ev_class AND c.relkind = 'm'
       WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass
         AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid IN (SELECT oid FROM r)
      UNION SELECT 'function ' || p.oid::regprocedure FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_proc p ON p.oid = d.objid
       WHERE d.classid = 'pg_catalog.pg_proc'::regclass
         AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid IN (SELECT oid FROM r)
      UNION SELECT 'foreign key ' || c.conname || ' of ' || c.conrelid::regclass
        FROM pg_catalog.pg_constraint c
       WHERE c.contype = 'f' AND (c.confrelid IN (SELECT oid FROM r) OR c.conrelid IN (SELECT oid FROM r))
      UNION SELECT 'constraint ' || c.conname || ' of ' || c.conrelid::regclass
        FROM pg_catalog.pg_constraint c
       WHERE c.contype IN ('u', 'c', 'x') AND c.conrelid IN (SELECT oid FROM r)
      UNION SELECT 'publication ' || p.pubname FROM pg_catalog.pg_publication_rel l
        JOIN pg_catalog.pg_publication p ON p.oid = l.prpubid WHERE l.prrelid IN (SELECT oid FROM r)
      UNION SELECT 'trigger ' || t.tgname || ' of ' || t.tgrelid::regclass FROM pg_catalog.pg_trigger t
       WHERE NOT t.tgisinternal AND t.tgrelid IN (SELECT oid FROM r)
      UNION SELECT 'inheritance of ' || i.inhrelid::regclass FROM pg_catalog.pg_inherits i
       WHERE i.inhparent IN (SELECT oid FROM r WHERE relkind IN ('r', 'p'))
          OR i.inhrelid IN (SELECT oid FROM r WHERE relkind IN ('r', 'p'))
      UNION SELECT 'extended statistics ' || s.stxname FROM pg_catalog.pg_statistic_ext s
       WHERE s.stxrelid IN (SELECT oid FROM r)
      UNION SELECT 'relation ' || r.oid::regclass FROM r
       WHERE r.relkind IN ('r', 'p', 'f', 'S', 'm', 'c') AND NOT r.is_ours
      UNION SELECT 'function ' || p.oid::regprocedure FROM pg_catalog.pg_proc p, g
       WHERE p.pronamespace = g.namespace
      UNION SELECT 'type ' || t.oid::regtype FROM pg_catalog.pg_type t, g
       WHERE t.typnamespace = g.namespace AND t.typtype IN ('e', 'd', 'r')
      ORDER BY 1
      """;

  private static final String SCHEMA_PUBLICATIONS =
      """
      SELECT 'publication ' || p.pubname FROM pg_catalog.pg_publication_namespace l
        JOIN pg_catalog.pg_publication p ON p.oid = l.pnpubid
        JOIN pg_catalog.pg_namespace n ON n.oid = l.pnnspid WHERE n.nspname = ?
      """;

  // Each query makes the statements that give the new schema, its third parameter, what the serving
  // one has. Views come as their text under a search path of the serving schema alone.
  private static final String INDEXES =
      SERVING
          + """
      SELECT replace(pg_catalog.pg_get_indexdef(i.indexrelid),
               ' ON ' || quote_ident(r.nspname) || '.' || quote_ident(r.relname) || ' ',
               ' ON ' || quote_ident(?) || '.' || quote_ident(r.relname) || ' ')
        FROM r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
       WHERE r.is_ours AND NOT i.indisprimary AND i.indisvalid
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid)
       ORDER BY i.indexrelid
      """;

  private static final String VIEWS =
      SERVING
          + """
      SELECT 'CREATE VIEW ' || quote_ident(?) || '.' || quote_ident(r.relname)
             || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
             || ' AS ' || pg_catalog.pg_get_viewdef(r.oid)
        FROM r JOIN pg_catalog.pg_class c ON c.oid = r.oid WHERE r.relkind = 'v' ORDER BY r.oid
      """;

  private static final String RIGHTS =
      SERVING
          + """
      , s AS (SELECT ?::text AS name)
      SELECT format('GRANT %s ON %I.%I TO %s%s', a.privilege_type, s.name, r.relname,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM r, s, pg_catalog.aclexplode(r.relacl) a
       WHERE a.grantee <> r.relowner AND r.relkind IN ('r', 'v')
      UNION ALL
      SELECT format('GRANT %s (%I) ON %I.%I TO %s%s', a.privilege_type, c.attname, s.name, r.relname,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM r JOIN s ON true JOIN pg_catalog.pg_attribute c ON c.attrelid = r.oid,
             pg_catalog.aclexplode(c.attacl) a
       WHERE a.grantee <> r.relowner AND r.relkind IN ('r', 'v')
      UNION ALL
      SELECT format('GRANT %s ON SCHEMA %I TO %s%s', a.privilege_type, s.name,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
               CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM g JOIN pg_catalog.pg_namespace n ON n.oid = g.namespace, s,
             pg_catalog.aclexplode(n.nspacl) a
       WHERE a.grantee <> n.nspowner
      """;

  private static final String COMMENTS =
      SERVING
          + """
      , s AS (SELECT ?::text AS name)
      SELECT format('COMMENT ON %s %I.%I IS %L', CASE r.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
               s.name, r.relname, pg_catalog.obj_description(r.oid, 'pg_class'))
        FROM r, s WHERE r.relkind IN ('r', 'v')
         AND pg_catalog.obj_description(r.oid, 'pg_class') IS NOT NULL
      UNION ALL
      SELECT format('COMMENT ON COLUMN %I.%I.%I IS %L', s.name, r.relname, a.attname,
               pg_catalog.col_description(r.oid, a.attnum))
        FROM r JOIN s ON true JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0
       WHERE r.relkind IN ('r', 'v') AND pg_catalog.col_description(r.oid, a.attnum) IS NOT NULL
      UNION ALL
      SELECT format('COMMENT ON SCHEMA %I IS %L', s.name,
               pg_catalog.obj_description(g.namespace, 'pg_namespace'))
        FROM g, s WHERE pg_catalog.obj_description(g.namespace, 'pg_namespace') IS NOT NULL
      """;

  private static final String ROW_SECURITY =
      SERVING
          + """
      , s AS (SELECT ?::text AS name)
      SELECT format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY%s', s.name, r.relname,
               CASE WHEN c.relforcerowsecurity
                 THEN format('; ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', s.name, r.relname)
                 ELSE '' END)
        FROM r JOIN s ON true JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relrowsecurity
      UNION ALL
      SELECT format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', p.policyname, s.name,
               p.tablename, p.permissive, p.cmd,
               (SELECT string_agg(CASE role WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(role) END, ', ')
                  FROM unnest(p.roles) role),
               coalesce(' USING (' || p.qual || ')', ''),
               coalesce(' WITH CHECK (' || p.with_check || ')', ''))
        FROM s, pg_catalog.pg_policies p JOIN r ON r.nspname = p.schemaname AND r.relname = p.tablename
      """;

  private static final String OUTSIDE_VIEWS =
      SERVING
          + """
      SELECT 'CREATE OR REPLACE VIEW ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
             || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
             || ' AS ' || pg_catalog.pg_get_viewdef(c.oid)
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'v' AND c.relnamespace <> (SELECT namespace FROM g)
         AND c.oid IN (SELECT w.ev_class FROM pg_catalog.pg_depend d
                         JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
                        WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass
                          AND d.refclassid = 'pg_catalog.pg_class'::regclass
                          AND d.refobjid IN (SELECT oid FROM r))
       ORDER BY c.oid
      """;

  private final Connection connection;
  private final ReplicaNames names;
  private final StateTables state;

  Surroundings(Connection connection, ReplicaNames names, StateTables state) {
    this.connection = connection;
    this.names = names;
    this.state = state;
  }

  /** Refuses what a switch would leave with the old tables. */
  void requireSwitchable() throws SQLException {
    List<String> found = new ArrayList<>(of(REFUSED));
    if (connection.getMetaData().getDatabaseMajorVersion() >= 15) {
      found.addAll(texts(connection, SCHEMA_PUBLICATIONS, names.schema()));
    }
    if (!found.isEmpty()) {
      throw new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          "Sink '%s' – schema '%s' cannot be replaced, for these would stay with its old tables: %s"
              .formatted(names.sink(), names.schema(), String.join("; ", found)),
          "Drop them, or move them to another schema without a reference to these tables; then run"
              + " `headwater rebuild %s`.".formatted(names.sink()));
    }
  }

  /** Gives a generation's tables what the serving ones have, and makes statistics. */
  void copyTo(int number) throws SQLException {
    String schema = state.generation(connection, number).orElseThrow().schemaName();
    String serving = state.serving(connection).orElseThrow().schemaName();
    run(of(INDEXES, schema));
    // A view's text leaves out the schema that the search path leads to, whichever that is.
    execute(connection, "SET LOCAL search_path = " + SqlNames.quote(serving));
    List<String> views = of(VIEWS, schema);
    List<String> security = of(ROW_SECURITY, schema);
    execute(connection, "SET LOCAL search_path = " + SqlNames.quote(schema));
    run(views);
    run(security);
    run(of(RIGHTS, schema));
    run(of(COMMENTS, schema));
    for (String table :
        texts(
            connection,
            "SELECT table_name FROM headwater.replica_table WHERE sink = ? AND generation = ?",
            names.sink(),
            number)) {
      execute(connection, "ANALYZE " + SqlNames.qualified(schema, table));
    }
  }

  /** What makes the views outside again, over whatever bears the readers' name by then. */
  List<String> outsideViews() throws SQLException {
    execute(connection, "SET LOCAL search_path = ''");
    return of(OUTSIDE_VIEWS);
  }

  private void run(List<String> statements) throws SQLException {
    for (String sql : statements) {
      execute(connection, sql);
    }
  }

  private List<String> of(String sql, Object... more) throws SQLException {
    Object[] parameters = new Object[2 + more.length];
    parameters[0] = names.sink();
    parameters[1] = names.sink();
    System.arraycopy(more, 0, parameters, 2, more.length);
    return texts(connection, sql, parameters);
  }
}
