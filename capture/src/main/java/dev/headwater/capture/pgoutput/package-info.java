/**
 * PostgreSQL's logical replication messages, read from their bytes.
 *
 * <p>The format is PostgreSQL's own: documentation, "Logical Replication Message Formats", protocol
 * version 1.
 */
@NullMarked
package dev.headwater.capture.pgoutput;

import org.jspecify.annotations.NullMarked;
