/** A real Kafka broker inside the process, for when no brokers are named. */
@NullMarked
package dev.headwater.log.embedded;

import org.jspecify.annotations.NullMarked;
