package dev.headwater.sinks.postgres;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.PgType;
import dev.headwater.sinks.SinkConfig;

/**
 * Which names a replica has in its target.
 *
 * <ul>
 *   <li>{@code <schema>}: what readers use; the serving generation's schema bears this name
 *   <li>{@code <schema>_g2} …: a generation that is being built, or the previous one
 *   <li>{@code <schema>_types}: enums and composites, shared by all generations, so that prepared
 *       statements outlive a switch. A type of the source's schema {@code public} goes by its own
 *       name, any other by {@code schema.name}
 *   <li>tables: the source's own table name. Two source tables of one name do not fit into one
 *       sink: the second is refused, and wants a sink with a schema of its own
 * </ul>
 *
 * Names that would pass 63 bytes are cut and end in a checksum.
 *
 * @param sink the sink's name
 * @param schema the name readers use
 */
record ReplicaNames(String sink, String schema) {
  /** Where this product keeps its own state in every target. */
  static final String STATE = "headwater";

  static ReplicaNames of(SinkConfig.Postgres config) {
    String schema = config.schema();
    if (schema.isEmpty()
        || SqlNames.bytes(schema) > SqlNames.MAX_BYTES
        || schema.startsWith("pg_")
        || schema.equals(STATE)
        || schema.equals("information_schema")) {
      throw new HeadwaterException(
          FailureCode.CONFIGURATION_INVALID,
          "Sink '%s' – schema '%s' cannot hold a replica".formatted(config.name(), schema),
          "Choose a schema of 1 to 63 bytes that is neither '" + STATE + "' nor PostgreSQL's own.");
    }
    return new ReplicaNames(config.name(), schema);
  }

  /** The schema of a generation that does not serve. */
  String generation(int number) {
    return SqlNames.fitted(schema + "_g" + number);
  }

  /** The schema of the types. */
  String types() {
    return SqlNames.fitted(schema + "_types");
  }

  /** What an enum or composite of the source is called in {@link #types()}. */
  static String type(PgType type) {
    String name = type.name();
    return SqlNames.fitted(name.startsWith("public.") ? name.substring("public.".length()) : name);
  }

  /**
   * The key of the advisory lock: shared by each batch, exclusive for whatever renames or makes.
   */
  String lock() {
    return "headwater/" + sink;
  }
}
