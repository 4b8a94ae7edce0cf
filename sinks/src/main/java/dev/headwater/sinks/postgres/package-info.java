/** A replica in PostgreSQL: tables made from the log's schemas, rows equal to the source's. */
@NullMarked
package dev.headwater.sinks.postgres;

import org.jspecify.annotations.NullMarked;
