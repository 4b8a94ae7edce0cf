/**
 * Debezium's embedded engine behind the {@link dev.headwater.capture.ChangeSource} port.
 *
 * <p>Debezium drives everything it is good at: the engine, the connector's life, the streaming
 * loop, its queue, and the acknowledgement to the server. Only the decoder is ours: pgoutput's
 * bytes travel through Debezium whole, as the content of logical decoding messages, so that no
 * value is parsed, replaced or dropped on the way. Nothing outside this package knows Debezium.
 */
@NullMarked
package dev.headwater.capture.debezium;

import org.jspecify.annotations.NullMarked;
