package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Names rows in a target: {@code customer:{id}} and the like.
 *
 * <p>Each {@code {column}} stands for the text of a key column; {@code {table}} for the table's
 * {@code schema.table}. Distinct rows always get distinct names: a template names all key columns
 * and only these, two placeholders never touch, and inside a value these are written as {@code
 * %XX}: the percent sign, the colon, and the first character of each separator. So a value ends
 * where the separator's first character stands, and the name can be read back.
 *
 * <p>Immutable; used by any thread.
 */
public final class KeyTemplate {
  private static final String TABLE = "table";
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(UTF_8);

  private final String text;
  private final List<byte[]> literals = new ArrayList<>();
  private final List<String> placeholders = new ArrayList<>();
  private final byte[][] columns;
  private final boolean[] escaped = new boolean[128];
  private final int literalBytes;
  private final Map<TableId, byte[]> tableNames = new ConcurrentHashMap<>();

  /**
   * @throws IllegalArgumentException if the template has no placeholder, one twice, two that touch,
   *     or a brace without its other half
   */
  public KeyTemplate(String text) {
    this.text = text;
    parse();
    this.columns = placeholders.stream().map(name -> name.getBytes(UTF_8)).toArray(byte[][]::new);
    this.literalBytes = literals.stream().mapToInt(literal -> literal.length).sum();
    escaped['%'] = true;
    escaped[':'] = true;
    for (byte[] separator : literals.subList(1, literals.size() - 1)) {
      escapeStart(separator);
    }
  }

  private void parse() {
    int from = 0;
    for (int open = text.indexOf('{'); open >= 0; open = text.indexOf('{', from)) {
      int close = text.indexOf('}', open);
      if (close < 0) {
        throw new IllegalArgumentException("the brace at character " + (open + 1) + " is open");
      }
      String name = text.substring(open + 1, close);
      if (name.isEmpty() || placeholders.contains(name)) {
        throw new IllegalArgumentException(
            name.isEmpty() ? "a placeholder is empty" : "{" + name + "} is there twice");
      }
      if (open == from && !placeholders.isEmpty()) {
        throw new IllegalArgumentException("placeholders need a separator between them, e.g. ':'");
      }
      addLiteral(text.substring(from, open));
      placeholders.add(name);
      from = close + 1;
    }
    if (placeholders.isEmpty()) {
      throw new IllegalArgumentException("it has no placeholder, such as {id}");
    }
    addLiteral(text.substring(from));
  }

  private void addLiteral(String literal) {
    if (literal.indexOf('}') >= 0) {
      throw new IllegalArgumentException("a closing brace has no opening one");
    }
    literals.add(literal.getBytes(UTF_8));
  }

  private void escapeStart(byte[] separator) {
    if (separator[0] < 0 || separator[0] == '%') {
      throw new IllegalArgumentException(
          "a separator between placeholders starts with an ASCII character other than '%'");
    }
    escaped[separator[0]] = true;
  }

  /** Whether names tell tables apart. */
  public boolean namesTable() {
    return placeholders.contains(TABLE);
  }

  /** Refuses a table whose key columns are not just the template's placeholders. */
  public void requireFits(String sink, TableSchema schema) {
    TreeSet<String> named = new TreeSet<>(placeholders);
    if (!schema.key().contains(TABLE)) {
      named.remove(TABLE);
    }
    if (!named.equals(new TreeSet<>(schema.key()))) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "sink '%s' – key template '%s' names the columns %s, but the key of %s is %s"
              .formatted(sink, text, named, schema.table(), schema.key()),
          "Use all key columns and only these, for instance key: \"%s:%s\"."
              .formatted(
                  schema.table().name(),
                  String.join(":", schema.key().stream().map(c -> "{" + c + "}").toList())));
    }
  }

  /**
   * The name of a row, as UTF-8.
   *
   * @param key its canonical key bytes; they have every column the template names
   */
  public byte[] name(TableId table, byte[] key) {
    byte[][] values = new byte[columns.length][];
    JsonFields fields = new JsonFields(key);
    while (fields.next()) {
      for (int i = 0; i < columns.length; i++) {
        if (fields.isNamed(columns[i])) {
          values[i] = fields.text();
        }
      }
    }
    byte[] name = new byte[capacity(table, values)];
    int size = append(literals.get(0), name, 0);
    for (int i = 0; i < columns.length; i++) {
      byte[] value = values[i];
      size =
          value == null
              ? append(tableName(table), name, size)
              : appendEscaped(value, escaped, name, size);
      size = append(literals.get(i + 1), name, size);
    }
    return size == name.length ? name : Arrays.copyOf(name, size);
  }

  /**
   * The key a name stands for: the way back from {@link #name}.
   *
   * @return empty if the name is not exactly one that a row of this table can have
   */
  public Optional<byte[]> key(TableKeys table, byte[] name) {
    // Only what the very same name is made of is a row's.
    return read(name)
        .flatMap(table::key)
        .filter(
            key ->
                placeholders.stream().allMatch(p -> p.equals(TABLE) || table.columns().contains(p)))
        .filter(key -> Arrays.equals(name(table.table(), key), name));
  }

  private int capacity(TableId table, byte[][] values) {
    int capacity = literalBytes;
    for (int i = 0; i < values.length; i++) {
      if (values[i] != null) {
        capacity += 3 * values[i].length;
      } else if (placeholders.get(i).equals(TABLE)) {
        capacity += tableName(table).length;
      } else {
        throw new IllegalArgumentException(
            "a key of " + table + " has no column '" + placeholders.get(i) + "'");
      }
    }
    return capacity;
  }

  private byte[] tableName(TableId table) {
    return tableNames.computeIfAbsent(table, this::makeTableName);
  }

  /** Dots inside a part are escaped too: {@code a.b} + {@code c} is not {@code a} + {@code b.c}. */
  private byte[] makeTableName(TableId table) {
    boolean[] partly = new boolean[128];
    partly['%'] = true;
    partly['.'] = true;
    byte[] schema = escape(table.schema().getBytes(UTF_8), partly);
    byte[] name = escape(table.name().getBytes(UTF_8), partly);
    byte[] both = Arrays.copyOf(schema, schema.length + 1 + name.length);
    both[schema.length] = '.';
    System.arraycopy(name, 0, both, schema.length + 1, name.length);
    // A value like any other from here on: the template may itself separate by dots.
    return escape(both, escaped);
  }

  /**
   * Reads a name back: the text that stands for each placeholder, which may still be none that the
   * column's type has.
   *
   * @return empty where the template never makes that name
   */
  public Optional<Map<String, byte[]>> read(byte[] name) {
    Map<String, byte[]> values = new HashMap<>();
    int at = literals.get(0).length;
    if (!hasAt(name, 0, literals.get(0))) {
      return Optional.empty();
    }
    for (int i = 0; i < placeholders.size(); i++) {
      byte[] after = literals.get(i + 1);
      int end = i == placeholders.size() - 1 ? name.length - after.length : ending(name, at, after);
      byte[] value = end < at || !hasAt(name, end, after) ? null : unescaped(name, at, end);
      if (value == null) {
        return Optional.empty();
      }
      values.put(placeholders.get(i), value);
      at = end + after.length;
    }
    return Optional.of(values);
  }

  private static int ending(byte[] name, int from, byte[] separator) {
    int at = from;
    while (at < name.length && name[at] != separator[0]) {
      at++;
    }
    return at;
  }

  private static boolean hasAt(byte[] name, int at, byte[] part) {
    return at + part.length <= name.length
        && Arrays.equals(name, at, at + part.length, part, 0, part.length);
  }

  /** Null where a character stands there that is always escaped, or an escape of none. */
  private byte @Nullable [] unescaped(byte[] name, int from, int to) {
    byte[] out = new byte[to - from];
    int size = 0;
    for (int at = from; at < to; at++) {
      byte b = name[at];
      if (b == '%') {
        int high = at + 2 < to ? Character.digit(name[at + 1], 16) : -1;
        int low = at + 2 < to ? Character.digit(name[at + 2], 16) : -1;
        if (high < 0 || high > 7 || low < 0 || !escaped[high << 4 | low]) {
          return null;
        }
        b = (byte) (high << 4 | low);
        at += 2;
      } else if (b >= 0 && escaped[b]) {
        return null;
      }
      out[size++] = b;
    }
    return Arrays.copyOf(out, size);
  }

  /** What every name begins with. */
  public byte[] prefix() {
    return literals.get(0).clone();
  }

  private static byte[] escape(byte[] value, boolean[] escaped) {
    byte[] out = new byte[3 * value.length];
    return Arrays.copyOf(out, appendEscaped(value, escaped, out, 0));
  }

  private static int append(byte[] bytes, byte[] name, int size) {
    System.arraycopy(bytes, 0, name, size, bytes.length);
    return size + bytes.length;
  }

  private static int appendEscaped(byte[] value, boolean[] escaped, byte[] name, int size) {
    int at = size;
    for (byte b : value) {
      if (b >= 0 && escaped[b]) {
        name[at++] = '%';
        name[at++] = HEX[b >> 4];
        name[at++] = HEX[b & 15];
      } else {
        name[at++] = b;
      }
    }
    return at;
  }

  @Override
  public String toString() {
    return text;
  }
}
