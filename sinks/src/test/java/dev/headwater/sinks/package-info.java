/** The contract of sinks, run against every target. */
@NullMarked
package dev.headwater.sinks;

import org.jspecify.annotations.NullMarked;
