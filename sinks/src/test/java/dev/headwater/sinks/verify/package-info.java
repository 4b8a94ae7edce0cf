@NullMarked
package dev.headwater.sinks.verify;

import org.jspecify.annotations.NullMarked;
