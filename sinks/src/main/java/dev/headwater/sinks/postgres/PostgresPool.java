package dev.headwater.sinks.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.config.Secret;
import dev.headwater.sinks.SinkConfig;
import java.time.Duration;
import java.util.Properties;

/** Opens the connections of one sink; every wait in them is bounded. */
final class PostgresPool {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** The pool goes on trying a server that refuses; the caller has patience of its own. */
  private static final Duration POOL_TIMEOUT = Duration.ofSeconds(5);

  /** Long enough for a large batch on a busy server, short enough to notice a dead one. */
  private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(60);

  /** Above the statement's, so that the server gives up first and says so. */
  private static final Duration SOCKET_TIMEOUT = STATEMENT_TIMEOUT.plusSeconds(15);

  /** A frozen worker's transaction must not hold its partition for ever against the next owner. */
  private static final Duration IDLE_IN_TRANSACTION_TIMEOUT = Duration.ofSeconds(30);

  /** A take-over that waits for a frozen worker fails with this, and is tried again. */
  private static final Duration LOCK_TIMEOUT = Duration.ofSeconds(10);

  // Text of values means one thing in any session: the settings their text was printed under.
  // Operators of extensions' types, such as the equality of ltree, are found by the search path;
  // tables and types are always named with their schema.
  private static final String SESSION =
      """
      SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'UTC';
      SET lc_monetary = 'C'; SET xmloption = 'content'; SET array_nulls = on;
      SET standard_conforming_strings = on; SET client_min_messages = warning;
      SET temp_buffers = '32MB';
      SET statement_timeout = %d; SET lock_timeout = %d;
      SET idle_in_transaction_session_timeout = %d;
      SELECT pg_catalog.set_config('search_path', coalesce(
        (SELECT string_agg(DISTINCT quote_ident(n.nspname), ', ')
           FROM pg_catalog.pg_extension e
           JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          WHERE n.nspname <> 'pg_catalog'), ''), false)
      """;

  private PostgresPool() {}

  /** A pool that connects when it is first asked, and keeps at most {@code size} connections. */
  static HikariDataSource open(SinkConfig.Postgres config, int size) {
    return open(config, size, SOCKET_TIMEOUT);
  }

  /**
   * The same for steps that may take long, such as making an index: the server's own limits bound
   * them, and keep-alive notices a server that is gone.
   */
  static HikariDataSource openPatient(SinkConfig.Postgres config, int size) {
    return open(config, size, Duration.ZERO);
  }

  private static HikariDataSource open(
      SinkConfig.Postgres config, int size, Duration socketTimeout) {
    HikariConfig pool = new HikariConfig();
    pool.setPoolName("headwater/" + config.name());
    pool.setJdbcUrl(jdbcUrl(config.url()));
    pool.setMaximumPoolSize(size);
    pool.setMinimumIdle(0);
    pool.setAutoCommit(false);
    pool.setConnectionTimeout(POOL_TIMEOUT.toMillis());
    pool.setIdleTimeout(Duration.ofMinutes(1).toMillis());
    pool.setInitializationFailTimeout(-1);
    pool.setConnectionInitSql(
        SESSION.formatted(
            STATEMENT_TIMEOUT.toMillis(),
            LOCK_TIMEOUT.toMillis(),
            IDLE_IN_TRANSACTION_TIMEOUT.toMillis()));
    Properties driver = new Properties();
    config.user().ifPresent(user -> driver.setProperty("user", user));
    config.password().map(Secret::reveal).ifPresent(word -> driver.setProperty("password", word));
    driver.setProperty("ApplicationName", "headwater/" + config.name());
    driver.setProperty("connectTimeout", Long.toString(CONNECT_TIMEOUT.toSeconds()));
    driver.setProperty("socketTimeout", Long.toString(socketTimeout.toSeconds()));
    driver.setProperty("tcpKeepAlive", "true");
    driver.setProperty("logServerErrorDetail", "false");
    pool.setDataSourceProperties(driver);
    return new HikariDataSource(pool);
  }

  /** What the JDBC driver takes, from what the configuration may hold. */
  static String jdbcUrl(String url) {
    for (String prefix : new String[] {"postgresql://", "postgres://"}) {
      if (url.startsWith(prefix)) {
        return "jdbc:postgresql://" + url.substring(prefix.length());
      }
    }
    return url;
  }
}
