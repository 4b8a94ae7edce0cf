package dev.headwater.log.snapshot;

import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.schema.TableSchema;
import java.util.Map;

/**
 * How a table's rows are written to the log now.
 *
 * @param schema columns and key, with the version that rows carry
 * @param masks by column name
 */
public record LoadTarget(TableSchema schema, Map<String, ColumnMask> masks) {}
