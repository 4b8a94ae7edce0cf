package dev.headwater.sinks.postgres;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/** Names and literals as SQL text. Every name is quoted, whatever it looks like. */
final class SqlNames {
  /** PostgreSQL's NAMEDATALEN, less its closing zero: longer names would be cut without a word. */
  static final int MAX_BYTES = 63;

  private SqlNames() {}

  static String quote(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  static String qualified(String schema, String name) {
    return quote(schema) + '.' + quote(name);
  }

  static String list(List<String> names) {
    return names.stream().map(SqlNames::quote).collect(Collectors.joining(", "));
  }

  static String literal(String text) {
    String doubled = text.replace("'", "''");
    return text.indexOf('\\') < 0
        ? '\'' + doubled + '\''
        : " E'" + doubled.replace("\\", "\\\\") + '\'';
  }

  static int bytes(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }

  /** A name of at most 63 bytes: the name itself, or its beginning and a checksum of the whole. */
  static String fitted(String name) {
    if (bytes(name) <= MAX_BYTES) {
      return name;
    }
    CRC32 checksum = new CRC32();
    checksum.update(name.getBytes(StandardCharsets.UTF_8));
    String end = "_" + HexFormat.of().toHexDigits((int) checksum.getValue());
    StringBuilder kept = new StringBuilder();
    int size = end.length();
    for (int at = 0; at < name.length(); ) {
      int c = name.codePointAt(at);
      String letter = Character.toString(c);
      size += bytes(letter);
      if (size > MAX_BYTES) {
        break;
      }
      kept.append(letter);
      at += letter.length();
    }
    return kept.append(end).toString();
  }
}
