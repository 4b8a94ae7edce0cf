/** The Redis sink against a real Redis. */
@NullMarked
package dev.headwater.sinks.redis;

import org.jspecify.annotations.NullMarked;
