package dev.headwater.log.schema;

import java.util.Comparator;

/**
 * Names one captured table: the connector that captures it, its schema and its name in the source.
 *
 * <p>All three are compared exactly, case and all; nothing is ever quoted or folded here.
 */
public record TableId(String connector, String schema, String name) implements Comparable<TableId> {
  private static final Comparator<TableId> ORDER =
      Comparator.comparing(TableId::connector)
          .thenComparing(TableId::schema)
          .thenComparing(TableId::name);

  @Override
  public int compareTo(TableId other) {
    return ORDER.compare(this, other);
  }

  /** The name inside the source, {@code schema.table}, for messages. */
  public String inSource() {
    return schema + "." + name;
  }

  /** The name as {@code connectors.yaml} writes it: {@code connector.schema.table}. */
  @Override
  public String toString() {
    return connector + "." + schema + "." + name;
  }
}
