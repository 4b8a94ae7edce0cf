package dev.headwater.devservices;

import java.util.List;

/**
 * One more way into a {@link KafkaCluster}: a listener on every node whose clients are told a port
 * other than the one it listens on, as behind a proxy. What a client of this door is told by a
 * broker leads it through the door again.
 *
 * @param listener the listener's name, in capital letters
 * @param advertisedPorts what clients are told, one port of 127.0.0.1 for each node in order
 */
public record KafkaDoor(String listener, List<Integer> advertisedPorts) {
  /** Copies the ports. */
  public KafkaDoor {
    advertisedPorts = List.copyOf(advertisedPorts);
    if (!listener.matches("[A-Z]+")) {
      throw new IllegalArgumentException("A listener's name is of capital letters: " + listener);
    }
  }
}
