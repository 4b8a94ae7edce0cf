package dev.headwater.cli.config;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.config.Secret;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.snapshot.SnapshotConfig;
import java.util.List;
import java.util.Optional;

/**
 * A whole {@code connectors.yaml}, checked and with its references resolved.
 *
 * @param log where the log is
 * @param connectors what is captured, at least one, in the file's order
 * @param sinks what is fed from the log, in the file's order; may be empty
 * @param console where the console listens
 */
public record HeadwaterConfig(
    LogConfig log, List<Connector> connectors, List<SinkConfig> sinks, Console console) {
  public HeadwaterConfig {
    connectors = List.copyOf(connectors);
    sinks = List.copyOf(sinks);
  }

  /**
   * One entry of {@code connectors:}.
   *
   * @param capture all of it but the {@code snapshot:} block
   * @param snapshot the {@code snapshot:} block
   */
  public record Connector(CaptureConfig capture, SnapshotConfig snapshot) {}

  /**
   * The {@code console:} block.
   *
   * @param address {@code host:port}
   * @param token what a caller has to show; always there when the address is not the loopback
   */
  public record Console(String address, Optional<Secret> token) {
    public static final String DEFAULT_ADDRESS = "127.0.0.1:8080";

    /** The loopback address, no token. */
    public static final Console DEFAULT = new Console(DEFAULT_ADDRESS, Optional.empty());
  }
}
