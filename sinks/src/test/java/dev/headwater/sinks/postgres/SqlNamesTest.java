package dev.headwater.sinks.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.PgType;
import dev.headwater.sinks.SinkConfig;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SqlNamesTest {
  @Test
  void namesAreQuotedAndLiteralsEscaped() {
    assertThat(SqlNames.qualified("a.b", "c\"d")).isEqualTo("\"a.b\".\"c\"\"d\"");
    assertThat(SqlNames.literal("it's")).isEqualTo("'it''s'");
    assertThat(SqlNames.literal("a\\'b")).isEqualTo(" E'a\\\\''b'");
  }

  @Test
  void overLongNamesAreCutBetweenLettersAndStayApart() {
    String one = SqlNames.fitted("é".repeat(31) + "x1");
    String two = SqlNames.fitted("é".repeat(31) + "x2");

    assertThat(SqlNames.fitted("é".repeat(31))).isEqualTo("é".repeat(31));
    assertThat(SqlNames.bytes(one)).isLessThanOrEqualTo(63);
    assertThat(one).isNotEqualTo(two).startsWith("é".repeat(27)).doesNotContain("\uFFFD");
  }

  @Test
  void generationsAndTypesHaveNamesOfTheirOwn() {
    ReplicaNames names = ReplicaNames.of(config("shop"));

    assertThat(names.generation(2)).isEqualTo("shop_g2");
    assertThat(names.types()).isEqualTo("shop_types");
    assertThat(ReplicaNames.type(PgType.base("public.mood"))).isEqualTo("mood");
    assertThat(ReplicaNames.type(PgType.base("sales.mood"))).isEqualTo("sales.mood");
  }

  @Test
  void aSchemaThatCannotHoldAReplicaIsRefused() {
    for (String schema : List.of("", "headwater", "pg_catalog", "é".repeat(32))) {
      assertThatThrownBy(() -> ReplicaNames.of(config(schema)))
          .isInstanceOf(HeadwaterException.class)
          .hasMessageContaining("cannot hold a replica");
    }
  }

  @Test
  void theConfigurationsUrlBecomesTheDrivers() {
    assertThat(PostgresPool.jdbcUrl("postgresql://a:1,b:2/db?sslmode=require"))
        .isEqualTo("jdbc:postgresql://a:1,b:2/db?sslmode=require");
    assertThat(PostgresPool.jdbcUrl("postgres://a/db")).isEqualTo("jdbc:postgresql://a/db");
    assertThat(PostgresPool.jdbcUrl("jdbc:postgresql://a/db")).isEqualTo("jdbc:postgresql://a/db");
  }

  private static SinkConfig.Postgres config(String schema) {
    return new SinkConfig.Postgres(
        "reporting", "postgresql://a/b", Optional.empty(), Optional.empty(), List.of(), schema);
  }
}
