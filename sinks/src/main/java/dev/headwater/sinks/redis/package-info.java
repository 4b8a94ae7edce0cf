/** A cache in Redis. */
@NullMarked
package dev.headwater.sinks.redis;

import org.jspecify.annotations.NullMarked;
