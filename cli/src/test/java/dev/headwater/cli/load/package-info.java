/** Loads of tables, with capture, snapshot, a real PostgreSQL and a real Kafka together. */
@NullMarked
package dev.headwater.cli.load;

import org.jspecify.annotations.NullMarked;
