/** The log's topics: their names, how they are made, and that they stay as they were made. */
@NullMarked
package dev.headwater.log.topic;

import org.jspecify.annotations.NullMarked;
