/** From the write-ahead log to the log. */
@NullMarked
package dev.headwater.capture;

import org.jspecify.annotations.NullMarked;
