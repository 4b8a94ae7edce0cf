package dev.headwater.cli.config;

import dev.headwater.capture.CaptureConfig;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** URLs of databases and targets. No message shows any part of one: it might hold a secret. */
final class Urls {
  private static final Pattern SECRET_NAME =
      Pattern.compile("user|.*(password|passwd|pwd|secret|token|api_?key).*");

  private Urls() {}

  /**
   * A PostgreSQL URL in its parts.
   *
   * @param host IPv6 addresses keep their brackets
   */
  record Postgres(String host, int port, String database, Map<String, String> parameters) {}

  /** {@code postgresql://host[:port]/database[?k=v]}, with or without {@code jdbc:} before it. */
  static Optional<Postgres> postgres(YamlNode node) {
    String expected = "postgresql://host[:port]/database, or the same after 'jdbc:'";
    return parse(node, Set.of("postgresql", "postgres"), expected)
        .flatMap(
            uri -> {
              String path = uri.getPath() == null ? "" : uri.getPath();
              if (path.length() < 2 || path.indexOf('/', 1) > 0) {
                node.problem("the URL names no database; expected " + expected);
                return Optional.empty();
              }
              int port = uri.getPort() < 0 ? CaptureConfig.DEFAULT_PORT : uri.getPort();
              return Optional.of(
                  new Postgres(uri.getHost(), port, path.substring(1), parameters(uri)));
            });
  }

  /** A PostgreSQL URL as the JDBC driver takes it, whichever way it is written. */
  static Optional<String> jdbc(YamlNode node) {
    return postgres(node)
        .map(
            url -> {
              String server = "jdbc:postgresql://" + url.host() + ":" + url.port() + "/";
              String parameters =
                  url.parameters().entrySet().stream()
                      .map(p -> encode(p.getKey()) + "=" + encode(p.getValue()))
                      .collect(Collectors.joining("&"));
              return server
                  + encode(url.database())
                  + (parameters.isEmpty() ? "" : "?" + parameters);
            });
  }

  /** A URL with one of the schemes and nothing secret in it, as it is written. */
  static Optional<String> plain(YamlNode node, Set<String> schemes, String expected) {
    return parse(node, schemes, expected).map(URI::toString);
  }

  private static Optional<URI> parse(YamlNode node, Set<String> schemes, String expected) {
    Optional<String> text = node.text().map(String::strip);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String url = text.get();
    if (url.replaceFirst("\\?.*", "").indexOf('@') >= 0) {
      node.problem("a URL must not hold a user or password; use the fields 'user' and 'password'");
      return Optional.empty();
    }
    try {
      boolean isPostgres = schemes.contains("postgresql");
      URI uri = new URI(isPostgres ? url.replaceFirst("^jdbc:", "") : url);
      boolean isKnown = uri.getScheme() != null && schemes.contains(uri.getScheme());
      if (!isKnown || uri.getHost() == null || uri.getPort() > 65_535 || uri.getPort() == 0) {
        node.problem("not a URL of this type; expected " + expected + ", with one host");
        return Optional.empty();
      }
      for (String name : parameters(uri).keySet()) {
        if (SECRET_NAME.matcher(name.toLowerCase(Locale.ROOT)).matches()) {
          node.problem("a URL must not hold '" + name + "'; use the fields 'user' and 'password'");
          return Optional.empty();
        }
      }
      return Optional.of(uri);
    } catch (URISyntaxException | IllegalArgumentException e) {
      node.problem("not a URL; expected " + expected);
      return Optional.empty();
    }
  }

  private static Map<String, String> parameters(URI uri) {
    Map<String, String> parameters = new LinkedHashMap<>();
    String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
    for (String pair : query.split("&", -1)) {
      if (!pair.isEmpty()) {
        int equals = pair.indexOf('=');
        parameters.put(
            decode(equals < 0 ? pair : pair.substring(0, equals)),
            equals < 0 ? "" : decode(pair.substring(equals + 1)));
      }
    }
    return Collections.unmodifiableMap(parameters);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
