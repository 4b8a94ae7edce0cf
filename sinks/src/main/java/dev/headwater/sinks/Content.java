package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a target holds of one row, or should hold, in a form in which two are the same just when
 * their bytes are. Immutable.
 */
public final class Content {
  private static final String WHOLE = "(not a row)";

  /** How the bytes are read when columns are asked for. */
  private enum Form {
    DOCUMENT,
    COLUMNS,
    ALIEN
  }

  private final Form form;
  private final byte[] bytes;

  private Content(Form form, byte[] bytes) {
    this.form = form;
    this.bytes = bytes;
  }

  /**
   * A row kept as one JSON object, byte for byte.
   *
   * @param json as it stands in the target; need not be valid
   */
  public static Content document(byte[] json) {
    return new Content(Form.DOCUMENT, json);
  }

  /** Something that is no row, such as a Redis list under a row's name. */
  public static Content alien(String what) {
    return new Content(Form.ALIEN, ("\0" + what).getBytes(UTF_8));
  }

  /** A row kept column by column: gathers names and values in an order that is always the same. */
  public static final class Columns {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(256);

    /**
     * Adds a column.
     *
     * @param value null for NULL
     */
    public Columns add(byte[] name, byte @Nullable [] value) {
      return value == null ? addNull(name) : add(name, value, 0, value.length);
    }

    /** Adds a column whose value is a slice. */
    public Columns add(byte[] name, byte[] value, int from, int to) {
      write(name, 0, name.length);
      write(value, from, to);
      return this;
    }

    private Columns addNull(byte[] name) {
      write(name, 0, name.length);
      writeLength(-1);
      return this;
    }

    private void write(byte[] part, int from, int to) {
      writeLength(to - from);
      out.write(part, from, to - from);
    }

    private void writeLength(int length) {
      out.write(length >>> 24);
      out.write(length >>> 16);
      out.write(length >>> 8);
      out.write(length);
    }

    /** The row of what was added. */
    public Content build() {
      return new Content(Form.COLUMNS, out.toByteArray());
    }
  }

  /** The bytes that decide whether two are the same; never to be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /**
   * The columns in which two rows differ, by name; {@code (not a row)} where one of them is none,
   * {@code (form)} where the same columns are only written differently.
   */
  public static TreeSet<String> difference(Content one, Content other) {
    TreeSet<String> names = new TreeSet<>();
    if (one.isSame(other)) {
      return names;
    }
    Map<String, String> a = one.columns();
    Map<String, String> b = other.columns();
    names.addAll(a.keySet());
    names.addAll(b.keySet());
    names.removeIf(name -> a.containsKey(name) && b.containsKey(name) && same(a, b, name));
    if (names.isEmpty()) {
      names.add("(form)");
    }
    return names;
  }

  private static boolean same(Map<String, String> a, Map<String, String> b, String name) {
    return Objects.equals(a.get(name), b.get(name));
  }

  /** Whether both are the same. */
  public boolean isSame(Content other) {
    return form == other.form && Arrays.equals(bytes, other.bytes);
  }

  /** The columns' values by name, for people; NULL as null. */
  public Map<String, @Nullable String> columns() {
    Map<String, @Nullable String> columns = new LinkedHashMap<>();
    if (form == Form.COLUMNS) {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      while (in.hasRemaining()) {
        String name = text(in, in.getInt());
        int length = in.getInt();
        columns.put(name, length < 0 ? null : text(in, length));
      }
      return columns;
    }
    try {
      JsonFields fields = new JsonFields(form == Form.DOCUMENT ? bytes : new byte[0]);
      while (fields.next()) {
        columns.put(new String(fields.name(), UTF_8), new String(fields.raw(), UTF_8));
      }
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // What others have put there may be anything.
      columns.clear();
      columns.put(WHOLE, new String(bytes, UTF_8).strip());
    }
    return columns;
  }

  private static String text(ByteBuffer in, int length) {
    byte[] text = new byte[length];
    in.get(text);
    return new String(text, UTF_8);
  }

  /** Never the values. */
  @Override
  public String toString() {
    return "a row of " + bytes.length + " bytes";
  }
}
