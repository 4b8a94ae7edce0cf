@NullMarked
package dev.headwater.log.codec;

import org.jspecify.annotations.NullMarked;
