package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ServerOptionsTest {
  @Test
  void laterSettingsWinAndTheOriginalStaysAsItWas() {
    ServerOptions first = ServerOptions.defaults().withSetting("a", "1").withSetting("b", "2");

    ServerOptions second = first.withSetting("a", "3");

    assertThat(second.settings()).containsEntry("a", "3").containsEntry("b", "2");
    assertThat(first.settings()).containsEntry("a", "1");
  }

  @Test
  void refusesAPortThatIsNone() {
    assertThatThrownBy(() -> ServerOptions.defaults().withPort(70_000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Port 70000 is not between 1 and 65535");
  }
}
