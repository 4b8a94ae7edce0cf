@NullMarked
package dev.headwater.log.group;

import org.jspecify.annotations.NullMarked;
