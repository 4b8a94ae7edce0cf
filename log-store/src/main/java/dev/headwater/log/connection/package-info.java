/** How the log's brokers are reached. */
@NullMarked
package dev.headwater.log.connection;

import org.jspecify.annotations.NullMarked;
