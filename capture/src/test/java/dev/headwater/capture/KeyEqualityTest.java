package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.schema.PgType;
import org.junit.jupiter.api.Test;

class KeyEqualityTest {
  private static boolean isRefused(PgType type, String declared) {
    return KeyEquality.objection(type, declared, false).isPresent();
  }

  @Test
  void typesWithManyFormsOfOneValueAreRefused() {
    assertThat(isRefused(PgType.base("interval"), "interval")).isTrue();
    assertThat(isRefused(PgType.base("jsonb"), "jsonb")).isTrue();
    assertThat(isRefused(PgType.base("public.citext"), "public.citext")).isTrue();
    assertThat(isRefused(PgType.base("bpchar"), "bpchar")).isTrue();
    assertThat(isRefused(PgType.arrayOf("_numeric", PgType.base("numeric")), "numeric[]")).isTrue();
    assertThat(KeyEquality.objection(PgType.base("text"), "text", true)).isPresent();
  }

  @Test
  void allOthersAreFine() {
    for (String name : new String[] {"int8", "text", "uuid", "numeric", "float8", "timestamptz"}) {
      assertThat(isRefused(PgType.base(name), name)).as(name).isFalse();
    }
    assertThat(isRefused(PgType.base("bpchar"), "character(5)")).isFalse();
    assertThat(isRefused(PgType.arrayOf("_int4", PgType.base("int4")), "integer[]")).isFalse();
  }
}
