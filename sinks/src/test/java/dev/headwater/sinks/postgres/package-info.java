/** The replica against real servers. */
@NullMarked
package dev.headwater.sinks.postgres;

import org.jspecify.annotations.NullMarked;
