/** PostgreSQL's text to the log's canonical JSON bytes. */
@NullMarked
package dev.headwater.log.codec;

import org.jspecify.annotations.NullMarked;
