/** From the log to caches, search indexes and replicas. */
@NullMarked
package dev.headwater.sinks;

import org.jspecify.annotations.NullMarked;
