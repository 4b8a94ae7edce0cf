/** Who does what, by Kafka's group protocol: members, and the election of a connector's owner. */
@NullMarked
package dev.headwater.log.group;

import org.jspecify.annotations.NullMarked;
