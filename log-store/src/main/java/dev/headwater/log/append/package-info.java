/** Writing to the log: rows and position in one Kafka transaction, one writer per connector. */
@NullMarked
package dev.headwater.log.append;

import org.jspecify.annotations.NullMarked;
