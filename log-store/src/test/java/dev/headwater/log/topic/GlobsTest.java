package dev.headwater.log.topic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GlobsTest {
  @Test
  void aStarStandsForAnyRunOfCharacters() {
    assertThat(Globs.matches("shop.public.*", "shop.public.orders")).isTrue();
    assertThat(Globs.matches("shop.public.*", "shop.public.")).isTrue();
    assertThat(Globs.matches("*", "")).isTrue();
    assertThat(Globs.matches("*", "two\nlines")).isTrue();
    assertThat(Globs.matches("*.orders", "shop.public.orders")).isTrue();
    assertThat(Globs.matches("shop.*.orders", "shop.public.order")).isFalse();
  }

  @Test
  void aQuestionMarkStandsForOneCharacter() {
    assertThat(Globs.matches("t?", "t1")).isTrue();
    assertThat(Globs.matches("t?", "t")).isFalse();
    assertThat(Globs.matches("t?", "t12")).isFalse();
    assertThat(Globs.matches("t?", "t😀")).isTrue();
  }

  @Test
  void theWholeNameMustMatch() {
    assertThat(Globs.matches("orders", "orders")).isTrue();
    assertThat(Globs.matches("orders", "orders2")).isFalse();
    assertThat(Globs.matches("orders", "Orders")).isFalse();
  }

  @Test
  void charactersOfRegularExpressionsStandForThemselves() {
    assertThat(Globs.matches("a.b", "axb")).isFalse();
    assertThat(Globs.matches("a+(b)[c]{1}|^$\\", "a+(b)[c]{1}|^$\\")).isTrue();
    assertThat(Globs.matches("\\Ea\\Q*", "\\Ea\\Qb")).isTrue();
  }

  @Test
  void charactersOutsideTheBasicPlaneStandForThemselves() {
    assertThat(Globs.matches("😀", "😀")).isTrue();
    assertThat(Globs.matches("shop.😀.*", "shop.😀.orders")).isTrue();
    assertThat(Globs.matches("😀*", "😁x")).isFalse();
  }

  @Test
  void aGlobWithoutWildcardsIsExact() {
    assertThat(Globs.isExact("shop.public.orders")).isTrue();
    assertThat(Globs.isExact("shop.public.*")).isFalse();
    assertThat(Globs.isExact("shop.public.t?")).isFalse();
  }
}
