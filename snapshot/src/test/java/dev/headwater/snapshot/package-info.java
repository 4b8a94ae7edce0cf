@NullMarked
package dev.headwater.snapshot;

import org.jspecify.annotations.NullMarked;
