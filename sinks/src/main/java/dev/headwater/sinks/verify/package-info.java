/** Compares what a place holds with the log, key by key, while both go on; and puts it right. */
@NullMarked
package dev.headwater.sinks.verify;

import org.jspecify.annotations.NullMarked;
