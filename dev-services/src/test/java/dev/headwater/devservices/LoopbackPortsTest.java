package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class LoopbackPortsTest {
  @Test
  void givesPortsBelowThoseOfOutgoingConnections() {
    assertThat(LoopbackPorts.free()).isBetween(15_000, 31_999);
  }

  @Test
  void seesThatAPortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(LoopbackPorts.isFree(taken.getLocalPort())).isFalse();
    }
  }
}
