package dev.headwater.cli.config;

import dev.headwater.cli.config.HeadwaterConfig.Console;
import dev.headwater.log.config.Secret;
import java.util.Optional;

/** The {@code console:} block. */
final class ConsoleBinder {
  private static final String ADDRESS = "(\\[[0-9a-fA-F:.]+]|[^\\s:/@\\[\\]]+):[0-9]{1,5}";
  private static final String LOOPBACK = "localhost|127(\\.[0-9]{1,3}){3}|\\[::1]";

  private ConsoleBinder() {}

  static Console bind(YamlNode node) {
    YamlNode.Block block = node.block(ConfigSchema.CONSOLE);
    Optional<Secret> token = block.get("token").flatMap(YamlNode::secret);
    String address =
        block
            .get("address")
            .flatMap(n -> n.parsed("host:port such as 127.0.0.1:8080", ConsoleBinder::address))
            .orElse(Console.DEFAULT_ADDRESS);
    String host = address.substring(0, address.lastIndexOf(':'));
    if (!host.matches(LOOPBACK) && token.isEmpty()) {
      block
          .get("address")
          .ifPresent(n -> n.problem("an address off the loopback needs console.token: ${…}"));
    }
    return new Console(address, token);
  }

  private static Optional<String> address(String text) {
    return Optional.of(text)
        .filter(t -> t.matches(ADDRESS))
        .filter(t -> Integer.parseInt(t.substring(t.lastIndexOf(':') + 1)) <= 65_535);
  }
}
